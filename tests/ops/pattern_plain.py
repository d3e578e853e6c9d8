"""Patterns found the plain way: every pair, every finding, one endpoint after the other. To compare with."""

import math
from statistics import median

from core.ops import patterns as p
from core.ops.patterns import bursts, trends


def drift(target, hours):
    points = [(row.start, row.p50) for row in hours if row.p50 is not None and row.good >= trends.HOUR_CALLS]
    count = len(points)
    if count < trends.DRIFT_HOURS:
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
    matters = max(trends.DRIFT_LEAST, trends.DRIFT_CHANGE * usual)
    if abs(score) / spread < trends.DRIFT_SIGMAS or abs(change) < matters:
        return []
    return [(target, since, until + 3600, slope * 86_400_000, score / spread, count, usual)]


def outages(events, hosts, ours):
    near = bursts.BURST
    left = [
        event
        for event in events
        if not any(one.since - near <= event.time <= one.until + near for one in ours)
    ]
    return p.their_outage(left, hosts)


def everything(journal, now, hosts):
    """(All but drifts, drifts)."""
    since = now - 7 * 86_400
    kinds = ("attempt", "circuit_opened", "shape")
    events = list(reversed(journal.events(kinds=kinds, since=since, limit=10_000)))
    ours = p.our_network(events, journal.providers_by_minute(since))
    found = [*ours, *outages(events, hosts, ours), *p.flapping(events), *p.schema_drift(events)]
    drifts = []
    for target in journal.uptimes("endpoint", now=now, hours=24 * 7):
        if "/check@" not in target:
            hours = journal.rollups(target, "hour", since=since)
            found += p.recurring_hour(target, hours)
            drifts += drift(target, hours)
    return found, drifts
