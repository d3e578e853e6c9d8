"""What each key is good for: which variable holds it, whether it is there, what it unlocks, where to get one. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from core.catalog import Provider
from core.engine.keys import held
from core.engine.local import on_the_network
from core.environment import environment
from core.market import Capability


@dataclass(frozen=True, slots=True)
class KeyFeature:
    """A provider's key. Never the key itself."""

    provider: str
    name: str
    variables: tuple[str, ...]
    """Environment variables that may hold it, the usual name first."""
    holding: str
    """The one that does; empty when none."""
    keys: int
    """How many keys there are: several are used in turn."""
    resting: int
    """How many of them rest after a refusal."""
    required: bool
    """Whether nothing of the provider works without one."""
    capabilities: tuple[Capability, ...]
    unlocks: str
    get_at: str
    docs: str

    @property
    def missing(self) -> bool:
        """Whether it is needed and not there."""
        return self.required and not self.keys

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {**asdict(self), "missing": self.missing}


def features(
    providers: Iterable[Provider],
    source: Mapping[str, str] = environment,
    resting: Callable[[Provider], int] = lambda _: 0,
) -> tuple[KeyFeature, ...]:
    """The keys that the providers of a catalogue know, needed ones first, then by name."""
    found = [_feature(one, source, resting) for one in on_the_network(providers) if one.auth is not None]
    return tuple(sorted(found, key=lambda one: (not one.required, one.name.casefold())))


def env_example(providers: Iterable[Provider]) -> str:
    """The text of ``.env.example``: a line for every key, with what it is for and where to get it."""
    lines = [
        "# Keys of data providers. Copy this file to .env and fill in what you have: it is read again when it changes,",
        "# and variables of the environment go before it. Everything works without any of them; a missing key disables",
        "# only what needs it. Several keys of one provider, with commas between them, are used in turn.",
        "# Made from the catalogue: kintsugi catalog env > .env.example",
    ]
    known = features(providers, source={})
    for title, required in (
        ("Nothing of these without a key", True),
        ("These work without one; with it they take more", False),
    ):
        lines += ["", f"# {title}"]
        for one in known:
            if one.required == required:
                lines += ["", *_about(one), f"{one.variables[0]}="]
    return "\n".join(lines) + "\n"


def _feature(provider: Provider, source: Mapping[str, str], resting: Callable[[Provider], int]) -> KeyFeature:
    auth = provider.auth
    assert auth is not None  # noqa: S101 - asked for before
    keys = held(auth, source)
    each = (name for name in auth.env if held(auth.model_copy(update={"env": (name,)}), source))
    return KeyFeature(
        provider=provider.id,
        name=provider.name,
        variables=auth.env,
        holding=next(each, ""),
        keys=len(keys),
        resting=resting(provider),
        required=auth.required,
        capabilities=provider.capabilities,
        unlocks=auth.unlocks,
        get_at=auth.get_at or provider.home,
        docs=provider.docs,
    )


def _about(one: KeyFeature) -> list[str]:
    told = [f"# {one.name} ({', '.join(one.capabilities)})" + (f": {one.unlocks}" if one.unlocks else "")]
    told.append(f"# {one.get_at}")
    if others := one.variables[1:]:
        told.append(f"# {' or '.join(others)} will do, too.")
    return told
