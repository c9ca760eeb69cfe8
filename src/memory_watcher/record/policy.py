"""How a recording is to be made: what its user may choose, as one value."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from ..units import MILLISECOND, SECOND

MIB = 1 << 20
#: More processes than this are not all looked at in full each time.
MANY = 64
FULL_EVERY_NS = 10 * SECOND
#: What a process may be held up by default: 4 GiB in small pages take 60 ms.
MAX_STALL_NS = 250 * MILLISECOND


@dataclass(frozen=True, slots=True)
class Policy:
    """What the recorder may spend, and when it looks again.

    fast_period_ns: from one cheap reading to the next between layouts; None: no such readings.
    peak_step: a layout is taken at once when RSS exceeds the highest layout by this fraction (and
    by at least `peak_step_least` bytes).
    max_cpu: what the recorder may use of one core, as a fraction; None: as much as it takes.
    max_stall_ns: the longest that reading one layout may hold its process up; None: no limit.
    full_every_ns: a process that shows no sign of change is read in full only this often; 0: at
    every tick; None: at every tick unless there are many processes (MANY), then every 10 s.
    in_turns: of many processes, those that change take turns: layouts cost no more than reading
    all of them once every `full_every_ns`.
    free_firsts: of several processes, too, the first layout of each does not count as used budget.
    reset_peak: reset the kernel's high-water mark at each tick, which others can see.
    pass_every_ns: how often all processes of a group are read in one pass, for their sum; 0: at
    every tick. Between such passes each process of a whole machine is looked at for itself.
    layout_text: bytes of the longest smaps that is read among many; None: any.
    """

    fast_period_ns: int | None = None
    peak_step: float = 0.02
    peak_step_least: int = MIB
    max_cpu: float | None = None
    max_stall_ns: int | None = None
    full_every_ns: int | None = 0
    in_turns: bool = False
    reset_peak: bool = False
    pass_every_ns: int = 0
    layout_text: int | None = None
    free_firsts: bool = True

    def full_every(self, processes: int) -> int:
        """How often a process is read in full although it shows no change, among so many."""
        if self.full_every_ns is None:
            return FULL_EVERY_NS if processes > MANY else 0
        return self.full_every_ns

    def round_every(self, processes: int) -> int:
        """In what time the layouts of so many processes may all be read once; 0: no limit."""
        return self.full_every(processes) if self.in_turns and processes > MANY else 0

    def above(self, highest: int) -> int:
        """From how many bytes on memory counts as a new peak, after one so high."""
        return highest + max(round(highest * self.peak_step), self.peak_step_least)

    def as_json(self) -> str:
        """For the recording itself."""
        return json.dumps(asdict(self))


#: What `memory-record` does for processes that are named.
FOR_NAMED = Policy(
    fast_period_ns=20 * MILLISECOND,
    max_cpu=0.10,
    max_stall_ns=MAX_STALL_NS,
    full_every_ns=None,
    free_firsts=False,
)

#: What it does for the whole machine, where most processes sleep.
FOR_MACHINE = Policy(
    max_cpu=0.10,
    max_stall_ns=MAX_STALL_NS,
    full_every_ns=FULL_EVERY_NS,
    in_turns=True,
    pass_every_ns=FULL_EVERY_NS,
    layout_text=8 * MIB,
    free_firsts=False,
)
