"""Files that are made to fill the machine, and names that are made to leave their folder."""

import gzip
import io
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.candles import NotCandles
from core.candles.archive import Series
from core.hub import Hub
from core.uploads import MOST_BYTES, NotTaken, Reading

UP = (
    "../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/journal.sqlite",
    "....//....//etc/passwd",
    "/etc/passwd",
    "..\\..\\windows\\win.ini",
    "kraken%00.json",
    "%01",
    "a" * 3000,
)
HEAD = b"time,open,high,low,close,volume\n"


class Huge(bytes):
    """A gigabyte that is nowhere: looking into it is the failure."""

    def __len__(self) -> int:
        return 1_000_000_000

    def __getitem__(self, at: Any) -> Any:
        raise AssertionError("it was read")

    def count(self, *_: Any) -> int:
        raise AssertionError("it was read")


def test_a_gigabyte_is_refused_before_it_is_looked_at() -> None:
    with pytest.raises(NotTaken, match=r"1,000\.0 MB: expected at most 100 MB"):
        Reading(Huge()).result()


@pytest.mark.parametrize(
    "body",
    [
        HEAD + b" " * 900_000,
        HEAD + (b'"' + b" " * 400_000 + b'UTC",1,2,0.5,1.5,1\n') * 2,
        HEAD + b"1" * 900_000 + b",1,2,0.5,1.5,1\n",
        HEAD + b"1600000000," + b"9" * 900_000 + b",2,0.5,1.5,1\n",
        HEAD + b"2024-01-01T" + b"0:" * 400_000 + b",1,2,0.5,1.5,1\n",
        HEAD + b'"' + b"\n" * 500_000,
        b"," * 900_000,
        b"[" * 900_000,
        b'{"a":' * 180_000,
        b"\x00" * 900_000,
    ],
    ids=["spaces", "a cell", "a time", "a number", "clock", "a quote", "commas", "deep", "objects", "zeros"],
)
def test_a_small_file_that_is_made_to_take_long(body: bytes) -> None:
    began = time.monotonic()
    try:
        frame = Reading(body).result()
    except (NotCandles, NotTaken) as error:
        said = str(error)
    else:
        said = str(frame.attrs["unread"])
    assert time.monotonic() - began < 5
    assert len(said) < 5000


@pytest.mark.slow
def test_a_packed_table_cannot_fill_the_machine() -> None:
    """Some kilobytes that say three hundred million candles."""
    column = pa.array([1.5]).take(pa.array([0] * 1_000_000))
    table = pa.table({"time": column, "open": column, "high": column, "low": column, "close": column})
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, table.schema, compression="zstd") as writer:
        for _ in range(300):
            writer.write_table(table)
    assert len(sink.getvalue()) < MOST_BYTES
    mine, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with pytest.raises(NotTaken, match="300,000,000 candles: expected at most 1,000,000"):
        Reading(sink.getvalue()).result()
    assert time.monotonic() - began < 30
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - mine < 300_000, "kB in this process"


@pytest.mark.slow
def test_a_file_packed_twice_is_no_table() -> None:
    with pytest.raises((NotCandles, NotTaken)):
        Reading(gzip.compress(gzip.compress(HEAD + b"1600000000,1,2,0.5,1.5,1\n"))).result()


def _all(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def test_no_id_leads_out_of_its_place(here: Any, lab_hub: Hub, tmp_path: Path) -> None:
    outside = tmp_path / "secret.txt"
    outside.write_text("the secret")
    for text in UP:
        for path in (f"providers/{text}", f"indicators/{text}"):
            response = here.send("GET", f"/api/v1/{path}")
            assert response.status_code in {400, 404}, (path, response.status_code)
            assert "root:" not in response.text
        for method, path, body in (
            ("POST", f"alerts/{text}/ack", None),
            ("POST", f"alerts/rules/{text}", {"enabled": True}),
            ("POST", "reset", {"target": text}),
            ("POST", "isolate", {"target": text, "reason": "x"}),
            ("POST", "repair", {"symbol": text}),
            ("POST", "repair", {"symbol": "BTC/USDT", "providers": [text]}),
            ("POST", "watchlist", {"symbol": text}),
            ("POST", "settings", {text: "x"}),
        ):
            response = here.send(method, f"/api/v1/{path}", json=body)
            assert response.status_code in {400, 404, 405, 429}, (path, body, response.text)
            assert "secret" not in response.text
        for query in ({"symbol": text}, {"symbol": "BTC/USDT", "providers": text}):
            assert here.send("GET", "/api/v1/candles", params=query).status_code in {400, 404, 503}
    assert not lab_hub.health().totals["isolated"]
    assert _all(tmp_path) - _all(tmp_path / "data") <= {outside, tmp_path / "data"}


@pytest.mark.parametrize("name", UP, ids=lambda name: ascii(name[:20]))
def test_no_name_of_a_series_leads_out_of_the_archive(name: str) -> None:
    for fields in ((name, "BTC/USDT", "1h"), ("kraken", name, "1h"), ("kraken", "BTC/USDT", name)):
        with pytest.raises(ValueError, match="expected"):
            Series(*fields)


def test_no_deep_link_opens_what_is_not_offered(lab_hub: Hub, app: Callable[..., Any]) -> None:
    for page, address in (
        ("repair", {"of": "the archive", "series": UP[0]}),
        ("quality", {"series": UP[0]}),
        ("candles", {"symbol": UP[0], "interval": UP[1], "window": UP[2], "indicators": UP[0]}),
        ("activity", {"kinds": UP[0], "target": UP[0]}),
        ("providers", {"provider": UP[0]}),
    ):
        at = app(page, **address)
        assert not at.exception, page
        assert "root:" not in str(at.main)


def test_a_file_that_is_too_much_is_on_record(
    lab_hub: Hub, app: Callable[..., Any], on_record: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.uploads.MOST_ROWS", 2)
    at = app("repair", of="a file")
    body = HEAD + b"".join(b"%d,1,2,0.5,1.5,1\n" % (1_600_000_000 + 3600 * n) for n in range(5))
    at.file_uploader(key="repair_file").set_value(("prices.csv", body, "text/csv")).run()
    assert "expected at most 2" in at.error[0].value
    at.run()
    (event,) = on_record()
    assert event.detail.startswith(f"a file of {len(body):,} bytes: 5 candles: expected at most 2")
    assert event.who.startswith("page, ")
