"""What a topic means: an asset by its code or its names, or words as they are. Pure."""

import re
from functools import lru_cache

NAMES: dict[str, tuple[str, ...]] = {
    "ADA": ("Cardano",),
    "ARB": ("Arbitrum",),
    "ATOM": ("Cosmos",),
    "AVAX": ("Avalanche",),
    "BCH": ("Bitcoin Cash",),
    "BNB": ("BNB Chain", "Binance Coin"),
    "BTC": ("Bitcoin",),
    "DOGE": ("Dogecoin",),
    "DOT": ("Polkadot",),
    "ETC": ("Ethereum Classic",),
    "ETH": ("Ethereum", "Ether"),
    "FIL": ("Filecoin",),
    "HBAR": ("Hedera",),
    "ICP": ("Internet Computer",),
    "LINK": ("Chainlink",),
    "LTC": ("Litecoin",),
    "NEAR": ("NEAR Protocol",),
    "PEPE": ("Pepe coin",),
    "POL": ("Polygon",),
    "SHIB": ("Shiba Inu",),
    "SOL": ("Solana",),
    "SUI": ("Sui Network",),
    "TON": ("Toncoin",),
    "TRX": ("TRON", "Tronix"),
    "UNI": ("Uniswap",),
    "USDC": ("USD Coin",),
    "USDT": ("Tether",),
    "XLM": ("Stellar", "Lumens"),
    "XMR": ("Monero",),
    "XRP": ("Ripple",),
}
"""Asset → what it is called in texts, the usual name first."""


def asset_of(topic: str) -> str | None:
    """The asset that a topic names by code or name; None for other words."""
    wanted = topic.casefold()
    for asset, names in NAMES.items():
        if wanted == asset.casefold() or wanted in map(str.casefold, names):
            return asset
    return None


def words_of(topic: str) -> str:
    """What to search for: an asset's usual name, else the topic itself."""
    asset = asset_of(topic)
    return topic if asset is None else NAMES[asset][0]


@lru_cache(maxsize=256)
def about(topic: str) -> re.Pattern[str]:
    """Matches a text that is about the topic: its words, as whole words, or a name of the asset."""
    asset = asset_of(topic)
    # A code such as NEAR or LINK is also a word: in capitals only.
    codes = [] if asset is None else [rf"(?<!\w){asset}(?!\w)"]
    words = [topic] if asset is None else NAMES[asset]
    return re.compile("|".join([*codes, *(rf"(?i:(?<!\w){re.escape(word)}(?!\w))" for word in words)]))
