"""A model in this process: loaded when it is first needed, its load measured, started anew on demand."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

from core.answer import CallerError, ProviderDown, WireError
from core.engine.local import Ask, LocalProvider
from core.market import Capability, Query, SentimentQuery
from core.wire.words import plain_text

T = TypeVar("T")

KIND = "model"

_THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="kintsugi-model")
"""For models that take long: a bounded number."""
PATIENCE = 2.0
"""Seconds for which a call waits for a load; beyond it the next model is asked, and the load goes on."""

Apply = Callable[[Any, Query, Ask, float], Awaitable[tuple[Any, tuple[str, ...]]]]
"""From what was loaded, a query, a way to ask for what it needs, and seconds, to a value and notes on it."""


class ModelProvider(LocalProvider):
    """One model of one capability. Whatever goes wrong in it is a failure of it, with a reason, never of ours.

    ``load`` makes what ``apply`` works with; in a thread of its own when ``slow``.
    """

    def __init__(
        self,
        id: str,  # noqa: A002 - as of every provider
        name: str,
        capability: Capability,
        load: Callable[[], Any],
        apply: Apply,
        priority: int,
        *,
        about: str,
        slow: bool = False,
    ) -> None:
        super().__init__(id, name, {capability: self._answer}, priority, kind=KIND)
        self.about = about
        """What it does, in a sentence."""
        self.load_seconds: float | None = None
        """Seconds that the last load took; None before the first."""
        self.loads = 0
        """How often it was loaded."""
        self.load_error = ""
        """Why the last load failed; empty when it did not."""
        self._load = load
        self._apply = apply
        self._slow = slow
        self._made: Any = None
        self._loaded = False
        self._loading: asyncio.Task[None] | None = None

    @property
    def loaded(self) -> bool:
        """Whether it is ready to answer."""
        return self._loaded

    def serves(self, query: Query, now: float | datetime | None = None) -> str | None:
        """None for what it works on: of moods, those of texts."""
        if isinstance(query, SentimentQuery) and query.text is None:
            return "the sentiment of a text only, not the mood of the market"
        return super().serves(query, now)

    async def renew(self) -> str:
        """Load it anew, whatever it was; what came of it in words. ProviderDown when it cannot be loaded."""
        await asyncio.shield(self._begun())
        return f"loaded in {(self.load_seconds or 0.0) * 1000:.0f} ms"

    async def run(self, job: Callable[..., T], *args: Any) -> T:
        """Work that takes long, away from the loop."""
        return await asyncio.get_running_loop().run_in_executor(_THREADS, job, *args)

    async def _answer(self, query: Query, ask: Ask, seconds: float) -> tuple[Any, tuple[str, ...]]:
        if not self._loaded:
            await self._ready()
        try:
            return await self._apply(self._made, query, ask, seconds)
        except (WireError, TimeoutError):
            raise
        except Exception as error:
            # What a model raises is its own affair: the next one is asked.
            raise ProviderDown(f"{type(error).__name__}: {plain_text(str(error), 200)}") from error

    async def _ready(self) -> None:
        """Return when it is loaded. CallerError, which is held against nobody, when that takes longer than a call."""
        task = self._begun()
        await asyncio.wait({task}, timeout=PATIENCE)  # it outlives a call that is cancelled
        if not task.done():
            raise CallerError("it is being loaded")
        task.result()

    def _begun(self) -> "asyncio.Task[None]":
        """The load under way, or a new one."""
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._make())
            self._loading.add_done_callback(lambda done: done.cancelled() or done.exception())  # seen
        return self._loading

    async def _make(self) -> None:
        self._loaded, self._made = False, None
        began = time.perf_counter()
        try:
            self._made = await self.run(self._load) if self._slow else self._load()
        except Exception as error:
            self.load_error = f"{type(error).__name__}: {plain_text(str(error), 200)}"
            raise ProviderDown(f"it could not be loaded: {self.load_error}") from error
        self._loaded, self.load_error = True, ""
        self.loads += 1
        self.load_seconds = time.perf_counter() - began
