"""What one address may ask for in a minute: a question past the cache spends what providers give to all."""

from fastapi import Request

from core.authority import Door, Refusal, decide
from core.budget import DEAR, Budget, client_of
from core.rest.acting import BEARER, asker
from core.rest.errors import Refused
from core.rest.serving import the_hub

COSTLY = frozenset({"refresh", "deadline", "providers"})
"""Arguments that go past the cache, or past the order in which providers are asked."""
OFF = frozenset({"", "0", "f", "false", "n", "no", "off"})


async def affordable(request: Request) -> None:
    """Refused (429) when too much was asked from there; whoever may act is not held up."""
    hub = await the_hub()
    budget: Budget = request.app.state.budget
    client = client_of(
        request.client.host if request.client else None, request.headers.get("x-forwarded-for")
    )
    rate = hub.settings.question_rate
    costly = any(request.query_params.get(name, "").lower() not in OFF for name in COSTLY)
    cost = DEAR if costly else 1
    if (wait := budget.take(client, cost, rate)) and not await may_act(request):
        said = f"more than {rate} questions a minute; one with {', '.join(sorted(COSTLY))} counts as {DEAR}"
        raise Refused(429, "too_many", said, wait=wait)


async def may_act(request: Request) -> bool:
    """Whether whoever asks has the right to act, too."""
    given = await BEARER(request)
    hub = await the_hub()
    decision = decide(asker(request, None if given is None else given.credentials), Door.of(hub.settings))
    return not isinstance(decision, Refusal)
