"""Blocks of the market page: consensus, order book, mood, the market as a whole, figures of chains."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from core.answer import Answer, KintsugiError, NoAnswer
from core.charts.depth import depth_figure, summed
from core.charts.mood import mood_figure
from core.hub import Hub
from core.market import METRICS, Consensus, MarketOverview, OnChainFigure, OrderBook, Quote, Sentiment
from core.ui import provenance, tiles
from core.ui.words import count, listed, plain, utc

NEAR = 0.5
"""Per cent around the middle within which the two sides of a book are compared."""


def failed(what: str, found: object) -> bool:
    """Whether there is no answer; then what, why, and the next step are on the page."""
    if isinstance(found, NoAnswer):
        provenance.no_answer(what, found)
    elif isinstance(found, KintsugiError):
        st.warning(f"**No {what} right now.** {plain(str(found))}", icon=":material/cloud_off:")
    return isinstance(found, KintsugiError)


def consensus(hub: Hub, symbol: str, found: Answer[Quote] | KintsugiError) -> None:
    """The median of several independent venues, how many agree, and who does not."""
    if failed(f"price of {plain(symbol)}", found):
        return
    assert isinstance(found, Answer)  # noqa: S101 - what did not fail
    value, quote = found.value, symbol.partition("/")[2]
    if not isinstance(value, Consensus):
        st.metric(f"{plain(symbol)}, {quote}", tiles.number(value.last), width="content")
        provenance.line(hub, found, "consensus")
        return
    venues = count(len(value.voices), "venue")
    with st.container(horizontal=True, gap="medium", vertical_alignment="center", key="consensus"):
        st.metric(f"{plain(symbol)}, median of {venues}", tiles.number(value.last), width="content")
        st.metric("Agree", f"{value.agreeing} of {len(value.voices)}", width="content")
        st.metric("Spread between them", f"{value.spread_pct:.3f} %", width="content")
    provenance.line(hub, found, "consensus")
    asked = max(value.quorum, len(value.voices))
    if len(value.voices) < value.quorum:
        st.caption(f":material/info: {len(value.voices)} of the {asked} that were wanted could say a price.")
    if value.dissenting:
        who = listed([provenance.name_of(hub, one) for one in value.dissenting])
        st.warning(f"**{who} dissents** from the others: see each one's price.", icon=":material/call_split:")
    with st.expander("Each venue's own price", icon=":material/groups:", key="voices"):
        st.table(_voices(hub, value), alt="The price of each venue that was asked")


def _voices(hub: Hub, value: Consensus) -> pd.DataFrame:
    table = {
        "Venue": [provenance.name_of(hub, voice.provider) for voice in value.voices],
        "Host": [plain(voice.host) for voice in value.voices],
        "Price": [tiles.number(voice.price) for voice in value.voices],
        "From the median": [f"{voice.off_pct:+.3f} %" for voice in value.voices],
        "Verdict": ["● agrees" if voice.agrees else "≠ dissents" for voice in value.voices],
        "Its own time": ["not said" if voice.time is None else utc(voice.time) for voice in value.voices],
    }
    return pd.DataFrame(table, index=pd.RangeIndex(1, len(value.voices) + 1, name="No."))


def book(hub: Hub, symbol: str, found: Answer[OrderBook] | KintsugiError) -> None:
    """How much stands on either side."""
    st.markdown(f"##### Order book of {plain(symbol)}")
    if failed(f"order book of {plain(symbol)}", found):
        return
    assert isinstance(found, Answer)  # noqa: S101 - what did not fail
    provenance.line(hub, found, "book")
    value = found.value
    if not value.bids or not value.asks:
        side = "bid" if not value.bids else "ask"
        st.info(f"Nobody has a {side} in this book just now. Press Refresh later.", icon=":material/inbox:")
        return
    said = about_book(value)
    st.plotly_chart(
        depth_figure(value), key="depth", config={"displayModeBar": False}, alt=f"Depth of {symbol}: {said}"
    )
    st.caption(said)


def about_book(value: OrderBook) -> str:
    """Best prices, the distance between them, and what stands near the middle; Markdown."""
    base, _, quote = value.symbol.partition("/")
    bid, ask = value.bids[0][0], value.asks[0][0]
    middle = (bid + ask) / 2
    low, high = middle * (1 - NEAR / 100), middle * (1 + NEAR / 100)
    buys = summed([level for level in value.bids if level[0] >= low])
    sells = summed([level for level in value.asks if level[0] <= high])
    return (
        f"Best bid {tiles.number(bid)}, best ask {tiles.number(ask)} {quote}: "
        f"{(ask - bid) / middle * 1e4:.3g} basis points apart. Within {NEAR} % of the middle, of "
        f"{len(value.bids)} and {len(value.asks)} levels read: {tiles.number(buys[-1] if buys else 0)} {base} "
        f"bid, {tiles.number(sells[-1] if sells else 0)} {base} asked."
    )


def mood(hub: Hub, found: Answer[Sentiment] | KintsugiError) -> None:
    """Fear and greed, and how that went."""
    st.markdown("##### Fear and greed")
    if failed("mood of the market", found):
        return
    assert isinstance(found, Answer)  # noqa: S101 - what did not fail
    value = found.value
    index = (value.score + 1) * 50 if value.index is None else value.index
    st.metric(plain(value.label), f"{index:.0f} of 100", help=plain(value.method), width="content")
    provenance.line(hub, found, "mood")
    if len(value.history) > 1:
        oldest = value.history[-1][0]
        st.plotly_chart(
            mood_figure(value.history),
            key="mood",
            config={"displayModeBar": False},
            alt=f"Fear (0) and greed (100) since {utc(oldest)}: now {index:.0f}",
        )
        st.caption("0 is extreme fear, 100 extreme greed.")


def whole(hub: Hub, found: Answer[MarketOverview] | KintsugiError) -> None:
    """The market as a whole."""
    st.markdown("##### The market as a whole")
    if failed("figures of the whole market", found):
        return
    assert isinstance(found, Answer)  # noqa: S101 - what did not fail
    value = found.value
    rows = [
        ("Capitalisation", f"{tiles.large(value.market_cap_usd)} USD", tiles.change(value.change_24h_pct))
    ]
    if value.volume_24h_usd is not None:
        rows.append(("Traded in 24 hours", f"{tiles.large(value.volume_24h_usd)} USD", ""))
    for name, share in (("BTC", value.btc_dominance_pct), ("ETH", value.eth_dominance_pct)):
        if share is not None:
            rows.append((f"Share of {name}", f"{share:.1f} %", ""))
    provenance.line(hub, found, "whole")
    st.markdown("  \n".join(f"{label}: **{said}** {beside}" for label, said, beside in rows))


def figures(
    hub: Hub, base: str, found: Mapping[str, Answer[OnChainFigure] | NoAnswer] | KintsugiError
) -> None:
    """Figures of the asset's chain; each opens where it comes from."""
    st.markdown("##### On chain")
    if failed("figures of chains", found):
        return
    assert not isinstance(found, KintsugiError)  # noqa: S101 - what did not fail
    if len(found) == 1:
        st.caption(f"No figures of a chain of {plain(base)} are in the catalogue.")
    with st.container(horizontal=True, gap="small", key="figures"):
        for name, one in found.items():
            known = METRICS[name]
            label = known.label.partition(": ")[2] or known.label
            label = label[0].upper() + label[1:]
            if isinstance(one, NoAnswer):
                tiles.tile(hub, label, "–", one, name)
            else:
                said = f"{tiles.large(one.value.value)} {one.value.unit}".strip()
                tiles.tile(hub, label, said, one, name)
