"""A file on the repair page: handed in, read, and told what of it could not be read."""

import time
from dataclasses import dataclass

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.candles import NotCandles
from core.candles.frame import micros, spacing
from core.market import INTERVALS
from core.ui import authority
from core.ui.repair_desk import Desk
from core.ui.words import cell, count, plain
from core.ui.work import SOON, Job, progress
from core.uploads import ENDINGS, MOST_BYTES, MOST_ROWS, Cancelled, NotTaken, Reading

READ = "repair_read"
"""Session state: the file that was read last, or is being read."""
LISTED = 500
"""Lines that could not be read, in the table; the rest is counted."""
_RECENT = 3
"""Candles by which a file's end may lie before now, to be judged against the clock."""


@dataclass
class _Read:
    mark: str
    name: str
    at: float
    """When it was handed in: a rerun later is not judged by another clock."""
    job: Job[pd.DataFrame]
    noted: bool = False
    """Whether its refusal is on record."""


def choose(*, lab: bool) -> Desk | None:
    """The file, once it is read; until then what is in the way is on the page."""
    given = st.file_uploader(
        "A file of candles",
        type=list(ENDINGS),
        key="repair_file",
        max_upload_size=MOST_BYTES // 1_000_000,
        help=(
            "CSV, Parquet, Feather or JSON, gzip or not, with a time and open, high, low and close. Names of "
            "columns, forms of times and their order are found out."
        ),
    )
    if given is None:
        st.session_state.pop(READ, None)
        st.info(
            f"**Hand in a file, and see what is wrong with it.** At most {MOST_BYTES // 1_000_000} MB and "
            f"{MOST_ROWS:,} candles. It stays in this session, nobody else sees it, and nothing of it is kept.",
            icon=":material/upload_file:",
        )
        return None
    read = _reading(given)
    if not read.job.wait(SOON):
        progress(read.job)
        return None
    try:
        raw = read.job.result()
    except Cancelled:
        st.info("Reading was cancelled. Nothing is kept of it.", icon=":material/cancel:")
        st.button("Read it again", icon=":material/refresh:", key="read_again", on_click=_forget)
        return None
    except (NotCandles, NotTaken) as error:
        if isinstance(error, NotTaken) and not read.noted:
            read.noted = True
            authority.note(f"a file of {given.size:,} bytes", str(error))
        st.error(f"**{plain(given.name)} cannot be used.** {plain(str(error))}.", icon=":material/error:")
        st.markdown(
            "It should have one line a candle, with a time and open, high, low and close; volume is welcome. "
            "A header helps, but is not needed."
        )
        return None
    if lab:
        st.caption(":material/description: The file is your own: the numbers below are not the lab's.")
    return _desk(read, raw)


def _reading(given: UploadedFile) -> _Read:
    held: _Read | None = st.session_state.get(READ)
    if held is None or held.mark != given.file_id:
        if held is not None:
            held.job.cancel()
        body = given.getvalue()
        size = f"{len(body) / 1e6:,.1f} MB" if len(body) > 100_000 else f"{len(body):,} bytes"

        def work(job: Job[pd.DataFrame]) -> pd.DataFrame:
            reading = Reading(body)
            job.step(0.3, size, reading.cancel)
            return reading.result()

        held = _Read(given.file_id, given.name, time.time(), Job("Reading", work))
        st.session_state[READ] = held
    return held


def _forget() -> None:
    st.session_state.pop(READ, None)


def _desk(read: _Read, raw: pd.DataFrame) -> Desk | None:
    if raw.empty:
        st.error(f"**{plain(read.name)} holds no candle that could be read.**", icon=":material/error:")
        _unread(raw)
        return None
    found, said = guess(raw)
    with st.container(horizontal=True, vertical_alignment="bottom", key="file_read"):
        interval = st.selectbox(
            "Interval", list(INTERVALS), index=list(INTERVALS).index(found), key=f"interval_{read.mark[:12]}",
            width=110, help="Of one candle. Found by the usual distance between two of them.",
        )  # fmt: skip
        st.markdown(f"**{plain(read.name)}** · {len(raw):,} candles read, {said}")
    for note in raw.attrs.get("notes", ()):
        st.caption(f":material/info: {plain(str(note))}")
    _unread(raw)
    recent = raw.index.max().timestamp() > read.at - _RECENT * INTERVALS[interval]
    return Desk(f"{read.mark} {interval}", read.name, raw, interval, now=read.at if recent else None)


def guess(raw: pd.DataFrame) -> tuple[str, str]:
    """The interval by the usual distance of two candles, and how sure that is, in words."""
    seconds = spacing(micros(pd.DatetimeIndex(raw.index))) / 1e6
    near = min(INTERVALS, key=lambda name: abs(INTERVALS[name] - seconds))
    if INTERVALS[near] == seconds:
        return near, f"{near} apart"
    if not seconds:
        return "1h", "all at one time: choose their interval"
    return near, f"{seconds:,.0f} s apart, which is no interval known here: {near} is the nearest"


def _unread(raw: pd.DataFrame) -> None:
    bad = raw.attrs.get("unread", [])
    if not bad:
        return
    with st.expander(
        f"{count(len(bad), 'place')} could not be read", icon=":material/playlist_remove:", key="unread"
    ):
        table = pd.DataFrame(
            {
                "Line": [one["line"] for one in bad[:LISTED]],
                "What stands there": [cell(one["text"]) for one in bad[:LISTED]],
                "Why not": [cell(one["reason"]) for one in bad[:LISTED]],
            }
        )
        st.dataframe(table, hide_index=True, alt="Lines of the file that could not be read")
        if len(bad) > LISTED:
            st.caption(f"The first {LISTED} of {len(bad):,}.")
