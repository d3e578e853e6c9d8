"""Where a number comes from, as every page shows it."""

import time
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import streamlit as st

from core.answer import Answer, Attempt, NoAnswer
from core.charts import OUTCOMES
from core.hub import Hub
from core.ui import words

LOOK_EVERY = 30
"""Seconds between two looks at the clock; nothing is fetched."""

TIERS = {
    "primary": ("green", "check", "first choice"),
    "fallback": ("blue", "alt_route", "fallback"),
    "relay": ("blue", "forward", "relay"),
    "cache": ("gray", "inventory_2", "cache, still fresh"),
    "stale": ("red", "history", "STALE"),
}
"""Tier → colour, icon, words of its badge."""
LAB = ":violet-badge[:material/science: LAB]"


def name_of(hub: Hub, provider: str) -> str:
    """A provider's name, as Markdown."""
    if provider == "consensus":
        return "Consensus"
    return words.plain(hub.catalog[provider].name if provider in hub.catalog else provider)


def badge(answer: Answer[Any]) -> str:
    """The tier's badge, behind LAB where the value is simulated."""
    color, icon, said = TIERS[answer.tier]
    return (f"{LAB} " if answer.lab else "") + f":{color}-badge[:material/{icon}: {said}]"


@st.fragment(run_every=LOOK_EVERY)
def line(hub: Hub, answer: Answer[Any], key: str) -> None:
    """Tier, provider, age; the rest on demand. Redrawn alone as time goes by."""
    ago = words.ago(time.time() - answer.fetched)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"from_{key}"):
        st.markdown(badge(answer), width="content")
        with st.popover(f"{name_of(hub, answer.source)} · {ago}", type="tertiary", key=f"open_{key}"):
            details(hub, answer)


def details(hub: Hub, answer: Answer[Any]) -> None:
    """Everything there is to say of where an answer comes from."""
    where = f", {words.plain(answer.host)}" if answer.host else ""
    ago = words.ago(time.time() - answer.fetched)
    st.markdown(
        f"{badge(answer)} **{name_of(hub, answer.source)}**{where}  \n"
        f"fetched {words.utc(answer.fetched)}, {ago}"
    )
    for note in answer.notes:
        st.caption(f":material/info: {words.plain(note)}")
    tried(answer.attempts)


def tried(attempts: Sequence[Attempt]) -> None:
    """The attempts in words; nothing when there are none."""
    if not attempts:
        return
    looks = [OUTCOMES[attempt.outcome] for attempt in attempts]
    table = {
        "No.": range(1, len(attempts) + 1),
        "Provider": [words.plain(attempt.provider) for attempt in attempts],
        "Outcome": [
            f"{look.sign} {look.word}" + (f", {attempt.elapsed * 1000:,.0f} ms" if look.sent else "")
            for attempt, look in zip(attempts, looks, strict=True)
        ],
        "Host and reason": [words.plain(reason(attempt)) for attempt in attempts],
    }
    st.table(pa.table(table), hide_index=True, alt="Who was asked, in order, and what came of it")


def reason(attempt: Attempt) -> str:
    """Host, status and reason of an attempt, as far as there are any."""
    told = attempt.status is None or str(attempt.status) in attempt.reason
    status = "" if told else f"HTTP {attempt.status}"
    return ": ".join(filter(None, (attempt.host, status, attempt.reason))) or "–"


def no_answer(what: str, failed: NoAnswer) -> None:
    """What is missing, why, and what can be done about it; who was asked, on demand."""
    sent = [one for one in failed.attempts if OUTCOMES[one.outcome].sent]
    why, step = _why(failed, sent)
    st.warning(f"**No {what} right now.** {words.plain(why)}  \n{step}", icon=":material/cloud_off:")
    if failed.attempts:
        with st.expander(f"Who was asked for {what}", icon=":material/route:"):
            tried(failed.attempts)


def _why(failed: NoAnswer, sent: Sequence[Attempt]) -> tuple[str, str]:
    """The reason in a sentence, and the next step."""
    if failed.offline:
        return "This machine seems to be offline: no provider could be reached.", (
            "Check this machine's network, then press Refresh."
        )
    if sent:
        last = sent[-1]
        others = f", and {words.count(len(sent) - 1, 'other')} failed before" if len(sent) > 1 else ""
        said = reason(last).rstrip(".")
        return f"{last.provider} could not: {said}{others}.", "Press Refresh to ask again."
    if any(one.outcome == "skipped_disabled" for one in failed.attempts):
        return (
            "Whoever serves it needs a key that is not there.",
            "See *Settings* for the keys that unlock it.",
        )
    if resting := next((one for one in failed.attempts if one.outcome == "skipped_cooling"), None):
        return f"{resting.provider} rests: {resting.reason}.", "Press Refresh when the pause is over."
    return "No provider serves it.", "Another symbol, or another quote currency, may be served."
