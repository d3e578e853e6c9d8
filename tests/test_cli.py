"""The commands: files and series in, text or JSON out, and an exit code that says how it went."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from core import Hub, Settings
from core.candles import normalise, read_ledger, repair, replay
from core.candles.archive import Series
from core.cli import NOT_ALL, main


def whole(rows: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.005, rows)))
    opened = np.r_[100.0, close[:-1]]
    high, low = np.maximum(opened, close) * 1.001, np.minimum(opened, close) * 0.999
    index = pd.date_range("2026-01-05", periods=rows, freq="h", tz="UTC", unit="ns", name="time")
    columns = {"open": opened, "high": high, "low": low, "close": close, "volume": rng.uniform(1, 5, rows)}
    return pd.DataFrame(columns, index=index)


def broken() -> pd.DataFrame:
    return whole().drop(whole().index[[50, 51, 120]])


@pytest.fixture
def run(tmp_path):
    def go(*arguments: str, **how):
        knobs = ["--mode", "lab", "--data-dir", str(tmp_path / "data")]
        return CliRunner().invoke(main, [*knobs, *arguments], catch_exceptions=False, **how)

    return go


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "prices.csv"
    broken().to_csv(path)
    return path


def test_audit_of_a_file(run, file):
    done = run("audit", str(file))
    assert done.exit_code == NOT_ALL
    assert "297 rows of 300 expected at 1h" in done.stdout
    assert "2026-01-07 02:00 to 2026-01-07 03:00 UTC  missing, 2" in done.stdout
    told = json.loads(run("audit", str(file), "--json").stdout)
    assert [(line["kind"], line["count"]) for line in told["defects"]] == [("missing", 2), ("missing", 1)]
    assert told["score"] < 1
    assert run("audit", str(file), "--min-score", "0.5").exit_code == 0
    assert run("audit", str(file), "--min-score", "0.99").exit_code == NOT_ALL
    assert run("audit", str(file), "--start", "2026-01-11").exit_code == 0


def test_audit_of_standard_input(run, file):
    done = run("audit", "-", "--interval", "1h", input=file.read_bytes())
    assert "297 rows of 300" in done.stdout


def test_what_cannot_be_read_is_said_of_a_file_and_of_standard_input(run, file):
    file.write_text(file.read_text() + "not a time,1,2,3,4,5\n")
    for source, how in ((str(file), {}), ("-", {"input": file.read_bytes()})):
        assert "1 lines could not be read" in run("audit", source, "--interval", "1h", **how).stderr


def test_without_a_network_no_command_works_with_simulated_data_unasked(file, tmp_path, monkeypatch):
    async def nobody(*_):
        return False

    monkeypatch.setattr("core.engine.probe.Network.there", nobody)
    knobs = ["--mode", "auto", "--data-dir", str(tmp_path / "data")]
    for command in (
        ["repair", str(file), "--symbol", "BTC/USDT", "--fetch"],
        ["backfill", "BTC/USDT", "1h", "--start", "2026-01-05"],
    ):
        done = CliRunner().invoke(main, [*knobs, *command])
        assert done.exit_code == 1
        assert "no network: no provider answered within 2 s; --mode lab works with simulated" in done.stderr
    assert not (tmp_path / "data" / "lab" / "archive").exists()


def test_repair_of_a_file(run, file, tmp_path):
    out, ledger = tmp_path / "out.csv", tmp_path / "ledger.parquet"
    done = run("repair", str(file), "--out", str(out), "--ledger", str(ledger))
    assert done.exit_code == 0
    assert f"candles in {out}; ledger in {ledger}" in done.stdout
    raw = normalise(file)
    made = repair(raw, "1h")
    again = normalise(out)
    pd.testing.assert_frame_equal(again[list(raw)], made.frame[list(raw)], check_freq=False)
    pd.testing.assert_frame_equal(replay(raw, read_ledger(ledger)), made.frame, check_freq=False)
    assert file.read_text().count("\n") == 298  # as it was


def test_repair_writes_nothing_unless_told(run, file, tmp_path):
    before = set(tmp_path.rglob("*"))
    assert "nothing was written: name --out" in run("repair", str(file)).stdout
    assert set(tmp_path.rglob("*")) == before


def test_what_stays_open_is_in_the_exit_code(run, file, tmp_path):
    done = run("repair", str(file), "--no-fill", "--json")
    assert done.exit_code == NOT_ALL
    told = json.loads(done.stdout)
    assert sum(line["count"] for line in told["left_open"]) == 3
    known = json.loads(run("repair", str(file), "--view", "as_known", "--json").stdout)
    assert known["view"] == "as_known"
    assert known["methods"] == {"forward": 3}


def test_repair_of_a_file_with_a_venue_asked(run, tmp_path):
    with Hub(Settings(mode="lab", data_dir=tmp_path / "data")) as hub:
        candles = hub.candles("BTC/USD", "1h", limit=200, providers=["kraken"]).value
    path = tmp_path / "mine.parquet"
    candles.drop(candles.index[[50, 51]]).to_parquet(path)
    out = tmp_path / "out.parquet"
    done = run(
        "repair", str(path), "--fetch", "--symbol", "BTC/USD", "--provider", "kraken", "--out", str(out)
    )
    assert done.exit_code == 0
    assert "LAB" in done.output
    assert "kraken asked again" in done.stdout
    back = pd.read_parquet(out)
    assert back["method"].iloc[[50, 51]].tolist() == ["refetch", "refetch"]
    assert run("repair", str(path), "--fetch").exit_code == 2


def test_backfill_series_audit_repair(run, tmp_path):
    start = (pd.Timestamp.now("UTC") - pd.Timedelta(hours=400)).floor("h").isoformat()
    done = run(
        "backfill", "btc/usd", "1h", "--start", start, "--provider", "kraken", "--provider", "coinbase"
    )
    assert done.exit_code == 0
    assert "kraken: 400 new, 400 in the archive, 0 missing there" in done.stdout
    assert "LAB: simulated data" in done.stderr
    told = json.loads(
        run("backfill", "BTC/USD", "1h", "--start", start, "--provider", "kraken", "--json").stdout
    )
    assert told["providers"][0]["new"] == 0
    assert told["providers"][0]["requests"] == 0
    listed = run("series").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["coinbase:BTC/USD:1h", "kraken:BTC/USD:1h"]
    assert run("audit", "kraken:BTC/USD:1h").exit_code == 0
    mended = run("repair", "kraken:BTC/USD:1h", "--no-fetch", "--json")
    assert json.loads(mended.stdout)["kept"] is True
    fetched = run("repair", "kraken:BTC/USD:1h")
    assert fetched.exit_code == 0
    assert "the repair stands over the archive" in fetched.stdout
    assert "nothing was kept" in run("repair", "kraken:BTC/USD:1h", "--no-fetch", "--dry-run").stdout
    with Hub(Settings(mode="lab", data_dir=tmp_path / "data")) as hub:
        assert len(hub.archive.scores(Series("kraken", "BTC/USD", "1h"))) == 2


def test_a_provider_without_such_candles(run):
    done = run("backfill", "BTC/USD", "1h", "--start", "2026-01-01", "--provider", "binance")
    assert done.exit_code == 1
    assert "not from binance: no markets quoted in USD" in done.stdout
    assert "no provider gave any candles" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["audit", "nothing.csv"], "INPUT='nothing.csv': no such file"),
        (["audit", "kraken:BTC/USD:1h"], "not in the archive of the lab; there are: none yet"),
        (["audit", "kraken:BTC/USD:7h"], "interval='7h'"),
        (["backfill", "BTC", "1h", "--start", "2026-01-01"], "symbol='BTC'"),
        (["backfill", "BTC/USD", "1h", "--start", "tomorrow"], "'tomorrow': expected ISO 8601"),
        (["backfill", "BTC/USD", "1h"], "Missing option '--start'"),
        (["backfill", "BTC/USD", "1h", "--start", "2026-01-01", "--provider", "mtgox"], "providers='mtgox'"),
        (
            ["repair", "prices.csv", "--out", "x.txt"],
            "'x.txt': expected a name that ends in .csv or .parquet",
        ),
        (["repair", "prices.csv", "--medium", "-4"], "medium='-4'"),
    ],
)
def test_errors_are_one_line_and_name_what_is_wrong(run, arguments, says):
    done = run(*arguments)
    assert done.exit_code == 2
    assert says in done.stderr
    assert "Traceback" not in done.output


def test_a_file_that_is_none(run, tmp_path):
    path = tmp_path / "poem.txt"
    path.write_text("roses are red\nviolets are blue\n")
    done = run("audit", str(path), "--interval", "1h")
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: ")


def test_a_full_disk_is_a_failure(tmp_path, monkeypatch):
    def closed(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.hub.Hub.backfill", closed)
    done = CliRunner().invoke(main, ["--mode", "lab", "--data-dir", str(tmp_path), "backfill", "BTC/USD", "1h",
                                     "--start", "2026-01-01"])  # fmt: skip
    assert done.exit_code == 1
    assert "No space left" in done.stderr


@pytest.mark.slow
def test_the_module_runs_by_itself(file):
    command = [sys.executable, "-m", "core.cli", "audit", str(file), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1], check=False)
    assert done.returncode == NOT_ALL
    assert json.loads(done.stdout)["rows"] == 297
