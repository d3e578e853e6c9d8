"""What is alarming, rule by rule; when something runs out; levels of the watchlist."""

import dataclasses
import re

import hypothesis.strategies as st
import pytest
from hypothesis import given

from core.engine.snapshot import EndpointHealth, ProviderHealth, Snapshot
from core.ops.alerts import RULES, Watched
from core.ops.alerts.burn import SPACING, Burn
from core.ops.alerts.evaluate import DAY, Seen, findings
from core.ops.alerts.machine import Finding
from core.ops.alerts.watchlist import crossings
from core.ops.capacity import Capacity
from core.ops.scores import Score

NOW = 1_780_000_000.0
GIGA = 10**9


def endpoint(name: str = "kraken/price@api.kraken.com", **changes: object) -> EndpointHealth:
    provider, _, rest = name.partition("/")
    capability, _, host = rest.partition("@")
    values = {field.name: None for field in dataclasses.fields(EndpointHealth)} | {
        "endpoint": name,
        "provider": provider,
        "capability": capability,
        "host": host,
        "state": "healthy",
        "circuit": "closed",
        "truth": "closed",
        "errors": 0,
        "calls": 50,
        "outcomes": {},
        "reason": "",
        "last_error": "",
        "cooldown": 0.0,
    }
    return EndpointHealth(**{**values, **changes})


def snapshot(*rows: EndpointHealth, offline: bool = False) -> Snapshot:
    providers = {}
    for row in rows:
        held = providers.setdefault(row.provider, {})
        held[row.capability] = row.state
    made = {
        name: ProviderHealth(name, name.title(), "unknown", states, None)
        for name, states in providers.items()
    }
    values = {field.name: None for field in dataclasses.fields(Snapshot)} | {
        "time": NOW,
        "offline": offline,
        "providers": made,
        "endpoints": {row.endpoint: row for row in rows},
    }
    return Snapshot(**values)


def found(seen: Seen, **changes: dict[str, object]) -> dict[str, Finding]:
    rules = {name: rule.changed(**changes.get(name, {})) for name, rule in RULES.items()}
    return {finding.rule: finding for finding in findings(seen, rules)}


def test_all_is_well() -> None:
    have = Capacity(100, 1000, 50 * GIGA, 100 * GIGA)
    assert not found(Seen(NOW, snapshot(endpoint()), have, {"primary": 100}))


def test_a_provider_is_down_and_why() -> None:
    row = endpoint(state="unavailable", circuit="open", last_error="timeout: no answer in 4 s")
    one = found(Seen(NOW, snapshot(row, endpoint("okx/price@www.okx.com"))))["provider_down"]
    assert (one.subject, one.sure) == ("kraken", True)
    assert one.text == "Kraken is down: price (timeout: no answer in 4 s)."


@pytest.mark.parametrize("state", ["throttled", "blocked"])
def test_a_provider_refuses(state: str) -> None:
    one = found(Seen(NOW, snapshot(endpoint(state=state, reason="HTTP 451"))))["refused"]
    assert one.text == f"Kraken refuses us ({state}): price (HTTP 451)."


def test_untrue_data() -> None:
    row = endpoint(state="dissenting", truth="open", last_error="truth: 9 % off")
    assert set(found(Seen(NOW, snapshot(row)))) == {"dissent"}


def test_nobody_left_only_when_all_that_can_be_asked_are_ill() -> None:
    down = [endpoint(f"p{n}/price@h{n}.example", state="unavailable", circuit="open") for n in range(3)]
    resting = endpoint("p9/price@h9.example", state="throttled")
    unasked = endpoint("p8/price@h8.example", state="unknown")
    assert "nobody_left" not in found(Seen(NOW, snapshot(*down, endpoint())))
    assert "nobody_left" not in found(Seen(NOW, snapshot(down[0], unasked)))
    one = found(Seen(NOW, snapshot(*down, resting, unasked)))["nobody_left"]
    assert (one.subject, one.severity, one.value) == ("price", "critical", 4)


def test_offline_blames_nobody() -> None:
    told = found(Seen(NOW, snapshot(endpoint(state="unavailable", circuit="open"), offline=True)))
    assert told["offline"].sure
    assert not told["provider_down"].sure
    assert not told["nobody_left"].sure


@pytest.mark.parametrize(
    ("answers", "sure", "value"),
    [
        ({"primary": 100}, None, None),
        ({"primary": 80, "stale": 20}, False, 20),
        ({"primary": 60, "stale": 30, "none": 10}, True, 40),
        ({"none": 9}, False, None),
        ({"primary": 90, "cache": 1000}, None, None),
    ],
)
def test_old_answers(answers: dict[str, int], sure: bool | None, value: float | None) -> None:
    one = found(Seen(NOW, snapshot(), answers=answers)).get("old_answers")
    assert (one and one.sure, one and one.value) == (sure, value)


@pytest.mark.parametrize(("p95", "sure"), [(2.0, None), (2.5, False), (3.5, True)])
def test_slow(p95: float, sure: bool | None) -> None:
    one = found(Seen(NOW, snapshot(endpoint(p95=p95)))).get("slow")
    assert (one and one.sure) == sure
    assert not found(Seen(NOW, snapshot(endpoint(p95=p95, calls=5))))
    assert not found(Seen(NOW, snapshot(endpoint(p95=p95, state="unknown"))))


@pytest.mark.parametrize(("rate", "sure"), [(0.9, None), (0.6, False), (0.4, True)])
def test_failing(rate: float, sure: bool | None) -> None:
    one = found(Seen(NOW, snapshot(endpoint(success_rate=rate)))).get("failing")
    assert (one and one.sure) == sure


@pytest.mark.parametrize(
    ("free", "severity", "sure"),
    [(7, None, None), (5.5, "warning", False), (4, "warning", True), (1, "critical", True)],
)
def test_disk(free: float, severity: str | None, sure: bool | None) -> None:
    have = Capacity(None, None, int(free * GIGA), 100 * GIGA)
    one = found(Seen(NOW, snapshot(), have)).get("disk")
    assert (one and one.severity, one and one.sure) == (severity, sure)


@pytest.mark.parametrize(
    ("used", "severity", "sure"),
    [(70, None, None), (83, "warning", False), (90, "warning", True), (95, "critical", True)],
)
def test_memory(used: int, severity: str | None, sure: bool | None) -> None:
    one = found(Seen(NOW, snapshot(), Capacity(used, 100, None, None))).get("memory")
    assert (one and one.severity, one and one.sure) == (severity, sure)


def archived(**scores: tuple[float | None, float]) -> Seen:
    """``name`` → quality and usable."""
    made = {
        f"kraken {name}/USD 1h": Score(quality, usable, 500) for name, (quality, usable) in scores.items()
    }
    return Seen(NOW, snapshot(), scores=made)


@pytest.mark.parametrize(
    ("usable", "severity", "sure"),
    [
        (0.95, None, None),
        (0.89, None, None),
        (0.87, "warning", False),
        (0.80, "warning", False),
        (0.79, "warning", True),
        (0.39, "critical", True),
    ],
)
def test_a_series_that_cannot_be_relied_on(usable: float, severity: str | None, sure: bool | None) -> None:
    one = found(archived(BTC=(0.9, usable), ETH=(1.0, 1.0))).get("series_usable")
    assert (one and one.severity, one and one.sure) == (severity, sure)
    if one:
        assert (one.subject, one.value) == ("kraken BTC/USD 1h", usable)
        assert one.text == (
            f"kraken BTC/USD 1h: of 500 archived candles {100 * usable:.0f} % can be relied on, repairs included "
            "(quality 0.90)."
        )


@pytest.mark.parametrize(("quality", "sure"), [(None, None), (0.6, None), (0.55, False), (0.49, True)])
def test_a_series_whose_candles_came_in_bad_quality(quality: float | None, sure: bool | None) -> None:
    one = found(archived(BTC=(quality, 0.95)), series_quality={"enabled": True}).get("series_quality")
    assert (one and one.sure) == sure
    assert not found(archived(BTC=(quality, 0.95))), "off at first: there is nothing that a person could do"


def test_too_few_candles_to_judge_alarm_nobody() -> None:
    assert not found(archived(BTC=(None, 0.0), ETH=(None, 0.0), SOL=(None, 0.0), XRP=(None, 0.0)))


def test_the_archive_as_a_whole_names_the_worst() -> None:
    seen = archived(BTC=(1.0, 0.85), ETH=(1.0, 0.82), SOL=(1.0, 0.99))
    one = found(seen)["archive_usable"]
    assert (one.subject, one.sure, round(one.value or 0, 3)) == ("archive", True, 0.887)
    assert "of 3 archived series 89 % can be relied on" in one.text
    assert one.text.endswith("the worst: kraken ETH/USD 1h, kraken BTC/USD 1h, kraken SOL/USD 1h.")
    assert "archive_usable" not in found(archived(BTC=(1.0, 0.1), ETH=(1.0, 0.1))), (
        "two say little of a whole"
    )
    assert not found(archived(BTC=(1.0, 0.95), ETH=(1.0, 0.92), SOL=(1.0, 0.99)))


def test_alerts_begin_for_the_worst_series_and_stay_with_those_that_have_one() -> None:
    many = {f"A{n:02d}": (0.9, 0.5 + n / 1000) for n in range(30)}
    rules = dict(RULES)
    sure = [
        one.subject for one in findings(archived(**many), rules) if one.rule == "series_usable" and one.sure
    ]
    assert sure == [f"kraken A{n:02d}/USD 1h" for n in range(20)]
    unsure = [
        one for one in findings(archived(**many), rules) if one.rule == "series_usable" and not one.sure
    ]
    assert len(unsure) == 10


def test_what_runs_out_says_when() -> None:
    one = found(Seen(NOW, snapshot(), gone_in={"CoinGecko's quota": 3 * DAY}))["runs_out"]
    assert (one.subject, one.severity, one.sure, one.value) == ("CoinGecko's quota", "warning", True, 3)
    assert one.text.startswith("CoinGecko's quota runs out on 2026-05-31 at 20:26 UTC")
    assert found(Seen(NOW, snapshot(), gone_in={"The disk": DAY / 2}))["runs_out"].severity == "critical"
    assert not found(Seen(NOW, snapshot(), gone_in={"The disk": 9 * DAY}))


def test_a_rule_can_be_switched_off_and_set() -> None:
    seen = Seen(NOW, snapshot(endpoint(p95=2.0)), failed_writes=1)
    assert set(found(seen)) == {"disk_writes"}
    assert set(found(seen, slow={"level": 1}, disk_writes={"enabled": False})) == {"slow"}


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("slow", {"level": 0}, "slow: level=0: expected 0.05 to 60 s"),
        ("slow", {"level": True}, "level=True"),
        ("provider_down", {"level": 1}, "expected none"),
        ("slow", {"hold": -1}, "hold=-1: expected 0 to 604800 seconds"),
        ("slow", {"clear": "soon"}, "clear='soon'"),
        ("slow", {"enabled": 1}, "enabled=1: expected true or false"),
        ("slow", {"title": "x"}, "title: no such thing in a rule"),
    ],
)
def test_a_rule_takes_only_what_makes_sense(name: str, changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        RULES[name].changed(**changes)


def burnt(*lefts: float) -> Burn:
    burn = Burn()
    for at, left in enumerate(lefts):
        burn.seen(left, at * SPACING)
    return burn


def test_a_line_through_what_was_left() -> None:
    burn = burnt(*(1000 - 10 * n for n in range(20)))
    assert burn.gone_in(19 * SPACING) == pytest.approx(81 * SPACING)
    assert burnt(*[1000.0] * 20).gone_in(19 * SPACING) is None
    assert burnt(*(1000 + n for n in range(20))).gone_in(19 * SPACING) is None
    assert burnt(1000, 990, 980).gone_in(2 * SPACING) is None, "too little is known"


def test_a_quota_that_was_filled_up_begins_anew() -> None:
    before = [100 - 9 * n for n in range(10)]
    after = [1000 - n for n in range(11)]
    assert burnt(*before, *after).gone_in(20 * SPACING) == pytest.approx(990 * SPACING, rel=0.01)


@given(st.lists(st.floats(0, 1e12), max_size=400), st.floats(0, 1e5))
def test_a_forecast_is_never_in_the_past(lefts: list[float], later: float) -> None:
    burn = burnt(*lefts)
    gone = burn.gone_in(len(lefts) * SPACING + later)
    assert gone is None or gone >= 0
    assert len(burn.points) <= 360


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (99.0, []),
        (99.9, [("BTC/USDT above 100", False)]),
        (100.0, [("BTC/USDT above 100", True)]),
        (50.05, [("BTC/USDT below 50", False)]),
        (50.0, [("BTC/USDT below 50", True)]),
        (None, [("BTC/USDT above 100", False), ("BTC/USDT below 50", False)]),
    ],
)
def test_levels_of_the_watchlist(last: float | None, expected: list[tuple[str, bool]]) -> None:
    one = Watched("btc/usdt", above=100, below=50, note="mine")
    crossed = list(crossings([one], {"BTC/USDT": last}, 0.002))
    assert [(finding.subject, finding.sure) for finding in crossed] == expected


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"symbol": "BTC"}, "symbol='BTC'"),
        ({"symbol": "BTC/USD", "above": 0}, "above='0': expected a price above 0"),
        ({"symbol": "BTC/USD", "below": float("nan")}, "below='nan'"),
        ({"symbol": "BTC/USD", "above": float("inf")}, "above='inf'"),
        ({"symbol": "BTC/USD", "above": 1, "below": 2}, "below=2: expected less than above=1"),
        ({"symbol": "BTC/USD", "note": "x" * 201}, "note"),
    ],
)
def test_a_watched_symbol_makes_sense(fields: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        Watched(**fields)
