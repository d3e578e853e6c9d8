"""Watching and healing: journal, monitor, probe and heal, failure patterns, settings from pages and REST."""
