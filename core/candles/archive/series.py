"""What an archive is divided into: the candles of one provider, symbol and interval."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from core.market import interval_seconds, parse_symbol

_PROVIDER = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True, order=True)
class Series:
    """One series. ValueError for a name that could not be a folder of an archive."""

    provider: str
    symbol: str
    interval: str

    def __post_init__(self) -> None:
        if not isinstance(self.provider, str) or not _PROVIDER.fullmatch(self.provider):
            raise ValueError(
                f"provider={str(self.provider)[:40]!r}: expected a provider id of lower-case letters, digits "
                "and underscores, as in 'kraken'"
            )
        object.__setattr__(self, "symbol", "/".join(parse_symbol(self.symbol)))
        interval_seconds(self.interval)

    def __str__(self) -> str:
        return f"{self.provider} {self.symbol} {self.interval}"

    @property
    def seconds(self) -> int:
        """Seconds of one interval."""
        return interval_seconds(self.interval)

    @property
    def quote(self) -> str:
        """What it is priced in."""
        return self.symbol.split("/")[1]

    @property
    def folder(self) -> Path:
        """Hive-style, so that DuckDB, polars and Spark see provider, symbol and interval as columns."""
        return Path(
            f"provider={self.provider}", f"symbol={quote(self.symbol, safe='')}", f"interval={self.interval}"
        )


def folders(root: Path) -> Iterator[Series]:
    """The series that have a folder below ``root``, in order. What has another name is none of ours."""
    found = []
    for folder in root.glob("provider=*/symbol=*/interval=*"):
        provider, symbol, interval = (part.partition("=")[2] for part in folder.parts[-3:])
        try:
            series = Series(provider, unquote(symbol), interval)
        except ValueError:
            continue
        if root / series.folder == folder and folder.is_dir() and not folder.is_symlink():
            found.append(series)
    return iter(sorted(found))
