"""Where knobs come from beside keyword arguments: the environment, and the two TOML files behind it."""

import contextlib
import tomllib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
)

from core.answer import KintsugiError
from core.environment import environment

PREFIX = "KINTSUGI_"
OWN = "kintsugi.toml"
"""In the working directory, written by a person."""
OVERRIDES = "overrides.toml"
"""In the data folder, written by pages and REST."""


class SettingsError(KintsugiError, ValueError):
    """A knob holds what it cannot: names the variable, its value, and what is allowed."""


class _Environment(EnvSettingsSource):
    """The environment with the file beneath it. What is empty counts as not set."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in environment.items() if value}


_tried: ContextVar[dict[str, Any] | None] = ContextVar("tried", default=None)


@contextlib.contextmanager
def overridden(overrides: dict[str, Any]) -> Iterator[None]:
    """Make settings as if ``overrides.toml`` held this."""
    token = _tried.set(overrides)
    try:
        yield
    finally:
        _tried.reset(token)


def sources(
    settings: type[BaseSettings], arguments: PydanticBaseSettingsSource
) -> tuple[PydanticBaseSettingsSource, ...]:
    """All of them, first wins. The data folder, which holds one of the files, is looked for in the others."""
    own = read_toml(Path(OWN))
    folder = Path(
        arguments().get("data_dir")
        or environment.get(f"{PREFIX}DATA_DIR")
        or own.get("data_dir")
        or settings.model_fields["data_dir"].get_default(call_default_factory=True)
    )
    tried = _tried.get()
    overrides = read_toml(folder.expanduser() / OVERRIDES) if tried is None else tried
    files = (InitSettingsSource(settings, overrides), InitSettingsSource(settings, own))
    return (arguments, _Environment(settings), *files)


def read_toml(path: Path) -> dict[str, Any]:
    """A file of knobs; nothing when there is none. SettingsError when it cannot be read."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path.name}: cannot be read as TOML: {error}") from None
