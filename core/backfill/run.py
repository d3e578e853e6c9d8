"""Several venues asked side by side for what the archive lacks of a series."""

import asyncio
from collections.abc import Sequence

import pandas as pd

from core.backfill.result import Backfilled
from core.backfill.share import Share
from core.catalog import Catalog, Provider
from core.market import CandleQuery
from core.paging import OnProgress, Together
from core.world import World

MOST_SLOTS = 10_000_000
"""Candles that one backfill may span."""
USUAL = 6
"""Venues that are asked when none are named."""


def usual(catalog: Catalog, query: CandleQuery, now: float) -> tuple[Provider, ...]:
    """Whom to ask when nobody is named: the first venues that have such candles, however far back."""
    newest = CandleQuery(query.symbol, query.interval)
    serving = [
        one for one in catalog.serving("ohlcv") if one.kind == "exchange" and not one.serves(newest, now)
    ]
    return tuple(serving[:USUAL])


async def backfill(
    world: World, query: CandleQuery, providers: Sequence[Provider], tell: OnProgress
) -> Backfilled:
    """See :meth:`core.async_hub.AsyncHub.backfill`. ``query`` has a start."""
    first, stop = query.span(world.now())
    if (slots := (stop - first) // query.seconds) > MOST_SLOTS:
        raise ValueError(
            f"start={query.start}: {slots:,} candles of {query.interval}, expected at most {MOST_SLOTS:,}; "
            "ask in parts"
        )
    progress = Together(tell)
    jobs = [Share(world, provider, query, first, stop, progress) for provider in providers]
    for job in jobs:
        await job.prepare()
    progress.step(0, 0, f"{progress.total:,} candles to ask for", "")
    tasks = [asyncio.create_task(job.run()) for job in jobs]
    try:
        filled = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    progress.step(progress.total, 0, "done", "")
    start, end = (pd.Timestamp(moment, unit="s", tz="UTC") for moment in (first, stop))
    return Backfilled(query.symbol, query.interval, start, end, world.lab, tuple(filled))
