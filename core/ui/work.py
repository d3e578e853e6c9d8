"""Work that takes longer than a page may: in a thread of its own, with its progress, and an end on demand."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

import streamlit as st

from core.uploads import Cancelled

T = TypeVar("T")

AT_ONCE = threading.BoundedSemaphore(2)
"""Jobs that run side by side, of all sessions; the others wait."""
SOON = 0.4
"""Seconds for which a page waits before it shows progress: most work is done by then."""
LOOK_EVERY = 0.5
"""Seconds between looks at the progress."""


class Job(Generic[T]):
    """One piece of work. ``work`` gets the job, tells it its steps, and raises Cancelled when asked to end."""

    def __init__(self, title: str, work: "Callable[[Job[T]], T]") -> None:
        self.title = title
        self.said = "waiting for other work to end"
        self.share = 0.0
        self.began = time.monotonic()
        self.cancelled = False
        self.error: Exception | None = None
        self._result: T | None = None
        self._work = work
        self._end: Callable[[], object] | None = None
        self._done = threading.Event()
        threading.Thread(target=self._run, name="kintsugi-job", daemon=True).start()

    def step(self, share: float, said: str, end: Callable[[], object] | None = None) -> None:
        """The work is so far (0 … 1), and does this now. ``end`` ends what is under way. Raises Cancelled."""
        self._end = end
        self.share, self.said = share, said
        if self.cancelled:
            raise Cancelled(f"{self.title}: cancelled")

    def cancel(self) -> None:
        """End it: at once where the step can be ended, else before the next."""
        self.cancelled = True
        if self._end is not None:
            self._end()

    def wait(self, seconds: float) -> bool:
        """Whether it is over within so many seconds."""
        return self._done.wait(seconds)

    def result(self) -> T:
        """What it came to. What the work raised is raised here."""
        if self.error is not None:
            raise self.error
        return self._result  # type: ignore[return-value]  # set when there was no error

    def _run(self) -> None:
        try:
            with AT_ONCE:
                self.step(0.0, "starting")
                self._result = self._work(self)
        except Exception as error:  # noqa: BLE001 - handed on by result()
            self.error = error
        finally:
            self._done.set()


@st.fragment(run_every=LOOK_EVERY)
def progress(job: Job[T]) -> None:
    """The bar and the way out; the page runs again when the work is over."""
    if job.wait(0):
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center", key="progress"):
        st.progress(job.share, f"{job.title}: {job.said} · {time.monotonic() - job.began:.0f} s")
        if st.button("Cancel", icon=":material/stop_circle:", key="cancel_job"):
            job.cancel()
            st.rerun()
