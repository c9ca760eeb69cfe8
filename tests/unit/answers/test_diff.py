"""What differs between moments and recordings, as the answers tell it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

import memory_watcher
from memory_watcher.analysis.matching import Match
from memory_watcher.answers.diff import At, Comparison, DiffView, diff
from memory_watcher.answers.moment import understood
from memory_watcher.errors import OtherPrograms, SelectionError, UsageError
from memory_watcher.model import Layout, LayoutState, Usage
from memory_watcher.store.recording import Recording

from ...recordings import KI, MI, Entry, RecordingBuilder, mapping


class Files:
    """Makes recordings and opens them."""

    def __init__(self, folder: Path, opened: ExitStack) -> None:
        self.folder = folder
        self.opened = opened

    def open(self, path: Path) -> Recording:
        return self.opened.enter_context(Recording(path))

    def make(
        self, name: str, *processes: tuple[str, Sequence[int]], state: LayoutState | None = None
    ) -> Recording:
        """Processes by name, with the MiB of heap that each has at each tick."""
        builder = RecordingBuilder(self.folder / name)
        numbers = [builder.process(pid, who) for pid, (who, _) in enumerate(processes, 1)]
        for sizes in zip(*(sizes for _, sizes in processes), strict=True):
            builder.tick()
            for number, size in zip(numbers, sizes, strict=True):
                builder.layout(number, heap(size), state=state or LayoutState.EXACT)
        builder.end_run()
        return self.open(builder.close())


def heap(size: int) -> list[Entry]:
    usage = Usage(
        rss=size * MI, pss=size * MI, swap=2 * MI, swap_pss=MI, lazy_free=KI, private_clean=0,
        private_dirty=size * MI,
    )  # fmt: skip
    return [(mapping(0x1000, 100 * MI, pathname="[heap]"), usage)]


@pytest.fixture(name="files")
def recordings(tmp_path: Path) -> Iterator[Files]:
    with ExitStack() as opened:
        yield Files(tmp_path, opened)


def changes(view: DiffView) -> list[tuple[str, int | None]]:
    return [(group.name, group.change) for group in view.groups]


def test_two_moments_of_one_recording(files: Files) -> None:
    """By any way of writing moments; the changes add up to the total's."""
    one = files.make("a.db", ("app", [10, 40, 20, 30]))
    for before, after, change in [
        ("start", "peak", 30), ("start", "end", 20), ("peak", "end", -10), ("+1s", "#3", -20),
        ("50%", "100%", -10), ("floor", "start", -20), ("13:58:03", "13:58:05", 10),
    ]:  # fmt: skip
        view = diff(At(one, before), At(one, after))
        assert changes(view) == [("heap", change * MI)], (before, after)
        assert view.total_change == change * MI
        assert view.groups[0].match is Match.KIND
        assert view.groups[0].noise is None
        assert view.is_one_run


def test_two_recordings_at_their_peaks(files: Files) -> None:
    """A recording alone stands for its peak; ages count from each one's own start."""
    before = files.make("a.db", ("app", [10, 40, 20]))
    after = files.make("b.db", ("app", [15, 20, 90]))
    assert changes(memory_watcher.diff(before, after)) == [("heap", 50 * MI)]
    aged = diff(At(before, "+1s"), At(after, "+1s"))
    assert changes(aged) == [("heap", -20 * MI)]
    assert aged.groups[0].noise is False
    assert not aged.is_one_run


@pytest.mark.parametrize(
    ("figure", "size"), [("pss", 40), ("rss", 40), ("uss", 40), ("swap", 0), ("held", 40)]
)
def test_every_figure(files: Files, figure: str, size: int) -> None:
    """Of one process; what did not change has a group all the same."""
    one = files.make("a.db", ("app", [10, 50]))
    view = diff(At(one, "start"), At(one, "peak" if size else "end"), figure=figure)  # type: ignore[arg-type]
    assert changes(view) == [("heap", size * MI)]
    held = diff(At(one, "start"), At(one, "end"), figure="held")
    assert held.totals[0].sum.size == 12 * MI - KI


def test_several_processes_are_added_up_by_their_shares(files: Files) -> None:
    """RSS is refused; swap and what is held are taken as they may be added up."""
    before = files.make("a.db", ("app", [10, 20]), ("sh", [1, 1]))
    after = files.make("b.db", ("app", [10, 25]), ("sh", [1, 2]), ("new", [3, 4]))
    view = diff(before, after)
    assert (changes(view), view.is_of_several) == ([("heap", 10 * MI)], True)
    by_process = diff(before, after, by="process")
    assert [(each.name, each.change, each.match) for each in by_process.groups] == [
        ("app", 5 * MI, Match.ROLE),
        ("new", 4 * MI, Match.AFTER),
        ("sh", MI, Match.ROLE),
    ]
    assert sum(each.change or 0 for each in by_process.groups) == view.total_change
    swapped = diff(before, after, figure="swap")
    assert (swapped.figure, swapped.total_change) == ("swap_pss", MI)
    assert diff(before, after, figure="held").figure == "held_pss"
    with pytest.raises(UsageError, match="rss cannot be added up over processes"):
        diff(before, after, figure="rss")
    one = diff(At(before, process="app"), At(after, process="app"), figure="rss")
    assert one.total_change == 5 * MI


def test_a_process_is_chosen_by_name_or_pid(files: Files) -> None:
    """Two names, where it is called otherwise; one that is not there is an error with the names."""
    before = files.make("a.db", ("app", [10]), ("sh", [1]))
    after = files.make("b.db", ("app2", [11]), ("zsh", [3]))
    assert diff(At(before, process="app"), At(after, process="app2")).total_change == MI
    assert diff(At(before, process="2"), At(after, process="2")).total_change == 2 * MI
    with pytest.raises(SelectionError, match=r"b\.db: no process 'app'; there is: 'app2', 'zsh'"):
        diff(At(before, process="app"), At(after, process="app"))


def test_strangers_are_not_compared(files: Files) -> None:
    """Two recordings without a common process name are a mistake, unless both are named."""
    before, after = files.make("a.db", ("app", [10])), files.make("b.db", ("\x1b[2J", [11]))
    with pytest.raises(OtherPrograms, match="no process name in common") as caught:
        diff(before, after)
    assert str(caught.value).endswith("; choose a process of each")
    assert "\x1b" not in str(caught.value)


def test_runs_of_a_side_are_of_one_program(files: Files) -> None:
    """Another program among them is a mistake, unless a process is named."""
    one, other = files.make("a.db", ("app", [10])), files.make("b.db", ("sh", [11]), ("ls", [1]))
    with pytest.raises(OtherPrograms, match="name recordings of one program at a time"):
        diff(At([one, other]), At([one]))
    third = files.make("c.db", ("app", [11]), ("sh", [3]))
    assert diff(At([one, third], process="app"), At(one, process="app")).total_change == -MI // 2


def test_what_cannot_be_compared(files: Files) -> None:
    """One clear error each: the same moment twice, outside, no layout, no figure, no recording."""
    one = files.make("a.db", ("app", [10, 40]))
    with pytest.raises(SelectionError, match="both moments are the same measurement"):
        diff(one, files.open(Path(one.path)))
    with pytest.raises(SelectionError, match="no layout was recorded at or before"):
        diff(At(one, "2000-01-01T00:00"), one)
    with pytest.raises(UsageError, match="name at least one recording"):
        diff(At([]), one)
    with pytest.raises(UsageError, match=r"by: .* choose one of kind, name"):
        diff(one, one, by="size")  # type: ignore[arg-type]
    builder = RecordingBuilder(files.folder / "bare.db")
    builder.tick()
    builder.layout(builder.process(1, "app"), [(mapping(0x1000), Usage(rss=MI))])
    bare = files.open(builder.close())
    view = diff(bare, one)
    assert (view.figure, view.instead) == ("rss", "the kernel reports no PSS; RSS is shown")
    with pytest.raises(SelectionError, match="swap was not reported"):
        diff(bare, one, figure="swap")
    builder = RecordingBuilder(files.folder / "none.db")
    builder.tick()
    builder.reading(builder.process(1, "app"), state=LayoutState.NO_PERMISSION)
    with pytest.raises(SelectionError, match=r"none\.db"):
        diff(one, files.open(builder.close()))


def test_several_runs_on_a_side(files: Files) -> None:
    """Medians, each run's own total beside them, and noise by the runs' own spread."""
    before = [files.make(f"a{size}.db", ("app", [size])) for size in (10, 14, 11)]
    after = [files.make(f"b{size}.db", ("app", [size])) for size in (13, 12)]
    view = diff(At(before), At(after))
    (group,) = view.groups
    assert (group.before.sum.size, group.after.sum.size) == (11 * MI, 25 * MI // 2)
    assert (group.noise, view.total_change) == (True, 3 * MI // 2)
    assert [run.total.sum.size for run in view.before] == [10 * MI, 14 * MI, 11 * MI]
    later = [files.make(f"c{size}.db", ("app", [size])) for size in (30, 31, 33)]
    assert diff(At(before), At(later)).groups[0].noise is False


def test_two_lives_of_one_recording_are_two_runs(files: Files) -> None:
    """Processes of one recording that have nothing in common are matched as those of two runs."""
    one = files.make("a.db", ("app", [10]), ("app", [40]))
    view = diff(At(one, process="1"), At(one, process="2"), by="mapping")
    assert [(each.name, each.change, each.match) for each in view.groups] == [
        ("heap", 30 * MI, Match.KIND)
    ]


def test_torn_layouts_are_counted(files: Files) -> None:
    """So that outputs can say that sizes may be wrong."""
    one = files.make("a.db", ("app", [10, 40]), state=LayoutState.TORN)
    view = diff(At(one, "start"), At(one, "end"))
    assert (view.before[0].torn, view.after[0].torn) == (1, 1)


def test_several_moments_of_two_recordings(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """A comparison says at each moment what diff says, and reads no layout twice."""
    one = files.make("a.db", ("app", [1, 9, 4, 2]))
    other = files.make("b.db", ("app", [2, 3, 12, 5]))
    read: list[int] = []
    layout = Recording.layout

    def noted(recording: Recording, number: int) -> Layout:
        read.append(number)
        return layout(recording, number)

    moments = [understood(each) for each in ("start", "peak", "50%", "floor", "end")]
    alone = [
        diff(At(one, each), At(other, each), by=by, figure="rss")
        for each in moments
        for by in ("name", "kind")
    ]
    monkeypatch.setattr(Recording, "layout", noted)
    compared = Comparison(one, other)
    assert alone == [
        compared.at(each, each, by=by, figure="rss") for each in moments for by in ("name", "kind")
    ]
    assert len(read) == 2 * len(moments)


def test_many_files_are_one_group_on_both_sides(files: Files) -> None:
    """Where one run has so few that they are no crowd there, they are still part of the other's."""

    def run(name: str, count: int) -> Recording:
        builder = RecordingBuilder(files.folder / name)
        process = builder.process(1, "db")
        builder.tick()
        usage = Usage(rss=MI, pss=MI, private_clean=MI, private_dirty=0, swap=0, swap_pss=0)
        builder.layout(
            process,
            [
                (mapping(0x100000 * n, MI, "r--s", f"/srv/db/{n:06}.sst", inode=n), usage)
                for n in range(1, count + 1)
            ],
        )
        builder.end_run()
        return files.open(builder.close())

    few, many = run("few.db", 3), run("many.db", 100)
    (group,) = diff(At(few), At(many)).groups
    assert (group.name, group.change) == ("/srv/db/*.sst", 97 * MI)
    assert (group.before.mappings, group.after.mappings) == (3, 100)
    by_mapping = diff(At(few), At(many), by="mapping").groups
    assert {group.name for group in by_mapping if not group.change} == {
        f"/srv/db/{number:06}.sst r--s" for number in (1, 2, 3)
    }
