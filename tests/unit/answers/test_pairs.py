"""Two recordings at pairs of moments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from memory_watcher.answers.diff import At, diff
from memory_watcher.answers.pairs import STEPS, pairs
from memory_watcher.errors import SelectionError
from memory_watcher.model import Usage
from memory_watcher.store.recording import Recording

from ...recordings import MI, SECOND, START, RecordingBuilder, mapping


@pytest.fixture(name="opened")
def all_closed() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def make(
    opened: ExitStack,
    path: Path,
    sizes: Sequence[int | None],
    begin: int = START,
    names: Sequence[str] = ("app",),
) -> Recording:
    """Processes with so many MiB of heap at each tick, a second apart; None: PSS not reported."""
    builder = RecordingBuilder(path)
    processes = [builder.process(number, name) for number, name in enumerate(names, 3)]
    for number, size in enumerate(sizes):
        builder.tick(begin + number * SECOND)
        for process in processes:
            told = Usage(rss=100 * MI, pss=None if size is None else size * MI)
            builder.layout(process, [(mapping(0x1000, 200 * MI, pathname="[heap]"), told)])
    builder.end_run()
    return opened.enter_context(Recording(builder.close()))


def test_named_moments_and_equal_ages(opened: ExitStack, tmp_path: Path) -> None:
    """Peak, floor, start and end of each, then equal steps of the shorter life: as diff says."""
    one = make(opened, tmp_path / "a.db", [2, 9, *[4] * 48])
    other = make(opened, tmp_path / "b.db", [3, 5, 7, *[6] * 97], START + 7 * SECOND)
    found = pairs(At(one), At(other))
    assert found.figures == ("pss", "rss")
    assert found.by == ("name", "kind")
    assert [start - START for start in found.start_ns] == [0, 7 * SECOND]
    assert [pair.moment for pair in found.pairs[:4]] == ["peak", "floor", "start", "end"]
    ages = [pair.age_ns for pair in found.pairs[4:]]
    assert ages == [49 * SECOND * step // STEPS for step in range(1, STEPS + 1)]
    peak = found.pairs[0].differences["pss"]
    assert (peak.before.tick, peak.after.tick) == (2, 3)
    assert peak.after.place_ns == START + 9 * SECOND
    assert peak.views[0].total_change == -2 * MI
    for pair in found.pairs:
        told = pair.moment if pair.age_ns is None else f"+{pair.age_ns / SECOND:.9f}s"
        for number, by in enumerate(("name", "kind")):
            view = diff(At(one, told), At(other, told), by=by)  # type: ignore[arg-type]
            assert view.groups == pair.differences["pss"].views[number].groups


def test_ages_at_which_nothing_else_was_read(opened: ExitStack, tmp_path: Path) -> None:
    """Three layouts make two ages after the start, one layout none."""
    one = make(opened, tmp_path / "a.db", [1, 2, 3])
    other = make(opened, tmp_path / "b.db", [1, 2, 3])
    single = make(opened, tmp_path / "c.db", [1])
    assert [pair.age_ns for pair in pairs(At(one), At(other)).pairs[4:]] == [SECOND, 2 * SECOND]
    assert len(pairs(At(one), At(single)).pairs) == 4


def test_several_processes(opened: ExitStack, tmp_path: Path) -> None:
    """Of several processes RSS has no sum; they are compared one by one, too."""
    one = make(opened, tmp_path / "a.db", [1, 2, 3], names=("app", "lib"))
    other = make(opened, tmp_path / "b.db", [2, 3, 4], names=("app", "lib"))
    found = pairs(At(one), At(other))
    assert (found.figures, found.by) == (("pss",), ("name", "kind", "process"))
    (view,) = (each for each in found.pairs[0].differences["pss"].views if each.by == "process")
    assert [(group.name, group.change) for group in view.groups] == [("app", MI), ("lib", MI)]
    assert pairs(At(one, process="lib"), At(other, process="lib")).by == ("name", "kind")


def test_what_one_moment_does_not_tell(opened: ExitStack, tmp_path: Path) -> None:
    """A figure that one of both never reports is left out; strangers are refused."""
    one = make(opened, tmp_path / "a.db", [1, 2])
    mute = make(opened, tmp_path / "b.db", [None, None])
    assert pairs(At(one), At(mute)).figures == ("rss",)
    stranger = make(opened, tmp_path / "c.db", [1, 2], names=("other",))
    with pytest.raises(SelectionError, match="no process name in common"):
        pairs(At(one), At(stranger))
