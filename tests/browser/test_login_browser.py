"""Logging in by OpenID Connect: in a browser, at a real provider on loopback, with the secrets.toml of a person."""

import re
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from browser_server import Server, started
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from oidc_provider import CLIENT, SECRET, OpenId, provider
from playwright.sync_api import Browser, Page, expect
from tls_front import front

pytestmark = pytest.mark.slow

Look = Callable[..., Any]
STILL = "[data-testid=stApp][data-test-script-state=notRunning]"
TOKEN = {"Authorization": "Bearer let-me-in"}


@dataclass(frozen=True)
class Place:
    """A public server with a token and a list, and the provider that it sends people to."""

    server: Server
    at: OpenId

    def lets_in(self, *addresses: str) -> None:
        """Who is on the list from now on."""
        self._api("POST", "settings", json={"admins": list(addresses)})

    def has_on_record(self, who: str, action: str, detail: str = "") -> None:
        """The journal says so, at the latest with its next batch."""
        until = time.monotonic() + 5
        while True:
            events = self._api("GET", "journal?kinds=admin")["events"]
            told = [(event["who"], event["action"], event["detail"]) for event in events]
            if any(one[:2] == (who, action) and one[2].startswith(detail) for one in told):
                return
            assert time.monotonic() < until, told
            time.sleep(0.2)

    def _api(self, method: str, path: str, **how: Any) -> Any:
        url = f"{self.server.url}/api/v1/{path}"
        return httpx.request(method, url, headers=TOKEN, trust_env=False, **how).raise_for_status().json()


@pytest.fixture(scope="module")
def place(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("login")
    with provider() as at:
        secrets = folder / "secrets.toml"
        secrets.write_text(at.secrets())
        own = {"STREAMLIT_SECRETS_FILES": str(secrets), "KINTSUGI_ADMIN_TOKEN": "let-me-in"}
        with started(folder, silence=0, KINTSUGI_PUBLIC="true", **own) as running:
            at.redirect_uri = f"{running.url}/oauth2callback"
            yield Place(running, at)
    assert at.refused == []


def to(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_selector(STILL, timeout=30_000)
    expect(page.get_by_text("LAB — simulated data.").first).to_be_visible(timeout=20_000)


def log_in(page: Page, place: Place, address: str, **claims: Any) -> None:
    """Through the provider and back, to the providers' page."""
    place.at.person = {"sub": address, "email": address, "email_verified": True, **claims}
    to(page, f"{place.server.url}/providers")
    page.get_by_role("button", name="Admin").click()
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{place.server.url}/")
    to(page, f"{place.server.url}/providers")


def standing(name: str, what: str) -> re.Pattern[str]:
    """As it stands at the foot; a sign within the address keeps it from becoming a link."""
    return re.compile(rf"Logged in as {name}@\W?example\.org, {what}")


def reset_all(page: Page) -> None:
    page.get_by_role("button", name="Reset all").click(timeout=15_000)
    page.get_by_role("dialog").get_by_role("button", name="Reset", exact=True).click()


def test_who_is_on_the_list_acts_and_leaves(place: Place, look: Look) -> None:
    place.lets_in("Ann@example.org")
    seen = look()
    page = seen.page
    log_in(page, place, "ann@example.org")
    reset_all(page)
    expect(page.get_by_text("Reset: everything")).to_be_visible(timeout=15_000)
    place.has_on_record("page, ann@example.org", "reset")
    cookies = {one["name"]: one for one in page.context.cookies() if "streamlit_user" in one["name"]}
    assert all(one["httpOnly"] and one["sameSite"] == "Lax" for one in cookies.values())

    page.get_by_role("button", name="Admin").click()
    expect(page.get_by_text(standing("ann", "who may act"))).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(f"{place.server.url}/")
    to(page, f"{place.server.url}/providers")
    expect(page.get_by_text("a login on this server's list is needed")).to_be_visible()
    expect(page.get_by_role("button", name="Reset all")).to_have_count(0)
    assert not [one for one in page.context.cookies() if one["name"].startswith("_streamlit_user")]
    assert place.at.signed_out[-1].count(".") == 2, "the provider was told whose session ends"
    assert seen.complaints == []


def test_who_is_not_on_the_list_reads(place: Place, look: Look) -> None:
    place.lets_in("ann@example.org")
    page = look().page
    log_in(page, place, "bob@example.org")
    expect(
        page.get_by_text("Acting is not possible from here: whoever is logged in is not on")
    ).to_be_visible()
    expect(page.get_by_role("button", name="Reset all")).to_have_count(0)
    page.get_by_role("button", name="Admin").click()
    expect(page.get_by_text(standing("bob", "who is not on"))).to_be_visible()
    place.has_on_record("page, bob@example.org", "refused", "logging in as bob@example.org: ")


def test_who_was_taken_off_the_list_is_refused_where_the_button_still_stands(
    place: Place, look: Look
) -> None:
    place.lets_in("cyd@example.org")
    page = look().page
    log_in(page, place, "cyd@example.org")
    page.get_by_role("button", name="Reset all").click(timeout=15_000)
    sure = page.get_by_role("dialog").get_by_role("button", name="Reset", exact=True)
    expect(sure).to_be_visible(timeout=15_000)
    place.lets_in("ann@example.org")
    sure.click()
    expect(page.get_by_text("Not done: whoever is logged in is not on this server's list")).to_be_visible()
    place.has_on_record("page, cyd@example.org", "refused", "reset everything: ")


@pytest.mark.parametrize("claims", [{"email_verified": False}, {"email_verified": "true"}])
def test_an_address_that_nobody_vouches_for_opens_nothing(
    place: Place, look: Look, claims: dict[str, Any]
) -> None:
    place.lets_in("ann@example.org")
    page = look().page
    log_in(page, place, "ann@example.org", sub="an impostor", **claims)
    expect(page.get_by_role("button", name="Reset all")).to_have_count(0)
    page.get_by_role("button", name="Admin").click()
    expect(page.get_by_text("does not vouch for that address: it opens nothing")).to_be_visible()
    place.has_on_record("page, this machine", "refused", "logging in as ann@example.org: ")


def test_rest_asks_for_the_token_whoever_is_logged_in(place: Place, look: Look) -> None:
    place.lets_in("ann@example.org")
    page = look().page
    log_in(page, place, "ann@example.org")
    answer = page.request.post(f"{place.server.url}/api/v1/reset", data={})
    assert answer.status == 401, "a cookie alone would act for every page that its bearer opens"


def test_in_a_space_its_hub_is_the_provider(browser: Browser, tmp_path: Path) -> None:
    """With what a Space's environment has, over TLS that ends before the app."""
    with provider() as at, front(tmp_path) as outside:
        at.redirect_uri = f"https://{outside.host}/oauth2callback"
        at.person = {"sub": "1", "email": "ann@example.org", "email_verified": True}
        space = {
            "SPACE_ID": "someone/kintsugi",
            "SPACE_HOST": outside.host,
            "OAUTH_CLIENT_ID": CLIENT,
            "OAUTH_CLIENT_SECRET": SECRET,
            "OPENID_PROVIDER_URL": at.issuer,
            "KINTSUGI_ADMINS": "ann@example.org",
        }
        with started(tmp_path, silence=0, **space) as running:
            outside.behind = urlsplit(running.url).port or 0
            context = browser.new_context(ignore_https_errors=True)
            page, url = context.new_page(), f"https://{outside.host}"
            to(page, f"{url}/providers")
            expect(page.get_by_text("a login on this server's list is needed")).to_be_visible()
            page.get_by_role("button", name="Admin").click()
            link = page.get_by_role("link", name=outside.host)
            expect(link).to_have_attribute("href", url)
            page.get_by_role("button", name="Log in").click()
            page.wait_for_url(f"{url}/")
            to(page, f"{url}/providers")
            reset_all(page)
            expect(page.get_by_text("Reset: everything")).to_be_visible(timeout=15_000)
            context.close()
        assert at.refused == []


LIES = {
    "of another issuer": {"iss": "https://evil.example"},
    "for another client": {"aud": "somebody-else"},
    "over": {"exp": 1_700_000_000},
    "of another login": {"nonce": "of-another-login"},
    "signed by another": {},
}


def test_a_token_that_is_not_for_us_logs_nobody_in(tmp_path: Path) -> None:
    with provider() as at:
        at.person = {"sub": "1", "email": "ann@example.org", "email_verified": True}
        secrets = tmp_path / "secrets.toml"
        secrets.write_text(at.secrets())
        cookie_secret = tomllib.loads(secrets.read_text())["auth"]["cookie_secret"]
        which = {"provider": "default", "exp": int(time.time()) + 100}
        link = f"auth/login?provider={jwt.encode({'alg': 'HS256'}, which, OctKey.import_key(cookie_secret))}"
        # Streamlit logs each of these with its traceback.
        with started(tmp_path, silence=0, loud=True, STREAMLIT_SECRETS_FILES=str(secrets)) as running:
            at.redirect_uri = f"{running.url}/oauth2callback"

            def logged_in() -> bool:
                with httpx.Client(follow_redirects=True, trust_env=False) as client:
                    client.get(f"{running.url}/{link}").raise_for_status()
                    return "_streamlit_user" in client.cookies

            assert logged_in(), "this way in works, when nothing is wrong with the token"
            for lie, at.lies in LIES.items():
                at.signs_with = at.key if at.lies else RSAKey.generate_key(2048, {"kid": "of-the-test"})
                assert not logged_in(), lie
            assert at.refused == []
