"""Fill the archive with history: page by page within the venues' limits, several venues side by side.

What the archive has, and what a venue has answered for already, is not asked for again: a backfill that was
killed goes on where it stopped, and one that is repeated asks next to nothing.
"""

from core.backfill.result import Backfilled, Filled
from core.backfill.run import backfill, usual

__all__ = ["Backfilled", "Filled", "backfill", "usual"]
