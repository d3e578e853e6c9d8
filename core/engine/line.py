"""Who may still be asked in one call, worked out only as far as it is needed. Pure."""

from collections import deque
from collections.abc import Iterable, Iterator

from core.engine.candidates import Candidate, Unserved

Entry = Candidate | Unserved


class Line:
    """Candidates in order; some may be put back, or asked once more."""

    __slots__ = ("_ahead", "_rest")

    def __init__(self, ranked: Iterator[Entry]) -> None:
        self._rest = ranked
        self._ahead: deque[Entry] = deque()
        """Taken from the ranking already, but not asked."""

    def __bool__(self) -> bool:
        """Whether anybody is left."""
        return bool(self._ahead) or self._pull() is not None

    def take(self) -> Entry:
        """The next one. IndexError when nobody is left."""
        if not self._ahead:
            self._pull()
        return self._ahead.popleft()

    def put_back(self, entries: Iterable[Entry]) -> None:
        """In front, in this order."""
        self._ahead.extendleft(reversed(list(entries)))

    def again(self, candidate: Candidate) -> None:
        """Behind the other hosts that stand in line for the same of the same provider, or else in front."""
        place = last = 0
        while place < len(self._ahead) or self._pull() is not None:
            entry = self._ahead[place]
            place += 1
            if _alike(entry, candidate):
                last = place
            elif entry is self._ahead[-1]:
                break  # a provider's hosts stand together in the ranking
        self._ahead.insert(last, candidate)

    def _pull(self) -> Entry | None:
        entry = next(self._rest, None)
        if entry is not None:
            self._ahead.append(entry)
        return entry


def _alike(entry: Entry, candidate: Candidate) -> bool:
    same = isinstance(entry, Candidate) and entry.query == candidate.query
    return same and entry.provider is candidate.provider
