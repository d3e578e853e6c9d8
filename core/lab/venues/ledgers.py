"""Public servers of chains with a language of their own: Solana, XRP Ledger, Stellar, Cardano, TRON."""

from datetime import UTC, datetime
from typing import Any

from core.lab import around
from core.lab.venue import Call, PlainVenue, Reply, route


class Solana(PlainVenue):
    """solana.com/docs/rpc: JSON-RPC. Some slots are skipped, so there are fewer blocks than slots."""

    id = "solana"
    hosts = ("api.mainnet-beta.solana.com",)

    @route("/", "ping", method="POST", says={"method": "getHealth"})
    def health(self, call: Call) -> Reply:
        """A word."""
        return _rpc(call, "ok")

    @route("/", "onchain", method="POST", says={"method": "getEpochInfo"})
    def epoch(self, call: Call) -> Reply:
        """Where the cluster is."""
        height = around.block("sol", call.now).height
        slot = height + 22_000_000
        body = {
            "absoluteSlot": slot,
            "blockHeight": height,
            "epoch": slot // 432_000,
            "slotIndex": slot % 432_000,
            "slotsInEpoch": 432_000,
            "transactionCount": height * 1000,
        }
        return _rpc(call, body)


class XRPL(PlainVenue):
    """xrpl.org: JSON-RPC with params in a list; everything is in ``result``, errors too."""

    id = "xrpl"
    hosts = ("xrplcluster.com", "honeycluster.io")

    @route("/", "ping", method="POST", says={"method": "ping"})
    def ping(self, call: Call) -> Reply:
        """That it is there."""
        del call
        return Reply({"result": {"status": "success"}})

    @route("/", "onchain", method="POST", says={"method": "server_info"})
    def server_info(self, call: Call) -> Reply:
        """The server and the ledger it has validated last."""
        newest = around.block("xrp", call.now)
        ledger = {"age": int(call.now - newest.time), "base_fee_xrp": 1e-05, "seq": newest.height}
        info = {
            "build_version": "2.6.1",
            "complete_ledgers": f"32570-{newest.height}",
            "validated_ledger": ledger,
        }
        return Reply({"result": {"info": info, "status": "success"}})


class Stellar(PlainVenue):
    """developers.stellar.org: Horizon's root says where it is."""

    id = "stellar"
    hosts = ("horizon.stellar.org", "horizon.stellar.lobstr.co")

    @route("/", "onchain", "ping")
    def root(self, call: Call) -> Reply:
        """The newest ledger, of the core and of the history."""
        newest = around.block("xlm", call.now)
        body = {
            "horizon_version": "25.1.0",
            "ingest_latest_ledger": newest.height,
            "history_latest_ledger": newest.height,
            "history_latest_ledger_closed_at": f"{datetime.fromtimestamp(newest.time, UTC):%Y-%m-%dT%H:%M:%SZ}",
            "history_elder_ledger": 2,
            "core_latest_ledger": newest.height + 1,
            "network_passphrase": "Public Global Stellar Network ; September 2015",
        }
        return Reply(body)


class Koios(PlainVenue):
    """api.koios.rest: Cardano; a list of one."""

    id = "koios"
    hosts = ("api.koios.rest",)
    content_type = "application/json; charset=utf-8"

    @route("/api/v1/tip", "onchain", "ping")
    def tip(self, call: Call) -> Reply:
        """The newest block."""
        newest = around.block("ada", call.now)
        row: dict[str, Any] = {
            "hash": f"{newest.height:064x}",
            "epoch_no": 600,
            "abs_slot": newest.time - 1_591_566_291,
            "epoch_slot": 12_345,
            "block_no": newest.height,
            "block_time": newest.time,
        }
        return Reply([row], tables=[[row]])


class TronGrid(PlainVenue):
    """developers.tron.network: the whole block, its header in raw data."""

    id = "trongrid"
    hosts = ("api.trongrid.io",)

    @route("/wallet/getnowblock", "onchain", "ping")
    def now_block(self, call: Call) -> Reply:
        """The newest block; times in ms."""
        newest = around.block("trx", call.now)
        raw = {
            "number": newest.height,
            "timestamp": newest.time * 1000,
            "version": 32,
            "txTrieRoot": "00" * 32,
        }
        header = {"raw_data": raw, "witness_signature": "00" * 65}
        return Reply({"blockID": f"{newest.height:064x}", "block_header": header, "transactions": []})


class Tronscan(PlainVenue):
    """docs.tronscan.org: rows of blocks."""

    id = "tronscan"
    hosts = ("apilist.tronscanapi.com",)

    @route("/api/block", "onchain", "ping")
    def blocks(self, call: Call) -> Reply:
        """``limit`` blocks, newest first; times in ms."""
        newest = around.block("trx", call.now)
        limit = call.params.get("limit", "20")
        rows = [
            {
                "hash": f"{newest.height - back:064x}",
                "number": newest.height - back,
                "timestamp": (newest.time - 3 * back) * 1000,
                "nrOfTrx": 300,
                "confirmed": back > 20,
            }
            for back in range(int(limit) if limit.isdecimal() else 20)
        ]
        return Reply({"total": 10_000, "rangeTotal": newest.height, "data": rows}, tables=[rows])


def _rpc(call: Call, result: Any) -> Reply:
    asked = call.json if isinstance(call.json, dict) else {}
    return Reply({"jsonrpc": "2.0", "result": result, "id": asked.get("id")})
