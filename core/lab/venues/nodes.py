"""Public nodes of Ethereum-like chains, each as its operator documents it; all speak JSON-RPC."""

from core.lab.evm import Node, methods
from core.lab.venue import Call


class PublicNode(Node):
    """publicnode.com (Allnodes): Ethereum."""

    id, chain, number = "publicnode", "eth", 1
    hosts = ("ethereum-rpc.publicnode.com",)
    routes = methods("/")


class BNBChain(Node):
    """docs.bnbchain.org: the data seeds of BNB Smart Chain."""

    id, chain, number = "bnb_chain", "bnb", 56
    hosts = ("bsc-dataseed.bnbchain.org", "bsc-dataseed-public.bnbchain.org", "bsc-dataseed.nariox.org")
    routes = methods("/")


class BaseChain(Node):
    """docs.base.org."""

    id, chain, number = "base_chain", "base", 8453
    hosts = ("mainnet.base.org",)
    routes = methods("/")


class Optimism(Node):
    """docs.optimism.io."""

    id, chain, number = "optimism", "op", 10
    hosts = ("mainnet.optimism.io",)
    routes = methods("/")


class Arbitrum(Node):
    """docs.arbitrum.io: its node stands at /rpc."""

    id, chain, number = "arbitrum", "arb", 42161
    hosts = ("arb1.arbitrum.io",)
    routes = methods("/rpc")


class Avalanche(Node):
    """build.avax.network: the C-Chain of the public API server."""

    id, chain, number = "avalanche", "avax", 43114
    hosts = ("api.avax.network",)
    routes = methods("/ext/bc/C/rpc")


class Alchemy(Node):
    """alchemy.com/docs: the key is the last part of the path; the lab asks for none."""

    id, chain, number = "alchemy", "eth", 1
    hosts = ("eth-mainnet.g.alchemy.com",)
    routes = methods("/v2(/[^/]+)?")


class Infura(Node):
    """docs.metamask.io/services: as there."""

    id, chain, number = "infura", "eth", 1
    hosts = ("mainnet.infura.io",)
    routes = methods("/v3(/[^/]+)?")


class OneRPC(Node):
    """public.1rpc.io: nodes of several chains, told apart by the path."""

    id, chain, number = "one_rpc", "eth", 1
    hosts = ("public.1rpc.io",)
    routes = methods("/(?P<chain>eth|bnb|arb|op|avax/c)")

    def at(self, call: Call) -> str:
        """By the path."""
        return call.params["chain"].partition("/")[0]
