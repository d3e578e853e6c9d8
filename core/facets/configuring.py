"""Configuring: knobs that are set while it runs."""

from collections.abc import Mapping
from typing import Any

from core.engine.breaker import BreakerPolicy
from core.facets.base import Facet
from core.files import write_atomically
from core.ops.events import SettingChanged
from core.ops.overrides import AT_ONCE, Configured, Knob, SettingLocked, as_toml, compared, knobs, merged
from core.setting_sources import OVERRIDES
from core.settings import Settings


class Configuring(Facet):
    """Knobs from pages, REST and files: all or none, kept for later starts, on record."""

    async def configure(self, changes: Mapping[str, Any], *, who: str = "script") -> Configured:
        """Set knobs for now and for later starts, in ``overrides.toml``; None takes an override away.

        All or none: SettingsError for a value that cannot be, alone or beside the others; SettingLocked for a
        knob that the environment or the code holds. The result says which hold from the next start on.
        """
        assert self._folder is not None  # noqa: S101 - the world says it first
        async with self._configuring:
            overrides, new = merged(self.settings, changes)
            if not self._folder.writable:
                raise SettingLocked(f"{', '.join(changes)}: {self._folder.notice}")
            path = self.settings.data_dir / OVERRIDES
            await self._folder.write_through(write_atomically, path, as_toml(overrides))
            return await self._follow(new, "set", who)

    async def reload_settings(self, *, who: str = "script") -> Configured:
        """Read ``overrides.toml`` and ``kintsugi.toml`` again, and follow what can be followed at once."""
        async with self._configuring:
            _, new = merged(self.settings, {})
            return await self._follow(new, "read from the files again", who)

    def knobs(self) -> tuple[Knob, ...]:
        """Every knob: its value, where that comes from, what waits for the next start, why it is locked."""
        return knobs(self.settings)

    async def _follow(self, new: Settings, how: str, who: str) -> Configured:
        """Let everything that runs go by the new knobs; what was changed is on record when this returns."""
        changes = compared(self._settled, new)
        self._settled = new
        self.settings.follow(new, AT_ONCE)
        world = self._world
        world.guard.follow(BreakerPolicy.of(self.settings))
        if not self._monitored:
            await world.monitor.stop()
        elif not world.monitor.running:
            world.monitor.start()
        await self._alarms.walk(self._monitored)
        for change in changes:
            await world.journal.record(
                SettingChanged(
                    time=self._clock.now(),
                    who=who,
                    detail=f"{change.name} {how}: {change.old} → {change.new}",
                    name=change.name,
                    old=change.old,
                    new=change.new,
                    at_once=change.at_once,
                )
            )
        return Configured(changes)
