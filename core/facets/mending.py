"""Mending and keeping: candles repaired, fetched long back, and held in the archive."""

import asyncio
from collections.abc import Sequence

import pandas as pd

from core.answer import Answer
from core.backfill import Backfilled, backfill, usual
from core.candles import RepairPolicy
from core.candles.archive import Archive, Series, newest
from core.facets.asking import Asking, listed
from core.market import CandleQuery, Moment, to_datetime
from core.mend import Mended, mend
from core.ops.data_target import DataTarget
from core.ops.repair_policy import repair_policy
from core.paging import OnProgress, silent
from core.world import World


class Mending(Asking):
    """Repair, backfill and the archive of the world that answers now."""

    async def mend(
        self,
        symbol: str,
        interval: str = "1h",
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        limit: int | None = None,
        frame: pd.DataFrame | None = None,
        provider: str | None = None,
        providers: Sequence[str] | None = None,
        policy: RepairPolicy | None = None,
        apply: bool = True,
        automatic: bool = False,
        deadline: float | None = None,
        progress: OnProgress | None = None,
    ) -> Mended:
        """Audit a venue's candles, fetch what may help, repair them, and let the repair stand in the archive.

        ``provider``: whose candles, by default whoever answers. ``providers``: the only ones that may be asked, in
        that order; without ``provider`` the first of them is whose candles are mended. ``frame`` are candles of
        one's own to mend in place of fetched ones; they are not kept. ``apply=False`` only shows:
        ``hub.archive.apply(mended.series, mended)`` keeps it later. ``automatic`` is for repair that nobody looks
        at: the policy's limits hold, what a person undid stays undone. ``deadline``: seconds a request.
        :class:`NoAnswer` when neither a venue nor the archive has candles. Cancel the task to stop.
        """
        query = _candle_query(symbol, interval, start, end, limit)
        names = None if providers is None else tuple(map(str, listed(providers)))
        venue = provider or (names[0] if names else None)
        self.catalog.only((*(names or ()), *([venue] if venue is not None else [])))

        async def fetch(wanted: CandleQuery) -> Answer[pd.DataFrame]:
            return await self.fetch(wanted, providers=None if venue is None else (venue,), deadline=deadline)

        job = mend(
            self._world,
            query,
            fetch,
            given=frame,
            venue=venue,
            others=names,
            policy=policy or self.repair_policy(),
            tell=progress or silent,
            deadline=self.settings.deadline if deadline is None else deadline,
            apply=apply,
            automatic=automatic,
        )
        return await self._work(self._world, job)

    def repair_policy(self) -> RepairPolicy:
        """What a repair may do when nobody says otherwise, by the settings."""
        return repair_policy(self.settings)

    async def backfill(
        self,
        symbol: str,
        interval: str,
        start: Moment,
        end: Moment | None = None,
        *,
        providers: Sequence[str] | None = None,
        progress: OnProgress | None = None,
    ) -> Backfilled:
        """Fill the archive with closed candles from ``start`` up to, not with, ``end`` (now), several venues at once.

        ``providers`` are those to ask; by default the first six exchanges that have such candles. What is there
        already is not asked for again, so that a backfill that was stopped goes on where it was. Nobody's quota is
        used up by it. Cancel the task to stop; what came stays. ValueError for an argument that cannot be, OSError
        when the disk is full.
        """
        query = _candle_query(symbol, interval, start, end, None)
        names = None if providers is None else tuple(map(str, listed(providers)))
        if names is None:
            chosen = usual(self.catalog, query, self._clock.now())
        else:
            chosen = tuple(self.catalog.only(names).values())
        job = backfill(self._world, query, chosen, progress or silent)
        return await self._work(self._world, job)

    @property
    def archive(self) -> Archive:
        """Candles on disk of the world that answers now, live or lab; may be used from any thread."""
        return self._world.archive

    async def settled(self) -> None:
        """Return when the candles fetched so far are in the archive."""
        if self._world.feed is not None:
            await self._world.feed.settle()

    async def _mend_in(self, world: World, target: DataTarget, automatic: bool) -> str:
        """For healing: mend the newest candles of a series, and say what came of it.

        Of a provider's they are the newest that are archived: a series that is not fetched any more is mended too.
        """
        venue = target.provider or None
        start = end = None
        if venue is not None:
            self.catalog.only((venue,))
            series = Series(venue, target.symbol, target.interval)
            start, end = await asyncio.to_thread(newest, world.archive, series)
        query = _candle_query(target.symbol, target.interval, start, end, None)

        async def fetch(wanted: CandleQuery) -> Answer[pd.DataFrame]:
            # Of a venue: nobody looks, and nobody else's cache is of use.
            if venue is not None:
                return await world.answers.ask(wanted, self.settings.deadline, (venue,))
            return await self._fetch(world, wanted)

        mended = await mend(
            world,
            query,
            fetch,
            given=None,
            venue=venue,
            others=None,
            policy=self.repair_policy(),
            tell=silent,
            deadline=self.settings.deadline,
            apply=True,
            automatic=automatic,
        )
        changes = int(mended.ledger.index.nunique())
        usable = [f"{100 * one.usable:.1f}" for one in (mended.before, mended.after)]
        return (
            f"{mended.symbol} {mended.interval} of {mended.provider}: {changes} repairs, {len(mended.left_open)} "
            f"left open, usable {usable[0]} → {usable[1]} %"
        )


def _candle_query(
    symbol: str, interval: str, start: Moment | None, end: Moment | None, limit: int | None
) -> CandleQuery:
    return CandleQuery(
        symbol,
        interval,
        start=None if start is None else to_datetime(start, "start"),
        end=None if end is None else to_datetime(end, "end"),
        limit=limit,
    )
