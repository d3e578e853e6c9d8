"""Failover: guards, transport, router and cache behind the hub."""
