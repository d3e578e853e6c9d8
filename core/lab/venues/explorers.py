"""Explorers of several chains: Blockstream, Litecoin Space, BlockCypher, Blockchair, Etherscan, Covalent, Moralis."""

import re
from datetime import UTC, datetime
from typing import Any

from core.lab import around
from core.lab.venue import Call, PlainVenue, Refusal, Reply, Route, route


def _blocks(chain: str, call: Call) -> Reply:
    """Ten blocks, newest first, as Esplora and its heirs tell them."""
    newest, spacing = around.block(chain, call.now), around.CHAINS[chain][1]
    rows = [
        {
            "id": f"{newest.height - back:064x}",
            "height": newest.height - back,
            "version": 536870912,
            "timestamp": int(newest.time - spacing * back),
            "tx_count": 3000 + back,
            "size": 1_600_000,
            "weight": 3_993_000,
            "difficulty": around.difficulty(call.now),
        }
        for back in range(10)
    ]
    return Reply(rows, tables=[rows])


class Blockstream(PlainVenue):
    """github.com/Blockstream/esplora/blob/master/API.md."""

    id = "blockstream"
    hosts = ("blockstream.info",)

    @route("/api/fee-estimates", "onchain", "ping")
    def fees(self, call: Call) -> Reply:
        """Target in blocks → satoshi per virtual byte, with decimals."""
        fast, half, hour = around.fees(call.now)
        return Reply({"1": fast * 1.0, "2": fast * 1.0, "3": half * 1.0, "6": hour * 1.0, "144": 1.0})

    @route("/api/blocks", "onchain")
    def blocks(self, call: Call) -> Reply:
        """The ten newest."""
        return _blocks("btc", call)

    @route("/api/mempool", "onchain")
    def mempool(self, call: Call) -> Reply:
        """What waits."""
        count = around.waiting(call.now)
        return Reply(
            {"count": count, "vsize": count * 250, "total_fee": count * 900, "fee_histogram": [[3.0, 9]]}
        )


class LitecoinSpace(PlainVenue):
    """litecoinspace.org/docs/api/rest."""

    id = "litecoinspace"
    hosts = ("litecoinspace.org",)
    server = "nginx"

    @route("/api/v1/fees/recommended", "ping")
    def fees(self, call: Call) -> Reply:
        """Litoshi per virtual byte."""
        del call
        return Reply({"fastestFee": 2, "halfHourFee": 2, "hourFee": 1, "economyFee": 1, "minimumFee": 1})

    @route("/api/v1/blocks", "onchain")
    def blocks(self, call: Call) -> Reply:
        """The ten newest."""
        return _blocks("ltc", call)


class BlockCypher(PlainVenue):
    """blockcypher.com/dev: one document for every chain."""

    id = "blockcypher"
    hosts = ("api.blockcypher.com",)

    @route("/v1/(?P<coin>btc|ltc|doge|eth)/main", "onchain", "ping")
    def chain(self, call: Call) -> Reply:
        """Times have nanoseconds; fees are per kilobyte, gas prices in wei."""
        coin = call.params["coin"]
        newest = around.block(coin, call.now)
        told: dict[str, Any] = {
            "name": f"{coin.upper()}.main",
            "height": newest.height,
            "hash": f"{newest.height:064x}",
            "time": f"{datetime.fromtimestamp(newest.time, UTC):%Y-%m-%dT%H:%M:%S}.260165627Z",
            "latest_url": f"https://api.blockcypher.com/v1/{coin}/main/blocks/{newest.height:064x}",
            "peer_count": 239,
            "unconfirmed_count": around.waiting(call.now),
        }
        if coin == "eth":
            price = around.gas("eth", call.now)
            told |= {"high_gas_price": price * 2, "medium_gas_price": price, "low_gas_price": price // 2}
        else:
            high, medium, low = (fee * 1000 for fee in around.fees(call.now))
            told |= {"high_fee_per_kb": high, "medium_fee_per_kb": medium, "low_fee_per_kb": low}
        return Reply(told)


class Blockchair(PlainVenue):
    """blockchair.com/api/docs: ``data``, and a ``context`` that repeats the status."""

    id = "blockchair"
    hosts = ("api.blockchair.com",)

    @route("/(?P<chain>bitcoin|litecoin|dogecoin)/stats", "onchain", "ping")
    def stats(self, call: Call) -> Reply:
        """Of a chain like Bitcoin; times have no zone."""
        coin = {"bitcoin": "btc", "litecoin": "ltc", "dogecoin": "doge"}[call.params["chain"]]
        newest = around.block(coin, call.now)
        told = {
            "blocks": newest.height + 1,
            "circulation": int(around.SUPPLY["BTC"] * 1e8),
            "transactions_24h": around.daily("btc", call.now),
            "difficulty": around.difficulty(call.now),
            "mempool_transactions": around.waiting(call.now),
            "best_block_height": newest.height,
            "best_block_hash": f"{newest.height:064x}",
            "best_block_time": f"{datetime.fromtimestamp(newest.time, UTC):%Y-%m-%d %H:%M:%S}",
            "hashrate_24h": f"{around.hashrate(call.now):.0f}",
            "suggested_transaction_fee_per_byte_sat": around.fees(call.now)[0],
            "market_price_usd": around.dollars(call.market, coin.upper(), call.now),
        }
        return self._told(told)

    @route("/ethereum/stats", "onchain")
    def ethereum(self, call: Call) -> Reply:
        """Wei, as text where it is long."""
        newest = around.block("eth", call.now)
        told = {
            "blocks": newest.height + 1,
            "transactions_24h": around.daily("eth", call.now),
            "circulation_approximate": f"{int(around.SUPPLY['ETH'])}{'0' * 18}",
            "mempool_median_gas_price": around.gas("eth", call.now),
            "best_block_height": newest.height,
            "best_block_time": f"{datetime.fromtimestamp(newest.time, UTC):%Y-%m-%d %H:%M:%S}",
        }
        return self._told(told)

    def failure(self, status: int) -> Reply:
        """Its own envelope."""
        return Reply({"data": None, "context": {"code": status, "error": "Something went wrong"}}, status)

    def _told(self, told: dict[str, Any]) -> Reply:
        context = {
            "code": 200,
            "source": "A",
            "state": told["best_block_height"],
            "api": {"version": "2.0.95"},
        }
        return Reply({"data": told, "context": context})


class Etherscan(PlainVenue):
    """docs.etherscan.io, version 2: everything is answered with 200, refusals too."""

    id = "etherscan"
    hosts = ("api.etherscan.io",)
    content_type = "application/json; charset=utf-8"

    def gas(self, call: Call) -> Reply:
        """Gwei, as text."""
        self._chain(call)
        price = around.gas("eth", call.now) / 1e9
        told = {
            "LastBlock": str(around.block("eth", call.now).height),
            "SafeGasPrice": f"{price * 0.9:.9f}",
            "ProposeGasPrice": f"{price:.9f}",
            "FastGasPrice": f"{price * 1.2:.9f}",
            "suggestBaseFee": f"{price * 0.8:.9f}",
            "gasUsedRatio": "0.5,0.4,0.6,0.5,0.5",
        }
        return self._ok(told)

    def supply(self, call: Call) -> Reply:
        """Wei, as text."""
        self._chain(call)
        return self._ok(f"{int(around.SUPPLY['ETH'])}{'0' * 18}")

    def height(self, call: Call) -> Reply:
        """As the node says it."""
        return Reply(
            {"jsonrpc": "2.0", "id": 83, "result": hex(around.block(self._chain(call), call.now).height)}
        )

    def other(self, call: Call) -> Reply:
        """What it does not know."""
        del call
        raise self._no("Error! Missing Or invalid Module name")

    def deprecated(self, call: Call) -> Reply:
        """Version 1."""
        del call
        text = "You are using a deprecated V1 endpoint, switch to Etherscan API V2 using https://docs.etherscan.io/v2-migration"
        raise self._no(text)

    routes = (
        *(
            Route(re.compile("/v2/api"), capabilities, 1, answer, "GET", {"module": module, "action": action})
            for module, action, capabilities, answer in (
                ("gastracker", "gasoracle", ("onchain",), gas),
                ("stats", "ethsupply", ("onchain",), supply),
                ("proxy", "eth_blockNumber", ("onchain", "ping"), height),
            )
        ),
        Route(re.compile("/v2/api"), (), 1, other),
        Route(re.compile("/api"), (), 1, deprecated),
    )

    def _chain(self, call: Call) -> str:
        known = {"1": "eth", "56": "bnb", "42161": "arb", "8453": "base", "10": "op"}
        if (chain := known.get(call.params.get("chainid", ""))) is None:
            raise self._no("Missing or unsupported chainid parameter (required for v2 api)")
        return chain

    def _ok(self, result: Any) -> Reply:
        return Reply({"status": "1", "message": "OK", "result": result})

    def _no(self, why: str) -> Refusal:
        return Refusal(Reply({"status": "0", "message": "NOTOK", "result": why}))


_NETWORKS = {"eth-mainnet": "eth", "bsc-mainnet": "bnb", "avalanche-mainnet": "avax", "base-mainnet": "base"}


class Covalent(PlainVenue):
    """goldrush.dev/docs: an envelope with ``data.items``."""

    id = "covalent"
    hosts = ("api.covalenthq.com",)

    @route("/v1/(?P<chain>[^/]+)/block_v2/latest/", "onchain", "ping")
    def latest(self, call: Call) -> Reply:
        """The newest block."""
        chain = _NETWORKS.get(call.params["chain"])
        if chain is None:
            body = {"data": None, "error": True, "error_message": "no such chain", "error_code": 400}
            raise Refusal(Reply(body, 400))
        newest = around.block(chain, call.now)
        signed = f"{datetime.fromtimestamp(newest.time, UTC):%Y-%m-%dT%H:%M:%SZ}"
        items = [{"block_hash": f"0x{newest.height:064x}", "signed_at": signed, "height": newest.height}]
        data = {"updated_at": signed, "chain_name": call.params["chain"], "items": items, "pagination": None}
        return Reply(
            {"data": data, "error": False, "error_message": None, "error_code": None}, tables=[items]
        )


class Moralis(PlainVenue):
    """docs.moralis.com: the block nearest to a date."""

    id = "moralis"
    hosts = ("deep-index.moralis.io",)
    content_type = "application/json; charset=utf-8"

    @route("/api/v2.2/dateToBlock", "onchain", "ping")
    def nearest(self, call: Call) -> Reply:
        """``date`` as text."""
        names = {
            "eth": "eth",
            "bsc": "bnb",
            "avalanche": "avax",
            "arbitrum": "arb",
            "optimism": "op",
            "base": "base",
        }
        try:
            moment = datetime.fromisoformat(call.params["date"])
            chain = names[call.params.get("chain", "eth")]
        except (KeyError, ValueError):
            raise Refusal(Reply({"message": "chain or date must be valid"}, 400)) from None
        nearest = around.block(chain, min(call.now, moment.timestamp()))
        body = {
            "date": moment.isoformat(),
            "block": nearest.height,
            "timestamp": nearest.time,
            "block_timestamp": f"{datetime.fromtimestamp(nearest.time, UTC):%Y-%m-%dT%H:%M:%S.000Z}",
            "hash": f"0x{nearest.height:064x}",
            "parent_hash": f"0x{nearest.height - 1:064x}",
        }
        return Reply(body, tables=[[body]])
