"""Local transformers, with a library that only looks like it: imported late, loaded once, read strictly."""

import sys
import threading
import types

import pytest

from core import AsyncHub, Settings
from core.answer import BadPayload
from core.models.transformers import read

POSITIVE = [
    [
        {"label": "positive", "score": 0.9},
        {"label": "neutral", "score": 0.1},
        {"label": "negative", "score": 0.0},
    ]
]


@pytest.fixture
def library(monkeypatch):
    """What the tests' pipeline was asked, and in which thread."""
    asked = types.SimpleNamespace(made=[], texts=[], threads=set(), says=POSITIVE)

    def pipeline(task, **how):
        asked.made.append((task, how))

        def classify(text, **how):
            asked.texts.append((text, how))
            asked.threads.add(threading.current_thread().name)
            if isinstance(asked.says, Exception):
                raise asked.says
            return asked.says

        return classify

    monkeypatch.setitem(sys.modules, "transformers", types.SimpleNamespace(pipeline=pipeline))
    return asked


def hub(tmp_path, **knobs):
    knobs = {"transformers_model": "ProsusAI/finbert", **knobs}
    return AsyncHub(Settings(mode="lab", data_dir=tmp_path, **knobs))


async def test_it_answers_before_vader_and_is_loaded_once(tmp_path, library):
    async with hub(tmp_path) as opened:
        assert library.made == []
        one = await opened.sentiment("Bitcoin soars")
        two = await opened.sentiment("<b>Ether</b> soars \u202e")
        status = next(one for one in opened.models() if one.model == "transformers")
    assert (one.source, one.value.label, one.value.confidence) == ("transformers", "positive", 0.9)
    assert one.value.score == pytest.approx(0.9)
    assert two.source == "transformers"
    assert library.made == [("text-classification", {"model": "ProsusAI/finbert", "top_k": None})]
    assert library.texts[1] == ("<b>Ether</b> soars \u202e", {"truncation": True, "max_length": 512})
    assert all(name.startswith("kintsugi-model") for name in library.threads)
    assert (status.loads, status.load_seconds >= 0, status.state) == (1, True, "healthy")


async def test_without_the_library_vader_stands_in_and_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    async with hub(tmp_path) as opened:
        assert (await opened.sentiment("Bitcoin soars")).source == "vader"
        status = next(one for one in opened.models() if one.model == "transformers")
    assert "kintsugi[transformers]" in status.ill


async def test_what_it_raises_is_its_own_affair(tmp_path, library):
    library.says = RuntimeError("CUDA error")
    async with hub(tmp_path) as opened:
        answer = await opened.sentiment("Bitcoin soars")
    assert answer.source == "vader"
    assert any("CUDA error" in attempt.reason for attempt in answer.attempts)


async def test_nobody_named_one(tmp_path, library):
    async with hub(tmp_path, transformers_model="") as opened:
        assert "transformers" not in opened.catalog


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ([{"label": "LABEL_0", "score": 1.0}, {"label": "LABEL_1", "score": 0.0}], -1.0),
        ([{"label": "LABEL_0", "score": 0.0}, {"label": "LABEL_1", "score": 1.0}], 1.0),
        (
            [
                {"label": "LABEL_0", "score": 0.0},
                {"label": "LABEL_1", "score": 1.0},
                {"label": "LABEL_2", "score": 0},
            ],
            0.0,
        ),
        ([{"label": "Bullish", "score": 0.75}, {"label": "Bearish", "score": 0.25}], 0.5),
    ],
)
def test_labels_of_usual_models(said, score):
    assert read(said, "m").score == pytest.approx(score)


@pytest.mark.parametrize(
    "said",
    [
        [],
        {},
        None,
        "x",
        [{"label": "joy", "score": 1.0}],
        [{"label": "positive", "score": float("nan")}],
        [[]],
    ],
)
def test_anything_else_is_refused_by_name(said):
    with pytest.raises(BadPayload):
        read(said, "m")
