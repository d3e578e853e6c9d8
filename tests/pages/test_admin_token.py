"""The admin token, entered on a page: asked for at the foot, kept for the session, guesses counted."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.hub import close_shared, shared


@pytest.fixture
def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A shared hub on the lab whose server has a token."""
    monkeypatch.setenv("KINTSUGI_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("KINTSUGI_MODE", "lab")
    monkeypatch.setenv("KINTSUGI_ADMIN_TOKEN", "let-me-in")
    monkeypatch.setattr("core.authority.GUESSES._wrong", OrderedDict())
    close_shared()
    shared()
    yield
    close_shared()


def field(at: AppTest) -> list[object]:
    return [one for one in at.text_input if one.label == "Admin token"]


def test_a_right_token_opens_the_session(guarded: None, app: Callable[..., AppTest]) -> None:
    at = app()
    (asked,) = field(at)
    asked.set_value("let-me-out").run()
    assert not at.exception
    assert any("not the admin token" in one.value for one in at.caption)
    assert "admin_token" not in at.session_state
    field(at)[0].set_value("let-me-in").run()
    assert not field(at)
    assert at.session_state["admin_token"] == "let-me-in"
    at.run()
    assert not field(at), "and it stays so"


def test_guesses_are_counted(
    guarded: None, app: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.authority.GUESSES._most_in_all", 3)  # AppTest has another address each time
    at = app()
    for n in range(4):
        field(at)[0].set_value(f"guess {n}").run()
    assert any("too many wrong tokens" in one.value for one in at.caption)
    field(at)[0].set_value("let-me-in").run()
    assert field(at), "or the right guess would be as good as any other"
