"""The HTTP API: what REST shows of the hub."""

from core.rest.api import routes

__all__ = ["routes"]
