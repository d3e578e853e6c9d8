"""Prometheus metrics of a hub, from its snapshot and its counts. No state of its own, nothing global.

Labels are names of the catalogue, of outcomes and of states, so that their number is bounded. All carry
``world``: ``live`` or ``lab``.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from core.engine.health import SEVERITY
from core.engine.snapshot import EndpointHealth, Snapshot
from core.ops.alerts import Alert
from core.ops.stats import Stats
from core.version import VERSION

ENDPOINT = ("provider", "capability", "host", "world")


@dataclass(frozen=True, slots=True)
class Scrape:
    """What one scrape tells."""

    snapshot: Snapshot
    stats: Stats
    alerts: Sequence[Alert]
    """Those that are open."""


def exposition(scrape: Scrape | None, accept: str) -> tuple[bytes, str]:
    """The text and its content type, in the format that the Accept header asks for.

    None: the hub is not open; then there is only the process itself.
    """
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    registry.register(_Hub(scrape))
    encode, kind = choose_encoder(accept)
    return encode(registry), kind


class _Hub(Collector):
    def __init__(self, scrape: Scrape | None) -> None:
        self._scrape = scrape

    def collect(self) -> Iterable[Metric]:
        """All families, each built anew."""
        yield _gauge("hub_open", "Whether the hub is open.", [((), float(self._scrape is not None))])
        if self._scrape is None:
            return
        told, stats = self._scrape.snapshot, self._scrape.stats
        world = "lab" if told.lab else "live"
        info = InfoMetricFamily("kintsugi_build", "Which version this is.")
        info.add_metric([], {"version": VERSION})
        yield info
        yield from _whole(told, stats, world)
        yield from _providers(told, world)
        yield from _endpoints(told, world)
        yield from _counts(told, stats, world)
        open_ones: Counter[tuple[str, str, str]] = Counter(
            (alert.severity, alert.state, world) for alert in self._scrape.alerts
        )
        yield _gauge(
            "alerts",
            "Open alerts.",
            [
                (labels, open_ones[labels])
                for severity in ("warning", "critical")
                for state in ("firing", "acknowledged")
                for labels in [(severity, state, world)]
            ],
            labels=("severity", "state", "world"),
        )


def _whole(told: Snapshot, stats: Stats, world: str) -> Iterator[Metric]:
    for name, help_text, number in (
        ("offline", "Whether this machine reaches no provider at all.", told.offline),
        ("queries_under_way", "Questions being worked on.", stats.under_way),
        ("cached_answers", "Answers in the cache.", stats.cached),
    ):
        yield _gauge(name, help_text, [((world,), number)], labels=("world",))
    yield _gauge("uptime_seconds", "Since the hub was opened.", [((), stats.seconds)])
    have = stats.capacity
    for name, help_text, value in (
        ("disk_free_bytes", "Left where the data folder is.", have.disk_free),
        ("disk_size_bytes", "Of the file system that holds the data folder.", have.disk_total),
        ("memory_limit_bytes", "What this process may have at most.", have.memory_limit),
    ):
        if value is not None:
            yield _gauge(name, help_text, [((), value)])
    yield _counter("write_errors", "Disk writes that failed.", [((), stats.write_errors)])


def _providers(told: Snapshot, world: str) -> Iterator[Metric]:
    yield _gauge(
        "provider_state",
        "1 for the state that a provider is in.",
        [
            ((entry.provider, state, world), entry.state == state)
            for entry in told.providers.values()
            for state in SEVERITY
        ],
        labels=("provider", "state", "world"),
    )
    yield _gauge(
        "provider_quota_left_ratio",
        "Share that is left of a provider's tightest limit.",
        [
            ((entry.provider, world), entry.quota_left)
            for entry in told.providers.values()
            if entry.quota_left is not None
        ],
        labels=("provider", "world"),
    )


def _endpoints(told: Snapshot, world: str) -> Iterator[Metric]:
    entries = list(told.endpoints.values())
    seen = [entry for entry in entries if entry.calls]

    def labels(entry: EndpointHealth, *more: str) -> tuple[str, ...]:
        return (entry.provider, entry.capability, entry.host, world, *more)

    yield _gauge(
        "circuit_open",
        "1 while a circuit lets nothing through, by what opened it: errors, or untrue data.",
        [(labels(entry, "errors"), entry.circuit == "open") for entry in entries]
        + [(labels(entry, "truth"), entry.truth == "open") for entry in entries],
        labels=(*ENDPOINT, "axis"),
    )
    yield _gauge(
        "endpoint_cooldown_seconds",
        "Until an endpoint may be asked again.",
        [(labels(entry), entry.cooldown) for entry in entries if entry.cooldown],
        labels=ENDPOINT,
    )
    yield _gauge(
        "endpoint_success_ratio",
        "Of the last 50 tries.",
        [(labels(entry), entry.success_rate) for entry in seen if entry.success_rate is not None],
        labels=ENDPOINT,
    )
    for name, share in (("p50", "half"), ("p95", "95 %")):
        yield _gauge(
            f"endpoint_latency_{name}_seconds",
            f"What {share} of the last 50 answers stayed below.",
            [(labels(entry), value) for entry in seen if (value := getattr(entry, name)) is not None],
            labels=ENDPOINT,
        )
    yield _gauge(
        "endpoint_last_success_timestamp_seconds",
        "When an endpoint last answered.",
        [(labels(entry), entry.last_ok) for entry in seen if entry.last_ok is not None],
        labels=ENDPOINT,
    )


def _counts(told: Snapshot, stats: Stats, world: str) -> Iterator[Metric]:
    yield _counter(
        "attempts",
        "Tries at an endpoint, by what became of them.",
        [
            ((entry.provider, entry.capability, entry.host, world, outcome), count)
            for entry in told.endpoints.values()
            for outcome, count in entry.outcomes.items()
        ],
        labels=(*ENDPOINT, "outcome"),
    )
    yield _counter(
        "answers",
        "Answers given, by tier; none for questions that nobody could answer.",
        [
            ((capability, tier), count)
            for capability, tiers in stats.answers.items()
            for tier, count in tiers.items()
        ],
        labels=("capability", "tier"),
    )


Samples = Sequence[tuple[tuple[str, ...], float | int | bool]]


def _gauge(name: str, help_text: str, samples: Samples, *, labels: tuple[str, ...] = ()) -> Metric:
    family = GaugeMetricFamily(f"kintsugi_{name}", help_text, labels=labels)
    for values, number in samples:
        family.add_metric(values, float(number))
    return family


def _counter(name: str, help_text: str, samples: Samples, *, labels: tuple[str, ...] = ()) -> Metric:
    family = CounterMetricFamily(f"kintsugi_{name}", help_text, labels=labels)
    for values, number in samples:
        family.add_metric(values, float(number))
    return family
