"""Which moments give sums over processes, and what each process has in them. Pure.

A sum is of one moment: only a pass, a tight round over all living members, gives one. Recordings
that hold no passes (older formats, loaded captures) have them where a regular tick read a layout of
every member that lived then. All else gives no sum, whatever figures stand beside it.
"""

from __future__ import annotations

import enum
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple, Protocol, TypeVar

from ..model import LayoutState, Totals
from ..recorded import LayoutRow, PassRow, RollupRow, TickRow
from .breakdown import Sum, add_up
from .parents import Born, parents
from .same_memory import Member, duplicates_among

#: A sum may be off by a fiftieth of it, or by so many bytes: of more, it is no sum.
MOST_MOVED = 50
LEAST_MOVED = 256 * 1024

#: How much faster than on average memory is taken to change, where nobody watched a round.
_AT_ONCE = 4
_PAGE = 4096
_TOLD_IN = 1024


class Figures(NamedTuple):
    """Bytes, of one process or of all together; None: not told."""

    rss: int | None = None
    pss: int | None = None
    uss: int | None = None
    swap_pss: int | None = None


class Sums(NamedTuple):
    """The sum of each of the Figures; each says of how many members it lacks the figure."""

    rss: Sum
    pss: Sum
    uss: Sum
    swap_pss: Sum


class Fault(enum.Enum):
    """Why a pass gives no sum."""

    MOVED = "memory moved while the processes were read"
    CONTRADICTORY = "the figures contradict each other"
    UNTOLD = "no process reports its PSS"


class Share(NamedTuple):
    """What a process has at the passes from `first_tick` to before `end_tick`.

    Not `counted`: it shows its parent's memory (vfork), and is in no sum.
    """

    process_id: int
    first_tick: int
    end_tick: int
    counted: bool
    figures: Figures

    @property
    def part(self) -> Figures:
        """What of it is in the sums."""
        return self.figures if self.counted else Figures(0, 0, 0, 0)


class Moment(NamedTuple):
    """One round over all members; `sums` are over the counted ones, RSS only to be checked.

    `wall_ns` is from the first process read to the last; `moved` (bytes) the most the sums may be
    off, None if that was not watched: then it is a round of layouts. `layouts` is how many members'
    standing layouts are of this pass. `private` is the sum of what statm calls not shared.
    """

    tick: int
    time: int
    run_id: int
    wall_ns: int
    processes: int
    lacking: int
    moved: int | None
    layouts: int
    private: int | None
    sums: Figures
    fault: Fault | None

    @property
    def took_ns(self) -> int | None:
        """How long it took; None if its layouts do not tell, as those of imported files."""
        return self.wall_ns or None

    @property
    def is_whole(self) -> bool:
        """Whether every member's standing layout is of this pass."""
        return self.layouts >= self.processes


class Process(Born, Protocol):
    """A recorded process: recorded.RecordedProcess."""

    @property
    def end_tick(self) -> int | None:
        """The tick at which it had ended."""

    def program_at(self, tick: int) -> object:
        """What it was running."""


class History(Protocol):
    """Where passes come from: store.recording.Recording."""

    def tick_rows(self) -> list[TickRow]:
        """All ticks."""

    def processes(self) -> Sequence[Process]:
        """All processes."""

    def passes(self) -> list[PassRow]:
        """Stored passes."""

    def rollups(self) -> list[RollupRow]:
        """Figures at stored passes."""

    def layout_rows(self, first_tick: int, last_tick: int) -> list[LayoutRow]:
        """What ticks read."""

    def most_hugetlb(self) -> dict[int, int]:
        """The most huge pages of processes that had any, bytes."""


class Passes:
    """All passes of a recording in order, and what each process has in them. Made by `read`."""

    def __init__(self, every: Iterable[Moment], shares: Iterable[Share]) -> None:
        self.every = sorted(every, key=attrgetter("tick"))
        self.shares = sorted(shares, key=attrgetter("first_tick", "process_id"))
        #: Those that give a sum.
        self.sums = [each for each in self.every if each.fault is None]

    def faults(self, run_id: int | None = None) -> dict[Fault, int]:
        """How many passes give no sum, and why."""
        counts: dict[Fault, int] = defaultdict(int)
        for each in self.every:
            if each.fault is not None and run_id in (None, each.run_id):
                counts[each.fault] += 1
        return dict(counts)

    def of_run(self, run_id: int) -> list[Moment]:
        """Those of one run of the recorder that give a sum."""
        return [each for each in self.sums if each.run_id == run_id]

    def peak(self, run_id: int | None = None, figure: str = "pss") -> Moment | None:
        """The pass at which a figure is highest, the first of equals; None if there is no sum."""
        among = self.sums if run_id is None else self.of_run(run_id)
        return max(among, key=lambda each: getattr(each.sums, figure) or 0, default=None)

    def of(self, process_ids: Collection[int]) -> Passes:
        """The passes at which any of some processes lived, with sums over these alone.

        One that is no sum over all is none over them either.
        """
        shares = [share for share in self.shares if share.process_id in process_ids]
        among = (
            _among(moment, [share for share in living.values() if share.counted])
            for moment, living in _swept(self.every, shares)
        )
        return Passes((each for each in among if each is not None), shares)

    def at(self, tick: int) -> Moment | None:
        """The pass at a tick or the last one before it; None if there is none."""
        position = bisect_right(self.sums, tick, key=lambda each: each.tick)
        return self.sums[position - 1] if position else None

    def members(self, tick: int) -> dict[int, Share]:
        """All members of the pass at a tick, by process id."""
        return {
            share.process_id: share
            for share in self.shares
            if share.first_tick <= tick < share.end_tick
        }


def read(history: History) -> Passes:
    """Read the passes of a recording; of runs that hold none, tell them from the layouts."""
    spans = _spans(history.tick_rows())
    stored = history.passes()
    processes = history.processes()
    huge = history.most_hugetlb()
    ends = {process.id: process.end_tick for process in processes}
    shares = list(_stored_shares(history.rollups(), spans, ends)) if stored else []
    every = _judged(stored, shares, huge)
    for run_id in spans.keys() - {row.run_id for row in stored}:
        rows = history.layout_rows(*spans[run_id])
        found, more = _passes_of_layouts(rows, processes)
        every += _judged(found, more, huge)
        shares += more
    return Passes(every, shares)


def _spans(ticks: Iterable[TickRow]) -> dict[int, tuple[int, int]]:
    """First and last tick of each run."""
    spans: dict[int, tuple[int, int]] = {}
    for row in ticks:
        first, _ = spans.get(row.run_id, (row.tick, row.tick))
        spans[row.run_id] = first, row.tick
    return spans


def _stored_shares(
    rows: Iterable[RollupRow],
    spans: Mapping[int, tuple[int, int]],
    ends: Mapping[int, int | None],
) -> Iterator[Share]:
    """Let each row stand until the process's next one, its end, or the end of the run.

    One at the tick of its end is of a pass after which it ended.
    """
    runs = sorted(spans.values())
    by_process: dict[int, list[RollupRow]] = defaultdict(list)
    for row in rows:
        by_process[row.process_id].append(row)
    for process_id, mine in by_process.items():
        nexts = [row.first_tick for row in mine[1:]]
        for row, after in zip(mine, [*nexts, 2**62], strict=True):
            position = bisect_right(runs, (row.first_tick, 2**62)) - 1
            end = ends.get(process_id)
            last = min(
                after,
                runs[position][1] + 1 if position >= 0 else 2**62,
                2**62 if end is None else max(end, row.first_tick + 1),
            )
            figures = Figures(row.rss, row.pss, row.uss, row.swap_pss)
            yield Share(process_id, row.first_tick, last, bool(row.counted), figures)


# -- recordings without passes ------------------------------------------------------------------


class _Round(NamedTuple):
    """A tick that read a layout of every member: as PassRow; what moved is judged by neighbours."""

    tick: int
    time: int
    run_id: int
    wall_ns: int
    lacking: int
    moved: int
    private: None = None
    layouts: int = 2**31
    pss: None = None


def _passes_of_layouts(
    rows: Sequence[LayoutRow], processes: Sequence[Process]
) -> tuple[list[_Round], list[Share]]:
    """Regular ticks at which every member that lived then has a layout that is not torn.

    A member that could not be read lacks in the sum; one that was not read makes it none.
    """
    parent_of = parents(processes)
    members = {
        process.id: Member(parent_of[process.id], process.end_tick, process.program_at)
        for process in processes
    }
    rounds: list[_Round] = []
    shares: list[Share] = []
    alive: set[int] = set()
    beside = _neighbours(rows)
    for tick, group in groupby(rows, key=attrgetter("tick")):
        read = list(group)
        for row in read:
            (alive.add if row.state.has_memory else alive.discard)(row.process_id)
        alive = {number for number in alive if (members[number].end_tick or 2**62) > tick}
        mine = [row for row in read if row.process_id in alive]
        if not _is_round(mine, alive):
            continue
        layouts = [row for row in mine if row.state.has_layout]
        begin = min(map(_began, layouts))
        end = max(_began(row) + row.wall_ns for row in layouts)
        moved = sum(_moved(row, *beside[tick, row.process_id], begin, end) for row in layouts)
        lacking = len(mine) - len(layouts)
        rounds.append(_Round(tick, mine[0].time, mine[0].run_id, end - begin, lacking, moved))
        duplicates = duplicates_among(
            {row.process_id: _totals(row) for row in layouts}, members, tick
        )
        for row in mine:
            figures = Figures(row.rss, row.pss, row.uss, row.swap_pss)
            counted = row.process_id not in duplicates
            shares.append(Share(row.process_id, tick, tick + 1, counted, figures))
    return rounds, shares


_Neighbours = tuple[LayoutRow | None, LayoutRow | None]


def _neighbours(rows: Iterable[LayoutRow]) -> dict[tuple[int, int], _Neighbours]:
    """The reading of the same process before and after each, by tick and process."""
    by_process: dict[int, list[LayoutRow]] = defaultdict(list)
    for row in rows:
        by_process[row.process_id].append(row)
    return {
        (row.tick, number): (before, after)
        for number, mine in by_process.items()
        for before, row, after in zip([None, *mine], mine, [*mine[1:], None], strict=False)
    }


def _began(row: LayoutRow) -> int:
    return row.time + row.delay_ns


def _moved(
    row: LayoutRow, before: LayoutRow | None, after: LayoutRow | None, begin: int, end: int
) -> int:
    """By how much a process may have changed in a round from `begin` to `end`, bytes.

    Told from its readings before and after: by as much of the change as the round is of the time,
    and more, for what changes does so at once.
    """
    moved = 0.0
    for other, part in ((before, _began(row) - begin), (after, end - _began(row))):
        if other is not None:
            apart = max(abs(_began(other) - _began(row)), 1)
            moved += _change(row, other) * min(1.0, _AT_ONCE * part / apart)
    return round(moved)


def _change(one: LayoutRow, other: LayoutRow) -> int:
    def differ(a: int | None, b: int | None) -> int:
        return 0 if a is None or b is None else abs(a - b)

    faults = differ(one.faults, other.faults) * _PAGE
    return max(differ(one.resident, other.resident), faults)


def _is_round(rows: Sequence[LayoutRow], alive: set[int]) -> bool:
    told = {row.process_id for row in rows if row.state.has_layout or row.state.is_unreadable}
    return (
        told == alive
        and any(row.state.has_layout for row in rows)
        and rows[0].cause is None
        and not any(row.state is LayoutState.TORN for row in rows)
    )


def _totals(row: LayoutRow) -> Totals:
    return Totals(
        *(row.mappings or 0, row.size or 0, row.rss, row.pss, row.uss, row.swap, row.swap_pss)
    )


# -- what may be shown --------------------------------------------------------------------------


def _judged(
    rows: Sequence[PassRow | _Round], shares: Iterable[Share], huge: Mapping[int, int]
) -> list[Moment]:
    """Add up the members of each pass, and judge the sums."""
    return [_pass(row, living, huge) for row, living in _swept(rows, shares)]


class _AtTick(Protocol):
    """What is of a tick."""

    @property
    def tick(self) -> int:
        """The tick."""


_T = TypeVar("_T", bound=_AtTick)


def _swept(rows: Iterable[_T], shares: Iterable[Share]) -> Iterator[tuple[_T, dict[int, Share]]]:
    """Each pass with its members, by process id: one sweep over the shares."""
    changes: dict[int, list[tuple[bool, Share]]] = defaultdict(list)
    for share in shares:
        changes[share.first_tick].append((True, share))
        changes[share.end_tick].append((False, share))
    coming = sorted(changes)
    coming.reverse()
    living: dict[int, Share] = {}
    for row in rows:
        while coming and coming[-1] <= row.tick:
            for begins, share in sorted(changes[coming.pop()], key=lambda change: change[0]):
                if begins:
                    living[share.process_id] = share
                else:
                    living.pop(share.process_id, None)
        yield row, living


def _among(moment: Moment, counted: Sequence[Share]) -> Moment | None:
    """A pass as one over some of its members; None if none of them is counted there."""
    if not counted:
        return None
    sums = sum_up(counted)
    told = len(counted) - sums.pss.lacking
    return moment._replace(
        processes=told,
        lacking=sums.pss.lacking,
        layouts=told if moment.is_whole else 0,
        private=None,
        sums=Figures(*(each.size for each in sums)),
        fault=moment.fault or (None if told else Fault.UNTOLD),
    )


def _pass(row: PassRow | _Round, living: Mapping[int, Share], huge: Mapping[int, int]) -> Moment:
    counted = [share for share in living.values() if share.counted]
    told = [share for share in counted if share.figures.pss is not None]
    sums = Figures(*(total.size for total in sum_up(counted)))
    fault = find_fault([_without_huge(share, huge) for share in told], row.moved)
    if fault is None and row.pss is not None and _differ(row.pss, sums.pss):
        fault = Fault.CONTRADICTORY
    return Moment(
        *(row.tick, row.time, row.run_id, row.wall_ns, len(told), row.lacking),
        None if isinstance(row, _Round) else row.moved,
        min(row.layouts, len(told)),
        row.private,
        sums,
        fault,
    )


def find_fault(members: Sequence[Share], moved: int | None) -> Fault | None:
    """Tell why the sums over the counted members of a pass may not be shown; None if they may.

    Whatever is shared how, USS <= PSS <= RSS in sum, and PSS is not below any single USS: but for
    what is lost as the kernel tells each figure in KiB.
    """
    rss, pss, uss, _ = (total.size for total in sum_up(members))
    if not members or pss is None:
        return Fault.UNTOLD
    if moved is not None and moved > allowed(pss):
        return Fault.MOVED
    single = max((share.figures.uss or 0 for share in members), default=0)
    slack = _TOLD_IN * len(members)
    upper = pss if rss is None else rss
    lower = max(single, uss or 0)
    if pss > upper + slack or pss < lower - slack:
        return Fault.CONTRADICTORY
    return None


def is_of_pass(layout: Figures, share: Share) -> bool:
    """Whether a layout that was read before a pass still says what the pass found.

    PSS is cut to KiB for each mapping of a layout, so that may differ a little.
    """
    now = share.figures
    return (layout.rss, layout.uss) == (now.rss, now.uss) and not _differ(layout.pss or 0, now.pss)


def allowed(size: int) -> int:
    """By how many bytes a sum may be off."""
    return max(size // MOST_MOVED, LEAST_MOVED)


def sum_up(members: Collection[Share]) -> Sums:
    """Add up each figure of members."""
    return Sums._make(
        add_up(getattr(share.part, figure) for share in members) for figure in Figures._fields
    )


def _differ(one: int, other: int | None) -> bool:
    return other is None or abs(one - other) > allowed(one)


def _without_huge(share: Share, huge: Mapping[int, int]) -> Share:
    """Private huge pages are in USS, but the kernel has them neither in RSS nor in PSS."""
    most, uss = huge.get(share.process_id), share.figures.uss
    if most is None or uss is None:
        return share
    return share._replace(figures=share.figures._replace(uss=max(uss - most, 0)))
