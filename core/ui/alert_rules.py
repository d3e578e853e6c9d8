"""The rules of alerts: a row each, and what may be changed of it in its cells."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.hub import Hub
from core.ops.alerts import Rule
from core.ops.alerts.rules import LONGEST
from core.ui import acting, authority, words

TABLE = "alert_rules_table"
"""Session state: what is typed, and not saved yet."""


def show(hub: Hub) -> None:
    """Every rule in a row; what may be changed can be, there."""
    rules = hub.alert_rules()
    refused = authority.refused()
    table: pd.DataFrame = pd.DataFrame(
        {
            "On": [one.enabled for one in rules],
            "Rule": [one.title for one in rules],
            "Level": [one.level for one in rules],
            "Unit": [one.unit for one in rules],
            "Hold, s": [one.hold for one in rules],
            "Clear, s": [one.clear for one in rules],
            "What is looked for": [one.means for one in rules],
        },
        index=[one.name for one in rules],
    )
    editable = ("On", "Level", "Hold, s", "Clear, s")
    st.data_editor(
        table,
        hide_index=True,
        height="content",
        disabled=True if refused else [str(name) for name in table if name not in editable],
        column_config={
            "On": st.column_config.CheckboxColumn(width=50),
            "Rule": st.column_config.TextColumn(width=230),
            "Level": st.column_config.NumberColumn(help="From which value on it fires.", width=70),
            "Unit": st.column_config.TextColumn(width=60),
            "Hold, s": st.column_config.NumberColumn(
                min_value=0, max_value=LONGEST, width=80, help="Seconds it must be so before it fires."
            ),
            "Clear, s": st.column_config.NumberColumn(
                min_value=0, max_value=LONGEST, width=80, help="Seconds it must be gone before it is over."
            ),
        },
        key=TABLE,
        alt="Every rule with its level, how long it must hold, and what is looked for",
        placeholder="",
    )
    if refused:
        st.caption(f":material/lock: Rules cannot be changed from here: {words.plain(refused)}.")
        return
    changed = len(st.session_state.get(TABLE, {}).get("edited_rows", {}))
    st.button(
        f"Save {words.count(changed, 'changed rule')}" if changed else "Save",
        icon=":material/save:",
        key="save_rules",
        type="primary",
        disabled=not changed,
        on_click=_save,
        args=(hub, rules),
    )


def _save(hub: Hub, rules: Sequence[Rule]) -> None:
    fields = {"On": "enabled", "Level": "level", "Hold, s": "hold", "Clear, s": "clear"}
    edited = st.session_state.get(TABLE, {}).get("edited_rows", {})
    wanted = [
        (rules[int(row)], {fields[name]: value for name, value in cells.items()})
        for row, cells in edited.items()
    ]

    def save() -> None:
        for rule, changes in wanted:
            rule.changed(**changes)  # all or none: what cannot be is said before any is set
        for rule, changes in wanted:
            hub.set_alert_rule(rule.name, who=authority.who(), **changes)

    if acting.attempt(hub, save, f"Saved: {words.listed([rule.title for rule, _ in wanted])}."):
        del st.session_state[TABLE]
