"""Files carry their provenance, give back the same numbers, and hold nothing that a spreadsheet runs."""

import csv
import io
import json
import re
from dataclasses import replace
from typing import Self

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import export
from core.answer import Answer, Attempt
from core.chosen import columns, parse_all
from core.indicators import compute
from core.market import CandleQuery, candles_frame

QUERY = CandleQuery("BTC/USDT", "1h", limit=3)


def answer(notes: tuple[str, ...] = (), source: str = "kraken", *, lab: bool = False) -> Answer[pd.DataFrame]:
    frame = candles_frame(
        1_700_000_400 // 3600 * 3600 + np.arange(3) * 3600,
        {
            "open": np.array([0.1 + 0.2, 1e-9, 64000.01]),
            "high": np.array([1.0, 2e-9, 64001.0]),
            "low": np.array([0.1, 1e-9, 63999.0]),
            "close": np.array([0.5, 1.5e-9, 64000.5]),
            "volume": np.array([0.0, 1 / 3, 1e12]),
        },
    )
    tried = Attempt("binance", "api.binance.com", "blocked", "geo-block", 451, 1.7e9, 0.1)
    return Answer(frame, source, "api.kraken.com", "fallback", 12.5, 1_700_010_000.0, (tried,), notes, lab)


def test_csv_gives_back_the_same_numbers() -> None:
    given_ = answer()
    read = pd.read_csv(
        io.BytesIO(export.to_csv(given_, QUERY)), comment="#", index_col="time", parse_dates=True
    )
    assert list(read.columns) == ["open", "high", "low", "close", "volume", "source", "method"]
    for name in ("open", "high", "low", "close", "volume"):
        assert read[name].tolist() == given_.value[name].tolist()
    assert (read.index == given_.value.index).all()
    assert set(read["source"]) == {"kraken"}
    assert set(read["method"]) == {"observed"}


def test_csv_says_where_it_comes_from() -> None:
    text = export.to_csv(answer(("no volume",), lab=True), QUERY).decode()
    for line in (
        "# symbol: BTC/USDT",
        "# source: kraken",
        "# host: api.kraken.com",
        "# tier: fallback",
        "# fetched: 2023-11-15T01:00:00+00:00",
        "# lab: yes: simulated data",
        "# notes: no volume",
    ):
        assert line in text.splitlines()
    assert re.search(r"^2023-11-14T22:00:00Z,", text, re.MULTILINE)


@pytest.mark.parametrize(
    "note", ["=cmd|' /C calc'!A0", "x, =HYPERLINK(1)", "a;+1", "@SUM(1)", "-2", "two\nlines\r,=1+1", "\t=1"]
)
def test_no_formula_survives(note: str) -> None:
    text = export.to_csv(answer((note,), source=note), QUERY).decode()
    assert_inert(text)
    assert len([line for line in text.splitlines() if not line.startswith("#")]) == 4


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_text_becomes_a_formula(text: str) -> None:
    assert_inert(export.to_csv(answer((text,), source=text), QUERY).decode())


def assert_inert(text: str) -> None:
    """No cell begins like a formula, however a spreadsheet splits the lines."""
    for delimiter in ",;\t|":
        for row in csv.reader(io.StringIO(text), delimiter=delimiter):
            for cell in row:
                assert not cell.lstrip().startswith(("=", "+", "-", "@")), cell


def test_parquet_gives_back_frame_and_provenance() -> None:
    given_ = answer(("partial",))
    data = export.to_parquet(given_, QUERY)
    read = pd.read_parquet(io.BytesIO(data))
    pd.testing.assert_frame_equal(read[["open", "high", "low", "close", "volume"]], given_.value)
    told = json.loads(pq.read_schema(io.BytesIO(data)).metadata[export.METADATA])
    assert (told["source"], told["tier"], told["notes"]) == ("kraken", "fallback", "partial")
    assert told["attempts"][0]["outcome"] == "blocked"


def test_a_repaired_frame_keeps_its_own_sources() -> None:
    given_ = answer()
    given_.value["source"] = ["kraken", "okx", "kraken"]
    given_.value["method"] = ["observed", "venue", "observed"]
    read = pd.read_csv(io.BytesIO(export.to_csv(given_, QUERY)), comment="#")
    assert read["method"].tolist() == ["observed", "venue", "observed"]
    assert read["source"].tolist() == ["kraken", "okx", "kraken"]


def test_without_volume_there_is_no_volume_column() -> None:
    given_ = answer()
    del given_.value["volume"]
    assert b"volume" not in export.to_csv(given_, QUERY)


def test_indicators_stand_beside_the_candles() -> None:
    given_ = answer()
    given_.value[["high", "low", "close"]] = np.array([[3.0, 1.0, 2.0], [4.0, 2.0, 3.0], [6.0, 4.0, 5.0]])
    beside = columns(parse_all(["sma(2)"])[0], given_.value, "1h")
    text = export.to_csv(given_, QUERY, beside).decode()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert lines[0] == "time,open,high,low,close,volume,source,method,sma(2)"
    assert [line.rsplit(",", 1)[1] for line in lines[1:]] == ["", "2.5", "4.0"]
    assert "nan" not in text.lower()
    table = pq.read_table(io.BytesIO(export.to_parquet(given_, QUERY, beside)))
    assert table.column("sma(2)").to_pylist() == [None, 2.5, 4.0]


def test_python_computes_what_is_chosen() -> None:
    frame = answer().value
    frame[["high", "low", "close"]] = np.array([[3.0, 1.0, 2.0], [4.0, 2.0, 3.0], [6.0, 4.0, 5.0]])
    given_ = replace(answer(), value=frame)
    chosen = parse_all(["sma(2),psar(0.03),obv"])[0]
    text = export.to_python(given_, QUERY, lab_seed=1, chosen=chosen, since=frame.index[1])
    printed: list[object] = []

    class FakeHub:
        def __init__(self, settings: object) -> None:
            pass

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def candles(self, *_: object, start: str, **__: object) -> Answer[pd.DataFrame]:
            assert start == frame.index[0].isoformat()
            return given_

    head, body = text.split("\n\n", 1)
    assert head == "from core import Hub, Settings\nfrom core.indicators import compute"
    names = {"Hub": FakeHub, "Settings": dict, "compute": compute, "print": printed.append}
    exec(body, names)  # noqa: S102 - our own snippet
    candles, _, *values = printed
    assert [list(shown.columns) for shown in values] == [["sma"], ["psar", "trend"], ["obv"]]
    assert {shown.index[0] for shown in (candles, *values)} == {frame.index[1]}
    assert values[0]["sma"].tolist() == [2.5, 4.0]
    assert values[1].attrs["params"] == {"step": 0.03, "max_step": 0.2}


@pytest.mark.parametrize("lab", [False, True])
def test_python_asks_for_the_exact_window(*, lab: bool) -> None:
    text = export.to_python(answer(lab=lab), CandleQuery("BTC/USDT", "1h", allow_quote=("USD",)), lab_seed=11)
    calls: list[tuple[tuple[object, ...], dict[str, object]]] = []

    class FakeHub:
        def __init__(self, settings: object) -> None:
            self.settings = settings

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def candles(self, *args: object, **fields: object) -> Answer[pd.DataFrame]:
            calls.append((args, {**fields, "settings": self.settings}))
            return answer()

    body = text.split("\n", 1)[1]
    assert text.startswith("from core import Hub, Settings\n")
    exec(body, {"Hub": FakeHub, "Settings": dict, "print": lambda *_: None})  # noqa: S102 - our own snippet
    (args, fields), *_ = calls
    assert args == ("BTC/USDT", "1h")
    assert fields == {
        "start": "2023-11-14T22:00:00+00:00",
        "end": "2023-11-15T01:00:00+00:00",
        "allow_quote": ("USD",),
        "settings": {"mode": "lab", "lab_seed": 11} if lab else {},
    }


def test_file_names_say_what_is_inside() -> None:
    assert export.file_name(answer(), QUERY, "csv") == "BTC-USDT_1h_2023-11-14_2023-11-15_kraken.csv"
    assert export.file_name(answer(lab=True), QUERY, "parquet").endswith("_kraken_LAB.parquet")
    assert "/" not in export.file_name(answer(source="../../x"), QUERY, "csv")
