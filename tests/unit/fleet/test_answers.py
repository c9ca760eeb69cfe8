"""The packaged questions on a fleet whose answers are known, and what SQL may not do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.errors import StoreError
from memory_watcher.fleet.ask import ask
from memory_watcher.fleet.asked import PACKAGED, load
from memory_watcher.fleet.engines.base import QueryFailed, TooLittleMemory
from memory_watcher.fleet.schema import TABLES
from memory_watcher.fleet.shown import plain
from tests import small_fleet
from tests.small_fleet import HELPER, HOUR, MI, SERVER, heap_of

pytest.importorskip("duckdb")
pyarrow = pytest.importorskip("pyarrow")


@pytest.fixture(name="fleet", scope="module")
def written_fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Under a name that is a pattern to who does not take care."""
    return small_fleet.write(tmp_path_factory.mktemp("fleet") / "a [b]*'")


@pytest.fixture(name="duck")
def started_duck(fleet: Path) -> Iterator[Any]:
    from memory_watcher.fleet.engines.duck import Duck

    duck = Duck(str(fleet), 500 << 20)
    yield duck
    duck.close()


def answered(duck: Any, fleet: Path, name: str, /, **settings: str) -> list[dict[str, Any]]:
    question = load(name, [PACKAGED])
    answer = ask(str(fleet), duck, question.sql, question.values(settings)).answer
    return [dict(zip(answer.columns, map(plain, row), strict=True)) for row in answer.rows]


def grown(number: int) -> int:
    """What the server of a host grows by from its first kept layout to its last one."""
    own = MI if number == 2 else 0
    return heap_of(number, 47) - heap_of(number, 0) + own


def test_growth_by_program(duck: Any, fleet: Path) -> None:
    """Sums of all processes at both moments; the hours are those of all of them."""
    server, helper = answered(duck, fleet, "growth-programs")
    assert (server["program"], server["processes"], server["hosts"]) == (SERVER, 6, 6)
    assert server["at_start"] == sum(heap_of(n, 0) + MI for n in range(6))
    assert server["grown"] == sum(map(grown, range(6)))
    assert server["grown_per_hour"] == round(server["grown"] / (6 * 47))
    assert (helper["program"], helper["at_end"], helper["grown"]) == (HELPER, 6 * 3 * MI, 0)


def test_start_up_is_no_growth(duck: Any, fleet: Path) -> None:
    """With a later first moment, what came before it does not count."""
    (server,) = answered(duck, fleet, "growth-programs", after="25h", program=SERVER)
    assert server["at_start"] == sum(heap_of(n, 24) + MI for n in range(6))


def test_growth_by_memory_library_and_build(duck: Any, fleet: Path) -> None:
    """The heap grew, one host has a library of its own, and builds are told apart."""
    heap, library, *_ = answered(duck, fleet, "growth-memory")
    assert (heap["kind"], heap["name"]) == ("heap", "heap")
    assert heap["grown"] == sum(map(grown, range(6))) - MI
    assert (library["name"], library["grown"], library["hosts"]) == ("/lib/libnew.so", MI, 1)
    builds = {row["build_id"]: row for row in answered(duck, fleet, "growth-libraries")}
    assert set(builds) == {"n1", "b0", "b1"}
    assert builds["b1"]["at_end"] == 3 * MI
    server = answered(duck, fleet, "growth-builds")[0]
    assert (server["program"], server["build_id"]) == (SERVER, "s1")


def test_releases_at_equal_age(duck: Any, fleet: Path) -> None:
    """The newer one is the one first seen last; each process counts at the same age."""
    server, helper = answered(duck, fleet, "releases", age="11h")
    assert (server["older"], server["newer"]) == ("1.0", "1.1")
    means = [sum(heap_of(n, 10) + MI for n in numbers) // 3 for numbers in ((0, 2, 4), (1, 3, 5))]
    assert (server["older_mean"], server["newer_mean"]) == tuple(means)
    assert server["change"] == means[1] - means[0]
    assert helper["change_percent"] == 0
    turned = answered(duck, fleet, "releases", age="11h", older="1.1", newer="1.0")
    assert [row["change"] for row in turned if row["program"] == SERVER] == [means[0] - means[1]]
    assert answered(duck, fleet, "releases", newer="9") == [] or all(
        row["newer_mean"] is None for row in answered(duck, fleet, "releases", newer="9")
    )


def test_percentiles_and_outliers(duck: Any, fleet: Path) -> None:
    """Nearest rank: values that hosts have; one host needs more than twice the median."""
    most = sorted(heap_of(n, 47) + MI for n in range(6))
    server = answered(duck, fleet, "percentiles", program=SERVER)[0]
    assert (server["p50"], server["p90"], server["highest"]) == (most[2], most[5], most[5])
    (found,) = answered(duck, fleet, "outliers")
    assert (found["hostname"], found["held"], found["median"]) == ("h5", most[5], most[2])
    assert found["peak_ns"] == (small_fleet.FIRST_DAY + 1) * small_fleet.DAY + 23 * HOUR
    assert answered(duck, fleet, "outliers", times="100") == []
    assert answered(duck, fleet, "outliers", hosts="7") == []


def test_hosts(duck: Any, fleet: Path) -> None:
    """The host with least memory first, when that was, and the most swap in use."""
    first, *_, last = answered(duck, fleet, "hosts")
    assert (first["hostname"], last["hostname"]) == ("h0", "h5")
    assert (first["least_available"], first["available_percent"]) == (400 * MI, 10)
    assert first["least_ns"] == small_fleet.FIRST_DAY * small_fleet.DAY + 12 * HOUR
    assert first["most_swapped"] == 123 * MI


def test_first_seen(duck: Any, fleet: Path) -> None:
    """What came last stands first; patterns choose."""
    newest, *_ = answered(duck, fleet, "first-seen")
    assert (newest["name"], newest["first_host"], newest["hosts"]) == ("/lib/libnew.so", "h2", 1)
    heaps = answered(duck, fleet, "first-seen", kind="heap")
    assert [(row["name"], row["hosts"], row["first_host"]) for row in heaps] == [("heap", 6, "h0")]
    assert answered(duck, fleet, "first-seen", name="%';--") == []


def test_cost(duck: Any, fleet: Path) -> None:
    """CPU time of the recorder per time recorded."""
    first, *_ = answered(duck, fleet, "cost")
    assert (first["hostname"], first["cpu_percent"], first["days"]) == ("h5", 0.6, 2)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE x (a INT)",
        "SELECT 1; SELECT 2",
        "COPY (SELECT 1) TO '{folder}/hosts/x.csv'",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "ATTACH '{folder}/x.db'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "PRAGMA database_list",
        "SELECT * FROM nix",
        "SELEKT",
        "",
    ],
)
def test_sql_reads_the_dataset_and_does_nothing_else(duck: Any, fleet: Path, sql: str) -> None:
    """A question may be a stranger's: it opens no other file, and writes none."""
    before = sorted(fleet.rglob("*"))
    with pytest.raises(QueryFailed):
        ask(str(fleet), duck, sql.format(folder=str(fleet).replace("'", "''")), {})
    assert sorted(fleet.rglob("*")) == before


def test_many_rows_are_streamed(duck: Any, fleet: Path) -> None:
    """All of them come, in pages."""
    sql = "SELECT r.range, h.hostname FROM hosts AS h, range(2000) AS r"
    assert sum(1 for _ in ask(str(fleet), duck, sql, {}).answer.rows) == 24_000


def test_too_little_memory(fleet: Path) -> None:
    """Said as such."""
    from memory_watcher.fleet.engines.duck import Duck

    duck = Duck(str(fleet), 4 << 20)
    try:
        with pytest.raises(TooLittleMemory, match="more memory than 4 MiB for this; allow it more"):
            ask(str(fleet), duck, "SELECT list(range) FROM range(9000000)", {})
    finally:
        duck.close()


def test_damaged_files_are_left_out(fleet: Path, tmp_path: Path) -> None:
    """A cut one, and one with other bytes in its middle: named, and the others used."""
    from memory_watcher.fleet.engines.duck import Duck

    broken = tmp_path / "fleet"
    shutil.copytree(fleet, broken)
    cut, middle = (small_fleet.part(broken, "hosts", host) for host in ("h1", "h3"))
    cut.write_bytes(cut.read_bytes()[:-50])
    data = bytearray(middle.read_bytes())
    data[4 : len(data) // 2] = bytes(len(data) // 2 - 4)
    middle.write_bytes(data)
    duck = Duck(str(broken), 500 << 20)
    try:
        asked = ask(str(broken), duck, load("cost", [PACKAGED]).sql, {"top": 20})
        assert {row[0]: row[2] for row in asked.answer.rows} == {
            **dict.fromkeys(("h0", "h2", "h4", "h5"), 2),
            **dict.fromkeys(("h1", "h3"), 1),
        }
    finally:
        duck.close()
    assert set(asked.left_out) == {str(cut), str(middle)}


def test_tables_without_files(tmp_path: Path) -> None:
    """They have their columns and no row; a folder with no table is no dataset."""
    from memory_watcher.fleet.engines.duck import Duck

    (tmp_path / "hosts").mkdir()
    duck = Duck(str(tmp_path), 500 << 20)
    try:
        for name in ("cost", "growth-memory", "releases", "hosts"):
            assert answered(duck, tmp_path, name) == []
        with pytest.raises(StoreError, match="no dataset"):
            ask(str(tmp_path / "nix"), duck, "SELECT 1 FROM hosts", {})
    finally:
        duck.close()


def test_rows_that_are_elsewhere_do_not_count(fleet: Path, tmp_path: Path) -> None:
    """Of a compacted file, the recordings of which something newer is there are left out."""
    parquet = pytest.importorskip("pyarrow.parquet")

    from memory_watcher.fleet.engines.duck import Duck
    from memory_watcher.fleet.names import all_name

    newer = tmp_path / "fleet"
    shutil.copytree(fleet, newer)
    name = all_name(1)
    for table in TABLES:
        parts = [small_fleet.part(newer, table, host) for host in ("h0", "h1")]
        place = newer / table / "date=2026-11-13" / "host=_all"
        place.mkdir()
        read = [parquet.ParquetFile(path).read() for path in parts]
        parquet.write_table(pyarrow.concat_tables(read), place / name)
        parts[0].unlink()  # of h1 there is a file of its own still
    (small_fleet.part(newer, "hosts", "h1")).write_bytes(_with_more_ticks(newer))
    duck = Duck(str(newer), 500 << 20)
    try:
        sql = "SELECT hostname, sum(ticks) AS ticks FROM hosts GROUP BY hostname"
        found = ask(str(newer), duck, sql, {}).answer.rows
        assert dict(found) == {**dict.fromkeys(small_fleet.HOSTS, 48), "h1": 24 + 99}
        assert answered(duck, newer, "growth-programs")[0]["processes"] == 6
    finally:
        duck.close()


def _with_more_ticks(folder: Path) -> bytes:
    """The row of h1 as it is when the recording has gone on."""
    parquet = pytest.importorskip("pyarrow.parquet")

    table = parquet.ParquetFile(small_fleet.part(folder, "hosts", "h1")).read()
    for column, value in {"last_tick": 98, "ticks": 99}.items():
        place = table.schema.get_field_index(column)
        table = table.set_column(place, column, pyarrow.array([value], "int64"))
    out = pyarrow.BufferOutputStream()
    parquet.write_table(table, out)
    return bytes(out.getvalue())
