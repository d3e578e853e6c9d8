"""Our own HTTP/1.1 connections, over real sockets on loopback: kept, bounded, capped, never confused."""

import asyncio
import contextlib
import gzip
import ssl
import subprocess
import zlib

import httpx
import pytest

from core.answer import BadPayload
from core.catalog import Host
from core.engine import pool as pools
from core.engine.inflate import inflated
from core.engine.pool import CONNECTIONS, KEPT
from core.engine.transport import Sender
from core.wire import WireRequest

HOST = Host(name="api.venue.test")
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """Answers each request with the next of ``answers``, the last one for ever; counts what it sees.

    An answer is bytes, or parts: bytes, seconds to wait, None to close the connection.
    """

    def __init__(self, *answers):
        self.answers = list(answers)
        self.heads = []
        self.tasks = []
        self.connections = 0
        self.open = 0
        self.most_open = 0

    async def serve(self, reader, writer):
        self.tasks.append(asyncio.current_task())
        self.connections += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while not writer.is_closing():
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                for part in [answer] if isinstance(answer, bytes) else answer:
                    if part is None:
                        writer.close()
                    elif isinstance(part, float):
                        await asyncio.sleep(part)
                    else:
                        writer.write(part)
                        await writer.drain()
        self.open -= 1
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def sending(*answers, tls=None, **knobs):
    server = Server(*answers)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    port = listening.sockets[0].getsockname()[1]
    times = {"connect_timeout": 2.0, "request_timeout": 2.0} | knobs
    sender = Sender(transport=None, lab_url=f"http://127.0.0.1:{port}", **times)
    sender.port = port
    try:
        yield sender, server
    finally:
        await sender.close()
        listening.close()
        await listening.wait_closed()
        await asyncio.gather(*server.tasks)


def request(**fields):
    return WireRequest("GET", httpx.URL("https://api.venue.test/ticker?symbol=A%2FB"), **fields)


async def test_requests_share_a_connection_and_say_what_they_must():
    async with sending(OK) as (sender, server):
        for _ in range(3):
            response = await sender.send(HOST, request(headers={"x-key": "k"}))
            assert (response.status_code, response.json()) == (200, {})
    assert server.connections == 1
    head = server.heads[0].decode().lower()
    assert head.startswith("get /api.venue.test/ticker?symbol=a%2fb http/1.1\r\nhost: 127.0.0.1:")
    assert "accept-encoding: gzip, deflate\r\n" in head
    assert "x-key: k\r\n" in head


async def test_a_body_is_sent():
    seen = {}

    async def serve(reader, writer):
        seen["head"] = (await reader.readuntil(b"\r\n\r\n")).lower()
        seen["body"] = await reader.readexactly(7)
        writer.write(OK)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        sender = Sender(transport=None, lab_url=url, connect_timeout=2, request_timeout=2)
        post = WireRequest("POST", httpx.URL("https://api.venue.test/q"), content=b'{"a":1}')
        assert (await sender.send(HOST, post)).json() == {}
        await sender.close()
    assert b"content-length: 7\r\n" in seen["head"]
    assert seen["body"] == b'{"a":1}'


async def test_connections_are_bounded_and_few_are_kept():
    async with sending([0.05, OK]) as (sender, server):
        await asyncio.gather(*(sender.send(HOST, request()) for _ in range(3 * CONNECTIONS)))
        assert server.most_open == CONNECTIONS
        await asyncio.sleep(0.1)
        assert server.open == KEPT


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK,
        [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", None],
        [OK[:20], 0.02, OK[20:-1], 0.02, OK[-1:]],
    ],
    ids=["chunked", "after a hint", "until the end", "in pieces"],
)
async def test_every_framing_is_read_whole(answer):
    async with sending(answer) as (sender, _):
        for _ in range(2):
            assert (await sender.send(HOST, request())).content == b"{}"


@pytest.mark.parametrize(
    "answer",
    [
        [None],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", None],
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,
    ],
    ids=["nothing", "cut short", "nonsense length", "no http", "endless head"],
)
async def test_what_is_no_answer_is_a_protocol_error_and_ends_the_connection(answer):
    async with sending(answer, OK) as (sender, server):
        with pytest.raises(httpx.RemoteProtocolError):
            await sender.send(HOST, request())
        assert (await sender.send(HOST, request())).json() == {}
        assert server.connections == 2


async def test_a_connection_with_more_than_the_answer_is_not_used_again():
    async with sending(OK + OK, OK) as (sender, server):
        await sender.send(HOST, request())
        await sender.send(HOST, request())
        assert server.connections == 2


async def test_a_caller_that_gives_up_takes_its_connection_along():
    late = [0.3, OK.replace(b"{}", b"[]")]
    async with sending(late, OK) as (sender, server):
        with pytest.raises(httpx.ReadTimeout, match=r"0\.1 s"):
            await sender.send(HOST, request(), 0.1)
        await asyncio.sleep(0.3)
        assert (await sender.send(HOST, request())).json() == {}
        assert server.connections == 2


async def test_a_connection_that_the_server_closed_is_not_used_again():
    async with sending([OK, 0.02, None], OK) as (sender, server):
        await sender.send(HOST, request())
        await asyncio.sleep(0.1)
        await sender.send(HOST, request())
        assert server.connections == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_connection_closed_just_as_it_is_used_again_is_replaced(method):
    async with sending(OK, [None], OK) as (sender, server):
        await sender.send(HOST, request())
        wanted = WireRequest(method, httpx.URL("https://api.venue.test/x"))
        if method == "GET":
            assert (await sender.send(HOST, wanted)).json() == {}
        else:  # it may have been carried out
            with pytest.raises(httpx.RemoteProtocolError):
                await sender.send(HOST, wanted)
    assert server.connections == (2 if method == "GET" else 1)


async def test_an_answer_that_breaks_off_is_not_asked_for_again():
    async with sending(OK, [OK[:30], None], OK) as (sender, server):
        await sender.send(HOST, request())
        with pytest.raises(httpx.RemoteProtocolError):
            await sender.send(HOST, request())
        assert server.connections == 1


async def test_a_connection_that_rested_too_long_is_not_used_again(monkeypatch):
    monkeypatch.setattr(pools, "KEPT_FOR", -1.0)
    async with sending(OK) as (sender, server):
        for _ in range(2):
            await sender.send(HOST, request())
        assert server.connections == 2


async def test_redirects_are_handed_back():
    async with sending(b"HTTP/1.1 302 Found\r\nLocation: /else\r\nContent-Length: 0\r\n\r\n") as (
        sender,
        server,
    ):
        assert (await sender.send(HOST, request())).status_code == 302
        assert len(server.heads) == 1


@pytest.mark.parametrize("framing", ["length", "chunked", "gzip"])
async def test_the_cap_holds_while_the_body_comes(framing):
    big = b"x" * 5000
    head = b"HTTP/1.1 200 OK\r\n"
    if framing == "chunked":
        answer = head + b"Transfer-Encoding: chunked\r\n\r\n" + b"1388\r\n" + big + b"\r\n0\r\n\r\n"
    elif framing == "gzip":
        packed = gzip.compress(big)
        assert len(packed) < 1000
        answer = head + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed
    else:
        answer = head + b"Content-Length: 5000\r\n\r\n" + big
    async with sending(answer) as (sender, _):
        with pytest.raises(BadPayload, match="larger than 1000 bytes"):
            await sender.send(HOST, request(max_bytes=1000))
        assert (await sender.send(HOST, request(max_bytes=5000))).content == big


async def test_a_drip_is_ended_by_the_time_it_may_take():
    drip = [OK[:-2], *(part for _ in range(12) for part in (0.05, b""))]
    async with sending(drip, request_timeout=0.3) as (sender, _):
        with pytest.raises(httpx.ReadTimeout):
            await sender.send(HOST, request())


async def test_headers_cannot_be_smuggled():
    async with sending(OK) as (sender, server):
        for value in ("a\r\nx-evil: 1", "ключ"):
            with pytest.raises(httpx.LocalProtocolError):
                await sender.send(HOST, request(headers={"x-key": value}))
        assert not server.heads


async def test_a_port_that_nobody_listens_on_refuses():
    sender = Sender(transport=None, lab_url="http://127.0.0.1:9", connect_timeout=1, request_timeout=1)
    with pytest.raises(httpx.ConnectError):
        await sender.send(HOST, request())
    await sender.close()


def certificate(folder, name):
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    command += ["-keyout", key, "-out", cert, "-days", "2", "-subj", f"/CN={name}"]
    subprocess.run([*command, "-addext", f"subjectAltName=DNS:{name}"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert


@pytest.mark.parametrize(
    ("name", "trusted"), [("api.venue.test", True), ("api.venue.test", False), ("other.test", True)]
)
async def test_tls_is_verified_against_authority_and_name(tmp_path, name, trusted):
    context, cert = certificate(tmp_path, name)
    async with sending(OK, tls=context) as (sender, _):
        sender._lab, sender._private = None, frozenset({HOST.name})
        sender._resolver._look_up = lambda host, port: ["127.0.0.1"]
        if trusted:
            sender._context().load_verify_locations(cert)
        wanted = WireRequest("GET", httpx.URL(f"https://api.venue.test:{sender.port}/x"))
        if trusted and name == HOST.name:
            for _ in range(2):
                assert (await sender.send(HOST, wanted)).json() == {}
        else:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await sender.send(HOST, wanted)


BODY = b'{"a": 1}' * 50
RAW = zlib.compressobj(wbits=-15)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(BODY, mtime=0)),
        ("deflate", zlib.compress(BODY)),
        ("deflate", RAW.compress(BODY) + RAW.flush()),
        ("deflate, gzip", gzip.compress(zlib.compress(BODY), mtime=0)),
        ("identity", BODY),
    ],
)
def test_encodings_are_undone(encoding, packed):
    assert inflated([(b"content-encoding", encoding.encode())], packed, 1000, 200) == BODY


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [("gzip", gzip.compress(BODY, mtime=0)[:-5]), ("gzip", b"not gzip"), ("br", b"whatever")],
)
def test_broken_and_unasked_encodings_are_refused(encoding, packed):
    with pytest.raises(BadPayload) as caught:
        inflated([(b"content-encoding", encoding.encode())], packed, 1000, 200)
    assert caught.value.status == 200
