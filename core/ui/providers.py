"""The providers page: every endpoint, how it does, and until when it is left alone."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.engine.snapshot import EndpointHealth, ProviderHealth, Snapshot
from core.hub import Hub
from core.ui import states, words

REDRAWN = 5
"""Seconds between two looks at the snapshot. Nothing is fetched."""
ALL = "all"
WHAT = {"ohlcv": "candles", "orderbook": "order book"}
"""Capabilities that go by another name on pages."""


@st.fragment(run_every=REDRAWN)
def show(hub: Hub) -> None:
    """State in one sentence, a row a provider, a row an endpoint."""
    snapshot = hub.health()
    st.markdown(f"##### {sentence(snapshot)}")
    _providers(list(snapshot.providers.values()))
    capability, troubled = _filters(snapshot)
    rows = [
        entry
        for entry in snapshot.endpoints.values()
        if capability in (ALL, entry.capability)
        and (not troubled or entry.state not in ("healthy", "unknown", "disabled"))
    ]
    if rows:
        _endpoints(rows, snapshot.time)
    else:
        st.info("No endpoint is in trouble.", icon=":material/check_circle:")
    with st.expander("What the states mean", icon=":material/help:", key="legend"):
        st.markdown("\n".join(f"- **{look}**: {look.means}" for look in states.STATES.values()))


def sentence(snapshot: Snapshot) -> str:
    """The whole field in one sentence."""
    asked = [entry for entry in snapshot.providers.values() if entry.state not in ("unknown", "disabled")]
    well = [entry for entry in asked if entry.state == "healthy"]
    if snapshot.offline:
        return "This machine is offline: nobody is to blame."
    if not asked:
        return "No provider has been asked yet."
    if len(well) == len(asked):
        return f"{len(asked)} provider{'s' * (len(asked) > 1)} asked so far, all healthy."
    ill = [f"{words.plain(entry.name)} {states.of(entry.state).word}" for entry in asked if entry not in well]
    return f"{len(well)} of {len(asked)} providers asked so far are healthy; {words.listed(ill)}."


def _providers(entries: Sequence[ProviderHealth]) -> None:
    capabilities = sorted({name for entry in entries for name in entry.capabilities})
    table = pd.DataFrame(
        {
            "Provider": [entry.name for entry in entries],
            "State": [str(states.of(entry.state)) for entry in entries],
            **{
                WHAT.get(name, name): [
                    str(states.of(entry.capabilities[name])) if name in entry.capabilities else ""
                    for entry in entries
                ]
                for name in capabilities
            },
            "Quota left": [None if entry.quota_left is None else entry.quota_left * 100 for entry in entries],
        }
    )
    st.dataframe(
        _colored(table),
        hide_index=True,
        column_config={
            "Quota left": st.column_config.NumberColumn(format="%.0f %%", help="Of the tightest limit.")
        },
        key="providers",
        placeholder="",
        alt="Every provider with its state, the state of each capability at its best host, and its quota",
    )


def _filters(snapshot: Snapshot) -> tuple[str, bool]:
    offered = [ALL, *sorted({entry.capability for entry in snapshot.endpoints.values()})]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        capability = st.selectbox(
            "Endpoints of",
            offered,
            format_func=lambda name: WHAT.get(name, name),
            key="capability",
            bind="query-params",
            width=220,
        )
        troubled = st.toggle("Only those in trouble", key="troubled", bind="query-params")
    return capability or ALL, bool(troubled)


def _endpoints(entries: Sequence[EndpointHealth], now: float) -> None:
    def milliseconds(seconds: float | None) -> float | None:
        return None if seconds is None else seconds * 1000

    table = pd.DataFrame(
        {
            "Endpoint": [entry.endpoint for entry in entries],
            "State": [str(states.of(entry.state)) for entry in entries],
            "Circuit": [states.CIRCUITS[entry.circuit] for entry in entries],
            "Cooldown left": [words.span(entry.cooldown) if entry.cooldown else "" for entry in entries],
            "Calls": [entry.calls for entry in entries],
            "Success": [
                None if entry.success_rate is None else entry.success_rate * 100 for entry in entries
            ],
            "p50": [milliseconds(entry.p50) for entry in entries],
            "p95": [milliseconds(entry.p95) for entry in entries],
            "Last success": ["" if e.last_ok is None else words.ago(now - e.last_ok) for e in entries],
            "Why": [entry.reason or entry.last_error for entry in entries],
        }
    )
    st.dataframe(
        _colored(table),
        hide_index=True,
        column_config={
            "Endpoint": st.column_config.TextColumn(pinned=True),
            "Success": st.column_config.NumberColumn(format="%.0f %%", help="Of the last 50 calls."),
            "p50": st.column_config.NumberColumn(format="%.0f ms", help="Of the last 50 successes."),
            "p95": st.column_config.NumberColumn(format="%.0f ms", help="Of the last 50 successes."),
        },
        key="endpoints",
        placeholder="",
        alt="Every endpoint with its state, circuit, cooldown, success rate and latency",
    )


def _colored(table: pd.DataFrame) -> "pd.io.formats.style.Styler":
    """State words in their colours; the sign and the word say the same without them."""
    colors = {str(look): f"color: {look.color}" for look in states.STATES.values()}
    return table.style.map(lambda cell: colors.get(cell, "") if isinstance(cell, str) else "")
