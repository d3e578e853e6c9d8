"""The relay: a person's own forwarding address, asked when nobody answered directly.

The address of the request to forward takes the place of ``{url}`` in the relay's address, percent-encoded;
without one it is added as the parameter ``url``: ``GET https://relay.example/?url=https%3A%2F%2Fapi.kraken.com…``.
Method, body, ``accept`` and ``content-type`` are those of the request. The relay answers with status, body and
content type of what it got. No key is ever sent through it, and nobody is asked through it who refuses us: who
is blocked, throttled or isolated stays so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import httpx
from pydantic import SecretStr

from core.answer import Attempt, NoAnswer, Outcome
from core.catalog import Endpoint, Host, Provider
from core.clock import Clock
from core.engine.breaker import Breaker
from core.engine.call import Found, notes_on
from core.engine.candidates import Candidate, Ranking
from core.engine.classify import EXPECTED, classify
from core.engine.complete import shortfall
from core.engine.exchange import Exchange, Send
from core.engine.guard import Guard, scopes
from core.engine.local import LocalProvider
from core.engine.result import Result
from core.engine.transport import Sender
from core.market import Query
from core.wire import WireRequest

SHARE = 0.4
"""Of a call's deadline, kept for the relay."""
MOST = 3
"""Providers asked through it for one call."""
ITS_OWN = frozenset({"timeout", "refused", "status", "throttled", "blocked"})
"""Outcomes that may be the relay's fault, and are held against it alone."""
HIDDEN = b"[relay]"
SHORT, LONG = 4, 16
_WORD = frozenset("abcdefghijklmnopqrstuvwxyz-_")


@dataclass(frozen=True, slots=True)
class Address:
    """Where the relay is. ``name`` is all of it that is ever shown."""

    template: SecretStr

    @property
    def name(self) -> str:
        """Its host."""
        return httpx.URL(self._whole("")).netloc.decode("ascii")

    def to(self, url: httpx.URL) -> httpx.URL:
        """The relay's address for one of a provider."""
        return httpx.URL(self._whole(quote(str(url), safe="")))

    def redacted(self, body: bytes) -> bytes:
        """What the relay says, should it repeat its own address, without the parts that may be secret."""
        for secret in self._secrets():
            body = body.replace(secret.encode(), HIDDEN)
        return body

    def shows(self, text: str) -> bool:
        """Whether a part that may be secret stands in a text."""
        return any(secret in text for secret in self._secrets())

    def _secrets(self) -> list[str]:
        parts = urlsplit(self.template.get_secret_value())
        found = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query))]
        found += [parts.username or "", parts.password or ""]
        plain = {unquote(part) for part in found if "{url}" not in part and _may_be_secret(part)}
        return sorted({*plain, *(quote(part, safe="") for part in plain)}, key=len, reverse=True)

    def _whole(self, url: str) -> str:
        text = self.template.get_secret_value()
        if "{url}" in text:
            return text.replace("{url}", url)
        return f"{text}{'&' if '?' in text else '?'}url={url}"


def _may_be_secret(part: str) -> bool:
    """A word in small letters is a path or an option; a key has other signs, or is long."""
    return len(part) >= LONG or (len(part) >= SHORT and not set(part) <= _WORD)


class Relay:
    """Asks through the relay. Its own failures open a circuit of its own, and are held against nobody else."""

    def __init__(
        self,
        address: SecretStr,
        clock: Clock,
        guard: Guard,
        sender: Sender,
        exchange: Exchange,
        ranking: Ranking,
        breaker: Breaker,
        patience: float,
    ) -> None:
        self._address = Address(address)
        self._clock = clock
        self._guard = guard
        self._sender = sender
        self._exchange = exchange
        self._ranking = ranking
        self._breaker = breaker
        self._patience = patience
        """Seconds that one request through it may take."""
        self._host = Host.model_construct(name=self._address.name, group="relay")

    @property
    def ready(self) -> bool:
        """Whether it may be asked now: its circuit lets a request through."""
        return self._breaker.shown(self._clock.mono()) != "open"

    async def find(
        self, query: Query, seconds: float, providers: Sequence[str] | None, failed: NoAnswer
    ) -> Found:
        """The first complete value, else the first partial one; NoAnswer with these attempts as well."""
        until = self._clock.mono() + seconds
        attempts = list(failed.attempts)
        partial: Found | None = None
        unknown = {one.provider for one in attempts if one.outcome == "unknown_symbol"}
        asked = 0
        for candidate in self._candidates(query, providers):
            over = asked == MOST or self._clock.mono() >= until or not self.ready
            if over or candidate.provider.id in unknown:
                continue
            asked += 1
            result = await self._ask(candidate, until)
            attempts += result.attempts
            if result.failure is not None:
                continue
            notes = (*notes_on(query, result, self._clock.now()), f"through the relay {self._host.name}")
            found = Found(result.value, replace(candidate, host=self._host), "relay", tuple(attempts), notes)
            if not result.partial:
                return found
            partial = partial or found
        if partial is not None:
            return replace(partial, attempts=tuple(attempts))
        raise NoAnswer(failed.what, attempts, offline=failed.offline)

    async def there(self, provider: Provider, seconds: float) -> bool:
        """Whether it answers at all."""
        try:
            await self._send(provider.check_request(), seconds)
        except EXPECTED as error:
            return getattr(error, "status", None) is not None
        return True

    async def _ask(self, candidate: Candidate, until: float) -> Result:
        """One provider through the relay. Like everything that is tried, it is counted and told of."""
        mono, wall = self._clock.mono(), self._clock.now()
        result = Result(candidate, until, 0, lambda: False, mono=mono, wall=wall)
        provider, capability = candidate.provider.id, candidate.query.capability
        permit = self._breaker.allow(mono)
        blamed = False
        outcome: Outcome
        status: int | None
        try:
            result.value, status = await self._exchange.value(result, self._in_time(until), theirs=False)
            result.partial = shortfall(candidate.query, result.value, self._clock.now())
            outcome, reason = ("partial", result.partial) if result.partial else ("ok", "")
        except EXPECTED as error:
            failure = result.failure = classify(error)
            outcome, reason, status = failure.outcome, failure.reason, failure.status
            blamed = outcome in ITS_OWN
        except BaseException:
            self._breaker.release(permit)
            raise
        if blamed:
            self._breaker.failure(permit, self._clock.mono())
        else:
            self._breaker.success(permit)
        elapsed = self._clock.mono() - mono
        endpoint = Endpoint("relay", capability, self._host.name)
        self._guard.observer.attempted(endpoint, outcome, reason, status, elapsed, blamed=blamed)
        result.attempts.append(Attempt(provider, self._host.name, outcome, reason, status, wall, elapsed))
        return result

    def _in_time(self, until: float) -> Send:
        async def send(_: Host, request: WireRequest) -> httpx.Response:
            return await self._send(request, max(0.001, until - self._clock.mono()))

        return send

    async def _send(self, request: WireRequest, seconds: float) -> httpx.Response:
        forwarded = replace(request, url=self._address.to(request.url), auth=None)
        try:
            response = await self._sender.send(self._host, forwarded, min(seconds, self._patience))
        except httpx.TransportError as error:
            if self._address.shows(str(error)):
                raise type(error)("it failed in words that held the relay's address") from None
            raise
        # Its other headers speak of the relay's own quota with the provider, not of ours.
        kept = {name: response.headers[name] for name in ("content-type", "date") if name in response.headers}
        return httpx.Response(
            response.status_code, headers=kept, content=self._address.redacted(response.content)
        )

    def _candidates(self, query: Query, providers: Sequence[str] | None) -> list[Candidate]:
        """Who may be asked through it: one host each, in the usual order."""
        now, wall = self._clock.mono(), self._clock.now()
        found: dict[tuple[str, Query], Candidate] = {}
        for entry in self._ranking.rank(query, providers, now, wall):
            if isinstance(entry, Candidate) and self._may(entry, now):
                found.setdefault((entry.provider.id, entry.query), entry)
        return list(found.values())

    def _may(self, candidate: Candidate, now: float) -> bool:
        provider, auth = candidate.provider, candidate.provider.auth
        if isinstance(provider, LocalProvider) or (auth is not None and auth.required):
            return False
        held_by = scopes(provider, candidate.query.capability, candidate.host)
        isolated = any(scope in self._guard.isolated for scope in held_by)
        return not isolated and self._guard.cooldowns.holding(held_by, now) is None
