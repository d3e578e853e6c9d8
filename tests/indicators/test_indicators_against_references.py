"""Every indicator against TA-Lib, or a formula from its source, and against bare ta."""

import numpy as np
import pandas as pd
import pytest
from indicator_references import BARE, REFERENCES, bare, reference
from indicator_series import REAL, flat, real, walk

from core.indicators import compute, indicators

ALL = tuple(indicators())

SEEDED_OTHERWISE = {"ppo": "ppo", "pvo": "pvo", "stc": "stc"}
"""Equal to the reference from the converged row only; all others from their very first value."""


def same(ours: pd.DataFrame, theirs: pd.DataFrame, what: str, dust: float = 0.0) -> None:
    """Equal to 1e-8 of the value, or of its usual size where it passes through zero."""
    assert len(ours)
    for name in theirs:
        expected = theirs[name].reindex(ours.index).to_numpy()
        assert np.isfinite(expected).all(), f"{what} {name}: the reference has no value where we have one"
        usual = float(np.median(np.abs(expected)))
        allowed = max(dust, 1e-8 * usual)
        np.testing.assert_allclose(ours[name], expected, rtol=1e-8, atol=allowed, err_msg=f"{what} {name}")


def from_converged(values: pd.DataFrame) -> pd.DataFrame:
    return values.loc[values.attrs["converged_from"] :] if values.attrs["converged_from"] else values.iloc[:0]


def against(name: str, frame: pd.DataFrame, usable: pd.DataFrame | None = None) -> None:
    values = compute(frame, name)
    expected = reference(name, frame if usable is None else usable)
    same(from_converged(values) if name in SEEDED_OTHERWISE else values, expected, name)


def test_every_indicator_has_a_reference():
    assert set(ALL) == set(REFERENCES)
    assert len(ALL) >= 30
    assert {one.family for one in indicators().values()} >= {"trend", "momentum", "volatility", "volume"}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("seed", [1, 2])
def test_random_walk(name, seed):
    frame = walk(1500, seed)
    values = compute(frame, name)
    assert len(values) == len(frame) - indicators()[name].needed() + 1
    against(name, frame)


@pytest.mark.parametrize("name", ALL)
def test_market_that_often_stands_still(name):
    frame = walk(1500, 3, still=0.3)
    ours, theirs = compute(frame, name), reference(name, frame)
    ours = from_converged(ours) if name in SEEDED_OTHERWISE else ours
    same(ours, theirs, name)
    assert len(ours) > 0.85 * len(frame) or name in SEEDED_OTHERWISE | {"kama": ""}


@pytest.mark.parametrize("name", ALL)
def test_short_gaps_are_stepped_over(name):
    whole = walk(1500, 4)
    keep = np.random.default_rng(4).random(len(whole)) > 0.05
    against(name, whole[keep])


@pytest.mark.parametrize("name", ALL)
def test_long_gaps_begin_anew(name):
    whole = walk(2600, 5)
    parts = [whole.iloc[:800], whole.iloc[850:1600], whole.iloc[1700:]]
    values = compute(pd.concat(parts), name)
    assert values.attrs["runs"] == 3
    for part in parts:
        ours = values.loc[part.index[0] : part.index[-1]]
        assert ours.index[0] == part.index[indicators()[name].needed() - 1]
        if name in SEEDED_OTHERWISE:
            ours = ours.loc[part.index[indicators()[name].converged() - 1] :]
        same(ours, reference(name, part), name)


@pytest.mark.parametrize("name", ALL)
def test_tiny_series(name):
    needed = indicators()[name].needed()
    values = compute(walk(needed, 6), name)
    assert len(values) == 1
    if name not in SEEDED_OTHERWISE:
        same(values, reference(name, walk(needed, 6)), name)


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
@pytest.mark.parametrize("name", ALL)
def test_recorded_series(name, path):
    frame = real(path)
    values = compute(frame, name)
    rows = frame.index.to_series().diff()
    breaks = np.flatnonzero(rows > 13 * rows.min())
    newest = frame.iloc[breaks[-1] if len(breaks) else 0 :]
    ours = values.loc[newest.index[0] :]
    ours = from_converged(ours) if name in SEEDED_OTHERWISE else ours
    theirs = reference(name, newest).reindex(ours.index)
    told = np.isfinite(theirs).all(axis=1)
    if name == "mfi":
        told &= theirs["mfi"] != 0  # TA-Lib's word for less than one unit of quote currency
    if told.any():
        same(ours[told], theirs, name)


@pytest.mark.parametrize("name", sorted(set(BARE) - {"psar"}))
def test_bare_ta_from_the_converged_row(name):
    frame = walk(6000, 8)
    values = compute(frame, name)
    same(from_converged(values).iloc[:-1], bare(name, frame), name)  # ta's last row of ADX and DI is 0


def test_psar_is_the_one_that_differs_from_ta_throughout():
    frame = walk(3000, 8)
    ours = compute(frame, "psar")["psar"]
    away = (ours / bare("psar", frame)["psar"].reindex(ours.index) - 1).abs()
    assert 0.0 < away.max() < 0.02
    assert away.median() == 0
    assert "ta" in indicators()["psar"].differs


UNDEFINED_IF_FLAT = {
    *("adx", "vortex", "mass_index", "cci", "stc", "rsi", "stoch_rsi", "stochastic", "williams_r", "tsi"),
    *("ultimate_oscillator", "pvo", "bollinger_percent", "cmf", "mfi", "vwap"),
}


@pytest.mark.parametrize("name", ALL)
def test_flat_market_without_volume(name):
    """TA-Lib says 0, or 1 a row, where nothing over nothing is asked; here those rows are absent."""
    values = compute(flat(700), name)
    if name in UNDEFINED_IF_FLAT:
        assert values.empty
        assert list(values)[: len(indicators()[name].outputs)] == list(indicators()[name].outputs)
        assert "ndefined" in indicators()[name].differs
    else:
        same(values, reference(name, flat(700)), name, dust=1e-12)


@pytest.mark.parametrize("scale", [2.0**-40, 2.0**40])
@pytest.mark.parametrize("name", ALL)
def test_the_unit_of_the_price_does_not_matter(name, scale):
    """No threshold in units of money: a token at 1e-8 is read as one at 30,000 is."""
    frame = walk(900, 9)
    scaled = frame.assign(**{field: frame[field] * scale for field in ("open", "high", "low", "close")})
    ours, other = compute(frame, name), compute(scaled, name)
    pd.testing.assert_index_equal(ours.index, other.index)
    for output in indicators()[name].outputs:
        power = {"ease_of_movement": 2, "smoothed": 2}.get(output)
        grown = [scale**p for p in ((power,) if power else (0, 1))]
        assert any(np.allclose(other[output], ours[output] * factor, rtol=1e-9, atol=0) for factor in grown)
