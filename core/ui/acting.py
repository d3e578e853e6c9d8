"""What a person does from a page: asked whether they may and mean it, not too often, on record, and told.

The hub writes every action into the journal, with who it was. Short ones are done when the page is drawn again;
probing and healing run in a thread of their own, with progress and an end on demand.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.answer import KintsugiError
from core.hub import Hub
from core.ops.results import HealResult, ProbeResult
from core.ui import authority, seen, words
from core.ui.work import Job
from core.uploads import Cancelled

REST = 5.0
"""Seconds before the same is done to the same target again, by whomever."""
MOST = 500
"""Actions whose time is remembered."""
SAID, WORKING, REASON = "acting_said", "acting_job", "acting_reason"
"""Session state: what the last action came to, the long one under way, and the reason that is typed."""


@dataclass(frozen=True, slots=True)
class Action:
    """``means`` says what will happen, for the one who is to confirm it; ``long`` ones show their progress."""

    name: str
    icon: str
    means: str
    long: bool = False


ACTIONS = {
    one.name: one
    for one in (
        Action(
            "probe",
            "network_ping",
            "Every endpoint of it is asked once, now, five at a time; open circuits get their probe at once. Pauses "
            "that a provider asked for, isolations and our own quota hold. The results count like any other's.",
            long=True,
        ),
        Action(
            "heal",
            "healing",
            "What is ill of it is asked again, then on another host, then whoever stands in for it is found. What "
            "was healed a short while ago is left alone.",
            long=True,
        ),
        Action(
            "reset",
            "restart_alt",
            "Circuits close, cooldowns end (also those a provider asked for), and unknown symbols are forgotten. If "
            "the failure is still there, it comes back at once.",
        ),
        Action(
            "isolate", "do_not_disturb_on", "Nothing is sent to it until it is restored, over restarts too."
        ),
        Action(
            "restore", "settings_backup_restore", "Its isolation ends; it is asked again when its turn comes."
        ),
    )
}

_last: OrderedDict[tuple[str, str], float] = OrderedDict()
_lock = threading.Lock()


def buttons(hub: Hub, target: str | None, names: tuple[str, ...]) -> None:
    """A button an action, each with its confirmation; why there are none, for who may not act."""
    if reason := authority.refused():
        st.caption(f":material/lock: Acting is not possible from here: {words.plain(reason)}.")
        return
    for name in names:
        label = f"{name.capitalize()} all" if target is None else name.capitalize()
        if st.button(label, icon=f":material/{ACTIONS[name].icon}:", key=f"act_{name}_{target or 'all'}"):
            _confirm(hub, name, target)


@st.dialog("Are you sure?")
def _confirm(hub: Hub, name: str, target: str | None) -> None:
    what = f"`{target}`" if target else "everything in the catalogue"
    st.markdown(f"**{name.capitalize()}** {what}. {ACTIONS[name].means}")
    if name == "isolate":
        st.text_input("Why", key=REASON, max_chars=200, placeholder="shown beside it, and in the journal")
    if st.button(
        name.capitalize(), type="primary", key="confirmed", on_click=perform, args=(hub, name, target)
    ):
        st.rerun()


def perform(hub: Hub, name: str, target: str | None) -> None:
    """Do it, if this person may and it was not done just now. What it came to is said by :func:`say`."""
    if reason := authority.denied(f"{name} {target or 'everything'}"):
        _tell("error", f"Not done: {reason}.")
        return
    if wait := _rest(name, target or ""):
        _tell("info", f"Not done: the same was done just now; again in {words.span(wait + 0.99)}.")
        return
    who = authority.who()
    if ACTIONS[name].long:
        if working():
            _tell("info", "Not done: something is under way already; wait for it, or cancel it.")
            return
        jobs: dict[str, Callable[..., Any]] = {"probe": hub.hub.probe, "heal": hub.hub.heal}
        title = f"{name.capitalize()} {target or 'all'}"
        st.session_state[WORKING] = Job(title, _long(hub, jobs[name], target, who))
        return
    shorts: dict[str, Callable[[], None]] = {
        "reset": lambda: hub.reset(target, who=who),
        "isolate": lambda: hub.isolate(target or "", st.session_state.get(REASON) or "by hand", who=who),
        "restore": lambda: hub.restore(target or "", who=who),
    }
    attempt(hub, shorts[name], f"{_done(name)}: {target or 'everything'}.")


def attempt(hub: Hub, action: Callable[[], object], said: str) -> bool:
    """Act, if this person may, and keep what it came to for :func:`say`; whether it was done."""
    if reason := authority.denied(said):
        _tell("error", f"Not done: {reason}.")
        return False
    try:
        action()
    except (KintsugiError, ValueError, OSError) as error:
        _tell("error", f"Not done: {error}")
        return False
    finally:
        seen.forget(hub)
    _tell("success", said)
    return True


def say() -> None:
    """What the last action came to, once."""
    if (told := st.session_state.pop(SAID, None)) is not None:
        kind, text = told
        {"success": st.success, "info": st.info, "error": st.error}[kind](
            words.plain(text),
            icon={"success": ":material/check:", "info": ":material/info:", "error": ":material/error:"}[
                kind
            ],
        )


def working() -> Job[ProbeResult | HealResult] | None:
    """The long action of this session that is not over."""
    job: Job[ProbeResult | HealResult] | None = st.session_state.get(WORKING)
    return job if job is not None and not job.wait(0) else None


def finished() -> ProbeResult | HealResult | None:
    """What the last long action came to, until another begins; why it came to nothing is said here."""
    job: Job[ProbeResult | HealResult] | None = st.session_state.get(WORKING)
    if job is None or not job.wait(0):
        return None
    try:
        return job.result()
    except (Cancelled, CancelledError):
        st.info(
            f"**{words.plain(job.title)} was cancelled.** What was asked until then counts, and is in the journal.",
            icon=":material/cancel:",
        )
    except (KintsugiError, ValueError, OSError) as error:
        st.error(f"**{words.plain(job.title)} failed.** {words.plain(str(error))}", icon=":material/error:")
    return None


def _long(
    hub: Hub, job: Callable[..., Any], target: str | None, who: str
) -> Callable[[Job[ProbeResult | HealResult]], ProbeResult | HealResult]:
    def work(shown: Job[ProbeResult | HealResult]) -> ProbeResult | HealResult:
        def progress(done: int, of: int, which: str) -> None:
            shown.share, shown.said = done / max(1, of), f"{done} of {of}, {which}"

        future = hub.begin(job(target, who=who, progress=progress))
        try:
            shown.step(0.0, "asking", future.cancel)
            result: ProbeResult | HealResult = future.result()
        except Cancelled:
            future.cancel()
            raise
        finally:
            seen.forget(hub)
        return result

    return work


def _rest(name: str, target: str) -> float:
    """Seconds until this may be done again; noted as done when that is 0."""
    now = time.monotonic()
    with _lock:
        wait = _last.get((name, target), float("-inf")) + REST - now
        if wait > 0:
            return wait
        _last[name, target] = now
        _last.move_to_end((name, target))
        while len(_last) > MOST:
            _last.popitem(last=False)
    return 0.0


def _done(name: str) -> str:
    return {"reset": "Reset", "isolate": "Isolated", "restore": "Restored"}[name]


def _tell(kind: str, text: str) -> None:
    st.session_state[SAID] = (kind, text)
