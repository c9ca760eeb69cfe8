"""What one run has at the moment of a budget, and what of it nobody saw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ...analysis.assurance import Doubt, Verdict
from ...analysis.breakdown import Sum
from ...analysis.budgets.decide import Value, untold
from ...analysis.budgets.model import Budget, Line
from ...analysis.budgets.patterns import fits
from ...analysis.budgets.pieces import Piece, covered, pieces_of
from ...analysis.passes import Sums, allowed
from ...analysis.roles import roles_at
from ...errors import MemoryWatcherError
from ...metrics import HUGETLB, LAYOUT, over_processes
from ...model import LayoutState, MappingUsage
from ...recorded import RecordedProcess
from ...store.recording import Recording
from ...units import format_size, plural
from ..assurance import Assurance, assurance_of
from ..choices import why_not_added_up
from ..group import between_passes
from ..moment import Moment, parse
from ..taken import Chosen, Taken, listed, take
from .counts import HAD_EXITED, Count, Counts
from .rates import Rates, rates_of
from .unpassed import higher_unpassed


class Missed(NamedTuple):
    """Bytes that no layout shows.

    `besides`: so much more than their layouts the processes had at the moment itself; less, if it
    is negative: then the layouts are of other moments. `higher`: so
    much higher RSS was at another moment by the kernel's mark, or the private memory of several
    processes by what was read between passes. `is_mark`: the figure is RSS, so that the mark is
    what was measured. `unread`: so much more it may have had at its end, of which too much of its
    life was not read.
    """

    besides: int = 0
    higher: int = 0
    is_mark: bool = False
    unread: int = 0


_NOTHING_MISSED = Missed()
#: Of a life of which this share was not read at its end, too little is known.
_UNREAD_SHARE = 0.25
_UNREAD = (
    "it exited too long after it was read last; check something that runs for a second or longer"
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One run at a budget's moment; bytes, at `growth` bytes per hour.

    `members` are those that the budget is about. `pieces` add up to the layouts' sum; of growth
    they are groups that grow. `why` says why there are none, and is empty otherwise. `tick` is that
    of the moment, None if there is none.
    """

    recording: Recording
    budget: Budget
    members: tuple[RecordedProcess, ...]
    figure: str
    pieces: tuple[Piece, ...]
    threads: Count
    processes: Count
    missed: Missed = _NOTHING_MISSED
    rates: Rates | None = None
    tick: int | None = None
    why: str = ""

    @property
    def path(self) -> str:
        """The recording's file."""
        return self.recording.path

    @property
    def besides(self) -> int:
        """What the total has besides the layouts: of figures of which a pass has a sum, bytes."""
        return self.missed.besides if self.figure in ("pss", "uss") else 0

    def value(self, line: Line, *, is_compared: bool = False) -> Value:
        """What the run has of one line.

        Where it is compared with what other runs' layouts had, a peak that was missed is no doubt:
        it was missed there, too.
        """
        if line.what in ("threads", "processes"):
            return (self.threads if line.what == "threads" else self.processes).value
        if not self.members:
            return Value(0, 0, matched=False)
        if self.why:
            return untold(self.why)
        if self.rates is not None:
            return self.rates.value(line, self.budget.lines)
        pieces = covered(line, self.budget.lines, self.pieces)
        if line.what == "mappings":
            number = sum(piece.mappings for piece in pieces)
            return Value(number, number, matched=bool(pieces))
        found = _sum(pieces, LAYOUT[self.figure].title, line)
        value = self._total(found, is_compared) if line.what == "total" else self._part(found)
        return self._to_the_end(value)

    def _to_the_end(self, value: Value) -> Value:
        """What a short life had after it was read last may be of any part."""
        if not self.missed.unread or value.at_most is None:
            return value
        return value._replace(at_most=value.at_most + self.missed.unread, why=_UNREAD)

    def _part(self, value: Value) -> Value:
        """What the layouts lack, or have too much, may be of any part."""
        besides = self.missed.besides
        if not besides or value.size is None or value.at_most is None:
            return value
        if besides < 0:
            return value._replace(at_least=max(value.size + besides, 0), why=_besides(self))
        return value._replace(at_most=value.at_most + besides, why=_besides(self))

    def _total(self, value: Value, is_compared: bool) -> Value:
        if not self.besides:
            value = self._part(value)
        elif value.size is not None:
            most = None if value.at_most is None else value.at_most + self.besides
            value = value._replace(size=value.size + self.besides, at_most=most)
        if not self.missed.higher or value.size is None:
            return value
        if self.missed.is_mark:
            size = value.size + self.missed.higher
            return value._replace(size=size, at_most=size)
        if is_compared or value.at_most is None:
            return value
        return value._replace(at_most=value.at_most + self.missed.higher, why=_higher(self))


def _sum(pieces: Sequence[Piece], title: str, line: Line) -> Value:
    """The sum of pieces; of none of them 0."""
    told = [piece.size for piece in pieces if piece.size is not None]
    bounds = [piece.at_most for piece in pieces if piece.at_most is not None]
    matched = bool(pieces) or line.what == "unlisted"
    if len(bounds) == len(pieces):
        return Value(sum(told), sum(bounds), matched=matched)
    why = f"the {title} of some mappings was not reported"
    return Value(sum(told) if told else None, None, why, matched)


def _besides(run: Measured) -> str:
    besides = run.missed.besides
    if besides < 0:
        return (
            f"the layouts are of other moments, and have {format_size(-besides)} more than the"
            " processes had at this one; record fewer processes, or let the recorder use more CPU"
        )
    return (
        f"the layouts at this moment lack {format_size(besides)} of what the processes"
        " had; record fewer processes, or let the recorder use more CPU"
    )


def _higher(run: Measured) -> str:
    size = format_size(run.missed.higher)
    if len(run.members) > 1:
        return (
            f"the private memory of all together was {size} higher between two moments at which it"
            " was added up; record with a shorter period, or let the recorder use more CPU"
        )
    return (
        f"the kernel says that RSS was {size} higher between two layouts than in the highest;"
        ' record with a shorter period, or limit figure = "rss", which the kernel\'s mark decides'
    )


# -- measuring ------------------------------------------------------------------------------------


class Run:
    """One recording, asked for several budgets: what they share is read once."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._chosen: dict[str | None, Chosen] = {}
        self._taken: dict[tuple[str | None, str, str], Taken] = {}
        #: How much higher a peak was that no layout shows, where that is more than figures are off.
        self.missed_peak = 0

    def measured(self, budget: Budget) -> Measured:
        """What it has at the moment of a budget."""
        chosen = self.chosen(budget.process)
        counts = Counts(self.recording, chosen.members)
        figure = summed(budget, chosen)
        if not chosen.members or figure is None:
            why = why_not_added_up(budget.figure) if chosen.members else None
            why = f'{why}; choose figure = "pss", or one process' if why else ""
            return self._without(budget, chosen, counts, why, None)
        try:
            if budget.at == "growth":
                return self._growth(budget, chosen, counts)
            return self._moment(budget, chosen, counts, figure)
        except MemoryWatcherError as error:
            why = str(error).removeprefix(f"{self.recording.path}: ")
            if self._all_ended_unread(chosen):
                why = _too_soon(chosen.members)
            return self._without(budget, chosen, counts, why, None)

    def _all_ended_unread(self, chosen: Chosen) -> bool:
        return bool(chosen.members) and all(map(self._ended_unread, chosen.members))

    def _ended_unread(self, process: RecordedProcess) -> bool:
        """Whether it exited before any layout of it was read, and nothing else was in the way."""
        states = {LayoutState(row.state) for row in self.recording.thread_rows(process.id)}
        if not states <= {*HAD_EXITED, LayoutState.NOT_TAKEN}:
            return False
        return process.end_tick is not None or not states.isdisjoint(HAD_EXITED)

    def chosen(self, pattern: str | None) -> Chosen:
        """The processes whose name or role a pattern matches, as `ls` shows them; None: all.

        What a process was before its last execve is another program: a shell, or its launcher.
        """
        found = self._chosen.get(pattern)
        if found is None:
            found = self._chosen[pattern] = Chosen(self.recording, self._members(pattern))
        return found

    def taken(self, budget: Budget, figure: str) -> Taken:
        """What the processes have at the budget's moment. Raises SelectionError, UsageError."""
        # Whose end it is no figure decides.
        key = (budget.process, budget.at, "" if budget.at == "end" else figure)
        if key not in self._taken:
            self._taken[key] = take(self.chosen(budget.process), moment_of(budget), figure)
        return self._taken[key]

    @property
    def unchecked(self) -> int:
        """How many of the layouts that were judged could not be verified."""
        judged = {
            mark: each
            for taken in self._taken.values()
            for mark, each in zip(taken.marks, taken.layouts, strict=True)
        }
        return sum(each.state is LayoutState.UNCHECKED for each in judged.values())

    @property
    def names(self) -> str:
        """What a pattern may match, for a message: names, with the role where there is one."""
        return listed(role.group for role in roles_at(self._processes).values())

    @cached_property
    def _processes(self) -> list[RecordedProcess]:
        return self.recording.processes()

    def _members(self, pattern: str | None) -> tuple[RecordedProcess, ...]:
        if pattern is None:
            return tuple(self._processes)
        role_of = roles_at(self._processes)
        return tuple(
            process
            for process in self._processes
            if any(fits(pattern, text) for text in (process.name, *role_of[process.id]))
        )

    def _without(
        self, budget: Budget, chosen: Chosen, counts: Counts, why: str, tick: int | None
    ) -> Measured:
        """Why there are no sizes; the most threads and processes are known all the same."""
        if budget.at == "peak" or not chosen.members:
            threads, processes = counts.threads(), counts.processes()
            if self._all_ended_unread(chosen):
                threads = Count(untold(why), {})
        else:
            threads = processes = Count(untold(why), {})
        return Measured(
            *(self.recording, budget, chosen.members, budget.figure, ()),
            *(threads, processes),
            why=why,
            tick=tick,
        )

    def _growth(self, budget: Budget, chosen: Chosen, counts: Counts) -> Measured:
        rates = rates_of(self.recording, chosen.members, budget.figure)
        nothing = Count(untold("a number of things has no growth"), {})
        return Measured(
            *(self.recording, budget, chosen.members, budget.figure, rates.pieces),
            *(nothing, nothing),
            rates=rates,
        )

    def _moment(self, budget: Budget, chosen: Chosen, counts: Counts, figure: str) -> Measured:
        taken = self.taken(budget, figure)
        pieces = pieces_of(taken.parts, _size_of(figure))
        why = _doubt(taken, pieces, figure)
        if why:
            return self._without(budget, chosen, counts, why, taken.tick)
        at = None if budget.at == "peak" else taken.tick
        missed = self._missed(budget, chosen, taken, figure)
        if missed.higher > allowed(sum(piece.size or 0 for piece in pieces)):
            self.missed_peak = max(self.missed_peak, missed.higher)
        return Measured(
            *(self.recording, budget, chosen.members, figure, pieces),
            *(counts.threads(at), counts.processes(at)),
            missed=missed,
            tick=taken.tick,
        )

    def _missed(self, budget: Budget, chosen: Chosen, taken: Taken, figure: str) -> Missed:
        is_peak = budget.at == "peak"
        if figure == HUGETLB.name:
            return _NOTHING_MISSED  # the kernel has no mark of it
        if taken.sums is None:
            (process,) = chosen.members
            if not is_peak:
                return _NOTHING_MISSED
            known = assurance_of(self.recording, process)
            higher = (known.gap.size or 0) if known.gap.verdict is Verdict.HIGHER else 0
            return Missed(0, higher, figure == "rss", _unread(process, known))
        besides = _lacking(taken, taken.sums, figure)
        moment = chosen.passes.at(taken.tick)
        if not is_peak or moment is None:
            return Missed(besides)
        higher = higher_unpassed(self.recording, chosen.members, chosen.passes, moment)
        if moment.private is not None:  # which is told of all together only
            mark = between_passes(self.recording, moment)
            higher = max(higher, mark.private - moment.private if mark else 0)
        return Missed(besides, higher)


def measured(recording: Recording, budget: Budget) -> Measured:
    """What one recording has at the moment of a budget; whatever cannot be told says why.

    Of several processes figures are added up that may be, at one pass over all of them.
    """
    return Run(recording).measured(budget)


def _unread(process: RecordedProcess, known: Assurance) -> int:
    """How much more a short-lived process may have had after it was read last, bytes."""
    gap, unseen = known.gap, known.known.unseen_ns
    rss = known.highest.totals.rss if known.highest and known.highest.totals else None
    if gap.doubt is not Doubt.ENDED or gap.at_most is None or rss is None or unseen is None:
        return 0
    life = (process.last_seen or 0) - (process.first_seen or 0)
    return max(gap.at_most - rss, 0) if unseen > _UNREAD_SHARE * life else 0


def _too_soon(members: Sequence[RecordedProcess]) -> str:
    whose = "it exited before its" if len(members) == 1 else "all exited before their"
    return f"{whose} memory could be read; check something that runs for a second or longer"


def summed(budget: Budget, chosen: Chosen) -> str | None:
    """The figure that is added up for a budget's; None if it may not be over several processes."""
    if len(chosen.members) < 2:
        return budget.figure
    return None if why_not_added_up(budget.figure) else over_processes(budget.figure)


def moment_of(budget: Budget) -> Moment:
    """The moment at which a budget is judged."""
    return parse(budget.at, "at")


def _size_of(figure: str) -> Callable[[MappingUsage], int | None]:
    def size_of(entry: MappingUsage) -> int | None:
        size: int | None = getattr(entry.usage, figure)
        return size

    return size_of


def _doubt(taken: Taken, pieces: Sequence[Piece], figure: str) -> str:
    """Why what was taken is not judged; empty if it is."""
    torn = sum(each.state is LayoutState.TORN for each in taken.layouts)
    if torn:
        which = plural(torn, "layout", "layouts")
        return f"{which} at this moment {'is' if torn == 1 else 'are'} torn: " + (
            "mappings moved while they were read; record again"
        )
    title = LAYOUT[figure].title
    if all(piece.size is None for piece in pieces):
        return f"{title} was not reported; choose another figure"
    lacking = _sum_of(taken.sums, figure).lacking if taken.sums else 0
    if lacking:
        return (
            f"{plural(lacking, 'process', 'processes')} could not be read at this moment;"
            " record as the same user or as root"
        )
    return ""


def _sum_of(sums: Sums, figure: str) -> Sum:
    """The pass's sum that is nearest to a figure: nothing tells what all together hold."""
    return sums.uss if figure == "uss" else sums.pss


def _lacking(taken: Taken, sums: Sums, figure: str) -> int:
    """By how much the layouts are less than what the pass found; negative if they are more.

    0 if that is not more than is usual.
    """
    told = _sum_of(sums, figure).size or 0
    by = "uss" if figure == "uss" else "pss"
    shown = sum(getattr(entry.usage, by) or 0 for part in taken.parts for entry, _ in part.entries)
    lacking = told - shown
    return lacking if (taken.without and lacking > 0) or abs(lacking) > allowed(told) else 0
