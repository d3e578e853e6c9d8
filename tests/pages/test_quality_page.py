"""The quality page: the worst first, what was never judged, how it went, and the ways on."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.candles.archive import Series, assess
from core.charts.quality import history_figure
from core.hub import Hub
from core.market import INTERVALS, candles_frame
from core.ui import quality, quality_table
from core.ui.places import QUALITY
from core.ui.quality_table import Judged


def candles(rows: int = 300, interval: str = "1h", seed: int = 7) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    close = np.round(100 * np.exp(np.cumsum(rng.normal(0, 0.004, rows))), 2)
    opens = np.append(100.0, close[:-1])
    columns = {"open": opens, "high": np.maximum(opens, close) + 0.1, "low": np.minimum(opens, close) - 0.1}
    times = 1_700_438_400 + INTERVALS[interval] * np.arange(rows)
    return candles_frame(times, {**columns, "close": close, "volume": rng.uniform(1, 9, rows)})


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work is waited for, however busy the machine is."""
    monkeypatch.setattr("core.ui.quality.SOON", 20)


@pytest.fixture
def three(lab_hub: Hub) -> list[Series]:
    """A good series, one with holes, one too short to judge."""
    found = [
        Series("kraken", "BTC/USDT", "1h"),
        Series("okx", "ETH/USDT", "1h"),
        Series("okx", "ETH/USDT", "5m"),
    ]
    lab_hub.archive.add(found[0], candles())
    holes = candles(seed=8)
    lab_hub.archive.add(found[1], holes.drop(holes.index[50:120]))
    lab_hub.archive.add(found[2], candles(12, "5m", 9))
    return found


@pytest.fixture
def page() -> Callable[..., AppTest]:
    """The quality page at an address."""

    def opened(**address: str) -> AppTest:
        at = AppTest.from_file(str(QUALITY.parents[1] / "core" / "ui" / "router.py"), default_timeout=30)
        at.run()
        at.switch_page(str(QUALITY))
        for name, value in address.items():
            at.query_params[name] = value
        at.run()
        assert not at.exception, at.exception
        return at

    return opened


def words(at: AppTest) -> str:
    groups = (at.markdown, at.warning, at.error, at.info, at.caption)
    return "\n".join(entry.value for group in groups for entry in group).replace("\\", "")


def test_an_empty_archive_says_what_to_do(
    lab_hub: Hub, page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(lab_hub.archive), "series", lambda self: ())
    at = page()
    assert "Nothing is archived yet." in words(at)
    assert [link.label for link in at.page_link] == ["Look at candles"]


def test_judging_shows_the_worst_first(
    lab_hub: Hub, three: list[Series], at_home: None, page: Callable[..., AppTest]
) -> None:
    at = page(provider="okx")
    assert "2 archived series, none judged yet." in words(at)
    table = at.dataframe[0].value
    assert set(table.to_numpy().ravel()) >= {quality_table.UNJUDGED}
    at.button(key="quality_all").click().run()
    assert not at.exception
    table = at.dataframe[0].value
    assert list(table.columns) == ["Symbol", "Provider", "5m", "1h"]
    assert table["5m"].tolist() == [quality_table.TOO_LITTLE]
    assert 0 < float(table["1h"][0]) < 0.9
    assert [len(lab_hub.archive.scores(series)) for series in three] == [0, 1, 1]
    at.selectbox(key="provider").set_value("all").run()
    rows = at.dataframe[0].value
    assert rows["Symbol"].tolist()[0] == "ETH/USDT"
    assert at.button(key="quality_never").label.startswith("Judge the")


def test_from_elsewhere_the_scores_are_ones_own(
    lab_hub: Hub, three: list[Series], page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.ui.authority.refused", lambda: "not from there")
    at = page(provider="okx")
    at.button(key="quality_all").click().run()
    assert not at.exception
    assert 0 < float(at.dataframe[0].value["1h"][0]) < 0.9
    assert all(lab_hub.archive.scores(series).empty for series in three)
    assert "the scores are for you alone" in words(at)


def test_another_measure(lab_hub: Hub, three: list[Series], page: Callable[..., AppTest]) -> None:
    for series in three:
        assess(lab_hub.archive, series)
    quality._scores.clear()
    at = page(provider="okx", measure="uniqueness")
    assert at.dataframe[0].value["1h"].tolist() == ["1.00"]
    at = page(provider="okx", measure="agreement")
    assert at.dataframe[0].value["1h"].tolist() == ["not assessed"]


def entries(**scores: float | None) -> list[Judged]:
    return [
        Judged(
            Series("kraken", f"{name}/USDT", "1h"), None if score is None else {"score": score, "usable": 1.0}
        )
        for name, score in scores.items()
    ]


def test_the_grid_is_worst_first() -> None:
    found = entries(GOOD=1.0, BAD=0.2, NEVER=None, NONE=float("nan"))
    cells = quality_table.grid(found, "quality")
    assert [row[0] for row in cells.index] == ["BAD/USDT", "GOOD/USDT", "NEVER/USDT", "NONE/USDT"]
    shown = quality_table.texts(cells, found, "quality")
    assert shown["1h"].tolist() == ["0.20", "1.00", quality_table.UNJUDGED, quality_table.TOO_LITTLE]


def test_shade_grows_as_it_gets_worse_and_is_never_gold() -> None:
    alphas = [
        float(quality_table.shade(text).rpartition(", ")[2].rstrip(")")) for text in ("0.90", "0.50", "0.00")
    ]
    assert alphas == sorted(alphas)
    assert quality_table.shade("1.00") == quality_table.shade("not judged") == quality_table.shade("") == ""
    assert "rgba(160, 81, 149" in quality_table.shade("0.5")


def test_all_in_one_sentence() -> None:
    assert quality.sentence(entries(A=1.0, B=0.5, C=None)) == (
        "3 archived series, 1 of 2 judged are at 0.95 or better, the worst at 0.50, 1 never judged."
    )


def test_history_breaks_where_there_was_too_little() -> None:
    scores = pd.DataFrame(
        {
            "time": pd.date_range("2026-01-01", periods=3, tz="UTC"),
            "score": [0.9, np.nan, 0.8],
            "usable": [1.0, 0.5, 0.9],
        }
    )
    quality_line, usable = history_figure(scores).data
    assert quality_line.connectgaps is False
    assert list(usable.y) == [1.0, 0.5, 0.9]
