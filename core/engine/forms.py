"""Which form of a call an endpoint takes: the usual one, or a declared alternative. Pure."""

from core.catalog import Host, Provider
from core.engine.classify import Failure
from core.market import Capability

_OURS = range(400, 500)
"""Statuses that say: not asked like this."""


class Forms:
    """The form to ask each endpoint in: whatever worked last, and after a refusal the next that may help.

    Kept in memory only: after a restart the usual form is tried again.
    """

    __slots__ = ("_now",)

    def __init__(self) -> None:
        self._now: dict[tuple[str, Capability, str], int] = {}

    def of(self, provider: Provider, capability: Capability, host: Host) -> int:
        """The form to ask in; 0 is the usual one."""
        return self._now.get((provider.id, capability, host.name), 0) if self._now else 0

    def after(
        self, provider: Provider, capability: Capability, host: Host, form: int, failure: Failure
    ) -> int | None:
        """The form to try after this one has failed so, from now on; None when no other form helps.

        The usual form comes last: an alternative that is refused in its turn may mean that all is as before.
        """
        others = provider.alternatives(capability)
        if not others or failure.outcome != "status" or failure.status is None:
            return None
        fitting = [n for n, other in enumerate(others, 1) if n > form and failure.status in other.status]
        if not fitting and not (form and failure.status in _OURS):
            return None
        found = fitting[0] if fitting else 0
        key = (provider.id, capability, host.name)
        if self._now.get(key, 0) == form:
            self._now[key] = found
        return found

    def forget(self, provider: str) -> None:
        """Ask a provider in the usual form again."""
        self._now = {key: form for key, form in self._now.items() if key[0] != provider}
