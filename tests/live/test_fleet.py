"""Recordings of real programs in a dataset: added while they are written, read by two engines."""

from __future__ import annotations

from pathlib import Path

import pytest

compute = pytest.importorskip("pyarrow.compute", reason="the extra fleet brings it")
dataset = pytest.importorskip("pyarrow.dataset")
pytest.importorskip("duckdb", reason="the extra fleet brings it")

from tests.exports import peak  # noqa: E402
from tests.fleets import asked, files  # noqa: E402
from tests.programs import recorder, run  # noqa: E402

from .targets import Target  # noqa: E402

pytestmark = pytest.mark.live
FIGURES = ("mappings", "rss", "pss", "uss", "swap")


def test_a_recording_is_added_while_it_is_written(tmp_path: Path) -> None:
    """Its peaks are those of memory-peak at the end, in DuckDB and in pyarrow's own dataset."""
    path, fleet = tmp_path / "a.db", tmp_path / "fleet"
    with Target() as target:
        start = target.reserve(4000)
        with recorder(path, "-p", target.pid, "--period", "20ms") as running:
            running.wait_for_ticks(3)
            added = run("memory-watcher", "fleet", "add", fleet, path)
            assert added.returncode == 0, added.stderr
            ((before, ticks),) = asked(
                fleet, "SELECT max(max_pss), max(ticks) FROM processes, hosts"
            )
            target.touch(start, 4000)
            running.wait_for_ticks(ticks + 20)
            assert running.stop()[0] == 0
    added = run("memory-watcher", "fleet", "add", fleet, path)
    assert added.returncode == 0, added.stderr
    told = peak(path)["measurement"]
    expected = [told["totals"][figure] for figure in FIGURES]
    sums = ", ".join(f"sum({figure})" for figure in FIGURES[1:])
    (found,) = asked(fleet, f"SELECT count(*), {sums} FROM peaks")
    assert list(found) == expected
    assert before < 4000 * 4096 <= told["totals"]["pss"]
    (file,) = files(fleet, "peaks")
    rows = dataset.dataset(fleet / "peaks", format="parquet").to_table()
    assert rows.num_rows == expected[0]
    assert [compute.sum(rows[each]).as_py() for each in FIGURES[1:]] == expected[1:]
    assert set(rows["time_ns"].to_pylist()) == {told["time_ns"]}
    assert file.parent.parent.name.startswith("date=")
