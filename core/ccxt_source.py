"""Any exchange that ccxt knows, as a provider of candles, prices and order books. Needs the extra ``ccxt``.

ccxt asks in its own way, with its own connections: what comes back is looked at like any host's word, behind the same
guard. It is imported at the first question, in a thread, since that takes a second or two.
"""

import asyncio
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import httpx

from core.answer import BadPayload, CallerError, Forbidden, ProviderDown, Throttled, UnknownSymbol
from core.engine.local import Ask, LocalProvider
from core.market import (
    INTERVALS,
    CandleQuery,
    OrderBook,
    OrderBookQuery,
    PriceQuery,
    Query,
    Quote,
    SymbolQuery,
)
from core.settings import Settings, SettingsError
from core.wire.books import BookCall, read_book
from core.wire.candle_call import CandleCall
from core.wire.candles import read_candles
from core.wire.tickers import TickerCall, read_price
from core.wire.values import clip

PRIORITY = 300
"""After everybody whose answers are read here."""
PAGE = 500
"""Candles asked for at once; exchanges give what they give."""

_COLUMNS = ("time", "open", "high", "low", "close", "volume")
_CANDLES = CandleCall.model_validate(
    {
        "path": "/",
        "intervals": {name: name for name in INTERVALS},
        "max_rows": PAGE,
        "columns": _COLUMNS,
        "time_unit": "ms",
    }
)
_BARE = _CANDLES.model_copy(update={"columns": _COLUMNS[:5]})
_TICKER = TickerCall.model_validate(
    {
        "path": "/",
        "last": "last",
        "bid": "bid",
        "ask": "ask",
        "change": "percentage",
        "volume_base": "baseVolume",
        "volume_quote": "quoteVolume",
        "time": "timestamp",
        "time_unit": "ms",
    }
)
_BOOK = BookCall.model_validate(
    {"path": "/", "bids": "bids", "asks": "asks", "time": "timestamp", "time_unit": "ms", "max_depth": 5000}
)

_OURS = {
    "binanceus": "binance_us",
    "coinbaseadvanced": "coinbase",
    "coinbaseexchange": "coinbase",
    "cryptocom": "crypto_com",
    "gate": "gateio",
    "huobi": "htx",
    "independentreserve": "independent_reserve",
}
"""ccxt's name → our id, where they differ: one exchange asked in two ways is one voice."""

_MEANS: tuple[tuple[str, Callable[[str], Exception]], ...] = (
    ("BadSymbol", UnknownSymbol),
    ("RateLimitExceeded", Throttled),
    ("DDoSProtection", Throttled),
    ("AuthenticationError", lambda text: Forbidden(text, cause="key")),
    ("BadRequest", CallerError),
    ("ArgumentsRequired", CallerError),
    ("NotSupported", CallerError),
    ("BadResponse", BadPayload),
    ("RequestTimeout", httpx.ReadTimeout),
    ("ExchangeNotAvailable", ProviderDown),
    ("NetworkError", httpx.ConnectError),
    ("BaseError", ProviderDown),
)
"""Name of a class of ccxt's errors, the narrower before the wider → what it is here."""


def ccxt_providers(settings: Settings, now: Callable[[], float]) -> list[LocalProvider]:
    """A provider for each exchange that the settings name. SettingsError when ccxt is not there."""
    if settings.ccxt_exchanges and find_spec("ccxt") is None:
        raise SettingsError(
            f"ccxt_exchanges={','.join(settings.ccxt_exchanges)!r}: needs the extra ccxt: pip install 'kintsugi[ccxt]'"
        )
    return [CcxtProvider(name, settings.request_timeout, now) for name in settings.ccxt_exchanges]


class CcxtProvider(LocalProvider):
    """One exchange by ccxt, ``ccxt_NAME``."""

    def __init__(self, exchange: str, seconds: float, now: Callable[[], float]) -> None:
        work = {"ohlcv": self._candles, "price": self._price, "orderbook": self._book}
        super().__init__(
            f"ccxt_{exchange}",
            f"{exchange} by ccxt",
            work,  # type: ignore[arg-type]  # each is asked for its own kind of query alone
            PRIORITY,
            host=f"{exchange}.ccxt",
            kind="exchange",
            outside=True,
            upstream=_OURS.get(exchange, exchange),
        )
        self.docs = self.home = "https://docs.ccxt.com"
        self._exchange = exchange
        self._seconds = seconds
        self._now = now
        self._made: Any = None
        self._making = asyncio.Lock()

    def serves(self, query: Query, now: float | None = None) -> str | None:  # type: ignore[override]
        """None for what it may have; what its list of markets lacks is known once that has been read."""
        if reason := super().serves(query, now):
            return reason
        markets = getattr(self._made, "markets", None)
        if markets and isinstance(query, SymbolQuery) and query.symbol not in markets:
            return f"{self.name} does not list {query.symbol}"
        if (
            self._made is not None
            and isinstance(query, CandleQuery)
            and query.interval not in self._intervals
        ):
            return f"no {query.interval} candles"
        return None

    async def close(self) -> None:
        """Close its connections."""
        if self._made is not None:
            await self._made.close()
            self._made = None

    async def _candles(self, query: CandleQuery, _ask: Ask, _seconds: float) -> tuple[Any, tuple[str, ...]]:
        exchange = await self._ready()
        if query.interval not in self._intervals:
            raise CallerError(f"no {query.interval} candles")
        first, stop = query.span(self._now())
        rows: list[list[Any]] = []
        since = first * 1000
        while since < stop * 1000:
            most = min(PAGE, (stop * 1000 - since) // (query.seconds * 1000) + 1)
            page = await self._asked(exchange.fetch_ohlcv(query.symbol, query.interval, since, most))
            newer = [row for row in page if row[0] >= since]
            if not newer:
                break
            rows += newer
            since = max(row[0] for row in newer) + query.seconds * 1000
        whole = all(len(row) > 5 and row[5] is not None for row in rows)
        call, width = (_CANDLES, 6) if whole else (_BARE, 5)
        return read_candles(call, query, [list(row[:width]) for row in rows], self._now()), ()

    async def _price(self, query: PriceQuery, _ask: Ask, _seconds: float) -> tuple[Quote, tuple[str, ...]]:
        exchange = await self._ready()
        return read_price(_TICKER, query, await self._asked(exchange.fetch_ticker(query.symbol))), ()

    async def _book(
        self, query: OrderBookQuery, _ask: Ask, _seconds: float
    ) -> tuple[OrderBook, tuple[str, ...]]:
        exchange = await self._ready()
        book = await self._asked(exchange.fetch_order_book(query.symbol))
        sides = {side: [list(level[:2]) for level in book.get(side) or []] for side in ("bids", "asks")}
        return read_book(_BOOK, query, {**sides, "timestamp": book.get("timestamp")}), ()

    @property
    def _intervals(self) -> dict[str, Any]:
        found: dict[str, Any] = getattr(self._made, "timeframes", None) or {}
        return found

    async def _ready(self) -> Any:
        """The exchange, made at the first question. CallerError when ccxt has none of this name."""
        async with self._making:
            if self._made is None:
                module = await asyncio.to_thread(import_module, "ccxt.async_support")
                if self._exchange not in module.exchanges:
                    raise CallerError(f"ccxt knows no exchange {self._exchange!r}")
                knobs = {"enableRateLimit": True, "timeout": int(self._seconds * 1000)}
                self._made = getattr(module, self._exchange)({**knobs, "aiohttp_trust_env": False})
        return self._made

    async def _asked(self, question: Any) -> Any:
        """What ccxt answers, its errors as ours. Anything that is none of its errors is a fault of ours."""
        try:
            return await question
        except Exception as error:
            names = {kind.__name__ for kind in type(error).__mro__}
            for name, ours in _MEANS:
                if name in names:
                    raise ours(f"{type(error).__name__}: {clip(str(error), 200)}") from None
            raise
