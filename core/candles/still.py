"""Rows that say that nothing traded: when that is more than a quiet market, and why.

Where rows without a trade are usual, so are rows with a single price: to e^-λ of the first come λe^-λ with one
trade. A market that shows no single prices does not pause by itself, however many of its rows stand still.
"""

from collections.abc import Sequence

import numpy as np

from core.candles.cause import HALT, OUTAGE, UNKNOWN, Witness, quiet_rows
from core.candles.frame import Bars, Bools, Ints

_LIQUID = 1e-3
"""Share of rows without trades, as single prices tell it, below which a market does not pause by itself."""
_LONG = 12
"""Rows from which a market that does not pause is not believed to have paused, even without other evidence."""
_CHANCE = 0.05
"""Expected number of pauses as long below which a stretch is not taken for one of them."""
_FEWEST = 5
"""Other pauses from which their lengths say how long the next may be."""
_PERSIST = 0.9
"""Chance that a pause goes on, at most."""


def judge_flat(
    rows: Bars,
    slot: Ints,
    flat: Sequence[tuple[int, int]],
    siblings: Sequence[Witness],
    elsewhere: Witness | None,
) -> list[tuple[int, int, str]]:
    """Of stretches without trades those that are more than a quiet market: first row, last row, cause."""
    if not flat:
        return []
    votes = [_votes(siblings, int(slot[first]), int(slot[last])) for first, last in flat]
    out = [bool(said) and sum(said) * 3 >= len(said) * 2 for said in votes]
    rate = pause_rate(rows)
    lengths = np.array([last - first + 1 for first, last in flat])
    usual = _usual_pauses(rate, lengths, np.array(out), len(rows))
    found = []
    for (first, last), said, outage, pause, length in zip(
        flat, votes, out, usual, lengths.tolist(), strict=True
    ):
        if outage:
            found.append((first, last, OUTAGE))
        elif pause:
            continue
        elif said and not any(said):
            found.append((first, last, HALT))
        elif elsewhere is not None and elsewhere.vote(int(slot[first]), int(slot[last])) is False:
            # a whole market that stands still while the same one trades elsewhere: the venue was away
            found.append((first, last, UNKNOWN if any(said) else OUTAGE))
        elif not said and length >= _LONG and rate < _LIQUID:
            found.append((first, last, UNKNOWN))
    return found


def pause_rate(rows: Bars) -> float:
    """Share of rows in which nothing trades by chance, from the share of traded rows with a single price."""
    traded = ~quiet_rows(rows)
    count = int(np.count_nonzero(traded))
    share = np.count_nonzero((rows.high == rows.low) & traded) / max(count, 1)
    if share <= 0:
        return 0.0
    trades = 10.0
    for _ in range(50):  # λ ÷ (e^λ − 1) of the rows that traded had one trade
        trades = float(np.log1p(trades / share))
    return float(np.exp(-trades))


def _votes(siblings: Sequence[Witness], first: int, last: int) -> list[bool]:
    """Which siblings fell silent with these slots, of those that can tell."""
    return [vote for witness in siblings if (vote := witness.vote(first, last)) is not None]


def _usual_pauses(rate: float, lengths: Ints, outage: Bools, count: int) -> list[bool]:
    """Whether each stretch is no more than the next pause of a market that pauses so often and so long."""
    if rate < _LIQUID:
        return [False] * len(lengths)
    pauses = lengths[~outage & (lengths < _LONG)]
    beside = _usual_beside(lengths)
    found = []
    for length in lengths.tolist():
        others = len(pauses) - (length < _LONG)
        persist = np.sqrt(rate)
        if others >= _FEWEST:
            mean = (pauses.sum() - length * (length < _LONG)) / others
            persist = max(persist, 1 - 1 / mean)
        expected = count * rate * min(persist, _PERSIST) ** (length - 1)
        found.append(bool(expected >= _CHANCE or length <= 4 * beside[length]))
    return found


def _usual_beside(lengths: Ints) -> dict[int, float]:
    """For each length of a stretch the 95 % quantile of all the others' lengths; 0 when these are few."""
    ordered = np.sort(lengths)
    known, first = np.unique(ordered, return_index=True)
    if len(ordered) <= 10:
        return dict.fromkeys(known.tolist(), 0.0)
    place = 0.95 * (len(ordered) - 2)
    low, share = int(place), place % 1

    def without(gone: int, at: int) -> float:
        return float(ordered[at + (at >= gone)])

    return {
        int(length): without(gone, low) * (1 - share) + without(gone, min(low + 1, len(ordered) - 2)) * share
        for length, gone in zip(known.tolist(), first.tolist(), strict=True)
    }
