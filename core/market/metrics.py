"""The closed vocabulary of on-chain figures, each with its unit."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metric:
    """What a figure says, its unit, and between which values it can be true at all."""

    label: str
    unit: str
    low: float = 0.0
    high: float = 1e15


def _chain(short: str, name: str, unit: str = "blocks") -> dict[str, Metric]:
    return {f"{short}_block_height": Metric(f"{name}: height of the newest block", unit, 1.0, 1e11)}


def _gas(short: str, name: str) -> dict[str, Metric]:
    return {f"{short}_gas_gwei": Metric(f"{name}: gas price", "gwei", 0.0, 1e6)}


METRICS: dict[str, Metric] = {
    **_chain("btc", "Bitcoin"),
    "btc_fee_fast_sat_vb": Metric("Bitcoin: fee for the next block or two", "sat/vB", 0.0, 1e5),
    "btc_fee_medium_sat_vb": Metric("Bitcoin: fee for half an hour", "sat/vB", 0.0, 1e5),
    "btc_fee_slow_sat_vb": Metric("Bitcoin: fee for an hour or more", "sat/vB", 0.0, 1e5),
    "btc_hashrate": Metric("Bitcoin: hash rate", "EH/s", 0.0, 1e5),
    "btc_difficulty": Metric("Bitcoin: difficulty", "", 1.0, 1e17),
    "btc_mempool_transactions": Metric("Bitcoin: transactions that wait", "transactions", 0.0, 1e9),
    "btc_transactions_24h": Metric("Bitcoin: transactions in 24 hours", "transactions", 0.0, 1e9),
    "btc_supply": Metric("Bitcoin: coins in existence", "BTC", 1e6, 21e6),
    **_chain("eth", "Ethereum"),
    **_gas("eth", "Ethereum"),
    "eth_supply": Metric("Ethereum: coins in existence", "ETH", 1e7, 1e9),
    "eth_transactions_24h": Metric("Ethereum: transactions in 24 hours", "transactions", 0.0, 1e9),
    **_chain("bnb", "BNB Smart Chain"),
    **_gas("bnb", "BNB Smart Chain"),
    **_chain("avax", "Avalanche C-Chain"),
    **_gas("avax", "Avalanche C-Chain"),
    **_chain("arb", "Arbitrum One"),
    **_gas("arb", "Arbitrum One"),
    **_chain("op", "OP Mainnet"),
    **_gas("op", "OP Mainnet"),
    **_chain("base", "Base"),
    **_gas("base", "Base"),
    **_chain("trx", "TRON"),
    **_chain("sol", "Solana"),
    "sol_slot": Metric("Solana: newest slot", "slots", 1.0, 1e11),
    **_chain("ltc", "Litecoin"),
    **_chain("doge", "Dogecoin"),
    **_chain("xrp", "XRP Ledger", "ledgers"),
    **_chain("xlm", "Stellar", "ledgers"),
    **_chain("ada", "Cardano"),
    "tvl_usd": Metric("DeFi: value locked in all protocols", "USD", 1.0, 1e15),
    "whale_transfers_usd": Metric("Transfers over a million dollars in the last hour", "USD", 0.0, 1e15),
}
"""Name → what it is. Queries outside it are refused."""
