"""Which files of a dataset count, and what compacting and forgetting make of them."""

from __future__ import annotations

import os
import shutil
import time
from datetime import date
from pathlib import Path

import pytest

pytest.importorskip("pyarrow.parquet", reason="the extra fleet brings it")
pytest.importorskip("duckdb", reason="the extra fleet brings it")

from memory_watcher.errors import CannotWrite, StoreError
from memory_watcher.fleet import compact as compacting
from memory_watcher.fleet.compact import Compacted, compact
from memory_watcher.fleet.contents import contents
from memory_watcher.fleet.dataset import alone, damage, listing, reading
from memory_watcher.fleet.forget import forget
from memory_watcher.fleet.schema import TABLES
from tests.fleets import DAY, added, asked, every_file, files, grown
from tests.recordings import MI, SECOND

FIRST = date(2018, 8, 17)
LATER = date(2018, 9, 1)
HOSTS = ("a", "b/../c", "\udcff")
TOLD = (
    "SELECT hostname, ticks, first_ns, last_ns FROM hosts ORDER BY ALL",
    "SELECT recording, sum(pss), count(*), min(first_ns) FROM changes GROUP BY ALL ORDER BY ALL",
    "SELECT * FROM peaks ORDER BY ALL",
    "SELECT * FROM processes ORDER BY ALL",
    "SELECT * FROM system ORDER BY ALL",
)


@pytest.fixture(name="fleet")
def of_three_hosts(tmp_path: Path) -> Path:
    """Three hosts, each on two days."""
    for ticks, host in enumerate(HOSTS, 2):
        added(tmp_path / "fleet", grown(tmp_path / "a.db", ticks, host, apart=DAY // 2 + SECOND))
    return tmp_path / "fleet"


def compacted(fleet: Path, before: date = LATER) -> list[Compacted]:
    return list(compact(str(fleet), before))


def test_what_a_dataset_holds(fleet: Path) -> None:
    """Each day with its hosts, recordings, and files of all tables."""
    found = contents(listing(str(fleet)))
    assert [(each.day, each.hosts, each.recordings, each.files) for each in found] == [
        (FIRST, 3, 3, 15),
        (date(2018, 8, 18), 3, 3, 15),
        (date(2018, 8, 19), 1, 1, 5),
    ]
    assert sum(each.size for each in found) == sum(p.stat().st_size for p in every_file(fleet))


def test_no_dataset(tmp_path: Path) -> None:
    """A folder that is not there is an error, an empty one holds nothing."""
    with pytest.raises(StoreError, match="no dataset"):
        listing(str(tmp_path / "none"))
    with pytest.raises(StoreError, match="no dataset"):
        compacted(tmp_path / "none")
    with pytest.raises(StoreError, match="no dataset"):
        forget(str(tmp_path / "none"), LATER)
    assert listing(str(tmp_path)).parts == ()


def test_compacting_changes_no_row(fleet: Path) -> None:
    """One file a table and day is left, in which everything is."""
    before = [asked(fleet, sql) for sql in TOLD]
    done = compacted(fleet)
    assert [(each.day, each.files, each.is_cleared) for each in done] == [
        (FIRST, 15, True),
        (date(2018, 8, 18), 15, True),
    ]
    assert [asked(fleet, sql) for sql in TOLD] == before
    assert len(every_file(fleet)) == 3 * len(TABLES)
    assert all(each.new_size < each.size for each in done)
    assert compacted(fleet) == []


def test_days_that_still_grow_are_left_alone(fleet: Path) -> None:
    """Those from `before` on."""
    assert [each.day for each in compacted(fleet, date(2018, 8, 18))] == [FIRST]


def test_what_grew_after_it_was_compacted(fleet: Path, tmp_path: Path) -> None:
    """Its newer state counts alone; compacted again there is one file."""
    compacted(fleet)
    added(fleet, grown(tmp_path / "a.db", 9, "a", apart=DAY // 9))
    sums = "SELECT hostname, max(pss), max(process_id) FROM peaks GROUP BY ALL ORDER BY ALL"
    ticks = "SELECT hostname, ticks FROM hosts WHERE day = '2018-08-17' ORDER BY ALL"
    before = asked(fleet, sums), asked(fleet, ticks)
    assert ("a", 9 * MI, 1) in before[0]
    assert len(before[1]) == 3
    assert listing(str(fleet)).superseded() != {}
    compacted(fleet)
    assert (asked(fleet, sums), asked(fleet, ticks)) == before
    assert listing(str(fleet)).superseded() == {}
    assert len(files(fleet)) == 3


def test_a_reader_sees_the_old_files_or_the_new(
    fleet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it is done, after it, and while the old ones are kept for who reads."""
    before = [asked(fleet, sql) for sql in TOLD]
    monkeypatch.setattr(compacting, "_PATIENCE_S", 0.0)
    with reading(str(fleet)):
        old = listing(str(fleet)).files("changes")
        assert not compacted(fleet)[0].is_cleared
        assert all(os.path.exists(path) for path in old)
        assert [asked(fleet, sql) for sql in TOLD] == before
        new = listing(str(fleet)).files("changes")
    assert not set(old) & set(new[:2])
    compacted(fleet)
    assert [asked(fleet, sql) for sql in TOLD] == before
    assert not any(os.path.exists(path) for path in old if path not in new)


def test_one_compacts_at_a_time(fleet: Path) -> None:
    """The second is told so."""
    with alone(str(fleet), "_compacting") as is_mine, pytest.raises(CannotWrite, match="wait"):
        assert is_mine
        compacted(fleet)


@pytest.mark.parametrize("table", TABLES)
def test_a_damaged_file_is_named_and_the_others_are_used(fleet: Path, table: str) -> None:
    """Cut, or not Parquet at all; compacting leaves it where it is, and takes the others."""
    bad = files(fleet, table)[0]
    bad.write_bytes(bad.read_bytes()[:-20])
    there = listing(str(fleet))
    found = [*there.bad, *(each for part in there.parts for each in damage(str(fleet), part))]
    assert [each.path for each in found] == [str(bad.relative_to(fleet))]
    done = compacted(fleet)
    assert [each.path for day in done for each in day.bad] == [str(bad.relative_to(fleet))]
    assert bad.exists()
    assert len(files(fleet)) == 4
    bad.unlink()
    assert len(asked(fleet, "SELECT * FROM hosts WHERE day = '2018-08-17'")) == 2


def test_damage_within_a_file(fleet: Path) -> None:
    """It shows when the pages are read: that file is left out as well."""
    bad = files(fleet, "changes")[0]
    data = bytearray(bad.read_bytes())
    data[4:200] = bytes(196)
    bad.write_bytes(data)
    (told,) = [each for day in compacted(fleet) for each in day.bad]
    assert told.path == str(bad.relative_to(fleet))
    assert bad.exists()


def test_a_file_that_is_missing(fleet: Path) -> None:
    """What is not whole does not count, and is named."""
    lost = files(fleet, "peaks")[0]
    lost.unlink()
    there = listing(str(fleet))
    assert [each.path for each in there.bad] == [str(lost.relative_to(fleet))]
    assert len(asked(fleet, "SELECT * FROM hosts")) == 6


def test_what_killed_programs_left_is_removed_after_a_day(fleet: Path) -> None:
    """Unfinished files, and files that nothing vouches for; not those of who writes just now."""
    (vouching, *_) = files(fleet)
    old = files(fleet, "changes")[0].with_name(f".{vouching.name}.part")
    old.touch()
    young = old.with_name(old.name.replace("part-", "part-f", 1))
    young = old.with_name(f".{files(fleet)[1].name}.part")
    young.touch()
    vouching.unlink()
    two_days_ago = time.time() - 2 * 86_400
    for path in every_file(fleet):
        if path.name.endswith(vouching.name) or path == old:
            os.utime(path, (two_days_ago, two_days_ago))
    compacted(fleet)
    left = every_file(fleet)
    assert young in left
    assert old not in left
    assert not any(path.name == vouching.name for path in left)


def test_what_is_forgotten_does_not_come_back(fleet: Path, tmp_path: Path) -> None:
    """All of the days before, in all tables; adding leaves them out."""
    done = forget(str(fleet), date(2018, 8, 19))
    assert done.days == 2
    assert done.size > 0
    assert {path.parts[-3] for path in every_file(fleet)} == {"date=2018-08-19"}
    days = added(fleet, grown(tmp_path / "a.db", 9, "a", apart=DAY // 4))
    assert [(each.day.day, each.is_forgotten, each.rows > 0) for each in days] == [
        *((17, True, False), (18, True, False), (19, False, True)),
    ]
    assert forget(str(fleet), FIRST).days == 0


def test_forgetting_waits_for_readers(fleet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And gives up after a while, without having removed anything."""
    monkeypatch.setattr("memory_watcher.fleet.forget._PATIENCE_S", 0.0)
    before = every_file(fleet)
    with reading(str(fleet)), pytest.raises(CannotWrite, match="others are reading it"):
        forget(str(fleet), LATER)
    assert every_file(fleet) == before


def test_a_dataset_can_be_copied_together(fleet: Path, tmp_path: Path) -> None:
    """As hosts do that ship their own: what both hold counts once."""
    other = tmp_path / "other"
    added(other, grown(tmp_path / "b.db", 3, "d"))
    added(other, grown(tmp_path / "b.db", 2, "a", apart=DAY // 2 + SECOND))
    shutil.copytree(other, fleet, dirs_exist_ok=True)
    assert asked(fleet, "SELECT hostname, count(*) FROM hosts GROUP BY 1 ORDER BY 1") == [
        *(("\\xff", 3), ("a", 2), ("b/../c", 2), ("d", 1)),
    ]
