"""What a person points at: everything, a provider, a capability of it, or one endpoint."""

from core.answer import KintsugiError
from core.catalog import Catalog, Endpoint


class UnknownTarget(KintsugiError, ValueError):
    """A target that names nothing in the catalogue."""


def endpoints_of(catalog: Catalog, target: str | None) -> list[Endpoint]:
    """Endpoints of a target: None is all; ``kraken``, ``kraken/ohlcv``, ``kraken/ohlcv@api.kraken.com``."""
    if target is None:
        return list(catalog.endpoints)
    found = [
        endpoint
        for endpoint in catalog.endpoints
        if target in (endpoint.provider, f"{endpoint.provider}/{endpoint.capability}", str(endpoint))
    ]
    if not found:
        raise UnknownTarget(
            f"target={str(target)[:80]!r}: expected a provider ({' '.join(catalog)}), PROVIDER/CAPABILITY, "
            "or PROVIDER/CAPABILITY@HOST"
        )
    return found
