"""From what is seen at one moment to findings, rule by rule. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.engine.snapshot import EndpointHealth, Snapshot
from core.ops.alerts.archived import bad_archive, bad_series
from core.ops.alerts.machine import Finding
from core.ops.alerts.rules import Rule
from core.ops.alerts.watchlist import Watched, crossings
from core.ops.capacity import Capacity
from core.ops.scores import Score

FEWEST_ANSWERS = 10
"""Below so many answers a share of them says nothing."""
FEWEST_CALLS = 10
ENOUGH = 3
"""From so many providers on, those that were never asked do not count."""
DOWN = frozenset({"unavailable"})
REFUSING = frozenset({"throttled", "blocked"})
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Seen:
    """One moment. ``now``: UTC seconds."""

    now: float
    snapshot: Snapshot
    capacity: Capacity | None = None
    answers: Mapping[str, int] = field(default_factory=dict)
    """Tier → answers of the last five minutes; ``none`` for those that could not be given."""
    failed_writes: int = 0
    """Of the last five minutes."""
    gone_in: Mapping[str, float] = field(default_factory=dict)
    """What is being used up, in words → seconds until it is gone."""
    watched: tuple[Watched, ...] = ()
    prices: Mapping[str, float | None] = field(default_factory=dict)
    """Symbol → its price; None when nobody says."""
    scores: Mapping[str, Score] = field(default_factory=dict)
    """Archived series → its newest score."""


def findings(seen: Seen, rules: Mapping[str, Rule]) -> list[Finding]:
    """All of this moment, for the rules that are on."""
    found = [
        *_endpoints(seen),
        *_old(seen, rules["old_answers"]),
        *bad_series(seen.scores, rules["series_usable"], rules["series_quality"]),
        *bad_archive(seen.scores, rules["archive_usable"]),
        *_performance(seen, rules["slow"], rules["failing"]),
        *_capacity(seen, rules["disk"], rules["memory"]),
        *_running_out(seen, rules["runs_out"]),
        *crossings(seen.watched, seen.prices, (rules["price"].level or 0.0) / 100),
    ]
    return [finding for finding in found if rules[finding.rule].enabled]


def _endpoints(seen: Seen) -> Iterator[Finding]:
    told = seen.snapshot
    if told.offline:
        yield Finding("offline", "this machine", "critical", "No provider can be reached from this machine.")
    # While it is us, nothing is known of them: what is open stays, and nothing new begins.
    sure = not told.offline
    for provider in told.providers.values():
        ill = {name: state for name, state in provider.capabilities.items() if state in DOWN | REFUSING}
        if down := [name for name, state in ill.items() if state in DOWN]:
            text = f"{provider.name} is down: {_why(seen, provider.provider, down)}"
            yield Finding("provider_down", provider.provider, "warning", text, None, sure)
        if refusing := [name for name, state in ill.items() if state in REFUSING]:
            kinds = " and ".join(sorted({ill[name] for name in refusing}))
            text = f"{provider.name} refuses us ({kinds}): {_why(seen, provider.provider, refusing)}"
            yield Finding("refused", provider.provider, "warning", text, None, sure)
        untrue = [row for row in _of(seen, provider.provider) if row.truth != "closed"]
        if untrue:
            what = ", ".join(sorted({row.capability for row in untrue}))
            text = f"{provider.name} gives untrue data ({what}): {untrue[0].last_error}."
            yield Finding("dissent", provider.provider, "warning", text, None, sure)
    yield from _nobody_left(told, sure=sure)


def _nobody_left(told: Snapshot, *, sure: bool) -> Iterator[Finding]:
    states: dict[str, list[str]] = {}
    for provider in told.providers.values():
        for capability, state in provider.capabilities.items():
            if state not in {"disabled", "isolated"}:
                states.setdefault(capability, []).append(state)
    for capability, all_of_them in states.items():
        known = [state for state in all_of_them if state != "unknown"]
        # A few may serve none of the symbols that are asked for, and so never be asked.
        asked = len(known) == len(all_of_them) or len(known) >= ENOUGH
        if known and asked and all(state in DOWN | REFUSING for state in known):
            text = f"Nobody is left for {capability}: all {len(known)} providers asked are down or refuse."
            yield Finding("nobody_left", capability, "critical", text, float(len(known)), sure)


def _old(seen: Seen, rule: Rule) -> Iterator[Finding]:
    assert rule.level is not None  # noqa: S101 - so it is declared
    whole = sum(seen.answers.values())
    if whole < FEWEST_ANSWERS:
        if whole:
            yield Finding(rule.name, "answers", "warning", "Too few answers to say.", None, sure=False)
        return
    stale, none = seen.answers.get("stale", 0), seen.answers.get("none", 0)
    share = 100 * (stale + none) / whole
    if share > rule.easy:
        text = f"Of the last {whole} answers {stale} were stale and {none} could not be given."
        yield Finding(rule.name, "answers", "warning", text, share, share > rule.level)


def _performance(seen: Seen, slow: Rule, failing: Rule) -> Iterator[Finding]:
    assert slow.level is not None  # noqa: S101 - so it is declared
    assert failing.level is not None  # noqa: S101
    for row in seen.snapshot.endpoints.values():
        if row.calls < FEWEST_CALLS or row.state not in {"healthy", "degraded"}:
            continue
        if row.p95 is not None and row.p95 > slow.easy:
            text = f"{row.endpoint} is slow: of its last answers, one in twenty took over {row.p95:.2f} s."
            yield Finding(slow.name, row.endpoint, "warning", text, row.p95, row.p95 > slow.level)
        share = None if row.success_rate is None else 100 * (1 - row.success_rate)
        if share is not None and share > failing.easy:
            text = f"{row.endpoint} fails often: {share:.0f} % of its last tries. {row.last_error}."
            yield Finding(failing.name, row.endpoint, "warning", text, share, share > failing.level)


def _capacity(seen: Seen, disk: Rule, memory: Rule) -> Iterator[Finding]:
    if seen.failed_writes:
        text = f"{seen.failed_writes} writes to the data folder failed in the last five minutes."
        yield Finding("disk_writes", "data folder", "critical", text, float(seen.failed_writes))
    have = seen.capacity
    if have is None:
        return
    assert disk.level is not None  # noqa: S101 - so it is declared
    assert memory.level is not None  # noqa: S101
    if have.disk_free is not None and have.disk_total:
        share = 100 * have.disk_free / have.disk_total
        if share < disk.easy:
            text = f"{share:.1f} % of the disk with the data folder is free: {_size(have.disk_free)}."
            severe = share < disk.level / 4
            yield Finding(
                disk.name, "disk", "critical" if severe else "warning", text, share, share < disk.level
            )
    if have.memory_used is not None and have.memory_limit:
        share = 100 * have.memory_used / have.memory_limit
        if share > memory.easy:
            text = f"{_size(have.memory_used)} of memory used, {share:.0f} % of what there is."
            severe = share > (memory.level + 100) / 2
            yield Finding(
                memory.name, "memory", "critical" if severe else "warning", text, share, share > memory.level
            )


def _running_out(seen: Seen, rule: Rule) -> Iterator[Finding]:
    assert rule.level is not None  # noqa: S101 - so it is declared
    for what, seconds in seen.gone_in.items():
        days = seconds / DAY
        if days < rule.easy:
            date = datetime.fromtimestamp(seen.now + seconds, UTC)
            text = f"{what} runs out on {date:%Y-%m-%d at %H:%M} UTC, if it goes on as in the last hours."
            severe = days < min(1.0, rule.level / 4)
            yield Finding(rule.name, what, "critical" if severe else "warning", text, days, days < rule.level)


def _why(seen: Seen, provider: str, capabilities: Iterable[str]) -> str:
    """What is ill and why, in words: ``candles, price (timeout: no answer in 4 s).``"""
    names = sorted(capabilities)
    rows = [row for row in _of(seen, provider) if row.capability in names and (row.reason or row.last_error)]
    reason = f" ({rows[0].reason or rows[0].last_error})" if rows else ""
    return f"{', '.join(names)}{reason}."


def _of(seen: Seen, provider: str) -> list[EndpointHealth]:
    return [row for row in seen.snapshot.endpoints.values() if row.provider == provider]


def _size(count: int) -> str:
    amount = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
