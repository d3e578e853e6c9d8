"""Takes the README's picture from the running app: `python docs/screenshots.py` writes docs/candles.png.

Needs Chromium and the test extra. The lab stands in for the network, with one provider geo-blocked and one
silent, so that the picture shows what the project is for.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import sync_playwright

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


def main() -> None:
    """Start lab and app, look at the page, write the picture."""
    streamlit = ["-m", "streamlit", "run", "app.py", "--server.port", APP.rpartition(":")[2]]
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        stack.enter_context(running(["-m", "core.lab", "--port", LAB.rpartition(":")[2]], LAB))
        for fault in FAULTS:
            httpx.post(f"{LAB}/_lab/inject", json=fault, trust_env=False).raise_for_status()
        own = {"KINTSUGI_LAB_URL": LAB, "KINTSUGI_DATA_DIR": folder}
        stack.enter_context(running([*streamlit, "--server.headless", "true"], f"{APP}/health", **own))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1620})
        page.goto(f"{APP}/candles")
        page.locator(".js-plotly-plot").first.wait_for()
        page.get_by_text("Why this provider?").click()
        page.get_by_text("Not asked, because").wait_for()
        page.wait_for_timeout(1500)
        page.screenshot(path=ROOT / "docs" / "candles.png")
        browser.close()


if __name__ == "__main__":
    main()
