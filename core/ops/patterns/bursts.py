"""One error at many places within a short time: it has one cause, here or at a provider. Pure."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from core.ops.events import AttemptFailed, Event
from core.ops.patterns.pattern import Pattern

BURST = 60.0
"""Seconds within which one error at several places is thought to have one cause."""
ONE_FINDING = 900.0
"""Seconds of quiet after which the same error is another finding."""
OURS_FEWEST = 3
"""Providers that must show it, and their share of all that were asked at that time."""
OURS_SHARE = 0.6
HOSTS_FEWEST = 2


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
    spans = _spans(ours)

    def explained(event: AttemptFailed) -> bool:
        place = bisect_right(spans, event.time, key=lambda span: span[0]) - 1
        return place >= 0 and event.time <= spans[place][1]

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


_CHANGING = re.compile(r"\b[0-9a-f]{8,}\b|\d+(?:\.\d+)?|[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.IGNORECASE)


def signature_of(event: AttemptFailed) -> str:
    """An error without what differs from one time to the next: numbers, addresses, names of hosts."""
    text = _unchanging(event.detail[:1000])
    status = f" {event.status}" if event.status is not None else ""
    return f"{event.outcome}{status}: {text}" if text else f"{event.outcome}{status}"


@lru_cache(maxsize=4096)
def _unchanging(detail: str) -> str:
    return _CHANGING.sub("…", detail)[:80]


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


def _spans(ours: Sequence[Pattern]) -> list[tuple[float, float]]:
    """From when to when findings explain what failed beside them, in order and apart from one another."""
    spans: list[tuple[float, float]] = []
    for since, until in sorted((one.since - BURST, one.until + BURST) for one in ours):
        if spans and since <= spans[-1][1]:
            spans[-1] = spans[-1][0], max(spans[-1][1], until)
        else:
            spans.append((since, until))
    return spans


def _asked(those: Sequence[AttemptFailed], asked: Mapping[int, int]) -> int:
    """The most providers that were asked in one of the minutes of these failures."""
    minutes = range(int(those[0].time // 60) * 60, int(those[-1].time) + 1, 60)
    return max((asked.get(minute, 0) for minute in minutes), default=0)


def _host(target: str) -> str:
    return target.partition("@")[2]


def _provider(target: str) -> str:
    return target.partition("/")[0]
