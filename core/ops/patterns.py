"""Patterns in what went wrong: pure functions over rows of the journal, each finding with its evidence.

Times are UTC seconds since 1970. A finding is a reason to look, said in a sentence; nothing acts on it.
"""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Any, Literal

from core.ops.events import AttemptFailed, CircuitOpened, Event, ShapeChanged
from core.ops.read import JournalReader, Rollup

PatternName = Literal[
    "recurring_hour", "flapping", "our_network", "their_outage", "latency_drift", "schema_drift"
]

HOUR_DAYS = 3
"""Days on which the same hour must have gone badly, and the share of its days that it must be."""
HOUR_SHARE = 0.6
HOUR_CALLS = 3
"""Attempts below which an hour says nothing; and from which share of failures on it went badly."""
HOUR_BAD = 0.5
FLAPS = 4
"""Openings of one circuit within FLAP_SECONDS that make it flapping."""
FLAP_SECONDS = 3600.0
BURST = 60.0
"""Seconds within which one error at several places is thought to have one cause."""
ONE_FINDING = 900.0
"""Seconds of quiet after which the same error is another finding."""
OURS_FEWEST = 3
"""Providers that must show it, and their share of all that were asked at that time."""
OURS_SHARE = 0.6
HOSTS_FEWEST = 2
DRIFT_HOURS = 12
"""Hours with answers that a trend of latency is taken from; its significance in standard deviations (Mann and
Kendall's), and from which change on it matters."""
DRIFT_SIGMAS = 3.0
DRIFT_CHANGE = 0.5
DRIFT_LEAST = 0.05
"""Seconds below which no change of latency matters."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One finding. ``since`` … ``until``: the rows that it rests on."""

    name: PatternName
    target: str
    since: float
    until: float
    summary: str
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def recurring_hour(target: str, hours: Sequence[Rollup]) -> list[Pattern]:
    """An hour of the day (UTC) in which it goes badly day after day, while other hours go well.

    ``hours``: its roll-ups by the hour.
    """
    shares: dict[int, dict[float, float]] = defaultdict(dict)
    for row in hours:
        judged = row.good + row.failed + row.refused
        if judged >= HOUR_CALLS:
            shares[_hour(row.start)][row.start] = (row.failed + row.refused) / judged
    found = []
    for hour, days in shares.items():
        bad = [start for start, share in days.items() if share >= HOUR_BAD]
        others = [share for other, rest in shares.items() if other != hour for share in rest.values()]
        if len(bad) < HOUR_DAYS or len(bad) < HOUR_SHARE * len(days) or not others:
            continue
        elsewhere = sum(share >= HOUR_BAD for share in others) / len(others)
        if elsewhere > len(bad) / len(days) / 3:
            continue
        found.append(
            Pattern(
                "recurring_hour",
                target,
                min(bad),
                max(bad) + 3600,
                f"{target} fails between {hour:02d}:00 and {(hour + 1) % 24:02d}:00 UTC on {len(bad)} of "
                f"{len(days)} days",
                {
                    "hour": hour,
                    "days": [_day(start) for start in sorted(bad)],
                    "seen": len(days),
                    "bad_elsewhere": round(elsewhere, 3),
                },
            )
        )
    return found


def flapping(events: Iterable[Event]) -> list[Pattern]:
    """Circuits that open again and again within an hour: neither well nor down."""
    opened: dict[str, list[float]] = defaultdict(list)
    for event in events:
        if isinstance(event, CircuitOpened) and event.axis == "circuit":
            opened[event.target].append(event.time)
    found = []
    for target, times in opened.items():
        times.sort()
        best: list[float] = []
        first = 0
        for last, at in enumerate(times):
            while at - times[first] > FLAP_SECONDS:
                first += 1
            if last - first + 1 > len(best):
                best = times[first : last + 1]
        if len(best) >= FLAPS:
            minutes = max(1, round((best[-1] - best[0]) / 60))
            said = f"{target} opened {len(best)} times in {minutes} min: it recovers, and fails again"
            found.append(Pattern("flapping", target, best[0], best[-1], said, {"openings": best}))
    return found


def our_network(events: Iterable[Event], asked: Mapping[int, int]) -> list[Pattern]:
    """One error of the connection at many providers at once: most likely it is this machine's network.

    ``asked``: minute (UTC seconds) → how many providers were asked in it.
    """

    def wide(those: Sequence[AttemptFailed]) -> bool:
        providers = len({_provider(event.target) for event in those})
        return providers >= max(OURS_FEWEST, OURS_SHARE * _asked(those, asked))

    found = []
    connection = [event for event in events if _of_the_connection(event)]
    for signature, those in _together(connection, wide):
        providers = sorted({_provider(event.target) for event in those})
        since, until = those[0].time, those[-1].time
        asked_then = max(len(providers), _asked(those, asked))
        found.append(
            Pattern(
                "our_network",
                "",
                since,
                until,
                f"{len(providers)} of {asked_then} providers failed alike in {until - since:.0f} s "
                f"({signature}): most likely our own network",
                {"signature": signature, "providers": providers, "failures": len(those)},
            )
        )
    return found


def their_outage(
    events: Iterable[Event], hosts: Mapping[str, int], ours: Sequence[Pattern] = ()
) -> list[Pattern]:
    """One error at several hosts of one provider at once: it is theirs. ``hosts``: provider → how many it has.

    ``ours``: what :func:`our_network` found, which explains the rest.
    """

    def explained(event: AttemptFailed) -> bool:
        return any(one.since - BURST <= event.time <= one.until + BURST for one in ours)

    def wide(those: Sequence[AttemptFailed]) -> bool:
        return len({_host(event.target) for event in those}) >= HOSTS_FEWEST

    by_provider: dict[str, list[AttemptFailed]] = defaultdict(list)
    for event in events:
        if isinstance(event, AttemptFailed) and event.blamed and not explained(event):
            by_provider[_provider(event.target)].append(event)
    found = []
    for provider, failed in by_provider.items():
        for signature, those in _together(failed, wide):
            names = sorted({_host(event.target) for event in those})
            found.append(
                Pattern(
                    "their_outage",
                    provider,
                    those[0].time,
                    those[-1].time,
                    f"{len(names)} of {hosts.get(provider, len(names))} hosts of {provider} failed alike "
                    f"({signature}): the fault is theirs, not one host's",
                    {"signature": signature, "hosts": names, "failures": len(those)},
                )
            )
    return found


def latency_drift(target: str, hours: Sequence[Rollup]) -> list[Pattern]:
    """A slow trend of the median latency: Theil and Sen's slope, held against Mann and Kendall's test."""
    points = [(row.start, row.p50) for row in hours if row.p50 is not None and row.good >= HOUR_CALLS]
    count = len(points)
    if count < DRIFT_HOURS:
        return []
    slopes, score = [], 0
    for at, (start, value) in enumerate(points):
        for later, other in points[at + 1 :]:
            slopes.append((other - value) / (later - start))
            score += (other > value) - (other < value)
    spread = math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    slope, usual = median(slopes), median(value for _, value in points)
    since, until = points[0][0], points[-1][0]
    change = slope * (until - since)
    if abs(score) / spread < DRIFT_SIGMAS or abs(change) < max(DRIFT_LEAST, DRIFT_CHANGE * usual):
        return []
    before, after = usual - change / 2, usual + change / 2
    word = "slower" if change > 0 else "quicker"
    days = (until - since) / 86_400
    return [
        Pattern(
            "latency_drift",
            target,
            since,
            until + 3600,
            f"{target} grows {word}: about {max(0.0, before) * 1000:.0f} ms to {max(0.0, after) * 1000:.0f} ms "
            f"in {days:.1f} days",
            {
                "milliseconds_a_day": round(slope * 86_400_000, 1),
                "sigmas": round(score / spread, 1),
                "hours": count,
                "median_seconds": usual,
            },
        )
    ]


def schema_drift(events: Iterable[Event]) -> list[Pattern]:
    """Bodies that can no longer be read, with what differs from the last good one."""
    latest: dict[str, ShapeChanged] = {}
    first: dict[str, float] = {}
    for event in sorted(events, key=lambda event: event.time):
        if isinstance(event, ShapeChanged):
            latest[event.target] = event
            first.setdefault(event.target, event.time)
    return [
        Pattern(
            "schema_drift",
            target,
            first[target],
            event.time,
            f"{target} answers in another shape: {event.detail}",
            {"gone": list(event.gone), "new": list(event.new), "changed": list(event.changed)},
        )
        for target, event in latest.items()
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
    for target in journal.targets(since):
        hours = journal.rollups(target, "hour", since=since)
        found += recurring_hour(target, hours) + latency_drift(target, hours)
    return sorted(found, key=lambda pattern: -pattern.until)


_CHANGING = re.compile(r"\b[0-9a-f]{8,}\b|\d+(?:\.\d+)?|[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.IGNORECASE)


def signature_of(event: AttemptFailed) -> str:
    """An error without what differs from one time to the next: numbers, addresses, names of hosts."""
    text = _CHANGING.sub("…", event.detail[:1000])[:80]
    status = f" {event.status}" if event.status is not None else ""
    return f"{event.outcome}{status}: {text}" if text else f"{event.outcome}{status}"


def _of_the_connection(event: Event) -> bool:
    return isinstance(event, AttemptFailed) and event.outcome in {"timeout", "refused"}


def _together(
    events: Iterable[Event], wide: Callable[[Sequence[AttemptFailed]], bool]
) -> list[tuple[str, list[AttemptFailed]]]:
    """Failures alike within a short time that are ``wide`` enough; what goes on is one finding."""
    found: list[tuple[str, list[AttemptFailed]]] = []
    failed = sorted((event for event in events if isinstance(event, AttemptFailed)), key=lambda e: e.time)
    latest: dict[str, list[AttemptFailed]] = {}
    for signature, those in _bursts(failed):
        if not wide(those):
            continue
        before = latest.get(signature)
        if before is not None and those[0].time - before[-1].time <= ONE_FINDING:
            before += those
        else:
            latest[signature] = those
            found.append((signature, those))
    return found


def _bursts(failed: Iterable[AttemptFailed]) -> list[tuple[str, list[AttemptFailed]]]:
    """Failures by signature, cut so that each lot lies within a short time; in order of their beginnings."""
    found: list[tuple[str, list[AttemptFailed]]] = []
    running: dict[str, list[AttemptFailed]] = {}
    for event in failed:
        signature = signature_of(event)
        those = running.get(signature)
        if those is not None and event.time - those[0].time <= BURST:
            those.append(event)
        else:
            running[signature] = [event]
            found.append((signature, running[signature]))
    return found


def _asked(those: Sequence[AttemptFailed], asked: Mapping[int, int]) -> int:
    """The most providers that were asked in one of the minutes of these failures."""
    minutes = range(int(those[0].time // 60) * 60, int(those[-1].time) + 1, 60)
    return max((asked.get(minute, 0) for minute in minutes), default=0)


def _host(target: str) -> str:
    return target.partition("@")[2]


def _provider(target: str) -> str:
    return target.partition("/")[0]


def _hour(seconds: float) -> int:
    return datetime.fromtimestamp(seconds, UTC).hour


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
