"""What the terminal UI keeps of what a recorder tells."""

from __future__ import annotations

from memory_watcher.model import (
    Evidence,
    Image,
    LayoutState,
    Mapping,
    MappingUsage,
    ProcessFacts,
    ProcessKey,
    Reading,
    Sample,
    Tick,
    Usage,
    WholeLayout,
)
from memory_watcher.tui.history import LiveHistory

START = 0x7F00_0000_0000
SIZE = 8 << 20


def thread_sized() -> Sample:
    """A layout of one mapping that may be a thread's stack, or anything."""
    mapping = Mapping(START, START + SIZE, "rw-p", 0, 0, 0, "")
    return Sample(
        Reading(), LayoutState.EXACT, WholeLayout([MappingUsage(mapping, Usage(rss=4096))])
    )


def kinds(history: LiveHistory) -> list[set[str]]:
    history.freeze()
    return [set(brief.kinds) for brief in history.instants()[-1].briefs.values()]


def test_evidence_is_of_the_process_it_was_found_in() -> None:
    """A stack pointer tells the kind of a mapping of its process, and none of another's."""
    history = LiveHistory(4096)
    one, other = (
        history.add_process(ProcessFacts(ProcessKey(pid, 1), Image("program"))) for pid in (1, 2)
    )
    found, pointer = thread_sized(), Evidence({9: START + SIZE - 64})
    history.tick(Tick(1, 1, 0))
    history.sample(one, found, 0)
    history.sample(other, found, 0)
    before = kinds(history)
    assert before[0] == before[1]
    history.tick(Tick(2, 2, 0))
    history.sample(one, Sample(Reading(), LayoutState.NOT_TAKEN, evidence=pointer), 0)
    history.sample(other, Sample(Reading(), LayoutState.NOT_TAKEN), 0)
    assert [found == before[0] for found in kinds(history)] == [False, True]


def test_another_image_has_other_stacks() -> None:
    """After an execve the pointers of the threads before tell nothing."""
    history = LiveHistory(4096)
    one = history.add_process(ProcessFacts(ProcessKey(1, 1), Image("program")))
    sample = thread_sized()
    history.tick(Tick(1, 1, 0))
    history.sample(one, sample, 0)
    (plain,) = kinds(history)
    pointer = Evidence({9: START + SIZE - 64})
    history.sample(one, Sample(Reading(), LayoutState.NOT_TAKEN, evidence=pointer), 0)
    (with_stack,) = kinds(history)
    assert with_stack != plain
    executed = Sample(Reading(), sample.state, sample.change, image=Image("other"))
    history.sample(one, executed, 0)
    assert kinds(history) == [plain]
