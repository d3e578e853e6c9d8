"""Facts about the market or an asset: how they are asked for, where in the answer they stand, and how they are read."""

from typing import Any, Literal

from pydantic import model_validator

from core.answer import BadPayload
from core.market import AssetFacts, MarketOverview, MetadataQuery, Query
from core.wire.calls import Timed
from core.wire.fields import Dotted
from core.wire.figures import At, check_known, read_figures, read_time
from core.wire.paths import show_path
from core.wire.words import address, plain_text

_NUMBERS: dict[str, tuple[str, ...]] = {
    "market": (
        "market_cap_usd",
        "volume_24h_usd",
        "change_24h_pct",
        "btc_dominance_pct",
        "eth_dominance_pct",
        "assets",
        "markets",
    ),
    "asset": ("rank", "market_cap_usd", "circulating", "total_supply", "max_supply", "all_time_high_usd"),
}
_WHOLE = frozenset({"rank", "assets", "markets"})
MOST_DESCRIPTION = 1000


class MetadataCall(Timed):
    """The market as a whole, or one asset."""

    about: Literal["market", "asset"]
    rows: Dotted = ()
    """Where the list is that ``pick`` picks from."""
    figures: dict[str, At]
    name: Dotted | None = None
    home: Dotted | None = None
    description: Dotted | None = None
    started: Dotted | None = None
    """ISO 8601."""

    @model_validator(mode="after")
    def _figures_are_ours(self) -> "MetadataCall":
        check_known(self.figures, _NUMBERS[self.about])
        if self.about == "market" and "market_cap_usd" not in self.figures:
            raise ValueError("figures: expected market_cap_usd")
        if (self.about == "asset") != (self.name is not None):
            raise ValueError("name: expected a path for an asset, and none for the market")
        return self

    def fits(self, query: Query) -> bool:
        return isinstance(query, MetadataQuery) and (self.about == "asset") == (query.asset is not None)

    def lacks(self, query: Query) -> str:
        of_asset = isinstance(query, MetadataQuery) and query.asset is not None
        return "nothing on single assets" if of_asset else "nothing on the market as a whole"


def read_metadata(
    call: MetadataCall, query: MetadataQuery, body: Any, _now: float | None = None
) -> MarketOverview | AssetFacts:
    """Facts. Of the market its capitalisation must be there, of an asset its name."""
    found = read_figures(call.figures, body, call.root, signed={"change_24h_pct"})
    figures: dict[str, Any] = {
        name: int(value) if value is not None and name in _WHOLE else value for name, value in found.items()
    }
    if query.asset is None:
        call.required("market_cap_usd", figures["market_cap_usd"])
        return MarketOverview(**figures, time=call.moment(body))
    # An unknown limit is told as zero by some.
    figures = {name: value or None for name, value in figures.items()}
    name = plain_text(call.said(body, call.name), 80)
    if not name:
        raise BadPayload(f"{show_path(call.root + (call.name or ()))} is missing: no name of {query.asset}")
    return AssetFacts(
        query.asset,
        name,
        **figures,
        started=read_time(body, call.root, call.started, "iso"),
        home=address(call.said(body, call.home)),
        description=plain_text(call.said(body, call.description), MOST_DESCRIPTION) or None,
        time=call.moment(body),
    )
