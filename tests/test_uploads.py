"""What people hand in: read within limits, off this process where it may take long, and ended on demand."""

import gzip
import io
import threading

import numpy as np
import pandas as pd
import pytest

from core import uploads
from core.candles import NotCandles, normalise
from core.uploads import Cancelled, NotTaken, Reading


def text(rows: int, start: int = 1_600_000_000) -> bytes:
    head = "time,open,high,low,close,volume\n"
    return (head + "".join(f"{start + 60 * at},1,2,0.5,1.5,{at}\n" for at in range(rows))).encode()


def test_small_text_is_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads.subprocess, "Popen", lambda *_, **__: pytest.fail("another process"))
    assert len(Reading(text(100)).result()) == 100


def test_another_process_reads_the_same() -> None:
    body = gzip.compress(text(300) + b"nonsense\n1600018060,1,x,0.5,1.5,2\n")
    there, here = Reading(body).result(), normalise(body)
    pd.testing.assert_frame_equal(there, here)
    assert there.attrs["unread"] == here.attrs["unread"]
    assert [item["line"] for item in there.attrs["unread"]] == [302, 303]


@pytest.mark.slow
def test_tables_of_every_kind() -> None:
    frame = normalise(text(50))
    for write in ("to_parquet", "to_feather"):
        sink = io.BytesIO()
        getattr(frame.reset_index(), write)(sink)
        assert np.array_equal(Reading(sink.getvalue()).result()["volume"], np.arange(50.0))


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"hello\n", NotCandles, "no candle table"),
        (b"", NotCandles, "an empty file"),
        (text(1).replace(b"\n", b"\n" * 1_100_000), NotTaken, "1,000,000; hand in a part of it"),
    ],
)
def test_what_cannot_be_taken_says_why(body: bytes, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        Reading(body).result()


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_BYTES", 1000)
    with pytest.raises(NotTaken, match=r"MB: expected at most 0 MB"):
        Reading(text(100)).result()


@pytest.mark.slow
def test_a_packed_file_cannot_fill_the_machine() -> None:
    bomb = gzip.compress(b"1,2,3,4,5,6\n" * 60_000_000, 1)  # 4 MB that become 720
    with pytest.raises(
        NotTaken, match=r"needs more than 4 GB|expected at most|ended with code|not read within"
    ):
        Reading(bomb).result()


@pytest.mark.slow
def test_a_broken_table_says_so() -> None:
    with pytest.raises(NotCandles, match="broken Parquet"):
        Reading(b"PAR1" + b"x" * 100).result()


def test_cancelling_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    began = threading.Event()
    real = uploads.subprocess.Popen
    started = []

    def popen(*given: object, **more: object) -> object:
        started.append(real(*given, **more))  # type: ignore[call-overload]
        began.set()
        return started[-1]

    monkeypatch.setattr(uploads.subprocess, "Popen", popen)
    reading = Reading(gzip.compress(text(300_000)))
    ended: list[BaseException] = []

    def work() -> None:
        try:
            reading.result()
        except Cancelled as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert began.wait(20)
    reading.cancel()
    thread.join(20)
    assert len(ended) == 1
    assert started[0].poll() is not None
    with pytest.raises(Cancelled):
        reading.result()
