"""The targets of the defect and speed benchmarks, at a reduced size."""

import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def benchmark():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import candles
        import defects
        import defects_cause
        import defects_fill

        yield type(
            "Benchmark",
            (),
            {"candles": candles, "defects": defects, "cause": defects_cause, "fill": defects_fill},
        )
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def parts(benchmark):
    return benchmark.defects.series("test")


def test_detection(benchmark, parts):
    defects = benchmark.defects
    tally, own = defects.run(parts, 3, 2000)
    for kind in defects.STRUCTURAL:
        precision, recall, _, _ = tally.kinds[kind].rates()
        assert (precision, recall) == (1.0, 1.0), kind
    for kind, least in (("spike", 0.90), ("wick", 0.85), ("stale_run", 0.99), ("unit_error", 0.97),
                        ("non_finite", 1.0), ("non_positive", 1.0), ("ohlc_violation", 1.0)):  # fmt: skip
        precision, recall, _, _ = tally.kinds[kind].rates()
        assert recall >= least, kind
        assert precision >= 0.95, kind
    assert np.mean(tally.what["unit_error: x100"]) >= 0.99
    for kind, hits in tally.controls.items():
        assert np.mean(hits) <= 0.01, kind
    assert tally.untouched[0] / tally.untouched[1] <= 2e-4
    flags, rows = (sum(pair[at] for pair in own.values()) for at in (0, 1))
    assert flags / rows <= 2e-4


def test_causes(benchmark, parts):
    assert benchmark.cause.show(parts, 3, 2000) >= 0.8


def test_filling(benchmark, parts):
    errors = benchmark.fill.measure(parts, 1, 1200)
    for length in (1, 2, 3, 6, 12, 48):
        assert errors.mean("ours", length) <= 1.02 * errors.mean("line", length), length
    assert errors.mean("ours", 1) <= 0.25
    filled, true = errors.ranges["ours"]
    assert 0.9 <= filled / true <= 1.1
    assert errors.invalid == 0
    for length, (wrong, line, share) in benchmark.fill.across(2, 2000).items():
        if length >= 12:
            assert wrong <= 0.25 * line
            assert share == 1.0


def test_speed_against_the_usual_cleaning(benchmark):
    """It aggregates duplicates and fills gaps, as freqtrade does, and looks at no value."""
    assert benchmark.candles.against(benchmark.candles.usual, 1_000_000, 3) <= 0.6


def test_speed_against_freqtrade(benchmark):
    if benchmark.candles.clean_ohlcv_dataframe is None:
        pytest.skip("freqtrade is not installed")
    assert benchmark.candles.against(benchmark.candles.freqtrade, 1_000_000, 3) <= 0.5


def test_cost_is_linear_and_memory_small(benchmark):
    """Microseconds a row do not grow: eight times the rows in at most sixteen times the time on a busy machine."""
    small, large = (benchmark.candles.best(benchmark.candles.both, benchmark.candles.minutes(rows), 5)
                    for rows in (250_000, 2_000_000))  # fmt: skip
    assert large <= 16 * small
    assert benchmark.candles.peak(300_000) <= 6
