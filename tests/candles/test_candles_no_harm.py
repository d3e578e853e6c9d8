"""Properties that hold for any input whatever: no harm done, nothing invented in silence, everything undoable."""

import json
from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from candle_series import COLUMNS, PRICES, walk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.candles import NotCandles, RepairPolicy, audit, normalise, plan, repair, replay
from core.candles.findings import KINDS

CAUSES = {"outage", "no_trades", "halt", "fetch_failure", "unknown"}


def holds(*strategies, quick=20, slow=100):
    """The test of a property: a few examples in plain pytest, many where time is no matter."""

    def of(check):
        @pytest.mark.parametrize("examples", [quick, pytest.param(slow, marks=pytest.mark.slow)])
        def test(examples):
            settings(EXAMPLES, max_examples=examples)(given(*strategies)(check))()

        test.__name__, test.__doc__ = check.__name__, check.__doc__
        return test

    return of


EXAMPLES = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


values = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(min_value=1, max_value=1000),
    st.sampled_from([0.0, -0.0, -1.0, 1e-300, 1e308, 100.0]),
)
seconds = st.one_of(
    st.integers(1_700_000_000, 1_700_000_000 + 86_400).map(lambda s: s // 3600 * 3600),
    st.integers(-(10**10), 10**11),
    st.sampled_from([1_700_006, 1_699_999_200, 1_700_002_800, 0]),
)


@st.composite
def garbage(draw):
    """Any rows at all: times of any order and century, any floats."""
    times = draw(st.lists(seconds, min_size=0, max_size=40))
    rows = [draw(st.tuples(*[values] * 5)) for _ in times]
    unit = draw(st.sampled_from(["s", "ms", "us", "ns"]))
    stamps = np.array(times, dtype="int64").astype("M8[s]")
    if unit == "ns":
        stamps = np.clip(stamps.astype("int64"), -9 * 10**9, 9 * 10**9).astype("M8[s]")
    index = pd.DatetimeIndex(stamps.astype(f"M8[{unit}]"), name="time").tz_localize("UTC")
    frame = pd.DataFrame(rows, columns=COLUMNS, index=index, dtype=float)
    return frame if draw(st.booleans()) else frame[PRICES]


@st.composite
def damaged(draw):
    """A sound walk with damage of every kind."""
    rows = draw(st.integers(30, 150))
    frame = walk(rows, draw(st.integers(0, 50)))
    data = frame.to_numpy(copy=True)
    times = frame.index.as_unit("ns").asi8.copy()
    for _ in range(draw(st.integers(0, 6))):
        at, field = draw(st.integers(0, rows - 1)), draw(st.integers(0, 4))
        kind = draw(
            st.sampled_from(["nan", "zero", "x100", "spike", "wick", "off", "swap", "stale", "inf", "flat"])
        )
        if kind in {"nan", "zero", "inf"}:
            data[at, field] = {"nan": np.nan, "zero": 0.0, "inf": np.inf}[kind]
        elif kind == "x100":
            data[at, :4] *= 100
        elif kind == "spike":
            data[at, 3] *= 1.3
            data[at, 1] = max(data[at, 1], data[at, 3])
        elif kind == "wick":
            data[at, 2] *= 0.7
        elif kind == "off":
            times[at] += draw(st.sampled_from([7, -7, 1500, 40])) * 10**9
        elif kind == "swap":
            data[at, [1, 2]] = data[at, [2, 1]]
        elif kind == "stale":
            data[at : at + 6] = data[at]
        else:
            data[at : at + 6, :4] = data[at, 3]
            data[at : at + 6, 4] = 0
    made = pd.DataFrame(data, columns=COLUMNS, index=pd.DatetimeIndex(times, name="time").tz_localize("UTC"))
    gone = draw(st.lists(st.integers(0, rows - 1), max_size=8))
    length = draw(st.integers(1, 40))
    drop = {row for at in gone for row in range(at, min(rows, at + (length if at == gone[0] else 1)))}
    made = made.iloc[[row for row in range(rows) if row not in drop] or [0]]
    twice = draw(st.lists(st.integers(0, len(made) - 1), max_size=4))
    extra = made.iloc[twice]
    if draw(st.booleans()) and len(extra):
        extra = extra.assign(close=extra["close"] * 1.01)
    made = pd.concat([made, extra])
    if draw(st.booleans()):
        made = made.iloc[np.random.default_rng(draw(st.integers(0, 9))).permutation(len(made))]
    return made


def check_output(frame):
    """No NaN, no infinity, no impossible candle, times ascending and unique."""
    assert frame.index.is_monotonic_increasing
    assert frame.index.is_unique
    names = [name for name in COLUMNS if name in frame]
    numbers = frame[names].to_numpy()
    assert np.isfinite(numbers).all()
    assert (frame[PRICES] > 0).all(axis=None)
    assert (frame["high"] >= frame[["open", "close"]].max(axis=1)).all()
    assert (frame["low"] <= frame[["open", "close"]].min(axis=1)).all()
    if "volume" in frame:
        assert (frame["volume"] >= 0).all()
    assert {"source", "method"} <= set(frame.columns)


def flagged(a, index):
    """Which times lie in a defect."""
    hit = np.zeros(len(index), bool)
    for line in a.defects.itertuples():
        if line.kind not in {"unsorted", "missing", "truncated"}:
            hit |= (index >= line.start) & (index <= line.end)
    return hit


def check_everything(raw, policy=None, interval="1h"):
    before = raw.copy(deep=True)
    r = repair(raw, interval, policy=policy)
    check_output(r.frame)
    pd.testing.assert_frame_equal(raw, before)
    undone = r.undo()
    assert undone.index.equals(before.index)
    assert undone.to_numpy().tobytes() == before.to_numpy().tobytes()
    again = repair(r.frame, interval, policy=policy)
    pd.testing.assert_frame_equal(again.frame, r.frame, check_exact=True)
    assert len(again.ledger) == 0
    pd.testing.assert_frame_equal(replay(raw, r.ledger), r.frame, check_exact=True)
    if r.before.score is not None and r.after.score is not None:
        assert r.after.score <= r.before.score
    for part in (r.before, r.after):
        assert set(part.defects["kind"].astype(str)) <= set(KINDS)
        assert set(part.defects["cause"].astype(str)) <= CAUSES
        assert all(0 <= value <= 1 for value in part.dimensions.values())
        assert 0 <= part.usable <= 1
        assert str(part)
    assert str(r)
    return r


@holds(garbage())
def test_any_garbage_is_survived(raw):
    r = check_everything(raw)
    as_known = repair(raw, "1h", policy=RepairPolicy(view="as_known"))
    check_output(as_known.frame)
    assert not as_known.ledger.loc[~as_known.ledger["method"].isin(["dropped", "snap"]), "uses_future"].any()
    pd.testing.assert_frame_equal(as_known.frame, r.as_known)


@holds(damaged(), st.sampled_from([RepairPolicy(), RepairPolicy(mend_values=False), RepairPolicy(view="as_known"),
                                   RepairPolicy(snap=False, fill_gaps=False)]))  # fmt: skip
def test_damage_is_mended_without_harm(raw, policy):
    r = check_everything(raw, policy)
    # rows that the audit says nothing about come out as they went in
    untouched = ~flagged(r.before, raw.index)
    kept = raw[untouched]
    out = r.frame.loc[kept.index, COLUMNS]
    assert out.to_numpy().tobytes() == kept.to_numpy().tobytes()


@holds(damaged(), st.integers(0, 1000))
def test_input_order_leaves_no_trace(raw, seed):
    shuffled = raw.iloc[np.random.default_rng(seed).permutation(len(raw))]
    for policy in (RepairPolicy(), RepairPolicy(view="as_known")):
        one, other = repair(raw, "1h", policy=policy), repair(shuffled, "1h", policy=policy)
        pd.testing.assert_frame_equal(one.frame, other.frame, check_exact=True)


@holds(damaged(), st.data())
def test_one_repair_taken_back_leaves_the_others(raw, data):
    r = repair(raw, "1h")
    if not len(r.ledger):
        return
    number = data.draw(st.sampled_from(sorted(set(r.ledger.index))))
    frame = r.undo(number)
    pd.testing.assert_frame_equal(frame, replay(raw, r.ledger[r.ledger.index != number]))
    others = set(r.ledger.loc[r.ledger.index != number, "time"]) | set(r.ledger.loc[[number], "time"])
    moved = r.ledger[(r.ledger["field"] == "time") & r.ledger["after"].notna()]
    others |= set(pd.to_datetime(moved["after"].to_numpy(dtype=float), unit="s", utc=True))
    rest = r.frame.index.difference(pd.DatetimeIndex(sorted(others)))
    pd.testing.assert_frame_equal(frame.loc[rest, COLUMNS], r.frame.loc[rest, COLUMNS])
    assert r.undo(sorted(set(r.ledger.index))).loc[:, COLUMNS].shape[0] == len(raw)


@holds(st.integers(0, 200), st.integers(60, 140), st.data())
def test_as_known_knows_nothing_later(seed, cut, data):
    raw = walk(150, seed)
    values_ = raw.to_numpy(copy=True)
    for at in data.draw(st.lists(st.integers(2, 147), max_size=5)):
        values_[at, data.draw(st.integers(0, 3))] *= data.draw(st.sampled_from([np.nan, 0.0, 1.5, 100.0]))
    raw = pd.DataFrame(values_, columns=COLUMNS, index=raw.index)
    raw = raw.drop(raw.index[data.draw(st.lists(st.integers(2, 147), max_size=6, unique=True))])
    policy = RepairPolicy(view="as_known")
    whole = repair(raw, "1h", policy=policy).frame
    part = repair(raw[raw.index <= raw.index[cut]], "1h", policy=policy).frame
    pd.testing.assert_frame_equal(whole[whole.index <= raw.index[cut]], part)


marks = st.fixed_dictionaries(
    {},
    optional={
        "venue": st.sampled_from(["a", "b", None]),
        "quote": st.sampled_from(["USD", "EUR", None, 5]),
        "repaired": st.sampled_from([None, 5, {}, {"offset": 7, "dimensions": {"completeness": 0.5}}]),
        "uses_future": st.sampled_from([None, 5, [], [1_700_006_400_000_000_000, "x"]]),
        "notes": st.sampled_from([[], ["as told"]]),
        "time_unit": st.sampled_from([[], [1.5]]),
    },
)
tables = st.one_of(garbage(), damaged())


@holds(tables, tables, tables, marks, marks, st.sampled_from([None, 1_700_000_000, "2024-03-03"]),
       st.sampled_from(["1h", "1m", "1d", "1w"]), st.sampled_from(["best", "as_known"]), quick=12)  # fmt: skip
def test_whatever_stands_beside_it(raw, other, third, own, theirs, now, interval, view):
    raw, other = raw.copy(), other.copy()
    raw.attrs |= own
    other.attrs |= theirs
    a = audit(raw, interval, now=now, siblings={"x": third, "y": other}, reference=other)
    assert a.score is None or 0 <= a.score <= 1
    assert str(a)
    plan(a)
    plan(a, automatic=True)
    policy = RepairPolicy(view=view, borrow_volume=True)
    r = repair(raw, interval, policy, sources={"b": other, "c": third}, now=now, siblings={"c": third})
    check_output(r.frame)
    assert str(r)
    pd.testing.assert_frame_equal(r.undo(), raw)
    pd.testing.assert_frame_equal(replay(raw, r.ledger), r.frame, check_exact=True)
    if r.before.score is not None and r.after.score is not None and "refetch" not in set(r.frame["method"]):
        assert r.after.score <= r.before.score + 1e-12
    check_output(repair(r.frame, interval, policy, now=now).frame)


@holds(st.binary(max_size=400), quick=60, slow=1000)
def test_any_bytes_are_a_table_or_a_clear_error(body):
    try:
        frame = normalise(body)
    except NotCandles as error:
        assert str(error)  # noqa: PT017 - either way is right, but not a bare one
    else:
        assert set(PRICES) <= set(frame.columns)


cells = st.one_of(
    st.sampled_from([None, "", " ", "-", "abc", "1,234.5", "1.234,5", "2024-01-31 25:00", "12:30", "31/01/2024", True,
                     b"x", [1], {"a": 1}, 10**30, 1 + 2j, pd.NaT, pd.NA, Decimal("1.5"), date(2024, 1, 1),
                     datetime(2024, 1, 1, 5), pd.Timestamp("2024-01-01", tz="UTC"), pd.Timedelta("1h"), "1e400"]),
    st.integers(1_700_000_000, 1_700_090_000),
    st.integers(0, 2 * 10**18),
    values,
)  # fmt: skip
titles = st.sampled_from(
    ["time", "Date", "open", "high", "low", "close", "volume", "amount", "id", "symbol", "", 0, 1, 2, 3, 4, 5]
)


@holds(st.data(), st.sampled_from(["frame", "indexed", "category", "json", "csv"]), quick=40, slow=1000)
def test_any_table_is_read_or_refused(data, form):
    width = data.draw(st.integers(0, 8))
    known = data.draw(st.booleans())
    names = ["time", *COLUMNS] if known else data.draw(st.lists(titles, min_size=width, max_size=width))
    rows = data.draw(st.lists(st.lists(cells, min_size=len(names), max_size=len(names)), max_size=6))
    columns = enumerate(zip(*rows, strict=True))
    frame = pd.DataFrame({place: pd.Series(list(column), dtype=object) for place, column in columns})
    frame.columns = pd.Index(names[: frame.shape[1]], dtype=object)
    if form == "indexed" and frame.shape[1]:
        frame = frame.iloc[:, 1:].set_axis(pd.Index(list(frame.iloc[:, 0]), dtype=object))
    given_ = {
        "csv": lambda: frame.to_csv(index=False).encode(),
        "json": lambda: json.dumps(rows, default=str).encode(),
        "category": lambda: frame.map(str).astype("category"),
    }.get(form, lambda: frame)()
    try:
        read = normalise(given_)
    except NotCandles as error:
        assert str(error)  # noqa: PT017 - either way is right, but not a bare one
    else:
        check_output(repair(read, "1h").frame)


@pytest.mark.parametrize(
    "given_", [pd.DataFrame(), pd.DataFrame({"a": [1]}), 5, None, [1, 2], pd.Series([1.0])]
)
def test_what_is_no_candle_frame_is_said_so(given_):
    for call in (normalise, lambda frame: audit(frame, "1h"), lambda frame: repair(frame, "1h")):
        with pytest.raises(NotCandles):
            call(given_)


def test_an_unknown_interval_names_the_known_ones():
    with pytest.raises(ValueError, match=r"expected one of 1m 3m"):
        audit(walk(30), "7m")
