"""What every node of an Ethereum-like chain answers.

JSON-RPC, as documented at ethereum.org/developers/docs/apis/json-rpc.
"""

import re
from typing import Any, ClassVar

from core.lab import around
from core.lab.venue import Call, PlainVenue, Reply, Route


class Node(PlainVenue):
    """A node of one chain. Numbers are hexadecimal text; a refusal is an ``error`` with a code, status 200."""

    chain: ClassVar[str]
    number: ClassVar[int]
    """Of the chain: 1 is Ethereum."""

    def at(self, call: Call) -> str:
        """The chain that a call is about."""
        del call
        return self.chain

    def block(self, call: Call) -> Reply:
        """The newest block without its transactions."""
        newest = around.block(self.at(call), call.now)
        price = around.gas(self.at(call), call.now)
        result = {
            "number": hex(newest.height),
            "hash": f"0x{newest.height:064x}",
            "timestamp": hex(newest.time),
            "baseFeePerGas": hex(price),
            "gasUsed": "0xe4e1c0",
            "transactions": [f"0x{newest.height * 7:064x}"],
        }
        return self._said(call, result)

    def gas(self, call: Call) -> Reply:
        """Wei."""
        return self._said(call, hex(around.gas(self.at(call), call.now)))

    def height(self, call: Call) -> Reply:
        """The newest block's number alone."""
        return self._said(call, hex(around.block(self.at(call), call.now).height))

    def chain_id(self, call: Call) -> Reply:
        """Which chain it is."""
        return self._said(call, hex(self.number))

    def _said(self, call: Call, result: Any) -> Reply:
        asked = call.json if isinstance(call.json, dict) else {}
        return Reply({"jsonrpc": "2.0", "id": asked.get("id"), "result": result})


_METHODS = {
    "eth_getBlockByNumber": Node.block,
    "eth_gasPrice": Node.gas,
    "eth_blockNumber": Node.height,
    "eth_chainId": Node.chain_id,
}


def methods(path: str) -> tuple[Route, ...]:
    """The routes of a node that takes its calls at this path."""
    pattern = re.compile(path)
    return tuple(
        Route(
            pattern, ("ping",) if name == "eth_chainId" else ("onchain",), 1, answer, "POST", {"method": name}
        )
        for name, answer in _METHODS.items()
    )
