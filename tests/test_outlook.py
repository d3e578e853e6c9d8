"""Several questions at once: bounded, in order, each failing by itself."""

import asyncio

import pytest

from core import AsyncHub, NoAnswer, Settings
from core.answer import Answer
from core.market import METRICS
from core.outlook import each, figures, headlines, metrics_of, prices


def answer(value):
    return Answer(value, "here", "", "primary", 0.0, 0.0, ())


async def test_no_more_than_so_many_at_once_and_failures_are_results():
    running, most = 0, 0

    def question(number):
        async def ask():
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1
            if number == 3:
                raise NoAnswer("three", ())
            return answer(number)

        return ask

    found = await each({str(number): question(number) for number in range(9)}, at_once=4)
    assert most == 4
    assert list(found) == [str(number) for number in range(9)]
    assert isinstance(found["3"], NoAnswer)
    assert found["8"].value == 8


async def test_what_is_no_lack_of_an_answer_is_raised():
    async def broken():
        raise RuntimeError("a fault of ours")

    with pytest.raises(RuntimeError, match="fault of ours"):
        await each({"one": broken})


def test_metrics_are_those_of_the_chain_and_of_none():
    assert "btc_hashrate" in metrics_of("BTC")
    assert not [name for name in metrics_of("BTC") if name.startswith("eth_")]
    assert metrics_of("NOSUCH") == ("tvl_usd",)
    assert set(metrics_of("ETH")) <= set(METRICS)


async def test_in_the_lab_all_of_it_is_there(tmp_path):
    async with AsyncHub(Settings(mode="lab", data_dir=tmp_path)) as hub:
        board = await prices(hub, ("BTC/USDT", "NOPE/USDT"))
        assert board["BTC/USDT"].value.last > 0
        assert isinstance(board["NOPE/USDT"], NoAnswer)
        found = await figures(hub, "BTC")
        assert all(isinstance(one, Answer) and one.lab for one in found.values())
        news = await headlines(hub, "BTC", 5)
        assert {item.title for item in news.answer.value} == set(news.moods)
        assert {one.source for one in news.moods.values()} == {"vader"}
        assert news.why == ""
        await hub.isolate("vader", "out for a test")
        told = await headlines(hub, "ETH", 3)
        missing = {item.title for item in told.answer.value} - set(news.moods)
        assert not missing & set(told.moods)
        if missing:
            assert "isolated" in told.why
