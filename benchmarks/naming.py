"""What it costs to tell what memory is for: CPU time in this process, the lowest of some runs."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable

from memory_watcher.analysis.kinds import attributed_entries
from memory_watcher.model import KindEvidence, Mapping, MappingUsage, Usage
from memory_watcher.store.recording import Recording

#: As many mappings as a process may have, but for what is not V8's.
CHUNKS = 61_000
_CHUNK = 256 << 10
_ROUNDS = 7


def at_the_peak(path: str) -> float:
    """Seconds to name the mappings of a recording's highest layout, with reading the evidence."""
    with Recording(path) as recording:
        peak = recording.peak(recording.process().id)
        entries = recording.layout(peak.id).entries

        def name() -> None:
            evidence = recording.kind_evidence(peak.process_id, peak.tick)
            attributed_entries(entries, evidence)

        return _lowest(name)


def of_chunks(count: int = CHUNKS) -> float:
    """Seconds to name a layout of V8's heap, of which each chunk is a mapping by itself."""
    entries = _chunks(count)
    evidence = KindEvidence({}, {}, 4096)
    return _lowest(lambda: attributed_entries(entries, evidence))


def _lowest(run: Callable[[], object]) -> float:
    times = []
    gc.disable()  # commands collect seldom
    for _ in range(_ROUNDS):
        begin = time.process_time()
        run()
        times.append(time.process_time() - begin)
    gc.enable()
    return min(times)


def _chunks(count: int) -> list[MappingUsage]:
    choose = random.Random(1)
    code = Mapping(0x400000, 0x4000000, "r-xp", 0, 1, 7, "/usr/bin/node")
    entries = [MappingUsage(code, Usage(vm_flags="rd ex mr mw me"))]
    heap = Usage(vm_flags="rd wr mr mw me nr dc")
    start = 1 << 34
    for _ in range(count):
        start += _CHUNK * choose.randint(2, 4)
        entries.append(MappingUsage(Mapping(start, start + _CHUNK, "rw-p", 0, 0, 0, ""), heap))
    stack = Mapping(0x7FFC00000000, 0x7FFC00021000, "rw-p", 0, 0, 0, "[stack]")
    return [*entries, MappingUsage(stack, Usage(vm_flags="rd wr mr mw me gd ac"))]
