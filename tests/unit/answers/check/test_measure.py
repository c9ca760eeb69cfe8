"""What nobody saw at a moment, and who could not be read then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from memory_watcher.analysis.budgets.model import Figure, Judged, What, Word
from memory_watcher.model import LayoutState, Reading, Rollup
from memory_watcher.store.recording import Recording

from ....recordings import MI, START, RecordingBuilder
from .runs import HEAP, budget, entry, judged, line


class Tree:
    """Two processes of 10 and 20 MiB with layouts, and what a pass found of them."""

    def __init__(self, path: Path, opened: ExitStack) -> None:
        self._opened = opened
        self.builder = RecordingBuilder(path)
        self.app = self.builder.process(1, "app")
        self.worker = self.builder.process(2, "worker")
        self.builder.tick()
        self.builder.layout(self.app, [entry(HEAP, 10 * MI, 0x1000)])

    def with_layout_of_worker(self) -> None:
        self.builder.layout(self.worker, [entry(HEAP, 20 * MI, 0x1000)])

    def take_pass(
        self, app: int, worker: int | None, moved: int = 0, layouts: int | None = None
    ) -> None:
        sizes = {self.app: app, self.worker: worker}
        self.builder.take_pass(
            {
                number: None if size is None else Rollup(size * MI, size * MI, size * MI, 0)
                for number, size in sizes.items()
            },
            moved=moved * MI,
            layouts=layouts,
        )

    def judged(self, most: int, what: str = "total", figure: Figure = "pss") -> Judged:
        self.builder.end_run()
        recording = self._opened.enter_context(Recording(self.builder.close()))
        pattern = "heap" if what == "kind" else ""
        (found,) = judged(
            recording,
            budget(line(what, most * MI, pattern), figure=figure),  # type: ignore[arg-type]
        )
        return found

    def judged_count(self, what: What) -> int | None:
        self.builder.end_run()
        recording = self._opened.enter_context(Recording(self.builder.close()))
        return judged(recording, budget(line(what, 100)))[0].measured


@pytest.fixture(name="tree")
def tree_of_a_test(tmp_path: Path) -> Iterator[Tree]:
    with ExitStack() as opened:
        yield Tree(tmp_path / "tree.db", opened)


@pytest.mark.parametrize(("most", "word"), [(29, Word.OVER), (30, Word.WITHIN)])
def test_layouts_of_the_pass_are_all_there_is(tree: Tree, most: int, word: Word) -> None:
    """Then what was seen is what there was."""
    tree.with_layout_of_worker()
    tree.take_pass(10, 20)
    found = tree.judged(most)
    assert (found.measured, found.verdict) == (30 * MI, word)


@pytest.mark.parametrize(("most", "word"), [(34, Word.OVER), (35, Word.WITHIN)])
def test_a_total_is_what_the_pass_found_where_layouts_lack(
    tree: Tree, most: int, word: Word
) -> None:
    """A layout that was read before, and of which there is more now."""
    tree.with_layout_of_worker()
    tree.take_pass(10, 25)
    found = tree.judged(most)
    assert (found.measured, found.verdict) == (35 * MI, word)
    if word is Word.OVER:
        assert any(each.kind == "unseen" and each.change == 5 * MI for each in found.culprits)


@pytest.mark.parametrize(
    ("most", "word"), [(29, Word.OVER), (34, Word.UNDECIDED), (35, Word.WITHIN)]
)
def test_what_layouts_lack_may_be_of_any_kind(tree: Tree, most: int, word: Word) -> None:
    """Only a limit that holds for all of it is a pass."""
    tree.with_layout_of_worker()
    tree.take_pass(10, 25)
    found = tree.judged(most, "kind")
    assert (found.measured, found.verdict) == (30 * MI, word)
    assert ("lack 5 MiB" in found.why) == (word is Word.UNDECIDED)


@pytest.mark.parametrize(
    ("what", "most", "measured", "word"),
    [
        ("total", 15, 15, Word.WITHIN),
        ("total", 14, 15, Word.OVER),
        ("kind", 30, 30, Word.WITHIN),
        ("kind", 29, 30, Word.UNDECIDED),
        ("kind", 14, 30, Word.OVER),
    ],
)
def test_layouts_of_other_moments_may_have_too_much(
    tree: Tree, what: str, most: int, measured: int, word: Word
) -> None:
    """What the pass found is the total; of which kind the rest was, nothing tells."""
    tree.with_layout_of_worker()
    tree.take_pass(10, 5, layouts=0)
    found = tree.judged(most, what)
    assert (found.measured, found.verdict) == (measured * MI, word)
    assert ("have 15 MiB more" in found.why) == (word is Word.UNDECIDED)
    assert all((each.after or 0) > 0 for each in found.culprits)


def test_a_process_without_a_layout_is_in_the_total(tree: Tree) -> None:
    """And its memory may be of any kind."""
    tree.take_pass(10, 20)
    assert tree.judged(29).verdict is Word.OVER


def test_a_process_that_could_not_be_read_is_no_pass(tree: Tree) -> None:
    """It may have had anything."""
    tree.take_pass(10, None)
    found = tree.judged(100)
    assert found.verdict is Word.UNDECIDED
    assert "1 process could not be read" in found.why


@pytest.mark.parametrize(("then", "held"), [(None, True), (55, None), (20, None)])
def test_what_no_pass_of_layouts_tells_of_the_end_is_not_claimed(
    tree: Tree, then: int | None, held: bool | None
) -> None:
    """That of before the moment is not what was there at the end."""
    tree.with_layout_of_worker()
    tree.take_pass(10, 20)
    tree.builder.tick()
    tree.builder.layout(tree.worker, [entry(HEAP, 60 * MI, 0x1000)])
    tree.take_pass(10, 60, layouts=1)
    if then is not None:
        tree.builder.tick()
        tree.take_pass(10, then, layouts=0)
    (culprit,) = tree.judged(40, "kind").culprits
    assert (culprit.before, culprit.after, culprit.is_held) == (30 * MI, 70 * MI, held)


def test_a_higher_sum_between_two_passes_may_be_over(tree: Tree) -> None:
    """Private memory was watched between the passes."""
    tree.with_layout_of_worker()
    tree.take_pass(10, 20)
    tree.builder.execute("UPDATE passes SET private = ?", 30 * MI)
    tree.builder.execute("INSERT INTO group_marks VALUES (?, ?, ?, ?)", START, 1, 45 * MI, 2)
    found = tree.judged(40)
    assert (found.measured, found.verdict) == (30 * MI, Word.UNDECIDED)
    assert "15 MiB higher" in found.why


@pytest.mark.parametrize(
    ("resident", "shared", "is_passed", "word"),
    [
        (80, 0, False, Word.UNDECIDED),
        (80, 70, False, Word.WITHIN),
        (30, 0, False, Word.WITHIN),
        (80, 0, True, Word.WITHIN),
    ],
)
def test_what_was_higher_while_no_pass_was_made_may_be_over(
    tree: Tree, resident: int, shared: int, is_passed: bool, word: Word
) -> None:
    """What each process had privately then is added up; passes that are close by know better."""
    tree.with_layout_of_worker()
    tree.take_pass(10, 20)
    for tick in range(5):
        tree.builder.tick()
        size = resident if tick == 2 else 20
        tree.builder.reading(
            tree.worker, Reading(resident=size * MI, shared=shared * MI if tick == 2 else 0)
        )
        tree.builder.reading(tree.app, Reading(resident=10 * MI, shared=0))
        if is_passed:
            tree.take_pass(10, 20)
    found = tree.judged(50)
    assert (found.measured, found.verdict) == (30 * MI, word)
    if word is Word.UNDECIDED:
        assert "was 60 MiB higher" in found.why


def test_who_was_not_seen_ending_is_gone_with_its_recorder(tree: Tree) -> None:
    """A killed recorder tells no ends: the processes of the next one are others."""
    tree.with_layout_of_worker()
    tree.builder.run()
    for pid in (3, 4, 5):
        number = tree.builder.process(pid, "app")
        tree.builder.tick()
        tree.builder.layout(number, [entry(HEAP, MI, 0x1000)])
        tree.builder.end(number, tree.builder.last_tick + 1)
    assert tree.judged_count("processes") == 2


@pytest.mark.parametrize("state", [LayoutState.ZOMBIE, LayoutState.GONE, None])
def test_who_had_exited_when_it_was_read_was_one_process(
    tmp_path: Path, state: LayoutState | None
) -> None:
    """A command that is over at once: 0 processes with 0 threads would be within any limit."""
    builder = RecordingBuilder(tmp_path / "a.db")
    late = builder.process(1, "true")
    builder.tick()
    if state is not None:
        builder.reading(late, Reading(), state=state)
        builder.tick()
    builder.end(late, builder.last_tick)
    builder.end_run()
    with Recording(builder.close()) as recording:
        lines = [line(what, 100) for what in ("processes", "threads", "total")]
        *found, total = judged(recording, budget(*lines))
    assert "exited before its memory could be read" in total.why
    assert found[1].why == total.why
    assert [(each.measured, each.verdict) for each in found] == [
        (1, Word.WITHIN),
        (None, Word.UNDECIDED),
    ]


def test_a_pass_that_gives_no_sum_is_no_pass(tree: Tree) -> None:
    """Memory moved while it went round: why is told."""
    tree.take_pass(10, 20, moved=25)
    found = tree.judged(100)
    assert found.verdict is Word.UNDECIDED
    assert "No sum" in found.why


def test_what_it_was_before_an_execve_does_not_count(tmp_path: Path) -> None:
    """A child is called as its launcher is until its execve: it is not the launcher's memory."""
    with ExitStack() as opened:
        builder = RecordingBuilder(tmp_path / "a.db")
        launcher, child = builder.process(1, "app"), builder.process(2, "app")
        builder.tick()
        builder.image(child, "worker", builder.tick())
        builder.layout(launcher, [entry(HEAP, 10 * MI, 0x1000)])
        builder.layout(child, [entry(HEAP, 20 * MI, 0x1000)])
        builder.end_run()
        recording = opened.enter_context(Recording(builder.close()))
        lines = (line("kind", 50 * MI, "heap"), line("processes", 9))
        found = [judged(recording, budget(*lines, process=name)) for name in ("app", "worker")]
    assert [[each.measured for each in each_of] for each_of in found] == [
        [10 * MI, 1],
        [20 * MI, 1],
    ]


def test_what_a_pattern_may_match_is_listed_with_its_role(tmp_path: Path) -> None:
    """Of two programs of one interpreter the name alone says too little."""
    builder = RecordingBuilder(tmp_path / "a.db")
    numbers = [builder.process(pid, "python") for pid in (1, 2)]
    builder.tick()
    for number, script in zip(numbers, ("serve.py", "work.py"), strict=True):
        builder.command_line(number, f"python {script}")
        builder.layout(number, [entry(HEAP, MI, 0x1000)])
    builder.end_run()
    with Recording(builder.close()) as recording:
        (found,) = judged(recording, budget(line("total", MI), process="help*"))
    assert found.why.endswith("there is: 'python serve.py', 'python work.py'")


@pytest.mark.parametrize("pattern", ["python", "python helper.py", "helper.py", "helper*"])
def test_names_and_roles_as_ls_shows_them(tmp_path: Path, pattern: str) -> None:
    """A process is found by its name, its role, or both."""
    with ExitStack() as opened:
        builder = RecordingBuilder(tmp_path / "a.db")
        helper = builder.process(1, "python")
        builder.command_line(helper, "python helper.py")
        builder.tick()
        builder.layout(helper, [entry(HEAP, 10 * MI, 0x1000)])
        builder.end_run()
        recording = opened.enter_context(Recording(builder.close()))
        (found,) = judged(recording, budget(line("kind", 50 * MI, "heap"), process=pattern))
    assert found.measured == 10 * MI


@pytest.mark.parametrize(
    ("ticks", "parents", "limit", "verdict"),
    [
        (1, 17, 5, Word.UNDECIDED),  # one reading of two: it may have had 17 MiB
        (1, 17, 20, Word.WITHIN),
        (1, 17, 1, Word.OVER),
        (1, 2, 5, Word.WITHIN),  # its parent was told that there was no more
        (9, 17, 5, Word.WITHIN),  # a tenth of its life tells no more
    ],
)
def test_a_short_life_that_was_not_read_to_its_end(
    tmp_path: Path, ticks: int, parents: int, limit: int, verdict: Word
) -> None:
    """What it had after its last reading is known to the parent, if it had more than that has."""
    builder = RecordingBuilder(tmp_path / "short.db")
    short = builder.process(1, "short")
    for _ in range(ticks):
        builder.tick()
        usage = [entry(HEAP, 2 * MI, 0x1000)]
        builder.layout(short, usage, reading=Reading(resident=2 * MI, high_water_mark=2 * MI))
    builder.tick()
    builder.reading(short, Reading(), state=LayoutState.ZOMBIE)
    builder.end(short, builder.last_tick)
    builder.execute("INSERT INTO exits VALUES (?, 0, NULL, ?, ?)", short, parents * MI, 16 * MI)
    builder.end_run()
    with Recording(builder.close()) as recording:
        lines = (line("total", limit * MI), line("kind", limit * MI, "heap"))
        found = judged(recording, budget(*lines))
    assert [each.verdict for each in found] == [verdict] * 2
    assert all(("too long after" in each.why) == (verdict is Word.UNDECIDED) for each in found)
