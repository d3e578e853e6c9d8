"""What lies on the repair page's table: a person's file or an archived series, and the repairs that stand over it.

A file lives in its session alone, and so do its repairs. A series is shared: its repairs go into the archive,
for whoever has leave.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd
import streamlit as st

from core.candles import Repair
from core.candles.archive import Archive, Series
from core.hub import shared
from core.ui import authority, repair_table

View = Literal["best", "as_known"]

KEPT = "repair_kept"
"""Session state: repairs applied to files, by the key of file and limits."""
MOST_KEPT = 8


@dataclass(frozen=True)
class Desk:
    """A series to be repaired."""

    key: str
    """Names it with all that its repair depends on, the policy excepted."""
    name: str
    raw: pd.DataFrame
    interval: str
    symbol: str = ""
    now: float | None = None
    """The moment that an open candle is told by; None when the series ended long ago."""
    sources: Mapping[str, pd.DataFrame] | None = None
    siblings: Mapping[str, pd.DataFrame] | None = None
    archive: Archive | None = None
    series: Series | None = None
    """None for a file."""
    ask: bool = False
    """Whether other sources are asked, over the network."""


@dataclass
class Kept:
    """A repair applied in this session, and the numbers of those taken back."""

    result: Repair
    undone: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Applied:
    """What stands over a series now."""

    frame: pd.DataFrame
    ledger: pd.DataFrame
    repairs: pd.DataFrame
    """As :func:`core.ui.repair_table.repairs` gives them."""
    undone: frozenset[int]
    """Numbers of repairs in the table that do not stand."""


def applied(desk: Desk, result: Repair) -> Applied | None:
    """The repairs that stand, or None when none was ever applied."""
    if desk.archive is not None and desk.series is not None:
        return _archived(desk, desk.archive, desk.series, result.policy.view)
    kept = _kept().get(_key(desk, result))
    if kept is None:
        return None
    frame = kept.result.undo(kept.undone) if kept.undone else kept.result.frame
    ledger = kept.result.ledger
    standing = ledger[~ledger.index.isin(kept.undone)] if kept.undone else ledger
    return Applied(frame, standing, repair_table.repairs(ledger), frozenset(kept.undone))


def _archived(desk: Desk, archive: Archive, series: Series, view: View) -> Applied | None:
    ledger = archive.ledger(series, view)
    first, last = desk.raw.index.min(), desk.raw.index.max()
    ledger = ledger[(ledger["time"] >= first) & (ledger["time"] <= last)]
    if ledger.empty:
        return None
    stop = last + pd.Timedelta(seconds=series.seconds)
    frame = archive.load(series, first, stop, view)
    return Applied(frame, ledger, repair_table.repairs(ledger), frozenset())


def refused(desk: Desk) -> str:
    """Why the person at this page may not change what stands, or ``""``. A file is everybody's own."""
    return authority.refused() if desk.series is not None else ""


def _denied(desk: Desk, what: str) -> str:
    return authority.denied(f"{what} {desk.series}") if desk.series is not None else ""


def apply(desk: Desk, result: Repair) -> None:
    """Let the repair stand. An action: whether it is allowed is looked at now."""
    if _denied(desk, "repair"):
        return
    if desk.archive is not None and desk.series is not None:
        number = desk.archive.apply(desk.series, result)
        record(desk.series, f"{number:,} repairs applied")
        return
    kept = _kept()
    kept[_key(desk, result)] = Kept(result)
    while len(kept) > MOST_KEPT:
        del kept[next(iter(kept))]


def undo(desk: Desk, result: Repair, numbers: set[int] | None) -> None:
    """Take back these repairs, or all."""
    if _denied(desk, "take back repairs of"):
        return
    if desk.archive is not None and desk.series is not None:
        # only what is seen: a series may have repairs outside of the span that is looked at
        standing = _archived(desk, desk.archive, desk.series, result.policy.view)
        if standing is not None:
            mine = set(map(int, standing.ledger.index))
            number = desk.archive.undo(desk.series, mine if numbers is None else mine & numbers)
            record(desk.series, f"{number:,} repairs taken back")
        return
    kept = _kept()
    if numbers is None:
        kept.pop(_key(desk, result), None)
    elif (held := kept.get(_key(desk, result))) is not None:
        held.undone |= numbers


def record(series: Series, did: str) -> None:
    """Put on record what a person did to a series."""
    shared().record_action("repair", str(series), did, who=authority.who())


def again(desk: Desk, result: Repair, numbers: set[int]) -> None:
    """Let repairs of a file stand that were taken back."""
    if (held := _kept().get(_key(desk, result))) is not None:
        held.undone -= numbers


def _kept() -> dict[str, Kept]:
    found: dict[str, Kept] = st.session_state.setdefault(KEPT, {})
    return found


def _key(desk: Desk, result: Repair) -> str:
    return f"{desk.key} {result.policy}"
