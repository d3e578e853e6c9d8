"""A file that a person hands in → a raw candles frame, within limits.

What is not small plain text is read in a process of its own: with a limit on its memory, so that a packed file
cannot fill the machine; off the interpreter that serves everybody; and it can be ended at any moment.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.answer import KintsugiError
from core.candles import NotCandles, normalise

ENDINGS = ("csv", "tsv", "txt", "json", "jsonl", "parquet", "feather", "arrow", "gz")
"""What the name of a file may end in; what is in it is told apart by content."""
MOST_BYTES = 100_000_000
MOST_ROWS = 1_000_000
MEMORY = 4_000_000_000
"""Bytes that the reading process may use."""
PATIENCE = 120.0
"""Seconds after which reading is given up."""
AT_ONCE = 1_000_000
"""Bytes of plain text that are read in this process: starting another takes longer."""


class NotTaken(KintsugiError, ValueError):
    """A file beyond the limits, or one that could not be read within them."""


class Cancelled(KintsugiError):
    """A person ended the work."""


class Reading:
    """A file being read: ``result`` waits for it, ``cancel`` ends it from any thread."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._process: subprocess.Popen[bytes] | None = None
        self._cancelled = False

    def result(self) -> pd.DataFrame:
        """The raw frame, as :func:`core.candles.normalise` gives it.

        NotTaken when a limit is in the way, NotCandles when it is no candle table, Cancelled after ``cancel``.
        """
        if len(self._body) > MOST_BYTES:
            raise NotTaken(f"{len(self._body) / 1e6:,.1f} MB: expected at most {MOST_BYTES / 1e6:,.0f} MB")
        plain = _plain_text(self._body)
        _few_enough(self._body.count(b"\n") if plain else 0, "lines")
        frame = normalise(self._body) if plain and len(self._body) <= AT_ONCE else self._elsewhere()
        if self._cancelled:
            raise Cancelled("reading was cancelled")
        _few_enough(len(frame), "candles")
        return frame

    def cancel(self) -> None:
        """End the reading process; ``result`` raises."""
        self._cancelled = True
        if self._process is not None:
            self._process.kill()

    def _elsewhere(self) -> pd.DataFrame:
        with tempfile.TemporaryDirectory(prefix="kintsugi-upload-") as folder:
            given, found = Path(folder, "given"), Path(folder, "found")
            given.write_bytes(self._body)
            root = str(Path(__file__).parents[1])
            paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
                [sys.executable, "-m", "core.uploads", str(given), str(found)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": paths},
            )
            if self._cancelled:
                self._process.kill()
            try:
                said, _ = self._process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.communicate()
                raise NotTaken(f"not read within {PATIENCE:.0f} s: hand in a part of it") from None
            if self._cancelled:
                raise Cancelled("reading was cancelled")
            if self._process.returncode:
                raise NotTaken(f"the reader ended with code {self._process.returncode}: hand in a part of it")
            told = json.loads(said)
            if told:
                raise (NotCandles if told["kind"] == "candles" else NotTaken)(told["error"])
            return _load(found)


def _plain_text(body: bytes) -> bool:
    """Whether it is text as it stands: not packed, and no binary table."""
    return body[:2] != b"\x1f\x8b" and body[:4] not in {b"PAR1", b"FEA1", b"ARRO"}


def _few_enough(count: int, what: str) -> None:
    if count > MOST_ROWS + (1000 if what == "lines" else 0):
        raise NotTaken(f"{count:,} {what}: expected at most {MOST_ROWS:,}; hand in a part of it")


def _store(frame: pd.DataFrame, path: Path) -> None:
    table = pa.Table.from_pandas(frame.reset_index(), preserve_index=False)
    attrs = json.dumps(frame.attrs, default=str).encode()
    with (
        pa.OSFile(str(path), "wb") as sink,
        pa.ipc.new_file(sink, table.schema.with_metadata(None)) as writer,
    ):
        writer.write_table(table.replace_schema_metadata(None))
    path.with_suffix(".json").write_bytes(attrs)


def _load(path: Path) -> pd.DataFrame:
    with pa.OSFile(str(path)) as source, pa.ipc.open_file(source) as reader:
        frame: pd.DataFrame = reader.read_all().to_pandas()
    frame = frame.set_index("time")
    frame.attrs = json.loads(path.with_suffix(".json").read_bytes())
    return frame


def _declared_rows(path: Path) -> int:
    """What a Parquet file says that it holds, before it is unpacked: a few bytes may stand for billions."""
    try:
        return int(pq.read_metadata(path).num_rows)
    except pa.ArrowException:
        return 0  # another kind of file, or a broken one: who reads it says so


def _main(given: str, found: str) -> dict[str, str]:
    """In the reading process. Returns what went wrong, or nothing."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - exists only there

        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        _few_enough(_declared_rows(Path(given)), "candles")
        frame = normalise(Path(given))
        _few_enough(len(frame), "candles")
        _store(frame, Path(found))
    except NotCandles as error:
        return {"kind": "candles", "error": str(error)}
    except NotTaken as error:
        return {"kind": "limit", "error": str(error)}
    except MemoryError:
        return {"kind": "limit", "error": f"needs more than {MEMORY / 1e9:g} GB to be read"}
    return {}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_main(*sys.argv[1:3])))
