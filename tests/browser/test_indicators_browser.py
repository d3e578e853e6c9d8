"""A person chooses indicators, types one with parameters, and looks at their values."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.slow

Look = Callable[..., Any]

PLOT = "document.querySelector('.js-plotly-plot')"


def drawn(page: Page, *names: str) -> None:
    """Wait until the chart has just these indicators."""
    page.wait_for_function(
        f"names => {PLOT} && {PLOT}._fullData && names.join() === "
        f"[...new Set({PLOT}._fullData.slice(2).map(trace => trace.name))].join()",
        arg=list(names),
        timeout=15_000,
    )


def choose(page: Page, text: str) -> None:
    box = page.get_by_role("combobox", name="Indicators")
    box.click()
    box.fill(text)
    page.wait_for_timeout(200)  # the list filters as one types, and says nothing when it has
    box.press("Enter")
    box.press("Escape")


def address(page: Page) -> list[str]:
    return parse_qs(urlsplit(page.url).query).get("indicators", [])


def test_choosing_and_typing(server: Any, look: Look) -> None:
    seen = look(1280, 1400)
    page = seen.page
    page.goto(f"{server.url}/candles?indicators=ema(20)")
    drawn(page, "EMA(20)")
    choose(page, "rsi(21)")
    drawn(page, "EMA(20)", "RSI(21)")
    choose(page, "Bollinger bands")
    drawn(page, "EMA(20)", "Bollinger bands (20, 2)", "RSI(21)")
    assert page.evaluate(f"{PLOT}._fullData[0].x.length") == 168
    assert address(page) == ["ema(20),rsi(21),bollinger(20,2)"]
    page.reload()
    drawn(page, "EMA(20)", "Bollinger bands (20, 2)", "RSI(21)")
    assert seen.complaints == []


def test_another_page_and_back_keeps_them(server: Any, look: Look) -> None:
    seen = look()
    page = seen.page
    page.goto(f"{server.url}/candles?indicators=rsi(21)")
    drawn(page, "RSI(21)")
    page.get_by_text("Watch", exact=True).click()
    page.get_by_text("Providers", exact=True).click()
    expect(page.get_by_text("asked so far")).to_be_visible(timeout=15_000)
    page.get_by_text("Data", exact=True).click()
    page.get_by_text("Candles", exact=True).click()
    drawn(page, "RSI(21)")
    page.wait_for_url("**indicators=**")
    assert address(page) == ["rsi(21)"]
    assert seen.complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_values_at_the_cursor_and_what_they_say(server: Any, look: Look, width: int, scheme: str) -> None:
    seen = look(width, 1600, scheme)
    page = seen.page
    page.goto(f"{server.url}/candles?indicators=ema(20),bollinger,rsi,macd")
    drawn(page, "EMA(20)", "Bollinger bands (20, 2)", "RSI(14)", "MACD(12, 26, 9)")
    box = page.locator(".js-plotly-plot").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 200)
    told = page.locator(".hoverlayer .legend")
    for name in ("EMA(20)", "Bollinger bands (20, 2)", "RSI(14)", "MACD(12, 26, 9)"):
        expect(told).to_contain_text(name)
    assert (told.text_content() or "").count("Bollinger") == 1
    page.get_by_text("What the indicators say").click()
    expect(page.get_by_text("Rules of thumb, not advice")).to_be_visible(timeout=15_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert seen.complaints == []
