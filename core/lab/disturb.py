"""What data faults do to a body."""

import random
import re
from collections.abc import Callable, Iterable
from typing import Any

from core.lab.faults import Fault
from core.lab.venue import Reply

_TAG = re.compile(r"<(/?)([A-Za-z][\w:]*)")


def disturb(reply: Reply, faults: Iterable[Fault], chance: random.Random) -> None:
    """Let the data faults have their way with a reply, in place. Errors of the venue stay as they are."""
    for fault in faults:
        if reply.status == 200 and (act := _DATA.get(fault.fault)):
            act(reply, fault, chance)


def _gap(reply: Reply, fault: Fault, chance: random.Random) -> None:
    """Rows are missing in the middle; the first and the last stay."""
    for table in reply.tables:
        count = min(fault.rows, len(table) - 2)
        if count > 0:
            first = chance.randint(1, len(table) - 1 - count)
            del table[first : first + count]


def _duplicate(reply: Reply, fault: Fault, chance: random.Random) -> None:
    """Rows stand twice, one after the other."""
    for table in reply.tables:
        for _ in range(min(fault.rows, len(table))):
            place = chance.randrange(len(table))
            table.insert(place, table[place])


def _spike(reply: Reply, fault: Fault, chance: random.Random) -> None:
    """One row's prices are many times what they were, in the form they had."""
    for table in reply.tables[:1]:
        if table:
            place = chance.randrange(len(table))
            row = table[place].copy()
            for column in reply.prices:
                row[column] = _times(row[column], fault.factor)
            if isinstance(row, dict):
                table[place].update(row)
            else:
                table[place][:] = row


def _times(price: Any, factor: float) -> Any:
    if isinstance(price, str):
        return f"{float(price) * factor:.{len(price.partition('.')[2])}f}"
    return round(price * factor, 8)


def _unsorted(reply: Reply, fault: Fault, chance: random.Random) -> None:
    """Rows in a wrong order."""
    del fault
    for table in reply.tables:
        before = table.copy()
        if len(table) > 1:
            chance.shuffle(table)
            if table == before:
                table.reverse()


def _drift(reply: Reply, fault: Fault, chance: random.Random) -> None:
    """The shape changed overnight: keys have other names, columns have moved."""
    del fault, chance
    reply.body = _drifted(reply.body)


def _drifted(part: Any) -> Any:
    if isinstance(part, dict):
        return {f"{name}V2": _drifted(value) for name, value in part.items()}
    if isinstance(part, str) and part.lstrip().startswith("<"):
        return _TAG.sub(r"<\1\2V2", part)
    if isinstance(part, list):
        moved = part[1:] + part[:1] if part and not isinstance(part[0], dict | list) else part
        return [_drifted(value) for value in moved]
    return part


_DATA: dict[str, Callable[[Reply, Fault, random.Random], None]] = {
    "gap": _gap,
    "duplicate": _duplicate,
    "spike": _spike,
    "unsorted": _unsorted,
    "schema_drift": _drift,
}
