"""The state of everything, in one sentence. Pure."""

from dataclasses import dataclass

from core.engine.health import SEVERITY
from core.engine.snapshot import ProviderHealth, Snapshot
from core.ui import states, words

NOT_SEEN = frozenset({"unknown", "disabled"})
SERVES = frozenset({"healthy", "degraded"})
NAMED = 3
"""Providers in trouble that are named; of more, their number is said."""
WHAT = {"ohlcv": "candles", "orderbook": "order books", "ai_prediction": "predictions", "onchain": "on-chain"}
"""Capabilities that go by another name on pages."""


@dataclass(frozen=True, slots=True)
class Overall:
    """``color`` as Streamlit's Markdown names it; ``sentence`` is Markdown with foreign text made plain."""

    sign: str
    word: str
    color: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Capability:
    """One kind of data: its providers that were asked for it, and how many of them are well."""

    name: str
    well: int
    serving: int
    asked: int
    known: int
    untried: int = 0
    """Providers that could be asked and were not yet: while there are any, nobody can say that none serves."""

    @property
    def gone(self) -> bool:
        """Everybody who could be asked was, and none serves."""
        return bool(self.asked) and not self.serving and not self.untried

    @property
    def look(self) -> states.Look:
        """All well, some, none, or nobody asked."""
        if not self.asked:
            return states.of("unknown")
        if self.gone:
            return states.of("unavailable")
        return states.of("healthy" if self.well == self.asked else "degraded")


def capabilities(snapshot: Snapshot) -> list[Capability]:
    """Every kind of data that anybody serves, those that were asked for first."""
    found: dict[str, list[str]] = {}
    for provider in snapshot.providers.values():
        for name, state in provider.capabilities.items():
            found.setdefault(name, []).append(state)
    listed = []
    for name, held in found.items():
        asked = [state for state in held if state not in NOT_SEEN]
        well, serving = (sum(state in which for state in asked) for which in ({"healthy"}, SERVES))
        listed.append(Capability(name, well, serving, len(asked), len(held), held.count("unknown")))
    return sorted(listed, key=lambda one: (not one.asked, WHAT.get(one.name, one.name)))


def seen(snapshot: Snapshot) -> list[ProviderHealth]:
    """Providers that were asked, the worst first."""
    asked = [one for one in snapshot.providers.values() if one.state not in NOT_SEEN]
    return sorted(asked, key=lambda one: (-SEVERITY.index(one.state), one.name.lower()))


def overall(snapshot: Snapshot) -> Overall:
    """Whether what is asked for is served, and who is not well."""
    if snapshot.offline:
        return Overall("⌁", "Offline", "gray", "This machine is offline: nobody is to blame.")
    asked = seen(snapshot)
    if not asked:
        return Overall("○", "Nothing asked yet", "gray", "No provider has been asked yet.")
    wanted = [one for one in capabilities(snapshot) if one.asked]
    gone = [WHAT.get(one.name, one.name) for one in wanted if one.gone]
    ill = [one for one in asked if one.state != "healthy"]
    if gone:
        all_gone = len(gone) == len(wanted)
        what = (
            "Nobody serves anything that was asked for" if all_gone else f"Nobody serves {words.listed(gone)}"
        )
        word = "Major outage" if all_gone else "Partial outage"
        return Overall("✕", word, "red", f"{what}; {_ill(ill, len(asked))}.")
    if ill:
        return Overall("◐", "Served, with failures", "blue", f"Others stand in; {_ill(ill, len(asked))}.")
    return Overall(
        "●", "Operational", "green", f"{words.count(len(asked), 'provider')} asked so far, all healthy."
    )


def _ill(ill: list[ProviderHealth], asked: int) -> str:
    named = [f"{words.plain(one.name)} {states.of(one.state).word}" for one in ill[:NAMED]]
    if len(ill) > NAMED:
        named.append(f"{len(ill) - NAMED} more")
    return f"{asked - len(ill)} of {words.count(asked, 'provider')} asked are healthy ({words.listed(named)})"
