"""What a person points at: everything, a provider, a model, a capability, or one endpoint."""

from core.answer import KintsugiError
from core.catalog import Catalog, Endpoint

MODEL = "model:"
"""How a model is named as a target: ``model:vader``."""


class UnknownTarget(KintsugiError, ValueError):
    """A target that names nothing in the catalogue."""


def endpoints_of(catalog: Catalog, target: str | None) -> list[Endpoint]:
    """Endpoints of a target: None is all; ``kraken``, ``kraken/ohlcv``, ``kraken/ohlcv@api.kraken.com``,
    ``model:vader``.
    """
    if target is None:
        return list(catalog.endpoints)
    found = _within(catalog, scope_of(target))
    if str(target).startswith(MODEL):
        found = [endpoint for endpoint in found if target == MODEL + endpoint.provider]
        found = [endpoint for endpoint in found if catalog[endpoint.provider].kind == "model"]
    if not found:
        raise UnknownTarget(
            f"target={str(target)[:80]!r}: expected a provider ({' '.join(catalog)}), PROVIDER/CAPABILITY, "
            "PROVIDER/CAPABILITY@HOST, or model:NAME"
        )
    return found


def scope_of(target: str) -> str:
    """The target as circuits, pauses and isolations name it."""
    return str(target).removeprefix(MODEL)


def isolate(catalog: Catalog, isolated: dict[str, str], target: str | None, reason: str) -> None:
    """Mark a target. UnknownTarget for one of nothing."""
    endpoints_of(catalog, target)
    marks = list(catalog) if target is None else [scope_of(target)]
    isolated.update(dict.fromkeys(marks, reason))


def restore(catalog: Catalog, isolated: dict[str, str], target: str | None) -> None:
    """End whatever isolates a target; what else a wider mark holds stays isolated. UnknownTarget as above."""
    freed = set(endpoints_of(catalog, target))
    for mark, reason in list(isolated.items()):
        held = _within(catalog, mark)
        if freed.isdisjoint(held):
            continue
        del isolated[mark]
        isolated.update({str(one): reason for one in held if one not in freed})


def _within(catalog: Catalog, scope: str) -> list[Endpoint]:
    return [
        endpoint
        for endpoint in catalog.endpoints
        if scope in (endpoint.provider, f"{endpoint.provider}/{endpoint.capability}", str(endpoint))
    ]
