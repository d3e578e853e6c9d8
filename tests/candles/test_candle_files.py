"""People's files: whatever the columns, times, separators and containers, the same candles come out."""

import gzip
import io
import json

import numpy as np
import pandas as pd
import pytest
from candle_series import COLUMNS, walk

from core.candles import NotCandles, audit, normalise

FRAME = walk(120, start="2023-11-15")
SECONDS = FRAME.index.as_unit("s").asi8


def text(times, sep=",", names=("Time", "Open", "High", "Low", "Close", "Volume"), extra=(), head=""):
    rows = zip(times, *(FRAME[name] for name in COLUMNS), *extra, strict=True)
    lines = [sep.join(names), *(sep.join(str(cell) for cell in row) for row in rows)]
    return (head + "\n".join(lines)).encode()


def check(raw, *, volume=True):
    found = raw.sort_index()
    assert list(found.index.as_unit("s").asi8) == list(SECONDS)
    names = COLUMNS if volume else COLUMNS[:4]
    np.testing.assert_allclose(found[names].to_numpy(), FRAME[names].to_numpy(), rtol=1e-12)
    assert ("volume" in found) == volume
    assert raw.attrs["unread"] == []
    return raw


@pytest.mark.parametrize("factor", [1, 10**3, 10**6, 10**9])
def test_epochs_of_every_unit(factor):
    raw = check(normalise(text(SECONDS * factor)))
    assert audit(raw, "1h").defects.empty


def test_units_mixed_within_one_column_are_told():
    times = [second * 10 ** (3 * (place % 4)) for place, second in enumerate(SECONDS.tolist())]
    raw = check(normalise(text(times)))
    assert any("mixed units" in note for note in raw.attrs["notes"])
    assert audit(raw, "1h").defects["kind"].eq("time_unit").all()


def test_numbers_and_text_in_one_column():
    times = [
        str(at) if place % 3 else pd.Timestamp(at, unit="s").isoformat() for place, at in enumerate(SECONDS)
    ]
    check(normalise(text(times)))


@pytest.mark.parametrize(
    "form",
    ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S+00:00", "%Y-%m-%d %H:%M:%S UTC", "%d/%m/%Y %H:%M",
     "%m/%d/%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%m/%d/%y %I:%M %p", "%Y%m%d %H:%M", "%Y%m%d%H%M", "%Y%m%d%H%M%S",
     "%b %d, %Y %H:%M", "%d-%b-%Y %H:%M", "%a %b %d %H:%M:%S %Y", "%Y-%m-%d %I-%p", "%Y.%m.%d %H:%M", "%Y-%m-%d %H"],
)  # fmt: skip
def test_text_dates(form):
    raw = check(normalise(text(FRAME.index.strftime(form), sep=";")))
    zoned = form.endswith(("Z", "UTC", "+00:00"))
    told = any("no zone" in note for note in raw.attrs["notes"])
    assert told != zoned or form.startswith("%Y%m%d%H")


def test_date_and_clock_in_two_columns():
    rows = zip(FRAME.index, *(FRAME[name] for name in COLUMNS), strict=True)
    body = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<VOL>\n" + "\n".join(
        "\t".join([f"{at:%Y.%m.%d}", f"{at:%H:%M:%S}", *map(str, values)]) for at, *values in rows
    )
    raw = check(normalise(body.encode()))
    assert any("one time" in note for note in raw.attrs["notes"])


@pytest.mark.parametrize(
    "make",
    [
        lambda: text(SECONDS, sep=";").replace(b".", b","),
        lambda: text(SECONDS, sep="\t"),
        lambda: text(SECONDS, head="# told, by, a, comment, line, here\n// and another\n"),
        lambda: text(SECONDS, head="Timestamps are UTC,https://example.com\n\n"),
        lambda: text(SECONDS).split(b"\n", 1)[1],
        lambda: gzip.compress(text(SECONDS)),
        lambda: text(SECONDS).decode().encode("utf-16"),
        lambda: b"\xef\xbb\xbf" + text(SECONDS),
        lambda: io.BytesIO(text(SECONDS)),
    ],
    ids=[
        "semicolons, decimal commas",
        "tabs",
        "comments",
        "a title",
        "no header",
        "gzip",
        "utf-16",
        "bom",
        "open",
    ],
)
def test_containers_of_text(make):
    check(normalise(make()))


def test_newest_first_keeps_its_order():
    head, *lines = text(SECONDS).split(b"\n")
    raw = check(normalise(b"\n".join([head, *lines[::-1]])))
    assert raw.index[0] > raw.index[-1]


@pytest.mark.parametrize("form", ["parquet", "feather", "records", "split", "columns", "lines"])
@pytest.mark.parametrize("packed", [False, True])
def test_tables_and_json(form, packed):
    frame = FRAME.reset_index().assign(time=SECONDS * 1000)
    body = io.BytesIO()
    if form in {"parquet", "feather"}:
        getattr(frame, f"to_{form}")(body)
    else:
        kind = {"lines": {"orient": "records", "lines": True}}.get(form, {"orient": form})
        body.write(frame.to_json(double_precision=15, **kind).encode())
    found = body.getvalue()
    check(normalise(gzip.compress(found) if packed else found))


def test_klines_as_an_api_gives_them():
    rows = [
        [int(at) * 1000, *map(str, row), int(at) * 1000 + 3_599_999, "1", 5, "1", "1", "0"]
        for at, row in zip(SECONDS, FRAME[COLUMNS].to_numpy(), strict=True)
    ]
    check(normalise(json.dumps(rows).encode()))


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        (("unix", "open", "high", "low", "close", "Volume BTC", "Volume USD"), 1),
        (("open_time", "open", "high", "low", "close", "volume", "quote_asset_volume"), 1),
        (("t", "o", "h", "l", "c", "v", "turnover"), 1),
    ],
)
def test_base_volume_beside_quote_volume(names, columns):
    check(normalise(text(SECONDS, names=names, extra=[FRAME["volume"] * FRAME["close"]])))


def test_quote_volume_first_or_alone():
    quote = (FRAME["volume"] * FRAME["close"]).to_numpy()
    frame = FRAME.reset_index().rename(columns={"volume": "Volume BTC"})
    frame.insert(5, "Volume USD", quote)
    check(normalise(frame))
    raw = check(normalise(frame.drop(columns="Volume BTC").rename(columns={"Volume USD": "quote_volume"})),
                volume=False)  # fmt: skip
    assert any("base volume left out" in note for note in raw.attrs["notes"])


def test_what_cannot_be_read_is_listed_with_its_line():
    lines = text(SECONDS).split(b"\n")
    lines[10] = b"garbage"
    lines[20] = b"when," + lines[20].split(b",", 1)[1]
    lines[30] = lines[30].rsplit(b",", 1)[0] + b",many"
    lines[40] += b",1,2,3"
    raw = normalise(b"\n".join(lines))
    assert [item["line"] for item in raw.attrs["unread"]] == [11, 21, 31, 41]
    assert all(item["reason"] for item in raw.attrs["unread"])
    assert len(raw) == len(FRAME) - 3
    assert np.isnan(raw["volume"]).sum() == 1


def test_a_contract_frame_goes_through_untouched():
    raw = normalise(FRAME)
    pd.testing.assert_frame_equal(raw, FRAME, check_exact=True)
    assert normalise(raw) is raw


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"a,b,c,d,e\n1,2,3,4,5", b"[]", b"\x1f\x8b broken", b"PAR1 broken"]
)
def test_no_candle_table(body):
    with pytest.raises(NotCandles) as caught:
        normalise(body)
    assert str(caught.value)
