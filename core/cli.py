"""``kintsugi …``: fill the archive, say what is wrong with candles, mend them."""

import dataclasses
import functools
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from core import cli_given as given
from core import cli_say as say
from core import export_repair
from core.answer import KintsugiError
from core.candles import Repair, RepairPolicy, audit, repair
from core.candles.archive import Series, assess
from core.cli_catalog import catalog
from core.files import write_atomically
from core.market import INTERVALS, Moment, to_datetime
from core.mend import Mended

NOT_ALL = 3
"""Exit code when it worked, but not all is well: defects were found, gaps stay open, candles could not be had."""
STOPPED = 130

_EXITS = (
    "Exit codes: 0 all is well; 1 it failed; 2 something asked for cannot be; 3 it worked, but defects were found, "
    "gaps stay open or candles could not be had; 130 it was stopped."
)


class _Failed(click.ClickException):
    """An error for people: one line, and an exit code."""

    def __init__(self, error: BaseException) -> None:
        said = str(error).strip() or type(error).__name__
        super().__init__(said)
        self.__dict__["exit_code"] = 2 if isinstance(error, ValueError) else 1  # click has it on the class


def _told(command: Callable[..., Any]) -> Callable[..., Any]:
    """Errors that the package raises on purpose as one line on standard error."""

    @functools.wraps(command)
    def run(*args: Any, **named: Any) -> Any:
        try:
            return command(*args, **named)
        except (KintsugiError, ValueError, OSError) as error:
            raise _Failed(error) from None
        except KeyboardInterrupt:
            click.echo("stopped; what came before stays", err=True)
            sys.exit(STOPPED)

    return run


class _Time(click.ParamType[Any]):
    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        text = str(value)
        try:
            return to_datetime(float(text) if re.fullmatch(r"\d{9,11}", text) else text, "time")
        except ValueError:
            self.fail(
                f"{text[:40]!r}: expected ISO 8601, as in 2026-01-31 or 2026-01-31T12:00, or seconds",
                param,
                ctx,
            )


_span = (
    click.option("--start", type=_Time(), help="First open time (UTC)."),
    click.option("--end", type=_Time(), help="Open time of the first candle that is not wanted."),
)
_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_quiet = click.option("--quiet", is_flag=True, help="No progress bar.")


def _with(*options: Callable[..., Any]) -> Callable[..., Any]:
    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


@click.group(epilog=_EXITS)
@click.option(
    "--mode", type=click.Choice(["auto", "live", "lab"]), help="Where data comes from (KINTSUGI_MODE)."
)
@click.option(
    "--data-dir", type=click.Path(file_okay=False, path_type=Path), help="Folder of archive and cache."
)
@click.pass_context
def main(context: click.Context, mode: str | None, data_dir: Path | None) -> None:
    """Crypto candles: filled, judged, mended, and never without saying where they come from."""
    context.obj = {
        name: value for name, value in (("mode", mode), ("data_dir", data_dir)) if value is not None
    }


main.add_command(catalog)


@main.command(epilog=_EXITS)
@click.argument("symbol")
@click.argument("interval")
@click.option("--start", type=_Time(), required=True, help="First open time (UTC).")
@click.option(
    "--end", type=_Time(), help="Open time of the first candle that is not wanted; now when left out."
)
@click.option("--provider", "providers", multiple=True, help="Ask only this provider; may be repeated.")
@_with(_json, _quiet)
@click.pass_obj
@_told
def backfill(
    knobs: dict[str, Any],
    symbol: str,
    interval: str,
    start: Moment,
    end: Moment | None,
    providers: tuple[str, ...],
    as_json: bool,
    quiet: bool,
) -> None:
    """Fill the archive with closed candles of SYMBOL (BASE/QUOTE) and INTERVAL.

    Several venues are asked side by side, within their quotas. What is there already is not asked for again:
    after a stop, the same command goes on.
    """
    with given.hub(knobs) as hub, say.bar(f"{symbol} {interval}", hidden=quiet) as progress:
        done = hub.backfill(symbol, interval, start, end, providers=providers or None, progress=progress)
    if as_json:
        say.as_json({**dataclasses.asdict(done), "rows": done.rows})
    else:
        click.echo(str(done))
    if not done.rows:
        raise _Failed(KintsugiError("no provider gave any candles"))
    sys.exit(0 if any(not one.unasked for one in done.providers) else NOT_ALL)


@main.command("audit", epilog=_EXITS)
@click.argument("source", metavar="INPUT")
@click.option(
    "--interval", type=click.Choice(list(INTERVALS)), help="Of a file; found by itself when left out."
)
@click.option(
    "--min-score", type=click.FloatRange(0, 1), help="Exit with 3 below this score, not at any defect."
)
@_with(*_span, _json)
@click.pass_obj
@_told
def audit_command(
    knobs: dict[str, Any],
    source: str,
    interval: str | None,
    min_score: float | None,
    start: Moment | None,
    end: Moment | None,
    as_json: bool,
) -> None:
    """Say what is wrong with candles, why, and how far they can be trusted."""
    if (series := given.series_in(source)) is not None:
        found = assess(given.archive(knobs, series), series, start, end).raw
    else:
        raw = given.cut(given.read(source), start, end)
        found = audit(raw, interval or given.interval_of(raw))
    if as_json:
        say.as_json({**found.as_dict(), "defects": say.lines(found.defects)})
    else:
        click.echo(str(found))
        say.defects(found)
    bad = len(found.defects) > 0 if min_score is None else found.score is None or found.score < min_score
    sys.exit(NOT_ALL if bad else 0)


@main.command("repair", epilog=_EXITS)
@click.argument("source", metavar="INPUT")
@click.option(
    "--interval", type=click.Choice(list(INTERVALS)), help="Of a file; found by itself when left out."
)
@click.option("--symbol", help="Of a file: what the candles are of, BASE/QUOTE. Then sources can be asked.")
@click.option("--provider", help="Of a file: whose candles these are.")
@click.option("--fetch/--no-fetch", default=None, help="Ask venues for what is missing; on for a series.")
@click.option("--view", type=click.Choice(["best", "as_known"]), default="best", show_default=True,
              help="The best estimate, or nothing later than each candle.")  # fmt: skip
@click.option("--fill/--no-fill", default=True, show_default=True, help="Fill gaps.")
@click.option("--medium", type=int, help="Candles of the longest gap filled without a source.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the candles (.csv, .parquet)."
)
@click.option(
    "--ledger", type=click.Path(dir_okay=False, path_type=Path), help="Write the ledger (.csv, .parquet)."
)
@click.option("--dry-run", is_flag=True, help="Of a series: only show, keep nothing.")
@_with(*_span, _json, _quiet)
@click.pass_obj
@_told
def repair_command(
    knobs: dict[str, Any],
    source: str,
    interval: str | None,
    symbol: str | None,
    provider: str | None,
    fetch: bool | None,
    view: Any,
    fill: bool,
    medium: int | None,
    out: Path | None,
    ledger: Path | None,
    dry_run: bool,
    start: Moment | None,
    end: Moment | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Mend candles, and record every change.

    A file stays as it is: name --out to write the mended candles. Over a series of the archive the repair stands
    from then on, beside the raw candles, until it is undone.
    """
    for path in (out, ledger):
        if path is not None:
            say.form(path)
    policy = RepairPolicy(view=view, fill_gaps=fill)
    if medium is not None:
        policy = dataclasses.replace(policy, medium=medium)
    series = given.series_in(source)
    if series is not None:
        span = given.span_of(given.archive(knobs, series), series, start, end)
        made = _mend_series(
            knobs, series, span, policy, fetch=fetch is not False, dry_run=dry_run, quiet=quiet
        )
    else:
        raw = given.cut(given.read(source), start, end)
        interval = interval or given.interval_of(raw)
        if fetch and symbol is None:
            raise click.UsageError("--fetch: name --symbol too, so that it is known what to ask for")
        if fetch and symbol:
            with given.hub(knobs) as hub, say.bar("mending", hidden=quiet) as progress:
                made = hub.mend(
                    symbol, interval, frame=raw, provider=provider, policy=policy, progress=progress
                )
        else:
            made = repair(raw, interval, policy)
    name = "candles" if source == "-" else str(series or Path(source).name)
    if out is not None:
        write_atomically(out, export_repair.result(made, made.frame, name, say.form(out)))
    if ledger is not None:
        write_atomically(ledger, export_repair.ledger(made.ledger, say.form(ledger)))
    kept = isinstance(made, Mended) and made.kept
    if as_json:
        say.as_json(say.as_plain(made, kept=kept))
    else:
        click.echo(str(made))
        click.echo(say.where(out, ledger, series, kept=kept))
    sys.exit(NOT_ALL if len(made.left_open) else 0)


@main.command("series", epilog=_EXITS)
@_json
@click.pass_obj
@_told
def series_command(knobs: dict[str, Any], as_json: bool) -> None:
    """List what the archive holds."""
    archive = given.archive(knobs, None)
    held = [archive.held(series) for series in archive.series()]
    if as_json:
        say.as_json([dataclasses.asdict(one) for one in held])
        return
    for one in held:
        span = (
            f"{one.start:%Y-%m-%d %H:%M} to {one.end:%Y-%m-%d %H:%M} UTC"
            if one.start and one.end
            else "empty"
        )
        click.echo(f"{given.named(one.series):<32} {one.rows:>10,} candles  {span}  {one.repairs} repairs")
    if not held:
        click.echo(f"nothing yet in {archive.path}", err=True)


def _mend_series(
    knobs: dict[str, Any],
    series: Series,
    span: tuple[Moment, Moment],
    policy: RepairPolicy,
    *,
    fetch: bool,
    dry_run: bool,
    quiet: bool,
) -> Repair:
    if fetch:
        with given.hub(knobs) as hub, say.bar("mending", hidden=quiet) as progress:
            return hub.mend(series.symbol, series.interval, start=span[0], end=span[1], provider=series.provider,
                            policy=policy, apply=not dry_run, progress=progress)  # fmt: skip
    archive = given.archive(knobs, series)
    made = repair(archive.basis(series, *span), series.interval, policy)
    if not dry_run:
        archive.apply(series, made)
    return Mended(**{one.name: getattr(made, one.name) for one in dataclasses.fields(Repair)}, provider=series.provider,
                  symbol=series.symbol, lab=archive.lab, kept=not dry_run)  # fmt: skip


if __name__ == "__main__":
    main()
