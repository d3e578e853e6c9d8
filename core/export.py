"""Candles as files that carry their own provenance, and a query as Python."""

import io
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.answer import Answer
from core.chosen import Chosen
from core.market import CANDLE_FIELDS, CandleQuery

METADATA = b"kintsugi"
"""Key of the provenance (JSON) in a Parquet file's schema."""

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_AFTER_SEPARATOR = re.compile(r"([,;|]\s*)(?=[=+\-@＝＋－＠])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


def to_csv(answer: Answer[pd.DataFrame], query: CandleQuery, beside: pd.DataFrame | None = None) -> bytes:
    """UTF-8 text: provenance in lines that begin with ``#``, then a header and one line a candle.

    Times are UTC. ``source`` and ``method`` stand on every line. No text can act as a spreadsheet formula.
    ``beside`` are more columns on the candles' index, such as indicators; where undefined the cell is empty.
    """
    return csv_bytes(_provenance(answer, query), _table(answer, beside))


def to_parquet(answer: Answer[pd.DataFrame], query: CandleQuery, beside: pd.DataFrame | None = None) -> bytes:
    """Parquet with the same columns, null where undefined.

    The provenance with all attempts is there as JSON under :data:`METADATA`.
    """
    told = {**_provenance(answer, query), "attempts": answer.provenance()["attempts"]}
    return parquet_bytes(told, _table(answer, beside))


def csv_bytes(told: Mapping[str, object], table: pd.DataFrame) -> bytes:
    """A table with a ``time`` index as CSV, what is told of it in lines that begin with ``#`` above."""
    out = io.StringIO()
    for name, value in told.items():
        out.write(f"# {name}: {inert(str(value))}\n")
    times = pd.DatetimeIndex(table.index)
    whole = bool((times == times.floor("s")).all())
    stamps = times.strftime("%Y-%m-%dT%H:%M:%SZ" if whole else "%Y-%m-%dT%H:%M:%S.%fZ")
    # column by column, and each text once: a million rows cell by cell take a minute
    columns = {name: _cells(table[name]) for name in table.columns}
    pd.DataFrame(columns, index=pd.Index(stamps, name="time")).to_csv(out, lineterminator="\n")
    return out.getvalue().encode()


def _cells(column: "pd.Series[Any]") -> Any:
    """Values for a CSV: texts inert, numbers that are none left out."""
    if pd.api.types.is_float_dtype(column.dtype):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(np.isfinite(values), values, np.nan)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy()
    texts = column.astype(str)
    return texts.map({text: inert(text) for text in texts.unique()}).to_numpy(dtype=object)


def parquet_bytes(told: Mapping[str, object], frame: pd.DataFrame) -> bytes:
    """A table as Parquet, what is told of it as JSON under :data:`METADATA`."""
    frame = frame.copy(deep=False)
    frame.attrs = {}
    table = pa.Table.from_pandas(frame)
    table = table.replace_schema_metadata(
        {**(table.schema.metadata or {}), METADATA: json.dumps(told, allow_nan=False).encode()}
    )
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def to_python(
    answer: Answer[pd.DataFrame],
    query: CandleQuery,
    *,
    lab_seed: int,
    chosen: Sequence[Chosen] = (),
    since: pd.Timestamp | None = None,
) -> str:
    """A script that asks for the same candles again, by their exact times, and computes what is chosen.

    ``since`` is the first time that is wanted, when the candles before are for indicators to warm up on.
    """
    arguments = [repr(query.symbol), repr(query.interval)]
    if len(answer.value):
        first, last = answer.value.index[0], answer.value.index[-1]
        end = last + pd.Timedelta(seconds=query.seconds)
        arguments += [f"start={first.isoformat()!r}", f"end={end.isoformat()!r}"]
    elif query.limit is not None:
        arguments += [f"limit={query.limit}"]
    if query.allow_quote:
        arguments += [f"allow_quote={query.allow_quote!r}"]
    settings = f'Settings(mode="lab", lab_seed={lab_seed})' if answer.lab else "Settings()"
    call = "".join(f"        {argument},\n" for argument in arguments).replace("'", '"')
    wanted = f'.loc["{since.isoformat()}":]' if chosen and since is not None else ""
    return (
        "from core import Hub, Settings\n"
        + ("from core.indicators import compute\n" if chosen else "")
        + f"\nwith Hub({settings}) as hub:\n"
        f"    answer = hub.candles(\n{call}    )\n\n"
        f"print(answer.value{wanted})\n"
        'print(f"from {answer.source} ({answer.tier}), {answer.age:.0f} s old, lab: {answer.lab}")\n'
        + "".join(f"print({_compute(one, query.interval)}{wanted})\n" for one in chosen)
    )


def _compute(one: Chosen, interval: str) -> str:
    given = "".join(f", {name}={value!r}" for name, value in one.params.items())
    return f'compute(answer.value, "{one.declared.name}", interval="{interval}"{given})'


def file_name(answer: Answer[pd.DataFrame], query: CandleQuery, extension: str) -> str:
    """``BTC-USDT_1h_2026-01-01_2026-01-31_kraken.csv``; simulated data says so in its name."""
    days = [f"{moment:%Y-%m-%d}" for moment in (*answer.value.index[:1], *answer.value.index[-1:])]
    parts = [query.symbol.replace("/", "-"), query.interval, *days, re.sub(r"[^\w-]", "", answer.source)]
    return "_".join([*parts, *(["LAB"] if answer.lab else [])]) + f".{extension}"


def _provenance(answer: Answer[pd.DataFrame], query: CandleQuery) -> dict[str, object]:
    return {
        "symbol": query.symbol,
        "interval": query.interval,
        "source": answer.source,
        "host": answer.host,
        "tier": answer.tier,
        "fetched": datetime.fromtimestamp(answer.fetched, UTC).isoformat(timespec="seconds"),
        "age_seconds": round(answer.age, 3),
        "lab": "yes: simulated data" if answer.lab else "no",
        "notes": " / ".join(answer.notes) or "none",
        "times": "open time of each candle, UTC",
        "rows": len(answer.value),
    }


def _table(answer: Answer[pd.DataFrame], beside: pd.DataFrame | None) -> pd.DataFrame:
    """The candles with ``source`` and ``method`` on every row; a repaired frame brings its own."""
    frame = answer.value[[name for name in CANDLE_FIELDS if name in answer.value]].copy()
    for name, everywhere in (("source", answer.source), ("method", "observed")):
        frame[name] = answer.value.get(name, everywhere)
    return frame if beside is None else frame.join(beside)


def inert(text: str, sign: str = "'") -> str:
    """Text on one line that no spreadsheet runs as a formula, at whichever separator it splits: for the sign before."""
    clean = _AFTER_SEPARATOR.sub(rf"\g<1>{sign}", _CONTROL.sub(" ", text).replace('"', "'"))
    return f"{sign}{clean}" if clean.lstrip().startswith(_FORMULA) else clean
