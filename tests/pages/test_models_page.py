"""The models page under AppTest: states, a sentence to try, starting anew, predictions with their record."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.hub import Hub
from core.ui import authority

App = Callable[..., AppTest]
PAGE = str(Path(__file__).resolve().parents[2] / "pages" / "models.py")


@pytest.fixture
def opened(app: App) -> Callable[..., AppTest]:
    def go(**address: str) -> AppTest:
        at = app(**address).switch_page(PAGE).run()
        assert not at.exception, at.exception
        return at

    return go


def told(at: AppTest) -> str:
    return " ".join(str(one.value) for one in (*at.markdown, *at.caption, *at.info, *at.error, *at.warning))


def test_every_model_with_its_state_and_load_time(lab_hub: Hub, opened: Callable[..., AppTest]) -> None:
    at = opened()
    rows = at.dataframe[0].value.set_index("Model").to_dict("index")
    assert set(rows) == {"VADER", "Hugging Face", "Logistic regression", "Momentum", "Mean reversion"}
    assert rows["Momentum"]["State"].tolist() == ["● healthy"]  # the page has asked it
    assert rows["Momentum"]["Load"] >= 0
    assert rows["Hugging Face"]["Runs"] == "elsewhere"
    assert "none in trouble" in told(at)


def test_a_visitor_tries_a_sentence(
    lab_hub: Hub, opened: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authority, "refused", lambda: "a test says no")
    at = opened()
    assert [one for one in at.button if one.key in {"renew_one", "renew_all"}] == []
    assert "started anew from here: a test says no" in told(at)
    assert (
        "Hugging Face" not in at.selectbox(key="by").options
    )  # it would be sent elsewhere, at the owner's cost
    at.text_area(key="text").set_value(
        "<script>alert(1)</script> **Exchange hacked**, bitcoin plunges \u202e"
    )
    at.button(key="judge").click().run()
    assert not at.exception
    said = told(at)
    assert "negative" in said
    assert "VADER" in said
    assert "<script>" not in said


def test_an_empty_sentence_is_told_so(lab_hub: Hub, opened: Callable[..., AppTest]) -> None:
    at = opened()
    at.text_area(key="text").set_value("  ")
    at.button(key="judge").click().run()
    assert "expected text of 1 to 5000 signs" in at.warning[1].value + at.warning[0].value


def test_starting_one_anew_is_on_record(lab_hub: Hub, opened: Callable[..., AppTest], at_home: None) -> None:
    at = opened()
    assert at.button(key="renew_all").disabled
    at.selectbox(key="model").set_value("vader").run()
    at.button(key="renew_one").click().run()
    assert not at.exception
    assert "model:vader: healed. loaded in" in told(at).replace("\\", "")
    (event, *_) = lab_hub.journal.events(kinds=["heal"], limit=5)
    assert event.target == "model:vader"
    assert event.who.startswith("page")


def test_all_that_failed(lab_hub: Hub, opened: Callable[..., AppTest], at_home: None) -> None:
    model = lab_hub.catalog["vader"]
    model.load_error = "OSError: no lexicon"
    at = opened()
    assert "VADER" in at.markdown[0].value + at.markdown[1].value
    assert "need attention" in told(at)
    button = at.button(key="renew_all")
    assert (button.disabled, button.label) == (False, "Start all that failed (1)")
    button.click().run()
    assert "model:vader: healed" in told(at).replace("\\", "")
    assert model.load_error == ""


def test_authority_is_asked_when_it_is_done(
    lab_hub: Hub, opened: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authority, "refused", lambda: "")
    at = opened()
    monkeypatch.setattr(authority, "refused", lambda: "no longer")
    at.button(key="renew_one").click().run()
    assert lab_hub.journal.events(kinds=["heal"], limit=5) == []


def test_predictions_say_what_their_record_is_worth(lab_hub: Hub, opened: Callable[..., AppTest]) -> None:
    at = opened(symbol="ETH/USDT", interval="4h")
    table = at.dataframe[1].value.set_index("Method")
    assert set(table.index) == {"Logistic regression", "Momentum", "Mean reversion"}
    assert (table["Tests"] > 100).all()
    assert table["95 % interval"].str.match(r"\d+\.\d% – \d+\.\d%").all()
    assert table["So"].str.contains("better|worse").all()
    assert set(table["Says"]) <= {"▲ up", "▼ down", "– unsure"}
    assert "None of this is advice" in told(at)


def test_no_candles_is_told(lab_hub: Hub, opened: Callable[..., AppTest]) -> None:
    at = opened()
    lab_hub.lab.inject(None, "status:500")
    at.selectbox(key="symbol").set_value("SOL/USDT").run()
    assert not at.exception
    assert "no candles to work on" in told(at)
