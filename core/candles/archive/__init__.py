"""Raw candles kept as they first came, with ledgers, revisions and scores beside them."""

from core.candles.archive.archive import Added, Archive, Held
from core.candles.archive.assess import assess, evidence
from core.candles.archive.series import Series

__all__ = ["Added", "Archive", "Held", "Series", "assess", "evidence"]
