"""What is wrong with a provider's file, in words: the key, what stands there, and what may."""

from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from core.wire import Declaration
from core.wire.values import clip


def told(error: ValidationError) -> list[str]:
    """A line for each fault."""
    found = error.errors(include_url=False)
    places = [problem["loc"] for problem in found]
    lines = []
    for problem in found:
        place, given = problem["loc"], problem["input"]
        if problem["type"] == "too_short" and any(one[: len(place)] == place != one for one in places):
            continue  # what it holds has faults of its own, and is counted as not there
        reason = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            reason = _not_here(place)
        shown = "" if isinstance(given, dict | list) or problem["type"] == "missing" else f" = {clip(given)}"
        key = ".".join(map(str, place)) or "the file"
        lines.append(f"{key}{shown}: {reason[:1].lower()}{reason[1:]}")
    return lines


def _not_here(place: tuple[int | str, ...]) -> str:
    model = _model(place[:-1])
    if model is None:
        return "no such name here"
    names = [field.alias or name for name, field in model.model_fields.items()]
    near = get_close_matches(str(place[-1]), names, 1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"no such name here{hint}: expected some of {' '.join(names)}"


def _model(place: tuple[int | str, ...]) -> type[BaseModel] | None:
    """What may stand at a place; None where that cannot be told."""
    model: type[BaseModel] = Declaration
    for part in place:
        if isinstance(part, int):
            continue
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        inner = _models(fields[part].annotation) if part in fields else []
        if len(inner) != 1:
            return None
        model = inner[0]
    return model


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]
