"""Markup, links and formulas in every field that a provider fills, on every page and in every answer."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from markdown_it import MarkdownIt
from streamlit.testing.v1 import AppTest

from core.answer import KintsugiError
from core.candles import RepairPolicy, normalise, repair
from core.export_events import events_csv
from core.export_repair import file_name, ledger, result
from core.hub import Hub
from core.lab.delivery import Delivery
from core.lab.lab import Lab
from core.ops.events import AdminAction

PAGES = sorted(path.stem for path in (Path(__file__).resolve().parents[2] / "pages").glob("*.py"))
MARK = "pwned"
EVIL = (
    f"={MARK}<img src=x><script>fetch('//evil.example')</script><img src=x onerror=alert(1)> "
    "[x](https://evil.example/a) "
    f"![y](https://evil.example/b.png) https://evil.example/c :red[z] $x$ **{MARK}**"
)
SIGNS = re.compile(r"(?<!\\)(<(script|img)|\]\(https?:|!\[|:red\[)|https?://evil")
SPREADSHEET = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
MARKDOWN = MarkdownIt("commonmark", {"html": True})


def poisoned(value: Any) -> Any:
    """The same with every text in it made hostile: what is a number as text no longer is one, either."""
    if isinstance(value, dict):
        return {name: poisoned(one) for name, one in value.items()}
    if isinstance(value, list):
        return [poisoned(one) for one in value]
    return f"{EVIL} {value}" if isinstance(value, str) else value


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From when it is called on, every provider answers in hostile words; every other one with an error."""
    real, asked, begun = Lab.handle, iter(range(10**9)), []

    def handle(lab: Lab, *request: Any) -> Delivery:
        made = real(lab, *request)
        if not begun:
            return made
        try:
            body = json.loads(made.body)
        except ValueError:
            made.body = made.body.replace(b"<title>", b"<title>" + EVIL.encode().replace(b"<", b"&lt;"))
        else:
            made.body = json.dumps(poisoned(body)).encode()
        if next(asked) % 2:
            made.status = 500
            made.body = json.dumps({"error": EVIL, "message": EVIL, "msg": EVIL, "code": EVIL}).encode()
        made.headers["Content-Length"] = str(len(made.body))
        return made

    monkeypatch.setattr(Lab, "handle", handle)
    return lambda: begun.append(True)


def texts(proto: Any) -> Iterator[str]:
    """Every text of an element as it goes to the browser."""
    for field, value in proto.ListFields():
        for one in value if field.is_repeated else (value,):
            if hasattr(one, "ListFields"):
                yield from texts(one)
            elif isinstance(one, str):
                yield one


def harmless(text: str, where: str) -> None:
    """No markup, link or image comes of it when it is rendered as Markdown."""
    for token in MARKDOWN.parse(text):
        for inner in (token, *(token.children or ())):
            shown = f"{inner.content} {inner.attrs}"
            if inner.type in {"html_block", "html_inline", "image", "link_open"}:
                assert "evil" not in shown, (where, text)
                assert "onerror" not in shown, (where, text)
    assert not re.search(r"https?://evil", text), (where, text)
    assert not re.search(r"(?<!\\):red\[z", text), (where, text)


def looked_at(at: AppTest) -> int:
    """Check every element; how many of them carry the provider's words."""
    seen = 0
    for node in at._tree:
        proto = getattr(node, "proto", None)
        if proto is None:
            continue
        kind = type(node).__name__
        if kind == "Table":
            for cell in node.value.to_numpy().ravel():
                seen += MARK in str(cell)
                harmless(str(cell), "table")
        if kind == "Dataframe":
            config = json.loads(proto.columns or "{}").values()
            kinds = {one.get("type_config", {}).get("type") for one in config}
            assert not kinds & {"link", "image", "json"}, "cells are shown as they are"
            for cell in map(str, node.value.to_numpy().ravel()):
                assert not (MARK in cell and cell.lstrip().startswith(SPREADSHEET)), (
                    "Streamlit gives it away as CSV"
                )
                seen += MARK in cell
        if kind in {"Dataframe", "Code"}:
            continue
        for text in texts(proto):
            if MARK not in text and "evil" not in text:
                continue
            seen += 1
            if node.type == "plotly_chart" and text.startswith("{"):
                assert not re.search(r"<(script|img|a )", text), text
            else:
                harmless(text, f"{node.type} {text[:40]}")
    return seen


def test_the_check_can_fail() -> None:
    for bad in ("<script>evil</script>", "[x](https://evil.example)", "![x](http://evil.example)", ":red[z]"):
        with pytest.raises(AssertionError):
            harmless(bad, "")


@pytest.mark.slow
def test_no_words_of_a_provider_act_on_any_page(hostile: Any, lab_hub: Hub, app: Any) -> None:
    app("candles")  # something good is kept first
    hostile()
    for ask in (lab_hub.price, lab_hub.volume, lab_hub.orderbook, lab_hub.social):
        for symbol in ("BTC/USDT", "ETH/USD"):
            with suppress(KintsugiError):
                ask(symbol, refresh=True)
    for ask_all in (lab_hub.news, lab_hub.metadata, lab_hub.sentiment):
        with suppress(KintsugiError):
            ask_all(refresh=True)
    lab_hub.isolate("kraken", EVIL[:200], who=EVIL)
    lab_hub.record_action(EVIL, EVIL, EVIL, who=EVIL)
    seen = 0
    for page in PAGES:
        at = app(page, **({"symbol": "SOL/USDT"} if page == "candles" else {}))
        assert not at.exception, page
        seen += looked_at(at)
    assert seen, "nothing hostile came through: then nothing was tested"


def test_answers_over_http_are_json_whatever_they_hold(hostile: Any, lab_hub: Hub, here: Any) -> None:
    hostile()
    for path in (
        "price?symbol=BTC/USDT",
        "news",
        "metadata",
        "candles?symbol=BTC/USDT",
        "orderbook?symbol=BTC/USDT",
    ):
        response = here.send("GET", f"/api/v1/{path}")
        assert response.headers["content-type"] == "application/json"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.status_code in {200, 404, 503}
        response.json()


FORMULAS = (
    '=HYPERLINK("https://evil.example","x")',
    "=cmd|' /C calc'!A0",
    "+1+cmd",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    " =1",
    "＝1+1",
    "＠SUM(1)",
    "x\n=1",
    "x;=1",
)


def inert(body: bytes) -> None:
    lines = [line for line in body.decode().splitlines() if not line.startswith("#")]
    for delimiter in (",", ";"):
        for row in csv.reader(lines, delimiter=delimiter):
            for cell in row:
                if not re.fullmatch(r"-?[\d.]+(e-?\d+)?", cell):
                    assert not cell.lstrip().startswith(SPREADSHEET), cell


@pytest.mark.parametrize("formula", FORMULAS, ids=ascii)
def test_no_export_holds_a_formula(formula: str) -> None:
    times = pd.date_range("2024-01-01", periods=60, freq="h", tz="UTC")
    given = pd.DataFrame({"time": times, "open": 1.0, "high": 2.0, "low": 0.5, "close": 1.5, "volume": 3.0})
    raw = normalise(given.assign(source=formula).drop(index=[20, 21]))
    made = repair(raw, "1h", policy=RepairPolicy())
    inert(result(made, made.frame, formula, "csv"))
    inert(ledger(made.ledger, "csv"))
    event = AdminAction(time=1.7e9, target=formula, who=formula, detail=formula, action=formula)
    inert(events_csv({"filters": formula}, [event]))
    assert io.BytesIO(result(made, made.frame, formula, "parquet")).read(4) == b"PAR1"


NAMES = (
    "../../etc/passwd",
    "..\\..\\x.csv",
    "/abs.csv",
    "a\r\nSet-Cookie: x=1.csv",
    'a"; filename="b.exe',
    "\x00",
    "",
    "." * 300,
)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_the_name_of_an_export_is_a_name(name: str) -> None:
    assert re.fullmatch(r"[\w.-]{1,80}_repaired\.csv", made := file_name(name, "repaired", "csv")), made
    assert not made.startswith(".")


BROKEN = f"""time,open,high,low,close,volume
1700000000,1,2,0.5,1.5,3
1700003600,{EVIL.replace(",", ";")},2,0.5,1.5,3
1700007200,1,2,0.5,1.5,3
1700018000,1,2,0.5,1.5,3
"""


@pytest.mark.parametrize("body", [BROKEN, BROKEN * 2, f"<script>{MARK}</script>"])
def test_no_words_of_a_file_act_on_the_page(lab_hub: Hub, app: Any, body: str) -> None:
    at = app("repair", of="a file")
    for name in (f"{EVIL}.csv", f"../../{MARK}/../x.csv", f"{MARK}\r\nSet-Cookie: x=1.csv"):
        at.file_uploader[0].set_value((name, body.encode(), "text/csv")).run()
        assert not at.exception
        for _ in range(20):
            if at.error or at.metric or at.warning:
                break
            at.run()
        assert looked_at(at), "nothing of it is shown: then nothing was tested"
