"""Status as it was before a restart, from the journal's last hour. Circuits and pauses are in state.json."""

from core.engine.guard import Guard
from core.engine.health import FORGET, WINDOW
from core.ops.read import JournalReader
from core.ops.sketch import values


def recall(guard: Guard, journal: JournalReader, mono: float, wall: float) -> None:
    """Give every endpoint of the catalogue its calls of the last hour back."""
    seen = journal.seen(wall - FORGET)
    for endpoint, health in guard.records().items():
        if (known := seen.get(str(endpoint))) is not None and known.good + known.failed:
            latest = values(known.latency, WINDOW)
            health.recall(
                known.good, known.failed, latest, known.last_good, max(0.0, wall - known.last), mono
            )
            if known.last > known.last_good:
                # A kill may have come before the error was written there; that the last call failed is known.
                health.circuit.recall(1)
