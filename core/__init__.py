"""Crypto market data that keeps answering when free APIs fail, and says where every number came from."""
