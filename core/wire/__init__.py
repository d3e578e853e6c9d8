"""Sans-IO: a catalogue entry and a query give a request; a response gives a value or a named failure."""

from core.wire.alternatives import Alternative
from core.wire.declare import Auth, Declaration, Host, Limit, Source
from core.wire.provider import Endpoint, Provider
from core.wire.requests import WireRequest

__all__ = [
    "Alternative",
    "Auth",
    "Declaration",
    "Endpoint",
    "Host",
    "Limit",
    "Provider",
    "Source",
    "WireRequest",
]
