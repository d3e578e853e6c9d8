"""Starting models anew: loaded again, then asked until they count as healthy, behind the guard like any call."""

from collections.abc import Callable
from functools import partial

from core.answer import KintsugiError
from core.catalog import Catalog, Provider
from core.engine.target import MODEL
from core.models.model import KIND, ModelProvider
from core.models.status import why_ill
from core.ops.heal import Healable
from core.ops.tally import GOOD
from core.world import World


def healables(catalog: Catalog, world: Callable[[], World]) -> dict[str, Healable]:
    """``model:NAME`` → how it is healed, for every model of the catalogue, here or elsewhere."""
    models = [provider for provider in catalog.values() if provider.kind == KIND]
    return {
        MODEL + provider.id: Healable(partial(_ill, provider, world), partial(_renew, provider, world))
        for provider in models
    }


def _ill(provider: Provider, world: Callable[[], World]) -> str:
    here = world()
    model = provider if isinstance(provider, ModelProvider) else None
    records, now = here.guard.records(), here.mono()
    reasons = (
        why_ill(model, here.guard.state(endpoint, now), records[endpoint].last_error)
        for endpoint in provider.endpoints
    )
    return next(filter(None, reasons), "")


async def _renew(provider: Provider, world: Callable[[], World]) -> str:
    """What was done, in words. KintsugiError when it still does not answer."""
    here = world()
    done = await provider.renew() if isinstance(provider, ModelProvider) else "nothing to load here"
    for endpoint in provider.endpoints:
        for _ in range(here.recovery + 1):
            attempt = await here.checks.endpoint(endpoint, early=True)
            if attempt.outcome == "skipped_unserved":
                return f"{done}; it could not be tried: {attempt.reason}"
            if attempt.outcome not in GOOD:
                raise KintsugiError(f"{done}, but asked to try it: {attempt.outcome}, {attempt.reason}")
            if here.guard.state(endpoint, here.mono()) == "healthy":
                break
    return f"{done}; it answers"
