"""Logging in by OpenID Connect: Streamlit's own ``[auth]`` secrets, or in a Space what its hub hands over."""

import secrets
from collections.abc import Mapping
from typing import Any

import streamlit as st


def from_space(environment: Mapping[str, str]) -> dict[str, Any] | None:
    """The ``[auth]`` section for a Space with ``hf_oauth: true``; None elsewhere.

    Names as in https://huggingface.co/docs/hub/spaces-oauth. Without KINTSUGI_COOKIE_SECRET logins end with the
    process.
    """
    names = ("OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OPENID_PROVIDER_URL", "SPACE_HOST")
    if not all(environment.get(name) for name in names):
        return None
    client, secret, provider, host = (environment[name] for name in names)
    return {
        "auth": {
            "redirect_uri": f"https://{host}/oauth2callback",
            "cookie_secret": environment.get("KINTSUGI_COOKIE_SECRET") or secrets.token_urlsafe(32),
            "client_id": client,
            "client_secret": secret,
            "server_metadata_url": f"{provider.rstrip('/')}/.well-known/openid-configuration",
            "client_kwargs": {"scope": "openid profile email"},
        }
    }


def offered() -> bool:
    """Whether anybody can log in here: only then does Streamlit say whether somebody has."""
    return "is_logged_in" in st.user


def name() -> str:
    """What who logged in is called by their provider, whether it vouches for that or not; ``""`` when nobody did."""
    if not (offered() and st.user.get("is_logged_in")):
        return ""
    return str(st.user.get("email") or st.user.get("sub") or "somebody without a name")


def address() -> str | None:
    """The address of who logged in, if their provider vouches for it."""
    if not name() or st.user.get("email_verified") is not True:
        return None
    return str(st.user.get("email") or "") or None
