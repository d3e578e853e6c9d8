"""Who may act: the token where there is one, else loopback at both ends and nothing in between."""

import pytest
from pydantic import SecretStr

from core import Settings
from core.authority import Asker, Door, Guesses, Refusal, decide
from core.settings import SettingsError

HOME = {"bound": "127.0.0.1", "client": None, "host": "127.0.0.1:8501", "forwarded": False}
AWAY = {"bound": "0.0.0.0", "client": "203.0.113.9", "host": "kintsugi.example", "forwarded": True}
TOKEN = SecretStr("let me in ünd out".replace(" ", "-"))


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"bound": "localhost", "host": "localhost:8501"},
        {"bound": "::1", "client": "::1", "host": "[::1]:8501"},
        {"host": "LOCALHOST"},
        {"client": "127.0.0.1"},
        {"token": "whatever"},
    ],
)
def test_at_home(change: dict[str, str]) -> None:
    assert decide(Asker(**{**HOME, **change}), Door()) == "loopback"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bound": "0.0.0.0"}, "more than this machine"),
        ({"bound": "every address"}, "more than this machine"),
        ({"bound": None}, "not known"),
        ({"client": "192.168.1.7"}, "another machine"),
        ({"forwarded": True}, "another machine"),
        ({"host": "evil.example:8501"}, "not this machine's"),
        ({"host": "127.0.0.1.evil.example"}, "not this machine's"),
        ({"host": ""}, "not this machine's"),
    ],
)
def test_elsewhere(change: dict[str, object], said: str) -> None:
    decision = decide(Asker(**{**HOME, **change}), Door())
    assert isinstance(decision, Refusal)
    assert said in decision.reason
    assert not decision.token


def test_with_a_token_set_it_alone_decides() -> None:
    right = TOKEN.get_secret_value()
    assert decide(Asker(**AWAY, token=right), Door(TOKEN), Guesses()) == "token"
    for where in (HOME, AWAY):
        for given in (None, "", right[:-1], right + "x", right.upper(), "ü", "\udcff"):
            decision = decide(Asker(**where, token=given), Door(TOKEN), Guesses())
            assert isinstance(decision, Refusal)
            assert decision.token


def test_guessing_is_slowed_for_who_guesses_and_then_for_all() -> None:
    now = 1000.0
    guesses = Guesses(most=3, most_in_all=5, seconds=60, clock=lambda: now)
    right = TOKEN.get_secret_value()

    def ask(client: str, token: str) -> object:
        return decide(Asker(**{**AWAY, "client": client}, token=token), Door(TOKEN), guesses)

    for _ in range(3):
        assert not ask("1.1.1.1", "guess").wait
    now += 10
    held = ask("1.1.1.1", right)
    assert isinstance(held, Refusal), "or the right guess would be as good as any other"
    assert held.wait == 50
    assert ask("2.2.2.2", right) == "token"
    for client in ("3.3.3.3", "4.4.4.4"):
        ask(client, "guess")
    assert ask("2.2.2.2", right).wait == pytest.approx(50)
    now += 50.1
    assert ask("1.1.1.1", right) == "token"


def test_the_token_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    assert Settings(data_dir=tmp_path).admin_token is None
    assert Settings(data_dir=tmp_path, admin_token="").admin_token is None
    monkeypatch.setenv("KINTSUGI_ADMIN_TOKEN", "s3cret")
    knobs = Settings(data_dir=tmp_path)
    assert knobs.admin_token.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(knobs)
    monkeypatch.setenv("KINTSUGI_ADMIN_TOKEN", "two s3crets")
    with pytest.raises(SettingsError, match="white space") as refused:
        Settings(data_dir=tmp_path)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    "address", ["ftp://relay.example", "http://relay.example", "relay.example", "https://"]
)
def test_a_relay_is_https_or_here(address: str, tmp_path: object) -> None:
    with pytest.raises(SettingsError, match=r"relay_url=…: expected https"):
        Settings(data_dir=tmp_path, relay_url=address)
    for fine in ("https://relay.example/?key=abc", "http://127.0.0.1:9/{url}"):
        assert Settings(data_dir=tmp_path, relay_url=fine).relay_url.get_secret_value() == fine


def test_in_public_being_here_is_no_right() -> None:
    decision = decide(Asker(**HOME), Door(public=True))
    assert isinstance(decision, Refusal)
    assert decision.reason == "this server is public and read-only"
    assert (
        decide(Asker(**AWAY, token=TOKEN.get_secret_value()), Door(TOKEN, public=True), Guesses()) == "token"
    )


def test_who_logged_in_and_is_on_the_list_may_act() -> None:
    door = Door(TOKEN, public=True, admins=("Ann@Example.org",))
    assert decide(Asker(**AWAY, login="ann@example.org"), door) == "login"
    for login in ("bob@example.org", "", None, "ann@example.org.evil.example"):
        assert isinstance(decide(Asker(**AWAY, login=login), door), Refusal), login


def test_with_a_list_or_a_token_one_of_them_is_needed_even_here() -> None:
    for door, login, said in (
        (Door(admins=("ann@example.org",)), None, "a login on this server's list is needed"),
        (
            Door(admins=("ann@example.org",)),
            "bob@example.org",
            "whoever is logged in is not on this server's list",
        ),
        (
            Door(TOKEN, admins=("ann@example.org",)),
            None,
            "the admin token or a login on this server's list is needed",
        ),
        (Door(TOKEN), "ann@example.org", "the admin token is needed"),
    ):
        decision = decide(Asker(**HOME, login=login), door)
        assert isinstance(decision, Refusal)
        assert decision.reason == said
        assert decision.token is (door.token is not None)
    assert decide(Asker(**HOME, login="ann@example.org"), Door(admins=("ann@example.org",))) == "login"


def test_a_space_is_public_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACE_ID", "someone/kintsugi")
    monkeypatch.setenv("SPACE_HOST", "someone-kintsugi.hf.space")
    settings = Settings()
    assert settings.public
    assert settings.allowed_hosts == ("someone-kintsugi.hf.space",)
    assert not Settings(public=False).public
