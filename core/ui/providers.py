"""The providers page: every endpoint, how it does, until when it is left alone, and what can be done about it."""

from collections.abc import Callable, Sequence

import pandas as pd
import pyarrow as pa
import streamlit as st

from core.engine.health import SEVERITY
from core.engine.snapshot import EndpointHealth, ProviderHealth, Snapshot
from core.engine.target import UnknownTarget, endpoints_of
from core.hub import Hub
from core.ops.results import HealResult, ProbeResult
from core.ui import acting, provider_detail, seen, states, tags, words
from core.ui.asked import say_wrong
from core.ui.overall import NOT_SEEN, WHAT
from core.ui.work import progress

ALL = "all"


def show(hub: Hub) -> None:
    """Choices and actions, the target that is looked at, then every endpoint and provider."""
    acting.say()
    snapshot = seen.glance(hub)
    target, capability, troubled, everyone = _controls(hub, snapshot)
    if (job := acting.working()) is not None:
        progress(job)
    elif (result := acting.finished()) is not None:
        _result(result)
    if target:
        provider_detail.show(hub, target)
    _tables(hub, target, capability, troubled, everyone)
    provider_detail.patterns(hub, target)
    with st.expander("What the states mean", icon=":material/help:", key="legend"):
        st.markdown("\n".join(f"- **{look}**: {look.means}" for look in states.STATES.values()))


def _controls(hub: Hub, snapshot: Snapshot) -> tuple[str, str, bool, bool]:
    targets, wrong = _targets(hub, snapshot)
    capabilities = [ALL, *sorted({entry.capability for entry in snapshot.endpoints.values()})]
    with st.container(horizontal=True, vertical_alignment="bottom", key="providers_controls"):
        target = st.selectbox(
            "Look closer at",
            targets,
            format_func=lambda name: name or "all of them",
            key="target",
            bind="query-params",
            width=300,
        )
        capability = st.selectbox(
            "Endpoints of",
            capabilities,
            format_func=lambda name: WHAT.get(name, name),
            key="capability",
            bind="query-params",
            width=160,
        )
        with st.container(width=230, gap=None):
            troubled = st.toggle("Only those in trouble", key="troubled", bind="query-params")
            everyone = st.toggle("Also those not asked", key="everyone", bind="query-params")
    say_wrong(wrong)
    if not target:
        with st.container(horizontal=True, vertical_alignment="center", key="act_on_all"):
            acting.buttons(hub, None, ("probe", "heal", "reset"))
    return target, capability or ALL, bool(troubled), bool(everyone)


def _targets(hub: Hub, snapshot: Snapshot) -> tuple[list[str], str]:
    """All providers, endpoints that were asked, and the one in the address; what is wrong with that one."""
    asked = [entry for entry in snapshot.endpoints.values() if entry.state not in NOT_SEEN]
    offered = {"": None} | dict.fromkeys(sorted(snapshot.providers))
    offered |= dict.fromkeys(sorted({f"{entry.provider}/{entry.capability}" for entry in asked}))
    offered |= dict.fromkeys(sorted(entry.endpoint for entry in asked))
    given = st.session_state.get("target") or st.query_params.get("target") or ""
    if given not in offered:
        try:
            endpoints_of(hub.catalog, given)
        except UnknownTarget as error:
            return list(offered), f"{words.plain(str(error))}. Showing all of them instead."
        offered[given] = None
    return list(offered), ""


@st.fragment(run_every=seen.EVERY)
def _tables(hub: Hub, target: str, capability: str, troubled: bool, everyone: bool) -> None:
    snapshot = seen.glance(hub)
    _grid(hub, snapshot, target, capability, troubled, everyone)
    if not target and not troubled:
        st.markdown("##### Providers")
        _providers([one for one in snapshot.providers.values() if everyone or one.state not in NOT_SEEN])


def _grid(hub: Hub, snapshot: Snapshot, target: str, capability: str, troubled: bool, everyone: bool) -> None:
    within = {str(one) for one in endpoints_of(hub.catalog, target or None)}
    entries = [
        entry
        for entry in snapshot.endpoints.values()
        if entry.endpoint in within and capability in (ALL, entry.capability)
    ]
    calm = {"healthy", "unknown", "disabled"}
    rows = [
        entry
        for entry in entries
        if (entry.state not in calm if troubled else everyone or target or _asked(entry))
    ]
    rows.sort(key=lambda entry: (-SEVERITY.index(entry.state), entry.endpoint))
    st.markdown("##### Endpoints")
    if rows:
        _endpoints(rows, snapshot.time)
    elif troubled:
        st.info("No endpoint is in trouble.", icon=":material/check_circle:")
    else:
        st.info(
            "**No endpoint was asked yet.** The monitor begins by itself; *Probe all* asks everybody now.",
            icon=":material/hourglass_empty:",
        )
    if len(rows) < len(entries) and not troubled:
        st.caption(f"{len(entries) - len(rows)} more were not asked lately, or are disabled.")


def _asked(entry: EndpointHealth) -> bool:
    """Not one that is only held back with its provider."""
    return bool(entry.calls or entry.errors or entry.last_ok or entry.state == "isolated")


def _providers(entries: Sequence[ProviderHealth]) -> None:
    capabilities = sorted({name for entry in entries for name in entry.capabilities})
    states_of = {
        "State": [tags.of(entry.state) for entry in entries],
        **{
            WHAT.get(name, name): [
                tags.of(entry.capabilities[name]) if name in entry.capabilities else [] for entry in entries
            ]
            for name in capabilities
        },
    }
    left = [None if entry.quota_left is None else entry.quota_left * 100 for entry in entries]
    st.dataframe(
        pa.table(
            {
                "Provider": [entry.name for entry in entries],
                **states_of,
                "Quota left": pa.array(left, pa.float64()),
            }
        ),
        hide_index=True,
        column_config={
            **dict.fromkeys(states_of, tags.COLUMN),
            "Quota left": st.column_config.NumberColumn(format="%.0f %%", help="Of the tightest limit."),
        },
        key="providers",
        placeholder="",
        alt="Every provider with its state, the state of each capability at its best host, and its quota",
    )


def _endpoints(entries: Sequence[EndpointHealth], now: float) -> None:
    def numbers(of: Callable[[EndpointHealth], float | None], times: int) -> pa.Array:
        found = [of(entry) for entry in entries]
        return pa.array([None if one is None else one * times for one in found], pa.float64())

    table = pa.table(
        {
            "Endpoint": [entry.endpoint for entry in entries],
            "State": [tags.of(entry.state) for entry in entries],
            "Circuit": [states.CIRCUITS[entry.circuit] for entry in entries],
            "Cooldown left": [words.left(entry.cooldown) for entry in entries],
            "Truth": [states.CIRCUITS[entry.truth] for entry in entries],
            "Errors": [entry.errors for entry in entries],
            "Calls": [entry.calls for entry in entries],
            "Success": numbers(lambda entry: entry.success_rate, 100),
            "p50": numbers(lambda entry: entry.p50, 1000),
            "p95": numbers(lambda entry: entry.p95, 1000),
            "Last success": ["" if e.last_ok is None else words.ago(now - e.last_ok) for e in entries],
            "Why": [words.cell(entry.reason or entry.last_error) for entry in entries],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "Endpoint": st.column_config.TextColumn(pinned=True),
            "State": tags.COLUMN,
            "Truth": st.column_config.TextColumn(
                help="The circuit of untrue data: open while in quarantine."
            ),
            "Errors": st.column_config.NumberColumn(help="That count now; successes wear them down."),
            "Success": st.column_config.NumberColumn(format="%.0f %%", help="Of the last 50 calls."),
            "p50": st.column_config.NumberColumn(format="%.0f ms", help="Of the last 50 successes."),
            "p95": st.column_config.NumberColumn(format="%.0f ms", help="Of the last 50 successes."),
        },
        key="endpoints",
        placeholder="",
        alt="Every endpoint with its state, circuit, cooldown, success rate and latency",
    )


def _result(result: ProbeResult | HealResult) -> None:
    """What a probe or a healing came to, in a sentence and a table."""
    about = words.plain(result.target or "all")
    if isinstance(result, ProbeResult):
        st.markdown(
            f":material/network_ping: **Probed {about}**, {words.utc(result.time)}: {result.good} of "
            f"{words.count(len(result.probes), 'endpoint')} answered."
        )
        rows: list[tuple[str, str, str, str]] = [
            (
                one.endpoint,
                one.outcome,
                f"{states.of(one.before).word} → {states.of(one.after).word}",
                one.reason,
            )
            for one in result.probes
        ]
    else:
        st.markdown(
            f":material/healing: **Healed {about}**, {words.utc(result.time)}: {result.healed} of "
            f"{words.count(len(result.healings), 'target')} answer again."
            + ("" if result.healings else " Nothing was ill.")
        )
        rows = [
            (one.target, one.outcome, " → ".join(step.step for step in one.steps), one.detail)
            for one in result.healings
        ]
    if rows:
        with st.expander("One by one", key="result_detail"):
            st.dataframe(
                pd.DataFrame(
                    [[words.cell(text) for text in row] for row in rows],
                    columns=["Target", "Outcome", "Steps", "Detail"],
                ),
                hide_index=True,
                key="result_table",
                alt=f"{len(rows)} results",
            )
