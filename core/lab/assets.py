"""What is traded in the simulated market: invented prices at plausible levels."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asset:
    """A currency of the simulated market.

    ``level`` is its middle price in US dollars, ``sigma`` the spread of a minute's move (as a fraction),
    ``decimals`` the digits of its price in dollars, ``turnover`` dollars a day, all venues together.
    ``market`` says whether it moves with the market as a whole on top of its own moves; ``finest`` and
    ``coarsest`` are the lattices of its curve.
    """

    level: float
    sigma: float
    decimals: int = 2
    turnover: float = 0.0
    market: bool = False
    finest: int = 0
    coarsest: int = 10


MARKET_SIGMA = 5e-4
"""What all coins share. BTC moves with nothing else."""

BASES: dict[str, Asset] = {
    "BTC": Asset(64_000.0, 0.0, 2, 2.0e10, market=True),
    "ETH": Asset(3_100.0, 3e-4, 2, 1.0e10, market=True),
    "SOL": Asset(145.0, 5e-4, 2, 3.0e9, market=True),
    "XRP": Asset(0.62, 4e-4, 4, 2.0e9, market=True),
    "ADA": Asset(0.47, 4e-4, 4, 5.0e8, market=True),
    "DOGE": Asset(0.14, 5e-4, 5, 1.0e9, market=True),
    "LTC": Asset(84.0, 3e-4, 2, 4.0e8, market=True),
    "DOT": Asset(6.4, 4e-4, 3, 2.0e8, market=True),
    "LINK": Asset(15.5, 4e-4, 3, 4.0e8, market=True),
    "AVAX": Asset(31.0, 5e-4, 2, 3.0e8, market=True),
    "BNB": Asset(580.0, 2e-4, 2, 1.2e9, market=True),
    "TRX": Asset(0.16, 2e-4, 5, 2.0e8, market=True),
}

QUOTES: dict[str, Asset] = {
    "USD": Asset(1.0, 0.0),
    "USDT": Asset(1.0, 5e-6, finest=2, coarsest=8),
    "USDC": Asset(1.0, 1e-6, finest=2, coarsest=8),
    "EUR": Asset(1.09, 6e-5),
    "BTC": BASES["BTC"],
    "ETH": BASES["ETH"],
}
"""The dollar is the measure. USDT stands a few moving basis points beside it: USD is not USDT."""

SHARE: dict[str, float] = {"USD": 0.35, "USDT": 0.45, "USDC": 0.08, "EUR": 0.07, "BTC": 0.03, "ETH": 0.01}
"""How much of a coin's turnover is against this currency."""

CROSS: dict[str, dict[str, int]] = {
    "BTC": {"ETH": 5, "BNB": 6, "LTC": 6, "SOL": 7, "LINK": 8, "XRP": 8, "ADA": 8},
    "ETH": {"BNB": 4, "SOL": 5, "LINK": 6, "XRP": 7, "ADA": 7},
}
"""Coins that are also traded against another coin, and the digits of that price."""
