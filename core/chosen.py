"""An indicator with its parameters as a word: ``rsi(14)``, ``macd(12,26,9)``, ``obv``. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.indicators import Declaration, NotEnoughCandles, NoVolume, compute, find

_WORD = re.compile(r"\s*([A-Za-z][\w%. -]*?)\s*(?:\(([^()]*)\))?\s*")
_BETWEEN = re.compile(r",(?![^(]*\))")
LONGEST = 100
"""Signs of one word; the patterns take the square of them."""
MOST = 50
"""Words at a time."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """One indicator with all of its parameters."""

    declared: Declaration
    params: Mapping[str, int | float]

    @property
    def word(self) -> str:
        """``macd(12,26,9)``: what :func:`parse` reads."""
        return self.declared.name + (f"({self._values(',')})" if self.params else "")

    @property
    def label(self) -> str:
        """For people: ``RSI(14)``, ``Bollinger bands (20, 2)``."""
        name = self.declared.name
        short = len(name) <= 4
        told = name.upper() if short else self.declared.title
        return told + (f"{'' if short else ' '}({self._values(', ')})" if self.params else "")

    @property
    def needed(self) -> int:
        """Candles in a row until the first value."""
        return self.declared.needed(**self.params)

    @property
    def converged(self) -> int:
        """Candles in a row until the value no longer depends on where they begin."""
        return self.declared.converged(**self.params)

    def compute(self, frame: pd.DataFrame, interval: str) -> pd.DataFrame:
        """As :func:`core.indicators.compute`, with what that raises."""
        params: dict[str, Any] = dict(self.params)
        return compute(frame, self.declared.name, interval=interval, **params)

    def _values(self, between: str) -> str:
        return between.join(f"{value:g}" for value in self.params.values())


def parse(word: str) -> Chosen:
    """The indicator that a word names; parameters in their order, those left out by default.

    ValueError says what is wrong with it, and what is expected.
    """
    match = _WORD.fullmatch(word) if len(word) <= LONGEST else None
    if match is None:
        raise ValueError(f"indicators={word[:40]!r}: expected words like rsi(14) or macd(12,26,9)")
    declared = find(match[1])
    given = [text.strip() for text in match[2].split(",")] if match[2] else []
    names = list(declared.parameters)
    if len(given) > len(names):
        taken = f"{declared.name}({', '.join(names)})" if names else f"{declared.name}, which takes nothing"
        raise ValueError(f"indicators={word[:40]!r}: expected {taken}")
    return Chosen(declared, declared.check(read(declared, dict(zip(names, given, strict=False)))))


def read(declared: Declaration, texts: Mapping[str, str]) -> dict[str, object]:
    """Parameters from text in their declared types; what is no number stays text, for the check to name."""
    return {name: _number(declared, name, text) for name, text in texts.items()}


def parse_all(words: Iterable[str]) -> tuple[list[Chosen], list[str]]:
    """Those that are indicators, each once, and what is wrong with the others. Commas part words, too."""
    chosen: dict[str, Chosen] = {}
    problems = []
    for text in words:
        if len(text) > MOST * LONGEST:
            problems.append(f"indicators={text[:40]!r}…: expected at most {MOST * LONGEST:,} signs")
            continue
        for word in filter(str.strip, _BETWEEN.split(text)):
            if len(chosen) + len(problems) >= MOST:
                problems.append(f"indicators: expected at most {MOST} of them")
                return list(chosen.values()), problems
            try:
                one = parse(word)
            except ValueError as error:
                problems.append(str(error))
            else:
                chosen.setdefault(one.word, one)
    return list(chosen.values()), problems


def columns(chosen: Iterable[Chosen], frame: pd.DataFrame, interval: str) -> pd.DataFrame:
    """All outputs on the frame's index, named ``rsi(14)`` or ``macd(12,26,9) signal``; NaN where undefined.

    The share that rests on repaired candles is ``rsi(14) repaired``. What cannot be computed is absent.
    """
    found: dict[str, pd.Series[float]] = {}
    for one in chosen:
        try:
            values = one.compute(frame, interval)
        except (NotEnoughCandles, NoVolume):
            continue
        for name in values.columns:
            column = one.word if name == one.declared.name else f"{one.word} {name}"
            found[column] = values[name].reindex(frame.index)
    return pd.DataFrame(found, index=frame.index, dtype=np.float64)


def _number(declared: Declaration, name: str, text: str) -> Any:
    whole = name in declared.parameters and declared.parameters[name].type is int
    try:
        return int(text) if whole else float(text)
    except ValueError:
        return text
