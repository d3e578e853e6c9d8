"""Repaired candles and ledgers as files: everything is said, nothing is a formula, and the ledger gives all again."""

import io
import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from core import export_repair
from core.candles import Repair, read_ledger, repair, replay
from core.export import METADATA
from core.market import candles_frame


def made(source: str = "kraken") -> Repair:
    rng = np.random.default_rng(2)
    close = np.round(100 * np.exp(np.cumsum(rng.normal(0, 0.004, 300))), 2)
    opens = np.append(100.0, close[:-1])
    columns = {"open": opens, "high": np.maximum(opens, close) + 0.1, "low": np.minimum(opens, close) - 0.1}
    frame = candles_frame(
        1_700_438_400 + 3600 * np.arange(300), {**columns, "close": close, "volume": rng.uniform(1, 9, 300)}
    )
    frame.iloc[90, :4] *= 100
    frame = frame.drop(frame.index[[20, 21, *range(200, 260)]])
    frame.attrs = {"source": source}
    return repair(frame, "1h")


def read(body: bytes, form: str) -> pd.DataFrame:
    if form == "csv":
        return pd.read_csv(
            io.BytesIO(body), comment="#", index_col="time", parse_dates=True, keep_default_na=False
        )
    return pd.read_parquet(io.BytesIO(body))


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_every_row_says_where_it_comes_from(form: str) -> None:
    one = made()
    table = read(export_repair.result(one, one.frame, "prices.csv", form), form)  # type: ignore[arg-type]
    assert list(table.columns) == ["open", "high", "low", "close", "volume", "source", "method", "uses_future",
                                   "reason"]  # fmt: skip
    assert np.array_equal(table["close"], one.frame["close"])
    touched = table["method"] != "observed"
    assert touched.sum() == 3
    assert set(table.loc[touched, "uses_future"]) == {"true"}
    assert table.loc[touched, "reason"].str.len().gt(10).all()
    assert set(table.loc[~touched, "reason"]) == set(table.loc[~touched, "uses_future"]) == {""}
    assert set(table["source"]) == {"kraken"}


def test_what_is_told_of_the_whole() -> None:
    one = made()
    body = export_repair.result(one, one.frame, "prices.csv", "parquet")
    told = json.loads(pq.read_schema(io.BytesIO(body)).metadata[METADATA])
    assert told["left_open"] == 60
    assert json.loads(told["repaired"]) == {"on the line": 2, "rescaled": 1}
    assert told["version"] == "best estimate"
    text = export_repair.result(one, one.frame, "prices.csv", "csv").decode()
    assert "# left_open: 60\n" in text


def test_what_is_taken_back_is_not_told() -> None:
    one = made()
    number = int(one.ledger.index[one.ledger["method"] == "rescaled"][0])
    table = read(export_repair.result(one, one.undo(number), "x", "csv"), "csv")
    assert (table["method"] == "line").sum() == 2
    assert table["close"].max() > 5000


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_ledger_gives_everything_again(form: str) -> None:
    one = made()
    lines = read_ledger(export_repair.ledger(one.ledger, form))  # type: ignore[arg-type]
    again = replay(one.raw, lines)
    for name in ("open", "high", "low", "close", "volume"):
        assert np.array_equal(again[name].to_numpy(), one.frame[name].to_numpy())
    assert list(again.index) == list(one.frame.index)


@pytest.mark.parametrize("evil", ["=cmd|' /C calc'!A0", "+1", "-1", "@x", '"=1"'])
def test_no_cell_is_a_formula(evil: str) -> None:
    one = made(evil)
    for body in (export_repair.result(one, one.frame, evil, "csv"), export_repair.ledger(one.ledger, "csv")):
        for line in body.decode().splitlines():
            for cell in line.lstrip("# ").split(","):
                assert not cell.strip('"').startswith(("=", "+", "@"))
                assert not (cell.startswith("-") and not cell[1:2].isdigit())


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("prices.csv", "prices_repaired.csv"),
        ("a.csv.gz", "a_repaired.csv"),
        ("../../etc/passwd", "etc-passwd_repaired.csv"),
        ("binance BTC/USDT 1h", "binance-BTC-USDT-1h_repaired.csv"),
        ("§$%", "candles_repaired.csv"),
    ],
)
def test_file_names(name: str, found: str) -> None:
    assert export_repair.file_name(name, "repaired", "csv") == found
