"""Who may act from a page. Asked inside every action; the decision is core.authority's."""

import streamlit as st
from streamlit import config

from core.authority import FORWARDED, Asker, Door, Refusal, Right, decide
from core.environment import environment
from core.hub import shared
from core.refusals import refused as on_record
from core.ui import login, words

_BINDS_AS_CONFIGURED = frozenset({"starlette-app", "starlette-app-direct"})
_TOKEN = "admin_token"  # noqa: S105 - where the session keeps a right one
_TYPED = "admin_token_typed"
_TURNED_AWAY = "login_turned_away"


def bound() -> str | None:
    """Where this server listens; None when that is not known: under another ASGI server it is not ours."""
    known = getattr(config, "_server_mode", None) in _BINDS_AS_CONFIGURED
    return (st.get_option("server.address") or "every address") if known else None


def refused() -> str:
    """Why the person at this page may not act, or ``""``."""
    decision = _decision(st.session_state.get(_TOKEN))
    return decision.reason if isinstance(decision, Refusal) else ""


def denied(what: str) -> str:
    """Why the person at this page may not do this, or ``""``. Asked by the action itself: a refusal is on record."""
    reason = refused()
    if reason:
        note(what, reason)
    return reason


def who() -> str:
    """The person at this page, for the journal."""
    return f"page, {login.address() or st.context.ip_address or 'this machine'}"


def way_in_or_out() -> None:
    """Who is logged in, with the way out; for who may not act a way in: a login, a field for the admin token.

    The session keeps a right token. A login that opens nothing is on record, once a session.
    """
    decision = _decision(st.session_state.get(_TOKEN))
    refusal = decision if isinstance(decision, Refusal) else None
    if known := login.name():
        if refusal is not None and st.session_state.get(_TURNED_AWAY) != known:
            st.session_state[_TURNED_AWAY] = known
            note(f"logging in as {known[:200]}", refusal.reason)
    elif refusal is None or not (refusal.token or login.offered()):
        return
    with st.popover("Admin", icon=":material/lock:" if refusal else ":material/lock_open:"):
        if known:
            st.caption(f"Logged in as {words.plain(known)}{_standing(refusal)}.")
            st.button("Log out", icon=":material/logout:", key="log_out", on_click=st.logout)
        elif login.offered():
            _offer_login()
        if refusal is not None and refusal.token:
            _ask_for_token()


def _standing(refusal: Refusal | None) -> str:
    if login.address() is None:
        return ", but the identity provider does not vouch for that address: it opens nothing"
    return ", who may act" if refusal is None else ", who is not on this server's list (KINTSUGI_ADMINS)"


def _offer_login() -> None:
    """Logging in works at this server's own address alone, not within the frame of a Space's page."""
    st.button("Log in", icon=":material/login:", key="log_in", on_click=st.login)
    if host := environment.get("SPACE_HOST"):
        st.caption(f"Within a frame that fails: open [{host}](https://{host}) first.")


def _ask_for_token() -> None:
    st.text_input(
        "Admin token",
        type="password",
        key=_TYPED,
        help="What the server has in KINTSUGI_ADMIN_TOKEN. Needed for actions, not for reading.",
        on_change=_entered,
    )
    if reason := st.session_state.pop(f"{_TYPED}_refused", ""):
        st.caption(f"Not accepted: {reason}.")


def _entered() -> None:
    typed = st.session_state.get(_TYPED) or None
    decision = _decision(typed)
    if isinstance(decision, Refusal):
        st.session_state[f"{_TYPED}_refused"] = decision.reason
        note("the admin token", decision.reason)
    else:
        st.session_state[_TOKEN] = typed


def note(what: str, reason: str) -> None:
    """Put on record what the person at this page was refused."""
    hub = shared()
    hub.begin(on_record(hub.hub, what, reason, who=who()))


def _decision(token: str | None) -> Right | Refusal:
    headers = st.context.headers
    asker = Asker(
        bound=bound(),
        client=st.context.ip_address,
        host=headers.get("Host") or "",
        forwarded=any(name in headers for name in FORWARDED),
        token=token,
        login=login.address(),
    )
    return decide(asker, Door.of(shared().settings))
