"""The real server, and Chromium to look at it."""

import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browser_server import Server, started
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright
from playwright.sync_api import Error as PlaywrightError

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Seen:
    """A page, and what it did that one does not see."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Skipped without one, but not on CI."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no chromium on this machine, and CI must not pass without looking")
        pytest.skip("no chromium on this machine")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app as a person starts it where names do not resolve."""
    with started(tmp_path_factory.mktemp("no-names"), silence=0) as running:
        yield running


@pytest.fixture(scope="module")
def guarded(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same, with a token: ``let-me-in``."""
    folder = tmp_path_factory.mktemp("guarded")
    with started(folder, silence=0, KINTSUGI_ADMIN_TOKEN="let-me-in") as running:
        yield running


@pytest.fixture
def silent_server(browser: Browser, tmp_path: Path) -> Iterator[Server]:
    """The same where every look-up just hangs, as when packets are dropped."""
    with started(tmp_path, silence=20) as running:
        yield running


PAGES = pytest.StashKey[list[Page]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Of every page that a failed test has open a picture, whose place stands in the failure."""
    report = yield
    if report.when == "call" and report.failed and (pages := item.stash.get(PAGES, [])):
        folder = Path(tempfile.mkdtemp(prefix="kintsugi-browser-"))
        for number, page in enumerate(pages, 1):
            where = (
                folder
                / f"{item.originalname if isinstance(item, pytest.Function) else item.name}-{number}.png"
            )
            try:
                page.screenshot(path=where, full_page=True)
            except PlaywrightError as error:
                report.sections.append(("no screenshot", str(error)))
            else:
                report.sections.append(("screenshot", f"{where} of {page.url}"))
    return report


@pytest.fixture
def look(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Seen]]:
    """Opens pages of a given size and colour scheme, and watches them."""
    contexts = []
    pages = request.node.stash.setdefault(PAGES, [])

    def opened(width: int = 1280, height: int = 900, scheme: str = "light") -> Seen:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]
            accept_downloads=True,
        )
        contexts.append(context)
        seen = Seen(context.new_page())
        pages.append(seen.page)

        def request(sent: Request) -> None:
            seen.requests.append(sent.url)

        def console(message: ConsoleMessage) -> None:
            # Opened at a page of its own, Streamlit first looks for itself beneath that page.
            own = "/_stcore/" in urlsplit(message.location["url"]).path.removeprefix("/_stcore/")
            if message.type == "error" and not own:
                seen.complaints.append(message.text)

        seen.page.on("request", request)
        seen.page.on("console", console)
        seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        return seen

    yield opened
    for context in contexts:
        context.close()
