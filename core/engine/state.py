"""Circuits, pauses, errors, isolations and long quotas that outlive the process, in one small JSON file.

Errors of closed circuits change with every call, and are written along with the rest, not for their own sake; of a
quota every hundredth counts.

A pause is stored as (wall deadline, seconds left) and restored as ``clamp(deadline − now, 0, seconds left)``:
a clock that jumped can end a pause early, never lengthen it.
"""

import json
import logging
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

from core.clock import Clock
from core.engine.cooldown import LONGEST_BAN, Cooldown
from core.engine.folder import DataFolder
from core.engine.guard import Guard
from core.files import write_atomically

log = logging.getLogger(__name__)

VERSION = 1
LONG = 3600.0
"""Quotas over at least so many seconds are kept; others are full again before long."""


class StateFile:
    """Saves a guard's memory as it changes, and restores it."""

    def __init__(self, folder: DataFolder, path: Path, guard: Guard, clock: Clock) -> None:
        self._folder = folder
        self._path = path
        self._guard = guard
        self._clock = clock
        self._saved: Any = None
        self.era = 0
        """Grows whenever a process finds the wall clock behind where the one before it left off."""

    async def save(self, *, last: bool = False) -> None:
        """Write what holds now, if it differs from what was written; returns when it is on disk.

        ``last`` writes in any case: the seconds left as they are now, and how far the wall clock has come.
        """
        now, wall = self._clock.mono(), self._clock.now()
        document = dump(self._guard, now, wall) | {"era": self.era}
        signature = [
            sorted(str(_lasting(entry)) for entry in document[part]) for part in ("pauses", "circuits")
        ]
        signature.append([json.dumps(document["isolated"], sort_keys=True)])
        signature.append(
            [f"{name} {size:g} {100 * left // size:g}" for name, size, _, left in document["quotas"]]
        )
        if (signature == self._saved and not last) or not self._folder.writable:
            return
        self._saved = signature
        data = json.dumps(document, indent=1).encode()
        try:
            await self._folder.write_through(partial(write_atomically, self._path, data, sync=False))
        except OSError:
            self._saved = None  # counted by the folder; tried again at the next change

    def restore(self) -> None:
        """Take up what the file holds; what cannot be read is left aside, with a line in the log."""
        try:
            document = json.loads(self._path.read_bytes())
            wall = self._clock.now()
            self.era = int(document.get("era", 0)) + (wall < float(document.get("wall", 0.0)))
            load(document, self._guard, self._clock.mono(), wall)
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            log.warning("%s cannot be restored: %s: %s", self._path.name, type(error).__name__, error)


def dump(guard: Guard, now: float, wall: float) -> dict[str, Any]:
    """Everything that must survive, as plain data."""
    pauses = [
        {
            "scope": c.scope,
            "kind": c.kind,
            "reason": c.reason,
            "until": wall + c.until - now,
            "left": c.until - now,
        }
        for c in guard.cooldowns.running(now)
    ]
    circuits = []
    for endpoint, health in guard.records().items():
        for axis, circuit in (("circuit", health.circuit), ("truth", health.truth)):
            if circuit.state != "closed":
                left = max(0.0, circuit.until - now)
                circuits.append(
                    {
                        "endpoint": str(endpoint),
                        "axis": axis,
                        "opens": circuit.opens,
                        "error": health.last_error,
                        "until": wall + left,
                        "left": left,
                    }
                )
    errors = {
        str(endpoint): [health.circuit.errors, health.last_error, health.last_error_at]
        for endpoint, health in guard.records().items()
        if health.circuit.errors and health.circuit.state == "closed"
    }
    return {
        "version": VERSION,
        "pauses": pauses,
        "circuits": circuits,
        "errors": errors,
        "isolated": dict(guard.isolated),
        "quotas": [[name, *level] for name, level in long_quotas(guard, now)],
        "wall": wall,
    }


def long_quotas(guard: Guard, now: float) -> Iterator[tuple[str, tuple[float, float, float]]]:
    """Provider → units of a quota, in how many seconds, and how many are left; of the long ones."""
    for name, limiter in guard.limiters.items():
        for level in limiter.levels(now):
            if level[1] >= LONG:
                yield name, level


def load(document: Any, guard: Guard, now: float, wall: float) -> None:
    """Restore into a fresh guard. ValueError and the like when the document is not one of ours."""
    if document["version"] != VERSION:
        raise ValueError(f"version {document['version']!r}, expected {VERSION}")
    for entry in document["pauses"]:
        kind: Literal["throttled", "blocked"] = "blocked" if entry["kind"] == "blocked" else "throttled"
        left = min(_left(entry, wall), 7 * 86400.0 if kind == "blocked" else LONGEST_BAN)
        if left > 0:
            guard.pause(Cooldown(str(entry["scope"]), kind, str(entry["reason"]), now + left))
    known = {str(endpoint): health for endpoint, health in guard.records().items()}
    for entry in document["circuits"]:
        if (health := known.get(entry["endpoint"])) is not None:
            circuit = health.truth if entry["axis"] == "truth" else health.circuit
            circuit.restore(_left(entry, wall), int(entry["opens"]), now)
            health.last_error = str(entry["error"])
    for name, (errors, said, at) in document.get("errors", {}).items():
        if (health := known.get(name)) is not None:
            health.circuit.recall(int(errors))
            health.last_error, health.last_error_at = str(said), None if at is None else float(at)
    back = max(0.0, wall - float(document.get("wall", wall)))
    for name, size, seconds, left in document.get("quotas", []):
        if (limiter := guard.limiters.get(name)) is not None:
            limiter.restore(
                float(size), float(seconds), float(left) + back * float(size) / float(seconds), now
            )
    guard.isolated.update({str(scope): str(reason) for scope, reason in document["isolated"].items()})


def _left(entry: dict[str, Any], wall: float) -> float:
    return min(max(0.0, float(entry["until"]) - wall), max(0.0, float(entry["left"])))


def _lasting(entry: dict[str, Any]) -> list[Any]:
    """What identifies an entry: its end to the second, not the seconds left, which change all the time."""
    return [round(value) if name == "until" else value for name, value in entry.items() if name != "left"]
