"""The simulated market: candles, tickers and books that are a pure function of seed, symbol and time.

Minutes are the grain. Every coarser candle is the aggregation of its minutes, the open candle that of the
minutes so far and of the path within the present one. Nothing is remembered but what was asked for last: a few
blocks of closed days, and minutes.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.lab.assets import BASES, CROSS, MARKET_SIGMA, QUOTES, SHARE, Asset
from core.lab.noise import Floats, Ints, Words, field, key, walk, words

MINUTE = 60
DAY = 86400
DAY_MINUTES = 1440

GENESIS = 1_483_315_200
"""The market opens on Monday, 2017-01-02 00:00 UTC. There is nothing before."""

BASIS_SIGMA = 5e-6
"""A venue stands up to 2.8 basis points beside the others: lattices 3 to 5 of this spread."""

WICK = 6e-4
"""The furthest a minute reaches beyond its open and close, as a fraction."""

_LONGEST_QUIET = 32
_MOST_QUIET = 0.6
_THIN = 1_500.0  # dollars a minute, below which many minutes see no trade
_TRADE = 900.0  # dollars of a typical trade
_CHUNK = 1 << 16  # minutes worked on at once; they stay in the processor's cache
_BLOCK = 64  # days kept together
_KEPT = 256  # stretches of minutes, none of them longer than a day


@dataclass(frozen=True, slots=True)
class Listing:
    """One symbol at one venue. Prices have ``digits`` decimals, sizes ``lot`` decimals."""

    venue: str
    base: str
    quote: str
    digits: int
    lot: int
    turnover: float
    """Dollars a day here."""

    @property
    def symbol(self) -> str:
        """``BTC/USDT``."""
        return f"{self.base}/{self.quote}"


def listings(
    venue: str,
    share: float,
    quotes: tuple[str, ...],
    *,
    without: frozenset[str] = frozenset(),
    digits: dict[str, int] | None = None,
) -> tuple[Listing, ...]:
    """What a venue lists that has this share of the world's turnover."""
    found = []
    for base, asset in BASES.items():
        for quote in quotes:
            usual = CROSS[quote].get(base) if quote in CROSS else asset.decimals
            if base in without or usual is None:
                continue
            decimals = (digits or {}).get(f"{base}/{quote}", usual)
            lot = max(0, math.ceil(math.log10(asset.level)) + 2)
            turnover = asset.turnover * share * SHARE[quote]
            found.append(Listing(venue, base, quote, decimals, lot, turnover))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Bars:
    """Candles, oldest first. Times in seconds; a ``volume`` of 0 is a quiet time: flat at the last price."""

    time: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    turnover: Floats
    """In units of the quote currency."""
    trades: Ints

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, slots=True)
class Book:
    """Levels as (price, size), best first."""

    bids: tuple[tuple[float, float], ...]
    asks: tuple[tuple[float, float], ...]


_Columns = tuple[Ints, Ints, Ints, Ints, Ints, Floats, Ints]
"""Open, high, low, close in ticks; volume in lots; turnover in units of the quote currency; trades."""


class Market:
    """The market of one seed. Every method is a pure function of its arguments."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._closed_block = lru_cache(maxsize=256)(self._block)
        self._lately = lru_cache(maxsize=_KEPT)(self._whole)

    def bars(self, listing: Listing, step: int, first: float, stop: float, now: float) -> Bars:
        """Candles of ``step`` seconds with open times ``first ≤ t < stop`` that have begun at ``now``.

        ``first`` stands on the venue's grid. The newest candle may still be open.
        """
        low = max(int(first), GENESIS + (int(first) - GENESIS) % step)
        stop = min(stop, now + 1e-3)  # a candle that opens at this very moment has begun
        times = np.arange(low, max(low, math.ceil(stop)), step, dtype=np.int64)
        if not len(times):
            return _bars(listing, times, _join([]))
        until = min((int(times[-1]) + step) // MINUTE, int(now // MINUTE) + 1)
        if step % DAY == 0 and low % DAY == 0:
            days = self._days(listing, low // MINUTE, until, now)
            return _bars(listing, times, _fold(days, step // DAY))
        return _bars(listing, times, self._folded(listing, low // MINUTE, until, step // MINUTE, now))

    def rolling(self, listing: Listing, minutes: int, now: float) -> Bars:
        """One candle over the newest ``minutes`` minutes, the present one included."""
        until = int(now // MINUTE) + 1
        times = np.array([(until - minutes) * MINUTE], dtype=np.int64)
        return _bars(listing, times, self._folded(listing, until - minutes, until, minutes, now))

    def last(self, listing: Listing, now: float) -> float:
        """The price of the last trade."""
        minute = int(now // MINUTE)
        close = self._minutes(listing, minute, minute + 1, now)[3]
        return int(close[0]) / 10.0**listing.digits

    def book(self, listing: Listing, now: float, depth: int) -> Book:
        """The best levels of each side; it moves every second. Sides never cross, levels never repeat."""
        last = round(self.last(listing, now) * 10**listing.digits)
        # One word for the price, then a bid and an ask in turn: a deeper book begins as a shallower one.
        bits = words(self._key(listing, "book"), np.arange(2 * depth + 1, dtype=np.int64) + int(now) * 16384)
        bid = max(1, last - int(bits[0] & np.uint64(1)))
        reach = max(1.0, last * 2e-5)  # ticks between two levels, on average
        steps = 1 + np.floor(-np.log(field(bits, 0)) * (reach - 1)).astype(np.int64)
        size = 10.0**listing.lot * listing.turnover / BASES[listing.base].level / DAY_MINUTES / 20
        sizes = 1 + np.floor(-np.log(field(bits, 1)) * size).astype(np.int64)
        below = bid - np.concatenate(([0], np.cumsum(steps[1:-2:2])))
        above = bid + 1 + np.concatenate(([0], np.cumsum(steps[2:-2:2])))
        below = below[below > 0]
        return Book(_levels(listing, below, sizes[1::2]), _levels(listing, above, sizes[2::2]))

    def _key(self, listing: Listing, use: str) -> np.uint64:
        return key(self.seed, use, listing.venue, listing.symbol)

    def _days(self, listing: Listing, low: int, until: int, now: float) -> _Columns:
        """Days from minute ``low`` on (00:00 UTC) until minute ``until``; the last may be unfinished."""
        origin = GENESIS // MINUTE
        span = _BLOCK * DAY_MINUTES
        parts = []
        for block in range((low - origin) // span, -(-(until - origin) // span)):
            start = origin + block * span
            closed = start + span <= int(now // MINUTE)
            days = self._closed_block(listing, block) if closed else None
            if days is None:
                days = self._folded(listing, start, min(until, start + span), DAY_MINUTES, now)
            skip = max(0, (low - start) // DAY_MINUTES)
            keep = -(-(min(until, start + span) - start) // DAY_MINUTES)
            parts.append(_cut(days, skip, keep))
        return _join(parts)

    def _block(self, listing: Listing, block: int) -> _Columns:
        start = GENESIS // MINUTE + block * _BLOCK * DAY_MINUTES
        stop = start + _BLOCK * DAY_MINUTES
        return self._folded(listing, start, stop, DAY_MINUTES, stop * MINUTE)

    def _folded(self, listing: Listing, first: int, stop: int, width: int, now: float) -> _Columns:
        """Minutes ``first ≤ m < stop``, ``width`` of them to a candle; the last may be unfinished."""
        chunk = max(1, _CHUNK // width) * width
        return _join(
            [
                _fold(self._minutes(listing, start, min(start + chunk, stop), now), width)
                for start in range(first, stop, chunk)
            ]
        )

    def _minutes(self, listing: Listing, first: int, stop: int, now: float) -> _Columns:
        """One row a minute; the present minute as far as it has come."""
        whole = self._lately if stop - first <= DAY_MINUTES else self._whole
        open_, high, low, close, lots, turnover, trades = whole(listing, first, stop)
        if stop * MINUTE <= now:
            return open_, high, low, close, lots, turnover, trades
        high, low, close, lots = high.copy(), low.copy(), close.copy(), lots.copy()
        turnover, trades = turnover.copy(), trades.copy()
        done = min(1.0, max(0.0, now / MINUTE - (stop - 1)))
        _unfinish(done, self._wicks(listing, stop - 1, stop), open_, high, low, close, lots)
        present = open_[-1:], high[-1:], low[-1:], close[-1:], lots[-1:]
        turnover[-1:], trades[-1:] = _traded(listing, *present)
        return open_, high, low, close, lots, turnover, trades

    def _whole(self, listing: Listing, first: int, stop: int) -> _Columns:
        """The same, every minute to its end."""
        # A minute opens where the last trade was. No quiet time goes past a multiple of _LONGEST_QUIET.
        start = (first - 1) // _LONGEST_QUIET * _LONGEST_QUIET
        price = np.exp(self._log_price(listing, start, stop + 1))
        edge = np.rint(price * 10.0**listing.digits).astype(np.int64)
        edge = np.maximum(edge, 1)
        lots = self._lots(listing, start, stop, price)
        active = lots > 0
        place = np.arange(len(lots), dtype=np.int64)
        latest = np.maximum.accumulate(np.where(active, place, 0))
        skip = first - start
        lots, active = lots[skip:], active[skip:]
        open_ = edge[latest[skip - 1 : -1] + 1]
        close = np.where(active, edge[skip + 1 :], open_)
        bits = self._wicks(listing, first, stop)
        reach = WICK * np.where(active, edge[skip:-1], 0)
        high = np.maximum(open_, close) + np.rint(reach * field(bits, 0) ** 3).astype(np.int64)
        low = np.minimum(open_, close) - np.rint(reach * field(bits, 1) ** 3).astype(np.int64)
        low = np.maximum(low, 1)
        columns = open_, high, low, close, lots, *_traded(listing, open_, high, low, close, lots)
        for column in columns:
            column.flags.writeable = False
        return columns

    def _wicks(self, listing: Listing, first: int, stop: int) -> Words:
        return words(key(self.seed, "wick", listing.symbol), np.arange(first, stop, dtype=np.int64))

    def _log_price(self, listing: Listing, first: int, stop: int) -> Floats:
        base, quote = BASES[listing.base], QUOTES[listing.quote]
        curve = walk(self._key(listing, "basis"), first, stop, BASIS_SIGMA, finest=3, coarsest=5)
        curve += math.log(base.level / quote.level)
        if base.market != quote.market:
            curve += walk(key(self.seed, "market"), first, stop, MARKET_SIGMA)
        curve += self._own(listing.base, base, first, stop)
        curve -= self._own(listing.quote, quote, first, stop)
        return curve

    def _own(self, name: str, asset: Asset, first: int, stop: int) -> Floats | float:
        if not asset.sigma:
            return 0.0
        lattices = {"finest": asset.finest, "coarsest": asset.coarsest}
        return walk(key(self.seed, "own", name), first, stop, asset.sigma, **lattices)

    def _lots(self, listing: Listing, first: int, stop: int, price: Floats) -> Ints:
        """Volume of the minutes in lots; 0 where nobody trades."""
        minutes = np.arange(first, stop, dtype=np.int64)
        bits = words(self._key(listing, "volume"), minutes)
        usual = listing.turnover / DAY_MINUTES
        rate = usual / QUOTES[listing.quote].level * 10.0**listing.lot
        mood = walk(key(self.seed, "mood", listing.base), first, stop, 0.012, finest=3, coarsest=5)
        volume = -np.log(field(bits, 0)) * np.exp(mood)
        volume *= _HOURS[minutes % DAY_MINUTES]
        volume *= rate / price[:-1]
        lots: Ints = np.ceil(volume).astype(np.int64)
        quiet = field(bits, 1) < min(_MOST_QUIET, math.exp(-usual / _THIN))
        quiet &= minutes % _LONGEST_QUIET != 0
        lots[quiet] = 0
        return lots


@lru_cache(maxsize=4)
def market_of(seed: int) -> Market:
    """The market of a seed, the same for every lab of it: what it remembers is true for all."""
    return Market(seed)


_HOURS = 1.0 - 0.45 * np.cos(2 * np.pi * (np.arange(DAY_MINUTES) / DAY_MINUTES - 0.15))
"""More is traded around 16:00 UTC than around 04:00."""


def _traded(
    listing: Listing, open_: Ints, high: Ints, low: Ints, close: Ints, lots: Ints
) -> tuple[Floats, Ints]:
    """Turnover and trades of each row."""
    scale = 0.25 / 10.0 ** (listing.digits + listing.lot)
    turnover = lots * ((open_ + close + high + low) * scale)
    dollars = lots * (BASES[listing.base].level / 10.0**listing.lot / _TRADE)
    return turnover, np.where(lots > 0, 1 + dollars.astype(np.int64), 0)


def _unfinish(done: float, bits: Words, open_: Ints, high: Ints, low: Ints, close: Ints, lots: Ints) -> None:
    """Cut the last minute off at the fraction ``done``, in place.

    Its path runs straight from the open to the one extreme, to the other, and to the close, so that the
    minute only ever widens and ends as the closed minute is.
    """
    lots[-1] = int(lots[-1] * done)
    if not lots[-1]:
        high[-1] = low[-1] = close[-1] = open_[-1]
        return
    turn, back = 0.1 + 0.35 * float(field(bits, 2)[0]), 0.55 + 0.35 * float(field(bits, 3)[0])
    upward = bool(bits[0] & np.uint64(1))
    extremes = (int(high[-1]), int(low[-1])) if upward else (int(low[-1]), int(high[-1]))
    knots = [int(open_[-1]), *extremes, int(close[-1])]
    moments = (0.0, turn, back, 1.0)
    here = round(float(np.interp(done, moments, knots)))
    seen = [knot for moment, knot in zip(moments, knots, strict=True) if moment <= done] + [here]
    high[-1], low[-1], close[-1] = max(seen), min(seen), here


def _fold(columns: _Columns, width: int) -> _Columns:
    """Every ``width`` rows as one; the last may be made of fewer."""
    if width == 1:
        return columns
    open_, high, low, close, lots, turnover, trades = columns
    starts = np.arange(0, len(open_), width)
    ends = np.minimum(starts + width, len(open_)) - 1
    return (
        open_[starts],
        np.maximum.reduceat(high, starts),
        np.minimum.reduceat(low, starts),
        close[ends],
        np.add.reduceat(lots, starts),
        np.add.reduceat(turnover, starts),
        np.add.reduceat(trades, starts),
    )


def _cut(columns: _Columns, first: int, stop: int) -> _Columns:
    open_, high, low, close, lots, turnover, trades = columns
    rows = slice(first, stop)
    return open_[rows], high[rows], low[rows], close[rows], lots[rows], turnover[rows], trades[rows]


def _join(parts: list[_Columns]) -> _Columns:
    if len(parts) == 1:
        return parts[0]
    if not parts:
        none = np.empty(0, dtype=np.int64)
        return none, none, none, none, none, np.empty(0), none
    open_, high, low, close, lots, turnover, trades = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    return open_, high, low, close, lots, turnover, trades


def _bars(listing: Listing, times: Ints, columns: _Columns) -> Bars:
    open_, high, low, close, lots, turnover, trades = columns
    tick, lot = 10.0**listing.digits, 10.0**listing.lot
    # Whole ticks over a power of ten: the nearest float, which prints as the decimal it is.
    return Bars(times, open_ / tick, high / tick, low / tick, close / tick, lots / lot, turnover, trades)


def _levels(listing: Listing, ticks: Ints, sizes: Ints) -> tuple[tuple[float, float], ...]:
    tick, lot = 10**listing.digits, 10**listing.lot
    return tuple(
        (price / tick, size / lot) for price, size in zip(ticks.tolist(), sizes.tolist(), strict=False)
    )
