"""Reads one process at one tick: the cheap figures and a layout that is known to be whole.

smaps is read in pieces of 4 KiB while the target runs on, so mappings may move between the pieces.
statm, which is one piece, is read right before and right after: a layout whose sums are those of
either is whole, as it was at that instant; any other is read again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ..errors import NoPermission, NoSense, NoSuchProcess, SourceError
from ..model import (
    NO_EVIDENCE,
    Evidence,
    Image,
    LayoutChange,
    LayoutState,
    ProcessFacts,
    Reading,
    Sample,
)
from ..procfs.mapped import NotAnswered
from ..procfs.process import Stat, Statm, Status, parse_rollup
from ..procfs.process_files import ProcessFiles
from ..procfs.smaps import LayoutTracker, TrackedLayout
from ..procfs.smaps_blocks import BlockParser
from .boundary import describe, supervised
from .clock import Time
from .evidence import ElfHeaders, StackPointers
from .limits import MachineLimits, ProcessLimits, TooLarge

T = TypeVar("T")

#: Attempts at a layout that is consistent, before the last one is stored as torn.
_ATTEMPTS = 4

#: So many quiet layouts must differ from statm before the kernel is called approximate.
_DISAGREEMENTS = 3

#: smaps_rollup walks all pages a second time, so it is read this seldom.
_ROLLUP_EVERY_NS = 60 * 1_000_000_000


@dataclass(slots=True)
class MachineKnowledge:
    """What is learnt from all processes of one machine.

    Kernels before 6.16 (and stable ones before July 2025) count RSS per CPU or thread, and statm
    reads it roughly. That is found out by comparing, not by version: `agreed` counts layouts that
    matched statm, `disagreed` quiet ones that smaps_rollup confirmed and statm did not. One target
    may tear smaps and smaps_rollup alike, so it takes several, and more than agree. Kernels before
    4.14 have no smaps_rollup (`has_rollup`), and are rough as well.
    """

    parser: BlockParser = field(default_factory=BlockParser)
    elf_headers: ElfHeaders = field(default_factory=ElfHeaders)
    limits: MachineLimits = field(default_factory=MachineLimits)
    agreed: int = 0
    disagreed: int = 0
    has_rollup: bool = True

    @property
    def statm_is_exact(self) -> bool:
        """Whether a layout that differs from statm is torn, as far as is known."""
        return self.disagreed < _DISAGREEMENTS or self.disagreed <= self.agreed

    @property
    def is_rough(self) -> bool:
        """Whether a difference from statm proves nothing on this kernel."""
        return not (self.statm_is_exact and self.has_rollup)


class ProcessSampler:
    """Samples one process, again and again.

    What the recorder asks of it raises nothing but SourceError: the boundary around one target.
    """

    @supervised
    def __init__(self, files: ProcessFiles, machine: MachineKnowledge, time: Time = time) -> None:
        self.files = files
        self._time = time
        self.facts: ProcessFacts = files.facts()
        self.image = self._told_image = self.facts.image
        self._marks: tuple[bytes, ...] | None = None
        self._looks = 0
        self._tracker = LayoutTracker(machine.parser)
        self._machine = machine
        self._limits = ProcessLimits(machine.limits, time)
        self._stacks = StackPointers(files)
        self._next_rollup_ns = 0
        self._text_length = 0  # of smaps, the last time
        self._bare_ns = 0  # CPU time of merely reading it, the last time
        self._attempts = 0  # at the last layout
        self._problems: list[str] = []  # of the sample that is being taken

    def sample(self) -> Sample:
        """Read the process now. Nothing is raised: the sample's state tells what the matter is."""
        return self._unbroken(self._full_sample)

    def cheap_sample(self) -> Sample:
        """Read only the cheap figures: the layout would cost too much, or it is not its turn."""
        return self._unbroken(self._figures)

    def _unbroken(self, read: Callable[[], Sample]) -> Sample:
        """A sample, also of a process that has gone or cannot be read at all."""
        self._problems = []
        try:
            return supervised(read)()
        except NoSuchProcess:
            return self._broken_off(LayoutState.GONE)
        except NoPermission:
            return self._broken_off(LayoutState.NO_PERMISSION)
        except SourceError as problem:
            # An I/O error (of a far machine, say) or no text of the kernel's: the others go on.
            self._problems.append(str(problem))
            return self._broken_off(LayoutState.UNREADABLE)

    def _broken_off(self, state: LayoutState) -> Sample:
        problems = tuple(self._problems)
        return Sample(Reading(), state, image=self._new_image(), problems=problems, failed=True)

    def _full_sample(self) -> Sample:
        stat = self.files.stat()
        if (state := self._why_no_memory(stat)) is not None:
            return self._sample(self._reading(stat, None), state)
        self._apart(lambda: self._notice_exec(stat))
        cpu, wall = self._time.thread_time_ns(), self._time.monotonic_ns()
        try:
            statm, layout, state = self._consistent_layout()
        except Exception as problem:
            return self._sample(self._reading(stat, self._statm()), self._why_no_layout(problem))
        wall = self._time.monotonic_ns() - wall
        if layout is None:
            return self._sample_of_nothing(statm)
        self._tracker.accept(layout)
        self._limits.took(self._text_length, layout.added, layout.removed)
        rollup_text = self._apart(self._rollup_text)
        rollup = self._apart(lambda: parse_rollup(rollup_text)) if rollup_text else None
        reading = self._reading(stat, statm)
        evidence = self._evidence(layout, reading.threads)
        cpu = self._time.thread_time_ns() - cpu
        return Sample(
            *(reading, state, layout, rollup, cpu, wall, self._bare_ns, rollup_text),
            *(self._new_image(), evidence, tuple(self._problems)),
            attempts=self._attempts,
        )

    def _sample(self, reading: Reading, state: LayoutState) -> Sample:
        """A sample without a layout."""
        problems = tuple(self._problems)
        return Sample(reading, state, image=self._new_image(), problems=problems)

    def _new_image(self) -> Image | None:
        """What runs now, if no sample has told of it yet."""
        if self.image is self._told_image:
            return None
        self._told_image = self.image
        return self.image

    def _evidence(self, layout: LayoutChange, threads: int | None) -> Evidence:
        headers, stacks = self._machine.elf_headers, self._stacks
        files = self._apart(lambda: headers.collect(self.files, layout.added))
        pointers = self._apart(lambda: stacks.collect(threads))
        return Evidence(pointers or {}, files or {}) if pointers or files else NO_EVIDENCE

    def _sample_of_nothing(self, statm: Statm | None) -> Sample:
        """What an empty smaps means. Raises NoSuchProcess."""
        stat = self.files.stat()
        # The kernel prints nothing for a process that is exiting: it has let go of its memory.
        if stat.has_ended or (statm is not None and not statm.size):
            return self._sample(self._reading(stat, None), LayoutState.ZOMBIE)
        self._problems.append("smaps is empty")
        return self._sample(self._reading(stat, statm), LayoutState.UNREADABLE)

    def _figures(self) -> Sample:
        """A sample of the cheap figures. Raises NoSuchProcess."""
        stat = self.files.stat()
        if (state := self._why_no_memory(stat)) is not None:
            return self._sample(self._reading(stat, None), state)
        self._apart(lambda: self._notice_exec(stat))
        return self._sample(self._reading(stat, self._statm()), LayoutState.NOT_TAKEN)

    @supervised
    def resident(self) -> int | None:
        """RSS of now, from statm. Raises NoSuchProcess."""
        return self.files.statm().resident

    @supervised
    def has_ended(self) -> bool:
        """Whether nothing of the process lives any more."""
        try:
            stat = self.files.stat()
        except NoSuchProcess:
            return True
        except SourceError:
            return False
        return stat.has_ended and not self.files.follow_living_thread()

    @supervised
    def calls_exec(self) -> bool:
        """Whether it has become another program since it was last read. Raises NoSuchProcess."""
        before = self.image
        self._notice_exec(self.files.stat())
        return self.image is not before

    @property
    def awaits_files(self) -> bool:
        """Whether files that it maps are still to be read for the evidence of its kinds."""
        return self._machine.elf_headers.awaits(self.files.pid)

    @supervised
    def reset_peak(self) -> None:
        """Set the kernel's high-water mark to the RSS of now. Raises NoPermission."""
        self.files.reset_peak()

    @supervised
    def close(self) -> None:
        """Let go of the process."""
        self._machine.elf_headers.forget(self.files.pid)
        self._limits.close()
        self.files.close()

    # -- what one part of a sample may cost -------------------------------------------------------

    def _apart(self, read: Callable[[], T]) -> T | None:
        """Read what stands beside the layout: a fault costs this alone; None for that."""
        try:
            return read()
        except (NotAnswered, NoSense) as problem:
            self._problems.append(str(problem))
            return None
        except SourceError:
            return None
        except Exception as error:
            self._problems.append(describe(error))
            return None

    def _why_no_layout(self, problem: Exception) -> LayoutState:
        """What stands in the place of a layout that could not be read.

        Raises NoSuchProcess.
        """
        if isinstance(problem, NoPermission):
            return LayoutState.NO_PERMISSION
        if isinstance(problem, NoSuchProcess):
            if not self.files.lacks("smaps"):
                raise problem
            return LayoutState.NO_SMAPS
        if isinstance(problem, TooLarge):
            self._problems.append(str(problem))
            return LayoutState.NOT_TAKEN
        expected = isinstance(problem, SourceError)
        self._problems.append(str(problem) if expected else describe(problem))
        return LayoutState.UNREADABLE

    def _statm(self) -> Statm | None:
        """The sizes; None where the file is not there or holds no sense.

        Raises NoSuchProcess.
        """
        try:
            return self.files.statm()
        except NoSuchProcess:
            if not self.files.lacks("statm"):
                raise
        except SourceError as problem:
            self._problems.append(str(problem))
        return None

    def _why_no_memory(self, stat: Stat) -> LayoutState | None:
        """Why there is nothing to read, None if there is."""
        if stat.is_kernel_thread:
            return LayoutState.KERNEL_THREAD
        # The first thread may have ended while others live on: they still show the memory.
        if stat.has_ended and not self.files.follow_living_thread():
            return LayoutState.ZOMBIE
        return None

    def _notice_exec(self, stat: Stat) -> None:
        """Read the image anew if execve (or the program itself, its name or title) changed it."""
        if stat.has_ended:
            return  # the marks of a thread that has ended are 0
        changed = stat.name != self.image.name
        marks = self._marks
        # Hidden marks (it is not dumpable, or another user's) tell nothing.
        if any(mark not in (b"0", b"1") for mark in stat.image_marks):
            if marks is None:  # seen for the first time: it may be a later image's
                changed = self.files.image(stat) != self.image
            elif stat.image_marks != marks:
                changed = True
            marks = stat.image_marks
        if changed or self._has_other_title(stat):
            if not self._limits.may_change_image():
                self._problems.append(
                    "it changes its name or program all the time: not all changes are recorded"
                )
                return
            self.image = self.files.image(stat)
            self._stacks = StackPointers(self.files)  # those of the image before are no more
        self._marks = marks

    def _has_other_title(self, stat: Stat) -> bool:
        """Whether it wrote over its arguments: asked at its looks 2, 4, 8…, for no mark tells.

        What forks without execve has its parent's title until it sets its own.
        """
        self._looks += 1
        if self._looks & (self._looks - 1) or self._looks == 1:
            return False
        now = self.files.image(stat).command_line
        return now is not None and now != self.image.command_line

    def _consistent_layout(self) -> tuple[Statm | None, TrackedLayout | None, LayoutState]:
        """Read until statm and layout agree, at most a few times."""
        start, limits = self._time.monotonic_ns(), self._machine.limits
        before = self._statm()
        self._attempts = 0
        last = look = None  # sums beside a statm that stood still, of the two latest readings
        for _ in range(_ATTEMPTS):
            layout = self._layout()
            after = self._statm()
            if (settled := self._settle(layout, before, after)) is not None:
                return settled
            last, look = look, None
            if layout and after and before == after and layout.totals.size == after.size:
                look = layout.totals.rss, after
                if look == last and self._machine.is_rough:
                    break  # it will not agree more often, and each reading costs the target
            if layout and not limits.allows_another(self._time.monotonic_ns() - start):
                break
            before = after
        if layout is None:
            return after, None, LayoutState.ZOMBIE
        if look and after and look == last:
            self._learn(layout, after)
        rough = self._machine.is_rough
        return after, layout, LayoutState.UNCHECKED if look and rough else LayoutState.TORN

    def _settle(
        self, layout: TrackedLayout | None, before: Statm | None, after: Statm | None
    ) -> tuple[Statm | None, TrackedLayout | None, LayoutState] | None:
        """What one attempt shows for good; None if there should be another."""
        if layout is None:
            no_memory = after is None or not after.size
            return (after, None, LayoutState.ZOMBIE) if no_memory else None
        if not _can_be_compared(layout, after):
            return after, layout, LayoutState.UNCHECKED
        for statm in (after, before):
            if _agree(layout, statm):
                self._machine.agreed += 1
                return statm, layout, LayoutState.EXACT
        return None

    def _layout(self) -> TrackedLayout | None:
        start = self._time.thread_time_ns()
        self._attempts += 1
        limit = self._limits.text()
        text = self.files.smaps(limit)
        length = self._text_length = text.length
        if limit is not None and length > limit:
            raise self._limits.was_too_large(limit)
        self._bare_ns = self._time.thread_time_ns() - start
        return self._tracker.diff(text.buffer, length) if length else None

    def _learn(self, layout: TrackedLayout, statm: Statm) -> None:
        """Take note of a layout whose RSS differs from statm's although both stood still."""
        machine = self._machine
        if not machine.has_rollup:
            return
        if machine.statm_is_exact:  # else it is counted as cheaply as those that agree
            try:
                sums = [parse_rollup(self.files.rollup()).rss for _ in range(2)]
            except NoSuchProcess:
                ended = self.files.stat().has_ended  # raises if the process has gone
                machine.has_rollup = ended or not self.files.lacks_rollup()
                return
            except SourceError:
                return
            if sums != [layout.totals.rss] * 2 or self.files.statm() != statm:
                return
        machine.disagreed += 1

    def _rollup_text(self) -> bytes | None:
        """smaps_rollup, if it is due and there is one: kernels before 4.14 have none."""
        now = self._time.monotonic_ns()
        if now < self._next_rollup_ns:
            return None
        self._next_rollup_ns = now + _ROLLUP_EVERY_NS
        try:
            return self.files.rollup()
        except SourceError:
            return None

    def _reading(self, stat: Stat, statm: Statm | None) -> Reading:
        """The cheap figures; what has no memory any more has no sizes, which is not 0."""
        # If it ended just now, what was read before still counts.
        status = self._apart(self.files.status) or Status()
        if self.files.no_stat is not None:
            self._problems.append(self.files.no_stat)
        if status.no_figures:
            self._problems.append(f"no figure in status: {', '.join(status.no_figures)}")
        if statm is not None and None in statm:
            lacking = [name for name, size in statm._asdict().items() if size is None]
            self._problems.append(f"no figure in statm: {', '.join(lacking)}")
        sizes = statm._asdict() if statm else {}
        return Reading(
            **sizes,
            high_water_mark=status.high_water_mark,
            swap=status.swap,
            hugetlb=status.hugetlb,
            threads=status.threads,
            minor_faults=stat.minor_faults,
            major_faults=stat.major_faults,
            state=stat.state,
            oom_score=self._apart(lambda: self.files.number("oom_score")),
            oom_score_adj=self._apart(lambda: self.files.number("oom_score_adj")),
            user_time=stat.user_time,
            system_time=stat.system_time,
            voluntary_switches=status.voluntary_switches,
            involuntary_switches=status.involuntary_switches,
            rss_anon=status.rss_anon,
            rss_file=status.rss_file,
            rss_shmem=status.rss_shmem,
        )


def _can_be_compared(layout: TrackedLayout, statm: Statm | None) -> bool:
    """Whether both tell the sizes. WSL1's smaps has no Rss; a copy of /proc may have no statm."""
    return statm is not None and None not in (statm.size, statm.resident, layout.totals.rss)


def _agree(layout: TrackedLayout, statm: Statm | None) -> bool:
    if statm is None:
        return False
    return layout.totals.rss == statm.resident and layout.totals.size == statm.size
