"""Recordings as a busy process would leave them, written without one."""

from __future__ import annotations

import random
from dataclasses import dataclass

from memory_watcher.model import (
    Image,
    LayoutState,
    Machine,
    Mapping,
    MappingUsage,
    ProcessFacts,
    ProcessKey,
    Reading,
    Sample,
    Tick,
    Totals,
    Usage,
    sum_totals,
)
from memory_watcher.store.writer import Writer

_START_NS = 1_534_514_283_942_000_000
_KIB = 1024


@dataclass(frozen=True)
class Busy:
    """A process: `changed` of its mappings change at each tick; every third has no name."""

    mappings: int
    changed: int
    names: int
    period_ns: int
    ticks_a_commit: int
    seed: int

    def entry(self, number: int, choose: random.Random) -> MappingUsage:
        """One mapping with figures of this moment."""
        name = f"/usr/lib/lib{number % self.names}.so" if number % 3 else ""
        start = 0x7F0000000000 + (number << 20)
        pages = choose.randrange(64)
        return MappingUsage(
            Mapping(start, start + 0x80000, "rw-p", 0, 1, 0, name),
            Usage(
                rss=pages * 4 * _KIB,
                pss=pages * 3 * _KIB,
                private_clean=0,
                private_dirty=pages * 2 * _KIB,
                swap=0,
                vm_flags="rd wr mr mw me ac",
            ),
        )


class _Change:
    """A layout that differs from the one before in a few mappings."""

    def __init__(
        self, removed: list[MappingUsage], added: list[MappingUsage], layout: list[MappingUsage]
    ) -> None:
        self.removed = removed
        self.added = added
        self._layout = layout
        self.totals: Totals = sum_totals(layout)

    def entries(self) -> list[MappingUsage]:
        """All of it."""
        return self._layout


def write(path: str, busy: Busy, ticks: int) -> None:
    """Write a recording of so many ticks."""
    choose = random.Random(busy.seed)
    layout = [busy.entry(number, choose) for number in range(busy.mappings)]
    writer = Writer(path)
    writer.start_run(Machine("boot", "host", "6.18", 4096, 2), busy.period_ns, ["benchmark"])
    process = writer.add_process(ProcessFacts(ProcessKey(1, 1), Image("benchmark")))
    removed: list[MappingUsage] = []
    added = list(layout)
    for tick in range(ticks):
        time_ns = _START_NS + tick * busy.period_ns
        writer.tick(Tick(time_ns, time_ns - _START_NS, 0))
        change = _Change(removed, added, list(layout))
        rss = change.totals.rss
        reading = Reading(size=change.totals.size, resident=rss, high_water_mark=rss)
        writer.sample(process, Sample(reading, LayoutState.EXACT, change), 0)
        if (tick + 1) % busy.ticks_a_commit == 0:
            writer.commit()
        places = choose.sample(range(busy.mappings), busy.changed)
        removed = [layout[place] for place in places]
        for place in places:
            layout[place] = busy.entry(place, choose)
        added = [layout[place] for place in places]
    writer.close("end of benchmark")
