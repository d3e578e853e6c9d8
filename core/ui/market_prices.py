"""The board of the market page: prices side by side, who gains and who loses."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import streamlit as st

from core.answer import Answer, KintsugiError, NoAnswer
from core.hub import Hub
from core.market import Quote
from core.ui import tiles, watching
from core.ui.words import count, listed, plain

Prices: TypeAlias = Mapping[str, Answer[Quote] | NoAnswer]
MOVERS = 3
"""Gainers and losers that are named."""


def board(hub: Hub, symbol: str, symbols: Sequence[str], found: Prices | KintsugiError) -> None:
    """One tile a symbol, in the order asked for; every number opens where it comes from."""
    st.markdown("##### Prices")
    if isinstance(found, KintsugiError):
        st.warning(plain(str(found)), icon=":material/cloud_off:")
        return
    st.markdown(movers(found))
    mine, everybody = watching.own(), watching.shared(hub)
    with st.container(horizontal=True, gap="small", key="board"):
        for name in symbols:
            sign = ":material/star: " if name in mine else ":material/groups: " if name in everybody else ""
            label = f"**{plain(name)}**" if name == symbol else plain(name)
            _tile(hub, f"{sign}{label}", name, found[name])
    silent = [one for one in found.values() if isinstance(one, NoAnswer)]
    missing = (
        f" {count(len(silent), 'symbol')} without an answer: open the dash to see why." if silent else ""
    )
    st.caption(
        f":material/star: yours, :material/groups: everybody's watchlist. "
        f"Changes over 24 hours, as the provider says. Press a number to see where it comes from.{missing}"
    )


def movers(found: Prices) -> str:
    """Who gained and who lost most over 24 hours, of those on the board; Markdown."""
    changes = {
        symbol: one.value.change_24h_pct
        for symbol, one in found.items()
        if isinstance(one, Answer) and one.value.change_24h_pct is not None
    }
    ranked = sorted(changes.items(), key=lambda entry: entry[1], reverse=True)
    up = [(symbol, percent) for symbol, percent in ranked if percent > 0][:MOVERS]
    down = [(symbol, percent) for symbol, percent in reversed(ranked) if percent < 0][:MOVERS]

    def said(rows: Sequence[tuple[str, float]]) -> str:
        return listed([f"{plain(symbol)} {tiles.change(percent)}" for symbol, percent in rows]) or "none"

    if not ranked:
        return "No change over 24 hours is known."
    return f"**Gainers** {said(up)}  \n**Losers** {said(down)}  \n:gray[of the {len(ranked)} shown]"


def _tile(hub: Hub, label: str, symbol: str, one: Answer[Quote] | NoAnswer) -> None:
    key = symbol.replace("/", "_")
    if isinstance(one, NoAnswer):
        tiles.tile(hub, label, "–", one, key)
    else:
        tiles.tile(hub, label, tiles.number(one.value.last), one, key, tiles.change(one.value.change_24h_pct))
