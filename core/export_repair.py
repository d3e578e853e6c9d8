"""A repaired series and its ledger as files, every row with where it comes from."""

import json
import re
from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd

from core.candles import Repair, words
from core.candles.frame import OBSERVED
from core.export import csv_bytes, parquet_bytes
from core.market import CANDLE_FIELDS

Form = Literal["csv", "parquet"]


def result(made: Repair, frame: pd.DataFrame, name: str, form: Form) -> bytes:
    """The repaired candles. ``frame`` is the repair's own, or what is left of it after an undo.

    Beside the values stand ``source``, ``method``, ``uses_future`` and ``reason``, the last two empty where the
    candle is as it was observed. What a reader should know of the whole stands in lines that begin with ``#``,
    or in the Parquet schema under :data:`core.export.METADATA`. No text can act as a spreadsheet formula.
    """
    told, table = _told(made, frame, name), _table(made.ledger, frame)
    return csv_bytes(told, table) if form == "csv" else parquet_bytes(told, table)


def ledger(lines: pd.DataFrame, form: Form) -> bytes:
    """The ledger, as :func:`core.candles.read_ledger` reads it. No text can act as a spreadsheet formula."""
    words_of = dict.fromkeys(("field", "method", "source", "reason"), str)
    plain = lines.reset_index().astype(words_of).astype({"before": "float64", "after": "float64"})
    if form == "parquet":
        return parquet_bytes({}, plain)
    return csv_bytes({}, plain.set_index("time"))


def file_name(name: str, what: Literal["repaired", "ledger"], form: Form) -> str:
    """``prices.csv`` → ``prices_repaired.parquet``."""
    stem = re.sub(r"[^\w.-]+", "-", name[:200]).strip(".-") or "candles"
    stem = re.sub(r"(\.(csv|tsv|txt|jsonl?|parquet|feather|arrow|gz))+$", "", stem, flags=re.IGNORECASE)
    return f"{stem[:80]}_{what}.{form}"


def _table(lines: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    table = frame[[name for name in (*CANDLE_FIELDS, "source", "method") if name in frame]].copy()
    for name in ("source", "method"):
        table[name] = (
            table[name].astype(str) if name in table else ("raw" if name == "source" else "observed")
        )
    touched = ~table["method"].isin(OBSERVED).to_numpy(np.bool_)
    said = lines[lines["field"].isin(CANDLE_FIELDS) & lines["after"].notna() & (lines["method"] != "merge")]
    by_time = said.groupby("time", sort=False).agg({"uses_future": "max", "reason": "last"})
    by_time = by_time.reindex(table.index[touched])
    for name in ("uses_future", "reason"):
        column = np.full(len(table), "", dtype=object)
        column[touched] = by_time[name].astype(object).where(by_time[name].notna(), "").to_numpy()
        table[name] = [
            str(cell).lower() if isinstance(cell, bool | np.bool_) else str(cell) for cell in column
        ]
    return table


def _told(made: Repair, frame: pd.DataFrame, name: str) -> Mapping[str, object]:
    methods = frame["method"].astype(str).value_counts() if "method" in frame else pd.Series(dtype="int64")
    done = {words.method(str(key)): int(count) for key, count in methods.items() if key not in OBSERVED}
    before = made.before
    return {
        "name": name,
        "interval": made.interval,
        "version": "best estimate"
        if made.policy.view == "best"
        else "as known: nothing later than each candle",
        "rows": len(frame),
        "repaired": json.dumps(done, ensure_ascii=False) if done else "none",
        "left_open": int(made.left_open["count"].sum()),
        "quality_of_raw": "too little to judge" if before.score is None else round(before.score, 4),
        "usable_before": round(before.usable, 4),
        "times": "open time of each candle, UTC",
        "method": "observed: as the source gave it; every other method is a repair",
    }
