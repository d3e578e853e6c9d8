"""Alerts: what is looked for, what was found, and who is told."""

from typing import Any

from core.facets.base import Facet
from core.ops.alerts import Alert, Rule, Watched
from core.ops.alerts.outbox import TargetState


class Alarms(Facet):
    """Alerts, rules, the watchlist and the targets of the world that answers now."""

    async def alerts(
        self, *, open_only: bool = False, limit: int = 100, before: float | None = None
    ) -> list[Alert]:
        """Open alerts, oldest first, then those that are over, newest first.

        ``before`` (UTC seconds): only those that are over and fired before it, for the next page.
        """
        return await self._alarms.alerts(open_only=open_only, limit=limit, before=before)

    async def acknowledge(self, alert_id: str, *, who: str = "script") -> Alert:
        """A person has seen an alert. ValueError for an id that there is none of; one that is over stays so."""
        return await self._alarms.acknowledge(alert_id, who)

    async def alert_rules(self) -> tuple[Rule, ...]:
        """What is looked for, with levels and timings."""
        return await self._alarms.rules()

    async def set_alert_rule(self, /, name: str, *, who: str = "script", **changes: Any) -> Rule:
        """Set ``enabled``, ``level``, ``hold`` or ``clear`` of a rule; kept. ValueError says what is allowed."""
        return await self._alarms.change_rule(name, who, changes)

    async def watchlist(self) -> tuple[Watched, ...]:
        """Symbols whose price is looked at every minute, with the levels that raise an alert."""
        return await self._alarms.watchlist()

    async def watch(
        self,
        symbol: str,
        *,
        above: float | None = None,
        below: float | None = None,
        note: str = "",
        who: str = "script",
    ) -> Watched:
        """Put a symbol on the watchlist, or change it there; without levels it is only listed."""
        return await self._alarms.watch(Watched(symbol, above, below, note), who)

    async def unwatch(self, symbol: str, *, who: str = "script") -> None:
        """Take a symbol off the watchlist. ValueError when it is not on it."""
        await self._alarms.unwatch(symbol, who)

    async def alert_targets(self) -> list[TargetState]:
        """Where alerts go (``alert_urls``), what waits for each, and why the last try failed."""
        return await self._alarms.targets()

    async def send_test_alert(self, *, who: str = "script") -> int:
        """Send a test message to every target, on its way when this returns; to how many."""
        return await self._alarms.send_test(who)
