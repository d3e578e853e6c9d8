"""What the commands have in common: options, exit codes, and how an error is told."""

import functools
import re
import sys
from collections.abc import Callable
from typing import Any

import click

from core.answer import KintsugiError
from core.market import INTERVALS, to_datetime

NOT_ALL = 3
"""Exit code when it worked, but not all is well: defects were found, gaps stay open, candles could not be had."""
STOPPED = 130

EXITS = (
    "Exit codes: 0 all is well; 1 it failed; 2 something asked for cannot be; 3 it worked, but defects were found, "
    "gaps stay open or candles could not be had; 130 it was stopped."
)


class Failed(click.ClickException):
    """An error for people: one line, and an exit code."""

    def __init__(self, error: BaseException) -> None:
        said = str(error).strip() or type(error).__name__
        super().__init__(said)
        self.__dict__["exit_code"] = 2 if isinstance(error, ValueError) else 1  # click has it on the class


def told(command: Callable[..., Any]) -> Callable[..., Any]:
    """Errors that the package raises on purpose as one line on standard error."""

    @functools.wraps(command)
    def run(*args: Any, **named: Any) -> Any:
        try:
            return command(*args, **named)
        except (KintsugiError, ValueError, OSError) as error:
            raise Failed(error) from None
        except KeyboardInterrupt:
            click.echo("stopped; what came before stays", err=True)
            sys.exit(STOPPED)

    return run


class Time(click.ParamType[Any]):
    """A moment, as an aware UTC datetime."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """From ISO 8601 or seconds since 1970."""
        text = str(value)
        try:
            return to_datetime(float(text) if re.fullmatch(r"\d{9,11}", text) else text, "time")
        except ValueError:
            self.fail(
                f"{text[:40]!r}: expected ISO 8601, as in 2026-01-31 or 2026-01-31T12:00, or seconds",
                param,
                ctx,
            )


interval_of_file = click.option(
    "--interval", type=click.Choice(list(INTERVALS)), help="Of a file; found by itself when left out."
)
start = click.option("--start", type=Time(), help="First open time (UTC).")
end = click.option("--end", type=Time(), help="Open time of the first candle that is not wanted.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
quiet = click.option("--quiet", is_flag=True, help="No progress bar.")
