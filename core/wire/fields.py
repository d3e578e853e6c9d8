"""Field types that the declarations share: what a value in a TOML file may look like."""

from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from core.market import parse_symbol
from core.wire.paths import Path, names_in, parse_path

Scalar: TypeAlias = str | int | float | bool


def as_list(value: Any) -> Any:
    """One value where several may stand."""
    return value if isinstance(value, list | tuple) else [value]


def _https(url: str) -> str:
    if not url.startswith("https://"):
        raise ValueError("expected an address that begins with https://")
    return url


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
Asset = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,20}$")]
Several = Annotated[tuple[Scalar, ...], BeforeValidator(as_list)]
Texts = Annotated[tuple[str, ...], BeforeValidator(as_list)]


class Model(BaseModel):
    """Frozen, and nothing undeclared."""

    model_config = ConfigDict(extra="forbid", frozen=True)
