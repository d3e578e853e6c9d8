"""What a command says: a bar while it works, then text or JSON."""

import dataclasses
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pandas as pd

from core.candles import Audit, Repair
from core.candles.archive import Series
from core.mend import Mended
from core.paging import OnProgress, Progress

_STEPS = 1000


@contextmanager
def bar(label: str, *, hidden: bool) -> Iterator[OnProgress]:
    """A progress bar on standard error, for people who look."""
    hidden = hidden or not sys.stderr.isatty()
    with click.progressbar(
        length=_STEPS, label=label, file=sys.stderr, hidden=hidden, item_show_func=str
    ) as bar:

        def tell(step: Progress) -> None:
            bar.update(int(step.share * _STEPS) - bar.pos, step.doing)

        yield tell


def form(path: Path) -> Any:
    """``csv`` or ``parquet``, by a name's ending. ValueError for another."""
    ending = path.suffix.lower()
    if ending in {".csv", ".parquet"}:
        return ending[1:]
    raise ValueError(f"{path.name!r}: expected a name that ends in .csv or .parquet")


def where(out: Path | None, ledger: Path | None, series: Series | None, *, kept: bool) -> str:
    """Where the result is now."""
    wrote = [f"{what} in {path}" for what, path in (("candles", out), ("ledger", ledger)) if path is not None]
    if kept:
        wrote.append("the repair stands over the archive")
    return "; ".join(wrote) or (
        "nothing was kept" if series else "nothing was written: name --out and --ledger"
    )


def defects(found: Audit, most: int = 20) -> None:
    """The first defects, a line each."""
    for line in lines(found.defects.head(most)):
        start, end, kind, cause, count, detail = line.values()
        span = f"{start:%Y-%m-%d %H:%M}" + (f" to {end:%Y-%m-%d %H:%M}" if end != start else "")
        why, more = "" if cause == "unknown" else f" ({cause})", f": {detail}" if detail else ""
        click.echo(f"  {span} UTC  {kind}{why}, {count}{more}")
    if len(found.defects) > most:
        click.echo(f"  … {len(found.defects) - most} more (all of them with --json)")


def as_plain(made: Repair, *, kept: bool) -> dict[str, Any]:
    """A repair as plain data."""
    methods = made.ledger.groupby("method", observed=True, sort=False)["time"].nunique()
    return {
        "interval": made.interval,
        "view": made.policy.view,
        "rows": len(made.frame),
        "before": made.before.as_dict(),
        "after": made.after.as_dict(),
        "methods": {str(name): int(count) for name, count in methods.items()},
        "ledger_lines": len(made.ledger),
        "left_open": lines(made.left_open),
        "asked": [dataclasses.asdict(one) for one in made.asked] if isinstance(made, Mended) else [],
        "lab": made.lab if isinstance(made, Mended) else False,
        "kept": kept,
    }


def lines(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A table's rows as plain data."""
    return [
        {str(name): value for name, value in line.items()} for line in table.astype(object).to_dict("records")
    ]


def as_json(document: Any) -> None:
    """Print it as one line of JSON."""
    click.echo(json.dumps(document, allow_nan=False, default=_plain, ensure_ascii=False))


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else str(value)
