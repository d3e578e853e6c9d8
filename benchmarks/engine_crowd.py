"""Many calls at once over several hosts, beside one client that they all share."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
from engine_server import VENUE
from engine_table import Table, awaited_in_turn

from core.async_hub import AsyncHub
from core.market import PriceQuery
from core.settings import Settings

HOSTS = 10
CROWD = 50


async def crowd(table: Table, rounds: int, url: str, folder: Path) -> None:
    """50 at once over 10 hosts: the hub with a client a host, beside one client for all."""
    venues = folder / "venues"
    venues.mkdir()
    for n in range(HOSTS):
        (venues / f"venue{n}.toml").write_text(VENUE.format(n=n))
    names = tuple(f"venue{n}" for n in range(HOSTS))
    settings = Settings(
        mode="live",
        data_dir=folder / "crowd",
        lab_url=url,
        catalog_dirs=(venues,),
        providers=names,
        hedge_burst=0,
    )
    queries = [PriceQuery(f"C{n}/USDT") for n in range(CROWD // HOSTS)]
    async with AsyncHub(settings) as hub, httpx.AsyncClient(trust_env=False) as client:

        async def one_ours(query: PriceQuery, name: str) -> float:
            begun = time.perf_counter()
            await hub.fetch(query, refresh=True, providers=(name,))
            return time.perf_counter() - begun

        async def one_theirs(query: PriceQuery, name: str) -> float:
            begun = time.perf_counter()
            path = f"{url}/api.{name}.test/ticker?symbol={query.base}{query.quote}"
            (await client.get(path, headers={"accept": "application/json"})).json()
            return time.perf_counter() - begun

        found: dict[str, list[float]] = {"ours": [], "theirs": []}

        def many(one: Any, side: str) -> Callable[[], Awaitable[float]]:
            async def run() -> float:
                begun = time.perf_counter()
                for _ in range(10):
                    calls = [one(query, name) for name in names for query in queries]
                    found[side] += await asyncio.gather(*calls)
                return (time.perf_counter() - begun) / (10 * CROWD)

            return run

        ours, theirs = many(one_ours, "ours"), many(one_theirs, "theirs")
        await ours(), await theirs()
        found = {"ours": [], "theirs": []}
        one, other = await awaited_in_turn(rounds, ours, theirs)
    what = f"{CROWD} at once over {HOSTS} hosts, beside one client"
    table.line(f"{what}: time a call", one, other, "≤ 0.87 (1.15x)", other / one >= 1.15)
    for share, aim in ((50, 0.7), (99, None)):
        mine, its = (_percentile(found[side], share) for side in ("ours", "theirs"))
        met = None if aim is None else mine / its <= aim
        table.line(f"  p{share}", mine, its, "" if aim is None else f"≤ {aim}", met)


def _percentile(times: Sequence[float], share: int) -> float:
    return sorted(times)[len(times) * share // 100]
