"""``/metrics``: what it counts, and what Prometheus' own tools say of it."""

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from over_http import application
from prometheus_client.parser import text_string_to_metric_families

from core.hub import Hub, close_shared


@pytest.fixture
def tool() -> Callable[[str], str]:
    """Finds a program of Debian's package prometheus; skips without it, but in CI that is a failure."""

    def find(name: str) -> str:
        if (path := shutil.which(name)) is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{name} is not installed")
        return str(path)

    return find


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(text: str, name: str, **labels: str) -> float:
    return samples(text)[name, tuple(sorted(labels.items()))]


def test_counts_are_those_of_the_hub(client: Any, lab_hub: Hub) -> None:
    kraken = {"provider": "kraken", "capability": "price", "host": "api.kraken.com", "world": "lab"}
    lab_hub.price("BTC/USDT", providers=["kraken"])
    lab_hub.price("BTC/USDT", providers=["kraken"])
    lab_hub.lab.inject("kraken", "status:500")
    for _ in range(4):
        client.get("/api/v1/price", params={"symbol": "ETH/USDT", "providers": "kraken"})
    text = client.get("/metrics").text
    assert value(text, "kintsugi_attempts_total", **kraken, outcome="ok") == 1
    assert value(text, "kintsugi_attempts_total", **kraken, outcome="status") == 3
    assert value(text, "kintsugi_answers_total", capability="price", tier="primary") == 1
    assert value(text, "kintsugi_answers_total", capability="price", tier="cache") == 1
    assert value(text, "kintsugi_answers_total", capability="price", tier="none") == 4
    assert value(text, "kintsugi_circuit_open", **kraken, axis="errors") == 1
    assert value(text, "kintsugi_circuit_open", **kraken, axis="truth") == 0
    assert value(text, "kintsugi_provider_state", provider="kraken", state="unavailable", world="lab") == 1
    assert 0 < value(text, "kintsugi_endpoint_cooldown_seconds", **kraken) <= 45
    assert value(text, "kintsugi_hub_open") == 1
    stats = client.get("/api/v1/stats").json()
    assert stats["lab"] is True
    assert stats["stats"]["attempts"]["kraken"] == {"ok": 1, "status": 3}
    assert stats["stats"]["capacity"]["disk_free"] > 0


def test_labels_do_not_grow_with_what_people_ask(client: Any, lab_hub: Hub) -> None:
    lab_hub.price("BTC/USDT", providers=["kraken"])
    before = set(samples(client.get("/metrics").text))
    for symbol in ("ETH/USDT", "SOL/USDT", "DOGE/USDT"):
        lab_hub.price(symbol, providers=["kraken"])
    assert set(samples(client.get("/metrics").text)) == before


def test_before_the_hub_is_open_there_is_only_the_process(client: Any, lab_hub: Hub) -> None:
    close_shared()
    text = client.get("/metrics").text
    assert value(text, "kintsugi_hub_open") == 0
    assert value(text, "process_open_fds") > 0
    assert "kintsugi_attempts" not in text


def test_promtool_has_nothing_to_say(client: Any, lab_hub: Hub, tool: Callable[[str], str]) -> None:
    lab_hub.price("BTC/USDT")
    text = client.get("/metrics").text
    checked = subprocess.run(
        [tool("promtool"), "check", "metrics"], input=text, text=True, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


@pytest.fixture
def served(lab_hub: Hub) -> Iterator[int]:
    """The routes on a socket; its port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(application(), log_level="warning", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join()


@pytest.mark.slow
def test_a_stock_prometheus_scrapes_for_a_minute(
    served: int, lab_hub: Hub, tmp_path: Path, tool: Callable[[str], str]
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        own = free.getsockname()[1]
    job = {"job_name": "kintsugi", "static_configs": [{"targets": [f"127.0.0.1:{served}"]}]}
    config = tmp_path / "prometheus.json"
    config.write_text(json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": [job]}))
    command = [
        tool("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={tmp_path / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{own}",
        "--log.level=warn",
    ]
    with (tmp_path / "log").open("w+") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            end = time.monotonic() + 60
            while time.monotonic() < end:
                lab_hub.price("BTC/USDT", refresh=True)
                time.sleep(0.5)
            with httpx.Client(base_url=f"http://127.0.0.1:{own}/api/v1", trust_env=False) as asked:
                (target,) = asked.get("/targets").json()["data"]["activeTargets"]
                assert (target["health"], target["lastError"]) == ("up", "")

                def now(query: str) -> float:
                    (row,) = asked.get("/query", params={"query": query}).json()["data"]["result"]
                    return float(row["value"][1])

                assert now("count_over_time(up[1m])") > 40
                assert now("min_over_time(up[1m])") == 1
                assert now("sum(increase(kintsugi_attempts_total[1m]))") > 50
        finally:
            process.terminate()
            process.wait(10)
        log.seek(0)
        said = log.read()
    assert "level=error" not in said
    assert "Error on ingesting" not in said
