"""Dates and times written out in text, as microseconds since 1970."""

import re
from typing import Any

import numpy as np
import pandas as pd

from core.candles.frame import Ints, micros

UNREAD = np.iinfo(np.int64).min
_CLOCKS = ("", " %H:%M:%S", " %H:%M", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", " %I-%p", " %I%p", " %H")
_NAMED = ("%b %d %Y", "%d %b %Y", "%d-%b-%Y", "%b-%d-%Y", "%B %d %Y", "%d %B %Y", "%d %b %y",
          "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d")  # fmt: skip
_OTHERS = ("%b %d %H:%M:%S %Y",)
_DAY_FIRST = tuple(f"%d{dot}%m{dot}%{year}" for dot in "/.-" for year in "Yy")
_MONTH_FIRST = tuple(f"%m{dot}%d{dot}%{year}" for dot in "/.-" for year in "Yy")
_LEADING = re.compile(r"\s*(\d{1,2})[/.-](\d{1,2})[/.-]\d{2,4}")
_YEAR_FIRST = re.compile(
    r"(?P<y>(?:19|20)\d\d)(?:(?P<m>\d\d)(?P<d>\d\d)|[-/.年](?P<m1>\d\d?)[-/.月](?P<d1>\d\d?)日?)"
    r"(?:[-_T ]*(?P<H>\d\d?)(?:[:.-]?(?P<M>\d\d))?(?:[:.-]?(?P<S>\d\d))?(?P<f>\.\d+)?)?"
)
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AP]M)?", re.IGNORECASE)
_CLOCK_FIRST = re.compile(rf"({_CLOCK.pattern})[ ,]+(\S.*)", re.IGNORECASE)
_ZONED = re.compile(r"(Z|UTC|GMT|[+-]\d\d:?\d\d)\s*$", re.IGNORECASE)
_OFFSET = re.compile(r"(?<=[\dMm])\s*(?:UTC|GMT)?([+-])(\d\d):?(\d\d)$")
_WEEKDAY = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? +", re.IGNORECASE)
_ROUNDS = 20
"""How often cells that are still not read are looked at for forms that they have."""
_ZONE_NAME = re.compile(r"(?<!\s)\s*\([^(]*\)$")
_UTC = re.compile(r"(?<!\s)\s*\(?(UTC|GMT|Z)\)?$", re.IGNORECASE)


def is_clock(values: "pd.Series[Any]") -> bool:
    """Whether all of these are times of day such as 09:30:00, as beside a column of dates."""
    return len(values) > 0 and all(_CLOCK.fullmatch(str(cell).strip()) for cell in values)


def read_dates(values: "pd.Series[Any]") -> tuple[Ints, list[str]]:
    """Text → microseconds (``UNREAD`` where it is no date), and notes on what was assumed."""
    text = values.map(lambda cell: _ZONE_NAME.sub("", str(cell).strip()[:90]))
    zoned = text.map(lambda cell: bool(_ZONED.search(cell))).to_numpy(dtype=np.bool_)
    time = _read(text, ("ISO8601",))
    left = time == UNREAD
    notes = []
    if left.any():
        plain = text[left].map(_plain)
        shift = text[left].map(_offset).to_numpy(dtype=np.int64)
        found, said = _read_plain(plain)
        time[left] = np.where(found == UNREAD, UNREAD, found - shift)
        notes += said
    if not zoned[time != UNREAD].all():
        notes.append("times name no zone: read as UTC")
    return time, notes


def _read_plain(text: "pd.Series[Any]") -> tuple[Ints, list[str]]:
    """Dates that are not ISO's, without zone, weekday and commas."""
    named = tuple(date + clock for date in _NAMED for clock in _CLOCKS)
    time = _read(text, ("ISO8601", *named, *_OTHERS))
    left = time == UNREAD
    pairs = [tuple(map(int, found.groups())) for found in map(_LEADING.match, text[left][:2000]) if found]
    if not pairs:
        return time, []
    ways = [
        tuple(date + clock for date in dates for clock in _CLOCKS) for dates in (_MONTH_FIRST, _DAY_FIRST)
    ]
    if any(first > 12 for first, _ in pairs):
        time[left] = _read(text[left], ways[1])
        return time, []
    if any(second > 12 for _, second in pairs):
        time[left] = _read(text[left], ways[0])
        return time, []
    month, day = (_read(text[left], way) for way in ways)
    dots = any("." in cell[:3] for cell in text[left][:50])
    # candles follow each other: read the wrong way round days lie months apart
    days = _span(day) < _span(month) or (dots and _span(day) == _span(month))
    time[left] = day if days else month
    return time, [f"dates such as 03/04/2020 read as {'day/month' if days else 'month/day'}"]


def _span(time: Ints) -> int:
    known = time[time != UNREAD]
    return int(known.max() - known.min()) if len(known) else int(np.iinfo(np.int64).max)


def _read(text: "pd.Series[Any]", forms: tuple[str, ...]) -> Ints:
    """Each cell by one of these forms. A form is tried on all cells only if some out of a few have it."""
    time = np.full(len(text), UNREAD, dtype=np.int64)
    for _ in range(_ROUNDS):
        left = np.flatnonzero(time == UNREAD)
        few = text.iloc[left[:: max(1, len(left) // 100)]]
        usual = [form for form in forms if (_by(few, form) != UNREAD).any()]
        if not usual:
            break
        for form in usual:
            left = np.flatnonzero(time == UNREAD)
            time[left] = _by(text.iloc[left], form)
    return time


def _by(text: "pd.Series[Any]", form: str) -> Ints:
    try:
        found = pd.to_datetime(text, format=form, errors="coerce", utc=True)
    except (ValueError, OverflowError, TypeError):
        return np.full(len(text), UNREAD, dtype=np.int64)
    return micros(pd.DatetimeIndex(found))


def _offset(text: str) -> int:
    """Microseconds by which a time is ahead of UTC, by what stands at its end."""
    found = _OFFSET.search(text)
    if found is None:
        return 0
    size = int(found[2]) * 3600 + int(found[3]) * 60
    return size * (1_000_000 if found[1] == "+" else -1_000_000)


def _plain(text: str) -> str:
    """Without zone, weekday and commas; a clock goes behind its date, and a year that comes first makes it ISO's."""
    text = _OFFSET.sub("", text)
    text = _WEEKDAY.sub("", _UTC.sub("", text.removesuffix(".0"))).replace(",", "")
    if turned := _CLOCK_FIRST.fullmatch(text):
        text = f"{turned[turned.re.groups]} {turned[1]}"
    found = _YEAR_FIRST.fullmatch(text)
    if found is None:
        return text
    month, day = (found[name] or found[f"{name}1"] for name in "md")
    hour, minute, second = (found[name] or "00" for name in "HMS")
    return f"{found['y']}-{month:0>2}-{day:0>2} {hour:0>2}:{minute}:{second}{found['f'] or ''}"
