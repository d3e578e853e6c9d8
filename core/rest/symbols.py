"""``GET /api/v1/symbols``: who lists what."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.rest.serving import answered, shown, the_hub
from core.symbols import MOST, Symbols


class SymbolParams(BaseModel):
    """The arguments of ``Hub.symbols``."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field("", max_length=100, description="a symbol, the beginning of one, or a coin's name")
    limit: int = Field(MOST, ge=1, le=5000, description="markets in the answer")


class SymbolsTold(BaseModel):
    """What a search found, best match first."""

    lab: bool
    said: str = Field(description="in words: who has it, and who has not")
    found: Symbols


router = APIRouter(tags=["data"])


@router.get("/symbols", summary="Markets, and who lists them", responses=shown(SymbolsTold))
async def symbols(params: Annotated[SymbolParams, Query()]) -> Response:
    """Each exchange's own list is read at most once a day. Parameters as of `Hub.symbols`."""
    hub = await the_hub()
    found = await hub.run(hub.hub.symbols(params.text, limit=params.limit))
    return answered({"lab": found.lab, "said": str(found), "found": found})
