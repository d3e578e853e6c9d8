"""Who serves what: one TOML file a provider, and the loader that checks them."""

from core.catalog.load import Catalog, CatalogError, PrivateHost, UnknownProvider
from core.wire import Auth, Endpoint, Host, Limit, Provider, WireRequest

__all__ = [
    "Auth",
    "Catalog",
    "CatalogError",
    "Endpoint",
    "Host",
    "Limit",
    "PrivateHost",
    "Provider",
    "UnknownProvider",
    "WireRequest",
]
