"""A file with a provider of one's own, as a person would write it."""

from pathlib import Path

FILE = """
id = "mine"
name = "Mine"
kind = "exchange"
home = "https://mine.example"
docs = "https://mine.example/docs"
read_on = 2026-11-25
read_from = "documentation"
priority = 5
check_symbol = "BTC/USD"
check_every = 60
limits = [{{ cost = 60, seconds = 60 }}]
hosts = [{host}]
check = {{ path = "/ping" }}
[symbol]
template = "{{base}}-{{quote}}"
[price]
path = "{path}"
last = "price"
{more}
"""


def own_file(
    folder: Path,
    host: str = '{ name = "api.mine.example" }',
    path: str = "/price/{symbol}",
    more: str = "",
) -> Path:
    """``mine.toml`` in ``folder``; ``host`` is a TOML table, ``more`` whole lines."""
    file = folder / "mine.toml"
    file.write_text(FILE.format(host=host, path=path, more=more))
    return file
