"""A person starts the app with no network, and looks at candles."""

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

Look = Callable[..., Any]


def candles(page: Page) -> None:
    """Wait until candles are drawn."""
    expect(page.locator(".js-plotly-plot .cartesianlayer .trace.boxes path").first).to_be_attached(
        timeout=15_000
    )


def quiet(seen: Any) -> None:
    """Nothing was asked of another machine, nothing complained."""
    hosts = {urlsplit(url).hostname for url in seen.requests if urlsplit(url).scheme not in ("data", "blob")}
    assert hosts == {"127.0.0.1"}
    assert seen.complaints == []


@pytest.mark.parametrize("network", ["server", "silent_server"], ids=["no-names", "packets-dropped"])
def test_within_ten_seconds_of_the_start(network: str, look: Look, request: pytest.FixtureRequest) -> None:
    running = request.getfixturevalue(network)
    seen = look()
    seen.page.goto(running.url)
    expect(seen.page.get_by_text("LAB — simulated data.")).to_be_visible(timeout=15_000)
    candles(seen.page)
    took = time.monotonic() - running.started
    assert took < 10, f"{took:.1f} s from the server's start to candles"
    expect(seen.page.get_by_text("no network: no provider answered")).to_be_visible()
    quiet(seen)
    print(f"{network}: candles {took:.1f} s after the server's start")  # noqa: T201 - shown with -s, to be quoted


@pytest.mark.slow
def test_why_this_provider_and_files_to_take_along(server: Any, look: Look, tmp_path: Path) -> None:
    seen = look()
    page = seen.page
    page.goto(f"{server.url}/candles?symbol=ETH/USDT&interval=15m&window=3d")
    candles(page)
    expect(page.get_by_role("combobox", name="Interval")).to_have_value("15m")
    page.get_by_text("Why this provider?").click()
    expect(page.get_by_text("Not asked, because")).to_be_visible()
    expect(page.get_by_role("table")).to_contain_text("answered")
    page.get_by_text("Take it with you").click()
    for name, read in (("CSV", pd.read_csv), ("Parquet", pd.read_parquet)):
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        assert download.value.suggested_filename.startswith("ETH-USDT_15m_")
        assert "LAB" in download.value.suggested_filename
        data = Path(download.value.path()).read_bytes()
        how = {"comment": "#"} if name == "CSV" else {}
        assert len(read(io.BytesIO(data), **how)) == 288
    expect(page.locator("code").filter(has_text="hub.candles(")).to_be_visible()
    quiet(seen)


@pytest.mark.slow
def test_choices_live_in_the_address_and_zoom_is_kept(server: Any, look: Look) -> None:
    seen = look()
    page = seen.page
    page.goto(f"{server.url}/candles")
    candles(page)
    box = page.locator(".js-plotly-plot").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 150)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 155, steps=5)
    page.mouse.up()
    page.wait_for_function(f"{RANGE}[0] > '2000' && {RANGE}[1] != {WHOLE}")
    zoomed = page.evaluate(RANGE)
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_text("first choice")).to_be_visible()
    assert page.evaluate(RANGE) == zoomed
    page.get_by_role("combobox", name="Interval").click()
    page.get_by_role("option", name="15m").click()
    page.wait_for_url("**/candles?interval=15m")
    expect(page.get_by_role("figure", name="candles of 15m")).to_be_attached()
    page.goto(f"{server.url}/api/docs")
    page.go_back()
    expect(page.get_by_role("combobox", name="Interval")).to_have_value("15m")
    quiet(seen)


RANGE = "document.querySelector('.js-plotly-plot')._fullLayout.xaxis.range"
WHOLE = "document.querySelector('.js-plotly-plot')._fullData[0].x.at(-1)"


@pytest.mark.slow
def test_an_invalid_link_says_what_was_wrong(server: Any, look: Look) -> None:
    seen = look()
    seen.page.goto(f"{server.url}/candles?symbol=garbage&interval=7h&window=never")
    for field in ("symbol='garbage'", "interval='7h'", "window='never'"):
        expect(seen.page.get_by_text(f"{field}: expected")).to_be_visible(timeout=15_000)
    candles(seen.page)
    quiet(seen)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_runs_over_the_edge(server: Any, look: Look, scheme: str) -> None:
    seen = look(390, 844, scheme)
    page = seen.page
    page.goto(f"{server.url}/candles")
    candles(page)
    page.get_by_text("Why this provider?").click()
    expect(page.get_by_role("table")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    wide = page.evaluate(
        "[...document.querySelectorAll('table, [data-testid=stMetric], [data-testid=stAlert], button')]"
        ".filter(e => e.getBoundingClientRect().right > 391).length"
    )
    assert wide == 0
    background = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    assert background == {"light": "rgb(251, 250, 246)", "dark": "rgb(18, 22, 29)"}[scheme]
    quiet(seen)
