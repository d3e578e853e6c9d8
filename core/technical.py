"""The indicator engine as a provider: trend, momentum, volatility and volume read, with their reasons."""

from core.answer import CallerError, NoAnswer
from core.engine.local import Ask, LocalProvider
from core.indicators import summary
from core.market import CandleQuery, Query, Summary, TechnicalQuery

CANDLES = 500
"""Enough for every indicator in the summary to converge but KAMA, which is not in it."""
SHARE = 0.75
"""Of the time there is, so much may go by waiting for candles: then others are asked what they say."""


def indicator_engine() -> LocalProvider:
    """The provider ``indicators`` of the capability ``technical``."""
    return LocalProvider("indicators", "Indicator engine", {"technical": _technical})


async def _technical(query: Query, ask: Ask, seconds: float) -> tuple[Summary, tuple[str, ...]]:
    """The summary at the newest closed candle, and a note on where the candles came from."""
    assert isinstance(query, TechnicalQuery)  # noqa: S101 - the router asks for nothing else
    wanted = CandleQuery(query.symbol, query.interval, limit=CANDLES, allow_quote=query.allow_quote)
    try:
        candles = await ask(wanted, deadline=SHARE * seconds)
    except NoAnswer as error:
        raise CallerError(f"there are no candles to work on: {error}") from error
    rest = f"from {len(candles.value)} {query.interval} candles of {candles.source} ({candles.tier})"
    return summary(candles.value, interval=query.interval), (rest, *candles.notes)
