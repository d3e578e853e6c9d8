"""Who counts what happens on chains: Glassnode, Whale Alert, DefiLlama."""

from collections.abc import Callable

from core.lab import around
from core.lab.venue import Call, PlainVenue, Refusal, Reply, route

_DAY = 86400


class Glassnode(PlainVenue):
    """docs.glassnode.com: ``[{t, v}]``, oldest first, a row for every whole day since ``s``."""

    id = "glassnode"
    hosts = ("api.glassnode.com",)

    @route("/v1/metrics/(?P<metric>[a-z_]+/[a-z_]+)", "onchain", "ping")
    def series(self, call: Call) -> Reply:
        """One metric of one asset."""
        asset, since = call.params.get("a", ""), call.params.get("s", "0")
        count = {"BTC": "btc", "ETH": "eth"}.get(asset, "btc")
        known: dict[str, Callable[[float], float]] = {
            "mining/hash_rate_mean": around.hashrate,
            "mining/difficulty_latest": around.difficulty,
            "transactions/count": lambda now: around.daily(count, now),
            "supply/current": lambda _: around.SUPPLY[asset],
        }
        if call.params["metric"] not in known or asset not in {"BTC", "ETH"}:
            raise Refusal(Reply({"error": "metric not available"}, 400))
        value = known[call.params["metric"]]
        last = int(call.now // _DAY) * _DAY - _DAY
        first = max(int(since) // _DAY * _DAY, last - 400 * _DAY)
        rows = [
            {"t": day, "v": value(call.now if day == last else day)} for day in range(first, last + 1, _DAY)
        ]
        return Reply(rows, tables=[rows], prices=("v",))


class WhaleAlert(PlainVenue):
    """developer.whale-alert.io: transfers since ``start``."""

    id = "whale_alert"
    hosts = ("api.whale-alert.io",)

    @route("/v1/status", "ping")
    def status(self, call: Call) -> Reply:
        """Which chains are watched."""
        del call
        return Reply({"result": "success", "blockchain_count": 11, "blockchains": []})

    @route("/v1/transactions", "onchain")
    def transactions(self, call: Call) -> Reply:
        """One every five minutes here."""
        start = call.params.get("start", "")
        if not start.isdecimal():
            raise Refusal(Reply({"result": "error", "message": "invalid start value"}, 400))
        rows = [
            {
                "blockchain": "bitcoin",
                "symbol": "btc",
                "id": str(moment),
                "transaction_type": "transfer",
                "timestamp": moment,
                "amount": 50.0 + moment % 7,
                "amount_usd": round((50.0 + moment % 7) * around.dollars(call.market, "BTC", moment), 2),
            }
            for moment in range(-(-int(start) // 300) * 300, int(call.now), 300)
        ]
        body = {
            "result": "success",
            "cursor": "2bc7e46-2bc7e46-5c66c0a7",
            "count": len(rows),
            "transactions": rows,
        }
        return Reply(body, tables=[rows], prices=("amount_usd",))


class DefiLlamaTVL(PlainVenue):
    """api-docs.defillama.com: what is locked."""

    id = "defillama_tvl"
    hosts = ("api.llama.fi",)

    @route("/v2/chains", "ping")
    def chains(self, call: Call) -> Reply:
        """Now, chain by chain."""
        locked = around.locked(call.now)
        shares = {"Ethereum": 0.6, "Solana": 0.1, "BSC": 0.06, "Tron": 0.05}
        return Reply(
            [{"name": name, "tvl": locked * share, "chainId": None} for name, share in shares.items()]
        )

    @route("/v2/historicalChainTvl", "onchain")
    def history(self, call: Call) -> Reply:
        """One row a day, oldest first; the newest is of today so far."""
        today = int(call.now // _DAY) * _DAY
        rows = [
            {"date": day, "tvl": around.locked(call.now if day == today else day)}
            for day in range(today - 400 * _DAY, today + 1, _DAY)
        ]
        return Reply(rows, tables=[rows], prices=("tvl",))
