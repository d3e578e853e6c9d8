"""Watching and healing: journal, monitor, probe and heal, failure patterns, alerts, metrics, overrides."""
