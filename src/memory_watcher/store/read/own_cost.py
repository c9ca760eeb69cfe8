"""What the recorder itself used, as its ticks tell since format 7."""

from __future__ import annotations

from ...recorded import OwnCpuRow
from ...units import SECOND
from ..readonly import ReadOnlyDatabase

#: One row for each stretch of so long: a week has 60,000.
SPAN_NS = 10 * SECOND

_TOLD = ("cpu_ns", "fast_passes", "too_slow")


def own_cpu(database: ReadOnlyDatabase) -> list[OwnCpuRow]:
    """Counters at the first tick of each span of each run, and at the last; none if not told.

    `too_slow` is summed over the ticks from that one on.
    """
    told = database.told("ticks", _TOLD)
    # SQLite takes the other columns from the row that has the least, or the most.
    columns = "run_id, time_ns, monotonic_ns, cpu_ns, fast_passes"
    firsts = database.rows(
        f"SELECT {columns}, ifnull(sum(too_slow), 0), min(id)"
        f" FROM (SELECT id, run_id, time_ns, monotonic_ns, {told} FROM ticks)"
        " WHERE cpu_ns IS NOT NULL AND monotonic_ns IS NOT NULL"
        f" GROUP BY run_id, monotonic_ns / {SPAN_NS}"
    )
    lasts = database.rows(
        f"SELECT {columns}, 0, max(id)"
        f" FROM (SELECT id, run_id, time_ns, monotonic_ns, {told} FROM ticks)"
        " WHERE cpu_ns IS NOT NULL AND monotonic_ns IS NOT NULL GROUP BY run_id"
    )
    found = {row[-1]: OwnCpuRow._make(row[:-1]) for row in lasts}
    found.update((row[-1], OwnCpuRow._make(row[:-1])) for row in firsts)
    return [found[tick] for tick in sorted(found)]
