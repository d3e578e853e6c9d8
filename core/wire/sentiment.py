"""The mood of the market, or of a text: how it is asked for, where in the answer it stands, and how it is read."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from core.answer import BadPayload
from core.market import Query, Sentiment, SentimentQuery
from core.wire.calls import Call, Timed
from core.wire.fields import Dotted
from core.wire.figures import At
from core.wire.paths import MISSING, find, show_path
from core.wire.values import clip
from core.wire.words import plain_text

MOST_HISTORY = 100
SLACK = 0.02
"""By so much the probabilities of all labels may miss one together, for they are rounded."""

_MOODS = (
    (25.0, "Extreme Fear"),
    (45.0, "Fear"),
    (56.0, "Neutral"),
    (76.0, "Greed"),
    (101.0, "Extreme Greed"),
)


class SentimentCall(Timed):
    """The mood of the market: an index, the newest first where ``rows`` leads to a list.

    ``low`` and ``high`` are the index's ends: fear and greed.
    """

    rows: Dotted | None = None
    index: At
    label: Dotted | None = None
    low: float = 0.0
    high: float = 100.0
    measures: Annotated[str, Field(min_length=1)]
    """What is measured, in a few words."""

    @model_validator(mode="after")
    def _ends_differ(self) -> "SentimentCall":
        if self.low >= self.high:
            raise ValueError(f"low={self.low}: expected less than high={self.high}")
        return self

    def fits(self, query: Query) -> bool:
        return isinstance(query, SentimentQuery) and query.text is None

    def lacks(self, query: Query) -> str:
        del query
        return "the mood of the market only, not of a text"


class TextSentimentCall(Call):
    """The sentiment of a text, by a model elsewhere: labels, each with its probability. ``{text}`` is the text.

    A list in a list is looked into, as answers to several texts are.
    """

    rows: Dotted = ()
    label: Dotted
    probability: Dotted
    labels: Annotated[
        dict[str, Annotated[float, Field(ge=-1, le=1)]],
        Field(min_length=2),
        AfterValidator(lambda known: {name.casefold(): score for name, score in known.items()}),
    ]
    """The model's label, in any case → what it says of the mood, from -1 to 1."""
    measures: Annotated[str, Field(min_length=1)]
    """Which model, in a few words."""

    @classmethod
    def template_names(cls) -> set[str]:
        return {"text"}

    def fits(self, query: Query) -> bool:
        return isinstance(query, SentimentQuery) and query.text is not None

    def lacks(self, query: Query) -> str:
        del query
        return "the sentiment of a text only, not the mood of the market"


def read_sentiment(
    call: SentimentCall | TextSentimentCall, query: SentimentQuery, body: Any, _now: float | None = None
) -> Sentiment:
    """The mood now, and earlier ones where the answer has them; or that of a text."""
    del query
    if isinstance(call, TextSentimentCall):
        return _of_text(call, body)
    rows = [body] if call.rows is None else find(body, call.rows)
    if not isinstance(rows, list) or not rows:
        shown = "missing" if rows is MISSING else clip(rows)
        raise BadPayload(f"{show_path(call.rows or ())} is {shown}, expected a list of moods")
    history = []
    for number, row in enumerate(rows[:MOST_HISTORY], 1):
        at = call.moment(row)
        score = _score(call, row, f"row {number}: index")
        history.append((at, score))
    at, score = history[0]
    index = (score + 1.0) * 50.0
    said = plain_text(call.said(rows[0], call.label), 40)
    label = said or next(word for limit, word in _MOODS if index < limit)
    dated = tuple((moment, value) for moment, value in history if moment is not None)
    return Sentiment(score, label, call.measures, round(index, 6), history=dated, time=at)


def _of_text(call: TextSentimentCall, body: Any) -> Sentiment:
    """Every label's mood, weighed by its probability."""
    rows = find(body, call.rows)
    if isinstance(rows, list) and rows and isinstance(rows[0], list):
        rows = rows[0]
    if not isinstance(rows, list) or not rows:
        shown = "missing" if rows is MISSING else clip(rows)
        raise BadPayload(f"{show_path(call.rows)} is {shown}, expected a list of labels")
    found: dict[str, float] = {}
    for number, row in enumerate(rows, 1):
        label, chance = find(row, call.label), find(row, call.probability)
        if not isinstance(label, str) or label.casefold() not in call.labels or label.casefold() in found:
            raise BadPayload(
                f"label {number} is {clip(label)}, expected each of {' '.join(call.labels)} once"
            )
        if isinstance(chance, bool) or not isinstance(chance, int | float) or not 0 <= chance <= 1:
            raise BadPayload(f"the probability of {label} is {clip(chance)}, expected 0 to 1")
        found[label.casefold()] = float(chance)
    whole = sum(found.values())
    if abs(whole - 1.0) > SLACK:
        raise BadPayload(f"the labels' probabilities are {whole:g} together: some are missing")
    likeliest = max(found, key=found.__getitem__)
    score = sum(call.labels[label] * chance for label, chance in found.items()) / whole
    return Sentiment(score, likeliest, call.measures, confidence=found[likeliest])


def _score(call: SentimentCall, row: Any, what: str) -> float:
    value = call.index.read(row, what, call.root)
    if value is None:
        raise BadPayload(f"{what} is missing")
    if not call.low <= value <= call.high:
        raise BadPayload(f"{what} is {value:g}, expected {call.low:g} to {call.high:g}")
    return (value - call.low) / (call.high - call.low) * 2.0 - 1.0
