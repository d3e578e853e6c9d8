"""How a provider writes symbols and assets: the rules that its file declares, and the names that follow from them."""

from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from core.market import Query, SymbolQuery
from core.wire.fields import Asset, Model, Template, Texts, canonical_symbol, check_names
from core.wire.paths import fill

SHORT_NAME = 3
"""Signs of an asset's name from which on a symbol may have its longer form."""


class Naming(Model):
    """How the provider writes a symbol."""

    template: Template = "{base}{quote}"
    long: Template | None = None
    """The template for a symbol of which a name has more than three signs."""
    named_only: bool = False
    """True when only the assets in ``rename`` can be asked for: ids that follow no rule."""
    case: Literal["upper", "lower"] = "upper"
    rename: dict[Asset, str] = Field(default_factory=dict)
    """Asset → the provider's own name for it, as it is: ``BTC = "XBT"``."""
    others: tuple[Asset, ...] = ()
    """Names of ours that are other coins there, and under which nothing of ours is listed."""
    overrides: dict[Annotated[str, AfterValidator(canonical_symbol)], str] = Field(default_factory=dict)
    """Whole symbols that follow no rule."""
    answers: Texts = ()
    """Further forms in which an answer may name the symbol."""

    @model_validator(mode="after")
    def _known_names(self) -> "Naming":
        check_names({"base", "quote"}, template=self.template, long=self.long, answers=self.answers)
        if twice := set(self.others) & set(self.rename):
            raise ValueError(f"others and rename both have {sorted(twice)}")
        return self

    @cached_property
    def _foreign(self) -> frozenset[str]:
        return frozenset(self.others)

    @cached_property
    def _renamed(self) -> dict[str, str]:
        """Their name, in either case where they write in small letters → ours; of two the first declared."""
        found: dict[str, str] = {}
        for asset, theirs in self.rename.items():
            for name in (theirs, theirs.upper()) if self.case == "lower" else (theirs,):
                found.setdefault(name, asset)
        return found

    def pair(self, base: str, quote: str) -> dict[str, str]:
        """Their names of a market: ``base``, ``quote`` and ``symbol``."""
        names = {"base": self._asset(base), "quote": self._asset(quote)}
        whole = self.overrides.get(f"{base}/{quote}")
        template = self.template
        if self.long is not None and max(map(len, names.values())) > SHORT_NAME:
            template = self.long
        return {**names, "symbol": fill(template, names) if whole is None else whole}

    def names(self, query: Query) -> dict[str, str]:
        """Their names of what the query is about; none where it is about no symbol and no asset."""
        if isinstance(query, SymbolQuery):
            return self.pair(query.base, query.quote)
        if not query.subject:
            return {}
        name = self._asset(query.subject)
        return {"base": name, "symbol": name}

    def forms(self, query: Query) -> set[str]:
        """The forms in which an answer may name what the query is about."""
        own = self.names(query)
        found = {own["symbol"], query.subject}
        if isinstance(query, SymbolQuery):
            plain = {"base": query.base, "quote": query.quote}
            for form in self.answers:
                found |= {fill(form, own), fill(form, plain)}
        return found

    def lacks(self, query: Query) -> str | None:
        """Why the query's subject cannot be named there, in words; None when it can."""
        base = query.subject.partition("/")[0]
        if self.named_only and base and base not in self.rename and query.subject not in self.overrides:
            return f"its name for {base} is not known"
        if other := self._foreign.intersection(query.subject.split("/")):
            return f"its {' and '.join(sorted(other))} is another coin"
        return None

    def ours(self, name: str) -> str | None:
        """Our name for an asset of theirs: XBT is BTC. None where ours is another asset there."""
        if (renamed := self._renamed.get(name)) is not None:
            return renamed
        asset = name.upper() if self.case == "lower" else name
        return None if asset in self.rename or asset in self._foreign else asset

    def _asset(self, asset: str) -> str:
        return self.rename.get(asset) or (asset.lower() if self.case == "lower" else asset)
