"""The real server in a process of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]

START = """
import socket, sys, time
real = socket.getaddrinfo
def found(host, *rest, **more):
    if host in (None, "127.0.0.1", "localhost", "::1"):
        return real(host, *rest, **more)
    time.sleep(float(sys.argv[1]))
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
socket.getaddrinfo = found
from streamlit.web.cli import main
sys.exit(main(["run", "app.py", *sys.argv[2:]]))
"""
"""`streamlit run app.py` on a machine where no outside name resolves, after so many seconds of silence."""


@dataclass(frozen=True)
class Server:
    """Where it listens, and when it was started."""

    url: str
    started: float


@contextmanager
def started(folder: Path, *, silence: float, loud: bool = False, **settings: str) -> Iterator[Server]:
    """The server in a process of its own, ended by its id. ``loud``: its log may hold a traceback.

    ``settings``: more of its environment.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KINTSUGI_")}
    options = [str(silence), "--server.port", str(port), "--server.headless", "true"]
    begun = time.monotonic()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", START, *options],
            cwd=ROOT,
            env={**environment, "KINTSUGI_DATA_DIR": str(folder / "kintsugi"), **settings},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        while not _alive(url):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() - begun < 30, (folder / "log").read_text()
            time.sleep(0.05)
        yield Server(url, begun)
        told = (folder / "log").read_text()
        assert loud or "Traceback" not in told, told
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _alive(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=1, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
