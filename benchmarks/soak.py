"""Twenty websocket sessions and two browsers on one server, while venues fail at random: does it hold?

    python benchmarks/soak.py [--seconds 600] [--sessions 20] [--browsers 2] [--seed 7]

The real server over a lab on a socket of its own, which is told to misbehave: every few seconds a fault at some
venue, for a while. Each session is somebody who looks at one page after the other; a click is a run of the page,
from the request to the last word of it. Each browser is Debian's Chromium, a click lasts until the page stands
still. Printed: clicks with their median, p95 and worst, errors on pages, and the server's memory. Status 1 when an
error was on any page, when the p95 of a click is not under a second, or when memory grew by a tenth (and more than
40 MB) between the first third and the last.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import httpx
import websockets
from playwright.async_api import Page, async_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from core.drill.script import FAULTS, VICTIMS

ROOT = Path(__file__).resolve().parents[1]
PAGES = tuple(sorted(path.stem for path in (ROOT / "pages").glob("*.py")))
FIRST = "overview"
"""The page at the root."""
P95_LIMIT = 1.0
GROWTH_LIMIT, GROWTH_MB = 0.10, 40.0
EVERY = 2.0
"""Seconds between two looks at memory."""
SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT", "BTC/USD", "ETH/USD")
INTERVALS = ("5m", "15m", "1h", "4h")
PAUSES = (2.0, 8.0)
"""Seconds that somebody looks before the next click."""


@dataclass
class Seen:
    """What came of it."""

    took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)
    """Seconds since the beginning, MB."""
    faults: int = 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def told(log: str) -> str:
    return Path(log).read_text()[-2000:]


@contextlib.asynccontextmanager
async def running(folder: Path, *command: str, ready: str, **environment: str) -> AsyncIterator[int]:
    """A process until it is no longer wanted; its id once ``ready`` answers."""
    usual = {name: value for name, value in os.environ.items() if not name.startswith("KINTSUGI_")}
    with (folder / f"log-{command[1].replace('.', '-')}").open("wb") as log:
        process = subprocess.Popen(  # noqa: ASYNC220 - started once, and soon
            [sys.executable, "-m", *command], cwd=ROOT, env={**usual, **environment}, stdout=log, stderr=log
        )
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            for _ in range(300):
                with contextlib.suppress(httpx.TransportError):
                    if (await client.get(ready, timeout=1)).status_code < 500:
                        break
                await asyncio.sleep(0.1)
            else:
                raise RuntimeError(f"{command[0]} did not start: {told(log.name)}")
        yield process.pid
        if process.poll() is not None:
            raise RuntimeError(f"{command[0]} ended: {told(log.name)}")
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


async def misbehave(lab: str, seen: Seen, chance: random.Random) -> None:
    """Faults come and go; never at all venues at once."""
    async with httpx.AsyncClient(base_url=lab, trust_env=False) as client:
        while True:
            target, fault = chance.choice(VICTIMS), chance.choice(list(FAULTS))
            asked = {"target": target, "fault": fault, "until": time.time() + chance.uniform(3, 15)}
            answer = await client.post("/_lab/inject", json={**asked, **FAULTS[fault]})
            answer.raise_for_status()
            seen.faults += 1
            await asyncio.sleep(chance.uniform(1, 5))


def address(page: str, chance: random.Random) -> str:
    if page == "candles":
        return urlencode({"symbol": chance.choice(SYMBOLS), "interval": chance.choice(INTERVALS)})
    return ""


async def session(url: str, seen: Seen, chance: random.Random) -> None:
    """Somebody without a browser: what a browser says, and what it is sent."""
    where = f"ws://{url.removeprefix('http://')}/_stcore/stream"
    async with websockets.connect(where, subprotocols=["streamlit"], origin=url, max_size=None) as line:
        while True:
            await asyncio.sleep(chance.uniform(*PAUSES))
            page = chance.choice(PAGES)
            asked = BackMsg()
            asked.rerun_script.page_name = "" if page == FIRST else page
            asked.rerun_script.query_string = address(page, chance)
            begun = time.perf_counter()
            await line.send(asked.SerializeToString())
            while True:
                message = ForwardMsg()
                message.ParseFromString(await asyncio.wait_for(line.recv(decode=False), 30))
                kind = message.WhichOneof("type")
                if kind == "delta" and message.delta.new_element.HasField("exception"):
                    seen.errors.append(f"{page}: {message.delta.new_element.exception.message[:200]}")
                elif kind == "page_not_found":
                    seen.errors.append(f"{page}: no such page")
                elif kind == "script_finished":
                    if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                        break
                    if message.script_finished != ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY:
                        seen.errors.append(f"{page}: ended as {message.script_finished}")
                        break
            seen.took["session"].append(time.perf_counter() - begun)


STILL = "[data-testid=stApp][data-test-script-state=notRunning]"
WRONG = "document.querySelectorAll('[data-testid=stException]').length"
CLICK = """page => {
  const leads = a => a.getAttribute('href')?.split('?')[0].endsWith('/' + page);
  const link = [...document.querySelectorAll('a')].find(leads);
  if (link) link.click(); else { history.pushState({}, '', '/' + page); dispatchEvent(new PopStateEvent('popstate')); }
}"""


async def surf(page: Page, url: str, seen: Seen, chance: random.Random) -> None:
    """A person with a browser."""
    page.on("pageerror", lambda error: seen.errors.append(f"browser: {error}"))
    await page.goto(url)
    await page.wait_for_selector(STILL, timeout=30_000)
    while True:
        await asyncio.sleep(chance.uniform(*PAUSES))
        name = chance.choice(PAGES)
        begun = time.perf_counter()
        await page.evaluate(CLICK, "" if name == FIRST else name)
        await page.wait_for_timeout(50)  # until the click has reached the server
        await page.wait_for_selector(STILL, timeout=30_000)
        seen.took["browser"].append(time.perf_counter() - begun)
        if await page.evaluate(WRONG):
            text = await page.locator("[data-testid=stException]").first.text_content()
            seen.errors.append(f"{name} in a browser: {text}")


def resident(process: int) -> float:
    """MB of memory that a process has."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


async def weigh(process: int, seen: Seen) -> None:
    begun = time.monotonic()
    while True:
        seen.memory.append((time.monotonic() - begun, resident(process)))
        await asyncio.sleep(EVERY)


async def soak(options: argparse.Namespace, folder: Path) -> Seen:
    seen, chance = Seen(), random.Random(options.seed)
    lab_port, port = free_port(), free_port()
    lab, url = f"http://127.0.0.1:{lab_port}", f"http://127.0.0.1:{port}"
    data = {"KINTSUGI_DATA_DIR": str(folder / "data"), "KINTSUGI_LAB_URL": lab}
    server = ("streamlit", "run", "app.py", "--server.port", str(port), "--server.headless", "true")
    async with (
        running(folder, "core.lab", "--port", str(lab_port), ready=f"{lab}/_lab/faults"),
        running(folder, *server, ready=f"{url}/ready", KINTSUGI_MODE="live", **data) as process,
        async_playwright() as playwright,
    ):
        chromium = next(
            filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
        )
        browser = await playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        pages = [await (await browser.new_context()).new_page() for _ in range(options.browsers)]
        work = [misbehave(lab, seen, chance), weigh(process, seen)]
        work += [session(url, seen, random.Random(chance.random())) for _ in range(options.sessions)]
        work += [surf(page, url, seen, random.Random(chance.random())) for page in pages]
        tasks = [asyncio.create_task(one) for one in work]
        done, _ = await asyncio.wait(tasks, timeout=options.seconds, return_when=asyncio.FIRST_EXCEPTION)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await browser.close()
        for task in done:
            seen.errors.append(f"ended early: {task.exception()!r}")
    log = (folder / "log-run").read_text()
    if "Traceback" in log:
        seen.errors.append(f"in the server's log: {log[log.index('Traceback') :][:1500]}")
    return seen


def growth(memory: list[tuple[float, float]]) -> tuple[float, float]:
    """MB in the middle of the first third, after the start itself, and of the last."""
    third = max(1, len(memory) // 3)
    early, late = memory[third // 2 : third + third // 2], memory[-third:]
    return statistics.median(mb for _, mb in early), statistics.median(mb for _, mb in late)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--browsers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kintsugi-soak-") as folder:
        seen = asyncio.run(soak(options, Path(folder)))
    print(
        f"{options.seconds:.0f} s, {options.sessions} sessions, {options.browsers} browsers, {seen.faults} faults"
    )
    print(f"{'':10}{'clicks':>8}{'p50 ms':>9}{'p95 ms':>9}{'worst ms':>10}")
    slow = False
    for who, took in sorted(seen.took.items()):
        ordered = sorted(took)
        p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
        slow |= p95 >= P95_LIMIT
        print(
            f"{who:10}{len(took):8,}{statistics.median(took) * 1000:9,.0f}{p95 * 1000:9,.0f}{ordered[-1] * 1000:10,.0f}"
        )
    early, late = growth(seen.memory)
    grew = late - early > GROWTH_MB and late / early - 1 > GROWTH_LIMIT
    print(f"memory    {early:,.0f} MB early, {late:,.0f} MB late ({late / early - 1:+.1%})")
    print(f"errors    {len(seen.errors)}")
    for error in dict.fromkeys(seen.errors):
        print(f"  {error}")
    print(json.dumps({"limits": {"p95_s": P95_LIMIT, "growth": GROWTH_LIMIT, "growth_mb": GROWTH_MB}}))
    return int(bool(seen.errors) or slow or grew or not seen.took)


if __name__ == "__main__":
    raise SystemExit(main())
