"""Complete stretches of real candle series, split into what is tuned on and what is tested on.

Test series share neither symbol and venue nor period with the tuned ones. Without the recorded series
(``../shared/data/candles``, looked for upwards from here) series of the embedded market stand in for them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.candles import normalise
from core.lab.market import Market, listings
from core.market import CANDLE_FIELDS, INTERVALS, candles_frame

ROWS = 3000
"""Rows of a stretch that one run works on; longer stretches are cut at a random place."""


@dataclass(frozen=True)
class Series:
    """One complete stretch: no slot missing, no row doubled."""

    name: str
    interval: str
    frame: pd.DataFrame
    thin: bool = False

    @property
    def sigma(self) -> float:
        """Standard deviation of one-bar log returns."""
        return float(np.log(self.frame["close"]).diff().std())

    def cut(self, rng: np.random.Generator, rows: int = ROWS) -> "Series":
        """A window of at most this many rows."""
        first = int(rng.integers(0, max(1, len(self.frame) - rows + 1)))
        return Series(self.name, self.interval, self.frame.iloc[first : first + rows], self.thin)


def recorded() -> Path | None:
    """The folder of recorded series, if it is there."""
    for above in Path(__file__).resolve().parents:
        folder = above / "shared" / "data" / "candles"
        if folder.is_dir():
            return folder
    return None


def coarser(frame: pd.DataFrame, interval: str) -> pd.DataFrame:
    """Candles of a longer interval, from the rows that are there."""
    rule = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    return frame.resample(f"{INTERVALS[interval]}s").agg(rule).dropna()


def complete(frame: pd.DataFrame, interval: str) -> pd.DataFrame:
    """The longest part without a hole."""
    frame = frame[~frame.index.duplicated()].sort_index()
    step = pd.Timedelta(seconds=INTERVALS[interval])
    part = (frame.index.to_series().diff() != step).cumsum()
    found = frame[(part == part.value_counts().index[0]).to_numpy()]
    found.attrs.clear()
    return found


def series(role: str) -> list[Series]:
    """Series to tune on, or to test on."""
    folder = recorded()
    return list(_lab(role) if folder is None else _tune(folder) if role == "tune" else _test(folder))


def _read(folder: Path, name: str) -> pd.DataFrame:
    return normalise(folder / f"{name}.csv").sort_index()


def _tune(folder: Path) -> Iterator[Series]:
    wild = _read(folder, "as-downloaded/coinbase_BTCUSD_1h").loc["2017-11-13":"2018-05-14"]
    yield Series("Coinbase BTC/USD 1h 2017", "1h", complete(wild, "1h"))
    calm = _read(folder, "coinbase_BTCUSD_1h").loc["2018-08-12":"2019-07-31"]
    yield Series("Coinbase BTC/USD 1h 2018", "1h", complete(calm, "1h"))
    ftx = _read(folder, "ftx_BTCPERP_1m")
    yield Series("FTX BTC-PERP 1m", "1m", complete(ftx.loc[:"2022-01-07"], "1m"))
    yield Series("FTX BTC-PERP 5m", "5m", complete(coarser(ftx, "5m"), "5m"))
    days = [_read(folder, f"lean_coinbase_BTCUSD_1m_2016100{day}") for day in (7, 8, 9)]
    thin = pd.concat(days)
    yield Series("Coinbase BTC/USD 3m 2016", "3m", complete(coarser(thin, "3m"), "3m"), thin=True)
    yield Series("Coinbase BTC/USD 5m 2016", "5m", complete(coarser(thin, "5m"), "5m"), thin=True)


def _test(folder: Path) -> Iterator[Series]:
    kraken = _read(folder, "kraken_BTCUSD_1h").loc["2019-08-01":]
    yield Series("Kraken BTC/USD 1h", "1h", complete(kraken, "1h"))
    yield Series("Kraken BTC/USD 4h", "4h", complete(coarser(_read(folder, "kraken_BTCUSD_1h"), "4h"), "4h"))
    binance = _read(folder, "binance_api_BTCUSDT_1h_2020")
    yield Series("Binance BTC/USDT 1h", "1h", complete(binance, "1h"))
    alt = _read(folder, "freqtrade_UNITTEST_BTC_1m")
    yield Series("Binance UNITTEST/BTC 5m", "5m", complete(coarser(alt, "5m"), "5m"), thin=True)
    yield Series("Binance UNITTEST/BTC 15m", "15m", complete(coarser(alt, "15m"), "15m"), thin=True)
    yield Series("Binance UNITTEST/BTC 1m", "1m", complete(alt, "1m"), thin=True)
    eth = _read(folder, "lean_coinbase_ETHUSD_1m_20180404")
    yield Series("Coinbase ETH/USD 1m", "1m", complete(eth, "1m"))


def _lab(role: str) -> Iterator[Series]:
    listed = {found.symbol: found for found in listings("binance", 0.3, ("USDT",))}
    market, start = (
        Market(7 if role == "tune" else 11),
        1_700_006_400 + (0 if role == "tune" else 400 * 86_400),
    )
    for symbol, interval in (("BTC/USDT", "1h"), ("ETH/USDT", "5m"), ("SOL/USDT", "1m"), ("ADA/USDT", "15m")):
        step = INTERVALS[interval]
        stop = start + 4000 * step
        bars = market.bars(listed[symbol], step, start, stop, stop)
        prices = {name: getattr(bars, name) / 1.0 for name in CANDLE_FIELDS}
        yield Series(
            f"lab {symbol} {interval}", interval, complete(candles_frame(bars.time, prices), interval)
        )
