"""The alerts of one world: looks at it, keeps what is alarming on record, tells people, takes their word."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from pydantic import SecretStr

from core.answer import KintsugiError
from core.clock import Clock
from core.engine.folder import DataFolder
from core.market import parse_symbol
from core.ops.alerts.burn import LOOK_BACK, Burns
from core.ops.alerts.evaluate import Seen, findings
from core.ops.alerts.lately import Lately
from core.ops.alerts.letters import event, letter
from core.ops.alerts.machine import Alarms, Alert, Change
from core.ops.alerts.outbox import TargetState
from core.ops.alerts.post import Post
from core.ops.alerts.rules import RULES, Rule, rule_named
from core.ops.alerts.sight import Sight
from core.ops.alerts.store import AlertStore
from core.ops.alerts.watchlist import MOST as MOST_WATCHED
from core.ops.alerts.watchlist import Watched
from core.ops.events import AdminAction
from core.ops.journal import Journal

log = logging.getLogger(__name__)

T = TypeVar("T")

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
        self._store = AlertStore(journal.engine, lab=lab)
        self._alarms = Alarms(lambda: uuid.uuid4().hex[:ID_LENGTH], lab)
        self._rules: dict[str, Rule] = dict(RULES)
        self._watched: dict[str, Watched] = {}
        self._post = Post(addresses, clock, self._store, self._write, lab=lab)
        self._burns = Burns()
        self._lately = Lately()
        self._lock = asyncio.Lock()

    async def open(self) -> None:
        """Take up what the database holds, and send what was not delivered."""
        await self._write(self._store.prepare, self._clock.now())
        self._alarms.restore(await self._write(self._store.open))
        self._rules = await self._write(self._store.rules)
        self._watched = {one.symbol: one for one in await self._write(self._store.watchlist)}
        self._burns.restore(await self._write(self._store.levels), self._clock.mono(), self._clock.now())
        await self._post.open()

    async def close(self) -> None:
        """Stop sending."""
        await self._post.close()

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
        answers, failed_writes = self._lately.seen(stats, self._clock.mono())
        gone_in = await self._burning(sight)
        seen = Seen(
            now=now,
            snapshot=sight.snapshot,
            capacity=stats.capacity,
            answers=answers,
            failed_writes=failed_writes,
            gone_in=gone_in,
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
            await self._journal.record(event(change.alert, who, now))
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
        return self._post.states()

    async def send_test(self, who: str) -> int:
        """Send a test message to every target; returns to how many. They go the way of all others."""
        letters = self._post.letters("test", "Test", f"This is a test. Alerts arrive here ({who}).", "info")
        await self._write(partial(self._store.put, [], letters))
        await self._post.send(letters)
        await self._acted("alert_test", "a test message to every target", who)
        return len(letters)

    async def _keep(self, changes: Sequence[Change]) -> None:
        """On record, and on their way to people."""
        if not changes:
            return
        now, letters = self._clock.now(), []
        for change in changes:
            said = letter(change, self._rules.get(change.alert.rule), now)
            letters += self._post.letters(change.alert.id, *said)
            self._journal.note(event(change.alert, "engine", now))
        try:
            await self._write(partial(self._store.put, [change.alert for change in changes], letters))
        except OSError as error:
            log.error("alerts are not on record: %s", error)  # noqa: TRY400 - it says enough
        await self._post.send(letters)

    async def _burning(self, sight: Sight) -> dict[str, float]:
        """What is being used up → seconds until it is gone."""
        mono, now = self._clock.mono(), self._clock.now()
        left = dict(sight.quotas)
        if sight.stats.capacity.disk_free is not None:
            left["The disk with the data folder"] = float(sight.stats.capacity.disk_free)
        if noted := self._burns.seen(left, mono):
            try:
                await self._write(self._store.put_levels, noted, now, now - LOOK_BACK)
            except OSError as error:
                log.warning("what is left is not on record: %s", error)
        return self._burns.gone_in(mono)

    async def _acted(self, action: str, detail: str, who: str) -> None:
        await self._journal.record(AdminAction(time=self._clock.now(), who=who, detail=detail, action=action))

    async def _write(self, job: Callable[..., T], *args: object) -> T:
        return await self._folder.write_through(job, *args)
