"""What the sources of a repair are good for: which can be used, what they say of causes, what they have for rows."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from core.candles.agree import Second, second_of
from core.candles.cause import FETCH, Witness, causes_of
from core.candles.inspection import Inspection
from core.candles.lookup import distinct
from core.candles.mend import suspects_of
from core.candles.policy import RepairPolicy
from core.candles.venue import Fill, elsewhere, same


def usable(
    found: Inspection, sources: Mapping[str, pd.DataFrame] | None, policy: RepairPolicy
) -> tuple[list[Second], list[str]]:
    """Sources that can be used, best first, and why others cannot."""
    seconds, refused = [], []
    for name, frame in sorted((sources or {}).items()) if policy.use_sources else ():
        second, why = second_of(frame, name, found.attrs, (found.rows, found.shape.slot), found.shape.step,
                                found.shape.offset)  # fmt: skip
        if second is not None and len(second.slot):
            seconds.append(second)
        elif why:
            refused.append(why)
    return sorted(seconds, key=lambda second: ("again", "finer", "venue").index(second.kind)), refused


def asked_again(found: Inspection, seconds: list[Second]) -> Inspection:
    """The causes once more, now that the same venue was asked again."""
    again = [second for second in seconds if second.kind != "venue"]
    if not again or not len(found.gaps):
        return found
    slots = distinct(np.concatenate([second.slot for second in again]))
    witness = Witness(slots, int(slots[0]), int(slots[-1]))
    said = causes_of(found.rows, found.gaps, [], witness, None)
    causes = [new if new == FETCH else old for new, old in zip(said, found.causes, strict=True)]
    return replace(found, causes=causes)


def for_rows(
    found: Inspection, seconds: list[Second], policy: RepairPolicy, *, judged: bool
) -> dict[int, Fill]:
    """What sources have for slots whose rows are not believed."""
    fills: dict[int, Fill] = {}
    if not seconds:
        return fills
    rows, slot = found.rows, found.shape.slot
    doubtful = suspects_of(found, policy, judged=judged)
    sure = np.setdiff1d(np.arange(len(rows)), doubtful, assume_unique=True)
    clean, clean_slot = rows.take(sure), slot[sure]
    for place in slot[doubtful].tolist():
        for second in seconds:
            if second.kind == "venue":
                got = elsewhere(second, clean, clean_slot, place, place, found.flaws.scale.whole, policy)
            else:
                got = same(second, np.array([place]), volume=rows.volume is not None) or ""
            if isinstance(got, Fill):
                fills[place] = got
                break
    return fills
