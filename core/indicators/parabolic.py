"""Wilder's parabolic stop and reverse: a state, one candle after the other."""

import numpy as np

from core.indicators.declare import Array, Columns, Declaration, Parameter, parameters

State = tuple[float, float, float, float, float, float]
"""Direction (1 or -1), stop of the next row, extreme, acceleration, last low, last high."""


def _begin(c: Columns, step: float) -> State:
    """From the first two candles: falling only when the second reached further down than up."""
    (high, next_high), (low, next_low) = c.high[:2].tolist(), c.low[:2].tolist()
    falling = low - next_low > max(0.0, next_high - high)
    way, sar, extreme = (-1.0, high, next_low) if falling else (1.0, low, next_high)
    return way, sar, extreme, step, next_low, next_high


def _psar(c: Columns, state: State | None, step: float, max_step: float) -> tuple[tuple[Array, ...], State]:
    """One loop, as if the price always rose: while it falls, everything is mirrored at zero."""
    skipped = int(state is None)
    way, sar, extreme, speed, last_low, last_high = state or _begin(c, step)
    highs = np.concatenate(([last_high], c.high[skipped:]))
    lows = np.concatenate(([last_low], c.low[skipped:]))
    risen, fallen = (highs.tolist(), lows.tolist()), ((-lows).tolist(), (-highs).tolist())
    ahead, behind = risen if way > 0 else fallen
    turned = np.full(len(highs), 1.0)
    turned[0] = way
    sar, extreme, last = way * sar, way * extreme, behind[0]
    stops: list[float] = []
    for row in range(1, len(highs)):
        front, back = ahead[row], behind[row]
        if back <= sar:
            way, speed, turned[row] = -way, step, -1.0
            sar = -max(extreme, ahead[row - 1], front)
            ahead, behind = risen if way > 0 else fallen
            extreme, back, last = ahead[row], behind[row], behind[row - 1]
        elif front > extreme:
            extreme = front
            speed = min(speed + step, max_step)
        stops.append(sar)
        sar += speed * (extreme - sar)
        if sar > last:  # noqa: PLR1730 - the builtin costs as much as the rest of the loop
            sar = last
        if sar > back:  # noqa: PLR1730 - as above
            sar = back
        last = back
    psar, trend = np.full((2, len(c.high)), np.nan)
    trend[skipped:] = np.cumprod(turned)[1:]
    psar[skipped:] = stops * trend[skipped:]
    return (psar, trend), (way, way * sar, way * extreme, speed, float(lows[-1]), float(highs[-1]))


PSAR = Declaration(
    name="psar",
    title="Parabolic stop and reverse",
    family="trend",
    outputs=("psar", "trend"),
    inputs=("high", "low"),
    overlay=True,
    memory="origin",
    parameters=parameters([Parameter("step", 0.02, 0.001, 1.0), Parameter("max_step", 0.2, 0.001, 1.0)]),
    kernel=_psar,
    least=lambda **_: 2,
    source="J. W. Wilder, New Concepts in Technical Trading Systems, 1978",
    differs="As TA-Lib: the stop is held clear of the last two candles before it is tested. ta tests first, "
    "always begins rising, and returns broken rows on any index but 0..n-1; it is up to 1 % away.",
    aliases=("sar", "parabolic_sar"),
)
