"""Declared alternative forms of a call: tried where the refusal fits, behind the other hosts, and remembered."""

import json

import httpx
import pytest
from fakes import ok, status

from core.answer import NoAnswer
from core.async_hub import AsyncHub
from core.catalog import Catalog, CatalogError
from core.market import PriceQuery
from core.settings import Settings

VENUE = """
id = "venue"
name = "Venue"
kind = "exchange"
home = "https://venue.test"
docs = "https://venue.test"
read_on = 2026-11-22
priority = 1
check_symbol = "BTC/USDT"
check_every = 60
[[hosts]]
name = "a.venue.test"
[[hosts]]
name = "b.venue.test"
[symbol]
template = "{base}{quote}"
[check]
path = "/ping"
[price]
path = "/v2/ticker"
params = { symbol = "{symbol}" }
last = "last"
[orderbook]
path = "/v2/book"
method = "POST"
json = { pair = "{symbol}", depth = "{depth}" }
bids = "bids"
asks = "asks"
max_depth = 100
"""
ACCEPT = """
[[alternatives]]
name = "Accept: text/json"
docs = "https://venue.test"
status = [406, 415]
headers = { Accept = "text/json" }
"""
OLDER = """
[[alternatives]]
name = "older path"
docs = "https://venue.test"
status = [404, 410]
calls = "price"
path = "/v1/ticker/{symbol}"
params = {}
"""
GET = """
[[alternatives]]
name = "GET for POST"
docs = "https://venue.test"
status = 405
calls = "orderbook"
method = "GET"
params = { pair = "{symbol}", depth = "{depth}" }
"""
BOOK = {"bids": [["99", "1"]], "asks": [["101", "1"]]}


class Venue(httpx.AsyncBaseTransport):
    """Takes what ``takes`` says it takes, and refuses the rest with ``code``."""

    def __init__(self, takes, code):
        self.takes, self.code = takes, code
        self.seen = []

    async def handle_async_request(self, request):
        self.seen.append(request)
        if not self.takes(request):
            return status(self.code)(request)
        return ok(BOOK if "book" in request.url.path else {"last": "100.5"})


@pytest.fixture
def open_venue(tmp_path, clock):
    def make(venue, *alternatives, **knobs):
        file = tmp_path / "venue.toml"
        file.write_text(VENUE + "".join(alternatives))
        how = Settings(
            mode="live", data_dir=tmp_path / "data", catalog_dirs=(file,), providers=("venue",), **knobs
        )
        return AsyncHub(how, transport=venue, clock=clock)

    return make


def told(answer_or_error):
    return [(a.host[0], a.outcome, a.status, a.reason) for a in answer_or_error.attempts]


def wants_text_json(request):
    return request.headers["accept"] == "text/json"


@pytest.mark.looptime
async def test_other_headers_are_tried_after_the_other_host_and_kept(open_venue):
    venue = Venue(wants_text_json, 406)
    async with open_venue(venue, ACCEPT) as hub:
        answer = await hub.price("BTC/USDT")
        assert [(host, outcome, code) for host, outcome, code, _ in told(answer)] == [
            ("a", "status", 406),
            ("b", "status", 406),
            ("a", "ok", 200),
        ]
        assert answer.attempts[-1].reason == "alternative form: Accept: text/json"
        assert answer.value.last == 100.5
        before = len(venue.seen)
        answer = await hub.price("BTC/USDT", refresh=True)
        assert told(answer) == [("a", "ok", 200, "alternative form: Accept: text/json")]
        assert len(venue.seen) == before + 1
        health = (await hub.health()).endpoints["venue/price@a.venue.test"]
        assert health.state == "healthy"


@pytest.mark.looptime
async def test_when_the_other_form_is_refused_the_usual_one_is_tried_again(open_venue):
    venue = Venue(wants_text_json, 406)
    async with open_venue(venue, ACCEPT, hosts_per_call=1) as hub:
        await hub.price("BTC/USDT")
        venue.takes, venue.code = lambda request: not wants_text_json(request), 400
        answer = await hub.price("BTC/USDT", refresh=True)
        assert [outcome for _, outcome, *_ in told(answer)] == ["status", "ok"]
        assert answer.attempts[-1].reason == ""
        answer = await hub.price("BTC/USDT", refresh=True)
        assert len(answer.attempts) == 1


@pytest.mark.looptime
async def test_an_older_path_and_get_for_post(open_venue):
    venue = Venue(lambda request: request.url.path == "/v1/ticker/BTCUSDT" and not request.url.query, 404)
    async with open_venue(venue, ACCEPT, OLDER, GET) as hub:
        answer = await hub.price("BTC/USDT")
        assert answer.attempts[-1].reason == "alternative form: older path"
        venue.takes, venue.code = lambda request: request.method == "GET", 405
        answer = await hub.orderbook("BTC/USDT", 5)
        assert answer.attempts[-1].reason == "alternative form: GET for POST"
        usual, other = venue.seen[-2], venue.seen[-1]
    assert json.loads(usual.content) == {"pair": "BTCUSDT", "depth": 5}
    assert (other.content, dict(other.url.params)) == (b"", {"pair": "BTCUSDT", "depth": "5"})
    assert "content-type" not in other.headers


@pytest.mark.looptime
@pytest.mark.parametrize("code", [500, 503, 429, 451, 400])
async def test_a_failure_that_it_does_not_fit_leaves_it_alone(open_venue, code):
    venue = Venue(lambda request: False, code)
    async with open_venue(venue, ACCEPT, OLDER) as hub:
        with pytest.raises(NoAnswer) as caught:
            await hub.price("BTC/USDT")
    assert not any("alternative" in a.reason for a in caught.value.attempts)
    assert not any(wants_text_json(request) for request in venue.seen)


@pytest.mark.looptime
async def test_every_form_is_tried_once_a_call_within_the_budget(open_venue):
    venue = Venue(lambda request: False, 406)
    async with open_venue(venue, ACCEPT, ACCEPT.replace("text/json", "*/*")) as hub:
        with pytest.raises(NoAnswer):
            await hub.price("BTC/USDT")
        sent = [(request.url.host[0], request.headers["accept"]) for request in venue.seen]
        assert sorted(sent) == sorted({*sent})
        assert len(sent) <= 6
    venue = Venue(lambda request: False, 406)
    async with open_venue(venue, ACCEPT, max_attempts=2) as hub:
        with pytest.raises(NoAnswer):
            await hub.price("ETH/USDT")
    assert len(venue.seen) <= 2


@pytest.mark.looptime
async def test_a_probe_that_is_refused_leaves_the_next_probe_the_other_form(open_venue, clock):
    """Else an API that changed while its circuit was open would never be asked as it now wants it."""
    import asyncio

    venue = Venue(lambda request: False, 500)
    async with open_venue(venue, ACCEPT, hosts_per_call=1) as hub:
        for _ in range(8):
            with pytest.raises(NoAnswer):
                await hub.price("BTC/USDT")
        venue.takes, venue.code = wants_text_json, 415
        for _ in range(4):
            await asyncio.sleep(400)
            try:
                answer = await hub.price("BTC/USDT", refresh=True)
                break
            except NoAnswer:
                continue
        assert answer.attempts[-1].reason == "alternative form: Accept: text/json"


@pytest.mark.looptime
async def test_reset_forgets_the_form(open_venue):
    venue = Venue(wants_text_json, 406)
    async with open_venue(venue, ACCEPT) as hub:
        await hub.price("BTC/USDT")
        await hub.reset("venue")
        venue.takes = lambda request: True
        assert (await hub.price("BTC/USDT", refresh=True)).attempts[0].reason == ""


def test_kucoin_says_what_to_do_about_415():
    kucoin = Catalog.load()["kucoin"]
    query = PriceQuery("BTC/USDT")
    usual, other = kucoin.request(query), kucoin.request(query, form=1)
    assert (usual.url, usual.method) == (other.url, other.method)
    assert "content-type" not in usual.headers
    assert other.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (ACCEPT.replace('headers = { Accept = "text/json" }', ""), "something other than usual"),
        (OLDER.replace('calls = "price"', ""), "calls: expected those"),
        (OLDER.replace('calls = "price"', 'calls = "ohlcv"'), "calls that are not there"),
        (OLDER.replace("{symbol}", "{coin}"), "names among"),
        (GET.replace('method = "GET"', 'json = { a = 1 }\nmethod = "GET"'), "json needs POST"),
        (ACCEPT.replace("[406, 415]", "[]"), "at least one"),
        (ACCEPT.replace("[406, 415]", "[200]"), "greater than or equal to 400"),
    ],
)
def test_what_makes_no_sense_is_named(tmp_path, text, reason):
    file = tmp_path / "venue.toml"
    file.write_text(VENUE + text)
    with pytest.raises(CatalogError, match=reason):
        Catalog.load(file)
