"""Declared alternative forms of a call: what to send when the usual form is refused.

Other ``Accept`` or encoding headers for 406 and 415, GET for POST, an older path. The answer has the same shape.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from core.market import Capability
from core.wire.calls import Call
from core.wire.fields import Headers, Https, Model, Scalar, UrlPath, as_list, check_names


class Alternative(Model):
    """One other form. What it does not name stays as it is in the usual one."""

    name: Annotated[str, Field(min_length=1)]
    """What is other about it, in words: ``older path``."""
    docs: Https
    """Where the provider says so."""
    status: Annotated[tuple[Annotated[int, Field(ge=400, le=599)], ...], BeforeValidator(as_list)]
    """The refusals that it may help against."""
    calls: Annotated[tuple[Capability, ...], BeforeValidator(as_list)] = ()
    """Which calls have this form; none named: all."""
    headers: Headers = Field(default_factory=dict)
    """Beside those of the call, or in their place."""
    method: Literal["GET", "POST"] | None = None
    path: UrlPath | None = None
    params: dict[str, Scalar] | None = None
    json_body: Any = Field(None, alias="json")

    @model_validator(mode="after")
    def _differs(self) -> "Alternative":
        if not self.status:
            raise ValueError("status: expected at least one")
        own = (self.method, self.path, self.params, self.json_body)
        if not self.headers and all(part is None for part in own):
            raise ValueError("expected something other than usual: headers, method, path, params or json")
        if any(part is not None for part in own) and not self.calls:
            raise ValueError("calls: expected those whose method, path, params or json these are")
        return self

    def of(self, call: Call) -> Call:
        """The call in this form. ValueError when it makes no sound request."""
        method = self.method or call.method
        changed = {
            "method": method,
            "path": self.path or call.path,
            "params": call.params if self.params is None else self.params,
            "json_body": None if method == "GET" else self.json_body or call.json_body,
            "headers": call.headers | self.headers,
        }
        if self.json_body is not None and method == "GET":
            raise ValueError(f"{self.name}: json needs POST")
        check_names(call.template_names(), **{name: changed[name] for name in changed if name != "method"})
        return call.model_copy(update=changed)
