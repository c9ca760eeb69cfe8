"""Headers in arrays: the same as the plain ones, and a mapping as any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory_watcher.model import Usage
from memory_watcher.store.read import packed_headers
from memory_watcher.store.recording import Recording
from tests.recordings import KI, RecordingBuilder, mapping


@pytest.mark.parametrize("processes", [1, 2])
def test_they_are_the_plain_ones(
    tmp_path: Path, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one process, and of one whose ids have gaps; over pages, and after many were asked for."""
    monkeypatch.setattr(packed_headers, "_PAGE", 7)
    monkeypatch.setattr(packed_headers, "_RECENT", 5)
    builder = RecordingBuilder(tmp_path / "a.db")
    numbers = [builder.process(pid, start_time=pid) for pid in range(1, processes + 1)]
    builder.tick()
    for at in range(40):
        for number in numbers:
            header = mapping(0x1000 * (at + 1), 4 * KI, "r-xp", f"/lib/{at % 3}\udcff", at)
            builder.usage(number, header._replace(offset=2**62 + at), Usage(rss=KI), 1, 1)
    builder.usage(numbers[0], mapping(2**64 - 8 * KI, 4 * KI, "--xp", "[vsyscall]"), Usage(), 1, 1)
    with Recording(builder.close()) as recording:
        for number in numbers:
            packed, plain = recording.packed_headers(number), recording.headers([number])
            assert dict(packed) == plain
            assert [packed[each] for each in plain] == list(plain.values())
            assert packed.keys() == plain.keys()
            with pytest.raises(KeyError):
                packed[max(plain) + 1]


def test_a_process_without_any(tmp_path: Path) -> None:
    """It has none, and asking is an error as of any mapping."""
    builder = RecordingBuilder(tmp_path / "a.db")
    builder.process(1)
    with Recording(builder.close()) as recording:
        packed = recording.packed_headers(1)
    assert dict(packed) == {}
    with pytest.raises(KeyError):
        packed[1]
