"""Who may change what everybody sees (opening the lab, going live). Asked inside every action."""

import streamlit as st
from streamlit import config

from core.settings import LOOPBACK

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
_BINDS_AS_CONFIGURED = frozenset({"starlette-app", "starlette-app-direct"})


def refusal(*, bound: str | None, client: str | None, host: str, forwarded: bool) -> str:
    """Why an action is not allowed, or ``""``. All addresses must be loopback, with no proxy between.

    ``bound``: where the server listens; None when that is not known. ``client``: the other end; None is
    streamlit's word for loopback. ``host``: the Host header, against names that were made to point here.
    """
    if bound not in LOOPBACK:
        return "the server listens on more than this machine" if bound else "where it listens is not known"
    if forwarded or (client is not None and client not in LOOPBACK):
        return "the request comes from another machine"
    if _name(host) not in LOOPBACK:
        return "the page was opened under a name that is not this machine's"
    return ""


def refused() -> str:
    """Why the person at this page may not act, or ``""``."""
    headers = st.context.headers
    # Under another ASGI server the configured address is not where it listens.
    known = getattr(config, "_server_mode", None) in _BINDS_AS_CONFIGURED
    return refusal(
        bound=(st.get_option("server.address") or "every address") if known else None,
        client=st.context.ip_address,
        host=headers.get("Host") or "",
        forwarded=any(name in headers for name in _FORWARDED),
    )


def _name(host: str) -> str:
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0].lower()
