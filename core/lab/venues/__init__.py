"""The venues that the lab can play: one file each."""

from core.lab.venue import Venue
from core.lab.venues.binance import Binance
from core.lab.venues.coinbase import Coinbase
from core.lab.venues.kraken import Kraken

VENUES: tuple[Venue, ...] = (Binance(), Kraken(), Coinbase())
