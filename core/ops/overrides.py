"""Knobs set from pages and REST: ``data_dir/overrides.toml``, validated as a whole before it is written."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from core.setting_sources import OVERRIDES, OWN, SettingsError, overridden, read_toml
from core.settings import Settings

NEVER = frozenset({"data_dir", "catalog_dirs", "lab_url"}) | Settings.secrets()
"""Where things lie, where requests go, and what is secret: for the environment and kintsugi.toml alone."""
AT_ONCE = frozenset(
    {
        "deadline",
        "max_attempts",
        "hosts_per_call",
        "retries",
        "hedge_after",
        "hedge_max",
        "health_error_threshold",
        "health_cooldown_seconds",
        "health_recovery_count",
        "health_auto_reinit",
        "health_reinit_cooldown",
        "failure_rate",
        "slow_rate",
        "slow_after",
        "observe_only",
        "half_open_probes",
        "throttle_default",
        "blocked_cooldown",
        "revalidate_seconds",
        "monitor",
        "auto_repair_enabled",
        "gap_detection_window_hours",
        "max_gap_fill_attempts",
        "corruption_threshold",
        "judge_every",
        "admins",
    }
)
"""Knobs that a running hub follows; the others hold from the next start on."""
Source = Literal["code", "environment", "override", "file", "default"]


class SettingLocked(SettingsError):
    """A knob that cannot be changed here, and where it can."""


@dataclass(frozen=True, slots=True)
class Change:
    """One knob, before and after, as JSON text; ``at_once``, or from the next start on."""

    name: str
    old: str
    new: str
    at_once: bool


@dataclass(frozen=True, slots=True)
class Configured:
    """What came of setting knobs."""

    changes: tuple[Change, ...]

    @property
    def restart(self) -> tuple[str, ...]:
        """Names of those that hold from the next start on."""
        return tuple(change.name for change in self.changes if not change.at_once)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self) | {"restart": list(self.restart)}


@dataclass(frozen=True, slots=True)
class Knob:
    """One knob as a page shows it. Values as JSON text; secrets as null or "…"."""

    name: str
    variable: str
    value: str
    """In force now."""
    waiting: str | None
    """What will be in force from the next start on, where that is something else."""
    default: str
    source: Source
    locked: str
    """Why it cannot be changed here; empty when it can."""
    at_once: bool
    description: str


def locked(settings: Settings, name: str) -> str:
    """Why a knob cannot be changed from pages and REST; empty when it can."""
    if name in settings.given:
        return f"{name} was given in code, as in Settings({name}=…)"
    if name in Settings.locked():
        return f"{name} is held by the environment: {Settings.variable(name)}"
    if name in NEVER:
        return f"{name} can only be set by {Settings.variable(name)} or in kintsugi.toml"
    return ""


def merged(settings: Settings, changes: Mapping[str, Any]) -> tuple[dict[str, Any], Settings]:
    """The overrides with these changes (None takes one away), and the settings that come of them.

    SettingLocked or SettingsError when one of them cannot be, or all together cannot.
    """
    overrides = read_toml(settings.data_dir / OVERRIDES)
    for name, value in changes.items():
        if name not in Settings.model_fields:
            raise SettingsError(f"{str(name)[:40]}={str(value)[:80]!r}: no such setting")
        if reason := locked(settings, name):
            said = "…" if name in Settings.secrets() else repr(str(value)[:80])
            raise SettingLocked(f"{name}={said}: {reason}")
        overrides.pop(name, None)
        if value is not None:
            overrides[name] = value
    with overridden(overrides):
        found = Settings(**settings.given)
    # What only a person can have written there stays as it stands: a secret made plain would be stars.
    return {
        name: said if name in NEVER else _plain(getattr(found, name)) for name, said in overrides.items()
    }, found


def compared(old: Settings, new: Settings) -> tuple[Change, ...]:
    """The knobs that differ."""
    changes = []
    for name in Settings.model_fields:
        before, after = getattr(old, name), getattr(new, name)
        if before != after and name not in NEVER:
            changes.append(Change(name, shown(name, before), shown(name, after), name in AT_ONCE))
    return tuple(changes)


def knobs(settings: Settings) -> tuple[Knob, ...]:
    """Every knob, in the order in which they are declared."""
    overrides, own = read_toml(settings.data_dir / OVERRIDES), read_toml(Path(OWN))
    _, next_time = merged(settings, {})
    found = []
    for name, field in Settings.model_fields.items():
        now, then = getattr(settings, name), getattr(next_time, name)
        source: Source = (
            "code"
            if name in settings.given
            else "environment"
            if name in Settings.locked()
            else "override"
            if name in overrides
            else "file"
            if name in own
            else "default"
        )
        found.append(
            Knob(
                name=name,
                variable=Settings.variable(name),
                value=shown(name, now),
                waiting=None if now == then else shown(name, then),
                default=shown(name, field.get_default(call_default_factory=True)),
                source=source,
                locked=locked(settings, name),
                at_once=name in AT_ONCE,
                description=field.description or "",
            )
        )
    return tuple(found)


def as_toml(overrides: Mapping[str, Any]) -> bytes:
    """The file's content."""
    # JSON's strings, numbers, booleans and lists of strings are TOML's as well.
    lines = [
        f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in sorted(overrides.items())
    ]
    return "".join(["# Written by pages and REST; the environment goes before it.\n", *lines]).encode()


def shown(name: str, value: Any) -> str:
    """A value as JSON text; of a secret only whether there is one."""
    if name in Settings.secrets():
        return "null" if value is None else '"…"'
    return json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [str(part) for part in value]
    return str(value) if isinstance(value, Path) else value
