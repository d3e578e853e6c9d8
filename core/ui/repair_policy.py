"""What a repair may do, as a person sets it: every limit with the range that is allowed."""

from typing import Literal

import streamlit as st

from core.candles import RepairPolicy
from core.candles.policy import RANGES
from core.hub import Hub
from core.settings import SettingsError
from core.ui import authority
from core.ui.words import plain

AUTO = "auto_repair_enabled"
PROBLEM = "auto_repair_problem"
"""Session state: why the switch could not be turned."""

LIMITS: dict[str, tuple[str, str, float | int]] = {
    "short": ("Short gap, candles", "Carried forward up to here in *as known*.", 1),
    "medium": ("Medium gap, candles", "Drawn on the line up to here in *best estimate* …", 1),
    "medium_hours": (
        "Medium gap, hours",
        "… and up to so many hours. Longer gaps need a source, or stay open.",
        1.0,
    ),
    "neighbours": ("Neighbours", "Candles on either side by which another venue is fitted.", 1),
    "max_residual": (
        "Largest residual",
        "Spread to another venue, in one-candle standard deviations, above which it is refused.",
        0.1,
    ),
    "corruption_threshold": (
        "Corruption threshold",
        "Share of broken rows above which the whole series is fetched anew, not single rows.",
        0.01,
    ),
    "gap_detection_window_hours": (
        "Looked back by itself, hours",
        "How far back from its end a series is looked at when repair runs by itself.",
        1.0,
    ),
    "max_gap_fill_attempts": (
        "Attempts by itself",
        "How often one gap is asked for before it stays open, when repair runs by itself.",
        1,
    ),
}
"""Number → its name, what it means, and the step of its buttons."""
METHODS: dict[str, tuple[str, str]] = {
    "fill_gaps": ("Fill gaps", "Else every gap stays open."),
    "mend_values": ("Mend values", "Spikes, wicks, wrong units and values that cannot be."),
    "snap": ("Move to the grid", "Candles off the grid that fit a free slot; else they are set aside."),
    "drop_unclosed": ("Drop the open candle", "The newest one, when it is not over yet."),
    "use_sources": (
        "Use other sources",
        "The venue again, finer candles, other venues in the same currency.",
    ),
    "borrow_volume": ("Borrow volume", "From another venue too, scaled to this one's; the ledger says so."),
}


def choose(hub: Hub, view: Literal["best", "as_known"], *, sources: bool) -> RepairPolicy:
    """The policy set on the page. ``sources``: whether there are any to be asked."""
    default = hub.repair_policy()
    with st.expander("Limits and methods", icon=":material/tune:", key="policy"):
        methods = {}
        with st.container(horizontal=True, key="policy_methods"):
            for name, (label, told) in METHODS.items():
                if sources or name not in {"use_sources", "borrow_volume"}:
                    methods[name] = st.toggle(
                        label, value=getattr(default, name), key=f"policy_{name}", help=told
                    )
        limits = {}
        with st.container(horizontal=True, key="policy_limits"):
            for name, (label, told, step) in LIMITS.items():
                limits[name] = _number(name, label, told, step, getattr(default, name))
        with st.container(horizontal=True, vertical_alignment="center", key="policy_foot"):
            st.button(
                "Back to the defaults",
                icon=":material/restart_alt:",
                key="policy_reset",
                on_click=_defaults,
                args=(default,),
            )
            _auto(hub)
    return RepairPolicy(view=view, **methods, **limits)  # type: ignore[arg-type]  # named by the fields


def _number(name: str, label: str, told: str, step: float, default: float) -> float:
    low, high = (type(step)(edge) for edge in RANGES[name])
    value: float = st.number_input(
        label,
        min_value=low,
        max_value=high,
        value=type(step)(default),
        step=step,
        key=f"policy_{name}",
        help=f"{told} From {low:g} to {high:g}.",
        width=190,
    )
    return value


def _defaults(default: RepairPolicy) -> None:
    for name in (*LIMITS, *METHODS):
        kind = type(LIMITS[name][2]) if name in LIMITS else bool
        st.session_state[f"policy_{name}"] = kind(getattr(default, name))


def _auto(hub: Hub) -> None:
    """The switch for repair that nobody asks for. It holds for everybody who looks at this server."""
    (knob,) = (knob for knob in hub.knobs() if knob.name == AUTO)
    reason = knob.locked or authority.refused()
    st.session_state[AUTO] = hub.settings.auto_repair_enabled
    st.toggle(
        "Repair by itself",
        key=AUTO,
        disabled=bool(reason),
        on_change=_switch,
        args=(hub,),
        help=(
            "For everybody. On: pages show the best estimate, and what runs by itself may repair. Off: pages show "
            "candles as they came, until somebody asks."
        ),
    )
    if reason:
        st.caption(f"The switch cannot be turned from here: {plain(reason)}.")
    if problem := st.session_state.pop(PROBLEM, ""):
        st.error(problem, icon=":material/error:")


def _switch(hub: Hub) -> None:
    if authority.denied(f"set {AUTO}"):
        return
    try:
        hub.configure({AUTO: bool(st.session_state[AUTO])}, who=authority.who())
    except (SettingsError, OSError) as error:
        st.session_state[PROBLEM] = f"The switch was not turned: {plain(str(error))}."
