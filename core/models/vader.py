"""VADER, the embedded sentiment model: a lexicon and rules, no network, no download, the same text always the same.

C. Hutto and E. Gilbert, VADER: a parsimonious rule-based model for sentiment analysis of social media text, 2014.
"""

import re
from typing import Any

from core.engine.local import Ask
from core.market import Query, Sentiment, SentimentQuery
from core.models.lexicon import PHRASES, WORDS
from core.models.model import ModelProvider

NAME = "vader"
PRIORITY = 500
NEUTRAL = 0.05
"""Compound scores nearer to zero are called neutral, as VADER's authors have it."""
MOST_EMOJI = 200
"""Of a text; each becomes several words, and VADER takes the square of their number in time."""
METHOD = "VADER's lexicon and rules, with crypto words of our own"

_PHRASES = re.compile("|".join(map(re.escape, sorted(PHRASES, key=len, reverse=True))), re.IGNORECASE)


def vader() -> ModelProvider:
    """The provider ``vader`` of the sentiment of a text."""
    return ModelProvider(
        NAME,
        "VADER",
        "sentiment",
        _load,
        _apply,
        PRIORITY,
        about="A lexicon and rules in this process, with crypto words of our own; English, sentence by sentence.",
    )


def _load() -> Any:
    # Only when it is needed: it reads two files of thousands of lines.
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # noqa: PLC0415

    analyzer = SentimentIntensityAnalyzer()
    analyzer.lexicon.update(WORDS)
    return analyzer


async def _apply(
    analyzer: Any, query: Query, _ask: Ask, _seconds: float
) -> tuple[Sentiment, tuple[str, ...]]:
    assert isinstance(query, SentimentQuery)  # noqa: S101 - the router asks for nothing else
    assert query.text is not None  # noqa: S101 - it serves nothing else
    return scored(analyzer, query.text), ()


def scored(analyzer: Any, text: str) -> Sentiment:
    """The sentiment of a text: VADER's compound score."""
    text = _PHRASES.sub(lambda found: PHRASES[found[0].lower()], text)
    said = analyzer.polarity_scores(_fewer_emoji(analyzer, text))
    score = float(said["compound"])
    label = "positive" if score >= NEUTRAL else "negative" if score <= -NEUTRAL else "neutral"
    return Sentiment(score, label, METHOD)


def _fewer_emoji(analyzer: Any, text: str) -> str:
    places = [place for place, sign in enumerate(text) if sign in analyzer.emojis]
    return text if len(places) <= MOST_EMOJI else text[: places[MOST_EMOJI]]
