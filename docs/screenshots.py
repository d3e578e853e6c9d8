"""Takes the README's pictures from the running app: `python docs/screenshots.py` writes docs/*.png.

Needs Chromium and the test extra. The lab stands in for the network, with one provider geo-blocked and one
silent, so that the pictures show what the project is for.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pandas as pd
from playwright.sync_api import Page, sync_playwright

from core import Hub, Settings

ROOT = Path(__file__).resolve().parents[1]
LAB, APP = "http://127.0.0.1:8690", "http://127.0.0.1:8691"
FAULTS = (
    {"target": "binance", "fault": "status:451"},
    {"target": "kraken", "fault": "timeout", "seconds": 30},
)


@contextmanager
def running(command: list[str], url: str, **environment: str) -> Iterator[None]:
    """A process that serves ``url`` while this lasts."""
    env = {**os.environ, **environment}
    process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=env)  # noqa: S603 - our own
    try:
        for _ in range(300):
            if answers(url):
                break
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def answers(url: str) -> bool:
    """Whether anybody listens."""
    try:
        httpx.get(url, timeout=1, trust_env=False)
    except httpx.TransportError:
        return False
    return True


def broken_file(folder: str) -> Path:
    """An hour-by-hour file of the lab's market in which candles are missing, doubled and far too high."""
    with Hub(Settings(mode="lab", data_dir=Path(folder) / "own", monitor="off")) as hub:
        frame = hub.candles("BTC/USDT", "1h", limit=240).value
    frame = frame.drop(frame.index[[60, 61, *range(110, 122)]])
    frame.iloc[90, frame.columns.get_indexer(["open", "high", "low", "close"])] *= 10
    path = Path(folder) / "prices.csv"
    path.write_text(pd.concat([frame, frame.iloc[[30]]]).to_csv())
    return path


def candles(page: Page) -> None:
    """Why this provider, with two of them failing."""
    page.goto(f"{APP}/candles")
    page.locator(".js-plotly-plot").first.wait_for()
    page.get_by_text("Why this provider?").click()
    page.get_by_text("Not asked, because").wait_for()


def repair(page: Page, file: Path) -> None:
    """A file with its mends in gold."""
    page.goto(f"{APP}/repair?of=a+file")
    page.locator("input[type=file]").wait_for(state="attached")
    page.set_input_files("input[type=file]", file)
    page.get_by_role("button", name="Apply").wait_for()
    page.locator(".js-plotly-plot").first.wait_for()


def lab(page: Page) -> None:
    """A drill's report."""
    page.goto(f"{APP}/lab")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Report as JSON").wait_for(timeout=90_000)


def main() -> None:
    """Start lab and app, look at the pages, write the pictures."""
    streamlit = ["-m", "streamlit", "run", "app.py", "--server.port", APP.rpartition(":")[2]]
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        file = broken_file(folder)
        stack.enter_context(running(["-m", "core.lab", "--port", LAB.rpartition(":")[2]], LAB))
        for fault in FAULTS:
            httpx.post(f"{LAB}/_lab/inject", json=fault, trust_env=False).raise_for_status()
        own = {"KINTSUGI_LAB_URL": LAB, "KINTSUGI_DATA_DIR": folder}
        stack.enter_context(running([*streamlit, "--server.headless", "true"], f"{APP}/health", **own))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        shots: tuple[tuple[str, int, Callable[[Page], None]], ...] = (
            ("candles", 1620, candles),
            ("repair", 1180, lambda page: repair(page, file)),
            ("lab", 1000, lab),
        )
        for name, height, visit in shots:
            page = browser.new_page(viewport={"width": 1280, "height": height})
            visit(page)
            page.wait_for_timeout(2500)
            page.screenshot(path=ROOT / "docs" / f"{name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
