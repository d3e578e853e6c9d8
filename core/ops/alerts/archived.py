"""Findings about archived candles, by their newest scores: series by series, and all together. Pure."""

from collections.abc import Iterator, Mapping

from core.ops.alerts.machine import Finding
from core.ops.alerts.rules import Rule
from core.ops.scores import Score

SERIES_MOST = 20
"""Series that alerts begin for, the worst: beyond them the rule of the whole archive has said enough."""
ENOUGH = 3
"""Series below which nothing is said of the archive as a whole."""
NAMED = 3


def bad_series(scores: Mapping[str, Score], usable: Rule, quality: Rule) -> Iterator[Finding]:
    """Series that cannot be relied on as they stand, and those whose raw candles are bad."""
    judged = {series: score for series, score in scores.items() if score.quality is not None}
    for series, score, sure in _below(usable, {series: one.usable for series, one in judged.items()}):
        said = (
            f"{series}: of {judged[series].rows:,} archived candles {100 * score:.0f} % can be relied on, repairs "
            f"included (quality {judged[series].quality:.2f})."
        )
        severe = score < (usable.level or 0.0) / 2
        yield Finding(usable.name, series, "critical" if severe else "warning", said, score, sure)
    for series, score, sure in _below(
        quality, {series: one.quality or 0.0 for series, one in judged.items()}
    ):
        said = (
            f"{series}: quality {score:.2f} of {judged[series].rows:,} archived candles as they came; "
            f"{100 * judged[series].usable:.0f} % can be relied on, repairs included."
        )
        yield Finding(quality.name, series, "warning", said, score, sure)


def bad_archive(scores: Mapping[str, Score], rule: Rule) -> Iterator[Finding]:
    """The archive as a whole."""
    judged = {series: score.usable for series, score in scores.items() if score.quality is not None}
    if len(judged) < ENOUGH:
        return
    mean = sum(judged.values()) / len(judged)
    for _, value, sure in _below(rule, {"archive": mean}):
        worst = ", ".join(sorted(judged, key=lambda series: judged[series])[:NAMED])
        said = (
            f"Of the candles of {len(judged):,} archived series {100 * value:.0f} % can be relied on, repairs "
            f"included; the worst: {worst}."
        )
        yield Finding(rule.name, "archive", "warning", said, value, sure)


def _below(rule: Rule, values: Mapping[str, float]) -> Iterator[tuple[str, float, bool]]:
    """Those below a rule's gentler level, the lowest first, and whether that is sure."""
    assert rule.level is not None  # noqa: S101 - so it is declared
    low = sorted((value, name) for name, value in values.items() if value < rule.easy)
    for place, (value, name) in enumerate(low):
        yield name, value, value < rule.level and place < SERIES_MOST
