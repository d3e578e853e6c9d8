"""Real defects of real series. Skipped where the recorded series are not at hand."""

import numpy as np
import pandas as pd
import pytest
from candle_series import COLUMNS, RECORDED, kinds, only, recorded

from core.candles import audit, normalise, repair

pytestmark = recorded


def at(text):
    return pd.Timestamp(text, tz="UTC")


def read(name, **attrs):
    raw = normalise(RECORDED / f"{name}.csv")
    raw.attrs |= attrs
    return raw


@pytest.fixture(scope="module")
def coinbase():
    return read("as-downloaded/coinbase_BTCUSD_1h", venue="coinbase", quote="USD")


def test_coinbase_stood_still_for_fifteen_hours(coinbase):
    line = only(audit(coinbase, "1h"), "stale_run")
    assert (line["start"], line["end"], line["count"]) == (at("2018-08-10 01:00"), at("2018-08-10 15:00"), 15)
    kraken = read("kraken_BTCUSD_1h", venue="kraken", quote="USD")
    found = audit(coinbase, "1h", reference=kraken).defects
    still = found[found["kind"] == "stale_run"]
    assert set(still["cause"]) == {"outage"}
    # every single hour that INDEX.md lists for the years that both files cover
    assert {at("2018-12-26 02:00"), at("2019-04-11 13:00"), at("2020-10-20 20:00")} <= set(still["start"])


KRAKEN = (("2018-01-11 07:00", 5), ("2018-01-11 13:00", 1), ("2018-01-11 16:00", 23), ("2018-01-12 16:00", 19),
          ("2018-01-13 12:00", 2))  # fmt: skip


def test_kraken_s_upgrade_of_january_2018(coinbase):
    """The recorded Kraken file begins in May 2018, so its outages, as INDEX.md tells them hour for hour, are laid
    into Coinbase's candles of the time, flat without volume as Kraken gave them.
    """
    theirs = coinbase.sort_index().loc["2017-11-13":"2018-05-14"]
    raw = theirs.copy()
    raw.attrs = {"venue": "kraken", "quote": "USD"}
    for start, hours in KRAKEN:
        rows = (raw.index >= at(start)) & (raw.index < at(start) + pd.Timedelta(hours=hours))
        raw.loc[rows, COLUMNS[:4]] = raw["close"][raw.index < at(start)].iloc[-1]
        raw.loc[rows, "volume"] = 0.0
    alone = audit(raw, "1h").defects
    long = alone[alone["kind"] == "stale_run"]
    assert {at("2018-01-11 16:00"), at("2018-01-12 16:00")} == set(long["start"])
    assert set(long["cause"]) == {"unknown"}, "one series alone cannot say why"
    other = theirs * 1.0004
    other.attrs = {"venue": "coinbase", "quote": "USD"}
    found = audit(raw, "1h", reference=other).defects
    still = found[found["kind"] == "stale_run"].set_index("start")
    for start, hours in KRAKEN:
        assert still.loc[at(start), "cause"] == "outage"
        assert still.loc[at(start), "count"] == hours


def test_kraken_s_three_hours_of_july_2019(coinbase):
    kraken = read("kraken_BTCUSD_1h", venue="kraken", quote="USD")
    found = audit(kraken, "1h", reference=coinbase).defects
    still = found[found["kind"] == "stale_run"]
    assert list(zip(still["start"], still["count"], still["cause"], strict=True)) == [
        (at("2019-07-14 22:00"), 3, "outage")
    ]


def test_kraken_s_impossible_hour_of_september_2019():
    """From 8,000 to 12,000 and back while the market stood at 10,200: an error of Kraken's."""
    assert only(audit(read("kraken_BTCUSD_1h"), "1h"), "wick")["start"] == at("2019-09-13 20:00")


def test_an_illiquid_pair_pauses():
    raw = read("freqtrade_UNITTEST_BTC_1m")
    found = audit(raw, "1m")
    assert kinds(found) == {"missing": 717}
    assert set(found.defects["cause"]) == {"no_trades"}
    mended = repair(raw, "1m")
    filled = mended.frame[mended.frame["method"] == "flat"]
    assert len(filled) == 717
    assert (filled["volume"] == 0).all()
    assert (filled["high"] == filled["low"]).all()
    assert mended.left_open.empty


@pytest.mark.parametrize("day", ["20161007", "20161008", "20161009"])
def test_a_thin_day_pauses_too(day):
    found = audit(read(f"lean_coinbase_BTCUSD_1m_{day}"), "1m")
    assert set(found.defects["cause"]) == {"no_trades"}


def test_bitcoin_and_ether_lost_the_same_minutes():
    btc, eth = (read(f"lean_coinbase_{name}USD_1m_20180404") for name in ("BTC", "ETH"))
    alone = only(audit(btc, "1m"), "missing")
    assert (alone["start"], alone["cause"]) == (at("2018-04-04 16:46"), "unknown")
    line = only(audit(btc, "1m", siblings={"ETH/USD": eth}), "missing")
    assert (line["start"], line["count"], line["cause"]) == (at("2018-04-04 16:46"), 1, "outage")
    line = only(audit(eth, "1m", siblings={"BTC/USD": btc}), "missing")
    assert (line["start"], line["count"], line["cause"]) == (at("2018-04-04 16:48"), 4, "outage")


@pytest.mark.parametrize(("name", "last", "lost"), [("BTC", "16:47", 432), ("ETH", "16:52", 427)])
def test_a_truncated_day(name, last, lost):
    raw = read(f"lean_coinbase_{name}USD_1m_20180404")
    line = only(audit(raw, "1m"), "truncated")
    assert line["start"] == at(f"2018-04-04 {last}") + pd.Timedelta(minutes=1)
    assert line["count"] == lost


def test_new_york_times_and_their_duplicates(coinbase):
    assert any("1208 rows" in note and "4, 5 h" in note for note in coinbase.attrs["notes"])
    assert len(coinbase) == 29_061
    assert coinbase.attrs["unread"] == []
    found = audit(coinbase, "1h")
    twice = only(found, "duplicate")
    assert (twice["start"], twice["end"]) == (at("2017-11-12 04:00"), at("2017-11-12 08:00"))
    assert twice["count"] == 5
    missing = found.defects[found.defects["kind"] == "missing"]
    assert list(zip(missing["start"], missing["count"], strict=True)) == [
        (at("2017-09-22 20:00"), 4),
        (at("2017-11-05 05:00"), 1),
    ]
    assert only(found, "unsorted")["detail"] == "newest first"
    mended = repair(coinbase, "1h")
    assert mended.frame.index.is_unique
    assert mended.frame.index.is_monotonic_increasing
    untouched = coinbase.sort_index().loc["2018-08-11":]
    np.testing.assert_array_equal(mended.frame.loc[untouched.index, COLUMNS], untouched[COLUMNS])
    assert mended.undo().equals(coinbase)


def test_the_text_dates_alone_would_hide_it():
    """The New York hours were written so as to fill the text column without a seam; only the other column tells."""
    raw = pd.read_csv(RECORDED / "as-downloaded" / "coinbase_BTCUSD_1h.csv", skiprows=1)
    text = normalise(raw.drop(columns="Unix Timestamp"))
    assert set(kinds(audit(text, "1h"))) == {"unsorted", "stale_run"}
    assert any("no zone" in note for note in text.attrs["notes"])


def test_an_outage_as_missing_rows():
    raw = read("binance_api_BTCUSDT_1h_2020")
    line = only(audit(raw, "1h"), "missing")
    assert (line["start"], line["count"]) == (at("2020-06-28 02:00"), 3)


def test_a_clean_series_is_left_alone():
    raw = read("ftx_BTCPERP_1m")
    found = audit(raw, "1m")
    assert found.defects.empty
    assert found.score == 1.0


def test_dollars_do_not_judge_tethers(coinbase):
    tether = read("binance_api_BTCUSDT_1h_2020", venue="binance", quote="USDT")
    found = audit(tether, "1h", reference=coinbase)
    assert "agreement" not in found.dimensions
    mended = repair(tether, "1h", sources={"coinbase": coinbase})
    assert "venue" not in set(mended.frame["method"])
    assert any("USD" in note for note in found.notes)
