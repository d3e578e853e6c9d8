"""Crypto market data that keeps answering when free APIs fail, and says where every number came from."""

from core.answer import Answer, Attempt, NoAnswer
from core.hub import AsyncHub, Hub
from core.settings import Settings

__all__ = ["Answer", "AsyncHub", "Attempt", "Hub", "NoAnswer", "Settings"]
__version__ = "0.1.0"
