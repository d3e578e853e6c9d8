"""Everything that helps to find out what is wrong, as plain data for one JSON file. Secrets are never in it."""

import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from core.catalog import Catalog
from core.engine.snapshot import Snapshot
from core.environment import environment
from core.ops.alerts import Alert
from core.ops.alerts.outbox import TargetState
from core.ops.events import Event
from core.ops.stats import Stats
from core.settings import Settings
from core.version import VERSION

PACKAGES = (
    "streamlit",
    "starlette",
    "fastapi",
    "httpx",
    "pandas",
    "pyarrow",
    "sqlalchemy",
    "diskcache",
    "ta",
)
FAILURES = ("attempt", "dissent", "circuit_opened", "cooldown", "shape", "lost")
RECOVERY = ("circuit_half_open", "circuit_closed", "state", "network", "heal_step", "heal", "repair", "admin")
SHORTEST = 4
"""A secret below this length would strike out half the text."""


def diagnostics(
    settings: Settings,
    catalog: Catalog,
    snapshot: Snapshot,
    stats: Stats,
    failures: Sequence[Event],
    recovery: Sequence[Event],
    alerts: Sequence[Alert],
    targets: Sequence[TargetState],
) -> dict[str, Any]:
    """Health, circuits, failures, what recovered, alerts, settings, versions; whatever holds a secret is scrubbed."""
    document = {
        "time": snapshot.time,
        "lab": snapshot.lab,
        "versions": versions(),
        "health": snapshot.as_dict(),
        "stats": asdict(stats),
        "failures": [event.as_dict() for event in failures],
        "recovery": [event.as_dict() for event in recovery],
        "alerts": [alert.as_dict() for alert in alerts],
        "alert_targets": [asdict(target) for target in targets],
        "settings": shown(settings),
        "keys": {name: name in environment for name in variables(catalog)},
    }
    found: dict[str, Any] = scrubbed(document, secrets(settings, catalog))
    return found


def versions() -> dict[str, str]:
    """Of this package, of Python, of what it stands on."""
    found = {"kintsugi": VERSION, "python": sys.version.split()[0], "system": platform.platform()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def shown(settings: Settings) -> list[dict[str, Any]]:
    """Every knob: its value, the variable that may hold it, whether the environment does. Of secrets: whether set."""
    locked, hidden = settings.locked(), settings.secrets()
    return [
        {
            "name": name,
            "value": bool(getattr(settings, name)) if name in hidden else _plain(getattr(settings, name)),
            "secret": name in hidden,
            "variable": settings.variable(name),
            "locked": name in locked,
        }
        for name in type(settings).model_fields
    ]


def variables(catalog: Catalog) -> list[str]:
    """Environment variables that may hold a provider's key."""
    return sorted({name for provider in catalog.values() if provider.auth for name in provider.auth.env})


def secrets(settings: Settings, catalog: Catalog) -> set[str]:
    """Texts that must stand nowhere."""
    held = [environment.get(name, "") for name in variables(catalog)]
    found = {key.strip() for text in held for key in (text, *text.split(","))}
    for name in settings.secrets():
        value = getattr(settings, name)
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, SecretStr):
                found.add(one.get_secret_value())
    return {text for text in found if len(text) >= SHORTEST}


def scrubbed(value: Any, hidden: Iterable[str]) -> Any:
    """The same without these texts, wherever in it they are."""
    hidden = tuple(hidden)
    if isinstance(value, str):
        for text in hidden:
            value = value.replace(text, "…")
        return value
    if isinstance(value, Mapping):
        return {scrubbed(str(key), hidden): scrubbed(one, hidden) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [scrubbed(one, hidden) for one in value]
    return value


def _plain(value: object) -> object:
    if isinstance(value, Path):
        home = str(Path.home())
        return f"~{str(value)[len(home) :]}" if str(value).startswith(f"{home}/") else str(value)
    return [_plain(one) for one in value] if isinstance(value, tuple) else value
