"""Candles that may help a repair, fetched through the hub's own path, and a record of who was asked for them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from core.answer import NoAnswer
from core.candles import Audit, RepairPolicy, Want
from core.candles.archive import Series
from core.candles.archive.records import joined
from core.candles.frame import Ints
from core.catalog import Provider
from core.market import CandleQuery
from core.paging import OnProgress, Progress, pages_over
from core.world import World

Purpose = Literal["again", "finer", "venue", "witness"]

MOST_REQUESTS = 80
"""Requests that one mend may make; what it could not ask for is said in ``notes``."""
MOST_VENUES = 3
"""Other venues that are asked for one place."""
WITNESSES = ("BTC", "ETH", "SOL", "XRP", "LTC")
"""Bases that trade at any hour: what a venue's own silence is told from."""
_SIBLINGS = 2
_SIBLING_REQUESTS = 6
_AROUND = 200
"""Candles around a hole that a witness is heard for."""
_AS: Mapping[str, str] = {"again": "again", "venue": "as another venue", "witness": "as a witness"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request made for a repair: whom, for what, and what came."""

    provider: str
    symbol: str
    interval: str
    start: pd.Timestamp
    end: pd.Timestamp
    """Open time of the first candle that was not wanted."""
    purpose: Purpose
    rows: int
    said: str
    """Why nothing came; empty when something did."""
    archived: bool = False
    """Nothing was sent: the archive had them."""

    def __str__(self) -> str:
        what = _AS.get(self.purpose, f"for {self.interval}")
        came = self.said or f"{self.rows} candles"
        span = f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC"
        how = "from the archive" if self.archived else "asked"
        return f"{self.provider} {how} {what}, {self.symbol} {span}: {came}"


@dataclass
class Sources:
    """Where one repair may look. ``query`` has its span in ``start`` and ``end``."""

    world: World
    query: CandleQuery
    venue: str
    """Whose candles are mended: a provider id, or empty when it is not known."""
    others: Sequence[str] | None
    """The only other providers to ask, in order; None for any."""
    policy: RepairPolicy
    tell: OnProgress
    deadline: float
    asked: list[Asked] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _failing: set[str] = field(default_factory=set)
    """Providers that could not answer: they are not asked again."""

    async def witnesses(self, found: Audit, known: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        """Candles of the venue's busiest other symbols around the holes, beside those ``known`` already."""
        provider = self.world.catalog.get(self.venue)
        if provider is None:
            return {}
        holes = found.defects[found.defects["kind"] == "missing"]
        around = _AROUND * self.query.seconds
        first, stop = seconds(self.query.start), seconds(self.query.end)
        windows = joined([(max(first, seconds(start) - around), min(stop, seconds(end) + around))
                          for start, end in zip(holes["start"], holes["end"], strict=True)])  # fmt: skip
        out: dict[str, pd.DataFrame] = {}
        for base in WITNESSES:
            query = _candles(self.query.replace(symbol=f"{base}/{self.query.quote}"))
            if len(known) + len(out) >= _SIBLINGS:
                break
            if query.symbol in {*known, self.query.symbol} or base == self.query.quote:
                continue
            pages = self._pages(provider, query, windows)[-_SIBLING_REQUESTS:]
            frame = await self._read(provider, pages, "witness", (0.2, 0.3))
            if len(frame):
                out[query.symbol] = frame
        return out

    async def fetch(self, wants: Sequence[Want]) -> dict[str, pd.DataFrame]:
        """Frames by name: the venue again, its finer candles, other venues, each only for what is still lacking."""
        frames: dict[str, pd.DataFrame] = {}
        lacking = {want: _slots(want, self.query.seconds) for want in wants}
        own = self.world.catalog.get(self.venue)
        if own is not None:
            await self._add(frames, lacking, self.venue, own, self.query, "again")
            for finer in sorted({want.finer for want in wants if want.finer}):
                query = _candles(self.query.replace(interval=finer))
                await self._add(frames, lacking, f"{self.venue} {finer}", own, query, "finer")
        for provider in self._elsewhere():
            await self._add(frames, lacking, provider.id, provider, self.query, "venue")
        return frames

    async def _add(
        self,
        frames: dict[str, pd.DataFrame],
        lacking: dict[Want, Ints],
        name: str,
        provider: Provider,
        query: CandleQuery,
        purpose: Purpose,
    ) -> None:
        """See what one provider has of what is lacking: first in the archive, then by asking it."""
        windows = self._windows(lacking, query, purpose)
        if not windows:
            return
        held = await asyncio.to_thread(self._held, provider.id, query, purpose, windows)
        self._note(lacking, held, query, purpose)
        if len(held):
            start, end = held.index[0], held.index[-1] + pd.Timedelta(seconds=query.seconds)
            self.asked.append(Asked(provider.id, query.symbol, query.interval, start, end, purpose, len(held), "",
                                    archived=True))  # fmt: skip
        windows = self._windows(lacking, query, purpose)
        fetched = await self._read(provider, self._pages(provider, query, windows), purpose, (0.3, 0.9))
        self._note(lacking, fetched, query, purpose)
        if len(both := _together([held, fetched])):
            frames[name] = both

    def _windows(
        self, lacking: Mapping[Want, Ints], query: CandleQuery, purpose: Purpose
    ) -> list[tuple[int, int]]:
        """Where this purpose has something to look for, in seconds."""
        step, pad = self.query.seconds, self._padding(purpose)
        mine = [slots for want, slots in lacking.items() if len(slots) and _for(want, query, purpose)]
        return joined([(int(slots[0]) - pad, int(slots[-1]) + step + pad) for slots in mine])

    def _held(
        self, provider: str, query: CandleQuery, purpose: Purpose, windows: Sequence[tuple[int, int]]
    ) -> pd.DataFrame:
        """What the archive has there. Of the venue itself: what it gave when it was asked again before."""
        series = Series(provider, query.symbol, query.interval)
        archive = self.world.archive
        view: Literal["best", "raw"] = "best" if purpose == "again" else "raw"
        found = [archive.load(series, start, stop, view) for start, stop in windows]
        if purpose == "again":
            found = [
                frame[frame["method"] == "refetch"].drop(columns=["source", "method"]) for frame in found
            ]
        elif purpose == "venue":  # without its neighbours a candle of another venue is of no use
            found = [frame for frame, (start, stop) in zip(found, windows, strict=True)
                     if len(frame) * query.seconds >= 0.8 * (stop - start)]  # fmt: skip
        return _together(found)

    def _note(
        self, lacking: dict[Want, Ints], frame: pd.DataFrame, query: CandleQuery, purpose: Purpose
    ) -> None:
        """Take what a frame has off what is lacking."""
        if not len(frame):
            return
        step = self.query.seconds
        times = pd.DatetimeIndex(frame.index).as_unit("s").asi8
        slots, counts = np.unique(times - times % step if purpose == "finer" else times, return_counts=True)
        whole = slots[counts >= step // query.seconds]
        for want, left in lacking.items():
            if _for(want, query, purpose):
                lacking[want] = np.setdiff1d(left, whole)

    def _padding(self, purpose: Purpose) -> int:
        """Seconds around a place that are asked for too: another venue is calibrated by them."""
        if purpose != "venue":
            return 3 * self.query.seconds
        reach = 4 * self.policy.neighbours if self.policy.borrow_volume else self.policy.neighbours
        return (reach + 1) * self.query.seconds

    def _elsewhere(self) -> list[Provider]:
        """Other venues that may be asked, in order."""
        catalog = self.world.catalog
        if self.others is not None:
            return [catalog[name] for name in self.others if name != self.venue]
        serving = [one for one in catalog.serving("ohlcv")
                   if one.id != self.venue and not one.serves(self.query, self.world.now())]  # fmt: skip
        return serving[:MOST_VENUES]

    def _pages(
        self, provider: Provider, query: CandleQuery, windows: Sequence[tuple[int, int]]
    ) -> list[CandleQuery]:
        now = self.world.now()
        if not windows or provider.serves(query, now):
            return []
        return list(pages_over(provider, query, windows, now))

    async def _read(
        self, provider: Provider, pages: Sequence[CandleQuery], purpose: Purpose, share: tuple[float, float]
    ) -> pd.DataFrame:
        """What a provider gives for these pages, as one frame; empty when it gives nothing."""
        frames = []
        for place, page in enumerate(pages):
            if provider.id in self._failing:
                break
            if sum(not one.archived for one in self.asked) >= MOST_REQUESTS:
                self.notes.append(
                    f"{len(pages) - place} requests to {provider.id} were left out: mend again for the rest"
                )
                break
            done = share[0] + (share[1] - share[0]) * place / len(pages)
            self.tell(Progress(done, f"asking {provider.name}", provider.id))
            frame = await self._ask(provider, page, purpose)
            if len(frame):
                frames.append(frame)
        return _together(frames)

    async def _ask(self, provider: Provider, page: CandleQuery, purpose: Purpose) -> pd.DataFrame:
        start, end = pd.Timestamp(page.start), pd.Timestamp(page.end)  # type: ignore[arg-type]  # pages have both
        note = Asked(provider.id, page.symbol, page.interval, start, end, purpose, 0, "")
        try:
            # What the venue says of its own candles the second time is a repair, not the raw record.
            answer = await self.world.answers.ask(
                page, self.deadline, (provider.id,), archive=purpose != "again"
            )
        except NoAnswer as failed:
            last = failed.attempts[-1] if failed.attempts else None
            if last is None or last.outcome != "skipped_unserved":  # else it may well serve other ranges
                self._failing.add(provider.id)
            self.asked.append(replace(note, said=last.reason if last else "no answer"))
            return pd.DataFrame()
        frame: pd.DataFrame = answer.value
        self.asked.append(replace(note, rows=len(frame), said="" if len(frame) else "no candles there"))
        return frame


def seconds(moment: Any) -> int:
    """A moment in whole seconds since 1970."""
    return int(moment.timestamp())


def _for(want: Want, query: CandleQuery, purpose: Purpose) -> bool:
    """Whether something is to be looked for in this way."""
    if purpose == "finer":
        return "finer" in want.who and want.finer == query.interval
    return ("same" if purpose == "again" else purpose) in want.who


def _together(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Frames of one series as one; of a candle that several have, the last one's."""
    full = [frame for frame in frames if len(frame)]
    if not full:
        return pd.DataFrame()
    whole = pd.concat(full).sort_index(kind="stable")
    whole = whole[~whole.index.duplicated(keep="last")]
    whole.attrs = dict(full[-1].attrs)
    return whole


def _slots(want: Want, step: int) -> Ints:
    return np.arange(seconds(want.start), seconds(want.end), step, dtype=np.int64)


def _candles(query: object) -> CandleQuery:
    assert isinstance(query, CandleQuery)  # noqa: S101 (a copy of one)
    return query
