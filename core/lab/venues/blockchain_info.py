"""Blockchain.com's charts and statistics, as documented at blockchain.com/explorer/api/charts_api."""

from core.lab import around
from core.lab.venue import Call, PlainVenue, Reply, route


class BlockchainInfo(PlainVenue):
    """Bitcoin's figures in one answer. Coins are in satoshi, the hash rate in gigahashes a second."""

    id = "blockchain_info"
    hosts = ("api.blockchain.info",)

    @route("/stats", "onchain")
    def stats(self, call: Call) -> Reply:
        """Of the last day."""
        newest = around.block("btc", call.now)
        body = {
            "market_price_usd": around.dollars(call.market, "BTC", call.now),
            "hash_rate": around.hashrate(call.now) / 1e9,
            "total_fees_btc": 412_000_000,
            "n_btc_mined": 45_000_000_000,
            "n_tx": around.daily("btc", call.now),
            "n_blocks_mined": 144,
            "minutes_between_blocks": 10.0,
            "totalbc": int(around.SUPPLY["BTC"] * 1e8),
            "n_blocks_total": newest.height,
            "difficulty": around.difficulty(call.now),
            "timestamp": int(call.now * 1000),
        }
        return Reply(body, tables=[[body]], prices=("market_price_usd",))
