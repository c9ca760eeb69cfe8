"""Several sinks get all that one recorder reads, each with its own numbers of processes."""

from __future__ import annotations

from memory_watcher.model import (
    FastReading,
    Image,
    LayoutState,
    Member,
    Pass,
    ProcessFacts,
    ProcessKey,
    Reading,
    Rollup,
    Sample,
    Tick,
)
from memory_watcher.record.sink import Sink
from memory_watcher.record.tee import Tee


class Heard:
    """A sink that counts its processes from a number of its own, and notes all it hears."""

    def __init__(self, first: int) -> None:
        self.number = first - 1
        self.heard: list[tuple[object, ...]] = []

    def add_process(self, facts: ProcessFacts) -> int:
        self.number += 1
        self.heard.append(("add_process", facts.key.pid, self.number))
        return self.number

    def cgroup(self, version: int, path: str) -> int:
        self.heard.append(("cgroup", path))
        return 100 + self.number

    def tick(self, tick: Tick) -> int:
        self.heard.append(("tick", tick))
        return 7 * self.number

    def __getattr__(self, name: str) -> object:
        return lambda *arguments: self.heard.append((name, *arguments))


def test_each_sink_hears_all_with_its_numbers() -> None:
    """The recorder knows the first one's numbers; the other never sees them."""
    first, second = Heard(1), Heard(40)
    tee = Tee(first, second)  # type: ignore[arg-type]
    facts = [ProcessFacts(ProcessKey(pid, 1), Image("p")) for pid in (11, 12)]
    numbers = [tee.add_process(each) for each in facts]
    assert numbers == [1, 2]
    assert tee.tick(Tick(5, 6, 0)) == 14
    sample, fast = Sample(Reading(), LayoutState.NOT_TAKEN), FastReading(1, 2)
    members = {1: Member(Rollup(1, 1, 1, 0)), 2: Member(Rollup(2, 2, 2, 0))}
    sums = Pass(7, 2, 0, 0, 0, None, 130, 100, 70, 5)
    tee.sample(1, sample, 9)
    tee.fast_reading(2, 1, 2, fast)
    tee.take_pass(sums, members)
    tee.unchanged(3)
    tee.group_mark(1, 2, 3)
    tee.cgroup_figures(tee.cgroup(2, "/a"), {"current": 9})
    tee.end_process(1)
    tee.commit()
    assert first.heard[3:] == [
        ("sample", 1, sample, 9), ("fast_reading", 2, 1, 2, fast),
        ("take_pass", sums, members),
        ("unchanged", 3), ("group_mark", 1, 2, 3),
        ("cgroup", "/a"), ("cgroup_figures", 102, {"current": 9}),
        ("end_process", 1), ("commit",),
    ]  # fmt: skip
    assert second.heard == [
        ("add_process", 11, 40), ("add_process", 12, 41), ("tick", Tick(5, 6, 0)),
        ("sample", 40, sample, 9), ("fast_reading", 41, 1, 2, fast),
        ("take_pass", sums, {40: members[1], 41: members[2]}),
        ("unchanged", 3), ("group_mark", 1, 2, 3),
        ("cgroup", "/a"), ("cgroup_figures", 141, {"current": 9}), ("end_process", 40),
        ("commit",),
    ]  # fmt: skip


def test_every_method_of_a_sink_is_passed_on() -> None:
    """One that is added later is not forgotten here."""
    names = {name for name in vars(Sink) if not name.startswith("_")}
    assert names <= vars(Tee).keys()
