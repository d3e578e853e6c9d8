"""Genuine recorded bodies, where they are at hand: the right values, or the right name."""

from datetime import UTC, datetime

import httpx
import pytest
from wire_bodies import CATALOG, RECORDED, breaks_on_no_body, golden, of_a_market, recorded

from core.answer import BadPayload, Forbidden, ProviderDown, Throttled, UnknownSymbol
from core.market import CandleQuery, OrderBookQuery, PriceQuery, Query, VolumeQuery

SYMBOL = "BTC/USDT"

pytestmark = recorded


def test_binance_klines() -> None:
    frame = golden(
        "binance", "binance/klines.1h.json", CandleQuery(SYMBOL, "1h", start=1588280400, end=1591880401)
    )
    assert len(frame) == 1000
    assert frame.index[0] == datetime(2020, 4, 30, 21, tzinfo=UTC)
    assert frame.iloc[0].tolist() == [8819.15, 8849.8, 8734.5, 8761.92, 3089.560545]
    assert frame.index[-1] == datetime(2020, 6, 11, 12, tzinfo=UTC)
    assert len(golden("binance", "binance/klines.1h.json", CandleQuery(SYMBOL, "1h"))) == 500
    minutes = golden("binance", "binance/klines.1m.json", CandleQuery(SYMBOL, "1m", start="2020-05-06"), 2e9)
    assert len(minutes) == 60
    assert minutes.index[0] == datetime(2020, 5, 6, 4, 42, tzinfo=UTC)
    with pytest.raises(BadPayload, match="60 s apart"):
        golden("binance", "binance/klines.1m.json", CandleQuery(SYMBOL, "1h"))


def test_binance_ticker_and_books() -> None:
    quote = golden("binance", "binance/ticker24hr.json", PriceQuery(SYMBOL))
    assert (quote.last, quote.bid, quote.ask) == (6705.82, 6705.88, 6706.21)
    assert (quote.change_24h_pct, quote.volume_base, quote.volume_quote) == (
        -2.427,
        57857.494857,
        392659910.6266075,
    )
    assert quote.time == datetime(2020, 4, 15, 22, 54, 38, 494000, tzinfo=UTC)
    book = golden("binance", "binance/depth.limit5.json", OrderBookQuery(SYMBOL, 5))
    assert (book.bids[0], book.asks[0]) == ((56902.15, 0.003715), (56905.88, 0.012152))
    assert len(golden("binance", "binance/depth.json", OrderBookQuery(SYMBOL, 3)).asks) == 3
    with pytest.raises(BadPayload, match="asked for 'ETHUSDT'"):
        golden("binance", "binance/ticker24hr.json", PriceQuery("ETH/USDT"))


@pytest.mark.parametrize("query", [PriceQuery(SYMBOL), CandleQuery(SYMBOL, "1h"), OrderBookQuery(SYMBOL)])
def test_refusals_have_the_right_name(query: Query) -> None:
    for file in ("depth.error-400.json", "ticker24hr.error-400.json"):
        with pytest.raises(UnknownSymbol):
            golden("binance", f"binance/{file}", query)
    with pytest.raises(Throttled):
        golden("binance", "binance/any.error-429.json", query)
    with pytest.raises(Forbidden) as caught:
        golden("binance", "binance/any.error-451.json", query)
    assert caught.value.cause == "geo"
    with pytest.raises(Throttled):
        golden("kraken", "kraken/any.error-200.json", query)
    for venue in ("binance", "kraken", "coinbase"):
        for file in sorted((RECORDED / "generic_failures").iterdir()):
            if ".error-" in file.name:
                with pytest.raises(ProviderDown):
                    golden(venue, f"generic_failures/{file.name}", query)


def test_kraken_candles() -> None:
    file = "kraken/ohlc.1m.xbtusdt.json"
    frame = golden("kraken", file, CandleQuery(SYMBOL, "1m", limit=720))
    assert len(frame) == 720, "without a clock the last row is taken for the open one"
    assert frame.index[0] == datetime(2025, 11, 10, 12, 17, tzinfo=UTC)
    assert frame.iloc[0].tolist() == [106038.2] * 4 + [0.0]
    assert (frame["volume"] == 0).sum() == 215, "quiet minutes stay; the 216th is the open candle"
    whole = golden("kraken", file, CandleQuery(SYMBOL, "1m", limit=721, include_open=True))
    assert len(whole) == 721
    with pytest.raises(BadPayload, match="asked for 'XBTUSD'"):
        golden("kraken", file, CandleQuery("BTC/USD", "1m"))


def test_kraken_ticker_book_and_status() -> None:
    quote = golden("kraken", "kraken/ticker.xbtusdt.json", PriceQuery(SYMBOL))
    assert (quote.last, quote.bid, quote.ask, quote.volume_base) == (
        105899.4,
        105944.2,
        105944.3,
        163.28908096,
    )
    assert (quote.change_24h_pct, quote.volume_quote, quote.time) == (None, None, None)
    assert golden("kraken", "kraken/ticker.xbtusdt.json", VolumeQuery(SYMBOL)).volume_base == 163.28908096
    book = golden("kraken", "kraken/depth.xbtusdt.json", OrderBookQuery(SYMBOL, 2))
    assert (book.bids, book.asks) == (
        ((105944.2, 0.002), (105935.4, 0.024)),
        ((105944.3, 0.136), (105946.9, 0.095)),
    )
    body = (RECORDED / "kraken/system_status.json").read_bytes()
    assert CATALOG["kraken"].read_check(httpx.Response(200, content=body)) is None


def test_coinbase() -> None:
    folder = "coinbase_exchange"
    frame = golden(
        "coinbase", f"{folder}/candles.1d.2021.json", CandleQuery("BTC/EUR", "1d", start="2021-01-01"), 2e9
    )
    assert len(frame) == 7
    assert frame.index[-1] == datetime(2021, 1, 7, tzinfo=UTC)
    assert frame.iloc[-1].tolist() == [29818.73, 32900, 29516.98, 32120.19, 5957.46980324]
    hour = CandleQuery(SYMBOL, "1h")
    at = datetime(2024, 3, 13, 11, 10, tzinfo=UTC).timestamp()
    assert golden("coinbase", f"{folder}/candles.1h.2024.json", hour, at).empty
    running = golden("coinbase", f"{folder}/candles.1h.2024.json", hour.replace(include_open=True), at)
    assert running.iloc[0].tolist() == [73243.33, 73402.47, 73241.5, 73370.65, 1.56794406]
    quote = golden("coinbase", f"{folder}/ticker.json", PriceQuery("BTC/USD"))
    assert (quote.last, quote.bid, quote.ask, quote.volume_base) == (4417.01, 4417.0, 4417.01, 7878.23402368)
    assert quote.time == datetime(2017, 10, 3, 4, 0, 31, 887000, tzinfo=UTC)
    assert quote.change_24h_pct is None
    book = golden("coinbase", f"{folder}/book.level2.json", OrderBookQuery("BTC/USD", 3))
    assert book.bids[0] == (5362.39, 0.12951376)


@pytest.mark.parametrize("query", [PriceQuery(SYMBOL), CandleQuery(SYMBOL, "1h"), OrderBookQuery(SYMBOL)])
def test_bodies_of_other_calls_and_other_apis_are_refused(query: Query) -> None:
    for file in ("advanced_trade_candles.json", "advanced_trade_ticker.json", "products.json"):
        with pytest.raises(BadPayload):
            golden("coinbase", f"coinbase_exchange/{file}", query)
    for file in ("exchange_info.json", "ticker_price.json", "book_ticker.json"):
        with pytest.raises(BadPayload):
            golden("binance", f"binance/{file}", query)


@pytest.mark.parametrize("venue", ["binance", "kraken", "coinbase"])
def test_no_body_of_any_provider_breaks_a_reader(venue: str) -> None:
    breaks_on_no_body(venue, *of_a_market(SYMBOL))
