"""Marked keys in every slot: they leave with the request, and are found nowhere else."""

import logging

import httpx
import pytest

from core import AsyncHub, NoAnswer, Settings
from core.catalog import Catalog
from core.lab import Lab
from core.market import (
    CandleQuery,
    MetadataQuery,
    NewsQuery,
    OnChainQuery,
    OrderBookQuery,
    PriceQuery,
    SentimentQuery,
    SocialQuery,
    TechnicalQuery,
    VolumeQuery,
)

CATALOG = Catalog.load()
KEYED = [provider for provider in CATALOG.values() if provider.auth is not None]


def mark(provider):
    return f"MARKED{provider.id.replace('_', '')}KEY"


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    for provider in KEYED:
        for name in provider.auth.env:
            monkeypatch.delenv(name, raising=False)
    for provider in KEYED:
        monkeypatch.setenv(provider.auth.env[0], mark(provider))


def queries(provider):
    symbol = provider.check_symbol
    asked = [
        NewsQuery(),
        SentimentQuery(),
        SentimentQuery("x"),
        MetadataQuery(),
        MetadataQuery("BTC"),
        SocialQuery("BTC"),
    ]
    asked += [OnChainQuery(next(iter(call.metrics))) for call in provider.declaration.onchain[:1]]
    if symbol:
        interval = next(iter(provider.declaration.ohlcv.intervals)) if provider.declaration.ohlcv else "1h"
        asked += [PriceQuery(symbol), VolumeQuery(symbol), OrderBookQuery(symbol), TechnicalQuery(symbol)]
        asked += [CandleQuery(symbol, interval, limit=1)]
    return [query for query in asked if provider.serves(query) is None]


class Wire(httpx.AsyncBaseTransport):
    """The lab, or a provider that repeats what it was sent, behind a look at every request."""

    def __init__(self, lab):
        self.lab = lab.transport()
        self.echo = False
        self.sent = []

    async def handle_async_request(self, request):
        everything = f"{request.url} {dict(request.headers)} {request.content!r}"
        self.sent.append((request.url.host, everything))
        if self.echo:
            return httpx.Response(
                401, headers={"x-echo": everything.replace("'", "")}, json={"error": everything}
            )
        bare = request.url.copy_with(path=request.url.path.partition("/MARKED")[0])
        return await self.lab.handle_async_request(
            httpx.Request(request.method, bare, content=request.content)
        )


async def test_no_marked_key_is_anywhere_but_in_its_own_requests(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    wire = Wire(Lab(seed=3))
    told = []
    async with AsyncHub(Settings(mode="live", data_dir=tmp_path), transport=wire) as hub:
        for wire.echo in (False, True):
            for provider in KEYED:
                for query in queries(provider):
                    try:
                        answer = await hub.fetch(query, providers=[provider.id], refresh=True)
                        told.append(f"{answer!r} {answer.provenance()}")
                    except NoAnswer as error:
                        told.append(str(error))
        told.append(str((await hub.health()).as_dict()))
    hosts = {host.name: provider for provider in CATALOG.values() for host in provider.hosts}
    for host, everything in wire.sent:
        for provider in KEYED:
            assert (mark(provider) in everything) <= (hosts[host].id == provider.id), host
    used = {provider.id for provider in KEYED if any(mark(provider) in text for _, text in wire.sent)}
    assert used == {provider.id for provider in KEYED}
    assert "MARKED" not in "".join(told)
    assert "MARKED" not in caplog.text
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert files
    assert not [file.name for file in files if b"MARKED" in file.read_bytes()]
    assert sum("ok" in text for text in told) >= len(KEYED)
