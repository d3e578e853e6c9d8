"""Every fault in-process, by name, on virtual time."""

import asyncio
import json

import httpx
import pytest
from lab_world import CANDLES, EPOCH, HOSTS, TICKERS, HandClock, LoopClock, client, rows_of, url

from core.lab import FAULTS, Lab

pytestmark = pytest.mark.looptime
PROVIDERS = list(HOSTS)


@pytest.fixture
def lab():
    return Lab(7, HandClock())


async def ask(lab, provider="kraken", paths=CANDLES, patience=None):
    async with client(lab, patience) as http:
        return await http.get(url(provider, paths))


async def note(response, sizes):
    async for piece in response.aiter_raw():
        sizes.append(len(piece))


def elapsed_since(start):
    return asyncio.get_running_loop().time() - start


def started():
    return asyncio.get_running_loop().time()


async def test_latency_delays_the_answer_and_adds_up(lab):
    lab.inject("kraken", "latency", seconds=2)
    lab.inject("kraken/ohlcv", "latency", seconds=0.5)
    start = started()
    assert (await ask(lab)).status_code == 200
    assert elapsed_since(start) == pytest.approx(2.5)


async def test_latency_beyond_the_clients_patience_is_a_read_timeout(lab):
    lab.inject("kraken", "latency", seconds=30)
    start = started()
    with pytest.raises(httpx.ReadTimeout):
        await ask(lab, patience=4)
    assert elapsed_since(start) == pytest.approx(4)


async def test_timeout_lasts_for_its_seconds(lab):
    lab.inject("kraken", "timeout", seconds=30)
    start = started()
    with pytest.raises(httpx.ReadTimeout):
        await ask(lab)
    assert elapsed_since(start) == pytest.approx(30)


async def test_timeout_ends_with_the_clients_patience_or_its_cancelling(lab):
    lab.inject("kraken", "timeout")
    with pytest.raises(httpx.ReadTimeout):
        await ask(lab, patience=4)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3600):
            await ask(lab)


async def test_refuse_and_unknown_hosts_are_connect_errors(lab):
    lab.inject("kraken", "refuse")
    with pytest.raises(httpx.ConnectError, match="connection attempts failed"):
        await ask(lab)
    async with client(lab) as http:
        with pytest.raises(httpx.ConnectError, match="Name or service not known"):
            await http.get("https://example.invalid/")
    assert (await ask(lab, "binance")).status_code == 200


@pytest.mark.parametrize(
    ("fault", "error"), [("reset", httpx.ReadError), ("truncated", httpx.RemoteProtocolError)]
)
async def test_connections_that_break_within_the_body(lab, fault, error):
    whole = len((await ask(lab)).content)
    lab.inject("kraken", fault)
    got = []
    async with client(lab) as http, http.stream("GET", url("kraken")) as response:
        assert response.status_code == 200
        assert int(response.headers["content-length"]) == whole
        with pytest.raises(error):
            await note(response, got)
    assert 0 < sum(got) < whole


async def test_a_clean_cut_is_a_body_with_its_own_length(lab):
    whole = (await ask(lab)).content
    lab.inject("kraken", "truncated", clean=True)
    response = await ask(lab)
    assert response.content == whole[: len(whole) // 2]
    assert int(response.headers["content-length"]) == len(response.content)
    with pytest.raises(ValueError, match=r"."):
        response.json()


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 418, 429, 451, 500, 502, 503, 520])
async def test_statuses(lab, provider, status):
    lab.inject(provider, f"status:{status}")
    response = await ask(lab, provider)
    assert response.status_code == status
    assert response.content
    usual = {429: "30", 418: "120"}.get(status)
    assert response.headers.get("retry-after") == usual
    if response.headers["content-type"].startswith("application/json"):
        response.json()
    else:
        assert response.headers["content-type"].startswith(("text/html", "text/plain"))


async def test_statuses_speak_the_venues_language(lab):
    lab.inject(None, "status", status=451)
    assert (await ask(lab, "binance")).json()["code"] == 0
    assert "restricted location" in (await ask(lab, "binance")).json()["msg"]
    assert (await ask(lab, "kraken")).headers["content-type"].startswith("text/html")
    assert "message" in (await ask(lab, "coinbase")).json()
    lab.clear()
    lab.inject(None, "status:429", retry_after=120)
    response = await ask(lab, "binance")
    assert (response.json()["code"], response.headers["retry-after"]) == (-1003, "120")


@pytest.mark.parametrize(
    ("given", "sent"), [(7.5, "7.5"), ("Wed, 21 Oct 2026 07:28:00 GMT",) * 2, ("", None), (0, "0")]
)
async def test_retry_after_is_what_it_is_told_to_be(lab, given, sent):
    lab.inject("kraken", "status:429", retry_after=given)
    assert (await ask(lab)).headers.get("retry-after") == sent


async def test_html(lab):
    lab.inject("kraken", "html")
    response = await ask(lab)
    assert (response.status_code, response.headers["server"]) == (200, "cloudflare")
    assert response.headers["content-type"].startswith("text/html")
    assert response.text.startswith("<!DOCTYPE html>")
    lab.inject("kraken", "html", status=503)
    assert (await ask(lab)).status_code == 503


async def test_empty_wrong_type_garbage_and_partial(lab):
    whole = await ask(lab)
    lab.inject("kraken", "empty")
    empty = await ask(lab)
    assert (empty.status_code, empty.content) == (200, b"")
    lab.clear()
    lab.inject("kraken", "wrong_type")
    wrong = await ask(lab)
    assert wrong.content == whole.content
    assert wrong.headers["content-type"].startswith("text/plain")
    lab.clear()
    lab.inject("kraken", "garbage")
    garbage = await ask(lab)
    assert garbage.headers["content-type"] == whole.headers["content-type"]
    with pytest.raises(ValueError, match=r"."):
        json.loads(garbage.content)
    lab.clear()
    lab.inject("kraken", "partial_206")
    partial = await ask(lab)
    size = len(partial.content)
    assert partial.status_code == 206
    assert partial.headers["content-range"] == f"bytes 0-{size - 1}/{len(whole.content)}"
    assert whole.content.startswith(partial.content)


async def test_slow_drip_yields_a_few_bytes_a_second(lab):
    whole = (await ask(lab, "kraken", TICKERS)).content
    lab.inject("kraken", "slow_drip", rate=16)
    start, got, stamps = started(), b"", []
    async with client(lab, 5) as http, http.stream("GET", url("kraken", TICKERS)) as response:
        async for piece in response.aiter_raw():
            assert len(piece) <= 16
            got += piece
            stamps.append(elapsed_since(start))
    assert got == whole
    assert stamps[0] == pytest.approx(1)
    assert elapsed_since(start) == pytest.approx(len(whole) / 16)


async def test_frozen_stops_time_for_the_body_but_not_for_the_date():
    lab = Lab(7, LoopClock(EPOCH))
    before = [
        (await ask(lab, provider, paths)).json() for provider in PROVIDERS for paths in (CANDLES, TICKERS)
    ]
    lab.inject(None, "frozen")
    await asyncio.sleep(7200)
    after = [await ask(lab, provider, paths) for provider in PROVIDERS for paths in (CANDLES, TICKERS)]
    assert [response.json() for response in after] == before
    assert all(response.headers["date"] == "Mon, 02 Feb 2026 04:40:25 GMT" for response in after)
    lab.clear()
    assert (await ask(lab)).json() != before[2]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_data_faults_change_the_rows(lab, provider):
    clean = rows_of(provider, (await ask(lab, provider)).json())

    async def faulty(name, **options):
        lab.clear()
        lab.inject(provider, name, **options)
        return rows_of(provider, (await ask(lab, provider)).json())

    gap = await faulty("gap", rows=4)
    assert len(gap) == len(clean) - 4
    assert (gap[0], gap[-1]) == (clean[0], clean[-1])
    assert all(row in clean for row in gap)

    duplicate = await faulty("duplicate", rows=1)
    assert len(duplicate) == len(clean) + 1
    assert [row for k, row in enumerate(duplicate) if not k or row != duplicate[k - 1]] == clean

    spike = await faulty("spike", factor=20)
    changed = [(old, new) for old, new in zip(clean, spike, strict=True) if old != new]
    ((old, new),) = changed
    assert [float(new[k]) / float(old[k]) for k in (1, 2, 3, 4)] == pytest.approx([20] * 4)
    assert [type(value) for value in new] == [type(value) for value in old]
    assert (new[0], new[5:]) == (old[0], old[5:])

    mixed = await faulty("unsorted")
    assert mixed != clean
    assert sorted(mixed) == sorted(clean)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("paths", [CANDLES, TICKERS], ids=["candles", "ticker"])
async def test_schema_drift_keeps_the_numbers_and_moves_them(lab, provider, paths):
    clean = (await ask(lab, provider, paths)).json()
    lab.inject(provider, "schema_drift")
    response = await ask(lab, provider, paths)
    assert response.status_code == 200
    drifted = response.json()
    if isinstance(clean, dict):
        assert not set(clean) & set(drifted)
    else:
        assert drifted[0] == clean[0][1:] + clean[0][:1]


@pytest.mark.parametrize(("provider", "price"), [("binance", "lastPrice"), ("coinbase", "price")])
async def test_spikes_reach_tickers_in_their_own_form(lab, provider, price):
    clean = (await ask(lab, provider, TICKERS)).json()
    lab.inject(f"{provider}/price", "spike", factor=3)
    spiked = (await ask(lab, provider, TICKERS)).json()
    assert float(spiked[price]) == pytest.approx(3 * float(clean[price]))
    assert len(spiked[price].partition(".")[2]) == len(clean[price].partition(".")[2])


async def test_spikes_reach_krakens_ticker_and_books(lab):
    clean = (await ask(lab, "kraken", TICKERS)).json()["result"]["XXBTZUSD"]
    lab.inject("kraken", "spike")
    spiked = (await ask(lab, "kraken", TICKERS)).json()["result"]["XXBTZUSD"]
    assert any(float(spiked[side][0]) == pytest.approx(10 * float(clean[side][0])) for side in "abc")
    lab.clear()
    lab.inject("kraken", "unsorted")
    async with client(lab) as http:
        book = (await http.get(f"{HOSTS['kraken']}/0/public/Depth?pair=XBTUSD")).json()["result"]["XXBTZUSD"]
    asks = [float(price) for price, _, _ in book["asks"]]
    assert asks != sorted(asks)


async def test_a_venues_own_error_is_not_disturbed(lab):
    for fault in ("gap", "duplicate", "spike", "unsorted", "frozen"):
        lab.inject("binance", fault)
    async with client(lab) as http:
        response = await http.get(f"{HOSTS['binance']}/api/v3/klines?symbol=NOPE&interval=1h")
    assert (response.status_code, response.json()["code"]) == (400, -1121)


async def test_faults_combine(lab):
    lab.inject("kraken", "latency", seconds=3)
    lab.inject("kraken", "status:503")
    lab.inject("kraken", "slow_drip", rate=1000)
    start = started()
    response = await ask(lab)
    assert response.status_code == 503
    assert elapsed_since(start) == pytest.approx(3 + len(response.content) / 1000)


def test_every_fault_of_the_contract_is_known():
    named = """latency timeout refuse reset status html empty truncated wrong_type partial_206 garbage
    schema_drift frozen gap duplicate spike unsorted slow_drip"""
    assert set(named.split()) <= set(FAULTS)
