"""Is it they, or is it we? Pure; ``mono`` seconds.

While nobody at all answers, connection failures are held back instead of counted: a machine that is offline
must not come back to a field of open circuits.
"""

LONG = 60.0
"""Seconds without any response after which silence on all sides may well be ours."""


class Connectivity:
    """When anybody was last heard, and whether this machine is thought to be offline."""

    __slots__ = ("last_heard", "offline", "responses")

    def __init__(self) -> None:
        self.responses = 0
        """HTTP responses so far. A count and no stamp: two things may happen at one moment."""
        self.last_heard: float | None = None
        self.offline = False

    def heard(self, now: float) -> None:
        """Any HTTP response arrived, whatever it said."""
        self.responses += 1
        self.last_heard = now
        self.offline = False

    def heard_since(self, responses: int) -> bool:
        """Whether anybody has answered since there were so many responses."""
        return self.responses > responses

    def long_unheard(self, now: float) -> bool:
        """Whether the last response, if there was one, is long ago."""
        return self.last_heard is None or now - self.last_heard > LONG

    def nobody_answers(self) -> None:
        """Independent hosts were tried, and not one could be reached."""
        self.offline = True
