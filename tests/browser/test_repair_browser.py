"""A person hands in a broken file, sees what is wrong, mends it, takes one repair back, and takes the rest along."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from core.candles import read_ledger
from core.market import candles_frame

Look = Callable[..., Any]

PLOT = "document.querySelector('.js-plotly-plot')"
GOLD = f"({PLOT}?._fullData ?? []).filter(t => t.name === 'repaired' && t.type === 'candlestick').map(t => t.x.length)"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Two missing, sixty missing, one a hundred times too high, and a line of nonsense."""
    rng = np.random.default_rng(7)
    close = np.round(100 * np.exp(np.cumsum(rng.normal(0, 0.004, 400))), 2)
    opens = np.append(100.0, close[:-1])
    columns = {"open": opens, "high": np.maximum(opens, close) + 0.1, "low": np.minimum(opens, close) - 0.1}
    frame = candles_frame(
        1_700_438_400 + 3600 * np.arange(400), {**columns, "close": close, "volume": rng.uniform(1, 9, 400)}
    )
    frame.iloc[90, :4] *= 100
    frame = frame.drop(frame.index[[20, 21, *range(200, 260)]])
    path = tmp_path / "prices.csv"
    path.write_text(frame.to_csv() + "nonsense\n")
    return path


def to_repair(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.get_by_text("LAB — simulated data.")).to_be_visible(timeout=20_000)
    page.get_by_text("Data", exact=True).click()
    page.get_by_text("Repair", exact=True).click()
    page.get_by_text("a file", exact=True).click()
    page.wait_for_url("**of=a+file**")


def gold(page: Page, *lengths: int) -> None:
    """Wait until so many candles are gold."""
    page.wait_for_function(f"lengths => {GOLD}.join() === lengths.join()", arg=list(lengths), timeout=15_000)


def choose_row(page: Page, table: str, row: int) -> None:
    """Tick a row of a table; its cells are drawn on a canvas."""
    grid = page.locator(f"div[aria-label^='{table}']").filter(visible=True)
    grid.scroll_into_view_if_needed()
    grid.locator("canvas").first.wait_for()
    box = grid.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 18, box["y"] + 35 * row + 52)


def took(page: Page, button: str) -> tuple[str, bytes]:
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_broken_file(server: Any, look: Look, broken: Path, width: int, scheme: str) -> None:
    seen = look(width, 1800, scheme)
    page = seen.page
    if width < 1000:
        page.goto(f"{server.url}/candles?view=raw")  # the menu folds; the address leads there as well
        expect(page.get_by_text("LAB — simulated data.")).to_be_visible(timeout=20_000)
        page.goto(f"{server.url}/repair?of=a+file")
        page.locator("input[type=file]").wait_for(state="attached")
        seen.complaints.clear()  # Streamlit first looks for its files below the page's own address
    else:
        to_repair(page, server.url)
    page.set_input_files("input[type=file]", broken)
    expect(page.get_by_text("338 candles read, 1h apart")).to_be_visible(timeout=15_000)
    expect(page.get_by_text("1 place could not be read")).to_be_visible()
    gold(page, 3)
    assert page.evaluate(f"{PLOT}._fullLayout.shapes.length") == 1

    page.get_by_role("button", name="Apply 2 repairs").click()
    expect(page.get_by_text("2 repairs applied")).to_be_visible(timeout=15_000)
    page.get_by_role("tab", name="Repairs").click()
    choose_row(page, "2 repairs, in order", 0)
    page.get_by_role("button", name="Undo 1 chosen").click()
    expect(page.get_by_text("1 repair applied")).to_be_visible(timeout=15_000)
    gold(page)  # around the one that was taken back
    page.get_by_role("button", name="Apply 1 again").click()
    expect(page.get_by_text("2 repairs applied")).to_be_visible(timeout=15_000)

    page.get_by_text("Take it with you").click()
    name, body = took(page, "Result, CSV")
    assert name == "prices_repaired.csv"
    table = pd.read_csv(io.BytesIO(body), comment="#")
    assert table["method"].value_counts().to_dict() == {"observed": 337, "line": 2, "rescaled": 1}
    name, body = took(page, "Ledger, Parquet")
    assert name == "prices_ledger.parquet"
    assert read_ledger(body).index.nunique() == 2

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="Undo all").click()
    expect(page.get_by_role("button", name="Apply 2 repairs")).to_be_visible(timeout=15_000)
    page.get_by_role("radio", name="raw").click()
    gold(page)
    assert seen.complaints == []


@pytest.mark.slow
def test_from_quality_to_the_repair_of_a_series(server: Any, look: Look) -> None:
    seen = look(1280, 1200)
    page = seen.page
    page.goto(f"{server.url}/candles")
    expect(page.get_by_text("LAB — simulated data.")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("nothing wrong found in 168 candles")).to_be_visible(timeout=15_000)
    page.get_by_text("Data", exact=True).click()
    page.get_by_text("Quality", exact=True).click()
    page.get_by_role("button", name="Judge all now").click()
    expect(page.get_by_text("at 0.95 or better")).to_be_visible(timeout=20_000)
    grid = page.locator("div[aria-label^='Quality of every archived series']")
    grid.locator("canvas").first.wait_for()
    box = grid.bounding_box()
    assert box is not None
    further = page.get_by_role("link", name="See what is wrong, and repair it").first
    for _ in range(10):  # a canvas does not say when it listens
        page.mouse.click(box["x"] + box["width"] - 60, box["y"] + 52)
        try:
            further.wait_for(timeout=2000)
            break
        except PlaywrightTimeout:
            continue
    further.click()
    series = page.get_by_role("combobox", name="Series")
    expect(series).to_have_value(re.compile(r"^binance BTC/USDT "), timeout=15_000)
    expect(page.get_by_text("There is nothing to repair by these limits.")).to_be_visible(timeout=15_000)
    assert seen.complaints == []
