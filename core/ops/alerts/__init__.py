"""Alerts: rules over what is seen, the life of an alert, and its way to people."""

from core.ops.alerts.machine import Alert, Change
from core.ops.alerts.rules import RULES, Rule
from core.ops.alerts.watchlist import Watched

__all__ = ["RULES", "Alert", "Change", "Rule", "Watched"]
