"""The last good shape of every endpoint's bodies, and what a bad one has done to it."""

import json
import logging
from functools import partial
from pathlib import Path

import httpx

from core.catalog import Endpoint, Provider
from core.clock import Clock
from core.engine.folder import DataFolder
from core.files import write_atomically
from core.market import Query, SymbolQuery
from core.ops.events import ShapeChanged
from core.ops.journal import Journal
from core.ops.shape import Shape, difference, shape_of

log = logging.getLogger(__name__)

LOOK_EVERY = 3600.0
"""Seconds between two looks at good bodies of one endpoint: parsing them once more is not free."""
SAY_AGAIN = 3600.0
"""Seconds after which the same difference is told again."""
CLIP = 80


class Shapes:
    """Looks at bodies now and then. One file keeps the good shapes over a restart."""

    def __init__(self, folder: DataFolder, path: Path, journal: Journal, clock: Clock) -> None:
        self._folder = folder
        self._path = path
        self._journal = journal
        self._clock = clock
        self._good: dict[str, Shape] = {}
        self._looked: dict[Endpoint, float] = {}
        self._told: dict[Endpoint, tuple[str, float]] = {}
        self._restore()

    def read(self, endpoint: Endpoint, provider: Provider, query: Query, response: httpx.Response) -> None:
        """A body was read. Looked at once an hour."""
        now = self._clock.mono()
        looked = self._looked.get(endpoint)
        if looked is not None and now - looked < LOOK_EVERY:
            return
        self._looked[endpoint] = now
        shape = shape_of(response.content, _names(provider, query))
        if shape is not None and shape != self._good.get(str(endpoint)):
            self._good[str(endpoint)] = shape
            if self._folder.writable:
                data = json.dumps(self._good).encode()
                self._folder.write(partial(write_atomically, self._path, data, sync=False))

    def unreadable(
        self, endpoint: Endpoint, provider: Provider, query: Query, response: httpx.Response
    ) -> None:
        """A body could not be read: say how it differs from the last good one, if it does."""
        good = self._good.get(str(endpoint))
        shape = shape_of(response.content, _names(provider, query))
        if shape is None:
            kind = response.headers.get("content-type", "no content type").partition(";")[0][:CLIP]
            said = f"no JSON, but {len(response.content)} bytes of {kind}"
            event = ShapeChanged(time=self._clock.now(), target=str(endpoint), detail=said)
        elif good is None:
            return
        else:
            found = difference(good, shape)
            if not found:
                return
            said = str(found)
            event = ShapeChanged(
                time=self._clock.now(),
                target=str(endpoint),
                detail=said,
                gone=found.gone,
                new=found.new,
                changed=found.changed,
            )
        now = self._clock.mono()
        before, at = self._told.get(endpoint, ("", 0.0))
        if said != before or now - at >= SAY_AGAIN:
            self._told[endpoint] = said, now
            self._journal.note(event)

    def _restore(self) -> None:
        try:
            held = json.loads(self._path.read_bytes())
            self._good = {
                str(name): {str(path): str(kind) for path, kind in shape.items()}
                for name, shape in held.items()
            }
        except FileNotFoundError:
            return
        except (OSError, ValueError, AttributeError, RecursionError) as error:
            log.warning("%s cannot be restored: %s: %s", self._path.name, type(error).__name__, error)


def _names(provider: Provider, query: Query) -> tuple[str, ...]:
    """What names the market in a body's keys: the provider's word for it, and its base."""
    if not isinstance(query, SymbolQuery):
        return ()
    rename = provider.declaration.symbol.rename
    return provider.native(query.symbol), rename.get(query.base, query.base), query.base
