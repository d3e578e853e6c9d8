"""Requests that are to be led elsewhere, and answers that are made to fill or hold the machine."""

import asyncio
import contextlib
import gzip
import resource
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from own_provider import own_file

from core import AsyncHub, Settings
from core.answer import BadPayload, KintsugiError, NoAnswer, WireError
from core.catalog import Catalog, CatalogError, Host
from core.engine.inflate import inflated
from core.engine.transport import Sender
from core.market import NewsQuery, PriceQuery
from core.wire import WireRequest

METADATA = "http://169.254.169.254/latest/meta-data/"
TEXTS = (
    "x\r\nHost: evil.example",
    "x\r\n\r\nGET / HTTP/1.1\r\nHost: evil.example",
    "@evil.example/",
    "//evil.example/",
    "../../../admin",
    "?a=b&url=http://169.254.169.254/#",
    "x\x00y",
    "%0d%0aX-Evil:1",
    "\u2028evil",
)


class Recording(httpx.AsyncBaseTransport):
    """Keeps what is sent, and answers with one response."""

    def __init__(self, answer: Any = None) -> None:
        self.seen: list[httpx.Request] = []
        self.answer = answer or (lambda: httpx.Response(404, json={}))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        return self.answer()


@pytest.mark.looptime
async def test_no_text_leads_a_request_elsewhere_or_adds_a_header(tmp_path: Path) -> None:
    sent = Recording()
    async with AsyncHub(Settings(mode="live", data_dir=tmp_path), transport=sent) as hub:
        known = {host.name.partition(":")[0] for provider in hub.catalog.values() for host in provider.hosts}
        for text in TEXTS:
            for ask in (
                hub.price(text),
                hub.candles(f"{text}/USDT", "1h"),
                hub.news(text, limit=3),
                hub.sentiment(text),
                hub.social(text),
                hub.onchain(text),
                hub.symbols(text),
                hub.prediction(text),
            ):
                with contextlib.suppress(KintsugiError, ValueError):
                    await asyncio.wait_for(ask, 10)
    for request in sent.seen:
        assert request.url.host in known
        assert request.url.scheme == "https"
        line = request.url.raw_path + b"".join(name + value for name, value in request.headers.raw)
        assert not set(line) & set(b"\r\n\x00"), line
        assert "x-evil" not in request.headers
        assert b"evil" not in request.headers["host"].encode()


@pytest.mark.parametrize("relay", ["", "https://relay.example/?url={url}"])
async def test_no_redirect_is_followed(tmp_path: Path, relay: str) -> None:
    def redirect() -> httpx.Response:
        return httpx.Response(302, headers={"location": METADATA, "refresh": f"0; url={METADATA}"})

    sent = Recording(redirect)
    settings = Settings(mode="live", data_dir=tmp_path, relay_url=relay)
    async with AsyncHub(settings, transport=sent) as hub:
        with pytest.raises(NoAnswer) as failed:
            await hub.price("BTC/USDT")
    assert failed.value.attempts
    assert not any(attempt.outcome == "ok" for attempt in failed.value.attempts)
    assert sent.seen
    assert all(request.url.host != "169.254.169.254" for request in sent.seen)
    if relay:
        assert any(request.url.host == "relay.example" for request in sent.seen)


async def test_names_that_lead_inward_reach_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts of the catalogue and the proxy API, where all names lead to this machine or its network."""
    inward = ["127.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1"]
    asked = iter(range(10**6))

    def found(host: str, port: Any, *_: Any, **__: Any) -> Any:
        address = inward[next(asked) % len(inward)]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    async def connect(*_: Any, **__: Any) -> Any:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket, "getaddrinfo", found)
    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", connect)
    settings = Settings(mode="live", data_dir=tmp_path, archive=False)
    async with AsyncHub(settings) as hub:
        with pytest.raises(NoAnswer) as failed:
            await hub.price("BTC/USDT", deadline=5)
        with pytest.raises(KintsugiError, match="leads to"):
            await hub.forward("https://api.kraken.com/0/public/Time")
    reasons = [attempt.reason for attempt in failed.value.attempts if attempt.elapsed]
    assert any("leads to" in reason for reason in reasons), reasons


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ('{ name = "127.0.0.1" }', "/p"),
        ('{ name = "localhost" }', "/p"),
        ('{ name = "169.254.169.254" }', "/p"),
        ('{ name = "api.mine.example@127.0.0.1" }', "/p"),
        ('{ name = "api.mine.example/x" }', "/p"),
        ('{ name = "[::1]:80" }', "/p"),
        ('{ name = "2130706433" }', "/p"),
        ('{ name = "api.mine.example:99999999" }', "/p"),
        ('{ name = "api.mine.example", scheme = "file" }', "/p"),
        ('{ name = "api.mine.example", scheme = "http" }', "/p"),
        ('{ name = "api.mine.example" }', "http://127.0.0.1/p"),
        ('{ name = "api.mine.example" }', "@127.0.0.1/p"),
    ],
)
def test_a_file_of_ones_own_cannot_point_inward(tmp_path: Path, host: str, path: str) -> None:
    own = own_file(tmp_path, host, path)
    with pytest.raises((CatalogError, KintsugiError), match=r"mine[^ ]*\s+(hosts|price\.path)"):
        AsyncHub(Settings(mode="live", data_dir=tmp_path / "data", catalog_dirs=(own,)))


async def test_a_path_of_ones_own_stays_on_its_host(tmp_path: Path) -> None:
    own = own_file(tmp_path, path="//127.0.0.1/../x")
    request = Catalog.load(own)["mine"].request(PriceQuery("BTC/USD"))
    assert request.url.host == "api.mine.example"


@contextlib.asynccontextmanager
async def flooding(head: bytes, piece: bytes) -> AsyncIterator[tuple[Sender, list[int]]]:
    """A server that sends its head and then one piece for ever; a sender to it, and how many bytes went out."""
    out, tasks = [0], []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.current_task())
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(head)
            while not writer.is_closing():
                writer.write(piece)
                out[0] += len(piece)
                await writer.drain()
                await asyncio.sleep(0)
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    sender = Sender(transport=None, lab_url=url, connect_timeout=1, request_timeout=1.0)
    try:
        yield sender, out
    finally:
        await sender.close()
        listening.close()
        await listening.wait_closed()
        await asyncio.gather(*tasks, return_exceptions=True)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (HEAD + b"\r\n", b"x" * 65_536),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65_536 + b"\r\n"),
        (HEAD + b"Content-Length: 1000000000000\r\n\r\n", b"x" * 65_536),
        (b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"y" * 1000 + b"\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1;" + b"e" * 50_000),
        (HEAD + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"\0" * 10_000_000)),
    ],
    ids=["to the end", "chunked", "a terabyte", "headers", "hints", "a chunk's head", "packed"],
)
async def test_an_answer_without_end_is_ended(head: bytes, piece: bytes) -> None:
    most, began = 1_000_000, time.monotonic()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with flooding(head, piece) as (sender, out):
        with pytest.raises((BadPayload, httpx.TransportError)):
            await sender.send(
                Host(name="api.venue.test"),
                WireRequest("GET", httpx.URL("https://api.venue.test/"), max_bytes=most),
            )
        sent = out[0]
    assert time.monotonic() - began < 3
    assert sent < 60_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000, "kB"


def test_a_body_packed_many_times_over_is_refused() -> None:
    body = b"x"
    for _ in range(50):
        body = gzip.compress(body, 0)
    with pytest.raises(BadPayload, match="times"):
        inflated([(b"content-encoding", b", ".join([b"gzip"] * 50))], body, 1_000_000, 200)
    twice = gzip.compress(gzip.compress(b"{}"))
    assert inflated([(b"content-encoding", b"gzip, gzip")], twice, 100, 200) == b"{}"


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol">'
    + "".join(
        f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefghi", "bcdefghij", strict=True)
    )
    + ']><rss version="2.0"><channel><title>&j;</title><item><title>&j;</title></item></channel></rss>'
)
FILE = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    '<rss version="2.0"><channel><item><title>&x;</title><link>https://a.example/</link></item></channel></rss>'
)


@pytest.mark.parametrize("body", [LAUGHS, FILE], ids=["laughs", "a file"])
def test_entities_of_a_feed_mean_nothing(body: str) -> None:
    began = time.monotonic()
    feed = Catalog.load()["cointelegraph"]
    response = httpx.Response(200, headers={"content-type": "application/rss+xml"}, content=body.encode())
    try:
        said = repr(feed.read(NewsQuery(limit=5), response))
    except WireError as error:
        said = str(error)
    assert "root:" not in said
    assert len(said) < 20_000
    assert time.monotonic() - began < 2


HURTFUL = {
    "deep": b"[" * 200_000,
    "long number": b'{"error":[],"result":{"XXBTZUSD":{"c":["' + b"9" * 100_000 + b'"]}}}',
    "deep objects": b'{"a":' * 100_000,
    "one number": b"1" * 100_000,
}


@pytest.mark.parametrize("body", HURTFUL.values(), ids=HURTFUL)
def test_json_that_is_made_to_hurt_is_a_bad_payload(body: bytes) -> None:
    began = time.monotonic()
    response = httpx.Response(200, headers={"content-type": "application/json"}, content=body)
    with pytest.raises(WireError):
        Catalog.load()["kraken"].read(PriceQuery("BTC/USD"), response)
    assert time.monotonic() - began < 2
