"""Who may act from a page. Asked inside every action; the decision is core.authority's."""

import streamlit as st
from streamlit import config

from core.authority import FORWARDED, Asker, Refusal, Right, decide
from core.hub import shared

_BINDS_AS_CONFIGURED = frozenset({"starlette-app", "starlette-app-direct"})
_TOKEN = "admin_token"  # noqa: S105 - where the session keeps a right one
_TYPED = "admin_token_typed"


def bound() -> str | None:
    """Where this server listens; None when that is not known: under another ASGI server it is not ours."""
    known = getattr(config, "_server_mode", None) in _BINDS_AS_CONFIGURED
    return (st.get_option("server.address") or "every address") if known else None


def refused() -> str:
    """Why the person at this page may not act, or ``""``."""
    decision = _decision(st.session_state.get(_TOKEN))
    return decision.reason if isinstance(decision, Refusal) else ""


def who() -> str:
    """The person at this page, for the journal."""
    return f"page, {st.context.ip_address or 'this machine'}"


def ask_for_token() -> None:
    """A field for the admin token, where one is what is missing. The session keeps a right one."""
    decision = _decision(st.session_state.get(_TOKEN))
    if isinstance(decision, Refusal) and decision.token:
        with st.popover("Admin", icon=":material/lock:"):
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
    else:
        st.session_state[_TOKEN] = typed


def _decision(token: str | None) -> Right | Refusal:
    headers = st.context.headers
    asker = Asker(
        bound=bound(),
        client=st.context.ip_address,
        host=headers.get("Host") or "",
        forwarded=any(name in headers for name in FORWARDED),
        token=token,
    )
    return decide(asker, shared().settings.admin_token)
