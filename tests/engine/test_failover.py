"""The promises of the engine with an injected transport and default settings, on virtual time."""

import asyncio

import httpx
import pytest
from fakes import BINANCE, COINBASE, KRAKEN, VISION, hang, ok, raw, refuse, reset, status

from core.answer import NoAnswer

pytestmark = pytest.mark.looptime


def outcomes(answer_or_error, provider=None):
    return [a.outcome for a in answer_or_error.attempts if provider in (None, a.provider)]


async def timed(awaitable):
    loop = asyncio.get_running_loop()
    began = loop.time()
    result = await awaitable
    return result, loop.time() - began


async def test_the_primary_answers(open_hub, venues):
    async with open_hub() as hub:
        answer = await hub.candles("BTC/USDT", "1h", limit=500)
    assert (answer.source, answer.host, answer.tier, answer.lab) == ("binance", BINANCE[0], "primary", False)
    assert len(answer.value) == 500
    assert list(answer.value.columns) == ["open", "high", "low", "close", "volume"]
    assert answer.value.index.is_monotonic_increasing
    assert str(answer.value.index.tz) == "UTC"
    assert answer.age == 0
    assert outcomes(answer) == ["ok"]
    assert venues.count() == 1
    assert answer.value.attrs["source"] == "binance"


async def test_500_falls_over_within_a_second(open_hub, venues):
    venues.on("binance", status(500))
    async with open_hub() as hub:
        answer, took = await timed(hub.candles("BTC/USDT", "1h", limit=500))
    assert took < 1
    assert (answer.source, answer.tier) == ("kraken", "fallback")
    assert set(outcomes(answer, "binance")) == {"status"}
    assert [a.status for a in answer.attempts if a.provider == "binance"] == [500, 500]


async def test_a_mirror_is_tried_before_another_provider(open_hub, venues):
    venues.on(BINANCE[0], status(500))
    async with open_hub() as hub:
        answer = await hub.candles("BTC/USDT", "1h")
    assert (answer.source, answer.host, answer.tier) == ("binance", BINANCE[1], "fallback")


async def test_a_hanging_primary_is_overtaken_and_its_circuit_opens_after_three_calls(open_hub, venues):
    venues.on("binance", hang)
    async with open_hub() as hub:
        for _ in range(3):
            answer, took = await timed(hub.candles("BTC/USDT", "1h", refresh=True))
            assert took < 1
            assert answer.source == "kraken"
            assert outcomes(answer, "binance") == ["overtaken"]
        endpoint = f"binance/ohlcv@{BINANCE[0]}"
        assert (await hub.health()).endpoints[endpoint].circuit == "open"
        await asyncio.sleep(10)
        health = (await hub.health()).endpoints[endpoint]
        assert (health.circuit, health.state) == ("open", "unavailable")
        assert "timeout" in health.last_error
        before = venues.count(BINANCE[0])
        answer = await hub.candles("BTC/USDT", "1h", refresh=True)
        assert venues.count(BINANCE[0]) == before
        assert "skipped_open" in outcomes(answer, "binance")


async def test_a_slow_primary_that_does_answer_keeps_its_health(open_hub, venues):
    async def slow(request):
        await asyncio.sleep(1)
        return venues.good(request)

    venues.on("binance", slow)
    async with open_hub() as hub:
        for _ in range(3):
            answer = await hub.candles("BTC/USDT", "1h", refresh=True)
            assert answer.source == "kraken"
            await asyncio.sleep(2)
        assert (await hub.health()).endpoints[f"binance/ohlcv@{BINANCE[0]}"].state == "healthy"


async def test_429_rests_the_whole_provider_and_a_later_shorter_one_does_not_shorten_it(open_hub, venues):
    venues.on("binance", status(429, {"Retry-After": "120"}))
    async with open_hub() as hub:
        answer, took = await timed(hub.candles("BTC/USDT", "1h"))
        assert took < 1
        assert outcomes(answer, "binance") == ["throttled"]
        assert venues.count("binance") == 1
        await asyncio.sleep(10)
        # One that was under way may still come back, and say less.
        guard = hub._world.guard
        from core.engine.cooldown import Cooldown

        guard.pause(Cooldown("binance", "throttled", "again", hub._clock.mono() + 5))
        venues.on("binance", None)
        for _ in range(10):
            answer = await hub.candles("BTC/USDT", "1h", refresh=True)
            assert outcomes(answer, "binance") == ["skipped_cooling"]
            assert answer.source != "binance"
            await hub.price("BTC/USDT", refresh=True)
            await asyncio.sleep(10)
        assert venues.count("binance") == 1
        await asyncio.sleep(11)
        assert (await hub.candles("BTC/USDT", "1h", refresh=True)).source == "binance"


async def test_451_is_blocked_and_not_retried(open_hub, venues):
    body = {"code": 0, "msg": "Service unavailable from a restricted location according to 'b. Eligibility'"}
    for host in BINANCE:
        venues.on(host, status(451, body=body))
    async with open_hub() as hub:
        answer = await hub.candles("BTC/USDT", "1h")
        # The other group of hosts is not the one that refused, and serves public data everywhere.
        assert (answer.source, answer.host) == ("binance", VISION)
        assert outcomes(answer, "binance").count("blocked") == 1
        for _ in range(5):
            await hub.candles("BTC/USDT", "1h", refresh=True)
        assert sum(venues.count(host) for host in BINANCE) == 1
        assert (await hub.health()).endpoints[f"binance/ohlcv@{BINANCE[0]}"].state == "blocked"


async def test_an_unknown_symbol_goes_on_without_harm(open_hub, venues):
    venues.on("binance", status(400, body={"code": -1121, "msg": "Invalid symbol."}))
    async with open_hub() as hub:
        for _ in range(5):
            answer = await hub.candles("FOO/USDT", "1h", refresh=True)
            assert answer.source == "kraken"
        health = (await hub.health()).endpoints[f"binance/ohlcv@{BINANCE[0]}"]
        assert health.errors == 0
        assert health.circuit == "closed"
        assert venues.count("binance") == 1  # remembered


async def test_the_same_form_for_the_check_symbol_is_a_failure(open_hub, venues):
    venues.on("binance", status(400, body={"code": -1121, "msg": "Invalid symbol."}))
    async with open_hub() as hub:
        answer = await hub.candles("BTC/USDT", "1h")
        assert "status" in outcomes(answer, "binance")
        assert (await hub.health()).endpoints[f"binance/ohlcv@{BINANCE[0]}"].errors == 1


BAD = {
    "html": raw(b"<html><body>maintenance</body></html>", "text/html"),
    "html as json": raw(b"<html></html>"),
    "empty": raw(b""),
    "206": raw(b"[]", code=206),
    "truncated": raw(b'[[1779984000000,"1.0","2.0"'),
    "garbage": raw(bytes(range(256))),
    "envelope": raw(b'{"code":-1000,"msg":"An unknown error occurred"}'),
    "foreign": raw(b'{"candles":[]}'),
    "404": status(404),
    "not gzip": lambda _: httpx.Response(
        200, stream=httpx.ByteStream(b"[]"), headers={"content-encoding": "gzip"}
    ),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_body_counts_and_the_next_provider_answers(open_hub, venues, name):
    venues.on("binance", BAD[name])
    async with open_hub() as hub:
        answer, took = await timed(hub.candles("BTC/USDT", "1h"))
        assert took < 1
        assert answer.source == "kraken"
        assert set(outcomes(answer, "binance")) <= {"payload", "status"}
        code = {"206": 206, "404": 404}.get(name, 200)
        assert {a.status for a in answer.attempts if a.provider == "binance"} == {code}
        assert (await hub.health()).endpoints[f"binance/ohlcv@{BINANCE[0]}"].errors == 1


async def test_kraken_errors_with_200_count(open_hub, venues):
    venues.on("kraken", raw(b'{"error":["EService:Unavailable"]}'))
    async with open_hub() as hub:
        answer = await hub.candles("BTC/USD", "1h")
        assert answer.source == "coinbase"
        assert outcomes(answer, "kraken") == ["status"]
        assert (await hub.health()).endpoints[f"kraken/ohlcv@{KRAKEN}"].errors == 1


async def test_untrue_candles_are_dissent_not_downtime(open_hub, venues):
    rows = [
        [t * 3_600_000, "10", "9", "8", "10", "1", 0, "1", 1, "1", "1", "0"] for t in range(494_000, 494_400)
    ]
    venues.on("binance", lambda _: ok(rows))
    async with open_hub() as hub:
        for _ in range(3):
            answer = await hub.candles("BTC/USDT", "1h", refresh=True)
            assert answer.source == "kraken"
            assert ("truth", 200) in {(a.outcome, a.status) for a in answer.attempts}
        health = (await hub.health()).endpoints[f"binance/ohlcv@{BINANCE[0]}"]
        assert (health.state, health.circuit, health.truth) == ("dissenting", "closed", "open")


async def test_all_fail_with_something_cached_is_stale_with_its_age_and_attempts(open_hub, venues):
    async with open_hub() as hub:
        first = await hub.candles("BTC/USDT", "1h")
        await asyncio.sleep(7200)
        venues.everywhere(status(503))
        answer = await hub.candles("BTC/USDT", "1h")
        assert answer.tier == "stale"
        assert answer.age == pytest.approx(7200, abs=2)
        assert answer.source == "binance"
        assert answer.value.equals(first.value)
        assert answer.attempts[0].outcome == "ok"
        assert {a.provider for a in answer.attempts if a.outcome == "status"} == {
            "binance",
            "kraken",
            "coinbase",
        }
        assert any("stale" in note for note in answer.notes)
        again = await hub.candles("BTC/USDT", "1h", refresh=True)
        assert again.tier == "stale"


async def test_all_fail_with_nothing_lists_every_attempt(open_hub, venues):
    venues.on("binance", status(500))
    venues.on("kraken", raw(b"", "application/json"))
    venues.on("coinbase", hang)
    async with open_hub() as hub:
        with pytest.raises(NoAnswer) as caught:
            await hub.candles("BTC/USDT", "1h")
    text = str(caught.value)
    assert caught.value.attempts
    for attempt in caught.value.attempts:
        assert str(attempt) in text
    assert {a.provider for a in caught.value.attempts} == {"binance", "kraken", "coinbase"}


async def test_the_deadline_holds(open_hub, venues):
    venues.everywhere(hang)
    async with open_hub() as hub:
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(NoAnswer):
            await hub.candles("BTC/USDT", "1h", deadline=1.5)
        assert loop.time() - began <= 1.5 + 0.01


async def test_usd_is_never_given_for_usdt_unasked(open_hub, venues):
    def only_usd(request):
        text = str(request.url)
        if "USDT" in text:
            return httpx.Response(503, json={})
        return venues.good(request)

    venues.everywhere(only_usd)
    async with open_hub() as hub:
        with pytest.raises(NoAnswer):
            await hub.candles("BTC/USDT", "1h")
        assert all("USDT" in str(request.url) for request in venues.seen)
        answer = await hub.candles("BTC/USDT", "1h", allow_quote=("USD",))
        assert answer.source == "kraken"
        assert any("USD" in note and "USDT" in note for note in answer.notes)
        assert answer.value.attrs["quote"] == "USD"


async def test_identical_queries_share_one_request(open_hub, venues):
    async def slow(request):
        await asyncio.sleep(0.1)
        return venues.good(request)

    venues.everywhere(slow)
    async with open_hub() as hub:
        answers = await asyncio.gather(*(hub.candles("BTC/USDT", "1h") for _ in range(1000)))
    assert venues.count() == 1
    assert len({id(answer.value) for answer in answers}) == 1000  # each caller owns its frame
    answers[0].value.iloc[0, 0] = -1.0
    assert answers[1].value.iloc[0, 0] == 99.0


async def test_a_caller_that_goes_does_not_take_the_others_with_it(open_hub, venues):
    async def slow(request):
        await asyncio.sleep(0.2)
        return venues.good(request)

    venues.everywhere(slow)
    async with open_hub() as hub:
        first = asyncio.create_task(hub.candles("BTC/USDT", "1h"))
        second = asyncio.create_task(hub.candles("BTC/USDT", "1h"))
        await asyncio.sleep(0.05)
        first.cancel()
        assert (await second).source == "binance"
    assert venues.count() == 1


async def test_a_thousand_callers_at_half_open_send_one_probe(open_hub, venues):
    venues.on("binance", status(500))
    async with open_hub() as hub:
        for n in range(3):
            await hub.price(f"A{n}/USDT")
        assert (await hub.health()).endpoints[f"binance/price@{BINANCE[0]}"].circuit == "open"
        await asyncio.sleep(37)
        sent = []

        async def slow(request):
            sent.append(request)
            await asyncio.sleep(2)
            return httpx.Response(500, json={})

        venues.on(BINANCE[0], slow)
        await asyncio.gather(*(hub.price(f"B{n}/USDT") for n in range(1000)), return_exceptions=True)
    assert len(sent) == 1


async def test_offline_is_said_and_no_circuit_opens(open_hub, venues):
    venues.everywhere(refuse)
    async with open_hub() as hub:
        for _ in range(5):
            with pytest.raises(NoAnswer) as caught:
                await hub.candles("BTC/USDT", "1h")
            assert caught.value.offline
            assert "offline" in str(caught.value)
        health = await hub.health()
        assert health.offline
        assert all(entry.circuit == "closed" and entry.errors == 0 for entry in health.endpoints.values())
        venues.everywhere(venues.good)
        assert (await hub.candles("BTC/USDT", "1h")).source == "binance"
        assert not (await hub.health()).offline


async def test_offline_by_dropped_packets(open_hub, venues):
    venues.everywhere(hang)
    async with open_hub() as hub:
        for _ in range(4):
            with pytest.raises(NoAnswer) as caught:
                await hub.candles("BTC/USDT", "1h")
            assert caught.value.offline
            await asyncio.sleep(10)
        health = await hub.health()
        assert all(entry.circuit == "closed" and entry.errors == 0 for entry in health.endpoints.values())


async def test_one_refusing_provider_alone_is_blamed(open_hub, venues):
    venues.on("kraken", refuse)
    async with open_hub() as hub:
        with pytest.raises(NoAnswer) as caught:
            await hub.candles("BTC/USD", "1h", providers=["kraken"])
        assert not caught.value.offline  # the others answer when asked
        assert (await hub.health()).endpoints[f"kraken/ohlcv@{KRAKEN}"].errors == 1


async def test_a_reset_connection_is_tried_again(open_hub, venues):
    tries = []

    def once(request):
        tries.append(request)
        return reset(request) if len(tries) == 1 else venues.good(request)

    venues.on("binance", once)
    async with open_hub() as hub:
        answer = await hub.candles("BTC/USDT", "1h")
    assert (answer.source, answer.host) == ("binance", BINANCE[0])
    assert outcomes(answer) == ["refused", "ok"]


async def test_partial_goes_on_and_the_longest_is_given(open_hub, venues):
    async with open_hub() as hub:
        answer = await hub.candles("BTC/USDT", "1h", limit=1000, providers=["kraken"])
        assert len(answer.value) == 720
        assert any(note.startswith("partial") for note in answer.notes)
        assert outcomes(answer) == ["partial"]
        whole = await hub.candles("BTC/USDT", "1h", limit=1000, providers=["kraken", "coinbase"])
        assert (whole.source, len(whole.value)) == ("coinbase", 1000)


async def test_the_wall_clock_set_back_changes_nothing(open_hub, venues, clock):
    venues.on("kraken", status(429, {"Retry-After": "300"}))
    async with open_hub() as hub:
        first = await hub.candles("BTC/USDT", "1h")
        with pytest.raises(NoAnswer):
            await hub.price("BTC/USD", providers=["kraken"])
        await asyncio.sleep(20)
        clock.jump -= 3600
        answer = await hub.candles("BTC/USDT", "1h")
        assert (answer.tier, answer.age) == ("cache", pytest.approx(20))
        assert answer.value.equals(first.value)
        fresh = await hub.candles("BTC/USDT", "1h", refresh=True)
        assert fresh.value.index[-1] == first.value.index[-1]
        with pytest.raises(NoAnswer) as caught:
            await hub.price("BTC/USD", providers=["kraken"])
        assert outcomes(caught.value) == ["skipped_cooling"]
        assert venues.count("kraken") == 1
        await asyncio.sleep(290)
        venues.on("kraken", None)
        assert (await hub.price("BTC/USD", providers=["kraken"])).source == "kraken"


async def test_a_provider_that_does_not_serve_it_is_named(open_hub, venues):
    async with open_hub() as hub:
        answer = await hub.candles("BTC/USD", "1h")
        assert answer.source == "kraken"
        assert answer.tier == "primary"
        assert outcomes(answer, "binance") == ["skipped_unserved"]
        assert "USD" in answer.attempts[0].reason


async def test_isolate_and_restore(open_hub, venues):
    async with open_hub() as hub:
        await hub.isolate("binance", "maintenance window")
        answer = await hub.candles("BTC/USDT", "1h")
        assert answer.source == "kraken"
        assert answer.attempts[0].outcome == "skipped_isolated"
        assert venues.count("binance") == 0
        await hub.restore("binance")
        assert (await hub.candles("BTC/USDT", "1h", refresh=True)).source == "binance"
        with pytest.raises(ValueError, match="kraken"):
            await hub.isolate("krakn", "typo")


async def test_reset_clears_a_pause(open_hub, venues):
    venues.on("binance", status(418, {"Retry-After": "9999999"}))
    async with open_hub() as hub:
        await hub.candles("BTC/USDT", "1h")
        left = (await hub.health()).endpoints[f"binance/ohlcv@{BINANCE[0]}"].cooldown
        assert left == pytest.approx(72 * 3600, abs=1)  # a ban is capped at 72 h
        venues.on("binance", None)
        await hub.reset("binance")
        assert (await hub.candles("BTC/USDT", "1h", refresh=True)).source == "binance"


async def test_long_ranges_are_fetched_in_pages(open_hub, venues):
    async with open_hub() as hub:
        answer = await hub.candles("BTC/USDT", "1h", limit=900, providers=["coinbase"])
    assert len(answer.value) == 900
    assert answer.value.index.is_unique
    assert venues.count(COINBASE) == 3


async def test_another_quote_is_tried_at_a_provider_that_does_not_list_the_first(open_hub, venues):
    def only_usd(request):
        if "USDT" in str(request.url):
            return raw(b'{"error":["EQuery:Unknown asset pair"]}')(request)
        return venues.good(request)

    venues.on("kraken", only_usd)
    async with open_hub() as hub:
        answer = await hub.price("FOO/USDT", allow_quote=("USD",), providers=["kraken"])
        assert (answer.source, answer.value.symbol) == ("kraken", "FOO/USD")
        assert outcomes(answer) == ["unknown_symbol", "ok"]
        assert any("not in USDT" in note for note in answer.notes)


async def test_a_short_history_does_not_ask_everybody(open_hub, venues):
    def young(request):
        response = venues.good(request)
        body = response.json()
        return ok(body[-5:]) if isinstance(body, list) else response

    venues.on("binance", young)
    async with open_hub() as hub:
        answer = await hub.candles("BTC/USDT", "1h", limit=500)
        assert answer.source == "kraken"
        assert "partial" in outcomes(answer, "binance")


async def test_a_fault_of_ours_is_raised_and_not_told_as_a_cancellation(open_hub, venues, monkeypatch):
    def broken(*_):
        raise RuntimeError("a slip")

    async with open_hub() as hub:
        told = []
        monkeypatch.setattr(
            hub._world.guard.observer, "attempted", lambda *said, blamed: told.append((*said[1:3], blamed))
        )
        monkeypatch.setattr("core.engine.truth.check", broken)
        with pytest.raises(RuntimeError, match="a slip"):
            await hub.price("BTC/USDT", providers=["kraken"])
    assert told == [("overtaken", "a fault of ours: RuntimeError", False)]


async def test_a_fault_of_ours_in_an_overtaken_attempt_is_logged(open_hub, venues, caplog):
    async def breaks(request):
        await asyncio.sleep(1)
        raise RuntimeError("a bug")

    venues.on("binance", breaks)
    async with open_hub() as hub:
        assert (await hub.candles("BTC/USDT", "1h")).source == "kraken"
        await asyncio.sleep(2)
    assert "a bug" in caplog.text


async def test_a_crowd_does_not_move_on_to_the_next_host(open_hub, venues):
    """With its first hosts shut, a host that was never tried gets one probe, not a thousand requests."""
    venues.on("binance", status(500))
    async with open_hub() as hub:
        for n in range(3):
            await hub.price(f"A{n}/USDT")
        before = {host: venues.count(host) for host in (*BINANCE, VISION)}

        async def slow(request):
            await asyncio.sleep(0.2)
            return httpx.Response(500, json={})

        venues.on("binance", slow)
        await asyncio.gather(*(hub.price(f"B{n}/USDT") for n in range(1000)), return_exceptions=True)
        assert all(venues.count(host) - before[host] <= 1 for host in before)


async def test_a_spike_at_one_venue_is_dissent_when_two_others_disagree(open_hub, venues):
    def spike(request):
        row = {name: ["400", "1", "1"][: 3 if name in "ab" else 2] for name in "abcv"}
        return ok({"error": [], "result": {"XBTUSDT": row}})

    async with open_hub() as hub:
        for name in ("binance", "coinbase"):
            await hub.price("BTC/USDT", providers=[name])
        venues.on("kraken", spike)
        answer = await hub.price("BTC/USDT", providers=["kraken", "coinbase"])
        assert outcomes(answer) == ["truth", "ok"]
        assert "off the median" in answer.attempts[0].reason
        assert (await hub.health()).endpoints[f"kraken/price@{KRAKEN}"].errors == 0
        await asyncio.sleep(60)  # what the others said is too old to hold against it
        answer = await hub.price("BTC/USDT", providers=["kraken", "coinbase"], refresh=True)
        assert answer.source == "kraken"


async def test_stale_while_revalidating_when_asked_for(open_hub, venues):
    async with open_hub(revalidate_seconds=3600) as hub:
        await hub.price("BTC/USDT")
        await asyncio.sleep(60)
        answer, took = await timed(hub.price("BTC/USDT"))
        assert (answer.tier, took) == ("stale", 0)
        assert answer.age == pytest.approx(60, abs=0.1)
        await asyncio.sleep(1)
        assert (await hub.price("BTC/USDT")).age == pytest.approx(1, abs=0.1)
        await asyncio.sleep(5000)
        assert (await hub.price("BTC/USDT")).tier == "primary"


async def test_used_weight_told_by_the_venue_is_heeded(open_hub, venues):
    def heavy(request):
        response = venues.good(request)
        response.headers["x-mbx-used-weight-1m"] = "5999"
        return response

    venues.on("binance", heavy)
    async with open_hub() as hub:
        assert (await hub.health()).providers["binance"].quota_left == 1
        await hub.price("BTC/USDT")
        assert (await hub.health()).providers["binance"].quota_left < 0.001
