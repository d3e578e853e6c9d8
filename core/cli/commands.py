"""``kintsugi …``: fill the archive, say what is wrong with candles, mend them."""

import dataclasses
import sys
from pathlib import Path
from typing import Any

import click

from core import export_repair
from core.answer import KintsugiError
from core.candles import Repair, RepairPolicy, audit, repair
from core.candles.archive import Series, assess
from core.cli import given, options, say
from core.cli.catalog import catalog
from core.files import write_atomically
from core.market import Moment
from core.mend import Mended


@click.group(epilog=options.EXITS)
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


@main.command(epilog=options.EXITS)
@click.argument("symbol")
@click.argument("interval")
@click.option("--start", type=options.Time(), required=True, help="First open time (UTC).")
@click.option(
    "--end", type=options.Time(), help="Open time of the first candle that is not wanted; now when left out."
)
@click.option("--provider", "providers", multiple=True, help="Ask only this provider; may be repeated.")
@options.as_json
@options.quiet
@click.pass_obj
@options.told
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
        raise options.Failed(KintsugiError("no provider gave any candles"))
    sys.exit(0 if any(not one.unasked for one in done.providers) else options.NOT_ALL)


@main.command("audit", epilog=options.EXITS)
@click.argument("source", metavar="INPUT")
@options.interval_of_file
@click.option(
    "--min-score", type=click.FloatRange(0, 1), help="Exit with 3 below this score, not at any defect."
)
@options.start
@options.end
@options.as_json
@click.pass_obj
@options.told
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
    sys.exit(options.NOT_ALL if bad else 0)


@main.command("repair", epilog=options.EXITS)
@click.argument("source", metavar="INPUT")
@options.interval_of_file
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
@options.start
@options.end
@options.as_json
@options.quiet
@click.pass_obj
@options.told
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
        if not fetch:
            made = repair(raw, interval, policy)
        elif symbol is None:
            raise click.UsageError("--fetch: name --symbol too, so that it is known what to ask for")
        else:
            with given.hub(knobs) as hub, say.bar("mending", hidden=quiet) as progress:
                made = hub.mend(
                    symbol, interval, frame=raw, provider=provider, policy=policy, progress=progress
                )
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
    sys.exit(options.NOT_ALL if len(made.left_open) else 0)


@main.command("series", epilog=options.EXITS)
@options.as_json
@click.pass_obj
@options.told
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
