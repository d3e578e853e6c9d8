"""Is it they, or is it we? Pure; ``mono`` seconds.

While nobody at all answers, connection failures are held back instead of counted: a machine that is offline
must not come back to a field of open circuits.
"""


class Connectivity:
    """When anybody was last heard, and whether this machine is thought to be offline."""

    __slots__ = ("last_heard", "offline")

    def __init__(self) -> None:
        self.last_heard: float | None = None
        self.offline = False

    def heard(self, now: float) -> None:
        """Any HTTP response arrived, whatever it said."""
        self.last_heard = now
        self.offline = False

    def heard_since(self, moment: float) -> bool:
        """Whether anybody answered at or after this moment."""
        return self.last_heard is not None and self.last_heard >= moment

    def nobody_answers(self) -> None:
        """Independent hosts were tried, and not one could be reached."""
        self.offline = True
