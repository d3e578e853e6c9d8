"""When something that is being used up will be gone: a line through what was left, lately. Pure."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

LOOK_BACK = 6 * 3600.0
"""Seconds of past that the line goes through."""
SPACING = 60.0
"""Seconds between two points at least."""
FEWEST = 10
"""Points below which nothing is said."""


@dataclass(slots=True)
class Burn:
    """One thing: how much was left, when. Times in ``mono`` seconds."""

    points: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=int(LOOK_BACK / SPACING)))

    def seen(self, left: float, now: float) -> bool:
        """So much is left now; whether that is a point of the line."""
        due = not self.points or now - self.points[-1][0] >= SPACING
        if due:
            self.points.append((now, left))
        self.forget(now)
        return due

    def forget(self, now: float) -> None:
        """Let go of what is too long ago."""
        while self.points and now - self.points[0][0] > LOOK_BACK:
            self.points.popleft()

    def gone_in(self, now: float) -> float | None:
        """Seconds until nothing is left if it goes on so; None when it does not shrink, or too little is known.

        The slope is that of least squares; a thing that was filled up in between begins anew.
        """
        points = list(self.points)
        for at in range(len(points) - 1, 0, -1):
            if points[at][1] > points[at - 1][1] * 1.05:
                points = points[at:]
                break
        if len(points) < FEWEST:
            return None
        mean_at = sum(at for at, _ in points) / len(points)
        mean_left = sum(left for _, left in points) / len(points)
        spread = sum((at - mean_at) ** 2 for at, _ in points)
        slope = sum((at - mean_at) * (left - mean_left) for at, left in points) / spread
        last = points[-1][1]
        # Noise around a level that stays is no trend: the line must have come down by a hundredth.
        if slope >= 0 or -slope * (points[-1][0] - points[0][0]) < 0.01 * max(last, 1e-9):
            return None
        return max(0.0, last / -slope - (now - points[-1][0]))


class Burns:
    """Everything that is being used up, by what it is in words; over a restart too."""

    def __init__(self) -> None:
        self._burns: dict[str, Burn] = {}

    def restore(self, points: Iterable[tuple[str, float, float]], now: float, wall: float) -> None:
        """Take up points that were noted before: what, when in UTC seconds, what was left; oldest first."""
        for what, at, left in points:
            if at <= wall:
                self._burns.setdefault(what, Burn()).points.append((now - (wall - at), left))
        for burn in self._burns.values():
            burn.forget(now)

    def seen(self, left: Mapping[str, float], now: float) -> dict[str, float]:
        """So much is left of everything; what is new in their lines, to be noted."""
        self._burns = {what: self._burns.get(what, Burn()) for what in left}
        return {what: left[what] for what, burn in self._burns.items() if burn.seen(left[what], now)}

    def gone_in(self, now: float) -> dict[str, float]:
        """Seconds until it is gone, of what is being used up."""
        found = {what: burn.gone_in(now) for what, burn in self._burns.items()}
        return {what: seconds for what, seconds in found.items() if seconds is not None}
