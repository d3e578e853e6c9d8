"""The activity page: the journal filtered, paged, and taken along."""

import csv
import json
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.export_events import events_csv, events_json
from core.hub import Hub
from core.ops.events import BY_KIND, AdminAction
from core.ui import activity

App = Callable[..., AppTest]


def said(at: AppTest) -> str:
    groups = (at.markdown, at.warning, at.error, at.info, at.caption)
    return "\n".join(e.value.replace("\\", "").replace("\u2060", "") for group in groups for e in group)


def act(hub: Hub, number: int) -> None:
    for n in range(number):
        hub.record_action("test", "kraken", f"number {n}", who="a test")


def test_what_happened_the_newest_first(lab_hub: Hub, app: App) -> None:
    act(lab_hub, 2)
    table = app("activity").dataframe[0].value
    assert table["Detail"].tolist()[:2] == ["number 1", "number 0"]
    assert table["What"].tolist()[0] == "☞ a person's action"
    assert "hub opened or closed" in table["What"].tolist()[-1]


def test_filters_are_in_the_address(lab_hub: Hub, app: App) -> None:
    act(lab_hub, 12)
    lab_hub.record_action("test", "krakenish", "number 1", who="another")
    at = app("activity", kind="admin", target="kraken", text="number 1", who="a test", since="1 hour")
    assert at.dataframe[0].value["Detail"].tolist() == ["number 11", "number 10", "number 1"]


def test_page_after_page(lab_hub: Hub, app: App) -> None:
    act(lab_hub, activity.PAGE + 5)
    at = app("activity", kind="admin")
    assert len(at.dataframe[0].value) == activity.PAGE
    at.button(key="activity_place_older").click().run()
    assert at.dataframe[0].value["Detail"].tolist() == [f"number {n}" for n in (4, 3, 2, 1, 0)]
    assert "Page 2: 5 events" in said(at)
    assert at.button(key="activity_place_older").disabled
    at.button(key="activity_place_newer").click().run()
    assert len(at.dataframe[0].value) == activity.PAGE
    at.button(key="activity_place_older").click().run()
    at.text_input(key="target").set_value("kraken").run()
    assert len(at.dataframe[0].value) == activity.PAGE, "another list begins at its beginning"


def test_nothing_found_says_what_to_do(lab_hub: Hub, app: App) -> None:
    assert "Nothing fits these filters." in said(app("activity", text="no such thing"))


def test_what_the_address_says_wrong(lab_hub: Hub, app: App) -> None:
    words = said(app("activity", since="a year", kind="party"))
    assert "since='a year': expected 1 hour" in words
    assert "kind='party': expected some of attempt" in words


def test_every_kind_has_its_words() -> None:
    assert set(activity.KINDS) == set(BY_KIND)
    assert len(set(activity.KINDS.values())) == len(BY_KIND)


@pytest.mark.parametrize("evil", ["=cmd()", "+1", "-1", "@SUM(A1)", "\t=1", "a, =1"])
def test_no_text_acts_as_a_formula(evil: str) -> None:
    event = AdminAction(time=1.5, target=evil, who=evil, detail=evil, action=evil, id=1)
    body = events_csv({"about": evil}, [event]).decode()
    line = body.splitlines()[-1]
    assert line.startswith("1970-01-01T00:00:01.500000Z,1,admin,")
    cells = next(csv.reader([line]))
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in cells)
    assert not any(
        part.lstrip().startswith(("=", "+", "-", "@")) for cell in cells for part in cell.split(",")
    )


def test_json_says_all() -> None:
    event = AdminAction(time=1.5, target="kraken", who="me", detail="why", action="reset", id=7)
    told = json.loads(events_json({"lab": "no"}, [event]))
    assert told == {"about": {"lab": "no"}, "events": [event.as_dict()]}
