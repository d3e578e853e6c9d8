"""Loading the catalogue: TOML files into checked providers."""

import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.addresses import is_here
from core.answer import KintsugiError
from core.catalog.problems import told
from core.market import Capability
from core.wire import Declaration, Endpoint, Provider

PACKAGE_FOLDER = Path(__file__).parent / "providers"


class CatalogError(KintsugiError, ValueError):
    """A provider's file that does not load. The text names the file, and each key with its reason."""

    def __init__(self, file: Path, problems: Iterable[str]) -> None:
        self.file = file
        self.problems = tuple(problems)
        super().__init__("\n".join([f"{file.name}:", *(f"  {problem}" for problem in self.problems)]))


class PrivateHost(KintsugiError, ValueError):
    """A provider's host is on this machine or its network, and nobody allowed it."""


class UnknownProvider(KintsugiError, ValueError):
    """An id that the catalogue does not hold."""


class Catalog(Mapping[str, Provider]):
    """Provider id → provider, ordered by priority, then id."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        ordered = sorted(providers, key=lambda provider: (provider.priority, provider.id))
        self._providers = {provider.id: provider for provider in ordered}
        self._serving: dict[Capability, tuple[Provider, ...]] = {}
        self.endpoints: tuple[Endpoint, ...] = tuple(
            endpoint for provider in ordered for endpoint in provider.endpoints
        )

    @classmethod
    def load(cls, *extra: Path | str) -> "Catalog":
        """The package's providers, and those of further TOML files or folders of them.

        An extra file replaces the provider whose id it has. CatalogError for a file that does not load.
        """
        found: dict[str, Provider] = {}
        origin: dict[str, Path] = {}
        for source in (PACKAGE_FOLDER, *map(Path, extra)):
            for file in _files(source):
                provider = Provider(_own(file)) if source == PACKAGE_FOLDER else read_provider(file)
                earlier = origin.get(provider.id)
                if earlier is not None and earlier.parent == file.parent:
                    raise CatalogError(file, [f"id = {provider.id!r}: {earlier.name} has it already"])
                found[provider.id], origin[provider.id] = provider, file
        return cls(found.values())

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Asset → its full name, from those aggregators whose ids for coins are names, not numbers."""
        found: dict[str, str] = {}
        for provider in self.values():
            rules = getattr(provider, "declaration", None)
            if rules is None or provider.kind != "aggregator" or not rules.symbol.named_only:
                continue
            for asset, name in rules.symbol.rename.items():
                if not name.isdecimal():
                    found.setdefault(asset, name.removeprefix(f"{asset.lower()}-").replace("-", " "))
        return found

    def serving(self, capability: Capability) -> tuple[Provider, ...]:
        """Providers of a capability, in order of priority."""
        if capability not in self._serving:
            found = [provider for provider in self.values() if capability in provider.capabilities]
            self._serving[capability] = tuple(sorted(found, key=lambda one: one.priority_for(capability)))
        return self._serving[capability]

    def allowing(self, private: Collection[str]) -> "Catalog":
        """The same. PrivateHost when a host is on this machine or its network, or without TLS, and not named.

        Names that lead there are found out when they are connected to.
        """
        for provider in self.values():
            for host in provider.hosts:
                if host.name not in private and (host.scheme == "http" or is_here(host.name)):
                    why = "without TLS" if host.scheme == "http" else "on this machine or its network"
                    raise PrivateHost(
                        f"{provider.id}: hosts: {host.name} is {why}: name it in KINTSUGI_PRIVATE_HOSTS to allow it"
                    )
        return self

    def plus(self, *providers: Provider) -> "Catalog":
        """A catalogue with these as well."""
        return Catalog([*self.values(), *providers])

    def only(self, ids: Iterable[str]) -> "Catalog":
        """A catalogue of these providers alone. ValueError names an unknown one and those there are."""
        chosen = tuple(ids)
        for name in chosen:
            if name not in self:
                raise UnknownProvider(f"providers={str(name)[:40]!r}: expected some of {' '.join(self)}")
        return Catalog(self[name] for name in chosen)

    def __getitem__(self, provider_id: str) -> Provider:
        return self._providers[provider_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._providers)

    def __len__(self) -> int:
        return len(self._providers)

    def __repr__(self) -> str:
        return f"<Catalog: {' '.join(self._providers)}>"


def read_provider(file: Path, *, own: bool = False) -> Provider:
    """One file as a provider. Only the package's ``own`` files may name a function of it; all may an entry point."""
    return Provider(_declared(file, own=own))


@cache
def _own(file: Path) -> Declaration:
    """What one of the package's files says: those are read once a process, however many hubs it opens."""
    return _declared(file, own=True)


def _declared(file: Path, *, own: bool) -> Declaration:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise CatalogError(file, [f"cannot be read: {error.strerror or error}"]) from None
    except ValueError as error:
        raise CatalogError(file, [f"no TOML in UTF-8: {error}"]) from None
    problems = [] if own else _readers(table)
    try:
        declaration = Declaration.model_validate(_expand(table))
    except ValidationError as error:
        raise CatalogError(file, problems + told(error)) from None
    if problems:
        raise CatalogError(file, problems)
    return declaration


def _files(source: Path) -> list[Path]:
    if source.is_dir():
        return sorted(source.glob("*.toml"))
    if source.is_file():
        return [source]
    raise CatalogError(source, ["no such file or folder"])


def _expand(table: dict[str, Any]) -> dict[str, Any]:
    """``volume = "price"``: the call of that name serves this capability too."""
    shared = {"price": "volume", "volume": "price"}
    return {
        key: table.get(value, value) if isinstance(value, str) and shared.get(key) == value else value
        for key, value in table.items()
    }


def _readers(table: dict[str, Any]) -> list[str]:
    calls = [
        (key, call)
        for key, value in table.items()
        for call in (value if isinstance(value, list) else [value])
        if isinstance(call, dict)
    ]
    return [
        f"{key}.reader: only the package's own providers may name a function; name an entry point"
        for key, call in calls
        if "reader" in call and not str(call["reader"]).startswith("entry:")
    ]
