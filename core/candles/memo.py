"""The last inspection is remembered with the frame that it saw, since people audit a series and then repair it.

Safe by pandas' copy-on-write: a shallow copy is kept beside it, so whatever writes to the frame afterwards gives
the frame arrays of its own, and these are no longer the ones that were seen. It is forgotten with the frame.
"""

import weakref
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import pandas as pd

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Seen(Generic[T]):
    frame: "weakref.ref[pd.DataFrame]"
    view: pd.DataFrame
    attrs: str
    key: tuple[Any, ...]
    value: T


class Last(Generic[T]):
    """One value, of one frame and one key."""

    def __init__(self) -> None:
        self._seen: _Seen[T] | None = None

    def get(self, frame: object, key: tuple[Any, ...]) -> T | None:
        """What was remembered for this very frame, if nothing has been written to it since."""
        seen = self._seen
        if (
            seen is None
            or seen.key != key
            or not isinstance(frame, pd.DataFrame)
            or seen.frame() is not frame
        ):
            return None
        same = frame.index.is_(seen.view.index) and list(frame.columns) == list(seen.view.columns)
        same = same and _addresses(frame) == _addresses(seen.view) and repr(frame.attrs) == seen.attrs
        return seen.value if same else None

    def put(self, frame: object, key: tuple[Any, ...], value: T) -> None:
        """Remember this and forget what was before."""
        if isinstance(frame, pd.DataFrame) and all(
            isinstance(dtype, np.dtype | pd.CategoricalDtype) for dtype in frame.dtypes
        ):
            gone = weakref.ref(frame, self._forget)
            self._seen = _Seen(gone, frame.copy(deep=False), repr(frame.attrs), key, value)

    def _forget(self, gone: "weakref.ref[pd.DataFrame]") -> None:
        if self._seen is not None and self._seen.frame is gone:
            self._seen = None


def _addresses(frame: pd.DataFrame) -> list[object]:
    """Where each column's values lie."""
    found: list[object] = []
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        values = column.array
        held = values.codes if isinstance(values, pd.Categorical) else column.to_numpy()
        found.append(held.__array_interface__["data"][0])
        found += [tuple(values.categories)] if isinstance(values, pd.Categorical) else []
    return found
