"""One row per mapping and tick: what a recording must mean, kept in plain lists.

`write` drives a Writer and keeps, beside it, every figure of every instant as it was given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from hypothesis import strategies as st

from memory_watcher.metrics import USAGE
from memory_watcher.model import (
    Image,
    LayoutState,
    Machine,
    Mapping,
    MappingUsage,
    ProcessFacts,
    ProcessKey,
    Reading,
    Rollup,
    Sample,
    SystemMemory,
    Tick,
    Totals,
    Usage,
    sum_totals,
)
from memory_watcher.store.writer import Writer

KI = 1024
SECOND = 1_000_000_000
#: 2018-08-17T13:58:03.942 UTC
START = 1_534_514_283_942_000_000
MACHINE = Machine("boot", "host", "6.18", 4096)

Entry = tuple[Mapping, Usage]

HEADERS = [
    Mapping(0x400000, 0x500000, "r-xp", 0, 0x103 << 20 | 2, 4711, "/usr/bin/program"),
    Mapping(0x500000, 0x600000, "rw-p", 0, 0, 0, ""),
    Mapping(0x500000, 0x700000, "rw-p", 0, 0, 0, ""),
    Mapping(0x800000, 0x900000, "rw-p", 0, 0, 0, "[heap]"),
    Mapping(0x7F0000000000, 0x7F0000001000, "r--s", 2**40, 1, 2**62, "/tmp/\udcff\udcc3 x\t "),
    Mapping(0x7F0000001000, 0x7F0000002000, "r--s", 2**40, 1, 2**62, "/tmp/größe\r\\012"),
    Mapping(0xFFFFFFFFFF600000, 0xFFFFFFFFFF601000, "--xp", 0, 0, 0, "[vsyscall]"),
]

#: What a mapping may show: absent figures, zeros, large ones, lines that nobody knows.
USAGES = [
    Usage(),
    Usage(rss=0, pss=0, private_clean=0, private_dirty=0, private_hugetlb=0, swap=0, swap_pss=0),
    Usage(rss=4 * KI, pss=2 * KI, private_clean=0, private_dirty=KI, swap=0, vm_flags="rd wr"),
    Usage(rss=4 * KI, pss=2 * KI, private_clean=0, private_dirty=KI, swap=8 * KI, vm_flags="rd"),
    Usage(rss=2**50 + KI, pss=2**49, private_dirty=2**50, private_clean=0, private_hugetlb=2**40),
    Usage(rss=12 * KI, pss=12 * KI, other="New: 1 kB\nOdd: \udcff"),
    Usage._make(
        number * KI if metric.unit != "text" else None for number, metric in enumerate(USAGE)
    )._replace(vm_flags="ex"),
]
READINGS = [
    Reading(),
    Reading(size=2**47, resident=5 * KI + 3, shared=0, text=KI, data=2 * KI, state="R"),
    Reading(high_water_mark=9 * KI, swap=0, hugetlb=2**30, threads=3, minor_faults=7, state="S"),
    Reading(major_faults=2**40, oom_score=666, oom_score_adj=-1000),
]
DELAYS = [None, 0, 1_234_567]
ACTIONS = ["same", "new", "edit", "edit", "edit", "state", "absent", "end"]


class Step(NamedTuple):
    """What one tick reads of one process, in small numbers: scripts are printed when they fail.

    `layout` holds places in ENTRIES, `place` is which mapping is edited, `renew` whether what stays
    comes as another object, as a block that was moved does.
    """

    what: str
    layout: list[int] = []  # noqa: RUF012 - read only
    place: int = 0
    renew: bool = False
    reading: int = 0
    delay: int = 0
    state: int = 1

    def entries(self) -> list[Entry]:
        return [ENTRIES[number] for number in self.layout]


ENTRIES: list[Entry] = [(header, usage) for header in HEADERS for usage in USAGES]
STEPS = st.builds(
    Step,
    st.sampled_from(ACTIONS),
    st.lists(st.integers(0, len(ENTRIES) - 1), max_size=7),
    st.integers(0, 7),
    st.booleans(),
    st.integers(0, len(READINGS) - 1),
    st.integers(0, len(DELAYS) - 1),
    st.sampled_from([state.value for state in LayoutState]),
)
MEMORY = st.dictionaries(st.sampled_from(["MemTotal", "MemFree", "Odd"]), st.integers(0, 9999))
TICKS = st.tuples(st.lists(STEPS, min_size=2, max_size=2), MEMORY)
RUNS = st.lists(st.lists(TICKS, max_size=6), min_size=1, max_size=3)

Run = list[tuple[list[Step], dict[str, int]]]


class Row(NamedTuple):
    """One reading, flat."""

    process_id: int
    tick: int
    time_ns: int
    state: LayoutState
    reading: Reading
    rollup_pss: int | None
    layout: list[Entry] | None  # None: no layout

    @property
    def totals(self) -> Totals | None:
        if self.layout is None:
            return None
        return sum_totals([MappingUsage(*entry) for entry in self.layout])


@dataclass
class Flat:
    """Everything that was given to be stored."""

    rows: list[Row] = field(default_factory=list)
    keys: dict[int, ProcessKey] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    ended: dict[int, int] = field(default_factory=dict)
    tick_times: dict[int, int] = field(default_factory=dict)
    memory: dict[int, dict[str, int]] = field(default_factory=dict)  # by tick

    def copy(self) -> Flat:
        return Flat(
            *(list(self.rows), dict(self.keys), dict(self.names), dict(self.ended)),
            *(dict(self.tick_times), dict(self.memory)),
        )


class Change:
    """A layout beside the one before it, told by a multiset difference of what they say."""

    def __init__(self, before: list[MappingUsage], now: list[Entry], renew: bool) -> None:
        left: dict[Entry, list[MappingUsage]] = {}
        for old in [] if renew else before:
            left.setdefault((old.mapping, old.usage), []).append(old)
        self.added: list[MappingUsage] = []
        self._entries: list[MappingUsage] = []
        for entry in now:
            if left.get(entry):
                self._entries.append(left[entry].pop())
            else:
                self.added.append(MappingUsage(*entry))
                self._entries.append(self.added[-1])
        kept = Counter(map(id, self._entries))
        self.removed = [old for old in before if not kept[id(old)]]
        self.totals = sum_totals(self._entries)

    def entries(self) -> list[MappingUsage]:
        return self._entries


class Recorded:
    """A process being recorded."""

    def __init__(self, process_id: int) -> None:
        self.id = process_id
        self.entries: list[MappingUsage] = []

    def next_layout(self, step: Step) -> list[Entry]:
        now = [(entry.mapping, entry.usage) for entry in self.entries]
        if step.what == "new":
            return step.entries()
        if step.what == "edit":
            at = min(step.place, len(now))
            return [*now[:at], *step.entries()[:2], *now[at + 1 :]]
        return now


class Driver:
    """Lets a Writer store a script of steps, and keeps the flat truth."""

    def __init__(self) -> None:
        self.flat = Flat()
        self._starts = Counter[int]()  # by PID: a PID is used again after an end

    def run(self, writer: Writer, ticks: Run) -> Iterable[None]:
        """Store one run; yields after each tick."""
        writer.start_run(MACHINE, 100_000_000, ["memory-record", "1 2"])
        processes: dict[int, Recorded] = {}
        for steps, memory in ticks:
            time_ns = START + len(self.flat.tick_times) * SECOND + 999
            tick = writer.tick(Tick(time_ns, time_ns - START, 5, 0))
            self.flat.tick_times[tick] = time_ns
            writer.system_memory(SystemMemory(memory))
            self.flat.memory[tick] = memory
            for pid, step in enumerate(steps, 1):
                if step.what != "absent":
                    self._step(writer, processes, pid, step)
            yield

    def _step(self, writer: Writer, processes: dict[int, Recorded], pid: int, step: Step) -> None:
        if pid not in processes:
            key = ProcessKey(pid, self._starts[pid])
            name = f"p{pid}\udcff{key.start_time}"
            processes[pid] = Recorded(writer.add_process(ProcessFacts(key, Image(name))))
            self.flat.keys[processes[pid].id] = key
            self.flat.names[processes[pid].id] = name
        process = processes[pid]
        if step.what in ("same", "new", "edit"):
            layout = process.next_layout(step)
            change = Change(process.entries, layout, step.renew)
            process.entries = change.entries()
            state = LayoutState(step.state)
            state = state if state.has_layout else LayoutState.EXACT
            self._sample(writer, process, step, state, (change, layout))
            return
        state = LayoutState(step.state)
        state = LayoutState.GONE if state.has_layout else state
        self._sample(writer, process, step, state, None)
        if step.what == "end":
            writer.end_process(process.id)
            self.flat.ended[process.id] = max(self.flat.tick_times)
            self._starts[pid] += 1
            del processes[pid]

    def _sample(
        self,
        writer: Writer,
        process: Recorded,
        step: Step,
        state: LayoutState,
        layout: tuple[Change, list[Entry]] | None,
    ) -> None:
        change, entries = layout or (None, None)
        reading, delay_ns = READINGS[step.reading], DELAYS[step.delay]
        rollup = Rollup(1, step.place) if step.place > 5 else None
        writer.sample(process.id, Sample(reading, state, change, rollup, 12, 34), delay_ns)
        tick = max(self.flat.tick_times)
        time_ns = self.flat.tick_times[tick] + (delay_ns or 0)
        rollup_pss = rollup.pss if rollup else None
        self.flat.rows.append(Row(process.id, tick, time_ns, state, reading, rollup_pss, entries))


def write(path: str, runs: list[Run]) -> Flat:
    """Store runs one after the other in one file, each ended cleanly."""
    driver = Driver()
    for ticks in runs:
        writer = Writer(path)
        try:
            for _ in driver.run(writer, ticks):
                writer.commit()
        finally:
            assert writer.close("SIGINT", 1, 2)
    return driver.flat
