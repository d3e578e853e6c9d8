"""The repair page: a broken file is judged, mended, applied, taken back and handed over; a series likewise."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.candles.archive import Series
from core.hub import Hub
from core.market import candles_frame
from core.settings import Settings
from core.ui import repair_chart, repair_desk, repair_table
from core.ui.places import REPAIR
from core.uploads import NotTaken, Reading

App = Callable[..., AppTest]


def candles(rows: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    close = np.round(100 * np.exp(np.cumsum(rng.normal(0, 0.004, rows))), 2)
    opens = np.append(100.0, close[:-1])
    columns = {"open": opens, "high": np.maximum(opens, close) + 0.1, "low": np.minimum(opens, close) - 0.1}
    return candles_frame(
        1_700_438_400 + 3600 * np.arange(rows), {**columns, "close": close, "volume": rng.uniform(1, 9, rows)}
    )


def broken() -> pd.DataFrame:
    frame = candles()
    frame.iloc[90, :4] *= 100
    return frame.drop(frame.index[[20, 21, *range(200, 260)]])


def as_csv(frame: pd.DataFrame, extra: str = "") -> bytes:
    return (frame.to_csv() + extra).encode()


def words(at: AppTest) -> str:
    groups = (at.markdown, at.warning, at.error, at.info, at.caption)
    found = "\n".join(entry.value for group in groups for entry in group)
    return found.replace("\\", "").replace("\u2060", "")


def metrics(at: AppTest) -> dict[str, str]:
    return {entry.label: entry.value for entry in at.metric}


def chart(at: AppTest) -> dict[str, Any]:
    return json.loads(at.get("plotly_chart")[0].proto.spec)


def gold(at: AppTest) -> int:
    return sum(
        len(one["x"])
        for one in chart(at)["data"]
        if (one["name"], one["type"]) == ("repaired", "candlestick")
    )


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work is waited for, however busy the machine is."""
    for module in ("repair", "repair_file"):
        monkeypatch.setattr(f"core.ui.{module}.SOON", 20)


@pytest.fixture
def page(lab_hub: Hub, app: App) -> Callable[..., AppTest]:
    """The repair page at an address."""

    def opened(**address: str) -> AppTest:
        at = AppTest.from_file(str(REPAIR.parents[1] / "core" / "ui" / "router.py"), default_timeout=30)
        at.run()
        at.switch_page(str(REPAIR))
        for name, value in address.items():
            at.query_params[name] = value
        at.run()
        assert not at.exception, at.exception
        return at

    return opened


@pytest.fixture
def handed(page: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """The repair page with a file on it."""

    def opened(body: bytes, name: str = "prices.csv") -> AppTest:
        at = page(of="a file")
        at.file_uploader(key="repair_file").set_value((name, body, "text/csv")).run()
        assert not at.exception, at.exception
        return at

    return opened


def test_nothing_archived_says_what_to_do(page: Callable[..., AppTest]) -> None:
    at = page()
    assert "Nothing is archived yet." in words(at)
    assert [link.label for link in at.page_link] == ["Look at candles"]
    assert not at.metric


def test_a_page_for_a_file_says_what_it_takes(page: Callable[..., AppTest]) -> None:
    said = words(page(of="a file"))
    assert "At most 100 MB and 1,000,000 candles. It stays in this session" in said


def test_a_broken_file_is_judged(handed: Callable[..., AppTest]) -> None:
    at = handed(as_csv(broken(), "nonsense\n2023-12-06 16:00:00+00:00,abc,1,1,1,1\n"))
    assert metrics(at) == {"Quality": metrics(at)["Quality"], "Usable": metrics(at)["Usable"], "Candles": "339",
                           "Repaired": "4", "Left open": "60"}  # fmt: skip
    assert 0 < float(metrics(at)["Quality"]) < 0.9
    unread, defects, repairs = (entry.value for entry in at.dataframe)
    assert unread["Line"].tolist() == [340, 341]
    assert defects["Defect"].tolist()[0] == "Missing"
    assert set(defects["Defect"]) == {"Missing", "Wrong unit", "Not a number"}
    assert set(repairs["State"]) == {"◆ repaired"}
    assert gold(at) == 4
    assert "The file is your own" in words(at)
    assert at.selectbox[0].value == "1h"


def test_apply_take_back_one_and_all(handed: Callable[..., AppTest]) -> None:
    at = handed(as_csv(broken()))
    assert not at.get("download_button")
    at.button(key="repair_apply").click().run()
    assert not at.exception
    assert "2 repairs applied" in words(at)
    assert len(at.get("download_button")) == 4
    state = at.session_state[repair_desk.KEPT]
    (kept,) = state.values()
    lifted = int(kept.result.ledger.index[kept.result.ledger["method"] == "rescaled"][0])
    kept.undone.add(lifted)
    at.run()
    assert "1 repair applied" in words(at)
    assert sorted(at.dataframe[1].value["State"]) == ["↶ taken back", "◆ repaired"]
    assert gold(at) == 2
    at.button(key="repair_undo_all").click().run()
    assert not at.exception
    assert not at.get("download_button")
    assert at.button(key="repair_apply")


def test_other_limits_give_another_repair(handed: Callable[..., AppTest]) -> None:
    at = handed(as_csv(broken()))
    at.button(key="repair_apply").click().run()
    at.number_input(key="policy_medium").set_value(60).run()
    at.number_input(key="policy_medium_hours").set_value(72.0).run()
    assert metrics(at)["Left open"] == "0"
    assert gold(at) == 63
    assert at.button(key="repair_apply")  # what was applied was another
    at.toggle(key="policy_fill_gaps").set_value(False).run()
    assert metrics(at)["Left open"] == "62"
    at.button(key="policy_reset").click().run()
    assert "2 repairs applied" in words(at)


def test_limits_name_their_range(handed: Callable[..., AppTest]) -> None:
    at = handed(as_csv(broken()))
    field = at.number_input(key="policy_corruption_threshold")
    assert (field.min, field.max) == (0, 1)
    assert "From 0 to 1." in field.help


def test_as_known_and_raw(handed: Callable[..., AppTest]) -> None:
    at = handed(as_csv(broken()))
    at.segmented_control(key="view").set_value("as known").run()
    text = next(one["text"] for one in chart(at)["data"] if one["name"] == "")
    assert any("nothing later used" in cell for cell in text)
    at.segmented_control(key="view").set_value("raw").run()
    assert gold(at) == 0
    assert len(chart(at)["layout"]["shapes"]) == 2


def test_a_whole_file_has_nothing_to_repair(handed: Callable[..., AppTest]) -> None:
    at = handed(as_csv(candles()))
    assert "There is nothing to repair by these limits." in words(at)
    assert "repair_apply" not in [one.key for one in at.button]
    assert metrics(at)["Quality"] == "1.00"


def test_too_little_to_judge(handed: Callable[..., AppTest]) -> None:
    at = handed(as_csv(candles(12)))
    assert metrics(at)["Quality"] == "–"
    assert "Too little to judge: 12 candles, and a score needs 20." in words(at).replace("**", "")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"hello\n", "prices.csv cannot be used. no candle table"),
        (b"time,open,high,low,close\nx,1,2,0.5,1\n", "prices.csv holds no candle that could be read."),
        (b"time,open,high\n1,2,3\n", "cannot be used"),
    ],
)
def test_what_is_no_candle_file_says_why(handed: Callable[..., AppTest], body: bytes, said: str) -> None:
    at = handed(body)
    assert said in words(at).replace("**", "")
    assert not at.metric


def test_a_spacing_that_is_no_interval_is_said(handed: Callable[..., AppTest]) -> None:
    frame = candles()
    frame.index = frame.index[0] + (frame.index - frame.index[0]) / 10
    at = handed(as_csv(frame))
    assert "360 s apart, which is no interval known here: 5m is the nearest" in words(at)


def test_long_reading_shows_progress_and_ends_on_demand(
    handed: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()

    def slowly(self: Reading) -> pd.DataFrame:
        go.wait(20)
        raise NotTaken("never")

    monkeypatch.setattr("core.ui.repair_file.SOON", 0.05)
    monkeypatch.setattr(Reading, "result", slowly)
    monkeypatch.setattr(Reading, "cancel", lambda self: go.set())
    at = handed(as_csv(candles()))
    assert (
        "Reading: 0.0 MB" in at.get("progress")[0].proto.text or "bytes" in at.get("progress")[0].proto.text
    )
    at.button(key="cancel_job").click().run()
    assert go.is_set()
    at.run()
    assert not at.exception


def archived(hub: Hub, frame: pd.DataFrame) -> Series:
    series = Series("kraken", "BTC/USDT", "1h")
    hub.archive.add(series, frame)
    return series


def test_a_series_is_repaired_for_everybody(
    lab_hub: Hub, at_home: None, page: Callable[..., AppTest]
) -> None:
    series = archived(lab_hub, broken())
    at = page(series=str(series), span="all")
    assert metrics(at)["Repaired"] == "3"
    at.button(key="repair_apply").click().run()
    assert not at.exception
    assert "2 repairs applied over the archived series." in words(at).replace("**", "")
    assert len(lab_hub.archive.repairs(series)) == 2
    assert gold(at) == 3
    acts = lab_hub.journal.events(kinds=["admin"])
    (act,) = (one for one in acts if one.action == "repair")
    assert (act.target, act.detail) == (str(series), "2 repairs applied")
    at.button(key="repair_undo_all").click().run()
    assert not at.exception
    assert lab_hub.archive.repairs(series).empty
    assert at.button(key="repair_apply")


def test_only_who_may_changes_a_series(
    lab_hub: Hub, page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    series = archived(lab_hub, broken())
    monkeypatch.setattr("core.ui.authority.refused", lambda: "not from there")
    at = page(series=str(series), span="all")
    assert at.button(key="repair_apply").disabled
    assert "cannot be changed from here: not from there." in words(at)


def test_an_action_looks_at_authority_when_it_runs(
    lab_hub: Hub, page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    series = archived(lab_hub, broken())
    monkeypatch.setattr("core.ui.authority.refused", lambda: "")
    at = page(series=str(series), span="all")
    monkeypatch.setattr("core.ui.authority.refused", lambda: "not from there")
    at.button(key="repair_apply").click().run()
    assert lab_hub.archive.repairs(series).empty


def test_a_file_may_always_be_repaired(
    handed: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.ui.authority.refused", lambda: "not from there")
    at = handed(as_csv(broken()))
    at.button(key="repair_apply").click().run()
    assert "2 repairs applied in this session." in words(at).replace("**", "")


def test_an_unknown_series_in_the_address_is_named(lab_hub: Hub, page: Callable[..., AppTest]) -> None:
    archived(lab_hub, broken())
    at = page(series="kraken NOPE/USDT 1h")
    assert "series='kraken NOPE/USDT 1h': the archive has no such series." in words(at)
    assert at.metric


def test_fetching_keeps_and_shows(lab_hub: Hub, page: Callable[..., AppTest]) -> None:
    at = page()
    at.button(key="fetch").click().run()
    assert not at.exception
    assert at.selectbox(key="series").value == "binance BTC/USDT 1h"
    assert metrics(at)["Quality"] == "1.00"


def test_a_fetch_that_fails_says_why(lab_hub: Hub, page: Callable[..., AppTest]) -> None:
    lab_hub.lab.inject(None, "status:500")
    at = page()
    at.button(key="fetch").click().run()
    assert not at.exception
    assert "Nothing was fetched." in words(at)


def test_what_the_venue_amended_is_offered(lab_hub: Hub, at_home: None, page: Callable[..., AppTest]) -> None:
    series = archived(lab_hub, candles())
    amended = candles().iloc[50:51].copy()
    amended["close"] = amended["close"] + 0.01
    lab_hub.archive.add(series, amended)
    at = page(series=str(series), span="all")
    assert any(entry.label.startswith("1 candle amended by the venue") for entry in at.expander)
    at.button(key="revisions_accept").click().run()
    assert not at.exception
    assert len(lab_hub.archive.repairs(series)) == 1
    assert lab_hub.archive.revisions(series).empty


def test_around_what_was_chosen() -> None:
    frame = candles()
    part = repair_chart.near(frame, (frame.index[200], frame.index[203]))
    assert (part.index[0], part.index[-1]) == (frame.index[140], frame.index[263])
    assert repair_chart.near(frame, None) is frame
    assert len(repair_chart.near(frame, (frame.index[0], frame.index[0]))) == 61


def test_holes_of_what_stands() -> None:
    frame = candles(100).drop(candles(100).index[[10, 11, 50]])
    found = repair_chart.holes(frame, "1h")
    assert found["count"].tolist() == [2, 1]
    whole = candles(100).index
    assert found["start"].tolist() == [whole[10], whole[50]]
    assert found["end"].tolist() == [whole[11], whole[50]]


def test_a_repair_in_one_row() -> None:
    from core.candles import repair

    table = repair_table.repairs(repair(broken(), "1h").ledger)
    assert table["count"].tolist() == [1, 2]
    assert table["method"].tolist() == ["rescaled", "line"]
    assert "close " in table["change"].iloc[0]
    assert " → " in table["change"].iloc[0]
    assert table["change"].iloc[1] == ""
    empty = repair_table.repairs(repair(candles(), "1h").ledger)
    assert empty.empty
    assert repair_table.shown(empty, set()).empty


def test_the_switch_holds_for_everybody(lab_hub: Hub, at_home: None, page: Callable[..., AppTest]) -> None:
    series = archived(lab_hub, broken())
    at = page(series=str(series), span="all")
    at.toggle(key="auto_repair_enabled").set_value(False).run()
    assert not at.exception
    assert lab_hub.settings.auto_repair_enabled is False
    assert lab_hub.repair_policy().auto_repair_enabled is False
    fresh = page(series=str(series), span="all")
    assert fresh.segmented_control(key="view").value == "raw"
    assert gold(fresh) == 0
    fresh.toggle(key="auto_repair_enabled").set_value(True).run()
    assert lab_hub.settings.auto_repair_enabled is True


def test_from_elsewhere_nobody_turns_the_switch(
    lab_hub: Hub, page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.ui.authority.refused", lambda: "")
    series = archived(lab_hub, broken())
    at = page(series=str(series), span="all")
    monkeypatch.setattr("core.ui.authority.refused", lambda: "not from there")
    at.toggle(key="auto_repair_enabled").set_value(False).run()
    assert lab_hub.settings.auto_repair_enabled is True
    assert at.toggle(key="auto_repair_enabled").disabled


def test_a_locked_switch_names_its_variable(
    lab_hub: Hub, at_home: None, page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KINTSUGI_AUTO_REPAIR_ENABLED", "true")
    at = page(series=str(archived(lab_hub, broken())), span="all")
    assert at.toggle(key="auto_repair_enabled").disabled
    assert "KINTSUGI_AUTO_REPAIR_ENABLED" in words(at)


def test_other_sources_are_asked_and_named(
    lab_hub: Hub, at_home: None, page: Callable[..., AppTest], tmp_path: Path
) -> None:
    with Hub(Settings(mode="lab", data_dir=tmp_path / "other", archive=False)) as other:
        frame = other.candles("ETH/USDT", "1h", limit=200, providers=["okx"]).value
    series = Series("okx", "ETH/USDT", "1h")
    lab_hub.archive.add(series, frame.drop(frame.index[100:103]))
    at = page(series=str(series), span="all")
    assert gold(at) == 3
    at.toggle(key="ask").set_value(True).run()
    assert not at.exception
    assert any(entry.label.endswith("to other sources") for entry in at.expander)
    assert "okx asked again, ETH/USDT" in words(at)
    assert gold(at) == 0  # what the venue gives itself is observed
    assert metrics(at)["Left open"] == "0"
    at.button(key="repair_apply").click().run()
    assert set(lab_hub.archive.repairs(series)["method"]) == {"refetch"}


def test_what_the_address_says_wrong_is_named(lab_hub: Hub, page: Callable[..., AppTest]) -> None:
    at = page(of="a dream", span="ever", series=str(archived(lab_hub, broken())))
    for said in ("of='a dream'", "span='ever'"):
        assert said in words(at)
    assert at.metric
