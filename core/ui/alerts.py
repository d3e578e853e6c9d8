"""The alerts page: what needs a person, what did, what is looked for, and where it is sent."""

import time
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.hub import Hub
from core.ops.alerts import Alert
from core.ui import acting, alert_rules, alert_watchlist, authority, pager, seen, words
from core.ui.asked import not_offered, say_wrong
from core.ui.places import REPAIR

VIEWS = ("History", "Rules", "Watchlist", "Delivery")
PAGE = 50
PLACE = "alerts_place"
"""Session state: which page of the history."""
OF_A_SERIES = ("series_usable", "series_quality")
"""Rules whose alerts are about an archived series."""
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
    {
        "History": _history,
        "Rules": alert_rules.show,
        "Watchlist": alert_watchlist.show,
        "Delivery": _delivery,
    }[view](hub)


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
        if one.rule in OF_A_SERIES:
            told.page_link(
                REPAIR, label="See what is wrong, and repair it", icon=":material/healing:",
                query_params={"series": one.subject},
            )  # fmt: skip
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
            "Alert": [words.cell(" ".join(one.text.split())) for one in alerts],
            "Acknowledged by": [words.cell(one.acknowledged_by) for one in alerts],
        }
    )


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
