"""A provider of one's own: on this machine only when allowed, with a reader only from an installed package."""

import asyncio
import json
import sys

import httpx
import pytest
from own_provider import own_file

from core.addresses import is_here, leads_inward
from core.async_hub import AsyncHub
from core.catalog import Catalog, CatalogError, PrivateHost
from core.catalog.load import read_provider
from core.engine.pool import Pool
from core.engine.resolve import Resolver
from core.market import PriceQuery
from core.settings import Settings


@pytest.mark.parametrize(
    ("address", "inward"),
    [
        ("127.0.0.1", True),
        ("10.1.2.3", True),
        ("172.16.0.1", True),
        ("192.168.1.1", True),
        ("169.254.169.254", True),  # where clouds keep their keys
        ("100.64.0.1", True),
        ("0.0.0.0", True),
        ("224.0.0.1", True),
        ("255.255.255.255", True),
        ("::1", True),
        ("::", True),
        ("fe80::1%eth0", True),
        ("fd00::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:8.8.8.8", False),
        ("64:ff9b::a00:1", True),  # 10.0.0.1 behind a translator
        ("64:ff9b::808:808", False),
        ("2002:7f00:1::", True),
        ("8.8.8.8", False),
        ("2606:4700::1111", False),
    ],
)
def test_which_addresses_lead_inward(address, inward):
    assert leads_inward(address) is inward


def test_which_names_are_here():
    assert [is_here(name) for name in ("localhost", "localhost:8000", "127.0.0.1:9", "10.0.0.7")] == [
        True
    ] * 4
    assert not is_here("api.kraken.com")
    assert not is_here("8.8.8.8:443")


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["8.8.8.8", "192.168.0.1"], ["::ffff:10.0.0.1"], ["169.254.169.254"]]
)
async def test_a_name_that_leads_inward_is_not_connected_to(addresses):
    resolver = Resolver(lambda host, port: addresses)
    pool = Pool(resolver, "rebound.example", 9, None, 1.0)
    with pytest.raises(httpx.ConnectError, match=r"rebound\.example leads to .*KINTSUGI_PRIVATE_HOSTS"):
        await pool._connect()
    await pool.close()
    resolver.close()


async def test_a_name_that_changes_its_mind_gains_nothing(monkeypatch):
    """What is connected to are the addresses that were looked at: no name is looked up again in between."""
    asked, tried = [], []

    def rebinding(host, port):
        asked.append(host)
        return ["8.8.8.8"] if len(asked) == 1 else ["127.0.0.1"]

    async def connect(factory, address, *_, **__):
        tried.append(address)
        raise OSError("no network here")

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", connect)
    resolver = Resolver(rebinding)
    pool = Pool(resolver, "rebinding.example", 9, None, 1.0)
    with pytest.raises(httpx.ConnectError, match="no network here"):
        await pool._connect()
    with pytest.raises(httpx.ConnectError, match=r"rebinding\.example leads to 127\.0\.0\.1"):
        await pool._connect()
    assert (tried, len(asked)) == (["8.8.8.8"], 2)
    await pool.close()
    resolver.close()


@pytest.mark.parametrize(
    "host",
    [
        '{ name = "127.0.0.1:8000" }',
        '{ name = "localhost:8000", scheme = "http" }',
        '{ name = "10.0.0.5" }',
        '{ name = "api.mine.example", scheme = "http" }',
    ],
)
def test_a_host_here_or_without_tls_needs_leave(tmp_path, host):
    own = own_file(tmp_path, host)
    with pytest.raises(PrivateHost, match=r"mine: hosts: .* KINTSUGI_PRIVATE_HOSTS"):
        AsyncHub(Settings(mode="live", data_dir=tmp_path / "data", catalog_dirs=(own,)))
    name = read_provider(own).hosts[0].name
    allowed = Catalog.load(own).allowing([name])
    assert allowed["mine"].hosts[0].name == name


def test_the_packages_own_need_none():
    assert len(Catalog.load().allowing(())) > 40


async def test_a_service_on_this_machine_answers_when_allowed(tmp_path):
    asked = []

    async def serve(reader, writer):
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        body = json.dumps({"price": 5.5}).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        own = own_file(tmp_path, f'{{ name = "127.0.0.1:{port}", scheme = "http" }}')
        made = Settings(
            mode="live",
            data_dir=tmp_path / "data",
            catalog_dirs=(own,),
            providers=("mine",),
            private_hosts=(f"127.0.0.1:{port}",),
        )
        async with AsyncHub(made) as hub:
            answer = await hub.price("ETH/USD")
        assert (answer.value.last, answer.source, answer.host) == (5.5, "mine", f"127.0.0.1:{port}")
        assert b"GET /price/ETH-USD " in asked[0]


READER = """
def price(call, query, body, now):
    from core.market import Quote
    return Quote(query.symbol, body["odd"] * 2)
"""


def test_a_reader_comes_from_an_installed_package_only(tmp_path, monkeypatch):
    with pytest.raises(CatalogError, match="only the package's own providers may name a function"):
        read_provider(own_file(tmp_path, more='reader = "core.wire.tickers:read_price"'))
    with pytest.raises(CatalogError, match="or entry:NAME"):
        read_provider(own_file(tmp_path, more='reader = "os:system"'))
    with pytest.raises(CatalogError, match="no such entry point in the group"):
        read_provider(own_file(tmp_path, more='reader = "entry:odd"'))
    site = tmp_path / "site"
    info = site / "odd_readers-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "odd_readers.py").write_text(READER)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-readers\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[kintsugi.readers]\nodd = odd_readers:price\ngone = odd_readers:gone\n"
    )
    monkeypatch.syspath_prepend(str(site))
    try:
        provider = read_provider(own_file(tmp_path, more='reader = "entry:odd"'))
        quote = provider.read(PriceQuery("BTC/USD"), httpx.Response(200, json={"odd": 21}))
        assert quote.last == 42
        with pytest.raises(CatalogError, match=r"cannot be loaded: .*gone"):
            read_provider(own_file(tmp_path, more='reader = "entry:gone"'))
    finally:
        sys.modules.pop("odd_readers", None)
