"""Who serves what: one TOML file a provider, and the loader that checks them."""

from core.catalog.load import Catalog, CatalogError, UnknownProvider
from core.wire import Auth, Endpoint, Host, Limit, Provider, WireRequest

__all__ = [
    "Auth",
    "Catalog",
    "CatalogError",
    "Endpoint",
    "Host",
    "Limit",
    "Provider",
    "UnknownProvider",
    "WireRequest",
]
