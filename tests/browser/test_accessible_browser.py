"""What people with other eyes and hands need: axe's rules of WCAG 2.2 A and AA on every page, and the keyboard."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.slow

Look = Callable[..., Any]

HERE = Path(__file__).parent
KEYBOARD = (HERE / "keyboard.js").read_text("utf-8")
STILL = "[data-testid=stApp][data-test-script-state=notRunning]"
AT_REST = "* { transition: none !important; animation: none !important } [data-stale=true] { opacity: 1 !important }"
"""What is about to be drawn anew is pale for a moment, and what is new comes slowly."""
PAGES = sorted(path.stem for path in (HERE.parents[1] / "pages").glob("*.py"))
PLACES = [*("" if name == "overview" else name for name in PAGES), "alerts?show=Rules", "repair?of=a+file"]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LEFT = (
    ("list: ", "stSidebarNavItems", "Streamlit's folded menu has a div between list and items"),
    ("listitem: ", '<li class="st-emotion-cache', "the same"),
    ("empty-table-header: ", 'role="columnheader"', "the boxes to tick rows, within a canvas, have no head"),
    ("presentation-role-conflict: ", "stFileUploaderDropzone", "a label on what is said to be none"),
    (
        "scrollable-region-focusable: ",
        "st-emotion-cache",
        "browsers let Tab stop at what scrolls by themselves",
    ),
    ("Tab does not reach ", '"Open" in st', "the field beside it opens its list by an arrow key"),
    ("Tab does not reach ", "in stNumberInputStep", "the field beside it counts by arrow keys"),
    ("Tab does not reach ", "in stFileUploaderDropzone", "for the mouse; the button within it is a stop"),
)
"""Streamlit's own markup, which nothing of ours can mend: what is found, where, and why it is left at that."""


def mendable(found: Iterable[str]) -> list[str]:
    """Without what is Streamlit's own."""
    return [one for one in found if not any(one.startswith(what) and part in one for what, part, _ in LEFT)]


def open_up(page: Page, url: str) -> None:
    """Everything that folds is unfolded."""
    page.goto(url)
    page.add_style_tag(content=AT_REST)
    page.wait_for_selector(STILL, timeout=30_000)
    page.wait_for_timeout(700)  # charts and tables come a moment later
    page.evaluate("document.querySelectorAll('details:not([open]) > summary').forEach(one => one.click())")
    page.wait_for_timeout(700)
    page.wait_for_selector(STILL, timeout=30_000)
    page.wait_for_load_state("networkidle")  # what colours a program is fetched with the first one


def broken_rules(page: Page) -> list[str]:
    """What axe finds, one line an element, and the texts of charts, at which it does not look."""
    page.evaluate(AXE_SCRIPT)
    page.evaluate(KEYBOARD)
    options = json.dumps({"resultTypes": ["violations"], "runOnly": TAGS})
    found = page.evaluate("kin.charts()")
    for rule in page.evaluate(f"axe.run(document, {options})")["violations"]:
        for node in rule["nodes"]:
            said = "; ".join(one["message"] for one in (*node["any"], *node["all"], *node["none"]))
            found.append(f"{rule['id']}: {node['html'][:200]}: {said[:300]}")
    return mendable(found)


def by_keyboard(page: Page) -> list[str]:
    """What Tab does not reach, where it does not get away from, and where one does not see that one is there."""
    page.evaluate(KEYBOARD)
    found = []
    stops = page.evaluate("kin.prepare()")
    for _ in range(stops * 2 + 100):
        page.keyboard.press("Tab")
        said = page.evaluate("kin.step()")
        if said:
            found.append(said)
        if said is None or "leads nowhere" in said:
            break
    else:
        found.append("Tab does not come to an end")
    return mendable([*found, *page.evaluate("kin.missed()")])


def in_scheme(page: Page, scheme: str) -> None:
    """As when the system's is changed: the page is drawn anew, and need not be loaded again."""
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.wait_for_function(
        "s => getComputedStyle(document.querySelector('.stApp')).colorScheme === s", arg=scheme
    )
    page.wait_for_timeout(500)  # charts and tables follow a moment later
    page.wait_for_selector(STILL, timeout=30_000)


@pytest.mark.parametrize(("width", "by_hand"), [(1280, "light"), (390, "dark")])
def test_every_page(server: Any, look: Look, width: int, by_hand: str) -> None:
    page = look(width, 900, by_hand).page
    other = "dark" if by_hand == "light" else "light"
    found: list[str] = []
    for place in PLACES:
        open_up(page, f"{server.url}/{place}")
        in_scheme(page, by_hand)
        assert page.title() == "Kintsugi"
        assert page.evaluate("document.documentElement.lang") == "en"
        told = [*broken_rules(page), *by_keyboard(page)]
        in_scheme(page, other)
        found += [f"{place}: {one}" for one in (*told, *broken_rules(page))]
    page.goto(f"{server.url}/api/docs")
    found += [f"api/docs: {one}" for one in broken_rules(page)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_question_before_an_action(server: Any, look: Look, scheme: str) -> None:
    page = look(1280, 900, scheme).page
    open_up(page, f"{server.url}/providers")
    button = page.get_by_role("button", name="Reset all")
    button.focus()
    page.keyboard.press("Enter")
    sure = page.get_by_role("dialog").get_by_role("button", name="Reset", exact=True)
    expect(sure).to_be_visible(timeout=15_000)
    page.wait_for_timeout(500)
    assert broken_rules(page) == []
    for _ in range(4):
        page.keyboard.press("Tab")
        assert page.evaluate("!!document.activeElement.closest('[role=dialog]')"), (
            "the page beneath is not for now"
        )
    page.keyboard.press("Escape")
    expect(sure).to_have_count(0)


BAD = """<!doctype html><html><head></head><body style="background: #fff">
<p style="color: #999">pale</p><img src="data:,"><button></button>
<style>#unseen:focus { outline: none } #trap:focus { outline: 2px solid }</style>
<button id="unseen">unseen</button><div role="button">no stop</div>
<a href="#" tabindex="-1">left out</a>
<div class="js-plotly-plot"><svg><text y="20" fill="#aaa">chart</text></svg></div>
<input id="trap" aria-label="trap" onkeydown="event.key === 'Tab' && event.preventDefault()">
</body></html>"""


def test_the_check_can_fail(look: Look) -> None:
    page = look().page
    page.set_content(BAD)
    broken = broken_rules(page)
    assert any('of "chart" in a chart' in one for one in broken)
    rules = {one.partition(":")[0] for one in broken}
    assert {"color-contrast", "image-alt", "button-name", "document-title", "html-has-lang"} <= rules
    said = " ".join(by_keyboard(page))
    for part in (
        'not seen on button "unseen"',
        'reach div "no stop"',
        'reach a "left out"',
        'leads nowhere from input "trap"',
    ):
        assert part in said, said
