"""Actions of pages: each asks for leave itself, at the moment it acts; the right is the session's alone."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from core.hub import Hub, shared

UI = Path(__file__).resolve().parents[2] / "core" / "ui"
ACTIONS = frozenset(
    {
        *("heal", "probe", "reset", "isolate", "restore", "forget_failures", "configure", "reload_settings"),
        *("acknowledge", "set_alert_rule", "send_test_alert", "watch", "unwatch", "open_lab", "go_live"),
        *("inject", "record_action", "forward", "accept", "undo", "mend"),
    }
)
"""What changes something for everybody, by the name of the method."""
ASKS = frozenset({"denied", "refused", "_denied", "attempt", "decide"})
"""What asks for leave; ``attempt`` does so before it calls what it is given."""
OF_A_SESSION = frozenset({("repair.py", "mend"), ("mending.py", "mend"), ("repair_desk.py", "record_action")})
"""Work for one session, of which nothing is kept; and the record of what was allowed by its caller."""

Journal = Callable[[], list[Any]]


def _called(node: ast.AST) -> set[str]:
    names = set()
    for one in ast.walk(node):
        if isinstance(one, ast.Call):
            names.add(one.func.attr if isinstance(one.func, ast.Attribute) else getattr(one.func, "id", ""))
        elif isinstance(one, ast.Attribute):
            names.add(one.attr)  # handed on, to be called elsewhere
    return names


def test_every_function_that_acts_asks_for_leave_itself() -> None:
    acting = 0
    for file in sorted(UI.glob("*.py")):
        for node in ast.parse(file.read_text("utf-8")).body:
            if not isinstance(node, ast.FunctionDef):
                continue
            called = _called(node)
            does = {name for name in called & ACTIONS if (file.name, name) not in OF_A_SESSION}
            on_hub = {
                one.attr
                for one in ast.walk(node)
                if isinstance(one, ast.Attribute) and one.attr in does and _of_a_hub(one.value)
            }
            if on_hub:
                acting += 1
                assert called & ASKS, f"{file.name}: {node.name} does {', '.join(on_hub)} and asks nobody"
    assert acting > 8, "else this looks in the wrong place"


def _of_a_hub(node: ast.AST) -> bool:
    text = ast.unparse(node)
    return any(word in text for word in ("hub", "shared()", "archive", "lab"))


def _typed(at: AppTest) -> Any:
    return next(one for one in at.text_input if one.label == "Admin token")


def _open(at: AppTest) -> bool:
    return not [one for one in at.text_input if one.label == "Admin token"]


def test_a_right_is_of_one_session(guarded: Hub, app: Callable[..., AppTest], on_record: Journal) -> None:
    mine, theirs = app(), app()
    _typed(mine).set_value("let-me-in").run()
    assert _open(mine)
    theirs.run()
    assert not _open(theirs)
    _typed(theirs).set_value("<b>guess</b>").run()
    assert not _open(theirs)
    (event,) = on_record()
    assert event.detail == "the admin token: that is not the admin token"
    assert event.who.startswith("page, ")


def test_an_address_cannot_carry_a_right(guarded: Hub, app: Callable[..., AppTest]) -> None:
    at = app(admin_token="let-me-in", admin_token_typed="let-me-in", token="let-me-in")
    assert not at.exception
    assert not _open(at)


def test_an_action_that_comes_without_its_button_is_refused_and_on_record(
    guarded: Hub, on_record: Journal
) -> None:
    def attack() -> None:
        from core.hub import shared
        from core.ui import acting, frame, lab_faults

        hub = shared()
        acting.perform(hub, "isolate", "kraken")
        acting.attempt(hub, lambda: hub.isolate("kraken", "x", who="x"), "Isolated.")
        import streamlit as st

        st.session_state["lab_own_target"], st.session_state["lab_own_fault"] = "kraken", "html"
        lab_faults._inject(hub)
        lab_faults._clear(hub)
        frame._go_live()
        acting.say()

    at = AppTest.from_function(attack, default_timeout=30).run()
    assert not at.exception
    assert "admin token is needed" in at.error[0].value
    told = [event.detail.partition(":")[0] for event in reversed(on_record())]
    assert told == ["isolate kraken", "Isolated.", "inject html", "clear all faults", "switch to live"]
    assert shared().health().totals["isolated"] == 0
    assert not shared().lab.faults
    assert shared().health().lab
