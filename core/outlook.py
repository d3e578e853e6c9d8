"""Several answers at once, each failing by itself: prices side by side, news with their moods, figures of a chain."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from core.answer import Answer, NoAnswer
from core.async_hub import AsyncHub
from core.market import METRICS, News, OnChainFigure, Quote, Sentiment

AT_ONCE = 6
"""Questions of one kind under way at the same time: a page must not spend a provider's quota at a stroke."""
HEADLINE_MODEL = "vader"
"""Headlines are judged here, in this process: no remote model's quota goes into a page."""
EVERYWHERE = ("tvl_usd",)
"""Figures that are of no single chain."""

Either: TypeAlias = Answer[Any] | NoAnswer
"""What came of one question."""


@dataclass(frozen=True, slots=True)
class Headlines:
    """News, and the mood of each title; titles that nobody could judge are missing in ``moods``."""

    answer: Answer[News]
    moods: Mapping[str, Answer[Sentiment]]
    why: str = ""
    """Why titles have no mood, when some have none."""


async def each(
    questions: Mapping[str, Callable[[], Awaitable[Answer[Any]]]], at_once: int = AT_ONCE
) -> dict[str, Either]:
    """Ask all of them, ``at_once`` at a time; those that nobody could answer are among the results."""
    places = asyncio.Semaphore(at_once)

    async def one(question: Callable[[], Awaitable[Answer[Any]]]) -> Either:
        async with places:
            try:
                return await question()
            except NoAnswer as failed:
                return failed

    found = await asyncio.gather(*map(one, questions.values()))
    return dict(zip(questions, found, strict=True))


async def prices(
    hub: AsyncHub, symbols: Sequence[str], *, refresh: bool = False
) -> dict[str, Answer[Quote] | NoAnswer]:
    """Symbol → its price now, in the order given."""
    return await each({symbol: partial(hub.price, symbol, refresh=refresh) for symbol in symbols})


async def figures(
    hub: AsyncHub, asset: str, *, refresh: bool = False
) -> dict[str, Answer[OnChainFigure] | NoAnswer]:
    """Metric → the newest figure, for all metrics of an asset's chain and of none."""
    return await each({name: partial(hub.onchain, name, refresh=refresh) for name in metrics_of(asset)})


def metrics_of(asset: str) -> tuple[str, ...]:
    """Names of the figures there are of an asset's chain, and of no single chain."""
    return (*(name for name in METRICS if name.startswith(f"{asset.lower()}_")), *EVERYWHERE)


async def headlines(hub: AsyncHub, topic: str | None, limit: int = 12, *, refresh: bool = False) -> Headlines:
    """The newest news, and the mood of every title. :class:`NoAnswer` when there is no news."""
    answer = await hub.news(topic, limit, refresh=refresh)
    titles = {item.title for item in answer.value if item.title.strip()}
    judged = await each(
        {title: partial(hub.sentiment, title, providers=(HEADLINE_MODEL,)) for title in sorted(titles)}
    )
    moods = {title: found for title, found in judged.items() if isinstance(found, Answer)}
    failed = next((found for found in judged.values() if isinstance(found, NoAnswer)), None)
    why = "" if failed is None else failed.attempts[-1].reason if failed.attempts else "no model is there"
    return Headlines(answer, moods, why)
