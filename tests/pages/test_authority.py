"""Who may act: loopback at both ends, nothing in between."""

import pytest

from core.ui.authority import refusal

HOME = {"bound": "127.0.0.1", "client": None, "host": "127.0.0.1:8501", "forwarded": False}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"bound": "localhost", "host": "localhost:8501"},
        {"bound": "::1", "client": "::1", "host": "[::1]:8501"},
        {"host": "LOCALHOST"},
    ],
)
def test_at_home(change: dict[str, str]) -> None:
    assert refusal(**{**HOME, **change}) == ""


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
    assert said in refusal(**{**HOME, **change})
