"""Indicators on the candles page: choosing them, in the address too, and what they say together."""

import pandas as pd
import streamlit as st

from core.answer import Answer, NoAnswer
from core.chosen import Chosen, parse, parse_all
from core.hub import Hub
from core.indicators import indicators
from core.market import Summary, TechnicalQuery
from core.ui import words
from core.ui.asked import Asked

KEY = "indicators"
"""Of the widget, and of the address: ``?indicators=rsi(14),ema(20)``."""
KEPT = "indicators_kept"
"""Session state: the choice, while another page is open."""
PROBLEMS = "indicators_problems"
"""Session state: what was wrong with the words given last."""

MOST = 12
"""Indicators chosen at once."""
WARM_UP, STEP = 1000, 250
"""Most candles fetched before the window, and in which steps: the next choice finds them in the cache."""

BETWEEN = " · "
LEANS = {1: "▲ up", 0: "● neither", -1: "▼ down"}


def choose() -> tuple[Chosen, ...]:
    """The indicators to draw. What is none is named and left out."""
    if KEY not in st.session_state:
        _keep(st.query_params.get_all(KEY) or [st.session_state.get(KEPT, "")])
    picked = st.multiselect(
        "Indicators",
        [parse(name).word for name in indicators()],
        key=KEY,
        format_func=_told,
        accept_new_options=True,
        on_change=_changed,
        placeholder="None. Choose, or type one with its parameters: ema(50)",
        help="Type to choose other parameters: `rsi(21)`, `macd(8,21,5)`, `bollinger(20,2.5)`.",
    )
    for problem in st.session_state.pop(PROBLEMS, ()):
        stop = "" if problem.endswith("?") else "."
        st.warning(f"{words.plain(problem)}{stop} Left out.", icon=":material/link_off:")
    chosen, _ = parse_all(map(_word, picked))
    address = ",".join(one.word for one in chosen)
    st.session_state[KEPT] = address
    if address and st.query_params.get_all(KEY) != [address]:
        st.query_params[KEY] = address
    elif not address and KEY in st.query_params:
        del st.query_params[KEY]
    return tuple(chosen)


def warm_up(chosen: tuple[Chosen, ...]) -> int:
    """Candles wanted before the window, so that its first one has a settled value."""
    before = max((one.converged for one in chosen), default=1) - 1
    return min(WARM_UP, -(-before // STEP) * STEP)


@st.fragment
def say(hub: Hub, asked: Asked) -> None:
    """What a handful of indicators say at the newest candle; asked for only while this is open."""
    opened = st.expander(
        "What the indicators say", icon=":material/record_voice_over:", key="say", on_change="rerun"
    )
    if not opened.open:
        return
    query = asked.query
    with opened:
        try:
            answer: Answer[Summary] = hub.fetch(
                TechnicalQuery(query.symbol, query.interval, allow_quote=query.allow_quote)
            )
        except NoAnswer as failed:
            st.info(f"Nothing to say: {words.plain(str(failed))}.", icon=":material/inbox:")
            return
        _summary(answer)


def _summary(answer: Answer[Summary]) -> None:
    said = answer.value
    reading = {"up": "▲ **More lean up.**", "down": "▼ **More lean down.**", "mixed": "● **Mixed.**"}
    newest = f" At {words.utc(pd.Timestamp(said.time))}." if said.time else ""
    st.markdown(f"{reading.get(said.reading or '', '')} {words.plain(said.reason)}{newest}".strip())
    if said.signals:
        st.table(
            pd.DataFrame(
                {
                    "Leans": [LEANS[signal.lean] for signal in said.signals],
                    "Indicator": [_name(signal.indicator) for signal in said.signals],
                    "Why": [words.plain(signal.reason) for signal in said.signals],
                }
            ).set_index("Leans"),
            alt="Each indicator that leans, with its reason",
        )
    if said.missing:
        st.markdown("\n".join(f"- {words.plain(entry.reason)}" for entry in said.missing))
    told = ["Rules of thumb, not advice", *answer.notes, f"computed {words.ago(answer.age)} ({answer.tier})"]
    st.caption(f"{words.plain('; '.join(told))}.")


def _name(name: str) -> str:
    return words.plain(parse(name).declared.title)


def _told(word: str) -> str:
    """An option of the list; what is found by its name, its title and its family."""
    declared = parse(word).declared
    return f"{word}{BETWEEN}{declared.title}{BETWEEN}{declared.family}"


def _word(told: str) -> str:
    """Back from :func:`_told`: of what was typed, Streamlit hands out the told form the next time."""
    return told.split(BETWEEN, maxsplit=1)[0]


def _changed() -> None:
    _keep(st.session_state[KEY])


def _keep(given: list[str]) -> None:
    """Into the widget what is an indicator, and onto the page what is not."""
    chosen, problems = parse_all(map(_word, given))
    if len(chosen) > MOST:
        left = ", ".join(one.word for one in chosen[MOST:])
        problems.append(f"indicators: at most {MOST} at once, so not {left}")
    st.session_state[KEY] = [one.word for one in chosen[:MOST]]
    st.session_state[PROBLEMS] = problems
