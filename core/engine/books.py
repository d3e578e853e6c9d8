"""The books of the endpoints: what every try did to health and pauses, and who hears of it. Plain calls, no I/O."""

import asyncio
from dataclasses import replace
from typing import Literal

from core.answer import Attempt, Forbidden, Outcome, ProviderDown, Throttled, UnknownSymbol
from core.clock import Clock
from core.engine.candidates import Candidate
from core.engine.classify import Failure, classify
from core.engine.connectivity import Connectivity
from core.engine.cooldown import Cooldown, throttled_for
from core.engine.guard import Guard, scopes
from core.engine.health import Health, Permits
from core.engine.keys import Keys, Used
from core.engine.result import Result
from core.settings import Settings


class Books:
    """Enters each try once: in the result's attempts, in the endpoint's health, and with the observer."""

    def __init__(
        self, settings: Settings, clock: Clock, guard: Guard, connectivity: Connectivity, keys: Keys
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._guard = guard
        self._connectivity = connectivity
        self._keys = keys

    def health(self, candidate: Candidate) -> Health:
        """The record of the candidate's endpoint."""
        return self._guard.health(candidate.provider, candidate.query.capability, candidate.host)

    def succeeded(
        self,
        result: Result,
        health: Health,
        permits: Permits,
        status: int | None,
        elapsed: float,
        *,
        judged: bool,
    ) -> None:
        """A value came back, whole or partial; not ``judged`` when it is yet to be held against others."""
        candidate, partial = result.candidate, result.partial
        outcome: Outcome = "partial" if partial else "ok"
        health.succeeded(permits, outcome, elapsed, self._clock.mono(), self._clock.now(), judged=judged)
        self.tell(candidate, outcome, partial, status, elapsed, blamed=False)
        reason = "; ".join(part for part in (candidate.how, partial) if part)
        result.attempts.append(_attempt(result, outcome, reason, status, elapsed))

    def failed(
        self,
        result: Result,
        health: Health,
        permits: Permits,
        failure: Failure,
        elapsed: float,
        mark: int,
    ) -> None:
        """Hold the failure against the endpoint, now or once it is known that it is not us.

        ``mark``: responses that anybody had given when the try began.
        """

        def settle(blame: bool) -> None:
            if blame:
                wall = self._clock.now()
                health.failed(permits, failure.outcome, failure.reason, elapsed, self._clock.mono(), wall)
            else:
                health.noted(permits, failure.outcome)
            self.tell(
                result.candidate, failure.outcome, failure.reason, failure.status, elapsed, blamed=blame
            )

        result.attempts.append(_attempt(result, failure.outcome, failure.reason, failure.status, elapsed))
        if failure.unreached and not self._connectivity.heard_since(mark):
            result.unblamed.append(settle)
        else:
            settle(failure.counts)

    def broken_off(
        self, candidate: Candidate, health: Health, permits: Permits, error: BaseException
    ) -> None:
        """The try was cancelled, or broke by a fault of ours: no verdict on the endpoint."""
        ours = "" if isinstance(error, asyncio.CancelledError) else f"a fault of ours: {type(error).__name__}"
        health.noted(permits, "overtaken")
        self.tell(candidate, "overtaken", ours or "cancelled", None, 0.0, blamed=False)

    def judge(self, candidate: Candidate, error: BaseException, used: Used | None) -> Failure:
        """Sort a failure, and start the pauses it asks for: of one key alone, where there is another."""
        provider, query = candidate.provider, candidate.query
        if isinstance(error, UnknownSymbol) and query.subject:
            if query.subject in {provider.check_symbol, provider.check_symbol.partition("/")[0]}:
                # It certainly lists that one: the API has moved, or is broken.
                error = ProviderDown(
                    f"says it does not know {query.subject}, its own check symbol: {error.reason}",
                    status=error.status,
                )
            else:
                self._guard.remember_unknown(provider, query.capability, query.subject, self._clock.mono())
        failure = classify(error)
        kind: Literal["throttled", "blocked"]
        if isinstance(error, Throttled):
            seconds = throttled_for(error, self._settings.throttle_default)
            scope, kind = provider.id, "throttled"
        elif isinstance(error, Forbidden):
            seconds = self._settings.blocked_cooldown
            scope, kind = _blocked_scope(candidate, error), "blocked"
        else:
            return failure
        if used is not None and (error.cause == "key" if isinstance(error, Forbidden) else not error.ban):
            seconds = self._keys.rest(used, seconds)
        if not seconds:
            reason = f"{failure.reason}; this key rests, another is used"
            return replace(failure, reason=reason, whole_provider=False, retry=True)
        self._guard.pause(Cooldown(scope, kind, error.reason, self._clock.mono() + seconds))
        return failure

    def tell(
        self,
        candidate: Candidate,
        outcome: Outcome,
        reason: str,
        status: int | None,
        elapsed: float,
        *,
        blamed: bool,
    ) -> None:
        """Let the observer hear of a try that has its verdict."""
        endpoint = self._guard.endpoint(candidate.provider, candidate.query.capability, candidate.host)
        self._guard.observer.attempted(endpoint, outcome, reason, status, elapsed, blamed=blamed)


def _attempt(result: Result, outcome: Outcome, reason: str, status: int | None, elapsed: float) -> Attempt:
    candidate = result.candidate
    provider, host = candidate.provider.id, candidate.host.name
    return Attempt(provider, host, outcome, reason, status, result.wall, elapsed)


def _blocked_scope(candidate: Candidate, error: Forbidden) -> str:
    provider, capability = candidate.provider, candidate.query.capability
    _, by_capability, group, both, _ = scopes(provider, capability, candidate.host)
    return {"key": by_capability, "geo": group}.get(error.cause, both)
