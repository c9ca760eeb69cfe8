"""What a recorder reads, kept in memory as a history of instants, and passed on to a recording."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..analysis.passes import Figures, Passes, Share, find_fault, sum_up
from ..analysis.roles import Program, Role, roles
from ..answers.cgroups import CgroupAt
from ..answers.no_sum import why_no_sum
from ..clocks import Jump, Stamp, TimeAxis, jumped
from ..model import (
    NO_EVIDENCE,
    ElfSegment,
    FastReading,
    Image,
    KindEvidence,
    LayoutState,
    MappingUsage,
    Member,
    Pass,
    ProcessFacts,
    Reading,
    Sample,
    SystemMemory,
    Tick,
    Totals,
)
from ..record.sink import Sink
from .answers import ProcessNow, Together, together_of
from .grouping import GroupedLayout, Grouper, GroupSum
from .view import Sizes

#: Instants in the history; those of which the layouts are kept, to go back to; and how many
#: mappings those may have that are not shared with the instants beside them.
_INSTANTS = 3600
_LAYOUTS = 600
_MAPPINGS = 100_000
#: So much of a command line is shown.
_ARGUMENTS = 50


class Brief(NamedTuple):
    """What the chart needs of one process at one instant."""

    title: str
    state: LayoutState
    sizes: Sizes
    mark: int | None
    kinds: dict[str, GroupSum]


@dataclass(slots=True)
class Instant:
    """One tick. `presents` are dropped when it is long ago; `weight` is what keeping them takes.

    `together` is what they came to at the last pass until then, `cgroup` the control group beside.
    """

    number: int
    time: int
    together: Together
    briefs: dict[int, Brief]
    presents: dict[int, ProcessNow] | None
    weight: int
    cgroup: CgroupAt | None = None


class _LiveProcess:
    """A process as the recorder last told; belongs to the recorder's thread."""

    def __init__(self, number: int, facts: ProcessFacts, page_size: int) -> None:
        self.number = number
        self.pid = facts.key.pid
        self.page_size = page_size
        self.exe = facts.image.exe
        self.evidence = KindEvidence({}, {}, page_size, exe=self.exe)
        self.entries: tuple[MappingUsage, ...] | None = None
        self.totals: Totals | None = None
        self.reading = Reading()
        self.state = LayoutState.NOT_TAKEN
        self.layout_time = 0
        self.weight = 0
        self.role = Role("", "", "")
        self.set_image(facts.image)

    def set_image(self, image: Image) -> None:
        self.exe = image.exe
        self.evidence = self.evidence._replace(exe=self.exe)
        arguments = image.command_line or ()
        self.program = Program(image.name, arguments)
        self.command = shlex.join(arguments[:_ARGUMENTS])
        self._grouper = Grouper(self.number, f"{image.name} ({self.pid})")
        self._layout: GroupedLayout | None = None
        self._known: tuple[ProcessNow, Brief] | None = None

    def set_role(self, role: Role) -> None:
        if role != self.role:
            self.role = role
            self._known = None

    def take(self, sample: Sample, now: int) -> None:
        self._known = None
        self.state, self.reading = sample.state, sample.reading
        if sample.change is not None:
            self.entries = tuple(sample.change.entries())
            self._layout = None
            self.totals = sample.change.totals
            self.layout_time = now
            self.weight = len(sample.change.added) + len(self.entries) // 16
        elif sample.state is not LayoutState.NOT_TAKEN:
            self.entries = self.totals = self._layout = None
            self.weight = 0

    def is_read_at(self, time: int) -> bool:
        """Whether a tick read its layout well, or found that there is none to be had."""
        if self.state.has_layout:
            return self.layout_time == time and self.state is not LayoutState.TORN
        return self.state is not LayoutState.NOT_TAKEN

    def learn(
        self,
        pointers: Mapping[int, int],
        segments: Mapping[tuple[int, int], tuple[ElfSegment, ...]],
        marks: Mapping[tuple[int, int], tuple[str, ...]],
    ) -> None:
        self._known = self._layout = None
        self.evidence = KindEvidence(
            *(dict(pointers), dict(segments), self.page_size, dict(marks), self.exe),
            files=self.evidence.files,
        )

    def _learn_files(self, entries: Sequence[MappingUsage]) -> None:
        """Of which files there are many is told from all that it ever mapped."""
        here = {entry.mapping.pathname for entry in entries if entry.mapping.inode}
        if not here <= self.evidence.files:
            self.evidence = self.evidence._replace(files=self.evidence.files | here)

    def freeze(self) -> tuple[ProcessNow, Brief, int]:
        """What is known now, and what was new in it; the same objects until something changes."""
        if self._known is not None:
            return (*self._known, 0)
        if self._layout is None and self.entries is not None:
            self._learn_files(self.entries)
            self._layout = self._grouper.group(self.entries, self.evidence)
        layout = self._layout
        present = ProcessNow(
            *(self.number, self.pid, self.role, self.command),
            *(self.state, self.reading, self.totals),
            layout=lambda: layout,
            layout_time=self.layout_time,
        )
        kinds = layout.sums("kind") if layout else {}
        mark = self.reading.high_water_mark
        brief = Brief(present.title, self.state, present.sizes, mark, kinds)
        self._known = present, brief
        return present, brief, self.weight


class LiveHistory(Sink):
    """Where the recorder's figures go: into instants.

    All but `instants` belongs to the recorder's thread.
    """

    def __init__(self, page_size: int) -> None:
        self._page_size = page_size
        self._processes: dict[int, _LiveProcess] = {}
        self._numbers = 0
        self._roles_are_old = False
        self._segments: dict[tuple[int, int], tuple[ElfSegment, ...]] = {}
        self._marks: dict[tuple[int, int], tuple[str, ...]] = {}
        self._time = 0  # a place: see clocks
        self._ahead = 0  # by how much the wall clock is ahead of it
        self._stamp: Stamp | None = None
        self._eras: list[tuple[int, int, int]] = []
        self._jumps: list[Jump] = []
        self.clock = TimeAxis()
        self._ticks = 0
        self._lock = threading.Lock()
        self._instants: list[Instant] = []
        self._oldest_layout = 0  # position of the first instant that still has its layouts
        self._weight = 0
        self._highest: Instant | None = None
        self._together = Together(why=why_no_sum(Passes((), ())))
        self._has_pass = False
        self._cgroups: list[str] = []
        self._cgroup: CgroupAt | None = None

    # -- what the recorder tells ------------------------------------------------------------------

    def tick(self, tick: Tick) -> int:
        """Begin a tick."""
        now = Stamp(0, tick.time_ns, tick.monotonic_ns, None, tick.suspended_ns)
        if self._stamp is not None and (by_ns := jumped(self._stamp, now)):
            self._ahead += by_ns
            jump = Jump(tick.time_ns - self._ahead, by_ns, tick.suspended_ns)
            eras = [*self._eras, (0, jump.place_ns, self._ahead)]
            self._eras, self._jumps = eras, [*self._jumps, jump]
            self.clock = TimeAxis(eras, self._jumps)
        self._stamp = now
        self._time = tick.time_ns - self._ahead
        self._has_pass = False
        return 0

    def add_process(self, facts: ProcessFacts) -> int:
        """Take note of a process."""
        self._numbers += 1
        self._processes[self._numbers] = _LiveProcess(self._numbers, facts, self._page_size)
        self._roles_are_old = True
        return self._numbers

    def sample(self, process_id: int, sample: Sample, delay_ns: int | None) -> None:
        """Take what this tick found in a process."""
        process, evidence = self._processes[process_id], sample.evidence
        if sample.image is not None:  # an execve: names and stacks are others
            process.set_image(sample.image)
            process.learn({}, self._segments, self._marks)
            self._roles_are_old = True
        process.take(sample, self._time)
        if evidence is not NO_EVIDENCE:
            self._segments.update((key, file.segments) for key, file in evidence.elf_files.items())
            self._marks.update((key, file.marks) for key, file in evidence.elf_files.items())
            # Pointers are those of all living threads; none: they are what they were.
            pointers = evidence.stack_pointers or process.evidence.stack_pointers
            process.learn(pointers, self._segments, self._marks)

    def unchanged(self, processes: int) -> None:
        """Their last layouts stand."""

    def too_slow(self) -> None:
        """Its last layout stands."""

    def end_process(self, process_id: int) -> None:
        """Forget a process; the instants before keep it."""
        del self._processes[process_id]
        self._roles_are_old = True

    def fast_reading(
        self, process_id: int, time_ns: int, since_ns: int, reading: FastReading
    ) -> None:
        """Only the recording is that fine."""

    def take_pass(self, sums: Pass, members: dict[int, Member]) -> None:
        """Take what all come to at this tick, if it is steady enough to be a sum."""
        shares = {
            number: Share(number, 0, 1, member.is_counted, Figures(*member.rollup))
            for number, member in members.items()
        }
        self._take_sums(shares, sums.moved, sums.wall_ns)

    def _take_sums(self, shares: dict[int, Share], moved: int | None, wall_ns: int) -> None:
        told = [each for each in shares.values() if each.counted and each.figures.pss is not None]
        fault = find_fault(told, moved)
        self._has_pass = True
        if fault is None:
            sums = Figures(*(total.size for total in sum_up(told)))
            lacking = sum(each.figures.pss is None for each in shares.values())
            self._together = together_of(sums, shares, self._time, wall_ns, lacking)
        elif self._together.why is not None:
            self._together = Together(why=f"No sum: {fault.value}.")

    def group_mark(self, time_ns: int, private: int, processes: int) -> None:
        """Only recorded."""

    def system_memory(self, changes: SystemMemory) -> None:
        """Only recorded."""

    def cgroup(self, version: int, path: str) -> int:
        """Take in a control group."""
        self._cgroups.append(path)
        return len(self._cgroups) - 1

    def cgroup_figures(self, cgroup_id: int, changes: Mapping[str, int]) -> None:
        """Take what changed of it."""
        before = self._cgroup.figures if self._cgroup is not None else {}
        told = {name: None if size == -1 else size for name, size in changes.items()}
        self._cgroup = CgroupAt(self._cgroups[cgroup_id], {**before, **told})

    def commit(self) -> None:
        """Memory is as safe as it gets."""

    # -- instants ---------------------------------------------------------------------------------

    def freeze(self) -> None:
        """Let the tick that is over be an instant; one at which nothing lives any more is none."""
        if not self._processes and self._instants:
            return
        self._tell_roles()
        if not self._has_pass:
            self._sum_up_layouts()
        together = self._together._replace(age_ns=max(self._time - self._together.time, 0))
        frozen = {number: each.freeze() for number, each in self._processes.items()}
        presents = {
            number: present._replace(share=together.shares.get(number))
            for number, (present, _, _) in frozen.items()
        }
        self._ticks += 1
        instant = Instant(
            self._ticks,
            self._time,
            together,
            {number: brief for number, (_, brief, _) in frozen.items()},
            presents,
            sum(weight for _, _, weight in frozen.values()),
            self._cgroup,
        )
        with self._lock:
            self._instants.append(instant)
            self._note_highest(instant)
            self._weight += instant.weight
            self._forget()

    def _sum_up_layouts(self) -> None:
        """Where no passes are taken, a tick that read a layout of everyone is one."""
        if not all(each.is_read_at(self._time) for each in self._processes.values()):
            return
        shares = {
            number: Share(number, 0, 1, True, _figures(each.totals))
            for number, each in self._processes.items()
            if each.state.has_memory
        }
        if any(each.figures.pss is not None for each in shares.values()):
            self._take_sums(shares, None, 0)

    def _tell_roles(self) -> None:
        """What tells a process apart depends on who else is there."""
        if not self._roles_are_old:
            return
        self._roles_are_old = False
        found = roles({number: each.program for number, each in self._processes.items()})
        for number, process in self._processes.items():
            process.set_role(found[number])

    def _note_highest(self, instant: Instant) -> None:
        """The layouts of the peak are kept, however long ago it was."""
        before = self._highest
        if before is not None and _height(instant) <= _height(before):
            return
        if before is not None and before.number < self._instants[self._oldest_layout].number:
            before.presents = None
        self._highest = instant

    def _forget(self) -> None:
        """Hold the history to its limits."""
        instants = self._instants
        while self._oldest_layout < len(instants) - 1 and (
            self._weight > _MAPPINGS or len(instants) - self._oldest_layout > _LAYOUTS
        ):
            oldest = instants[self._oldest_layout]
            if oldest is not self._highest:
                oldest.presents = None
            self._weight -= oldest.weight
            self._oldest_layout += 1
        if len(instants) > _INSTANTS + _LAYOUTS:
            del instants[:_LAYOUTS]
            self._oldest_layout -= min(_LAYOUTS, self._oldest_layout)

    def instants(self) -> list[Instant]:
        """All so far; for any thread."""
        with self._lock:
            return self._instants.copy()


def _figures(totals: Totals | None) -> Figures:
    if totals is None:
        return Figures()
    return Figures(totals.rss, totals.pss, totals.uss, totals.swap_pss)


def _height(instant: Instant) -> int:
    """The sum, or of a single process its own PSS."""
    if len(instant.briefs) == 1:
        return next(iter(instant.briefs.values())).sizes.pss or 0
    return instant.together.sizes.pss or 0
