"""Numbers as people's files write them."""

import re
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

from core.candles.frame import Floats
from core.candles.reading import Table, unread

_NONE = {"", "nan", "none", "null", "<na>", "nat", "-nan"}
_THOUSANDS = re.compile(r"(^|\D)\d{1,3}(,\d{3})+(\D|$)")
_LEFT_OUT = str.maketrans(
    "", "", " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{RIGHT SINGLE QUOTATION MARK}'_"
)
"""What may stand between thousands."""


def read_numbers(column: "pd.Series[Any]", table: Table, bad: list[dict[str, Any]], name: str) -> Floats:
    """A column as float64; cells that hold no number become NaN, and are added to ``bad`` with their line."""
    if pd.api.types.is_float_dtype(column.dtype) or pd.api.types.is_integer_dtype(column.dtype):
        return np.array(column.to_numpy(dtype=np.float64, na_value=np.nan))
    values = column.astype(object)
    texts = infer_dtype(values) == "string"
    plain = (
        values
        if texts
        else values.map(lambda cell: cell if isinstance(cell, int | float | str) else _number(cell))
    )
    found = np.array(pd.to_numeric(plain, errors="coerce"), dtype=np.float64)
    rows = np.flatnonzero(np.isnan(found))
    cells = [str(cell).strip() for cell in values.to_numpy()[rows]]
    comma = _decimal_comma(cells, table.decimal_comma)
    for row, text in zip(rows.tolist(), cells, strict=True):
        found[row] = _from_text(text, comma)
        if np.isnan(found[row]) and text.lower() not in _NONE:
            bad.append(unread(table.lines[row], text, f"{name} is no number"))
    return found


def _decimal_comma(cells: list[str], usual: bool) -> bool:
    """Whether a comma is the decimal mark in these cells: of comma and point the last one is."""
    with_comma = [cell for cell in cells if "," in cell]
    both = [cell for cell in with_comma if "." in cell]
    if both:
        return sum(cell.rfind(",") > cell.rfind(".") for cell in both) * 2 > len(both)
    return usual or not all(_THOUSANDS.search(cell) for cell in with_comma)


def _number(cell: object) -> float:
    try:
        return float(cell)  # type: ignore[arg-type]  # Decimal, numpy scalars; anything else is caught
    except (TypeError, ValueError, OverflowError):
        return float("nan")


def _from_text(text: str, decimal_comma: bool) -> float:
    cleaned = text.strip("$€£ ").translate(_LEFT_OUT)
    if decimal_comma and "," in cleaned:
        cleaned = cleaned.replace(".", "").replace(",", ".")
    return _number(cleaned.replace(",", ""))
