"""What an indicator is, said once: parameters, outputs, inputs, how many candles it takes, and its kernel."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from core.market import Family

Array = npt.NDArray[np.float64]
Memory = Literal["window", "fading", "origin"]

WINDOW_MOST = 1000
"""No window is longer than this many candles."""

FADED = 1e-9
"""A recursion has converged when what it started from weighs less than this."""


@dataclass(frozen=True, slots=True)
class Columns:
    """One unbroken run of candles as float64 arrays of equal length. Only the declared inputs are set."""

    high: Array = field(default_factory=lambda: np.empty(0))
    low: Array = field(default_factory=lambda: np.empty(0))
    close: Array = field(default_factory=lambda: np.empty(0))
    volume: Array = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: whole numbers when its default is an int, else floats, from ``low`` to ``high``."""

    name: str
    default: int | float
    low: int | float
    high: int | float

    @property
    def type(self) -> type[int] | type[float]:
        """``int`` or ``float``."""
        return type(self.default)

    def check(self, value: object) -> int | float:
        """The value in its own type. ValueError names field, value and range."""
        whole = self.type is int
        if not isinstance(value, bool | np.bool_):
            if whole and isinstance(value, int | np.integer) and self.low <= value <= self.high:
                return int(value)
            if not whole and isinstance(value, int | float | np.number) and self.low <= value <= self.high:
                return float(value)
        kind = "a whole number" if whole else "a number"
        raise ValueError(f"{self.name}={str(value)[:40]!r}: expected {kind} from {self.low} to {self.high}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """One indicator.

    ``memory`` says what a value rests on. *window*: the last :meth:`needed` candles and nothing else.
    *fading*: all candles of the run, the older the less; after :meth:`converged` candles what it started from
    weighs less than 1e-9. *origin*: all candles since the run began; a running total, of which only the
    changes mean something, or a state that only later candles can clear (PSAR).

    ``by`` is who computes it: ``ta``, behind the guards of this package, or ``own`` where ta is slow or
    wrong (``differs`` says how). ``fast`` is true where TA-Lib, when the extra is installed, carries the
    recursion or the running extreme; the values are the same.
    """

    name: str
    title: str
    family: Family
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    kernel: Callable[..., Any]
    """window and fading: ``(columns, **params) -> tuple of arrays``, NaN where undefined. origin:
    ``(columns, state, **params) -> (tuple of arrays, state)``, with None for a run that begins."""
    source: str
    """Where the definition stands."""
    least: Callable[..., int]
    settled: Callable[..., int] | None = None
    """None: converged as soon as it is defined."""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    memory: Memory = "window"
    overlay: bool = False
    """Drawn over the candles; otherwise in a pane of its own."""
    by: Literal["ta", "own"] = "own"
    fast: bool = False
    ascending: tuple[str, ...] = ()
    """Parameters that must grow in this order."""
    aliases: tuple[str, ...] = ()
    """Its names in ta and TA-Lib, where they are others."""
    differs: str = ""
    """How its values differ from those of TA-Lib or ta, and why."""

    def check(self, params: Mapping[str, object]) -> dict[str, int | float]:
        """All parameters, defaults filled in. ValueError names field, value and what is allowed."""
        for name in params:
            if name not in self.parameters:
                allowed = ", ".join(self.parameters) or "none"
                raise ValueError(f"{name!r} is no parameter of {self.name}: expected {allowed}")
        values = {name: one.check(params.get(name, one.default)) for name, one in self.parameters.items()}
        for small, large in zip(self.ascending, self.ascending[1:], strict=False):
            if values[small] >= values[large]:
                raise ValueError(f"{small}={values[small]}: expected less than {large}={values[large]}")
        return values

    def needed(self, **params: object) -> int:
        """Candles in a row until the first value."""
        return self.least(**self.check(params))

    def converged(self, **params: object) -> int:
        """Candles in a row until the value no longer depends on where the run began; never below needed."""
        values = self.check(params)
        return max(self.least(**values), (self.settled or self.least)(**values))


def windows(low: int = 2, **defaults: int) -> Mapping[str, Parameter]:
    """Window lengths in candles, from ``low`` to 1000."""
    return parameters(Parameter(name, default, low, WINDOW_MOST) for name, default in defaults.items())


def parameters(several: Iterable[Parameter]) -> Mapping[str, Parameter]:
    """Parameters by name, in this order, unchangeable."""
    return MappingProxyType({one.name: one for one in several})


def fade(alpha: float) -> int:
    """Steps after which a recursion that weighs its newest input with ``alpha`` has forgotten its start."""
    return math.ceil(math.log(FADED) / math.log1p(-alpha)) if alpha < 1 else 1


def fade_ema(window: int) -> int:
    """The same for an exponential mean over ``window``: alpha = 2 / (window + 1)."""
    return fade(2 / (window + 1))


def fade_wilder(window: int) -> int:
    """The same for Wilder's mean over ``window``: alpha = 1 / window."""
    return fade(1 / window)
