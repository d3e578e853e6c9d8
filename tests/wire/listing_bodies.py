"""Lists of symbols of further exchanges, as each writes them, and what is to be read out of them."""

from typing import Any

MORE_BODIES: dict[str, tuple[Any, set[str]]] = {
    "bitget": (
        {
            "code": "00000",
            "msg": "success",
            "requestTime": 1695808949356,
            "data": [
                {"symbol": "BTCUSDT", "baseCoin": "BTC", "quoteCoin": "USDT", "status": "online"},
                {"symbol": "OLDUSDT", "baseCoin": "OLD", "quoteCoin": "USDT", "status": "offline"},
                # There, OMNI is another coin than the one that goes by this name elsewhere.
                {"symbol": "OMNIUSDT", "baseCoin": "OMNI", "quoteCoin": "USDT", "status": "online"},
            ],
        },
        {"BTC/USDT"},
    ),
    "crypto_com": (
        {
            "id": 1,
            "method": "public/get-instruments",
            "code": 0,
            "result": {
                "data": [
                    {"inst_type": "CCY_PAIR", "base_ccy": "BTC", "quote_ccy": "USD", "tradable": True},
                    {"inst_type": "CCY_PAIR", "base_ccy": "OLD", "quote_ccy": "USD", "tradable": False},
                    {"inst_type": "PERPETUAL_SWAP", "base_ccy": "ETH", "quote_ccy": "USD", "tradable": True},
                ]
            },
        },
        {"BTC/USD"},
    ),
    "bitvavo": (
        [
            {"market": "BTC-EUR", "status": "trading", "base": "BTC", "quote": "EUR"},
            {"market": "OLD-EUR", "status": "halted", "base": "OLD", "quote": "EUR"},
        ],
        {"BTC/EUR"},
    ),
    "upbit": (
        [
            {"market": "USDT-BTC", "korean_name": "비트코인", "english_name": "Bitcoin"},
            {"market": "KRW-ETH", "korean_name": "이더리움", "english_name": "Ethereum"},
            {"market": "USDT-TON", "korean_name": "톤", "english_name": "Tokamak Network"},
        ],
        {"BTC/USDT", "ETH/KRW"},
    ),
    "whitebit": (
        [
            {"name": "BTC_USDT", "stock": "BTC", "money": "USDT", "tradesEnabled": True, "type": "spot"},
            {"name": "OLD_USDT", "stock": "OLD", "money": "USDT", "tradesEnabled": False, "type": "spot"},
            {"name": "ETH_PERP", "stock": "ETH", "money": "USDT", "tradesEnabled": True, "type": "futures"},
        ],
        {"BTC/USDT"},
    ),
    "poloniex": (
        [
            {"symbol": "BTC_USDT", "baseCurrencyName": "BTC", "quoteCurrencyName": "USDT", "state": "NORMAL"},
            {"symbol": "OLD_USDT", "baseCurrencyName": "OLD", "quoteCurrencyName": "USDT", "state": "PAUSE"},
        ],
        {"BTC/USDT"},
    ),
    "hitbtc": (
        {
            "BTCUSDT": {
                "type": "spot",
                "base_currency": "BTC",
                "quote_currency": "USDT",
                "status": "working",
            },
            "STEPNUSDT": {
                "type": "spot",
                "base_currency": "STEPN",
                "quote_currency": "USDT",
                "status": "working",
            },
            "OLDUSDT": {"type": "spot", "base_currency": "OLD", "quote_currency": "USDT", "status": "off"},
            "ETHUSDT_PERP": {
                "type": "futures",
                "base_currency": None,
                "quote_currency": "USDT",
                "status": "working",
            },
        },
        {"BTC/USDT", "GMT/USDT"},
    ),
    "luno": (
        {
            "markets": [
                {
                    "market_id": "XBTEUR",
                    "trading_status": "ACTIVE",
                    "base_currency": "XBT",
                    "counter_currency": "EUR",
                },
                {
                    "market_id": "OLDEUR",
                    "trading_status": "SUSPENDED",
                    "base_currency": "OLD",
                    "counter_currency": "EUR",
                },
            ]
        },
        {"BTC/EUR"},
    ),
    "dydx": (
        {
            "markets": {
                "BTC-USD": {"ticker": "BTC-USD", "status": "ACTIVE"},
                "OLD-USD": {"ticker": "OLD-USD", "status": "FINAL_SETTLEMENT"},
                "TRUMPWIN,RAYDIUM,0X1-USD": {"ticker": "TRUMPWIN,RAYDIUM,0X1-USD", "status": "ACTIVE"},
            }
        },
        {"BTC/USD"},
    ),
}
