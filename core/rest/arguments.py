"""Arguments that several routes have: they mirror those of ``Hub``. Lists repeat the name, or have commas."""

from collections.abc import Sequence
from typing import Annotated, Any, get_origin

from fastapi import Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from core.answer import Answer
from core.market import Query
from core.rest.serving import the_hub


def _split(given: Any) -> Any:
    if not isinstance(given, list):
        return given
    return [name for text in given for name in str(text).split(",") if name]


Names = Annotated[list[str], BeforeValidator(_split)]


async def none_passed_over(request: Request) -> None:
    """ValueError for an argument in the address that the route does not have, or that is given twice."""
    kinds: dict[str, Any] = {}
    modelled = False
    for field in request.scope["route"].dependant.query_params:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            modelled = True  # it refuses unknown names by itself
            kinds |= {name: one.annotation for name, one in kind.model_fields.items()}
        else:
            kinds[field.alias] = kind
    unknown = [name for name in request.query_params if name not in kinds]
    if unknown and not modelled:
        raise ValueError(f"{', '.join(name[:40] for name in unknown[:5])}: no such argument in the address")
    for name, kind in kinds.items():
        if len(request.query_params.getlist(name)) > 1 and get_origin(kind) is not list:
            raise ValueError(f"{name}: expected once")


class How(BaseModel):
    """How to answer, whatever is asked."""

    model_config = ConfigDict(extra="forbid")

    refresh: bool = Field(False, description="pass over the fresh cache")
    deadline: float | None = Field(None, ge=0.05, le=60, description="seconds, all attempts together")
    providers: Names = Field([], description="the only providers to ask, in that order")

    def provider_names(self) -> Sequence[str] | None:
        """The only providers to ask, or None for all."""
        return self.providers or None

    async def fetch(self, query: Query) -> Answer[Any]:
        """The answer of the hub."""
        hub = await the_hub()
        job = hub.hub.fetch(
            query, refresh=self.refresh, deadline=self.deadline, providers=self.provider_names()
        )
        return await hub.run(job)


class OfSymbol(How):
    """What is asked of one symbol."""

    symbol: str = Field(description="BASE/QUOTE, as in BTC/USDT")


class InQuotes(OfSymbol):
    """What may be given in another quote currency."""

    allow_quote: Names = Field([], description="quote currencies that may stand in, as in USD")
