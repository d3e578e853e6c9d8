"""Venues that tell what is around a price: moods, news, communities, chains."""

from core.lab.venue import Venue
from core.lab.venues import communities, explorers, figures, ledgers, newsrooms, nodes, rss
from core.lab.venues.alternative_me import AlternativeMe
from core.lab.venues.blockchain_info import BlockchainInfo
from core.lab.venues.huggingface import HuggingFace
from core.lab.venues.mempool import Mempool
from core.lab.venues.taapi import TAAPI

AROUND: tuple[Venue, ...] = (
    AlternativeMe(),
    HuggingFace(),
    TAAPI(),
    rss.CoinDesk(),
    rss.Cointelegraph(),
    rss.Decrypt(),
    rss.BitcoinMagazine(),
    newsrooms.HackerNews(),
    newsrooms.Gdelt(),
    newsrooms.CryptoPanic(),
    newsrooms.NewsAPI(),
    communities.Reddit(),
    communities.LunarCrush(),
    communities.Santiment(),
    Mempool(),
    BlockchainInfo(),
    explorers.Blockstream(),
    explorers.LitecoinSpace(),
    explorers.BlockCypher(),
    explorers.Blockchair(),
    explorers.Etherscan(),
    explorers.Covalent(),
    explorers.Moralis(),
    figures.Glassnode(),
    figures.WhaleAlert(),
    figures.DefiLlamaTVL(),
    nodes.PublicNode(),
    nodes.BNBChain(),
    nodes.BaseChain(),
    nodes.Optimism(),
    nodes.Arbitrum(),
    nodes.Avalanche(),
    nodes.OneRPC(),
    nodes.Alchemy(),
    nodes.Infura(),
    ledgers.Solana(),
    ledgers.XRPL(),
    ledgers.Stellar(),
    ledgers.Koios(),
    ledgers.TronGrid(),
    ledgers.Tronscan(),
)
