"""Closed candles that a venue amends: which differ, what is suggested, what an accepted one changes."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from core.candles.archive.parts import seconds_of
from core.candles.archive.series import Series
from core.candles.frame import Bools
from core.market import CANDLE_FIELDS

SUGGESTED = ("time", "field", "before", "after", "seen")


def latest(told: pd.DataFrame) -> pd.DataFrame:
    """Of each candle what the venue said last, by time."""
    return told.drop_duplicates("time", keep="last").set_index("time").sort_index()


def amended(standing: pa.Table, told: pd.DataFrame, given: pa.Table) -> pa.Table:
    """Rows of ``given`` that differ from what the venue last said of these candles, all of them in ``standing``."""
    place = np.searchsorted(seconds_of(standing), seconds_of(given))
    said = standing.take(pa.array(place)).to_pandas().set_index("time")
    later = latest(told)
    later = later[later.index.isin(said.index)]
    said.loc[later.index, list(CANDLE_FIELDS)] = later[list(CANDLE_FIELDS)]
    other = np.zeros(len(given), bool)
    for name in CANDLE_FIELDS:
        other |= _differ(said[name].to_numpy(), given.column(name).to_numpy())
    return given.filter(pa.array(other))


def suggested(told: pd.DataFrame, shown: pd.DataFrame) -> pd.DataFrame:
    """Revisions that say something else than the candles as they are ``shown`` now, field by field."""
    later = latest(told)
    place = shown.index.get_indexer(pd.DatetimeIndex(later.index).as_unit("ns"))
    later, place = later[place >= 0], place[place >= 0]
    tables = []
    for name in CANDLE_FIELDS:
        if name in shown:
            before, after = shown[name].to_numpy()[place], later[name].to_numpy()
            rows = later[_differ(before, after)]
            tables.append(pd.DataFrame({"time": rows.index, "field": name, "before": before[_differ(before, after)],
                                        "after": rows[name].to_numpy(), "seen": rows["seen"].to_numpy()}))  # fmt: skip
    if not tables:
        return pd.DataFrame(columns=list(SUGGESTED))
    return pd.concat(tables).sort_values(["time", "field"], ignore_index=True)


def lines_of(told: pd.DataFrame, first: pd.DataFrame, series: Series) -> pd.DataFrame:
    """What accepting revisions changes in the candles as they ``first`` came: ``time field before after …``."""
    found = suggested(told, first)
    seen = pd.DatetimeIndex(found["seen"]).strftime("%Y-%m-%d %H:%M")
    reasons = [f"{series.provider} amended it, seen {when} UTC, accepted" for when in seen]
    return found.drop(columns="seen").assign(source=series.provider, reason=reasons)


def _differ(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> Bools:
    """Values that are not the same; what is absent on either side says nothing."""
    return np.asarray(~(np.isclose(one, other, rtol=1e-12, atol=0.0) | np.isnan(one) | np.isnan(other)), bool)
