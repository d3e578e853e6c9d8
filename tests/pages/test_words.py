"""Ages, times and foreign text."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ui import words


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "just now"),
        (-5, "just now"),
        (12, "12 s ago"),
        (180, "3 min ago"),
        (7300, "2 h ago"),
        (2e5, "2 d ago"),
    ],
)
def test_ages(seconds: float, said: str) -> None:
    assert words.ago(seconds) == said


def test_times_say_utc() -> None:
    assert words.utc(0) == "01 Jan 1970 00:00 UTC"
    assert words.utc(datetime(2026, 11, 22, 4, 9, tzinfo=UTC)) == "22 Nov 2026 04:09 UTC"


@given(st.text(st.characters(exclude_characters="\u2060")))
@settings(max_examples=200, deadline=None)
def test_foreign_text_stays_itself(text: str) -> None:
    told = words.plain(text)
    assert "\n" not in told
    assert re.sub(r"\\(.)", r"\1", told).replace("\u2060", "") == " ".join(text.split())


@pytest.mark.parametrize(
    "text", ["see https://evil.example/x", "HTTP://x.y", "www.evil.example", "a@b.example"]
)
def test_addresses_do_not_become_links(text: str) -> None:
    shown = words.plain(text).replace("\\", "")
    assert not re.search(r"https?://|www\.|@\w", shown, re.IGNORECASE)


def test_lists() -> None:
    assert [words.listed(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
