"""The commands: files and series in, text or JSON out, and an exit code that says how it went."""

from core.cli.commands import main
from core.cli.options import NOT_ALL

__all__ = ["NOT_ALL", "main"]
