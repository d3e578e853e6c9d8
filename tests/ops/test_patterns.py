"""Patterns: found where they are, and not where they are not; a drift of schema reads like one."""

import json
import random

import pytest
from fakes import KRAKEN, ok, raw
from hypothesis import given
from hypothesis import strategies as st
from ops_world import events_of

from core.ops import patterns as p
from core.ops.events import AttemptFailed, CircuitOpened, ShapeChanged
from core.ops.rollup import Hour
from core.ops.shape import PATHS_MOST, Difference, difference, shape_of

DAY = 1_780_012_800.0  # a midnight, UTC


def hour(day, n, good=10, failed=0, p50=0.1):
    return Hour(DAY + day * 86_400 + n * 3600, good, failed, 0, p50 if good else None)


def failed(at, target, outcome="timeout", detail="ReadTimeout: no answer in 4.0 s", **more):
    return AttemptFailed(time=DAY + at, target=target, outcome=outcome, detail=detail, **more)


def test_an_hour_that_fails_day_after_day():
    hours = [hour(day, n, *((1, 9) if n == 3 else (10, 0))) for day in range(5) for n in range(24)]
    (found,) = p.recurring_hour("kraken", hours)
    assert found.name == "recurring_hour"
    assert "between 03:00 and 04:00 UTC on 5 of 5 days" in found.summary
    assert found.evidence["days"] == ["2026-05-29", "2026-05-30", "2026-05-31", "2026-06-01", "2026-06-02"]
    assert json.dumps(found.as_dict())


@pytest.mark.parametrize(
    "hours",
    [
        [hour(day, n) for day in range(5) for n in range(24)],
        [hour(day, n, 1, 9) for day in range(5) for n in range(24)],
        [hour(day, n, *((1, 9) if n == 3 and day < 2 else (10, 0))) for day in range(5) for n in range(24)],
        [hour(day, 3, 1, 9) for day in range(5)],
        [hour(day, n, *((0, 1) if n == 3 else (10, 0))) for day in range(5) for n in range(24)],
    ],
    ids=["all is well", "always down", "on two days", "only asked then", "too few calls"],
)
def test_no_such_hour(hours):
    assert p.recurring_hour("kraken", hours) == []


def test_flapping_is_many_openings_within_an_hour():
    def opened(*times):
        return [CircuitOpened(time=DAY + at, target="okx/price@www.okx.com", seconds=30) for at in times]

    (found,) = p.flapping(opened(0, 600, 1200, 2400, 9000))
    assert found.summary == "okx/price@www.okx.com opened 4 times in 40 min: it recovers, and fails again"
    assert p.flapping(opened(0, 3700, 7400, 11_100)) == []
    quarantined = [CircuitOpened(time=DAY + n, target="x", axis="truth") for n in range(9)]
    assert p.flapping(quarantined) == []


def test_one_error_at_many_providers_is_our_network():
    names = ("kraken", "okx", "binance", "gemini")
    events = [
        failed(n + 60 * turn, f"{name}/price@{name}.com") for turn in range(5) for n, name in enumerate(names)
    ]
    asked = {int(DAY) + 60 * n: 5 for n in range(6)}
    (found,) = p.our_network(events, asked)
    assert found.evidence["providers"] == ["binance", "gemini", "kraken", "okx"]
    assert found.evidence["failures"] == 20
    assert "4 of 5 providers failed alike" in found.summary
    assert p.their_outage(events, {"kraken": 2}, [found]) == []
    assert p.our_network(events, dict.fromkeys(asked, 12)) == []
    assert p.our_network(events[:2], asked) == []
    status = [failed(n, f"{name}/price@x", "status", "503", status=503) for n, name in enumerate(names)]
    assert p.our_network(status, asked) == []


def test_one_error_at_several_hosts_of_a_provider_is_theirs():
    events = [
        failed(n, f"binance/price@api{n}.binance.com", "status", f"503 from api{n}.binance.com", status=503)
        for n in range(3)
    ]
    (found,) = p.their_outage(events, {"binance": 6})
    assert found.target == "binance"
    assert found.summary.startswith("3 of 6 hosts of binance failed alike (status 503")
    assert found.evidence["hosts"] == [f"api{n}.binance.com" for n in range(3)]
    assert p.their_outage(events[:1] * 5, {"binance": 6}) == []
    apart = [failed(n * 600, f"binance/price@api{n}.binance.com", "status", "503") for n in range(3)]
    assert p.their_outage(apart, {"binance": 6}) == []


def test_a_slow_trend_of_latency_is_told_from_noise():
    draw = random.Random(3)

    def series(trend, noise=0.02):
        return [hour(n // 24, n % 24, p50=0.1 + trend * n + draw.uniform(-noise, noise)) for n in range(72)]

    (found,) = p.latency_drift("kraken/price@api.kraken.com", series(0.003))
    assert "grows slower: about" in found.summary
    assert found.evidence["milliseconds_a_day"] == pytest.approx(72, rel=0.15)
    assert p.latency_drift("x", series(0.0)) == []
    assert p.latency_drift("x", series(0.003)[:8]) == []
    spiky = [hour(n // 24, n % 24, p50=5.0 if n % 9 == 0 else 0.1) for n in range(72)]
    assert p.latency_drift("x", spiky) == []


def test_signatures_leave_out_what_differs_from_time_to_time():
    one = failed(
        0, "a", detail="ConnectError: api1.binance.com:443 refused after 2.51 s (id 9f86d081884c7d65)"
    )
    two = failed(
        1, "b", detail="ConnectError: data-api.binance.vision:443 refused after 0.03 s (id 60303ae22b998861)"
    )
    assert p.signature_of(one) == p.signature_of(two)
    assert p.signature_of(one) != p.signature_of(failed(0, "a", detail="SSLError"))


BOOK = {"error": [], "result": {"XXBTZUSD": {"bids": [["1.0", "2", 3]], "asks": [], "seq": None}}}


def test_a_drift_reads_like_one():
    good = shape_of(json.dumps(BOOK).encode(), ["XBTUSD", "XBT"])
    assert good["result.*.bids[][0]"] == "text"
    other = {"error": [], "result": {"XETHZUSD": {"bids": [[1.0, "2", 3]], "ask": [], "seq": 7}}}
    found = difference(good, shape_of(json.dumps(other).encode(), ["ETHUSD", "ETH"]))
    assert found == Difference(("result.*.asks",), ("result.*.ask",), ("result.*.bids[][0]: text → number",))
    assert str(found) == (
        "gone: result.*.asks; new: result.*.ask; changed: result.*.bids[][0]: text → number"
    )
    gone = difference(good, shape_of(b'{"error": ["EGeneral:Internal error"]}', ["XBT"]))
    assert gone.gone == ("result",)
    assert not difference(good, good)


def test_keys_that_only_look_like_a_market_are_kept():
    shape = shape_of(b'{"method": 1, "ETHUSDT": {"a": 1}, "ethusdt": 2}', ["ETHUSDT", "ETH"])
    assert set(shape) == {"(whole)", "method", "*", "*.a"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(max_size=5), inner, max_size=30),
    max_leaves=200,
)


@given(json_values, json_values)
def test_any_body_has_a_bounded_shape(one, other):
    first, second = (shape_of(json.dumps(value).encode(), ["BTC"]) for value in (one, other))
    assert len(first) <= PATHS_MOST
    assert not difference(first, first)
    found = difference(first, second)
    assert max(map(len, (found.gone, found.new, found.changed))) <= 12


@pytest.mark.parametrize(
    "body", [b"<html>", b"", b"[" * 100_000, b"\xff\xfe", b"{" + b" " * 3_000_000 + b"}"]
)
def test_what_is_no_json_has_no_shape(body):
    assert shape_of(body) is None


@pytest.mark.looptime
async def test_a_body_that_changed_is_told_with_its_fields_even_after_a_restart(world):
    async with world.hub(retries=0) as hub:
        await hub.price("BTC/USD", refresh=True, providers=["kraken"])
        await hub.price("ETH/USD", refresh=True, providers=["kraken"])
    async with world.hub(retries=0) as hub:
        world.venues.on(
            "kraken",
            lambda r: ok({"error": [], "result": {r.url.params["pair"]: {"ask": ["1"], "last": "2"}}}),
        )
        for _ in range(2):
            await hub.probe("kraken/price")
        (event,) = await events_of(hub, kinds=["shape"])
        assert isinstance(event, ShapeChanged)
        assert event.target == f"kraken/price@{KRAKEN}"
        assert set(event.gone) == {"result.*.a", "result.*.b", "result.*.c", "result.*.v"}
        assert set(event.new) == {"result.*.ask", "result.*.last"}
        world.venues.on("kraken", raw(b"<html>maintenance</html>", "application/json"))
        await hub.reset("kraken")
        await hub.probe("kraken/price")
        assert (await events_of(hub, kinds=["shape"]))[
            -1
        ].detail == "no JSON, but 24 bytes of application/json"
        found = {pattern.name: pattern for pattern in await hub.patterns()}
        assert set(found) == {"schema_drift"}
        assert found["schema_drift"].evidence["gone"] == []
        with pytest.raises(ValueError, match="days=0"):
            await hub.patterns(days=0)
