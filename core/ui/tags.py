"""Columns of tables that hold states: a tag each, with its sign and word, on a tint of its colour."""

import streamlit as st

from core.ui import states

TINT = "59"
"""Of the colour, about a third: what is written on it can be read, in the light and in the dark."""

COLUMN = st.column_config.MultiselectColumn(
    options=[str(look) for look in states.STATES.values()],
    color=[f"{look.color}{TINT}" for look in states.STATES.values()],
)


def of(*given: str) -> list[str]:
    """The cell of such a column; empty without a state."""
    return [str(states.of(state)) for state in given]
