"""Field types that the declarations share: what a value in a TOML file may look like."""

import re
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from core.market import parse_symbol
from core.wire.paths import NAME, Path, names_in, parse_path

Scalar: TypeAlias = str | int | float | bool
_NOT_OURS = frozenset({"host", "connection", "content-length", "transfer-encoding", "accept-encoding"})
_SECRET = frozenset({"authorization", "proxy-authorization", "cookie"})


def as_list(value: Any) -> Any:
    """One value where several may stand."""
    return value if isinstance(value, list | tuple) else [value]


def _https(url: str) -> str:
    if not url.startswith("https://"):
        raise ValueError("expected an address that begins with https://")
    return url


def shaped(pattern: str, expected: str) -> AfterValidator:
    """Text of this shape; for any other a ValueError that says in words what is expected."""
    form = re.compile(pattern)

    def check(text: str) -> str:
        if form.fullmatch(text) is None:
            raise ValueError(f"expected {expected}")
        return text

    return AfterValidator(check)


def _whole_names(template: str) -> str:
    """The template. ValueError for a curly bracket that is not around a name."""
    if {"{", "}"} & set(NAME.sub("", template)):
        raise ValueError("expected curly brackets around names only, as in {symbol}")
    return template


def _sendable(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if name.lower() in _NOT_OURS:
            raise ValueError(f"header {name}: the connection sets it by itself")
        if name.lower() in _SECRET:
            raise ValueError(f"header {name}: expected no key in a file; a table auth names where it goes")
        if not value.isprintable():
            raise ValueError(f"header {name}: expected printable signs on one line")
    return headers


def canonical_symbol(symbol: str) -> str:
    """``BASE/QUOTE``, or ValueError."""
    return "/".join(parse_symbol(symbol))


def check_names(allowed: set[str], **templates: Any) -> None:
    """ValueError for a template that uses a name which is not allowed."""
    for field, template in templates.items():
        if unknown := names_in(template) - allowed:
            raise ValueError(f"{field} uses {sorted(unknown)}: expected names among {sorted(allowed)}")


Whole = Annotated[int, Field(strict=True, ge=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Https = Annotated[str, AfterValidator(_https)]
Dotted = Annotated[Path, BeforeValidator(lambda text: parse_path(text) if isinstance(text, str) else text)]
Asset = Annotated[str, shaped(r"[A-Z0-9]{1,20}", "capital letters and digits, as in BTC")]
Name = Annotated[str, shaped(r"[a-z][a-z0-9_]*", "small letters, digits and _, as in my_exchange")]
Template = Annotated[str, AfterValidator(_whole_names)]
UrlPath = Annotated[Template, shaped(r"/[!-~]*", "a path that begins with /, as in /api/v1/ticker")]
HeaderName = Annotated[str, shaped(r"[A-Za-z0-9_-]+", "a header's name, as in X-Api-Key")]
Headers = Annotated[dict[HeaderName, str], AfterValidator(_sendable)]
Several = Annotated[tuple[Scalar, ...], BeforeValidator(as_list)]
Texts = Annotated[tuple[str, ...], BeforeValidator(as_list)]


class Model(BaseModel):
    """Frozen, and nothing undeclared."""

    model_config = ConfigDict(extra="forbid", frozen=True)
