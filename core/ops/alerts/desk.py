"""The alerts of one world: looks at it, keeps what is alarming on record, tells people, takes their word."""

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from pydantic import SecretStr

from core.answer import KintsugiError
from core.clock import Clock
from core.engine.folder import DataFolder
from core.market import parse_symbol
from core.ops.alerts.burn import Burn
from core.ops.alerts.evaluate import Seen, findings
from core.ops.alerts.machine import Alarms, Alert, Change
from core.ops.alerts.outbox import Outbox, Send, TargetState, Threads
from core.ops.alerts.rules import RULES, Rule, rule_named
from core.ops.alerts.sight import Sight
from core.ops.alerts.store import AlertStore, Delivery, Mood
from core.ops.alerts.watchlist import MOST as MOST_WATCHED
from core.ops.alerts.watchlist import Watched
from core.ops.events import AdminAction, AlertChanged
from core.ops.journal import Journal
from core.ops.stats import Stats

log = logging.getLogger(__name__)

T = TypeVar("T")

WINDOW = 300.0
"""Seconds over which shares of answers and failed writes are taken."""
ID_LENGTH = 12


class UnknownAlert(KintsugiError, ValueError):
    """No alert has this id."""


class AlertDesk:
    """Belongs to the hub's loop; everything in the database is done by the folder's writer thread."""

    def __init__(
        self, folder: DataFolder, journal: Journal, clock: Clock, addresses: Sequence[SecretStr], *, lab: bool
    ) -> None:
        self._folder = folder
        self._journal = journal
        self._clock = clock
        self._addresses = tuple(addresses)
        self._lab = lab
        self._store = AlertStore(journal.engine, lab=lab)
        self._alarms = Alarms(lambda: uuid.uuid4().hex[:ID_LENGTH], lab)
        self._rules: dict[str, Rule] = dict(RULES)
        self._watched: dict[str, Watched] = {}
        self._outbox: Outbox | None = None
        self._burns: dict[str, Burn] = {}
        self._counts: deque[tuple[float, Mapping[str, int], int]] = deque()
        """When (``mono``) → answers by tier, failed writes; all since the hub was opened."""
        self._lock = asyncio.Lock()

    async def open(self) -> None:
        """Take up what the database holds, and send what was not delivered."""
        await self._write(self._store.prepare, self._clock.now())
        self._alarms.restore(await self._write(self._store.open))
        self._rules = await self._write(self._store.rules)
        self._watched = {one.symbol: one for one in await self._write(self._store.watchlist)}
        self._outbox = await self._open_outbox()
        orphans = self._outbox.start(await self._write(self._store.on_their_way))
        await self._give_up(orphans, "the address is no longer in the settings")

    async def close(self) -> None:
        """Stop sending."""
        if self._outbox is not None:
            await self._outbox.close()
            self._outbox = None

    @property
    def quiet(self) -> bool:
        """Whether nothing is open or about to be."""
        return self._alarms.quiet

    @property
    def open_alerts(self) -> tuple[Alert, ...]:
        """Those that are not over, oldest first."""
        return self._alarms.open

    async def history(self, limit: int, before: float | None = None) -> list[Alert]:
        """Those that are over, the newest first."""
        return await self._write(self._store.newest, limit, before)

    async def look(self, sight: Sight, prices: Mapping[str, float | None]) -> list[Change]:
        """Look at one moment. ``prices``: symbols of the watchlist → the price, None when nobody says."""
        now, stats = self._clock.now(), sight.stats
        answers, failed_writes = self._lately(stats)
        seen = Seen(
            now=now,
            snapshot=sight.snapshot,
            capacity=stats.capacity,
            answers=answers,
            failed_writes=failed_writes,
            gone_in=self._burning(stats, sight.quotas),
            watched=tuple(self._watched.values()),
            prices=prices,
            scores=sight.scores,
        )
        timings = {rule.name: rule.timing for rule in self._rules.values() if rule.enabled}
        async with self._lock:
            found = findings(seen, self._rules)
            changes = self._alarms.step(found, timings, self._clock.mono(), now)
            await self._keep(changes)
        return changes

    async def acknowledge(self, alert_id: str, who: str) -> Alert:
        """A person has seen an alert: on record when this returns. UnknownAlert for an id that is not there.

        One that is over already stays so, and is returned as it is.
        """
        async with self._lock:
            now = self._clock.now()
            try:
                change = self._alarms.acknowledge(alert_id, who, now)
            except KeyError:
                over = await self._write(self._store.alert, alert_id)
                if over is None:
                    raise UnknownAlert(f"alert={str(alert_id)[:40]!r}: there is none of this id") from None
                return over
            if change is None:
                return next(alert for alert in self._alarms.open if alert.id == alert_id)
            await self._write(self._store.put, [change.alert])
            await self._journal.record(self._event(change, who))
            return change.alert

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All rules as they are now."""
        return tuple(self._rules.values())

    async def change_rule(self, name: str, who: str, changes: Mapping[str, object]) -> Rule:
        """Set ``enabled``, ``level``, ``hold`` or ``clear``. ValueError says what is allowed."""
        rule_named(name)
        rule = self._rules[name].changed(**changes)
        await self._write(self._store.put_rule, rule)
        self._rules[name] = rule
        said = ", ".join(f"{key}={value}" for key, value in changes.items())
        await self._acted("alert_rule", f"{name}: {said}", who)
        return rule

    @property
    def watchlist(self) -> tuple[Watched, ...]:
        """Symbols and levels that are watched."""
        return tuple(self._watched.values())

    async def watch(self, one: Watched, who: str) -> Watched:
        """Put a symbol on the watchlist, or change its levels. ValueError when the list is full."""
        if one.symbol not in self._watched and len(self._watched) >= MOST_WATCHED:
            raise ValueError(f"symbol={one.symbol!r}: {MOST_WATCHED} are watched already")
        await self._write(self._store.put_watched, one)
        self._watched[one.symbol] = one
        levels = [f"{side} {level:g}" for side in ("above", "below") if (level := getattr(one, side))]
        await self._acted("watch", " ".join([one.symbol, *levels]), who)
        return one

    async def unwatch(self, symbol: str, who: str) -> None:
        """Take a symbol off the watchlist. ValueError when it is not on it."""
        symbol = "/".join(parse_symbol(symbol))
        if symbol not in self._watched:
            raise ValueError(f"symbol={symbol!r}: expected one of the watchlist")
        await self._write(self._store.drop_watched, symbol)
        del self._watched[symbol]
        await self._acted("unwatch", symbol, who)

    def targets(self) -> list[TargetState]:
        """Where alerts go, and how that does."""
        return self._outbox.states() if self._outbox else []

    async def send_test(self, who: str) -> int:
        """Send a test message to every target; returns to how many. They go the way of all others."""
        title, body = f"{self._mark}Test", f"This is a test. Alerts arrive here ({who})."
        await self._post([self._delivery("test", target, title, body, "info") for target in self._targets()])
        await self._acted("alert_test", "a test message to every target", who)
        return len(self._targets())

    @property
    def _mark(self) -> str:
        return "LAB, simulated: " if self._lab else ""

    def _targets(self) -> tuple[str, ...]:
        return self._outbox.targets if self._outbox else ()

    async def _keep(self, changes: Sequence[Change]) -> None:
        """On record, and on their way to people."""
        if not changes:
            return
        messages = [self._message(change, target) for change in changes for target in self._targets()]
        for change in changes:
            self._journal.note(self._event(change, "engine"))
        try:
            await self._write(partial(self._store.put, [change.alert for change in changes], messages))
        except OSError as error:
            log.error("alerts are not on record: %s", error)  # noqa: TRY400 - it says enough
        await self._hand_over(messages)

    async def _post(self, messages: list[Delivery]) -> None:
        await self._write(partial(self._store.put, [], messages))
        await self._hand_over(messages)

    async def _hand_over(self, messages: list[Delivery]) -> None:
        if self._outbox is not None:
            await self._give_up(self._outbox.add(messages), "too many were waiting")

    async def _give_up(self, messages: Iterable[Delivery], why: str) -> None:
        for one in messages:
            one.ended, one.error = self._clock.now(), why
            await self._write(self._store.moved, one)

    def _message(self, change: Change, target: str) -> Delivery:
        alert = change.alert
        title = self._rules[alert.rule].title if alert.rule in self._rules else alert.rule
        if change.turn == "resolved":
            minutes = (self._clock.now() - alert.since) / 60
            body = f"Over after {minutes:.0f} min. It was: {alert.text}"
            return self._delivery(alert.id, target, f"{self._mark}Resolved: {title}", body, "success")
        severe = alert.severity == "critical"
        head = f"{self._mark}{'CRITICAL: ' if severe else ''}{title}"
        return self._delivery(alert.id, target, head, alert.text, "failure" if severe else "warning")

    def _delivery(self, alert: str, target: str, title: str, body: str, mood: Mood) -> Delivery:
        return Delivery(alert, target, title, body, mood, asked=self._clock.now())

    def _event(self, change: Change, who: str) -> AlertChanged:
        alert = change.alert
        return AlertChanged(
            time=self._clock.now(),
            target=alert.subject,
            who=who,
            detail=alert.text,
            alert=alert.id,
            rule=alert.rule,
            state=alert.state,
            severity=alert.severity,
            value=alert.value,
        )

    async def _acted(self, action: str, detail: str, who: str) -> None:
        await self._journal.record(AdminAction(time=self._clock.now(), who=who, detail=detail, action=action))

    def _lately(self, stats: Stats) -> tuple[dict[str, int], int]:
        """Answers by tier, and failed writes, of the last minutes."""
        mono = self._clock.mono()
        tiers: dict[str, int] = {}
        for counted in stats.answers.values():
            for tier, count in counted.items():
                tiers[tier] = tiers.get(tier, 0) + count
        if not self._counts:
            self._counts.append((mono, {}, 0))
        self._counts.append((mono, tiers, stats.write_errors))
        while len(self._counts) > 2 and self._counts[1][0] <= mono - WINDOW:
            self._counts.popleft()
        _, before, errors = self._counts[0]
        lately = {tier: count - before.get(tier, 0) for tier, count in tiers.items()}
        return {tier: count for tier, count in lately.items() if count}, stats.write_errors - errors

    def _burning(self, stats: Stats, quotas: Mapping[str, float]) -> dict[str, float]:
        """What is being used up → seconds until it is gone."""
        mono = self._clock.mono()
        left = dict(quotas)
        if stats.capacity.disk_free is not None:
            left["The disk with the data folder"] = float(stats.capacity.disk_free)
        self._burns = {what: self._burns.get(what, Burn()) for what in left}
        gone: dict[str, float] = {}
        for what, burn in self._burns.items():
            burn.seen(left[what], mono)
            if (seconds := burn.gone_in(mono)) is not None:
                gone[what] = seconds
        return gone

    async def _open_outbox(self) -> Outbox:
        # Only when there is an address: apprise takes long to import.
        if not self._addresses:
            return Outbox((), self._clock, _nowhere, self._moved)
        names, send = await asyncio.to_thread(_by_apprise, self._addresses)
        return Outbox(names, self._clock, send, self._moved)

    async def _moved(self, one: Delivery) -> None:
        await self._write(self._store.moved, replace(one))

    async def _write(self, job: Callable[..., T], *args: object) -> T:
        return await self._folder.write_through(job, *args)


async def _nowhere(_: str, __: Delivery) -> str:
    return "there is no such target"


def _by_apprise(addresses: tuple[SecretStr, ...]) -> tuple[list[tuple[str, str]], Send]:
    """Ids and names of the targets, and how they are spoken to."""
    from core.ops.alerts import target  # noqa: PLC0415 - see above

    there = {one.id: one for one in target.targets(addresses)}
    threads = Threads()

    async def send(target_id: str, one: Delivery) -> str:
        message = target.Message(one.title, one.body, one.mood)
        return await threads.run(partial(target.send, there[target_id], message))

    return [(one.id, one.name) for one in there.values()], send
