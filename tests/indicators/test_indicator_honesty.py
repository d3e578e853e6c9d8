"""As known, restarts, and the share of a value that rests on repaired candles."""

import json

import pandas as pd
import pytest
from indicator_series import walk

from core.indicators import NotEnoughCandles, compute, indicators

ALL = tuple(indicators())


def mended(rows: int, where: slice, method: str, seed: int = 3) -> pd.DataFrame:
    frame = walk(rows, seed).assign(source="kraken", method="observed")
    frame.iloc[where, frame.columns.get_loc("method")] = method
    return frame


@pytest.mark.parametrize("name", ALL)
def test_a_repair_that_used_the_future_is_missing_unless_asked_for(name):
    frame = mended(800, slice(400, 404), "line")
    kept = frame.drop(frame.index[400:404])
    known = compute(frame, name)
    pd.testing.assert_frame_equal(known, compute(kept, name), check_freq=False)
    assert not known.index.isin(frame.index[400:404]).any()
    assert known.attrs["left_out"] == {"unusable": 0, "future": 4}
    best = compute(frame, name, as_known=False)
    plain = compute(walk(800, 3), name)
    pd.testing.assert_frame_equal(best[list(plain)], plain)


@pytest.mark.parametrize("name", ALL)
def test_values_before_a_repair_never_know_of_it(name):
    """What stood there as known is what anybody could have computed at the time."""
    whole = mended(800, slice(400, 404), "line")
    at_the_time = walk(800, 3).iloc[:400].assign(source="kraken", method="observed")
    first = compute(at_the_time, name)
    pd.testing.assert_frame_equal(compute(whole, name).loc[: first.index[-1]], first, check_freq=False)


@pytest.mark.parametrize(
    ("method", "causal"),
    [
        ("flat", True),
        ("finer", True),
        ("refetch", True),
        ("line", False),
        ("venue", False),
        ("?", False),
        (None, False),
    ],
)
def test_what_used_the_future_by_method(method, causal):
    left = compute(mended(60, slice(30, 32), method), "rsi").attrs["left_out"]["future"]
    assert left == (0 if causal else 2)


@pytest.mark.parametrize("written", [str, pd.Timestamp, lambda time: time.to_pydatetime()])
def test_what_used_the_future_as_the_frame_says(written):
    frame = mended(60, slice(30, 32), "venue")
    frame.attrs["uses_future"] = [written(frame.index[30])]
    values = compute(frame, "rsi")
    assert values.attrs["left_out"]["future"] == 1
    assert frame.index[30] not in values.index
    assert frame.index[31] in values.index
    frame.attrs["uses_future"] = []
    assert compute(frame, "rsi").attrs["left_out"]["future"] == 0


def test_a_long_stretch_of_lines_begins_anew_like_an_outage():
    frame = mended(800, slice(400, 440), "line")
    assert compute(frame, "rsi").attrs["runs"] == 2
    assert compute(frame, "rsi", as_known=False).attrs["runs"] == 1


@pytest.mark.parametrize("name", ALL)
def test_share_of_repaired_candles(name):
    declared = indicators()[name]
    frame = mended(800, slice(600, 603), "flat")
    values = compute(frame, name)
    assert list(values) == [*declared.outputs, "repaired"]
    share = values["repaired"]
    assert share.between(0, 1).all()
    assert (share.loc[: frame.index[599]] == 0).all()
    after = share.loc[frame.index[602] :]
    if declared.memory == "window":
        needed = declared.needed()
        assert after.iloc[0] == pytest.approx(min(3, needed) / needed)
        assert (after.iloc[needed:] == 0).all()
        assert (share * needed).round(9).mod(1).eq(0).all()
    elif declared.memory == "fading":
        assert (after.diff().dropna() < 0).all()
        assert after.iloc[0] > after.iloc[-1] > 0
    else:
        assert after.iloc[-1] == pytest.approx(3 / 800)


def test_no_column_where_the_frame_does_not_say_and_no_share_of_what_the_venue_gave():
    assert "repaired" not in compute(walk(60), "rsi")
    assert (compute(mended(60, slice(20, 22), "refetch"), "rsi")["repaired"] == 0).all()


@pytest.mark.parametrize("name", ALL)
def test_a_gap_beyond_the_policy_begins_a_new_run(name):
    whole = walk(1400, 5)
    needed = indicators()[name].needed()
    for missing, runs in ((12, 1), (13, 2)):
        frame = whole.drop(whole.index[700 : 700 + missing])
        values = compute(frame, name)
        assert values.attrs["runs"] == runs
        fresh = whole.index[700 + missing]
        again = values.loc[fresh:]
        first = fresh if runs == 1 else whole.index[700 + missing + needed - 1]
        assert again.index[0] == first or (name == "stc" and again.index[0] > first)  # its range was empty
        assert values.attrs["run_from"] == (whole.index[0] if runs == 1 else fresh).isoformat()
    assert compute(frame, name, max_gap=13).attrs["runs"] == 1
    pd.testing.assert_frame_equal(again, compute(whole.loc[fresh:], name), check_freq=False)


def test_the_interval_can_be_said():
    """Two candles a day apart: a gap in an hourly series, none in a daily one."""
    frame = walk(40).set_axis(pd.date_range("2024-01-01", periods=40, freq="D", tz="UTC", name="time"))
    assert compute(frame, "sma").attrs["runs"] == 1
    with pytest.raises(NotEnoughCandles) as caught:
        compute(frame, "sma", interval="1h")
    assert caught.value.got == 1


@pytest.mark.parametrize("name", ALL)
def test_converged_from(name):
    declared = indicators()[name]
    converged = declared.converged()
    frame = walk(converged + 10, 6)
    assert compute(frame, name).attrs["converged_from"] == frame.index[converged - 1].isoformat()
    if converged > declared.needed():
        young = compute(frame.iloc[: converged - 1], name)
        assert young.attrs["converged_from"] is None
        assert len(young)


@pytest.mark.parametrize("name", [name for name, one in indicators().items() if one.memory == "fading"])
def test_converged_means_that_the_beginning_no_longer_matters(name):
    declared = indicators()[name]
    converged = declared.converged()
    frame = walk(converged + 700, 7)
    late = compute(frame.iloc[600:], name)
    late = late.loc[late.attrs["converged_from"] :]
    early = compute(frame, name).loc[late.index]
    usual = early.abs().median()
    assert len(late) > 50
    assert ((late - early).abs() <= 1e-8 * early.abs().clip(lower=usual, axis=1)).all(axis=None)


def test_attrs_are_plain_data():
    for name in ALL:
        attrs = compute(mended(800, slice(100, 103), "flat"), name).attrs
        assert json.loads(json.dumps(attrs, allow_nan=False))["indicator"] == name
