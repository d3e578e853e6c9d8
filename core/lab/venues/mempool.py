"""mempool.space, as documented at mempool.space/docs/api/rest."""

from core.lab import around
from core.lab.venue import Call, PlainVenue, Reply, route


class Mempool(PlainVenue):
    """Bitcoin's blocks, fees and waiting transactions."""

    id = "mempool"
    hosts = ("mempool.space",)
    server = "nginx"

    @route("/api/v1/fees/recommended", "onchain")
    def fees(self, call: Call) -> Reply:
        """Satoshi per virtual byte."""
        fast, half, hour = around.fees(call.now)
        return Reply(
            {"fastestFee": fast, "halfHourFee": half, "hourFee": hour, "economyFee": 2, "minimumFee": 1}
        )

    @route("/api/mempool", "onchain")
    def mempool(self, call: Call) -> Reply:
        """What waits."""
        count = around.waiting(call.now)
        body = {
            "count": count,
            "vsize": count * 250,
            "total_fee": count * 900,
            "fee_histogram": [[3.0, 50_000]],
        }
        return Reply(body)

    @route("/api/v1/blocks", "onchain")
    def blocks(self, call: Call) -> Reply:
        """The 15 newest blocks, newest first."""
        newest = around.block("btc", call.now)
        rows = []
        for back in range(15):
            row = {
                "id": f"{newest.height - back:064x}",
                "height": newest.height - back,
                "version": 536870912,
                "timestamp": newest.time - 600 * back,
                "tx_count": 3000 + back,
                "size": 1_600_000,
                "weight": 3_993_000,
                "difficulty": around.difficulty(newest.time),
            }
            rows.append(row)
        return Reply(rows, tables=[rows])

    @route("/api/v1/mining/hashrate/(?P<span>[^/]+)", "onchain")
    def hashrate(self, call: Call) -> Reply:
        """Of days, and now."""
        if call.params["span"] not in {"3d", "1w", "1m", "3m", "6m", "1y", "2y", "3y"}:
            return self.failure(404)
        day = int(call.now // 86400 * 86400)
        hashrates = [
            {"timestamp": day - 86400 * back, "avgHashrate": around.hashrate(call.now)} for back in (2, 1)
        ]
        body = {
            "hashrates": hashrates,
            "difficulty": [],
            "currentHashrate": around.hashrate(call.now),
            "currentDifficulty": around.difficulty(call.now),
        }
        return Reply(body)
