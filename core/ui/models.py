"""The models page: how they do, a sentence to try, and predictions with what their record is worth."""

import time
from typing import Any

import pandas as pd
import streamlit as st

from core import charts
from core.answer import Answer, KintsugiError, NoAnswer
from core.engine.target import MODEL
from core.hub import Hub
from core.market import INTERVALS, Prediction, Sentiment, parse_symbol
from core.market.around import MOST_TEXT
from core.models import CAPABILITIES, ModelStatus
from core.ops.heal import MODELS
from core.ui import authority, states, tags, words
from core.ui.asked import SYMBOLS, not_offered, say_wrong

DOES = {"sentiment": "sentiment of a text", "ai_prediction": "prediction"}
MOODS = {"positive": ("green", "sentiment_satisfied"), "negative": ("red", "sentiment_dissatisfied")}
DIRECTIONS = {"up": "▲ up", "down": "▼ down", "unsure": "– unsure"}
ANY = "whoever answers first"
EXAMPLE = "Bitcoin soars to a new all-time high as ETF inflows surge"
HORIZONS = (1, 2, 4, 8, 12, 24)
_DONE = "models_done"


def show(hub: Hub) -> None:
    """Three questions: do they work, what do they make of this sentence, what do they foretell and how well."""
    top = st.container()
    rows = _models(hub)
    st.subheader("Try a sentence", anchor=False, divider="gray")
    _try(hub, [row for row in rows if row.capability == "sentiment"])
    st.subheader("Predictions", anchor=False, divider="gray")
    _predictions(hub, [row for row in rows if row.capability == "ai_prediction"])
    with top:  # drawn last: what was asked below counts
        rows = _models(hub)
        st.markdown(f"##### {sentence(rows)}")
        _states(rows)
        _anew(hub, rows)


def _models(hub: Hub) -> list[ModelStatus]:
    """Models of moods and of prices; the indicator engine has a page of its own."""
    return sorted(
        (row for row in hub.models() if row.capability in CAPABILITIES), key=lambda row: row.capability
    )


def sentence(rows: list[ModelStatus]) -> str:
    """All of them in one sentence."""
    asked = [row for row in rows if row.state not in {"unknown", "disabled"}]
    if ill := [f"{words.plain(row.name)} {states.of(row.state).word}" for row in rows if row.ill]:
        return f"{len(ill)} of {words.count(len(rows), 'model')} need attention: {words.listed(ill)}."
    if not asked:
        return f"{words.count(len(rows), 'model')}, none asked yet: each is loaded when it is first needed."
    return f"{words.count(len(rows), 'model')}, {len(asked)} asked so far, none in trouble."


def _states(rows: list[ModelStatus]) -> None:
    now = time.time()
    table = pd.DataFrame(
        {
            "Model": [row.name for row in rows],
            "Does": [DOES[row.capability] for row in rows],
            "State": [tags.of(row.state) for row in rows],
            "Runs": ["here" if row.here else "elsewhere" for row in rows],
            "Load": [None if row.load_seconds is None else row.load_seconds * 1000 for row in rows],
            "Calls": [row.calls for row in rows],
            "Errors": [row.errors for row in rows],
            "p95": [None if row.p95 is None else row.p95 * 1000 for row in rows],
            "Last success": ["" if row.last_ok is None else words.ago(now - row.last_ok) for row in rows],
            "Why": [words.cell(row.ill or row.last_error) for row in rows],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "Model": st.column_config.TextColumn(pinned=True),
            "State": tags.COLUMN,
            "Load": st.column_config.NumberColumn(format="%.0f ms", help="What its last load took."),
            "Errors": st.column_config.NumberColumn(help="That are held against it now."),
            "p95": st.column_config.NumberColumn(format="%.0f ms", help="Of the last 50 successes."),
        },
        key="models",
        placeholder="",
        alt="Every model with what it does, its state, load time, calls, errors and latency",
    )
    with st.expander("What each of them does", icon=":material/help:", key="about"):
        st.markdown(
            "\n".join(f"- **{words.plain(row.name)}**: {words.plain(row.about)}" for row in rows if row.about)
            + "\n- A model of your own for texts: set `KINTSUGI_TRANSFORMERS_MODEL` to its name on the Hub or its "
            "folder, with the extra `transformers` installed.\n- Hugging Face needs a token, `HF_TOKEN`; it is asked "
            "when it is named, or when nobody here can answer."
        )


def _anew(hub: Hub, rows: list[ModelStatus]) -> None:
    """Start one anew, or all that failed: at most five at a time, for whoever may."""
    if reason := authority.refused():
        st.caption(f"Models cannot be started anew from here: {words.plain(reason)}.")
        return
    names = {row.model: row.name for row in rows if MODEL + row.model in hub.hub.healables}
    ill = sum(bool(row.ill) for row in rows)
    with st.container(horizontal=True, vertical_alignment="bottom", key="anew"):
        model = st.selectbox(
            "Model", list(names), format_func=lambda name: names[name], key="model", width=220
        )
        st.button(
            "Start it anew",
            icon=":material/restart_alt:",
            key="renew_one",
            on_click=_renew,
            args=(hub, f"{MODEL}{model}", True),
            help="Loads it again and asks it until it counts as healthy.",
        )
        st.button(
            f"Start all that failed ({ill})",
            icon=":material/healing:",
            key="renew_all",
            disabled=not ill,
            on_click=_renew,
            args=(hub, MODELS, False),
        )
    for line in st.session_state.pop(_DONE, ()):
        st.caption(line)


def _renew(hub: Hub, target: str, force: bool) -> None:
    if authority.refused():
        return
    try:
        result = hub.heal(target, force, who=authority.who())
    except (KintsugiError, OSError) as error:
        st.session_state[_DONE] = [words.plain(str(error))]
        return
    lines = [
        f"{words.plain(one.target)}: {one.outcome}. {words.plain(one.detail)}" for one in result.healings
    ]
    st.session_state[_DONE] = lines or ["Nothing has failed."]


def _try(hub: Hub, rows: list[ModelStatus]) -> None:
    """A text, and what is made of it. Who may not act asks the models of this process alone: others cost."""
    mine = rows if not authority.refused() else [row for row in rows if row.here]
    names = {row.model: row.name for row in mine}
    with st.form("sentence", border=False):
        text = st.text_area("Text", EXAMPLE, max_chars=MOST_TEXT, height=90, key="text")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            by = st.selectbox(
                "Asked", [ANY, *names], format_func=lambda name: names.get(name, name), key="by", width=260
            )
            asked = st.form_submit_button("Judge", icon=":material/psychology:", key="judge")
    if not asked:
        return
    order = tuple(names) if by == ANY else (by,)
    try:
        _judged(hub, hub.sentiment(text, providers=order))
    except ValueError as error:
        st.warning(words.plain(str(error)), icon=":material/edit:")
    except NoAnswer as failed:
        st.error(words.plain(str(failed)), icon=":material/block:")


def _judged(hub: Hub, answer: Answer[Sentiment]) -> None:
    value = answer.value
    color, icon = MOODS.get(value.label, ("gray", "sentiment_neutral"))
    name = hub.catalog[answer.source].name
    sure = "" if value.confidence is None else f" · {value.confidence:.0%} sure"
    with st.container(key="judged"):
        st.markdown(
            f":{color}-badge[:material/{icon}: {words.plain(value.label)}] **{value.score:+.2f}** "
            f"on a scale from −1 to +1{sure} · by **{words.plain(name)}** · {_where(answer)}"
        )
        st.caption(words.plain(value.method))
        for note in answer.notes:
            st.caption(f":material/info: {words.plain(note)}")
        for attempt in answer.attempts:
            if attempt.outcome != "ok":
                st.caption(f":material/subdirectory_arrow_right: {words.plain(str(attempt))}")


def _where(answer: Answer[Any]) -> str:
    age = (
        "asked just now"
        if answer.tier in {"primary", "fallback"}
        else f"{answer.tier}, {words.ago(answer.age)}"
    )
    return f"{':violet-badge[:material/science: LAB] ' if answer.lab else ''}{age}"


def _predictions(hub: Hub, rows: list[ModelStatus]) -> None:
    """Every method's word on one market, and how often it was right before."""
    wrong = not_offered("interval", INTERVALS, "1h")
    with st.container(horizontal=True, vertical_alignment="bottom", key="market"):
        typed = st.selectbox(
            "Symbol", SYMBOLS, key="symbol", bind="query-params", accept_new_options=True, width=170
        )
        interval = st.selectbox(
            "Interval",
            list(INTERVALS),
            index=list(INTERVALS).index("1h"),
            key="interval",
            bind="query-params",
            width=110,
        )
        horizon = st.selectbox(
            "Candles ahead",
            HORIZONS,
            key="horizon",
            width=140,
            help="Each record is measured for this distance; only outcomes that do not overlap are counted.",
        )
    symbol, said = SYMBOLS[0], ""
    try:
        symbol = "/".join(parse_symbol(typed or ""))
    except ValueError as error:
        said = f"{words.plain(str(error))}. Showing {symbol} instead."
    say_wrong(said, wrong)
    found: list[tuple[ModelStatus, Answer[Prediction]]] = []
    for row in rows:
        try:
            found.append((row, hub.prediction(symbol, interval, horizon, providers=(row.model,))))
        except NoAnswer as failed:
            st.info(f"**{words.plain(row.name)}**: {words.plain(str(failed))}", icon=":material/inbox:")
    if found:
        _foretold(found)


def worth(one: Prediction) -> str:
    """What a record is worth beside the base rate, in two words."""
    if one.hit_low is None or one.hit_high is None or one.base_rate is None:
        return "not tested"
    return (
        "better" if one.hit_low > one.base_rate else "worse" if one.hit_high < one.base_rate else "no better"
    )


def _foretold(found: list[tuple[ModelStatus, Answer[Prediction]]]) -> None:
    first = found[0][1]
    value = first.value
    since = words.utc(value.time) if value.time else "the newest closed candle"
    st.markdown(
        f"{':violet-badge[:material/science: LAB] ' if first.lab else ''}**{words.plain(value.symbol)}**, "
        f"{value.horizon} × {value.interval} from {value.last:,.8g} at {since}. A record is measured on candles that "
        "the method had not seen. **None of this is advice**; most records are no better than always saying the same."
    )
    told = [answer.value for _, answer in found]
    table = pd.DataFrame(
        {
            "Method": [row.name for row, _ in found],
            "Says": [DIRECTIONS[one.direction] for one in told],
            "Chance of up": [
                None if one.probability_up is None else one.probability_up * 100 for one in told
            ],
            "Right": [None if one.hit_rate is None else one.hit_rate * 100 for one in told],
            "95 % interval": [
                ""
                if one.hit_low is None or one.hit_high is None
                else f"{one.hit_low:.1%} – {one.hit_high:.1%}"
                for one in told
            ],
            "Base rate": [None if one.base_rate is None else one.base_rate * 100 for one in told],
            "Tests": [one.tested for one in told],
            "So": [worth(one) for one in told],
            "From": [answer.notes[1] if len(answer.notes) > 1 else "" for _, answer in found],
        }
    )
    per_cent = st.column_config.NumberColumn(format="%.1f %%")
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "Method": st.column_config.TextColumn(pinned=True),
            "Chance of up": per_cent,
            "Right": st.column_config.NumberColumn(
                format="%.1f %%", help="Out of sample. A coin toss has 50 %."
            ),
            "Base rate": st.column_config.NumberColumn(
                format="%.1f %%",
                help="How often the more frequent direction came true over the same candles.",
            ),
            "So": st.column_config.TextColumn(help="What the record is worth beside the base rate."),
        },
        key="predictions",
        placeholder="",
        alt="Every method's direction with its hit rate, the interval of that, and the base rate",
    )
    if any(one.tested for one in told):
        figure = charts.records_figure([(row.name, answer.value) for row, answer in found])
        st.plotly_chart(
            figure,
            key="records",
            config={"displayModeBar": False},
            alt="How often each method was right, with the interval of that, beside its base rate",
        )
