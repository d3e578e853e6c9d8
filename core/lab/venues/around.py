"""Venues that tell what is around a price: moods, news, chains."""

from core.lab.venue import Venue
from core.lab.venues.alternative_me import AlternativeMe
from core.lab.venues.blockchain_info import BlockchainInfo
from core.lab.venues.mempool import Mempool
from core.lab.venues.rss import CoinDesk

AROUND: tuple[Venue, ...] = (
    AlternativeMe(),
    Mempool(),
    BlockchainInfo(),
    CoinDesk(),
)
