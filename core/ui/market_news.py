"""News on the market page: everything that comes from outside is shown as the text that it is."""

import time
from collections.abc import Mapping
from urllib.parse import quote, urlsplit, urlunsplit

import streamlit as st

from core.answer import Answer, KintsugiError
from core.hub import Hub
from core.market import NewsItem, Sentiment
from core.outlook import Headlines
from core.ui import provenance
from core.ui.market_blocks import failed
from core.ui.words import ago, plain, utc
from core.wire.words import address, plain_text

EVERYTHING = "everything"
MOST_TITLE = 300
CLEAR = 0.05
"""A mood within this distance of 0 is neither good nor bad."""
ABOUT = "market_topic"


def chosen(base: str) -> str | None:
    """The topic of the news: the asset, or None for everything."""
    about = st.session_state.get(ABOUT, "asset")
    return None if about == EVERYTHING else base


def headlines(hub: Hub, base: str, found: Headlines | KintsugiError) -> None:
    """Titles with their moods, newest first; addresses by their host."""
    st.markdown("##### News")
    st.segmented_control(
        "About",
        ["asset", EVERYTHING],
        format_func=lambda about: base if about == "asset" else EVERYTHING,
        default="asset",
        required=True,
        key=ABOUT,
        label_visibility="collapsed",
    )
    if failed("news", found):
        return
    assert isinstance(found, Headlines)  # noqa: S101 - what did not fail
    provenance.line(hub, found.answer, "news")
    if not len(found.answer.value):
        st.info(f"No news about {plain(base)}. Choose *everything*.", icon=":material/inbox:")
        return
    st.markdown("\n".join(entry(item, found.moods) for item in found.answer.value))
    if found.moods:
        method = next(iter(found.moods.values()))
        st.caption(f"Moods by {provenance.name_of(hub, method.source)}: {plain(method.value.method)}.")
    if found.why:
        st.caption(f":material/info: Titles without a mood could not be judged: {plain(found.why)}")


def entry(item: NewsItem, moods: Mapping[str, Answer[Sentiment]]) -> str:
    """One line of a list, as Markdown that means nothing but itself."""
    about = [plain(plain_text(item.publisher, 80))]
    if item.published is not None:
        about.append(f"{ago(time.time() - item.published.timestamp())} ({utc(item.published)})")
    about.append(link(item.url))
    judged = moods.get(item.title)
    said = f" {_mood(judged.value)}" if judged is not None else ""
    title = plain(plain_text(item.title, MOST_TITLE)) or "without a title"
    return f"- **{title}**{said}  \n  :gray[{' · '.join(filter(None, about[:-1]))}] · {about[-1]}"


def link(url: str) -> str:
    """The host as a link, of http(s) addresses without a user's name; else as mere text."""
    if (checked := address(url)) is None:
        return plain("no address that can be opened")
    parts = urlsplit(checked)
    try:
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return plain("no address that can be opened")
    whole = urlunsplit((parts.scheme, host + port, *parts[2:]))
    # What Markdown would read as the end of the address, or a browser as something else, is escaped.
    return f"[{plain(host)}]({quote(whole, safe=':/?#@!$&+,;=%~-._')})"


def _mood(value: Sentiment) -> str:
    if value.score > CLEAR:
        return f":green-badge[▲ {plain(value.label)} {value.score:+.2f}]"
    if value.score < -CLEAR:
        return f":red-badge[▼ {plain(value.label)} {value.score:+.2f}]"
    return f":gray-badge[= {plain(value.label)}]"
