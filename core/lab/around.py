"""What there is around the simulated market: supplies, chains, moods, headlines. Pure functions of time."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from html import escape

from core.lab.market import DAY_MINUTES, Market, listings

SUPPLY: dict[str, float] = {
    "BTC": 19_950_000.0,
    "ETH": 120_700_000.0,
    "SOL": 550_000_000.0,
    "XRP": 60_000_000_000.0,
    "ADA": 36_000_000_000.0,
    "DOGE": 151_000_000_000.0,
    "LTC": 76_000_000.0,
    "DOT": 1_600_000_000.0,
    "LINK": 690_000_000.0,
    "AVAX": 430_000_000.0,
    "BNB": 138_000_000.0,
    "TRX": 94_700_000_000.0,
}
"""Coins in existence; they do not change here."""

MAX_SUPPLY = {"BTC": 21_000_000.0, "LTC": 84_000_000.0, "XRP": 100_000_000_000.0, "ADA": 45_000_000_000.0}

NAMES = {
    "BTC": "Bitcoin",
    "ETH": "Ethereum",
    "SOL": "Solana",
    "XRP": "XRP",
    "ADA": "Cardano",
    "DOGE": "Dogecoin",
    "LTC": "Litecoin",
    "DOT": "Polkadot",
    "LINK": "Chainlink",
    "AVAX": "Avalanche",
    "BNB": "BNB",
    "TRX": "TRON",
}

SMALL = 1.2
"""The market as a whole is so many times what is listed here."""

_DOLLARS = {listing.base: listing for listing in listings("lab", 1.0, ("USD",))}


def dollars(market: Market, base: str, now: float) -> float:
    """The price of a coin, all venues together."""
    return market.last(_DOLLARS[base], now)


def capitalisation(market: Market, base: str, now: float) -> float:
    """Of one coin, in dollars."""
    return dollars(market, base, now) * SUPPLY[base]


def total(market: Market, now: float) -> float:
    """Capitalisation of the whole market, in dollars."""
    return SMALL * sum(capitalisation(market, base, now) for base in SUPPLY)


def turnover(market: Market, now: float) -> float:
    """Dollars traded in 24 hours."""
    return sum(float(market.rolling(listing, DAY_MINUTES, now).turnover[0]) for listing in _DOLLARS.values())


def ranked(market: Market, now: float) -> list[str]:
    """Coins by capitalisation, the largest first."""
    return sorted(SUPPLY, key=lambda base: -capitalisation(market, base, now))


def change_24h(market: Market, base: str, now: float) -> float:
    """In per cent."""
    day = market.rolling(_DOLLARS[base], DAY_MINUTES, now)
    return (float(day.close[0]) / float(day.open[0]) - 1.0) * 100.0


_SINCE = 1_764_547_200
"""2025-12-01 00:00 UTC; before it the chains go backwards at the same pace."""

CHAINS: dict[str, tuple[int, float]] = {
    "btc": (925_900, 600.0),
    "eth": (23_915_000, 12.0),
    "bnb": (70_300_000, 0.75),
    "avax": (72_900_000, 2.0),
    "arb": (405_000_000, 0.25),
    "op": (144_300_000, 2.0),
    "base": (38_700_000, 2.0),
    "trx": (77_900_000, 3.0),
    "sol": (361_400_000, 0.4),
    "ltc": (3_010_000, 150.0),
    "doge": (5_990_000, 60.0),
    "xrp": (100_600_000, 3.9),
    "xlm": (60_100_000, 5.7),
    "ada": (12_690_000, 20.0),
}
"""Chain → its height then, and the seconds between two blocks."""


@dataclass(frozen=True, slots=True)
class Block:
    """The newest block: its height, and its time in UTC seconds."""

    height: int
    time: int


def block(chain: str, now: float) -> Block:
    """The newest block of a chain."""
    height, spacing = CHAINS[chain]
    passed = math.floor((now - _SINCE) / spacing)
    return Block(height + passed, int(_SINCE + passed * spacing))


def fees(now: float) -> tuple[int, int, int]:
    """Bitcoin: satoshi per virtual byte for the next block, half an hour, an hour."""
    busy = 1.0 + math.sin(now // 600 / 40.0) ** 2 * 12.0
    return round(busy + 3), round(busy + 1), round(busy)


def gas(chain: str, now: float) -> int:
    """Wei for a unit of gas."""
    level = {"eth": 2.4e9, "bnb": 1e8, "avax": 2e9, "arb": 1.1e7, "op": 1.2e6, "base": 6e6}[chain]
    return round(level * (1.0 + 0.4 * math.sin(now // 12 / 900.0)))


def hashrate(now: float) -> float:
    """Bitcoin: hashes a second."""
    return (1.05 + 0.04 * math.sin(now // 86400 / 9.0)) * 1e21


def difficulty(now: float) -> float:
    """Bitcoin: so that the hash rate finds a block every ten minutes."""
    return hashrate(now // 1_209_600 * 1_209_600) * 600.0 / 2**32


def waiting(now: float) -> int:
    """Bitcoin: transactions in the mempool."""
    return int(40_000 + 25_000 * math.sin(now // 60 / 300.0))


def daily(name: str, now: float) -> int:
    """Transactions of the last whole day on a chain."""
    return int({"btc": 430_000, "eth": 1_600_000}[name] * (1.0 + 0.1 * math.sin(now // 86400 / 3.0)))


LOCKED = 121.4e9


def locked(now: float) -> float:
    """Dollars in all protocols together."""
    return LOCKED * (1.0 + 0.03 * math.sin(now // 3600 / 50.0))


def mood(day: int) -> int:
    """Fear and greed of a day (days since 1970), from 0 to 100."""
    return round(50 + 34 * math.sin(day / 6.0) + 11 * math.sin(day / 1.7))


def mood_word(index: int) -> str:
    """In the words that are usual."""
    steps = ((25, "Extreme Fear"), (45, "Fear"), (56, "Neutral"), (76, "Greed"), (101, "Extreme Greed"))
    return next(word for limit, word in steps if index < limit)


def people(base: str, share: float) -> int:
    """Somebody's readers of a coin."""
    return int(share * 6_000_000 / (1 + list(SUPPLY).index(base)) ** 1.3)


@dataclass(frozen=True, slots=True)
class Story:
    """A headline and a sentence in HTML, as newsrooms write them."""

    number: int
    title: str
    text: str
    asset: str
    time: int


_EVERY = 2_220
"""Seconds between two headlines."""

_TITLES = (
    "{name} holds its range as traders wait for inflation data",
    "{name} funds see inflows & outflows cancel out",
    "Why {name} fees fell this week",
    "{name} <b>breaks out</b>: three charts to watch",
    "Developers of {name} ship a long awaited upgrade",
    "Exchange lists new {name} pairs; volumes <script>alert(1)</script>double",
    "{name} slides as leveraged longs are flushed out",
    "Analyst: *{name}* to the [moon](javascript:alert(1)) — or not",
    "{name} \u202eetarhsah\u202c recovers after maintenance",
)


def stories(now: float, most: int) -> Iterator[Story]:
    """The newest headlines, newest first. Some carry what a page must not run."""
    newest = int(now // _EVERY)
    yield from (_story(number) for number in range(newest, newest - most, -1))


@lru_cache(maxsize=1024)
def _story(number: int) -> Story:
    asset = list(SUPPLY)[number * 7 % len(SUPPLY)]
    title = _TITLES[number % len(_TITLES)].format(name=NAMES[asset])
    text = f"<p>The <em>simulated</em> market of {NAMES[asset]} ({asset}) had its day.&nbsp;Nothing here is real.</p>"
    return Story(number, title, text, asset, number * _EVERY)


def rss(title: str, link: str, told: Iterator[Story]) -> str:
    """The stories as RSS 2.0."""
    items = "".join(
        f"<item><title>{escape(story.title)}</title><link>{link}/story/{story.number}</link>"
        f'<guid isPermaLink="false">{story.number}</guid><pubDate>{_mail_date(story.time)}</pubDate>'
        f"<description><![CDATA[{story.text}]]></description><category>{NAMES[story.asset]}</category></item>"
        for story in told
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>'
        f"<title>{escape(title)}</title><link>{link}/</link><description>Simulated</description>{items}"
        "</channel></rss>\n"
    )


def _mail_date(seconds: float) -> str:
    return formatdate(seconds, usegmt=True).replace("GMT", "+0000")
