"""Rollups: the sums of smaps_rollup, parsed where they are not what they were."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import memory_watcher.record.rollups as rollups_module
from memory_watcher.errors import NoSuchProcess
from memory_watcher.procfs.process import parse_rollup
from memory_watcher.record.rollups import Rollups
from tests.fakeproc import FakeProc, FakeProcess
from tests.unit.record.scripted import GONE, ScriptedFiles

KI = 1024


def text(pss: int, referenced: int = 0) -> bytes:
    return (
        f"x [rollup]\nRss: 40 kB\nPss: {pss} kB\nPss_Anon: 4 kB\nPrivate_Clean: 0 kB\n"
        f"Private_Dirty: 8 kB\nReferenced: {referenced} kB\nAnonymous: 8 kB\n"
    ).encode()


@pytest.fixture(name="files")
def scripted_files(tmp_path: Path) -> Iterator[ScriptedFiles]:
    files = ScriptedFiles(FakeProc(tmp_path / "proc"), FakeProcess(7))
    yield files
    files.close()


def test_parsed_once(files: ScriptedFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts that say the same are parsed once, and bear one mark; Referenced says nothing."""
    parsed = []

    def parse(content: bytes) -> object:
        parsed.append(content)
        return parse_rollup(content)

    monkeypatch.setattr(rollups_module, "parse_rollup", parse)
    files.says("smaps_rollup", text(20), text(20, 8), text(21), text(20))
    rollups = Rollups()
    sums = [rollups.read(1, files) for _ in range(4)]
    assert [each.rollup.pss for each in sums] == [20 * KI, 20 * KI, 21 * KI, 20 * KI]
    assert [each.mark == sums[0].mark for each in sums] == [True, True, False, True]
    assert len(parsed) == 3
    assert sums[0].share is not None
    assert sums[0].share.pss == 4 * KI


def test_each_has_its_own(files: ScriptedFiles) -> None:
    """What one process said is not taken for another's."""
    files.says("smaps_rollup", text(20), text(30), text(20))
    rollups = Rollups()
    found = [rollups.read(number, files).rollup.pss for number in (1, 2, 1)]
    assert found == [20 * KI, 30 * KI, 20 * KI]


def test_without_smaps_rollup(files: ScriptedFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before 4.14 the sums are the layout's, and nothing tells whose anonymous memory it is."""
    monkeypatch.setattr(files, "lacks_rollup", lambda: True)
    files.always("smaps_rollup", GONE)
    sums = Rollups().read(1, files)
    assert sums.rollup.rss == sum(area.rss for area in files.process.areas) * KI
    assert (sums.share, sums.mark) == (None, None)
    files.says("smaps", b"")
    with pytest.raises(NoSuchProcess):
        Rollups().read(1, files)
