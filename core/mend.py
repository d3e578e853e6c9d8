"""Mend a venue's candles: audit, plan, fetch what may help, repair, keep.

The candles are one venue's, as the archive and a fetch just now have them. Where something is wrong with them the
same venue is asked again, then for finer candles, then other venues of the same quote currency, each through the
hub's own path with its quotas; other symbols of the venue bear witness to outages. Nothing is taken from anybody
without the ledger saying so.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from functools import partial

import numpy as np
import pandas as pd

from core.answer import Answer, NoAnswer
from core.candles import Audit, Repair, RepairPolicy, audit, normalise, plan, repair
from core.candles.archive import Series, evidence, standing
from core.candles.frame import Ints, venue_of
from core.market import CANDLE_FIELDS, CandleQuery
from core.paging import OnProgress, Progress
from core.sources import Asked, Sources, seconds
from core.world import World

Fetch = Callable[[CandleQuery], Awaitable[Answer[pd.DataFrame]]]

_GENUINE = ("refetch", "finer", "venue", "flat")


@dataclass(frozen=True)
class Mended(Repair):
    """A repair, and who was asked for it. ``print`` it for a summary."""

    provider: str = ""
    """Whose candles these are; empty when that is not known."""
    symbol: str = ""
    lab: bool = False
    asked: tuple[Asked, ...] = ()
    witnesses: tuple[str, ...] = ()
    """What the audit heard: other symbols of the venue, and the same one elsewhere."""
    kept: bool = False
    """Whether it stands in the archive now."""
    notes: tuple[str, ...] = ()

    @property
    def series(self) -> Series:
        """Where it belongs in the archive. ValueError for candles whose provider is not known."""
        return Series(self.provider, self.symbol, self.interval)

    def __str__(self) -> str:
        head = f"{self.symbol} of {self.provider or 'an unknown provider'}{' (LAB)' if self.lab else ''}"
        said = [*(f"  {one}" for one in self.asked), *(f"  note: {note}" for note in self.notes)]
        return "\n".join([head, super().__str__(), *said])


async def mend(
    world: World,
    query: CandleQuery,
    fetch: Fetch,
    *,
    given: pd.DataFrame | None,
    venue: str | None,
    others: Sequence[str] | None,
    policy: RepairPolicy,
    tell: OnProgress,
    deadline: float,
    apply: bool,
    automatic: bool,
) -> Mended:
    """See :meth:`core.async_hub.AsyncHub.mend`."""
    tell(Progress(0.0, f"fetching {query.symbol}"))
    if given is None:
        raw, venue = await _raw(world, query, fetch, venue)
        first, stop = query.span(world.now())
    else:
        raw, venue = _as_given(given, query, venue)
        first, stop = (
            (seconds(raw.index.min()), seconds(raw.index.max()) + query.seconds) if len(raw) else (0, 0)
        )
    if not len(raw):
        raise NoAnswer(
            f"{query.interval} candles of {query.symbol}", (), why="nobody has candles in this range"
        )
    spanned = _between(query, first, stop)
    sources = Sources(world, spanned, venue, others, policy, tell, deadline)
    if given is not None or world.feed is None:
        return await _mended(raw, sources, attempts={} if automatic else None, undone=())
    series = Series(venue, query.symbol, query.interval)
    attempts = world.archive.attempts(series) if automatic else None
    undone = world.archive.undone(series) if automatic else ()
    mended = await _mended(raw, sources, attempts=attempts, undone=undone)
    mended = await _kept(world, series, mended, apply=apply, automatic=automatic)
    tell(Progress(1.0, "done", venue, len(mended.frame)))
    return mended


async def _mended(
    raw: pd.DataFrame,
    sources: Sources,
    *,
    attempts: Mapping[pd.Timestamp, int] | None,
    undone: Sequence[tuple[int, int]],
) -> Mended:
    """From the audit to the repair. ``attempts`` None: a person asks, and no limit applies."""
    query, policy, tell = sources.query, sources.policy, sources.tell
    stop = seconds(query.end)
    tell(Progress(0.1, f"looking at {len(raw)} candles", sources.venue))
    siblings, reference = await _archived(sources)
    found = await asyncio.to_thread(audit, raw, query.interval, stop, siblings, reference)
    if policy.use_sources and _unexplained(found) and (more := await sources.witnesses(found, siblings)):
        siblings |= more
        found = await asyncio.to_thread(audit, raw, query.interval, stop, siblings, reference)
    wants = [
        want
        for want in plan(found, policy, automatic=attempts is not None, attempts=attempts)
        if want.start <= raw.index.max()  # what is still to come is nothing to mend
        and not any(seconds(want.start) <= last and first < seconds(want.end) for first, last in undone)
    ]
    frames = await sources.fetch(wants)
    tell(Progress(0.9, "repairing", sources.venue))
    made = await asyncio.to_thread(repair, raw, query.interval, policy, frames, stop, siblings)
    heard = [f"{sources.venue} {symbol}" for symbol in siblings]
    return Mended(
        **{one.name: getattr(made, one.name) for one in fields(Repair)},
        provider=sources.venue,
        symbol=query.symbol,
        lab=sources.world.lab,
        asked=tuple(sources.asked),
        witnesses=(*heard, *(() if reference is None else (f"{reference.attrs['venue']} {query.symbol}",))),
        notes=tuple(sources.notes),
    )


async def _archived(sources: Sources) -> tuple[dict[str, pd.DataFrame], pd.DataFrame | None]:
    """What the archive alone knows."""
    query = sources.query
    if not sources.venue or query.start is None or query.end is None:
        return {}, None
    series = Series(sources.venue, query.symbol, query.interval)
    return await asyncio.to_thread(evidence, sources.world.archive, series, query.start, query.end)


async def _kept(world: World, series: Series, mended: Mended, *, apply: bool, automatic: bool) -> Mended:
    """Into the archive: score, attempts, and the repair itself if that is wanted."""
    missed, filled = _outcome(mended)
    if missed or filled:
        await world.write(world.archive.note_attempts, series, missed, filled)
    if apply:
        there = await asyncio.to_thread(world.archive.times, series, mended.raw.index[0])
        if np.isin(pd.DatetimeIndex(mended.raw.index).as_unit("s").asi8, there).all():
            await world.write(partial(world.archive.apply, series, mended, automatic=automatic))
            mended = replace(mended, kept=True)
        else:
            mended = replace(mended, notes=(*mended.notes, "not kept: these candles are not in the archive"))
    stands = await asyncio.to_thread(standing, world.archive, series, mended.raw, mended.before)
    await world.write(world.archive.note_score, series, mended.before, stands.usable)
    return mended


async def _raw(world: World, query: CandleQuery, fetch: Fetch, asked: str | None) -> tuple[pd.DataFrame, str]:
    """A venue's candles of the span: what the archive has of them, and what the venue gives just now.

    Where the archive has most of a named venue's candles, only those after them are fetched.
    """
    start, stop = query.span(world.now())
    wanted: CandleQuery | None = query
    venue, fresh = asked or "", None
    if venue:
        times = await _times(world, Series(venue, query.symbol, query.interval), start, stop)
        if 2 * len(times) >= (stop - start) // query.seconds:
            since = int(times[-1]) + query.seconds
            wanted = _between(query, since, stop) if since < stop else None
    try:
        if wanted is not None:
            answer = await fetch(wanted)
            fresh, venue = answer.value, answer.source
    except NoAnswer:
        held = {
            series: len(await _times(world, series, start, stop))
            for series in world.archive.series()
            if (series.symbol, series.interval) == (query.symbol, query.interval)
            and venue in {"", series.provider}
        }
        if not any(held.values()):
            raise
        venue = max(held, key=lambda series: held[series]).provider
    if world.feed is not None:
        await world.feed.settle()
    series = Series(venue, query.symbol, query.interval)
    raw = await asyncio.to_thread(world.archive.basis, series, start, stop)
    return _both(raw, fresh), venue


async def _times(world: World, series: Series, start: int, stop: int) -> Ints:
    return await asyncio.to_thread(world.archive.times, series, start, stop)


def _between(query: CandleQuery, start: int, stop: int) -> CandleQuery:
    first, last = (datetime.fromtimestamp(moment, UTC) for moment in (start, stop))
    return CandleQuery(query.symbol, query.interval, first, last)


def _both(raw: pd.DataFrame, fresh: pd.DataFrame | None) -> pd.DataFrame:
    """What is archived, and of a fetch the candles that are not."""
    more = fresh[~fresh.index.isin(raw.index)] if fresh is not None else raw[:0]
    if not len(more):
        return raw
    names = [name for name in CANDLE_FIELDS if name in more and (name in raw or not len(raw))]
    both = pd.concat([raw[names], more[names]]).sort_index() if len(raw) else more[names]
    both.attrs = dict(raw.attrs)
    return both


def _as_given(given: pd.DataFrame, query: CandleQuery, asked: str | None) -> tuple[pd.DataFrame, str]:
    raw = normalise(given)
    venue = asked or venue_of(raw.attrs) or ""
    raw.attrs = {
        **raw.attrs,
        "symbol": query.symbol,
        "quote": query.quote,
        **({"venue": venue} if venue else {}),
    }
    return raw, venue


def _unexplained(found: Audit) -> bool:
    return bool(((found.defects["kind"] == "missing") & (found.defects["cause"] == "unknown")).any())


def _outcome(mended: Mended) -> tuple[list[pd.Timestamp], list[pd.Timestamp]]:
    """Starts of the defects that were asked for: those that stay, and those that somebody had an answer to."""
    asked = [one for one in mended.asked if one.purpose != "witness" and not one.archived]
    missed: list[pd.Timestamp] = []
    filled: list[pd.Timestamp] = []
    if asked:
        lines = mended.ledger
        genuine = set(lines.loc[lines["method"].isin(_GENUINE), "time"])
        for start in mended.before.defects["start"].unique():
            if any(one.start <= start < one.end for one in asked):
                (filled if start in genuine else missed).append(pd.Timestamp(start))
    return missed, filled
