"""Raw candles kept, repairs over them, revisions beside them."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from archive_series import KRAKEN, NOW, Stopped, archive_in, broken, same, walk
from pyarrow import dataset

from core.candles import NotCandles, RepairPolicy, read_ledger, repair
from core.candles.archive import Added, Series, assess
from core.candles.archive.parts import MOST_PARTS
from core.candles.archive.records import Damaged


@pytest.fixture
def archive(tmp_path):
    return archive_in(tmp_path)


def test_what_is_added_comes_back_to_the_bit(archive):
    whole = walk()
    assert archive.add(KRAKEN, whole) == Added(new=len(whole), same=0, revised=0)
    raw = archive.load(KRAKEN, view="raw")
    same(raw, whole)
    assert raw.index.unit == "ns"
    assert raw.attrs == {"symbol": "BTC/USDT", "interval": "1h", "quote": "USDT", "venue": "kraken", "lab": False,
                         "notes": [], "view": "raw"}  # fmt: skip
    assert archive.add(KRAKEN, whole.iloc[10:900]) == Added(0, 890, 0)
    held = archive.held(KRAKEN)
    assert (held.rows, held.start, held.end) == (len(whole), whole.index[0], whole.index[-1])
    assert held.files == 3  # one a month
    same(archive.load(KRAKEN, "2026-01-20", "2026-02-10", "raw"), whole.loc["2026-01-20":"2026-02-09 23:00"])
    assert archive.series() == (KRAKEN,)
    assert archive.load(Series("okx", "BTC/USDT", "1h")).empty


def test_rows_come_in_any_order_of_batches(archive):
    whole = walk(200)
    for piece in (whole.iloc[150:], whole.iloc[:50], whole.iloc[40:160]):
        archive.add(KRAKEN, piece)
    same(archive.load(KRAKEN, view="raw"), whole)


def test_a_series_without_volume_has_no_volume(archive):
    whole = walk(50).drop(columns="volume")
    archive.add(KRAKEN, whole)
    same(archive.load(KRAKEN, view="raw"), whole)
    archive.add(KRAKEN, walk(60).iloc[50:])
    mixed = archive.load(KRAKEN, view="raw")
    assert "volume" not in mixed
    assert len(mixed) == 60
    assert "volume is left out" in mixed.attrs["notes"][0]


def test_many_small_batches_are_merged_and_nothing_changes(archive):
    whole = walk(100, start="2026-01-02")
    for place in range(100):
        archive.add(KRAKEN, whole.iloc[[place]])
        assert archive.held(KRAKEN).files <= MOST_PARTS
    same(archive.load(KRAKEN, view="raw"), whole)
    archive.tidy(KRAKEN)
    assert archive.held(KRAKEN).files == 1
    same(archive.load(KRAKEN, view="raw"), whole)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda f: f.iloc[::-1], "ascending"),
        (lambda f: pd.concat([f, f.iloc[[0]]]).sort_index(), "each once"),
        (lambda f: f.assign(close=np.nan), "finite"),
        (lambda f: f.tz_localize(None), "candles frame"),
        (lambda f: f.drop(columns="open"), "candles frame"),
    ],
)
def test_what_is_no_clean_series_is_refused(archive, spoil, says):
    with pytest.raises(NotCandles, match=says):
        archive.add(KRAKEN, spoil(walk(20)))
    assert archive.held(KRAKEN).rows == 0


@pytest.mark.parametrize(
    ("provider", "symbol", "interval", "says"),
    [
        ("../kraken", "BTC/USDT", "1h", "provider='../kraken'"),
        ("kra/ken", "BTC/USDT", "1h", "provider="),
        ("", "BTC/USDT", "1h", "provider="),
        (None, "BTC/USDT", "1h", "provider='None'"),
        ("kraken", "../../BTC", "1h", "symbol="),
        ("kraken", "BTC/..", "1h", "symbol="),
        ("kraken", "BTC/USDT", "../1h", "interval="),
    ],
)
def test_no_name_leads_out_of_the_archive(provider, symbol, interval, says):
    with pytest.raises(ValueError, match=says):
        Series(provider, symbol, interval)


def test_foreign_files_and_folders_are_left_alone(archive, tmp_path):
    archive.add(KRAKEN, walk(30))
    root = archive.path / "candles"
    (root / "provider=..").mkdir()
    (root / "provider=kraken" / "symbol=BTC%2FUSDT" / "interval=7h").mkdir()
    (root / "provider=kraken" / "symbol=BTC%2FUSDT" / "interval=4h").symlink_to(tmp_path)
    month = next(root.rglob("month=*"))
    (month / "notes.txt").write_text("mine")
    archive.tidy(KRAKEN)
    assert archive.series() == (KRAKEN,)
    assert (month / "notes.txt").read_text() == "mine"
    assert archive.held(KRAKEN).rows == 30


def test_a_damaged_file_is_said_and_set_aside(archive):
    whole = walk(24 * 40)
    archive.add(KRAKEN, whole)
    part = next((archive.path / "candles").rglob("month=2026-01/*.parquet"))
    part.write_bytes(part.read_bytes()[:500])
    raw = archive.load(KRAKEN, view="raw")
    assert raw.index[0] == pd.Timestamp("2026-02-01", tz="UTC")
    assert "cannot be read" in raw.attrs["notes"][0]
    assert archive.add(KRAKEN, whole).new == 27 * 24
    same(archive.load(KRAKEN, view="raw"), whole)
    assert list(part.parent.glob("*.damaged"))


@pytest.mark.parametrize("body", [b"", b"PAR1 no parquet", b"x" * 500])
def test_a_damaged_ledger_is_named(archive, body):
    archive.add(KRAKEN, broken(walk()))
    archive.apply(KRAKEN, repair(archive.basis(KRAKEN), "1h"))
    file = next((archive.path / "ledger").rglob("*.parquet"))
    file.write_bytes(body)
    with pytest.raises(Damaged, match=r"ledger\.parquet cannot be read"):
        archive.load(KRAKEN)
    file.rename(file.with_suffix(".kept"))
    same(archive.load(KRAKEN)[list(walk())], broken(walk()))


def test_a_repair_stands_and_is_taken_back_to_the_bit(archive):
    raw = broken(walk())
    archive.add(KRAKEN, raw)
    mended = repair(archive.basis(KRAKEN), "1h")
    before = sorted((path.name, path.read_bytes()) for path in (archive.path / "candles").rglob("*.parquet"))
    assert archive.apply(KRAKEN, mended) == mended.ledger.index.nunique() == archive.held(KRAKEN).repairs
    same(archive.load(KRAKEN), mended.frame)
    same(archive.load(KRAKEN, view="as_known"), mended.as_known)
    same(archive.load(KRAKEN, view="raw"), raw)
    assert archive.load(KRAKEN).attrs["repaired"] == mended.frame.attrs["repaired"]
    pd.testing.assert_frame_equal(archive.ledger(KRAKEN).drop(columns="applied"), mended.ledger)
    pd.testing.assert_frame_equal(
        archive.ledger(KRAKEN, "as_known").drop(columns="applied").reset_index(drop=True),
        mended.causal.ledger.reset_index(drop=True),
    )
    table = archive.repairs(KRAKEN)
    hole = table[table["start"] == walk().index[500]].index[0]
    assert table.loc[hole, "candles"] == 4
    assert archive.undo(KRAKEN, int(hole)) == 1
    assert not set(walk().index[500:504]) & set(archive.load(KRAKEN).index)
    assert not set(walk().index[500:504]) & set(archive.load(KRAKEN, view="as_known").index)
    assert walk().index[100] in archive.load(KRAKEN).index
    assert archive.undone(KRAKEN) == (
        (int(walk().index[500].timestamp()), int(walk().index[503].timestamp())),
    )
    with pytest.raises(ValueError, match="not among the repairs"):
        archive.undo(KRAKEN, int(hole))
    assert archive.undo(KRAKEN) == len(table) - 1
    same(archive.load(KRAKEN)[list(raw)], raw)
    assert (
        sorted((path.name, path.read_bytes()) for path in (archive.path / "candles").rglob("*.parquet"))
        == before
    )


def test_a_part_of_a_repaired_series_is_the_part_of_the_whole(archive):
    archive.add(KRAKEN, broken(walk()))
    mended = repair(archive.basis(KRAKEN), "1h")
    archive.apply(KRAKEN, mended)
    start, end = walk().index[501], walk().index[503]  # inside a hole that was filled
    part = archive.load(KRAKEN, start, end)
    assert len(part) == 2
    same(part[["open", "close"]], mended.frame.loc[start : end - pd.Timedelta(hours=1), ["open", "close"]])


def test_a_repair_takes_the_place_of_earlier_ones_to_the_same_candles(archive):
    archive.add(KRAKEN, broken(walk()))
    for _ in range(3):
        archive.apply(KRAKEN, repair(archive.basis(KRAKEN), "1h"))
    once = repair(archive.basis(KRAKEN), "1h")
    assert archive.held(KRAKEN).repairs == once.ledger.index.nunique()
    same(archive.load(KRAKEN), once.frame)
    left = archive.basis(KRAKEN, end=walk().index[400])
    archive.apply(KRAKEN, repair(left, "1h", policy=RepairPolicy(fill_gaps=False, mend_values=False)))
    assert set(archive.repairs(KRAKEN)["start"]) == {walk().index[500]}


def test_two_repairs_of_two_months_do_not_touch(archive):
    archive.add(KRAKEN, broken(walk()))
    early = repair(archive.basis(KRAKEN, end=walk().index[400]), "1h")
    late = repair(archive.basis(KRAKEN, start=walk().index[400]), "1h")
    archive.apply(KRAKEN, early)
    archive.apply(KRAKEN, late)
    whole = archive.load(KRAKEN)
    same(whole.loc[: walk().index[399], list(walk())], early.frame[list(walk())])
    same(whole.loc[walk().index[400] :, list(walk())], late.frame[list(walk())])
    assert archive.repairs(KRAKEN).index.is_unique


def test_an_observed_candle_takes_the_place_of_a_filled_one(archive):
    whole = walk()
    archive.add(KRAKEN, broken(whole))
    archive.apply(KRAKEN, repair(archive.basis(KRAKEN), "1h"))
    assert (archive.load(KRAKEN).loc[whole.index[500:504], "method"] != "observed").all()
    archive.add(KRAKEN, whole.iloc[500:504])
    after = archive.load(KRAKEN)
    assert (after.loc[whole.index[500:504], "method"] == "observed").all()
    same(after.loc[whole.index[500:504], list(whole)], whole.iloc[500:504])
    assert "20 changes are left out" in after.attrs["notes"][0]


def test_the_first_version_stays_until_a_revision_is_accepted(archive):
    whole = walk(200)
    archive.add(KRAKEN, whole)
    later = whole.iloc[[50, 60, 70]].copy()
    later["close"] = later["close"] * 1.0001
    later.iloc[2] = whole.iloc[70]
    assert archive.add(KRAKEN, later, fetched=NOW + 60) == Added(0, 1, 2)
    assert archive.add(KRAKEN, later, fetched=NOW + 90) == Added(0, 3, 0)  # said already
    same(archive.load(KRAKEN, view="raw"), whole)
    waiting = archive.revisions(KRAKEN)
    assert waiting[["time", "field"]].to_numpy().tolist() == [
        [whole.index[50], "close"],
        [whole.index[60], "close"],
    ]
    assert waiting["before"].tolist() == whole["close"].iloc[[50, 60]].tolist()
    assert archive.held(KRAKEN).revisions == 2
    with pytest.raises(ValueError, match="no revision of this candle waits"):
        archive.accept(KRAKEN, [whole.index[51]])
    assert archive.accept(KRAKEN, [whole.index[50]]) == 1
    shown = archive.load(KRAKEN)
    assert shown.loc[whole.index[50], "close"] == later["close"].iloc[0]
    assert shown.loc[whole.index[50], "method"] == "refetch"
    assert archive.repairs(KRAKEN)["revision"].tolist() == [True]
    same(archive.load(KRAKEN, view="raw"), whole)
    assert archive.accept(KRAKEN) == 1
    assert archive.revisions(KRAKEN).empty
    again = later.iloc[[0]] * 1.001
    archive.add(KRAKEN, again, fetched=NOW + 120)
    assert sorted(archive.revisions(KRAKEN)["after"]) == sorted(again.iloc[0])
    archive.accept(KRAKEN)
    assert archive.load(KRAKEN).loc[whole.index[50], "close"] == again["close"].iloc[0]
    archive.undo(KRAKEN)
    same(archive.load(KRAKEN)[list(whole)], whole)
    assert len(archive.revisions(KRAKEN)["time"].unique()) == 2


def test_a_repair_after_an_accepted_revision_starts_from_it(archive):
    raw = broken(walk())
    archive.add(KRAKEN, raw)
    better = raw.iloc[[299]].copy()
    better["close"] = better["open"]
    archive.add(KRAKEN, better)
    archive.accept(KRAKEN)
    mended = repair(archive.basis(KRAKEN), "1h")
    archive.apply(KRAKEN, mended)
    shown = archive.load(KRAKEN)
    same(shown[list(raw)], mended.frame[list(raw)])
    assert shown.loc[raw.index[299], "close"] == better["close"].iloc[0]
    assert archive.repairs(KRAKEN)["revision"].sum() == 1
    archive.undo(KRAKEN)
    same(archive.load(KRAKEN)[list(raw)], raw)


def test_a_revision_that_the_repair_says_too_is_not_suggested(archive):
    whole = walk()
    raw = broken(whole)
    archive.add(KRAKEN, raw)
    spiked = raw.index[300]
    mended = repair(archive.basis(KRAKEN), "1h", sources={"kraken": whole.assign()})
    assert mended.frame.loc[spiked, "close"] == whole.loc[spiked, "close"]
    archive.apply(KRAKEN, mended)
    archive.add(KRAKEN, whole.loc[[spiked]])
    assert archive.revisions(KRAKEN)["field"].tolist() == ["high"]  # of close the repair says the same


def test_retention_gives_up_whole_months(tmp_path):
    clock = Stopped(pd.Timestamp("2026-03-10", tz="UTC").timestamp())
    archive = archive_in(tmp_path, clock, keep_days=30)
    archive.add(KRAKEN, broken(walk()))
    archive.apply(KRAKEN, repair(archive.basis(KRAKEN), "1h"))
    archive.tidy(KRAKEN)
    first = pd.Timestamp("2026-02-01", tz="UTC")
    assert archive.load(KRAKEN).index[0] == archive.held(KRAKEN).start == first
    assert (archive.ledger(KRAKEN)["time"] >= first).all()
    assert not list((archive.path / "candles").rglob("month=2026-01"))
    assert archive.add(KRAKEN, walk()).new == 0  # what was given up does not come back by itself
    assert archive.load(KRAKEN).index[0] == first


def test_scores_are_kept_with_their_dimensions(archive):
    archive.add(KRAKEN, broken(walk()))
    archive.add(Series("kraken", "ETH/USDT", "1h"), walk(seed=2))
    archive.add(Series("okx", "BTC/USDT", "1h"), walk())
    found = assess(archive, KRAKEN).raw
    assert {"completeness", "agreement"} <= set(found.dimensions)
    assert "timeliness" not in found.dimensions
    assess(archive, KRAKEN)
    history = archive.scores(KRAKEN)
    assert history["score"].tolist() == [found.score] * 2
    assert history["completeness"].tolist() == [found.dimensions["completeness"]] * 2
    assert history["timeliness"].isna().all()
    with pytest.raises(ValueError, match="no candles"):
        assess(archive, Series("okx", "XRP/USDT", "1h"))


def test_the_score_of_a_repaired_series_is_not_raised(archive):
    from core.candles import audit

    archive.add(KRAKEN, broken(walk()))
    mended = repair(archive.basis(KRAKEN), "1h")
    archive.apply(KRAKEN, mended)
    assert audit(archive.load(KRAKEN), "1h").score <= audit(archive.load(KRAKEN, view="raw"), "1h").score


def test_attempts_are_remembered(archive):
    archive.add(KRAKEN, broken(walk()))
    one, two = walk().index[[100, 200]]
    archive.note_attempts(KRAKEN, [one, two], [])
    archive.note_attempts(KRAKEN, [one], [two])
    assert archive.attempts(KRAKEN) == {one: 2}


def test_ranges_asked_for_are_remembered(archive):
    for start, end in ((0, 10), (20, 30), (10, 15), (29, 40)):
        archive.note_asked(KRAKEN, start, end)
    assert archive.asked(KRAKEN) == [(0, 15), (20, 40)]


def test_files_open_with_plain_pyarrow(archive):
    archive.add(KRAKEN, broken(walk()))
    archive.apply(KRAKEN, repair(archive.basis(KRAKEN), "1h"))
    table = dataset.dataset(archive.path / "candles", partitioning="hive").to_table()
    assert table.num_rows == len(broken(walk()))
    assert set(table.column("symbol").to_pylist()) == {"BTC/USDT"}
    assert str(table.schema.field("time").type) == "timestamp[us, tz=UTC]"
    file = next((archive.path / "ledger").rglob("*.parquet"))
    ledger = read_ledger(file)
    assert len(ledger) == len(pq.read_table(file, partitioning=None))
    assert json.loads(pq.read_schema(file).metadata[b"kintsugi"])["carried"]


def test_duckdb_reads_it_as_it_lies(archive):
    duckdb = pytest.importorskip("duckdb")
    archive.add(KRAKEN, walk())
    archive.add(Series("okx", "ETH/BTC", "1h"), walk(50))
    files = f"{archive.path}/candles/**/*.parquet"
    with duckdb.connect() as base:
        said = base.execute(
            'SELECT provider, symbol, "interval", count(*), epoch(min(time)), sum(volume) '
            "FROM read_parquet(?, hive_partitioning=true) GROUP BY ALL ORDER BY ALL", [files]
        ).fetchall()  # fmt: skip
    assert [row[:4] for row in said] == [("kraken", "BTC/USDT", "1h", 1680), ("okx", "ETH/BTC", "1h", 50)]
    assert said[0][4] == walk().index[0].timestamp()
    assert said[0][5] == pytest.approx(walk()["volume"].sum())


def test_polars_reads_it_as_it_lies(archive):
    polars = pytest.importorskip("polars")
    archive.add(KRAKEN, walk())
    archive.tidy(KRAKEN)
    found = polars.scan_parquet(f"{archive.path}/candles", hive_partitioning=True).sort("time").collect()
    assert found["close"].to_list() == walk()["close"].tolist()
    assert found["symbol"].unique().to_list() == ["BTC/USDT"]
