"""``kintsugi catalog …``: a provider's file explained and tried, and the example of keys."""

import dataclasses
from pathlib import Path
from typing import Any, get_args

import click
import httpx
import pandas as pd

from core.addresses import is_here
from core.answer import WireError
from core.catalog import Catalog, CatalogError, Provider
from core.catalog.explain import explain
from core.catalog.load import read_provider
from core.engine.check import check_query
from core.features import env_example
from core.market import CandleQuery, Capability, Query, SymbolQuery, TechnicalQuery, to_seconds

MOST = 1_000_000
"""Rows of a body that are read."""
REFUSED = 3
"""Exit code when a body was refused by every call that was tried."""


@click.group()
def catalog() -> None:
    """Providers: who they are, and what is asked of them."""


@catalog.command()
def env() -> None:
    """Print an example of a .env file, with every key that a provider knows."""
    click.echo(env_example(Catalog.load().values()), nl=False)


@catalog.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--body",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A recorded answer to read with it.",
)
@click.option(
    "--capability",
    type=click.Choice(get_args(Capability)),
    help="What the body answers; all are tried when left out.",
)
@click.option("--symbol", help="The symbol that was asked for, BASE/QUOTE; the check symbol when left out.")
@click.option("--interval", help="The interval of candles or indicators that was asked for.")
@click.option(
    "--status", type=click.IntRange(100, 599), default=200, show_default=True, help="HTTP status of the body."
)
@click.option(
    "--content-type", default="application/json", show_default=True, help="Content type of the body."
)
@click.option(
    "--now", help="When it was recorded (ISO 8601 or seconds), which tells closed candles from the open one."
)
def check(
    file: Path,
    body: Path | None,
    capability: str | None,
    symbol: str | None,
    interval: str | None,
    status: int,
    content_type: str,
    now: str | None,
) -> None:
    """Say what FILE, a provider in TOML, was understood to mean; with --body read one recorded answer with it.

    Exit codes: 0 it is in order; 2 the file or an argument is not; 3 the body was refused.
    """
    try:
        provider = read_provider(file)
        asked = _queries(provider, capability, symbol, interval) if body is not None else []
        moment = (
            None
            if now is None
            else to_seconds(float(now) if now.replace(".", "", 1).isdigit() else now, "now")
        )
    except (CatalogError, ValueError) as error:
        raise click.UsageError(str(error)) from None
    for line in explain(provider, tuple(Catalog.load().values())):
        click.echo(line)
    for host in provider.hosts:
        if host.scheme == "http" or is_here(host.name):
            click.echo(f"\n{host.name} is asked only when KINTSUGI_PRIVATE_HOSTS names it")
    if body is None:
        return
    response = httpx.Response(status, content=body.read_bytes(), headers={"content-type": content_type})
    click.echo(f"\n{body.name}:")
    read = [_read(provider, query, response, moment) for query in asked]
    if not any(read):
        raise SystemExit(REFUSED)


def _queries(
    provider: Provider, capability: str | None, symbol: str | None, interval: str | None
) -> list[Query]:
    """What the body may be an answer to. ValueError for what the provider does not serve."""
    if capability is not None and capability not in provider.capabilities:
        raise ValueError(f"--capability={capability}: {provider.id} has {' '.join(provider.capabilities)}")
    found = []
    for one in provider.capabilities if capability is None else (capability,):
        query = check_query(provider, one, 0.0)
        if query is None:
            continue
        if isinstance(query, SymbolQuery) and symbol is not None:
            query = query.replace(symbol=symbol)
        if isinstance(query, CandleQuery | TechnicalQuery):
            query = query.replace(interval=interval or query.interval)
        if isinstance(query, CandleQuery):
            query = query.replace(limit=MOST)
        if reason := provider.serves(query):
            raise ValueError(f"{one}: {reason}")
        found.append(query)
    return found


def _read(provider: Provider, query: Query, response: httpx.Response, now: float | None) -> bool:
    try:
        value = provider.read(query, response, now=now)
    except WireError as error:
        click.echo(f"  as {query.capability}: refused, {type(error).__name__}: {error}")
        return False
    click.echo(f"  as {query.capability}: read")
    for line in _shown(value):
        click.echo(f"    {line}")
    return True


def _shown(value: Any) -> list[str]:
    if isinstance(value, pd.DataFrame):
        head = f"{len(value)} candles" + (f", {value.index[0]} to {value.index[-1]}" if len(value) else "")
        notes = [f"note: {note}" for note in value.attrs.get("notes", ())]
        return [head, *value.tail(3).to_string().splitlines(), *notes]
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return [repr(value)]
    shown = []
    for field in dataclasses.fields(value):
        one = getattr(value, field.name)
        if isinstance(one, tuple) and len(one) > 3:
            one = f"{one[:3]!r} and {len(one) - 3} more"
        if one is not None:
            shown.append(f"{field.name} = {one}")
    return shown
