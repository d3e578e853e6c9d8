"""Raw candles kept as they first came, with ledgers, revisions and scores beside them."""

from core.candles.archive.archive import Added, Archive, Held
from core.candles.archive.assess import Assessed, assess, evidence, newest, standing
from core.candles.archive.series import Series

__all__ = ["Added", "Archive", "Assessed", "Held", "Series", "assess", "evidence", "newest", "standing"]
