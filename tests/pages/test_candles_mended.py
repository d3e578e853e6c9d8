"""The candles page says how good a series is, mends it in gold, and shows it as it came on demand."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.hub import Hub

App = Callable[..., AppTest]
GOLD = "#b8860b"


def words(at: AppTest) -> str:
    groups = (at.markdown, at.warning, at.info, at.caption)
    found = "\n".join(entry.value for group in groups for entry in group)
    return found.replace("\\", "").replace("\u2060", "")


def spec(at: AppTest) -> dict[str, Any]:
    return json.loads(at.get("plotly_chart")[0].proto.spec)


def names(at: AppTest) -> list[str]:
    return [trace["name"] for trace in spec(at)["data"]]


def line(at: AppTest) -> str:
    (found,) = (entry.label for entry in at.expander if entry.label.startswith("Quality"))
    return found


@pytest.fixture
def answers(lab_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., pd.DataFrame]], None]:
    """Let the hub's answers be changed on their way to the page."""

    def changed(change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
        answer = lab_hub.candles("BTC/USDT", "1h", limit=168)
        other = replace(answer, value=change(answer.value.copy()))
        monkeypatch.setattr(lab_hub, "fetch", lambda *_, **__: other)

    return changed


def holes(frame: pd.DataFrame) -> pd.DataFrame:
    frame.iloc[60, :4] *= 100
    return frame.drop(frame.index[[20, 21, *range(90, 140)]])


def test_a_whole_series_shows_no_gold(lab_hub: Hub, app: App) -> None:
    at = app()
    assert line(at) == "Quality 1.00 · usable 1.00 · nothing wrong found in 168 candles"
    assert names(at) == ["BTC/USDT", "volume"]
    assert GOLD not in at.get("plotly_chart")[0].proto.spec
    assert "Gold" not in words(at)


def test_the_best_estimate_is_gold_and_says_what_stays_open(lab_hub: Hub, answers: Any, app: App) -> None:
    answers(holes)
    at = app()
    assert names(at).count("repaired") == 2
    assert len(spec(at)["layout"]["shapes"]) == 1
    assert "Gold, with ◆ above: 3 repaired. Shaded: 50 left open." in words(at)
    assert "3 of them repaired, 50 left open" in str(at.get("plotly_chart")[0].proto)
    assert "1 wrong unit" in line(at)
    assert "52 missing" in line(at)
    assert (
        at.metric[1].value
        == f"{lab_hub.fetch(None).value['high'].drop(lab_hub.fetch(None).value.index[58]).max():,.2f}"
    )


def test_versions_are_chosen_and_in_the_address(lab_hub: Hub, answers: Any, app: App) -> None:
    answers(holes)
    at = app(view="raw")
    assert at.segmented_control(key="view").value == "raw"
    assert names(at) == ["BTC/USDT", "volume"]
    assert "Shaded: 52 missing." in words(at)
    at.segmented_control(key="view").set_value("as known").run()
    assert not at.exception
    text = next(trace["text"] for trace in spec(at)["data"] if trace["name"] == "BTC/USDT")
    assert any("carried forward" in cell and cell.endswith("nothing later used") for cell in text)


def test_an_unknown_version_says_so(lab_hub: Hub, app: App) -> None:
    assert "view='golden': expected best estimate, as known and raw" in words(app(view="golden"))


def test_too_little_to_judge_is_said(lab_hub: Hub, answers: Any, app: App) -> None:
    answers(lambda frame: frame.iloc[-12:])
    assert line(app()).startswith("Quality: too little to judge, 12 of at least 20 candles")


def test_a_slow_clock_takes_no_closed_candle_away(
    lab_hub: Hub, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = lab_hub.candles("BTC/USDT", "1h", limit=168)
    early = replace(answer, fetched=answer.value.index[-1].timestamp() - 60)
    monkeypatch.setattr(lab_hub, "fetch", lambda *_, **__: early)
    at = app()
    assert "168 candles" in line(at)
    assert "incomplete" not in line(at)
