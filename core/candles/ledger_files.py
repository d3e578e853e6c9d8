"""Ledgers as files: CSV and Parquet, to the bit."""

import io
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from core.candles.frame import Labels, NotCandles, to_index
from core.candles.ledger import FIELDS, known_methods, nullable


def write_ledger(
    ledger: pd.DataFrame, path: str | Path, form: Literal["csv", "parquet"] | None = None
) -> None:
    """Write a ledger as CSV or Parquet, by the file's ending unless ``form`` says so. ValueError for another."""
    form = form or _form(path)
    plain = to_plain(ledger)
    if form == "csv":
        plain.to_csv(path, index=False)
    else:
        plain.to_parquet(path, index=False)


def read_ledger(given: str | Path | bytes) -> pd.DataFrame:
    """Read what :func:`write_ledger` wrote, from a path or its bytes. NotCandles when it is no ledger."""
    body = given if isinstance(given, bytes) else Path(given).read_bytes()
    try:
        if body[:4] == b"PAR1":
            plain = pd.read_parquet(io.BytesIO(body))
        else:
            plain = pd.read_csv(io.BytesIO(body), keep_default_na=False, dtype={"before": str, "after": str})
            for name in ("before", "after"):  # to the bit, whatever precision pandas reads with
                plain[name] = [float(cell or "nan") for cell in plain[name]]
            plain["time"] = pd.to_datetime(plain["time"], utc=True, format="ISO8601")
        return from_plain(plain)
    except (KeyError, ValueError, TypeError, OSError) as error:
        raise NotCandles(f"no ledger: {str(error)[:120]}") from None


def to_plain(ledger: pd.DataFrame) -> pd.DataFrame:
    """A ledger as a table of plain columns, ``repair`` among them, as files hold it."""
    return ledger.reset_index().astype({"field": str, "method": str, "source": str, "reason": str})


def from_plain(plain: pd.DataFrame) -> pd.DataFrame:
    """The ledger in a table of plain columns; others beside them are left out. KeyError, ValueError if none is."""
    numbers = {name: plain[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in ("before", "after")}
    codes = [FIELDS.index(name) for name in plain["field"]]
    method, source, reason = (
        Labels.of(plain[name].astype(object)) for name in ("method", "source", "reason")
    )
    return pd.DataFrame(
        {
            "time": to_index(pd.DatetimeIndex(plain["time"]).as_unit("us").asi8),
            "field": pd.Categorical.from_codes(codes, categories=pd.Index(FIELDS, dtype="str")),
            "before": nullable(numbers["before"]),
            "after": nullable(numbers["after"]),
            "method": method.categorical(known_methods(method.names)),
            "source": source.categorical(source.used()),
            "uses_future": plain["uses_future"].astype(bool).to_numpy(),
            "reason": reason.categorical(reason.used()),
        },
        index=pd.Index(plain["repair"].astype("int64"), name="repair"),
    )


def _form(path: str | Path) -> Literal["csv", "parquet"]:
    ending = Path(path).suffix.lower()
    if ending == ".csv":
        return "csv"
    if ending == ".parquet":
        return "parquet"
    raise ValueError(f"path={str(path)[-40:]!r}: expected a name that ends in .csv or .parquet")
