"""A transformers model in this process: the extra ``transformers``, and a model's name or folder in the settings.

Nothing of it is imported before the first text. The model is looked up by the library itself: in its cache, in a
folder, or on the Hub unless HF_HUB_OFFLINE forbids it.
"""

from importlib import import_module
from typing import Any

from core.answer import BadPayload, ProviderDown
from core.engine.local import Ask
from core.market import Query, Sentiment, SentimentQuery
from core.models.model import ModelProvider
from core.wire.values import clip

NAME = "transformers"
PRIORITY = 450
"""Before VADER: somebody asked for it."""
MOST_TOKENS = 512
"""What models of this kind take; the rest of a text is cut off."""
LABELS: dict[str, float] = {
    "positive": 1.0,
    "bullish": 1.0,
    "label_2": 1.0,
    "neutral": 0.0,
    "label_1": 0.0,
    "negative": -1.0,
    "bearish": -1.0,
    "label_0": -1.0,
}
"""Labels of usual models of moods. Those without names of their own count from negative to positive."""


def local_transformers(model: str) -> ModelProvider:
    """The provider ``transformers`` of the sentiment of a text, by this model."""

    def load() -> Any:
        try:
            library = import_module("transformers")
        except ImportError as error:
            raise ProviderDown(f"needs the extra: pip install 'kintsugi[transformers]' ({error})") from error
        return library.pipeline("text-classification", model=model, top_k=None)

    async def apply(made: Any, query: Query, _ask: Ask, _seconds: float) -> tuple[Sentiment, tuple[str, ...]]:
        assert isinstance(query, SentimentQuery)  # noqa: S101 - the router asks for nothing else
        said = await provider.run(lambda: made(query.text, truncation=True, max_length=MOST_TOKENS))
        return read(said, model), ()

    provider = ModelProvider(
        NAME,
        "Local transformers",
        "sentiment",
        load,
        apply,
        PRIORITY,
        about=f"The model {model} in this process, by the transformers library.",
        slow=True,
    )
    return provider


def read(said: Any, model: str) -> Sentiment:
    """Every label's mood, weighed by its probability. BadPayload for labels that say nothing of a mood."""
    rows = said[0] if isinstance(said, list) and said and isinstance(said[0], list) else said
    try:
        found = {str(row["label"]).casefold(): float(row["score"]) for row in rows}
    except (TypeError, KeyError, ValueError) as error:
        raise BadPayload(f"{clip(said)}: expected a list of labels with scores") from error
    # Two labels without names are negative and positive.
    moods = LABELS | {"label_1": 1.0} if set(found) == {"label_0", "label_1"} else LABELS
    if unknown := sorted(set(found) - set(moods)):
        raise BadPayload(
            f"its labels are {', '.join(map(clip, unknown))}: expected some of {' '.join(LABELS)}"
        )
    whole = sum(found.values())
    if not found or not 0 < whole <= len(found):  # NaN is neither
        raise BadPayload(f"{clip(said)}: expected probabilities")
    likeliest = max(found, key=found.__getitem__)
    score = sum(moods[label] * chance for label, chance in found.items()) / whole
    label = {1.0: "positive", 0.0: "neutral", -1.0: "negative"}[moods[likeliest]]
    return Sentiment(score, label, f"{model}, in this process", confidence=found[likeliest])
