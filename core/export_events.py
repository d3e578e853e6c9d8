"""The journal as files: CSV that no spreadsheet runs, and JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from core.export import csv_bytes
from core.ops.events import Event

_ALWAYS = ("kind", "target", "who", "detail")


def events_csv(told: Mapping[str, object], events: Sequence[Event]) -> bytes:
    """A line an event; what only some kinds have is JSON in ``data``. Times are UTC.

    ``told`` stands above it in lines that begin with ``#``. No text can act as a spreadsheet formula.
    """
    rows = [event.as_dict() for event in events]
    table = pd.DataFrame(
        {
            "id": [row["id"] for row in rows],
            **{name: [row[name] for row in rows] for name in _ALWAYS},
            "data": [json.dumps(_own(row)) for row in rows],
        },
        index=pd.to_datetime([row["time"] for row in rows], unit="s", utc=True),
    )
    return csv_bytes(told, table)


def events_json(told: Mapping[str, object], events: Sequence[Event]) -> bytes:
    """``{"about": …, "events": […]}``; ``time`` in UTC seconds since 1970."""
    return json.dumps(
        {"about": dict(told), "events": [event.as_dict() for event in events]}, indent=1
    ).encode()


def _own(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in {"id", "time", *_ALWAYS}}
