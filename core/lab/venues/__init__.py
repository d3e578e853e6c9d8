"""The venues that the lab can play: one file each."""

from core.lab.venue import Venue
from core.lab.venues.around import AROUND
from core.lab.venues.binance import Binance
from core.lab.venues.binance_us import BinanceUS
from core.lab.venues.bitfinex import Bitfinex
from core.lab.venues.bitget import Bitget
from core.lab.venues.bitstamp import Bitstamp
from core.lab.venues.bitvavo import Bitvavo
from core.lab.venues.bybit import Bybit
from core.lab.venues.coinbase import Coinbase
from core.lab.venues.coincap import CoinCap
from core.lab.venues.coindesk_data import CoinDeskData
from core.lab.venues.coingecko import CoinGecko
from core.lab.venues.coinlore import CoinLore
from core.lab.venues.coinmarketcap import CoinMarketCap
from core.lab.venues.coinpaprika import CoinPaprika
from core.lab.venues.crypto_com import CryptoCom
from core.lab.venues.defillama import DeFiLlama
from core.lab.venues.dexscreener import DexScreener
from core.lab.venues.dydx import DYDX
from core.lab.venues.gateio import GateIO
from core.lab.venues.geckoterminal import GeckoTerminal
from core.lab.venues.gemini import Gemini
from core.lab.venues.hitbtc import HitBTC
from core.lab.venues.htx import HTX
from core.lab.venues.hyperliquid import Hyperliquid
from core.lab.venues.independent_reserve import IndependentReserve
from core.lab.venues.kraken import Kraken
from core.lab.venues.kucoin import KuCoin
from core.lab.venues.luno import Luno
from core.lab.venues.mexc import MEXC
from core.lab.venues.okx import OKX
from core.lab.venues.poloniex import Poloniex
from core.lab.venues.upbit import Upbit
from core.lab.venues.whitebit import WhiteBIT

VENUES: tuple[Venue, ...] = (
    Binance(),
    Kraken(),
    Coinbase(),
    OKX(),
    Bybit(),
    Bitstamp(),
    Bitfinex(),
    KuCoin(),
    GateIO(),
    Gemini(),
    BinanceUS(),
    MEXC(),
    HTX(),
    CoinGecko(),
    CoinPaprika(),
    Bitget(),
    Bitvavo(),
    CryptoCom(),
    HitBTC(),
    Poloniex(),
    Upbit(),
    WhiteBIT(),
    Luno(),
    IndependentReserve(),
    Hyperliquid(),
    DYDX(),
    CoinLore(),
    CoinCap(),
    CoinMarketCap(),
    CoinDeskData(),
    DeFiLlama(),
    GeckoTerminal(),
    DexScreener(),
    *AROUND,
)
