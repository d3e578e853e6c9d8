"""The life of an alert: firing → acknowledged → resolved. Pure; ``now`` in UTC seconds, ``mono`` steady.

A condition has to hold for its rule's ``hold`` seconds before an alert fires, and to be gone for ``clear``
seconds before it resolves; in between nothing happens, and no condition has more than one open alert. What
is *unsure* (no data, or between the level that fires and the one that resolves) keeps an open alert open and
begins none.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

State = Literal["firing", "acknowledged", "resolved"]
Severity = Literal["warning", "critical"]
Turn = Literal["fired", "worsened", "acknowledged", "resolved"]

Key = tuple[str, str]
"""Rule and subject: what makes two alerts the same."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A condition as it is seen at one moment; what nobody finds any more is gone."""

    rule: str
    subject: str
    """What it is about: a provider, an endpoint, a capability, a symbol, ``disk`` …"""
    severity: Severity
    text: str
    """One sentence, for a person."""
    value: float | None = None
    """The number behind it, in the rule's unit."""
    sure: bool = True
    """False: neither there nor gone for certain."""

    @property
    def key(self) -> Key:
        """What makes two of them the same."""
        return self.rule, self.subject


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds for which a condition must hold, or be gone, before anything is said."""

    hold: float = 0.0
    clear: float = 30.0


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. Times in UTC seconds; None: not yet. ``lab``: about simulated data."""

    id: str
    rule: str
    subject: str
    severity: Severity
    text: str
    value: float | None
    state: State
    since: float
    """When the condition began."""
    fired: float
    acknowledged: float | None = None
    acknowledged_by: str = ""
    resolved: float | None = None
    lab: bool = False

    @property
    def open(self) -> bool:
        """Whether it is not over."""
        return self.state != "resolved"

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {name: getattr(self, name) for name in Alert.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Change:
    """What became of an alert just now."""

    turn: Turn
    alert: Alert


@dataclass(slots=True)
class _Held:
    """An open alert, and since when (``mono``) its condition is gone; None while it is not."""

    alert: Alert
    gone: float | None = None


@dataclass(slots=True)
class Alarms:
    """All open alerts of one world, and the conditions that may become some."""

    new_id: Callable[[], str]
    lab: bool = False
    _open: dict[Key, _Held] = field(default_factory=dict)
    _pending: dict[Key, tuple[float, float]] = field(default_factory=dict)
    """Condition → since when it holds, in ``mono`` and in UTC seconds."""

    def restore(self, alerts: Iterable[Alert]) -> None:
        """Take up those that were open."""
        for alert in alerts:
            if alert.open:
                self._open[alert.rule, alert.subject] = _Held(alert)

    @property
    def open(self) -> tuple[Alert, ...]:
        """Those that are not over, oldest first."""
        return tuple(sorted((held.alert for held in self._open.values()), key=lambda alert: alert.fired))

    @property
    def quiet(self) -> bool:
        """Whether time alone changes nothing."""
        return not self._open and not self._pending

    def step(
        self, findings: Iterable[Finding], timings: Mapping[str, Timing], mono: float, now: float
    ) -> list[Change]:
        """What all findings of this moment change. A rule that is in no timing is switched off."""
        found = {finding.key: finding for finding in findings if finding.rule in timings}
        changes: list[Change] = []
        for key, held in list(self._open.items()):
            changes += self._meet(key, held, found.get(key), timings.get(key[0], Timing(clear=0)), mono, now)
        certain = {key: finding for key, finding in found.items() if finding.sure and key not in self._open}
        self._pending = {key: begun for key, begun in self._pending.items() if key in certain}
        for key, finding in certain.items():
            began, since = self._pending.setdefault(key, (mono, now))
            if mono - began >= timings[finding.rule].hold:
                alert = Alert(
                    id=self.new_id(),
                    rule=finding.rule,
                    subject=finding.subject,
                    severity=finding.severity,
                    text=finding.text,
                    value=finding.value,
                    state="firing",
                    since=since,
                    fired=now,
                    lab=self.lab,
                )
                self._open[key] = _Held(alert)
                changes.append(Change("fired", alert))
        return changes

    def acknowledge(self, alert_id: str, who: str, now: float) -> Change | None:
        """A person has seen it. None when it was acknowledged already; KeyError when none such is open."""
        for held in self._open.values():
            if held.alert.id == alert_id:
                if held.alert.state == "acknowledged":
                    return None
                held.alert = replace(held.alert, state="acknowledged", acknowledged=now, acknowledged_by=who)
                return Change("acknowledged", held.alert)
        raise KeyError(alert_id)

    def _meet(
        self, key: Key, held: _Held, finding: Finding | None, timing: Timing, mono: float, now: float
    ) -> list[Change]:
        """What an open alert makes of what is found of its condition now."""
        if finding is None:
            if held.gone is None:
                held.gone = mono
            if mono - held.gone < timing.clear:
                return []
            del self._open[key]
            return [Change("resolved", replace(held.alert, state="resolved", resolved=now))]
        held.gone = None
        if not finding.sure:
            return []
        worse = held.alert.severity == "warning" and finding.severity == "critical"
        held.alert = replace(
            held.alert,
            text=finding.text,
            value=finding.value,
            severity=finding.severity if worse else held.alert.severity,
        )
        if not worse:
            return []
        # Who acknowledged a warning has not seen this.
        held.alert = replace(held.alert, state="firing", acknowledged=None, acknowledged_by="")
        return [Change("worsened", held.alert)]
