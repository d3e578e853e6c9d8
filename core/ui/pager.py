"""Page after page of a list that grows at its front: each begins after what the one before ended with."""

from collections.abc import Hashable
from typing import Any

import streamlit as st

Place = int | float


def before(key: str, of: Hashable = None) -> Place | None:
    """Where this page begins; None for the first, which it is again when it is a list ``of`` something else."""
    held: dict[str, Any] = st.session_state.setdefault(key, {"of": of, "trail": []})
    if held["of"] != of:
        held["of"], held["trail"] = of, []
    return held["trail"][-1] if held["trail"] else None


def number(key: str) -> int:
    """Which page it is, from 1."""
    return len(st.session_state[key]["trail"]) + 1


def ways(key: str, following: Place | None) -> None:
    """Buttons to the pages around. ``following``: where the next one begins; None when this is the last."""
    st.button(
        "Newer",
        icon=":material/chevron_left:",
        key=f"{key}_newer",
        disabled=number(key) == 1,
        on_click=_back,
        args=(key,),
    )
    st.button(
        "Older",
        icon=":material/chevron_right:",
        key=f"{key}_older",
        disabled=following is None,
        on_click=_on,
        args=(key, following),
    )


def _back(key: str) -> None:
    st.session_state[key]["trail"].pop()


def _on(key: str, following: Place) -> None:
    st.session_state[key]["trail"].append(following)
