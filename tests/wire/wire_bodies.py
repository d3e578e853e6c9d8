"""Bodies for readers: genuine ones, recorded beside the repository, and own ones in their shape."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.answer import WireError
from core.catalog import Catalog
from core.market import CandleQuery, OrderBookQuery, PriceQuery, Query, VolumeQuery

RECORDED = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "responses"
CATALOG = Catalog.load()
NOW = 1_790_000_100.0
T0 = 1_789_992_000
"""An hour, two and a quarter hours before NOW."""
TYPES = {".json": "application/json", ".html": "text/html", ".xml": "application/xml"}

recorded = pytest.mark.skipif(not RECORDED.is_dir(), reason="no recorded bodies beside the repository")


def golden(venue: str, file: str, query: Query, now: float | None = None) -> Any:
    """What a provider's reader makes of a recorded body. Its status, if another than 200, is in its name."""
    status = int(file.partition("error-")[2][:3] or 200)
    headers = {"content-type": TYPES.get(Path(file).suffix, TYPES[".json"])}
    response = httpx.Response(status, content=(RECORDED / file).read_bytes(), headers=headers)
    return CATALOG[venue].read(query, response, now=now)


def read(venue: str, query: Query, body: Any, status: int = 200, now: float | None = NOW) -> Any:
    """What it makes of this."""
    return CATALOG[venue].read(query, httpx.Response(status, json=body), now=now)


def breaks_on_no_body(venue: str, *queries: Query, now: float | None = None) -> None:
    """Whatever was recorded of anybody is a value or is refused by name, and never a fault of the reader's.

    Of these questions it is asked those that the provider has an answer for.
    """
    files = [file for file in sorted(RECORDED.rglob("*.*")) if file.suffix in TYPES]
    assert files
    for file in files:
        for query in (one for one in queries if one.capability in CATALOG[venue].capabilities):
            said = ""
            try:
                golden(venue, str(file.relative_to(RECORDED)), query, now)
            except WireError as error:
                said = str(error)
            assert "in the reader" not in said, (venue, file.name)


def of_a_market(symbol: str) -> tuple[Query, ...]:
    """A question of each kind."""
    return PriceQuery(symbol), VolumeQuery(symbol), CandleQuery(symbol, "1h"), OrderBookQuery(symbol)


def at(*moment: int) -> float:
    """A moment of UTC in seconds."""
    return datetime(*moment, tzinfo=UTC).timestamp()  # type: ignore[misc]
