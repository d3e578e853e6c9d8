"""What a server spends on pages that are open: its processor time while ten of them refresh every second.

The server is the real one, in a process of its own; the pages are web sockets that ask as a browser would.
"""

import asyncio
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("", "", "", "", "providers", "providers", "providers", "alerts", "alerts", "activity")
"""Open pages by their address; the empty one is the overview."""
SETTLE, MEASURED = 12.0, 15.0
"""Seconds until it is quiet, and those that are measured."""
START = """
import sys
import core.ui.seen as seen
seen.EVERY, seen.SLOWLY = 1.0, 2.0
from streamlit.web.cli import main
sys.exit(main(["run", "app.py", "--server.headless", "true", "--server.port", sys.argv[1]]))
"""


@dataclass
class Open:
    """An open page, and how often parts of it were drawn again."""

    page: str
    redrawn: int = 0
    received: int = 0
    ticking: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def live(self, url: str) -> None:
        """Until it is cancelled."""
        async with connect(url, subprotocols=["streamlit"], max_size=None) as stream:  # type: ignore[list-item]
            ask = BackMsg()
            ask.rerun_script.page_name = self.page
            await stream.send(ask.SerializeToString())
            page_hash = ""
            try:
                async for data in stream:
                    told = ForwardMsg.FromString(data if isinstance(data, bytes) else data.encode())
                    self.received += len(data)
                    kind = told.WhichOneof("type")
                    if kind == "new_session":
                        page_hash = told.new_session.page_script_hash
                    elif kind == "auto_rerun":
                        self._tick(stream, told.auto_rerun.fragment_id, told.auto_rerun.interval, page_hash)
                    elif kind == "script_finished":
                        self.redrawn += 1
            finally:
                for task in self.ticking.values():
                    task.cancel()

    def _tick(self, stream: ClientConnection, fragment: str, interval: float, page_hash: str) -> None:
        async def tick() -> None:
            ask = BackMsg()
            ask.rerun_script.fragment_id = fragment
            ask.rerun_script.is_auto_rerun = True
            ask.rerun_script.page_script_hash = page_hash
            while True:
                await asyncio.sleep(interval)
                await stream.send(ask.SerializeToString())

        if fragment not in self.ticking:
            self.ticking[fragment] = asyncio.create_task(tick())


@dataclass(frozen=True)
class Spent:
    """Shares of one core, and how often a part was drawn again in a second, over all pages."""

    idle: float
    opened: float
    redraws: float
    kilobytes: float


def ten_open(folder: Path) -> Spent:
    """The server over a data folder, first with nobody, then with ten pages."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "KINTSUGI_DATA_DIR": str(folder), "KINTSUGI_MODE": "lab"}
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-c", START, str(port)], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    try:
        _wait(f"http://127.0.0.1:{port}/ready", server)
        return asyncio.run(_measured(server.pid, port))
    finally:
        server.terminate()
        server.wait(20)


async def _measured(pid: int, port: int) -> Spent:
    await asyncio.sleep(SETTLE)
    idle = await _share(pid)
    pages = [Open(page) for page in PAGES]
    tasks = [asyncio.create_task(page.live(f"ws://127.0.0.1:{port}/_stcore/stream")) for page in pages]
    await asyncio.sleep(SETTLE)
    redrawn, received = (sum(getattr(one, name) for one in pages) for name in ("redrawn", "received"))
    begun = time.perf_counter()
    opened = await _share(pid)
    took = time.perf_counter() - begun
    for task in tasks:
        if task.done():
            task.result()
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    redraws = (sum(one.redrawn for one in pages) - redrawn) / took
    return Spent(idle, opened, redraws, (sum(one.received for one in pages) - received) / took / 1000)


async def _share(pid: int) -> float:
    """Of a core that the process used over the measured seconds."""
    spent, begun = _seconds(pid), time.perf_counter()
    await asyncio.sleep(MEASURED)
    return (_seconds(pid) - spent) / (time.perf_counter() - begun)


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _wait(url: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        if server.poll() is not None:
            raise RuntimeError("the server did not start")
        try:
            if httpx.get(url, timeout=2, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError("the server is not ready")
