"""A ledger as a table of repairs, one row each. Pure."""

import numpy as np
import pandas as pd

from core.candles import words

MOST = 2000
"""Repairs in the table; the rest is counted, and in the ledger."""
_FEW = 6
"""Changes of one repair that are told one by one."""


def repairs(ledger: pd.DataFrame) -> pd.DataFrame:
    """One row a repair: index ``repair``; ``start end count method source uses_future reason change``.

    ``change`` says of a single candle which values became which; of filled gaps there is nothing to say.
    """
    numbers = pd.unique(ledger.index)[:MOST]
    part = ledger.loc[ledger.index.isin(numbers)]
    groups = part.groupby(level="repair", sort=True)
    table = pd.DataFrame(
        {
            "start": groups["time"].min(),
            "end": groups["time"].max(),
            "count": groups["time"].nunique(),
            "method": groups["method"].last().astype(str),
            "source": groups["source"].last().astype(str),
            "uses_future": groups["uses_future"].max(),
            "reason": groups["reason"].last().astype(str),
        }
    )
    table["change"] = _changes(part).reindex(table.index).fillna("")
    return table


def shown(table: pd.DataFrame, undone: set[int]) -> pd.DataFrame:
    """The same as people read it. Repairs that were taken back say so."""
    return pd.DataFrame(
        {
            "State": ["↶ taken back" if number in undone else "◆ repaired" for number in table.index],
            "Repair": [words.method(name).capitalize() for name in table["method"]],
            "From": table["start"].dt.tz_localize(None).to_numpy(),
            "To": table["end"].dt.tz_localize(None).to_numpy(),
            "Candles": table["count"].to_numpy(),
            "Change": table["change"].to_numpy(),
            "Source": table["source"].to_numpy(),
            "Later candles": ["used" if used else "" for used in table["uses_future"]],
            "Reason": table["reason"].to_numpy(),
        }
    )


def _changes(lines: pd.DataFrame) -> "pd.Series[str]":
    old = lines["before"].to_numpy(dtype=np.float64, na_value=np.nan)
    new = lines["after"].to_numpy(dtype=np.float64, na_value=np.nan)
    told = np.isfinite(old) & (lines["field"].astype(str).to_numpy() != "order")
    few = lines.groupby(level="repair")["time"].transform("size").to_numpy() <= _FEW
    rows = np.flatnonzero(told & few & (old != new))
    texts = [
        _change(str(name), before, after)
        for name, before, after in zip(lines["field"].iloc[rows], old[rows], new[rows], strict=True)
    ]
    return pd.Series(texts, index=lines.index[rows], dtype=object).groupby(level=0).agg(", ".join)


def _change(name: str, before: float, after: float) -> str:
    if name == "time":
        old = f"{pd.Timestamp(before, unit='s'):%Y-%m-%d %H:%M:%S}" if before < 1e11 else f"{before:.0f} s"
        return (
            f"{old} → {pd.Timestamp(after, unit='s'):%H:%M:%S}" if np.isfinite(after) else f"{old} set aside"
        )
    return f"{name} {before:,.8g} → {after:,.8g}" if np.isfinite(after) else f"{name} was {before:,.8g}"
