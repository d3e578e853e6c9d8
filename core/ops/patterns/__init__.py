"""Patterns in what went wrong, each finding with its evidence.

A finding is a reason to look, said in a sentence; nothing acts on it.
"""

from collections.abc import Mapping

from core.ops.patterns.bursts import our_network, signature_of, their_outage
from core.ops.patterns.pattern import Pattern, PatternName
from core.ops.patterns.trends import latency_drift, recurring_hour
from core.ops.patterns.turns import flapping, schema_drift
from core.ops.read import JournalReader

__all__ = [
    "Pattern",
    "PatternName",
    "flapping",
    "latency_drift",
    "our_network",
    "patterns",
    "recurring_hour",
    "schema_drift",
    "signature_of",
    "their_outage",
]


def patterns(
    journal: JournalReader, *, now: float, hosts: Mapping[str, int], days: float = 7.0
) -> list[Pattern]:
    """All of them, the latest first, over the last ``days`` of a journal. Takes a while: not for a loop.

    ``hosts``: provider → how many hosts it has.
    """
    since = now - days * 86_400
    kinds = ("attempt", "circuit_opened", "shape")
    events = list(reversed(journal.events(kinds=kinds, since=since, limit=10_000)))
    ours = our_network(events, journal.providers_by_minute(since))
    found = [*ours, *their_outage(events, hosts, ours), *flapping(events), *schema_drift(events)]
    for target, hours in journal.hours(since).items():
        found += recurring_hour(target, hours) + latency_drift(target, hours)
    return sorted(found, key=lambda pattern: -pattern.until)
