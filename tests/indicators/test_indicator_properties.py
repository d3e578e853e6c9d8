"""What holds for any candles: finite outputs, no look-ahead, and adding candles equals computing anew."""

import functools
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from indicator_series import flat, walk

from core.indicators import NotEnoughCandles, compute, extend, fast, indicators

ALL = tuple(indicators())

finite = st.floats(allow_nan=False, allow_infinity=False, width=64)
plausible = st.floats(1e-6, 1e6)
tied = st.sampled_from([0.1, 0.2, 0.3, 100.0, 100.01])
METHODS = ("observed", "refetch", "flat", "line")


@st.composite
def candles(draw: st.DrawFn, most: int = 90) -> pd.DataFrame:
    """Any finite candles: wild, plausible or often equal; with gaps; sometimes with methods of repair."""
    rows = draw(st.integers(0, most))
    numbers = draw(st.sampled_from([finite, plausible, tied]))
    names = ("open", "high", "low", "close", "volume")
    drawn = {name: draw(st.lists(numbers, min_size=rows, max_size=rows)) for name in names}
    steps = draw(st.lists(st.sampled_from([1, 1, 1, 1, 2, 20]), min_size=rows, max_size=rows))
    index = pd.DatetimeIndex(np.cumsum([0, *steps])[:rows] * 60_000_000_000, tz="UTC", name="time")
    frame = pd.DataFrame(drawn, index=index, dtype="float64")
    if draw(st.booleans()):
        methods = st.lists(st.sampled_from(METHODS), min_size=rows, max_size=rows)
        frame["method"] = np.array(draw(methods), dtype=object)
    return frame


@functools.cache
def short(name: str) -> dict[str, int]:
    """The smallest parameters, so that short series have values."""
    declared = indicators()[name]
    least = {one.name: int(one.low) for one in declared.parameters.values() if one.type is int}
    return least | {field: least[field] + place for place, field in enumerate(declared.ascending)}


def attempt(frame: pd.DataFrame, name: str) -> pd.DataFrame | None:
    try:
        return compute(frame, name, **short(name))
    except NotEnoughCandles:
        return None


def of_examples(quick: int, slow: int) -> pytest.MarkDecorator:
    """A few in the quick set, as many as it takes in the slow one."""
    return pytest.mark.parametrize("examples", [quick, pytest.param(slow, marks=pytest.mark.slow)])


def check(body: Callable[..., None], examples: int, **drawn: st.SearchStrategy[object]) -> None:
    settings(max_examples=examples, deadline=None, derandomize=True)(given(**drawn)(body))()


@of_examples(20, 80)
def test_any_finite_candles(examples):
    check(are_finite_and_in_order, examples, frame=candles())


def are_finite_and_in_order(frame):
    for name in ALL:
        values = attempt(frame, name)
        if values is not None:
            assert np.isfinite(values.to_numpy()).all(), name
            assert values.index.isin(frame.index).all(), name
            assert values.index.is_monotonic_increasing, name
            assert values.index.is_unique, name


@of_examples(12, 50)
def test_truncating_the_future_changes_no_earlier_value(examples):
    check(are_the_same_without_the_future, examples, frame=candles(), cut=st.floats(0, 1))


def are_the_same_without_the_future(frame, cut):
    part = frame.iloc[: round(len(frame) * cut)]
    for name in ALL:
        first, whole = attempt(part, name), attempt(frame, name)
        if first is not None:
            assert whole is not None, name
            same_rows = whole.loc[: part.index[-1]]
            assert same_rows.index.equals(first.index), name
            assert np.array_equal(same_rows, first), name


@pytest.mark.parametrize("name", ALL)
def test_no_look_ahead_with_default_parameters(name, monkeypatch):
    for lib in (fast.talib, None):
        monkeypatch.setattr(fast, "talib", lib)
        frame = walk(900, 11, still=0.1)
        whole = compute(frame, name)
        for cut in (130, 500, 777):
            first = compute(frame.iloc[:cut], name)
            pd.testing.assert_frame_equal(whole.loc[: frame.index[cut - 1]], first, rtol=1e-13, atol=1e-300)


def gapped(frame: pd.DataFrame) -> pd.DataFrame:
    """With methods, lines that used the future, short gaps, outages, and rows that are no candles."""
    rows = len(frame)
    rng = np.random.default_rng(rows)
    frame = frame.assign(method=rng.choice(["observed"] * 30 + ["flat", "line"], rows))
    frame.iloc[rng.choice(rows, 5), 3] = np.nan
    keep = rng.random(rows) > 0.03
    keep[rows // 2 : rows // 2 + 30] = keep[-60:-35] = False
    return frame[keep]


SERIES = {
    "walk": walk(1500, 21),
    "still": walk(1500, 22, still=0.4),
    "gapped": gapped(walk(2600, 23)),
    "flat then trading": pd.concat([flat(700, price=30_000.0), walk(800, 24).shift(700, freq="h")]),
    "crash": walk(1500, 25).mul(np.where(np.arange(1500) < 300, 1e6, 1.0), axis=0),
}


@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("name", ALL)
def test_adding_candles_equals_computing_anew(name, series):
    frame = SERIES[series]
    at, step = len(frame) - 80, 1
    known = compute(frame.iloc[:at], name)
    parts = [known]
    while at < len(frame):
        at = min(len(frame), at + step)
        step = step % 4 + 1
        parts.append(extend(parts[-1], frame.iloc[:at]))
    anew = compute(frame, name)
    joined = pd.concat(parts)
    pd.testing.assert_index_equal(joined.index, anew.index)
    usual = anew.abs().median().to_numpy()
    apart = (joined - anew).abs().to_numpy()
    assert (apart <= 1e-8 * np.maximum(anew.abs().to_numpy(), usual) + 1e-12).all()
    for field in ("converged_from", "run_from", "runs", "left_out", "params", "needed"):
        assert parts[-1].attrs[field] == anew.attrs[field], field
    assert parts[-1].attrs["resume"]["rows"] == anew.attrs["resume"]["rows"]


def test_adding_reads_a_bounded_tail(monkeypatch):
    frame = walk(30_000, 26)
    seen = []
    taken = fast.np.diff
    monkeypatch.setattr(
        "core.indicators.guards.np.diff", lambda a, **k: (seen.append(len(a)), taken(a, **k))[1]
    )
    for name, declared in indicators().items():
        known = compute(frame.iloc[:-1], name)
        seen.clear()
        extend(known, frame)
        assert max(seen) <= 2 * declared.converged() + 1, name


def test_adding_nothing_gives_nothing_and_can_go_on():
    frame = walk(100)
    known = compute(frame.iloc[:90], "rsi")
    none = extend(known, frame.iloc[:90])
    assert none.empty
    pd.testing.assert_frame_equal(extend(none, frame), compute(frame, "rsi").iloc[-10:], check_freq=False)


def test_a_frame_without_the_tail_is_refused():
    frame = walk(1000)
    known = compute(frame.iloc[:900], "rsi")
    with pytest.raises(ValueError, match="rsi needs 590 candles before the new ones, got 50"):
        extend(known, frame.iloc[850:])
