"""A small box with one number in it, which opens where it comes from."""

from typing import Any

import streamlit as st

from core.answer import Answer, NoAnswer
from core.hub import Hub
from core.ui import provenance, words

WIDTH = 164


def tile(hub: Hub, label: str, said: str, found: Answer[Any] | NoAnswer, key: str, beside: str = "") -> None:
    """``label`` and ``beside`` are Markdown; ``said`` is the number, or stands for the one that is missing."""
    with st.container(border=True, width=WIDTH, gap=None, key=f"tile_{key}"):
        st.caption(label)
        with st.popover(words.plain(said), type="tertiary", key=f"number_{key}"):
            if isinstance(found, NoAnswer):
                provenance.no_answer("answer", found)
            else:
                provenance.details(hub, found)
        below = (f"{beside} " if beside else "") + (
            ":gray[no answer]" if isinstance(found, NoAnswer) else _from(hub, found)
        )
        st.markdown(f":small[{below}]")


def _from(hub: Hub, found: Answer[Any]) -> str:
    if found.tier == "stale":
        return ":red[STALE]"
    return provenance.name_of(hub, found.source)


def number(value: float, most: int = 8) -> str:
    """``74,085.97``, ``0.13921``: as many decimals as the size calls for, at most ``most``."""
    if value == 0:
        return "0"
    size = abs(value)
    places = 0 if size >= 100_000 else 2 if size >= 100 else 3 if size >= 1 else most
    return f"{value:,.{places}f}" if places < most else f"{value:.6g}"


def change(percent: float | None) -> str:
    """A change in per cent as Markdown: sign, arrow and colour."""
    if percent is None:
        return ""
    if percent > 0:
        return f":green[▲ {percent:+.2f} %]"
    return f":red[▼ {percent:+.2f} %]" if percent < 0 else ":gray[= 0.00 %]"


def large(value: float) -> str:
    """``2.57 trillion`` and the like, from millions on; a whole number as it is; else as :func:`number`."""
    for size, word in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if abs(value) >= size:
            return f"{value / size:,.2f} {word}"
    return f"{value:,.0f}" if value == round(value) else number(value)
