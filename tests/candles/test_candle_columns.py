"""Columns told by what is in them, numbers and dates as people write them, tables of several forms."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from candle_series import COLUMNS, PRICES, walk

from core.candles import NotCandles, normalise

FRAME = walk(150, seed=3, start="2023-10-28", level=2500.0)
SECONDS = FRAME.index.as_unit("s").asi8
MEAN = FRAME[["high", "low"]].mean(axis=1)
QUOTE = FRAME["volume"] * FRAME["close"]
CLOSES = SECONDS * 1000 + 3_599_999


def check(raw, columns=tuple(COLUMNS)):
    found = raw.sort_index()
    assert list(found.index.as_unit("s").asi8) == list(SECONDS)
    np.testing.assert_allclose(found[list(columns)].to_numpy(), FRAME[list(columns)].to_numpy(), rtol=1e-12)
    assert list(found.columns) == list(columns)
    assert raw.attrs["unread"] == []


def rows(*columns, order=slice(None)):
    """Lists of rows, as APIs give them: ``columns`` are names or values."""
    named = {"s": SECONDS, "ms": SECONDS * 1000} | {name: FRAME[name] for name in COLUMNS}
    values = [named[part] if isinstance(part, str) else part for part in columns]
    return [[cell.item() if hasattr(cell, "item") else cell for cell in row]
            for row in zip(*(list(part) for part in values), strict=True)][order]  # fmt: skip


LAYOUTS = {
    "time open high low close volume": rows("ms", *COLUMNS),
    "with close time and quote volume": rows("ms", *COLUMNS, CLOSES, QUOTE, SECONDS % 50),
    "low high open close": rows("s", "low", "high", "open", "close", "volume", order=slice(None, None, -1)),
    "open close high low": rows("ms", "open", "close", "high", "low", "volume"),
    "close high low open": rows("s", "close", "high", "low", "open", "volume"),
    "close high low open, newest first": rows("s", "close", "high", "low", "open", "volume",
                                              order=slice(None, None, -1)),
    "quote volume before the prices": rows("s", QUOTE, "close", "high", "low", "open", "volume"),
    "a mean price before the volume": rows("s", *PRICES, MEAN, "volume", SECONDS % 50),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("form", ["json", "text", "csv", "frame", "counted csv", "split", "parquet"])
def test_columns_without_names(layout, form):
    given = LAYOUTS[layout]
    frame = pd.DataFrame(given)
    body = io.BytesIO()
    frame.rename(columns=str).to_parquet(body)
    check(normalise({
        "json": json.dumps({"code": "0", "data": given}).encode(),
        "text": json.dumps([[str(cell) for cell in row] for row in given]).encode(),
        "csv": frame.to_csv(index=False, header=False).encode(),
        "frame": frame,
        "counted csv": frame.to_csv(index=False).encode(),
        "split": frame.to_json(orient="split", index=False, double_precision=15).encode(),
        "parquet": body.getvalue(),
    }[form]))  # fmt: skip


def test_prices_without_volume_and_nothing_else():
    check(normalise(json.dumps(rows("ms", *PRICES)).encode()), PRICES)


def test_dates_and_clocks_without_names():
    lines = [f"{at:%Y.%m.%d,%H:%M}," + ",".join(map(str, row))
             for at, row in zip(FRAME.index, FRAME.to_numpy(), strict=True)]  # fmt: skip
    check(normalise("\n".join(lines).encode()))


def test_row_numbers_are_no_times():
    check(normalise(FRAME.reset_index().assign(time=SECONDS).to_csv(header=False).encode()))


def test_an_id_that_counts_seconds_and_volumes_named_alike():
    """``vol`` is worth of the other currency there, ``amount`` what was traded."""
    named = FRAME.drop(columns="volume").assign(id=SECONDS, vol=QUOTE, amount=FRAME["volume"])
    check(normalise(json.dumps({"status": "ok", "data": named.to_dict("records")}).encode()))
    with pytest.raises(NotCandles, match="no column for time"):
        normalise(FRAME.assign(id=np.arange(len(FRAME))).reset_index(drop=True))


@pytest.mark.parametrize("orient", ["index", "table", "columns", "split"])
def test_forms_of_json(orient):
    check(normalise(FRAME.to_json(orient=orient, double_precision=15, date_format="iso").encode()))


def test_frames_with_times_in_their_index_or_in_types_of_their_own():
    check(normalise(pd.concat({"BTC/USD": FRAME}, names=["symbol", "time"])))
    check(normalise(FRAME.reset_index().convert_dtypes(dtype_backend="pyarrow")))
    check(
        normalise(FRAME.reset_index().assign(time=list(FRAME.index.to_pydatetime())).astype({"time": object}))
    )


def test_several_symbols_are_no_series():
    both = pd.concat([FRAME.assign(symbol=name) for name in ("BTC/USD", "ETH/USD")])
    with pytest.raises(NotCandles, match=r"several symbols.*BTCUSD, ETHUSD"):
        normalise(both)
    renamed = FRAME.assign(symbol=["BTCUSD"] * 70 + ["btc/usd"] * 80)
    check(normalise(renamed))
    moved = normalise(FRAME.assign(symbol=["MATIC/USD"] * 70 + ["POL/USD"] * 80))
    check(moved)
    assert any("MATICUSD, POLUSD" in note for note in moved.attrs["notes"])


@pytest.mark.parametrize("form", ["{:,.9f}", "{:_.9f}", "${:,.9f}"])
@pytest.mark.parametrize("between", [",", " ", "\N{NO-BREAK SPACE}", "'"])
def test_thousands(form, between):
    write = lambda value: form.format(value).replace(",", between)  # noqa: E731
    table = FRAME.map(write).set_index(FRAME.index)
    raw = normalise(table.to_csv(sep=";" if between == "," else ",").encode())
    np.testing.assert_allclose(raw[COLUMNS], FRAME[COLUMNS], atol=1e-8)
    assert raw.attrs["unread"] == []


@pytest.mark.parametrize("sep", [";", ",", "\t"])
def test_points_between_thousands(sep):
    table = FRAME.map(lambda value: f"{value:,.9f}".translate(str.maketrans(",.", ".,")))
    raw = normalise(table.to_csv(sep=sep).encode())
    np.testing.assert_allclose(raw[COLUMNS], FRAME[COLUMNS], atol=1e-8)


@pytest.mark.parametrize("form", [
    "%m/%d/%Y, %I:%M:%S %p", "%d.%m.%Y %H:%M:%S.000 GMT+0000", "%a %b %d %Y %H:%M:%S GMT+0000 (Greenwich)",
    "%A, %B %d, %Y %H:%M", "%a, %d %b %Y %H:%M:%S GMT", "%Y%m%d-%H%M", "%Y-%m-%d_%H-%M-%S", "%Y年%m月%d日 %H:%M",
    "%H:%M %d/%m/%Y", "%Y-%m-%d %I:%M %p", "%d %b %Y, %H:%M", "%b-%d-%Y %H:%M", "%Y/%m/%d-%H:%M",
])  # fmt: skip
def test_dates_with_words_marks_and_zones(form):
    check(normalise(FRAME.set_axis(FRAME.index.strftime(form)).to_csv(sep="\t", index_label="Date").encode()))


@pytest.mark.parametrize("offset", ["+02:00", "+0200", " GMT+0200", " UTC+02:00"])
def test_offsets_count(offset):
    texts = (FRAME.index + pd.Timedelta(hours=2)).strftime("%d.%m.%Y %H:%M:%S") + offset
    check(normalise(FRAME.set_axis(texts).to_csv(sep="\t", index_label="Local time").encode()))


@pytest.mark.parametrize("form", ["%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"])
def test_days_and_months_that_could_be_either_follow_each_other(form):
    part = FRAME.set_axis(pd.date_range("2024-03-02", periods=150, freq="1h", tz="UTC", name="time"))
    raw = normalise(part.set_axis(part.index.strftime(form)).to_csv(index_label="Date").encode())
    assert list(raw.index) == list(part.index)
    said = "day/month" if form.startswith("%d") else "month/day"
    assert any(said in note for note in raw.attrs["notes"])


def test_titles_and_delimiters_at_line_ends():
    text = FRAME.to_csv()
    check(
        normalise(("Exported, from, a, fine, site, on, 2024-01-01\n" + text).encode()).pipe(
            told, "above the table"
        )
    )
    check(normalise(text.replace("\n", ",\n").encode()))
    head, rest = text.split("\n", 1)
    check(normalise((head + "\n" + rest.replace("\n", ",\n")).encode()))


def told(raw, reason):
    assert [item["reason"] for item in raw.attrs["unread"]] == [reason]
    raw.attrs["unread"] = []
    return raw


@pytest.mark.parametrize("body", [b"PK\x03\x04\x14\x00\x00\x00", b"\x00\x01\x02\x03" * 50])
def test_what_is_packed_otherwise_is_said_so(body):
    with pytest.raises(NotCandles, match="gzip alone"):
        normalise(body)
