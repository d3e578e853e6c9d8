"""Blocks of a page that are asked for side by side, and drawn as they come.

What a session has asked for stays as it is until it asks for something else, or presses Refresh: nothing moves under
the reader, and what is there is not asked for again.
"""

from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.answer import KintsugiError
from core.hub import Hub
from core.ui import spending

Draw = Callable[[Any], None]
LOOK_EVERY = 0.2
"""Seconds between two looks whether the reader wants something else."""
AT_ONCE = 0.1
"""Seconds in which most blocks are there: until then nothing is drawn in their place."""


@dataclass(slots=True)
class Slot:
    """One block: what was asked, what comes of it, and what came of the same before it was refreshed."""

    question: str
    round: int
    future: "Future[Any]"
    before: "Future[Any] | None" = None


@dataclass(slots=True)
class Blocks:
    """The blocks of one page in one session."""

    round: int = 0
    """Counts the presses of Refresh."""
    slots: dict[str, Slot] = field(default_factory=dict)

    @classmethod
    def of(cls, key: str) -> "Blocks":
        """Those of this session."""
        if key not in st.session_state:
            st.session_state[key] = cls()
        found: Blocks = st.session_state[key]
        return found

    def ask(
        self, hub: Hub, name: str, question: str, job: Callable[[bool], Coroutine[Any, Any, Any]]
    ) -> None:
        """Begin a block unless it is there. ``job`` gets whether it is to pass over the cache."""
        world = "lab" if hub.hub.simulated else "live"
        question, slot = f"{world} {question}", self.slots.get(name)
        if slot is not None and (slot.question, slot.round) == (question, self.round):
            return
        before = None
        if slot is not None:
            if slot.question == question:
                before = slot.future if slot.future.done() else slot.before
            slot.future.cancel()  # nothing when it is done
        refresh = slot is not None and slot.question == question
        self.slots[name] = Slot(question, self.round, hub.begin(job(refresh)), before)

    def refresh(self) -> None:
        """Ask for everything again at the next run, if this person may so soon."""
        if spending.affordable():
            self.round += 1

    def draw(self, blocks: "Mapping[str, tuple[DeltaGenerator, Draw, int]]") -> None:
        """Draw all blocks in order: name → where, how, and the height of what stands in for it.

        ``how`` gets the result or the KintsugiError.
        """
        pending: dict[Future[Any], tuple[DeltaGenerator, Draw]] = {}
        again: list[Future[Any]] = []
        wait([self.slots[name].future for name in blocks], timeout=AT_ONCE)
        for name, (where, how, height) in blocks.items():
            slot = self.slots[name]
            with where:
                if slot.future.done():
                    how(_outcome(slot.future))
                elif slot.before is not None:
                    how(_outcome(slot.before))
                    again.append(slot.future)
                else:
                    place = st.empty()
                    place.skeleton(height=height)
                    pending[slot.future] = (place, how)
        _fill(pending)
        while again:
            again = [*wait(again, timeout=LOOK_EVERY).not_done]
            st.session_state.get("loading")  # lets a reader's next wish end this run
            if not again:
                st.rerun()


def _fill(pending: "dict[Future[Any], tuple[DeltaGenerator, Draw]]") -> None:
    while pending:
        done, _ = wait(pending, timeout=LOOK_EVERY, return_when=FIRST_COMPLETED)
        st.session_state.get("loading")  # as above
        for future in done:
            place, how = pending.pop(future)
            with place.container():
                how(_outcome(future))


def _outcome(future: "Future[Any]") -> Any:
    try:
        return future.result()
    except CancelledError:
        return KintsugiError("the question was given up before it was answered")
    except KintsugiError as error:
        return error
