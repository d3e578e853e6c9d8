"""The alerts page: what needs a person, what did, what is looked for, and where it is sent."""

import time
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.hub import Hub
from core.ops.alerts import Alert, Rule, Watched
from core.ops.alerts.rules import LONGEST
from core.ui import acting, authority, pager, seen, words
from core.ui.asked import not_offered, say_wrong

VIEWS = ("History", "Rules", "Watchlist", "Delivery")
PAGE = 50
PLACE = "alerts_place"
"""Session state: which page of the history."""
RULES_KEY = "alert_rules_table"
STATES = {"firing": "● firing", "acknowledged": "◐ acknowledged", "resolved": "○ over"}


def show(hub: Hub) -> None:
    """Open alerts, then one of the four views."""
    _open(hub)
    wrong = not_offered("show", VIEWS, VIEWS[0])
    view = st.segmented_control(
        "Show", VIEWS, default=VIEWS[0], required=True, key="show", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    say_wrong(wrong)
    {"History": _history, "Rules": _rules, "Watchlist": _watchlist, "Delivery": _delivery}[view](hub)


@st.fragment(run_every=seen.EVERY)
def _open(hub: Hub) -> None:
    acting.say()
    alerts = seen.open_alerts(hub)
    if not alerts:
        st.markdown("##### No open alert")
        st.caption("Rules are looked at every few seconds; what is over is in the history.")
        return
    new = sum(one.state == "firing" for one in alerts)
    st.markdown(
        f"##### {words.count(len(alerts), 'open alert')}" + (f", {new} not acknowledged" if new else "")
    )
    refused = authority.refused()
    now = time.time()
    # The newest of the gravest first.
    for one in sorted(alerts, key=lambda one: (one.severity != "critical", -one.fired)):
        _card(hub, one, now, may=not refused)
    if refused:
        st.caption(f":material/lock: Acknowledging is not possible from here: {words.plain(refused)}.")


def _card(hub: Hub, one: Alert, now: float, *, may: bool) -> None:
    icon = "emergency_home" if one.severity == "critical" else "warning"
    with st.container(border=True, key=f"alert_{one.id}"):
        told, act = st.columns([6, 1], vertical_alignment="center")
        held = (
            f"acknowledged by {words.plain(one.acknowledged_by)} {words.ago(now - one.acknowledged)}"
            if one.acknowledged is not None
            else "not acknowledged"
        )
        told.markdown(
            f":red[:material/{icon}: **{one.severity.capitalize()}**] {words.plain(one.text)}  \n"
            f":gray[since {words.utc(one.since)}, {words.ago(now - one.since)} · {words.plain(one.subject)} · "
            f"rule *{words.plain(one.rule)}* · {held}]"
        )
        if one.state == "firing" and may:
            act.button(
                "Acknowledge",
                icon=":material/check:",
                key=f"ack_{one.id}",
                on_click=_acknowledge,
                args=(hub, one),
                width="content",
            )


def _acknowledge(hub: Hub, one: Alert) -> None:
    acting.attempt(hub, lambda: hub.acknowledge(one.id, who=authority.who()), f"Acknowledged: {one.text}")


def _history(hub: Hub) -> None:
    """Alerts that are over, page by page."""
    before = pager.before(PLACE)
    found = hub.alerts(limit=PAGE, before=time.time() + 1 if before is None else before)
    if not found and before is None:
        st.info("**No alert has come and gone yet.**", icon=":material/inbox:")
        return
    if found:
        st.dataframe(
            _table(found),
            hide_index=True,
            column_config={
                "Fired (UTC)": st.column_config.DatetimeColumn(format="DD MMM YYYY HH:mm:ss"),
                "Alert": st.column_config.TextColumn(width=520),
            },
            key="alerts_history",
            placeholder="",
            alt=f"{len(found)} alerts that are over, the newest first",
        )
    with st.container(horizontal=True, key="alerts_pages"):
        pager.ways(PLACE, found[-1].fired if len(found) == PAGE else None)


def _table(alerts: Sequence[Alert]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Fired (UTC)": pd.to_datetime([one.fired for one in alerts], unit="s"),
            "State": [STATES[one.state] for one in alerts],
            "Lasted": [words.span((one.resolved or one.fired) - one.since) for one in alerts],
            "Severity": [one.severity for one in alerts],
            "Rule": [one.rule for one in alerts],
            "Alert": [" ".join(one.text.split()) for one in alerts],
            "Acknowledged by": [one.acknowledged_by for one in alerts],
        }
    )


def _rules(hub: Hub) -> None:
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
        key=RULES_KEY,
        alt="Every rule with its level, how long it must hold, and what is looked for",
        placeholder="",
    )
    if refused:
        st.caption(f":material/lock: Rules cannot be changed from here: {words.plain(refused)}.")
        return
    changed = len(st.session_state.get(RULES_KEY, {}).get("edited_rows", {}))
    st.button(
        f"Save {words.count(changed, 'changed rule')}" if changed else "Save",
        icon=":material/save:",
        key="save_rules",
        type="primary",
        disabled=not changed,
        on_click=_save_rules,
        args=(hub, rules),
    )


def _save_rules(hub: Hub, rules: Sequence[Rule]) -> None:
    fields = {"On": "enabled", "Level": "level", "Hold, s": "hold", "Clear, s": "clear"}
    edited = st.session_state.get(RULES_KEY, {}).get("edited_rows", {})
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
        del st.session_state[RULES_KEY]


def _watchlist(hub: Hub) -> None:
    watched = hub.watchlist()
    refused = authority.refused()
    if not watched:
        st.info(
            "**Nothing is watched.** A symbol on the list is asked for once a minute; an alert fires when its price "
            "crosses a level.",
            icon=":material/visibility_off:",
        )
    for one in watched:
        with st.container(horizontal=True, vertical_alignment="center", key=f"watched_{one.symbol}"):
            st.markdown(f"**{one.symbol}** {_levels(one)} :gray[{words.plain(one.note)}]", width="stretch")
            if not refused:
                st.button(
                    "Remove",
                    icon=":material/delete:",
                    key=f"unwatch_{one.symbol}",
                    on_click=_unwatch,
                    args=(hub, one.symbol),
                    width="content",
                )
    if refused:
        st.caption(f":material/lock: The list cannot be changed from here: {words.plain(refused)}.")
        return
    with st.form("watch", enter_to_submit=True):
        st.markdown("**Watch a symbol**, or change its levels")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input("Symbol", key="watch_symbol", placeholder="BTC/USDT", width=150)
            st.number_input("Above", key="watch_above", value=None, min_value=0.0, format="%g", width=150)
            st.number_input("Below", key="watch_below", value=None, min_value=0.0, format="%g", width=150)
            st.text_input("Note", key="watch_note", max_chars=200, width=230)
            st.form_submit_button("Watch", icon=":material/visibility:", on_click=_watch, args=(hub,))


def _levels(one: Watched) -> str:
    quote = one.symbol.partition("/")[2]
    told = [
        f"{side} {level:,.10g} {quote}"
        for side, level in (("above", one.above), ("below", one.below))
        if level is not None
    ]
    return words.listed(told) or "no level"


def _watch(hub: Hub) -> None:
    asked = st.session_state
    symbol = (asked["watch_symbol"] or "").strip()

    def watch() -> None:
        hub.watch(
            symbol,
            above=asked["watch_above"],
            below=asked["watch_below"],
            note=asked["watch_note"] or "",
            who=authority.who(),
        )

    acting.attempt(hub, watch, f"Watched: {symbol}.")


def _unwatch(hub: Hub, symbol: str) -> None:
    acting.attempt(hub, lambda: hub.unwatch(symbol, who=authority.who()), f"No longer watched: {symbol}.")


def _delivery(hub: Hub) -> None:
    targets = hub.alert_targets()
    if not targets:
        st.info(
            "**Alerts are sent nowhere.** Set `KINTSUGI_ALERT_URLS` to addresses as apprise has them (webhook, mail, "
            "Slack, Telegram …); here they show all the same.",
            icon=":material/notifications_off:",
        )
        return
    now = time.time()
    for one in targets:
        good = not one.error
        last = f"last {words.ago(now - one.last_sent)}" if one.last_sent is not None else "none yet"
        waits = f", {one.waiting} waiting" if one.waiting else ""
        again = (
            f", tried again in {words.span(max(0.0, one.next_try - now))}" if one.next_try is not None else ""
        )
        st.markdown(
            f"{'● ' if good else '✕ '}**{words.plain(one.name)}**: {words.count(one.sent, 'message')} delivered, "
            f"{last}{waits}{again}" + ("" if good else f"  \n:red[{words.plain(one.error)}]")
        )
    if reason := authority.refused():
        st.caption(f":material/lock: A test message cannot be sent from here: {words.plain(reason)}.")
    else:
        st.button(
            "Send a test message", icon=":material/send:", key="send_test", on_click=_send_test, args=(hub,)
        )


def _send_test(hub: Hub) -> None:
    acting.attempt(hub, lambda: hub.send_test_alert(who=authority.who()), "A test message is on its way.")
