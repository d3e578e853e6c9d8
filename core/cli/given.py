"""What a command works on: files, series of the archive, a hub."""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd

from core.answer import KintsugiError
from core.candles import normalise
from core.candles.archive import Archive, Series
from core.candles.frame import SECOND, micros, spacing
from core.hub import Hub
from core.market import INTERVALS, Moment, to_datetime
from core.settings import Settings
from core.world import archive_of

_SERIES = re.compile(r"([a-z][a-z0-9_]*):([A-Za-z0-9]+/[A-Za-z0-9]+):([0-9a-z]+)")


def archive(knobs: Mapping[str, Any], series: Series | None) -> Archive:
    """The archive of the world that the settings name, without opening a hub. ValueError when it lacks a series."""
    settings = Settings(**knobs)
    lab = settings.mode == "lab" or bool(settings.lab_url)
    found = archive_of(settings, settings.data_dir, lab=lab)
    if series is None or series in found.series():
        return found
    other = archive_of(settings, settings.data_dir, lab=not lab)
    if series in other.series():
        raise ValueError(f"INPUT={named(series)!r}: only in the {'live archive' if lab else 'archive of the lab'}; "
                         f"name it with --mode {'live' if lab else 'lab'}")  # fmt: skip
    known = " ".join(named(one) for one in found.series()[:20]) or "none yet"
    raise ValueError(
        f"INPUT={named(series)!r}: not in the archive{' of the lab' if lab else ''}; there are: {known}"
    )


@contextmanager
def hub(knobs: Mapping[str, Any]) -> Iterator[Hub]:
    """A hub by the settings; that it answers from the lab is said.

    KintsugiError where only the lab could answer, and nobody asked for it: a command leaves something behind.
    """
    with Hub(Settings(**knobs)) as hub:
        if hub.archive.lab and hub.settings.mode == "auto" and not hub.settings.lab_url:
            raise KintsugiError(f"{hub.hub.why}; --mode lab works with simulated data instead")
        if hub.archive.lab:
            click.echo(f"LAB: simulated data ({hub.hub.why})", err=True)
        yield hub


def series_in(text: str) -> Series | None:
    """The series that a text names, as in ``kraken:BTC/USD:1h``; None when it is a file's name."""
    match = _SERIES.fullmatch(text)
    return None if match is None or Path(text).exists() else Series(*match.groups())


def named(series: Series) -> str:
    """A series as commands take it."""
    return f"{series.provider}:{series.symbol}:{series.interval}"


def read(source: str) -> pd.DataFrame:
    """The candles of a file, or of standard input for ``-``; what could not be read is said."""
    if source != "-" and not Path(source).is_file():
        raise ValueError(f"INPUT={source!r}: no such file, and no series as in kraken:BTC/USD:1h")
    raw = normalise(sys.stdin.buffer.read() if source == "-" else Path(source))
    if unread := raw.attrs.get("unread"):
        click.echo(f"{len(unread)} lines could not be read", err=True)
    return raw


def interval_of(raw: pd.DataFrame) -> str:
    """The interval that candles have by their usual distance. ValueError when that is none we know."""
    usual = spacing(micros(pd.DatetimeIndex(raw.index))) / SECOND
    for name, seconds in INTERVALS.items():
        if seconds == usual:
            return name
    raise ValueError(f"--interval: candles lie {usual:g} s apart; name one of {' '.join(INTERVALS)}")


def cut(raw: pd.DataFrame, start: Moment | None, end: Moment | None) -> pd.DataFrame:
    """Candles of ``[start, end)``."""
    keep = np.ones(len(raw), bool)
    if start is not None:
        keep &= raw.index >= to_datetime(start)
    if end is not None:
        keep &= raw.index < to_datetime(end)
    return raw if keep.all() else raw[keep]


def span_of(
    archive: Archive, series: Series, start: Moment | None, end: Moment | None
) -> tuple[Moment, Moment]:
    """The span asked for, else all that is held."""
    held = archive.held(series)
    if held.start is None or held.end is None:
        raise ValueError(f"INPUT={named(series)!r}: the archive has no candles of it")
    last = held.end + pd.Timedelta(seconds=series.seconds)
    return start if start is not None else held.start, end if end is not None else last
