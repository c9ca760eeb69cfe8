"""The recording loop: at each deadline one tick over all targets, into one recording."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import NoSuchProcess, SourceError
from ..model import LayoutState, Reading, Sample, Totals
from ..procfs.smaps import BlockParser
from ..procfs.source import ProcSource
from ..procfs.system import MeminfoTracker
from ..store.writer import Writer
from ..units import SECOND
from .clock import Clock, Deadline
from .sampler import Exactness, ProcessSampler
from .targets import Targets

#: What a kill may lose at most: a transaction is committed before it is older than this.
_COMMIT_EVERY_NS = SECOND

_ENDED = (LayoutState.ZOMBIE, LayoutState.GONE)


@dataclass(slots=True)
class Progress:
    """What the recorder has done so far; highest figures are over all layouts of any process."""

    ticks: int = 0
    skipped: int = 0
    layouts: int = 0
    torn: int = 0
    processes: int = 0
    highest_rss: int | None = None
    high_water_mark: int | None = None
    latest: Totals | None = None  # of the last layout read

    def count(self, sample: Sample) -> None:
        """Take a sample into account."""
        mark = sample.reading.high_water_mark
        if mark is not None:
            self.high_water_mark = max(mark, self.high_water_mark or 0)
        if sample.change is None:
            return
        self.layouts += 1
        self.torn += sample.state is LayoutState.TORN
        self.latest = sample.change.totals
        if self.latest.rss is not None:
            self.highest_rss = max(self.latest.rss, self.highest_rss or 0)


class _Target:
    """A process being recorded: where it is read, and its number in the recording."""

    __slots__ = ("image", "process_id", "sampler")

    def __init__(self, sampler: ProcessSampler, process_id: int) -> None:
        self.sampler = sampler
        self.process_id = process_id
        self.image = sampler.image


class Recorder:
    """Ties source, targets, sampler and writer together."""

    def __init__(self, source: ProcSource, targets: Targets, writer: Writer) -> None:
        self.progress = Progress()
        self._source = source
        self._arriving = targets
        self._writer = writer
        self._meminfo = MeminfoTracker()
        self._parser = BlockParser()
        self._exactness = Exactness()
        self._targets: dict[int, _Target] = {}
        self._committed_ns = time.monotonic_ns()

    def run(
        self, clock: Clock, stop: threading.Event, on_tick: Callable[[Progress], None] | None = None
    ) -> bool:
        """Record until told to stop, or until the last target has gone; returns True for that.

        Raises CannotWrite (what was committed stays).
        """
        while (deadline := clock.wait(stop)) is not None:
            self.tick(deadline)
            if not self._targets and not self._arriving.open_ended:
                return True
            if time.monotonic_ns() - self._committed_ns + clock.until_next() > _COMMIT_EVERY_NS:
                self.commit()
            if on_tick is not None:
                on_tick(self.progress)
        return False

    def commit(self) -> None:
        """Make everything so far safe."""
        self._writer.commit()
        self._committed_ns = time.monotonic_ns()

    def close(self) -> None:
        """Let go of all processes; the writer is the caller's."""
        for target in self._targets.values():
            target.sampler.files.close()
        self._targets.clear()

    def tick(self, deadline: Deadline) -> None:
        """Pass over all targets once, then look for new ones."""
        start_ns = time.monotonic_ns()
        self._writer.tick(time.time_ns(), start_ns, deadline.late_ns, deadline.skipped)
        if (meminfo := self._source.meminfo()) is not None:
            self._writer.system_memory(self._meminfo.changes(meminfo))
        for pid, target in list(self._targets.items()):
            self._sample(pid, target, start_ns)
        for files in self._arriving.arrivals(self._targets.keys()):
            try:
                sampler = ProcessSampler(files, self._parser, self._exactness)
            except SourceError:
                files.close()  # came and went
                continue
            target = _Target(sampler, self._writer.add_process(sampler.facts))
            self._targets[files.pid] = target
            self.progress.processes += 1
            self._sample(files.pid, target, start_ns)
        if self.progress.ticks == 0:
            # What the first tick read stays: the collector need not walk over it every few ticks.
            gc.freeze()
        self.progress.ticks += 1
        self.progress.skipped += deadline.skipped

    def _sample(self, pid: int, target: _Target, start_ns: int) -> None:
        delay_ns = time.monotonic_ns() - start_ns
        try:
            sample = target.sampler.sample()
        except NoSuchProcess:
            sample = Sample(Reading(), LayoutState.GONE)
        if target.sampler.image is not target.image:
            target.image = target.sampler.image
            self._writer.image(target.process_id, target.image)
        self._writer.sample(target.process_id, sample, delay_ns)
        self.progress.count(sample)
        if sample.state in _ENDED:
            self._writer.end_process(target.process_id)
            target.sampler.files.close()
            del self._targets[pid]
