"""What is not to be believed: sources that have defects of their own, opens that were guessed, masked volumes."""

import time

import numpy as np
import pandas as pd
import pytest
from candle_series import COLUMNS, PRICES, walk

from core.candles import RepairPolicy, audit, repair, replay
from core.candles.frame import Labels
from core.candles.still import _usual_beside

WHOLE = walk(600, seed=4)
HOLE = WHOLE.index[300:312]


def named(frame, venue="kraken"):
    frame = frame.copy()
    frame.attrs.update(venue=venue, quote="USD")
    return frame


def holed():
    return named(WHOLE.drop(HOLE))


def methods(mended):
    return mended.frame.loc[HOLE, "method"].astype(str).tolist()


def moved(rows, factor, columns=PRICES):
    frame = named(WHOLE)
    frame.loc[rows, columns] *= factor
    return frame


def test_the_same_venue_is_believed_when_it_still_says_the_same():
    mended = repair(holed(), "1h", sources={"kraken": named(WHOLE)})
    assert set(methods(mended)) == {"refetch"}
    pd.testing.assert_frame_equal(mended.frame.loc[HOLE, COLUMNS], WHOLE.loc[HOLE], check_freq=False)


@pytest.mark.parametrize(
    ("rows", "why"), [(WHOLE.index, "no longer says"), (HOLE, "joins the rows beside it nowhere")]
)
def test_refetched_rows_that_do_not_go_with_the_rest_are_refused(rows, why):
    again = moved(rows, 1.4)
    mended = repair(holed(), "1h", sources={"kraken": again})
    assert set(methods(mended)) == {"line"}
    mended = repair(holed(), "1h", RepairPolicy(medium=6), sources={"kraken": again})
    assert why in mended.left_open["reason"].iloc[0]


def test_a_stray_row_that_the_venue_gives_again_is_not_taken_and_the_others_are():
    again = moved(HOLE[5:6], 1.4, ["close", "high"])
    assert (
        methods(repair(holed(), "1h", sources={"kraken": again}))
        == ["refetch"] * 5 + ["line"] + ["refetch"] * 6
    )


def test_a_refetched_jump_that_stays_is_taken():
    jumped = moved(WHOLE.index[305:], 1.4)
    mended = repair(named(jumped.drop(HOLE)), "1h", sources={"kraken": jumped})
    assert set(methods(mended)) == {"refetch"}


def test_another_venue_s_spike_is_not_borrowed():
    other = moved(HOLE[5:6], 1.4, ["close", "high"])
    mended = repair(holed(), "1h", sources={"coinbase": named(other, "coinbase")})
    assert methods(mended) == ["venue"] * 5 + ["line"] + ["venue"] * 6
    assert mended.frame.loc[HOLE, "high"].max() < 1.1 * WHOLE.loc[HOLE, "high"].max()


def test_no_line_is_drawn_to_an_open_that_was_guessed():
    raw = holed()
    raw.iloc[300, 0] = np.nan  # the open right after the gap
    mended = repair(raw, "1h")
    assert mended.left_open["count"].tolist() == [12]
    assert "no genuine candle after it" in mended.left_open["reason"].iloc[0]
    assert repair(mended.frame, "1h").ledger.empty
    raw.iloc[300, :4] = WHOLE.loc[raw.index[300], PRICES] * 100  # a genuine one in another unit will do
    assert set(methods(repair(raw, "1h"))) == {"line"}


def test_a_rule_may_give_its_candles_in_any_order():
    class Backwards:
        name, reason, uses_future = "backwards", "newest first", False

        def fill(self, hole):
            value = np.arange(len(hole.times), dtype=float)[::-1] + 100
            return pd.DataFrame(dict.fromkeys([*PRICES, "volume"], value), index=hole.times[::-1])

    raw = holed()
    mended = repair(raw, "1h", RepairPolicy(rules=(Backwards(),)))
    assert mended.frame.loc[HOLE, "close"].tolist() == list(range(100, 112))
    pd.testing.assert_frame_equal(replay(raw, mended.ledger), mended.frame)


@pytest.mark.parametrize("stretch", [True, False])
def test_volumes_in_another_unit_do_not_hide_each_other(stretch):
    frame = walk(3000, seed=8, level=20_000.0)
    single = np.arange(50, 1500, 400)
    hit = np.arange(2000, 2060) if stretch else np.arange(40, 2900, 60)  # more than one row in a hundred
    hit = np.union1d(single, hit)
    frame.iloc[hit, 4] *= frame["close"].iloc[hit]
    lines = audit(frame, "1h").defects
    lines = lines[lines["kind"] == "unit_error"]
    assert int(lines["count"].sum()) == len(hit)
    assert set(frame.index[single]) <= set(lines["start"])


def test_a_page_of_whole_hours_is_no_truncated_day():
    minutes = walk(1440, start="2024-03-01", freq="1min")
    assert audit(minutes.iloc[:720], "1m").defects.empty  # a page of Kraken's
    assert audit(minutes.iloc[:733], "1m").defects["kind"].tolist() == ["truncated"]
    assert audit(walk(18), "1h").defects.empty


def test_the_usual_length_beside_each_stretch_equals_the_plain_count():
    rng = np.random.default_rng(0)
    for size in (1, 5, 10, 11, 12, 40):
        lengths = rng.geometric(0.3, size)
        usual = _usual_beside(lengths)
        for length in set(lengths.tolist()):
            rest = np.delete(lengths, np.argmax(lengths == length))
            plain = float(np.quantile(rest, 0.95)) if len(rest) >= 10 else 0.0
            assert usual[length] == pytest.approx(plain)


def test_more_words_than_a_short_number_counts():
    words = [f"word {number}" for number in range(40_000)]
    labels = Labels.of(pd.Series(words, dtype=object))
    assert Labels.joined([Labels.all("first", 1), labels]).words() == ["first", *words]
    assert list(labels.categorical(labels.used())) == words


def test_quiet_stretches_by_the_thousand_take_no_time_of_their_own():
    def cost(rows):
        frame = walk(rows, freq="1min")
        quiet = np.random.default_rng(1).random(rows) < 0.3
        frame.loc[quiet, PRICES] = 100.0
        frame.loc[quiet, "volume"] = 0.0
        started = time.process_time()
        audit(frame, "1m")
        return time.process_time() - started

    cost(2000)
    assert cost(40_000) < 40 * max(cost(4000), 0.02)


@pytest.mark.parametrize("share", [0.002, 0.02])
def test_single_volumes_a_thousand_times_too_large_are_no_stretch(share):
    frame = walk(20_000, seed=3, level=20_000.0, freq="1min")
    hit = np.random.default_rng(2).choice(np.arange(50, 19_950, 5), int(share * len(frame)), replace=False)
    frame.iloc[hit, 4] *= 1000.0
    lines = audit(frame, "1m").defects
    assert set(lines["kind"]) == {"unit_error"}
    assert set(lines["start"]) <= set(frame.index[hit])
    assert len(lines) >= 0.97 * len(hit)


def test_candles_of_few_price_steps_repeat_by_chance_where_nobody_gives_volumes():
    cheap = (walk(5000, seed=2, level=50.0)[PRICES] * 2).round() * 1e-8  # a step is a fiftieth
    assert audit(cheap, "1h").defects.empty
    assert repair(cheap, "1h").ledger.empty
    row = int(np.flatnonzero(cheap["high"] > cheap["low"])[50])
    cheap.iloc[row : row + 30] = cheap.iloc[row].to_numpy()
    lines = audit(cheap, "1h").defects
    assert lines["kind"].tolist() == ["stale_run"]
    assert lines["count"].iloc[0] >= 30
    fine = walk(5000, seed=2)[PRICES]
    fine.iloc[300:305] = fine.iloc[300].to_numpy()
    assert audit(fine, "1h").defects["count"].tolist() == [5]
