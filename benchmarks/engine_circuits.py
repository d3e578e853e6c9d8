"""Closed and open circuits, beside those of other libraries."""

import contextlib
import importlib
import random
import time
from collections.abc import Callable
from typing import Any

from engine_table import Table, each, fails, in_turn, nothing, shown

from core.engine.breaker import Breaker, BreakerPolicy


def closed_circuit() -> Callable[[], object]:
    circuit = Breaker(BreakerPolicy(), random.Random(1))
    clock = time.monotonic

    def call() -> None:
        if permit := circuit.allow(clock()):
            nothing()
            circuit.success(permit, clock())

    return call


def open_circuit() -> Callable[[], object]:
    circuit = Breaker(BreakerPolicy(first=3600, longest=3600), random.Random(1))
    for _ in range(3):
        circuit.failure(circuit.allow(time.monotonic()), time.monotonic())
    clock = time.monotonic
    return lambda: circuit.allow(clock()) and nothing()


def others() -> dict[str, "Pair | None"]:
    """By library: a call through its closed circuit, and through its open one. None: not installed."""
    return {"pybreaker": _pybreaker(), "purgatory": _purgatory(), "circuitbreaker": _circuitbreaker()}


Pair = tuple[Callable[[], object], Callable[[], object]]


def _pybreaker() -> Pair | None:
    if (library := _library("pybreaker")) is None:
        return None
    well, ill = (library.CircuitBreaker(fail_max=3, reset_timeout=3600) for _ in range(2))
    refused = _tripped(lambda: ill.call(fails), lambda: ill.call(nothing), library.CircuitBreakerError)
    return (lambda: well.call(nothing)), refused


def _purgatory() -> Pair | None:
    if (library := _library("purgatory")) is None:
        return None
    factory = library.SyncCircuitBreakerFactory(default_threshold=3, default_ttl=3600)
    refusal = importlib.import_module("purgatory.domain.model").OpenedState
    return factory("well")(nothing), _tripped(factory("ill")(fails), factory("ill")(nothing), refusal)


def _circuitbreaker() -> Pair | None:
    if (library := _library("circuitbreaker")) is None:
        return None
    well, ill = (library.CircuitBreaker(failure_threshold=3, recovery_timeout=3600) for _ in range(2))
    return well(nothing), _tripped(ill(fails), ill(nothing), library.CircuitBreakerError)


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _tripped(
    failing: Callable[[], object], call: Callable[[], object], refusal: type[Exception]
) -> Callable[[], object]:
    """A call that is refused, after enough failures that it is."""
    for _ in range(4):
        with contextlib.suppress(ValueError, refusal):
            failing()

    def refused() -> None:
        try:
            call()
        except refusal:
            return

    return refused


def circuits(table: Table, rounds: int) -> None:
    count = 100_000
    libraries = others()
    there = {name: pair for name, pair in libraries.items() if pair is not None}
    for place, (what, own, aim) in enumerate(
        [("closed circuit", closed_circuit(), 0.4e-6), ("open circuit, refusal", open_circuit(), 0.3e-6)]
    ):
        runs = [each(own, count)] + [each(pair[place], count // 5) for pair in there.values()]
        ours, *theirs = in_turn(rounds, *runs)
        for name, other in zip(there, theirs, strict=True):
            met = ours <= aim and ours < other
            table.line(f"{what}, beside {name}", ours, other, f"≤ {shown(aim)}, ahead", met)
        if not there:
            table.line(what, ours, None, f"≤ {shown(aim)}", ours <= aim)
        for name in sorted(libraries.keys() - there.keys()):
            print(f"{what + ', beside ' + name:62}{'not installed':>24}")
