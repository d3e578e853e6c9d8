"""What visitors may ask for past the cache: each address has a budget, whoever may act has none."""

import streamlit as st

from core.budget import DEAR, Budget, client_of
from core.hub import shared
from core.ui import authority, words

_budget = Budget()
"""Of all sessions of this process."""


def affordable() -> bool:
    """Whether this person may ask once more past the cache; if not, they are told when."""
    if not authority.refused():
        return True
    client = client_of(st.context.ip_address, st.context.headers.get("X-Forwarded-For"))
    if not (wait := _budget.take(client, DEAR, shared().settings.question_rate)):
        return True
    st.toast(f"Too many refreshes just now. Again in {words.span(wait + 0.99)}.", icon=":material/hourglass:")
    return False
