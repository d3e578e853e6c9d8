"""Marked keys in a file, several of one provider, one of them bad: found in no export, trace, journal or command."""

import io
import json
import logging
import traceback

import httpx
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from core import AsyncHub, NoAnswer, Settings
from core.cli import main
from core.export import to_csv, to_parquet
from core.lab import Lab
from core.market import CandleQuery

MARKS = ("MARKEDgood/+1", "MARKEDbad")
HOST = "data-api.coindesk.com"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("COINDESK_API_KEY", "CRYPTOCOMPARE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(f"COINDESK_API_KEY={','.join(MARKS)}\nKINTSUGI_DEADLINE=8\n")
    return tmp_path


class Wire(httpx.AsyncBaseTransport):
    """The lab for a good key; a bad one is refused, repeated, or breaks the connection with its words."""

    def __init__(self):
        self.lab = Lab(seed=3).transport()
        self.sent = []
        self.breaks = False

    async def handle_async_request(self, request):
        key = request.headers["x-api-key"]
        self.sent.append(key)
        if self.breaks:
            raise httpx.ConnectError(f"cannot reach {request.url} with {key}")
        if key == MARKS[1]:
            body = {"Data": {}, "Err": {"type": 2, "message": f"{key} is no key of ours"}}
            return httpx.Response(401, headers={"x-echo": key}, json=body)
        bare = httpx.Request(request.method, request.url)
        return await self.lab.handle_async_request(bare)


async def test_no_mark_is_in_exports_traces_journal_or_diagnostics(folder, caplog):
    caplog.set_level(logging.DEBUG)
    wire, told = Wire(), []
    made = Settings(mode="live", data_dir=folder / "data", providers=("coindesk_data",))
    assert made.deadline == 8
    async with AsyncHub(made, transport=wire) as hub:
        for _ in range(4):
            answer = await hub.candles("BTC/USD", "1h", limit=50, refresh=True)
            told += [repr(answer), str(answer.attempts), str(answer.value.attrs)]
        assert set(wire.sent) == set(MARKS)
        assert wire.sent.count(MARKS[1]) == 1, "it rests"
        asked = CandleQuery("BTC/USD", "1h", limit=50)
        told.append(to_csv(answer, asked).decode())
        told.append(str(pq.read_schema(io.BytesIO(to_parquet(answer, asked))).metadata))
        wire.breaks = True
        with pytest.raises(NoAnswer) as caught:
            await hub.price("BTC/USD", refresh=True)
        told += [str(caught.value), "".join(traceback.format_exception(caught.value))]
        told += [json.dumps(await hub.diagnostics(), default=str), repr(hub.features())]
        told += [repr(hub.settings), repr(hub.knobs()), repr(await hub.health())]
        told += [repr(event) for event in hub.journal.events(limit=500)]
    said = CliRunner().invoke(main, ["catalog", "env"])
    told.append(said.output)
    everything = "\n".join(told) + caplog.text
    assert "in words that held the key" in everything
    assert "[key] is no key of ours" in everything
    assert "MARKED" not in everything
    files = [file for file in (folder / "data").rglob("*") if file.is_file()]
    assert files
    assert not [file.name for file in files if b"MARKED" in file.read_bytes()]
