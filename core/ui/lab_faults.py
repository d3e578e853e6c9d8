"""Faults in the lab that this server itself shows: seen by all, set by those who may."""

import pandas as pd
import streamlit as st

from core.drill.script import FAULTS
from core.hub import Hub
from core.ui import authority, words

FOR = 60
"""Seconds that a fault lasts unless its own time is longer."""


def show(hub: Hub) -> None:
    """What is in force; a form for whoever may act. Nothing while the server is live."""
    lab = hub.lab
    if lab is None:
        return
    with st.expander("Faults in this server's own lab", icon=":material/warning:", key="lab_own"):
        st.caption("These reach everybody who looks at this server while it shows the lab.")
        if faults := lab.faults:
            st.table(
                pd.DataFrame(
                    {
                        "Target": [words.plain(fault.target or "everything") for fault in faults],
                        "Fault": [fault.fault for fault in faults],
                        "Until": ["cleared" if f.until is None else words.utc(f.until) for f in faults],
                    },
                    index=pd.RangeIndex(1, len(faults) + 1, name="No."),
                ),
                alt="Faults that are in force, with their end",
            )
        else:
            st.markdown(":material/check_circle: None is in force.")
        if reason := authority.refused():
            st.caption(f"They cannot be changed from here: {reason}.")
            return
        with st.form("lab_inject", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            st.selectbox("Target", ["everything", *hub.catalog], key="lab_own_target", width=220)
            st.selectbox("Fault", list(FAULTS), key="lab_own_fault", width=200)
            st.form_submit_button(
                "Inject for a minute", icon=":material/bolt:", on_click=_inject, args=(hub,)
            )
        st.button(
            "Clear all",
            icon=":material/mop:",
            key="lab_clear",
            on_click=_clear,
            args=(hub,),
            disabled=not faults,
        )


def _inject(hub: Hub) -> None:
    chosen, fault = st.session_state["lab_own_target"], st.session_state["lab_own_fault"]
    if authority.denied(f"inject {fault}") or hub.lab is None:
        return
    target = None if chosen == "everything" else chosen
    # For latency and timeout the lab's seconds say how long a request is held, so their end is set by the clock.
    options = {"until": hub.lab.clock.now() + FOR, **FAULTS[fault]}
    hub.lab.inject(target, fault, **options)
    hub.record_action("inject", target or "", f"{fault} in the lab for {FOR} s", who=authority.who())


def _clear(hub: Hub) -> None:
    if authority.denied("clear all faults") or hub.lab is None:
        return
    hub.lab.clear()
    hub.record_action("clear", "", "all faults in the lab", who=authority.who())
