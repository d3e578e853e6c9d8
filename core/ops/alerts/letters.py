"""What people are told of an alert, and the journal too. Pure."""

from core.ops.alerts.machine import Alert, Change
from core.ops.alerts.rules import Rule
from core.ops.alerts.store import Mood
from core.ops.events import AlertChanged


def letter(change: Change, rule: Rule | None, now: float) -> tuple[str, str, Mood]:
    """Title, text and mood. ``rule``: what fired, None for one that is no longer there; ``now``: UTC seconds."""
    alert = change.alert
    title = rule.title if rule is not None else alert.rule
    if change.turn == "resolved":
        minutes = (now - alert.since) / 60
        return f"Resolved: {title}", f"Over after {minutes:.0f} min. It was: {alert.text}", "success"
    if alert.severity == "critical":
        return f"CRITICAL: {title}", alert.text, "failure"
    return title, alert.text, "warning"


def event(alert: Alert, who: str, now: float) -> AlertChanged:
    """For the journal."""
    return AlertChanged(
        time=now,
        target=alert.subject,
        who=who,
        detail=alert.text,
        alert=alert.id,
        rule=alert.rule,
        state=alert.state,
        severity=alert.severity,
        value=alert.value,
    )
