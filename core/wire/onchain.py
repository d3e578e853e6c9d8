"""Figures of chains: how they are asked for, where in the answer they stand, and how they are read.

Request templates may use ``{since}`` and ``{since_iso}``, the moment ``window`` seconds ago, in seconds since 1970
and as ISO 8601.
"""

from typing import Annotated, Any

from pydantic import Field, model_validator

from core.answer import BadPayload
from core.market import METRICS, OnChainFigure, OnChainQuery, Query
from core.wire.calls import Timed
from core.wire.fields import Positive
from core.wire.figures import At, check_known
from core.wire.paths import MISSING, find, show_path
from core.wire.values import clip


class OnChainCall(Timed):
    """One request, and the figures of the vocabulary that stand in its answer."""

    metrics: Annotated[dict[str, At], Field(min_length=1)]
    window: Positive = 3600.0
    """How far back a request for a series goes, in seconds."""

    @classmethod
    def template_names(cls) -> set[str]:
        return {"since", "since_iso"}

    @model_validator(mode="after")
    def _metrics_are_ours(self) -> "OnChainCall":
        check_known(self.metrics, tuple(METRICS))
        return self

    def fits(self, query: Query) -> bool:
        return isinstance(query, OnChainQuery) and query.metric in self.metrics

    def lacks(self, query: Query) -> str:
        return f"no {query.metric}" if isinstance(query, OnChainQuery) else ""


def read_onchain(
    call: OnChainCall, query: OnChainQuery, body: Any, _now: float | None = None
) -> OnChainFigure:
    """The figure. BadPayload when it is not there."""
    figure = call.metrics[query.metric]
    if figure.path and not isinstance(part := find(body, call.root), dict):
        shown = "missing" if part is MISSING else clip(part)
        raise BadPayload(f"{query.metric} is missing: {show_path(call.root)} is {shown}, expected an object")
    value = figure.read(body, query.metric, call.root)
    return OnChainFigure(
        query.metric, call.required(query.metric, value), METRICS[query.metric].unit, call.moment(body)
    )
