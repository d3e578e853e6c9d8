"""Patterns and symbols that are made to take for ever."""

import ast
import importlib
import inspect
import pkgutil
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import FrameType
from typing import Any

import pytest

import core
from core.catalog import Catalog
from core.chosen import parse_all
from core.engine.proxy import _declared
from core.export_repair import file_name
from core.hub import Hub
from core.indicators import find
from core.market import CandleQuery
from core.ui.words import plain
from core.wire.words import plain_text

LONG = 20_000
"""Signs: what takes their square takes seconds, what takes more takes for ever."""
PATIENCE = 0.7
"""Seconds for one pattern and one text."""
BITS = (
    "a",
    "A1",
    "0",
    "0.",
    "-",
    ".",
    "/",
    " ",
    ",",
    "(",
    "a(",
    "<",
    "a.",
    "a=",
    "=",
    "&",
    "\\{a",
    "\n",
    ".csv",
)
ENDS = ("", "!", "\x00")
CAPPED = {
    ("core.candles.dates", "_ZONE_NAME"): 90,
    ("core.chosen", "_WORD"): 100,
    ("core.chosen", "_BETWEEN"): 5000,
    ("core.ops.patterns.bursts", "_CHANGING"): 1000,
    ("core.export_repair", r"(\.(csv|tsv|txt|jsonl?|parquet|feather|arrow|gz))+$"): 200,
    ("core.rest.hardening", "_INLINE"): 3000,  # sees a file of an installed package, and nothing else
}
"""Patterns that take a square, and how many signs their callers let through: tested below."""
USES = {
    "sub": lambda pattern, text: pattern.sub("", text),
    "split": lambda pattern, text: pattern.split(text),
    "findall": lambda pattern, text: pattern.findall(text),
    "finditer": lambda pattern, text: list(pattern.finditer(text)),
    "search": lambda pattern, text: pattern.search(text),
    "match": lambda pattern, text: pattern.match(text),
    "fullmatch": lambda pattern, text: pattern.fullmatch(text),
}


@cache
def _uses() -> dict[tuple[str, ...], re.Pattern[str]]:
    """Every pattern of the package with each way it is used: (module, its name or text, method)."""
    found: dict[tuple[str, ...], re.Pattern[str]] = {}
    for one in pkgutil.walk_packages(core.__path__, "core."):
        if one.name.endswith("__main__") or one.name == "core.ui.router":
            continue
        module = importlib.import_module(one.name)
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if not (
                isinstance(node, ast.Attribute) and node.attr in USES and isinstance(node.value, ast.Name)
            ):
                continue
            value = getattr(module, node.value.id, None)
            if isinstance(value, re.Pattern):
                found[one.name, node.value.id, node.attr] = value
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func).startswith("re.")
                and ast.unparse(node.func)[3:] in USES
                and isinstance(node.args[0], ast.Constant)
            ):
                text = str(node.args[0].value)
                found[one.name, text, ast.unparse(node.func)[3:]] = re.compile(text)
    for provider in Catalog.load().values():
        for method in ("GET", "POST") if hasattr(provider, "declaration") else ():
            for pattern, _ in _declared(provider, method):
                found["core.engine.proxy", pattern.pattern, "match"] = pattern
    return found


class TooLong(Exception):
    """The clock rang."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """TooLong when it takes longer; patterns look at signals while they search."""

    def rang(number: int, frame: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, rang)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_the_clock_rings() -> None:
    with pytest.raises(TooLong), within(0.2):
        re.fullmatch("(a+)+", "a" * 40 + "!")


def test_no_pattern_takes_long_whatever_it_is_given() -> None:
    uses = _uses()
    assert len(uses) > 40
    for text in (f"{bit * (LONG // len(bit))}{end}" for bit in BITS for end in ENDS):
        for (module, name, method), pattern in uses.items():
            given = text[: CAPPED.get((module, name), LONG + 1)]
            try:
                with within(PATIENCE):
                    USES[method](pattern, given)
            except TooLong:
                pytest.fail(f"{module} {name}.{method} on {text[:6]!r} … {text[-6:]!r}")


def _problems(text: str) -> None:
    chosen, problems = parse_all([text])
    assert not chosen
    assert len(problems) <= 52
    assert all(len(problem) < 4000 for problem in problems)


def _refused(read: Callable[[str], object]) -> Callable[[str], None]:
    def tried(text: str) -> None:
        with pytest.raises(ValueError, match=r"expected|unknown"):
            read(text)

    return tried


FREE_TEXT: dict[str, Callable[[str], object]] = {
    "indicators": _problems,
    "indicator": _refused(find),
    "symbol": _refused(lambda text: CandleQuery(text, "1h")),
    "a file's name": lambda text: file_name(text, "repaired", "csv"),
    "words on a page": plain,
    "words of a provider": lambda text: plain_text(text, 200),
}


@pytest.mark.parametrize("what", FREE_TEXT)
def test_free_text_is_read_or_refused_soon(what: str) -> None:
    for bit in (*BITS, "rsi,", "rsi(", "a" + " " * 500 + "!", "rsi(14),xyz,"):
        with within(PATIENCE):
            FREE_TEXT[what](bit * (LONG // len(bit)))


SYMBOLS = (
    "A" * LONG + "/USDT",
    "BTC/" + "A1" * LONG,
    "/" * LONG,
    "BTC/USDT" * (LONG // 8),
    "BTC/USDT\x00",
    "../../../../etc/passwd",
    "..\\..\\x/USDT",
    "BTC/USDT?x=1&y=2#z",
    "BTC/USDT\r\nHost: evil.example",
    "@169.254.169.254/USDT",
    "evil.example:80/USDT",
    "BTC%2f..%2f/USDT",
    "<script>/USDT",
    "ＢＴＣ/USDT",
    "",
)


@pytest.mark.parametrize("symbol", SYMBOLS, ids=lambda symbol: ascii(symbol[:24]))
def test_a_symbol_is_a_symbol(symbol: str) -> None:
    with within(PATIENCE), pytest.raises(ValueError, match="symbol") as refused:
        CandleQuery(symbol, "1h")
    assert len(str(refused.value)) < 400


def test_a_question_takes_no_longer_for_a_strange_text(lab_hub: Hub, here: Any) -> None:
    lab_hub.symbols("BTC")
    for path in ("symbols", "news", "candles", "journal", "sentiment", "indicators"):
        for name, text in {
            "symbol": SYMBOLS[0],
            "text": "(" * 3000,
            "topic": "a " * 2000,
            "indicators": "x," * 9000,
            "name": "a" * LONG,
        }.items():
            began = time.monotonic()
            response = here.send("GET", f"/api/v1/{path}", params={name: text})
            assert response.status_code < 500
            assert time.monotonic() - began < 3, (path, name)
