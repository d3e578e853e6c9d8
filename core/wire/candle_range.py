"""Which candles a request asks for: pages, bounds, and what the templates' names are for them. Pure."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from core.market import NEWEST, CandleQuery, floor_time
from core.wire.candle_call import CandleCall
from core.wire.values import LATEST, PER_SECOND

DAY = 86400


@dataclass(frozen=True, slots=True)
class Range:
    """What one request asks for: open times ``[first, stop)`` in seconds, None for a bound not sent."""

    rows: int
    first: int | None = None
    stop: int | None = None


def pages(call: CandleCall, query: CandleQuery, now: float) -> list[CandleQuery]:
    """Queries that each fit one request, oldest first. Their spans are together the query's."""
    first, stop = query.span(now)
    if stop - first <= _most_rows(call, query, first, now) * query.seconds:
        return [query]
    found = []
    while first < stop:
        right = min(first + _most_rows(call, query, first, now) * query.seconds, stop)
        found.append(replace(query, start=_utc(first), end=_utc(right), limit=None))
        first = right
    return found


def path(call: CandleCall, query: CandleQuery, now: float | None) -> str:
    """The path that holds the query's candles."""
    bounds = _span(query, now)
    if call.archive is None or bounds is None or not _archived(call, query, bounds[0], now):
        return call.path
    return call.archive.path


def covers(call: CandleCall, query: CandleQuery, now: float) -> bool:
    """False when the declared history does not reach back to the start of the span."""
    return call.kept(query.interval) is None or query.span(now)[0] >= reach(call, query, now)


def reach(call: CandleCall, query: CandleQuery, now: float) -> int:
    """Open time of the oldest candle that the declared history still holds."""
    return floor_time(now, query.interval) - (call.kept(query.interval) or 0) * query.seconds


def names(call: CandleCall, query: CandleQuery, now: float | None) -> dict[str, Any]:
    """What the templates' own names are for this query; None for what is not sent."""
    asked = _plan(call, query, now)
    count = _back(call, query, asked, now)
    return {
        "interval": call.intervals[query.interval],
        "seconds": query.seconds,
        "rows": asked.rows,
        "back": count,
        "days": _days(call, query, count),
        "newest": asked.rows if asked.first is None and asked.stop is None else None,
        **_bounds(call, query, asked),
    }


def _plan(call: CandleCall, query: CandleQuery, now: float | None) -> Range:
    """What to ask for in one request. ValueError when the query needs more than one.

    The newest candles are asked for without bounds where they fit beside the open one. Without ``now``, a
    start with neither end nor limit asks for the first ``max_rows`` from there.
    """
    newest = query.start is None and query.end is None
    bounds = _span(query, now)
    if bounds is None and query.start is not None:
        bounds = replace(query, limit=call.max_rows).span(LATEST)
    rows = (query.limit or NEWEST) if bounds is None else (bounds[1] - bounds[0]) // query.seconds
    most = call.max_rows if bounds is None else _most_rows(call, query, bounds[0], now)
    if rows > most:
        raise ValueError(f"{rows} candles: expected at most {most} in one request; see pages()")
    with_open = rows + (call.newest_open and not query.include_open)
    if bounds is None or (newest and not call.window.always and with_open <= call.max_rows):
        return Range(min(with_open, call.max_rows))
    first, stop = bounds
    send_first = query.start is not None or call.window.both
    return Range(max(rows, 1), first if send_first else None, max(stop, first + query.seconds))


def _span(query: CandleQuery, now: float | None) -> tuple[int, int] | None:
    """The query's span; without ``now``, that of its own bounds, or None when they leave it open."""
    if now is not None:
        return query.span(now)
    if query.end is not None or (query.start is not None and query.limit is not None):
        return query.span(LATEST)
    return None


def _archived(call: CandleCall, query: CandleQuery, first: int, now: float | None) -> bool:
    """True when a request from this open time on goes to the archive. Without ``now`` nothing does."""
    if call.archive is None or now is None:
        return False
    return first < floor_time(now, query.interval) - call.archive.beyond * query.seconds


def _most_rows(call: CandleCall, query: CandleQuery, first: int, now: float | None) -> int:
    """Most rows that a request from this open time on may ask for."""
    archive = call.archive if _archived(call, query, first, now) else None
    return call.max_rows if archive is None else archive.max_rows


def _back(call: CandleCall, query: CandleQuery, asked: Range, now: float | None) -> int:
    """How many candles there are from the first wanted to the open one; without ``now`` as many as can be."""
    bounds = _span(query, now)
    if bounds is None:
        return asked.rows
    if now is None:
        return call.max_rows
    return max(1, min(call.max_rows, 1 + (floor_time(now, query.interval) - bounds[0]) // query.seconds))


def _days(call: CandleCall, query: CandleQuery, candles: int) -> int:
    """The fewest days that may be asked for and hold this many candles, or the most there are."""
    offered = sorted(call.days.get(query.interval, ()))
    needed = -(-candles * query.seconds // DAY)
    return next((count for count in offered if count >= needed), offered[-1] if offered else needed)


def _bounds(call: CandleCall, query: CandleQuery, asked: Range) -> dict[str, str | int | None]:
    """``start`` and ``end`` in the provider's unit and sense, None for what is not sent."""
    window, step = call.window, query.seconds
    one = PER_SECOND.get(window.unit, 1)
    start = end = None
    if asked.first is not None:
        start = asked.first * one - (window.start == "exclusive")
    if asked.stop is not None:
        end = (asked.stop - (step if window.end == "inclusive" else 0)) * one - (window.end == "within")
    if window.unit == "iso":
        return {"start": _iso(start), "end": _iso(end)}
    return {"start": start, "end": end}


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _iso(seconds: int | None) -> str | None:
    return None if seconds is None else _utc(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")
