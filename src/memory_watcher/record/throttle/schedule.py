"""When the layout of one process is due: as often as asked, as far as the budget allows."""

from __future__ import annotations

import enum
import time

from ...model import LayoutState, Sample
from ...procfs.process_files import ProcessFiles
from ...units import SECOND
from ..clock import Time
from ..policy import MANY, Policy
from .change_check import ChangeCheck, hash_of_sums
from .cpu_budget import CpuBudget
from .stall import StallForecast

#: After so many rounds in which smaps_rollup showed no change, the layout is read all the same: a
#: mapping may have been moved or protected without a page being touched. 5 minutes by default.
_CHECKS_BEFORE_FULL = 30

#: A peak whose layouts are torn so many times in a row is taken as seen.
TORN_PEAKS = 3

#: More than any process has.
_NEVER = 1 << 64

#: What is so much above all layouts may use up the reserve: two layouts, for its top. Smaller steps
#: have to leave it, and so has what still rises: a rise of 250 ms would take eight, each of them
#: torn. So layouts of a rise are so many fast periods apart, too, if they cost what is earned in
#: more than so many.
_HIGH_STEP = 0.05
_RESERVED = 2
_APART_IN_A_RISE, _CHEAP_IN_A_RISE = 5, 2

#: A layout of what is rising is torn more often than not: it takes so many attempts.
_TORN_TAKES = 2

#: That layouts are put off matters when a process lacks so many.
_LOST_TICKS = 3

#: No machine needs so many times the rule for a page: what is below needs no measuring, which takes
#: some milliseconds of CPU.
_SLOWEST = 20

#: How long a count of mappings is good for, which costs some CPU of a process that has many.
_COUNT_AGAIN_NS = 10 * SECOND

#: The budget may be used up by the start of the recording; it has recovered by then, if ever.
_STARVED_NS = 2 * SECOND


class Due(enum.Enum):
    """What to do about a process's layout now."""

    READ = enum.auto()
    UNCHANGED = enum.auto()  # nothing shows that it changed since it was read
    TOO_DEAR = enum.auto()  # the budget for CPU does not allow it now
    TOO_SLOW = enum.auto()  # it would hold the process up for longer than the user accepts


class LayoutSchedule:
    """Decides for one process, from what its layouts have cost so far."""

    def __init__(
        self,
        files: ProcessFiles,
        policy: Policy,
        budget: CpuBudget,
        by_private: bool = False,
        time: Time = time,
        forecast: StallForecast | None = None,
    ) -> None:
        """With `by_private` only memory of its own makes a peak, not touching what is shared."""
        self._forecast = StallForecast() if forecast is None else forecast
        self._by_private = by_private
        self._time = time
        self._policy = policy
        self._budget = budget
        self._pid = files.pid
        self._files = files
        self._change_check = ChangeCheck(files)
        self._has_changed = False  # since the last layout
        self._checks = 0  # of smaps_rollup, since the last layout
        self._resident = 0  # of the last layout
        self._resident_now = 0
        self._highest = 0  # of all layouts of this image that are not torn: RSS, or private memory
        self._peak_from = _NEVER  # from what on memory is a peak: none before the first layout
        self._high_from = _NEVER
        self._torn = 0  # layouts one after the other
        self._is_rising = False  # it was much more than a moment before: its top is still to come
        self._was_read = False  # since it was last told whether it rises
        self.cost_ns = 0
        self._attempts = 1  # at the last layout: more than one if it was torn
        self.first_cost_ns = 0  # of the first layout, whose mappings had all to be parsed
        self._first_ns = 0  # when that was read
        #: How long reading the last layout held the process up, or is expected to.
        self.stall_ns = 0
        self.last_full_ns: int | None = None
        self._storing_ns = 0  # what storing a layout takes beside reading it
        self._asked_ns = time.monotonic_ns()  # at the last tick
        self._tick_apart_ns = 0
        self._put_off = self._put_off_in_a_row = 0  # ticks at which there was no budget for it
        self._mappings = 0  # as last counted before the first layout
        self._counted_ns: int | None = None

    def prepare(self) -> None:
        """Take note of the cheap figures before the first layout is read.

        Raises NoSuchProcess.
        """
        if self._policy.full_every_ns != 0:
            self._change_check.unchanged()

    def due(self, processes: int = 1) -> Due:
        """Whether to read the layout at a tick, when so many processes are recorded.

        Raises NoSuchProcess.
        """
        if self.is_unchanged(processes):
            return Due.UNCHANGED
        now = self._time.monotonic_ns()
        self._tick_apart_ns, self._asked_ns = now - self._asked_ns, now
        due = self._affordable(self._growth, _RESERVED)
        self._put_off += due is Due.TOO_DEAR
        self._put_off_in_a_row += due is Due.TOO_DEAR
        return due

    def is_unchanged(self, processes: int) -> bool:
        """Whether nothing shows that the last layout does not stand, among so many processes.

        Raises NoSuchProcess.
        """
        full_every_ns = self._policy.full_every(processes)
        return full_every_ns > 0 and self._is_unchanged(full_every_ns)

    def due_for_peak(self, resident: int | None, shared: int | None = 0) -> Due:
        """Whether to read it at once, because it rose above all layouts: may use the reserve."""
        if resident is None:
            return Due.UNCHANGED
        # Fifty times a second: to call _measure takes a tenth of what all of this does.
        size = resident - (shared or 0) if self._by_private else resident
        if size < self._peak_from:
            return Due.UNCHANGED
        if self._is_rising and self._was_just_read():
            return Due.TOO_DEAR
        growth = resident / max(self._resident, 1)
        return self._affordable(growth, 0 if size >= self._high_from else _RESERVED)

    def rises(self, is_more: bool) -> None:
        """Learn from each fast pass whether it is much more than at the one before.

        Beside a layout, which held it up, it may seem to stand: the next pass tells.
        """
        self._is_rising = is_more or (self._is_rising and self._was_read)
        self._was_read = False

    def _was_just_read(self) -> bool:
        """Whether a dear layout was read so soon before that one more is kept for the top."""
        rate, fast_period_ns = self._budget.rate, self._policy.fast_period_ns or 0
        if rate is None or self.last_full_ns is None:
            return False
        if self._attempts * self.cost_ns <= _CHEAP_IN_A_RISE * rate * fast_period_ns:
            return False
        apart_ns = _APART_IN_A_RISE * fast_period_ns
        return self._time.monotonic_ns() - self.last_full_ns < apart_ns

    def read_again(self) -> None:
        """It is read at the next tick even if nothing shows that it changed."""
        self._has_changed = True

    def forget_highest(self) -> None:
        """Layouts so far set no mark: an execve ended what they show, or it is nobody's concern."""
        self._highest = 0
        if self.last_full_ns is not None:
            self._set_peaks()

    def is_too_slow(self) -> bool:
        """Whether reading it would hold the process up for longer than the user accepts.

        Raises NoSuchProcess.
        """
        return self._holds_up(self._growth)

    def _holds_up(self, growth: float) -> bool:
        limit_ns = self._policy.max_stall_ns
        if limit_ns is None:
            return False
        if self.last_full_ns is None:
            self.stall_ns = self._first_stall_ns(limit_ns)
            return self.stall_ns > limit_ns
        # The kernel's part grows, and shrinks, with the pages there are.
        return self.stall_ns * growth > limit_ns

    def _first_stall_ns(self, limit_ns: int) -> int:
        """Of one that was never read; its mappings are counted only if that decides."""
        statm = self._files.statm()
        pages = (statm.resident or 0) // self._files.page_size
        most = (statm.size or 0) // self._files.page_size
        now = self._time.monotonic_ns()
        expected_ns = self._forecast.expected_ns
        if _SLOWEST * expected_ns(pages, 0) > limit_ns:
            self._forecast.measure(now, again=self.stall_ns > limit_ns)
        if expected_ns(pages, most) <= limit_ns or expected_ns(pages, 0) > limit_ns:
            return expected_ns(pages, min(most, self._mappings))
        if self._counted_ns is None or now - self._counted_ns >= _COUNT_AGAIN_NS:
            self._mappings, self._counted_ns = self._files.count_mappings(), now
        return expected_ns(pages, self._mappings)

    def expected_ns(self, bare_ns: int) -> int:
        """What the next layout will cost; `bare_ns` is what merely reading the last one did."""
        if self.last_full_ns is None:
            return 0
        return round((self.cost_ns or bare_ns) * max(self._growth, 1.0))

    @property
    def _growth(self) -> float:
        return self._resident_now / max(self._resident, 1)

    def _measure(self, resident: int, shared: int | None) -> int:
        return resident - (shared or 0) if self._by_private else resident

    def learn(self, mark: int, processes: int) -> None:
        """Learn from a pass what others did to its PSS, if that is due before the next pass.

        `mark` is hash_of_sums of its smaps_rollup.
        """
        if self._is_due_before_next_pass(processes):
            self._checked(is_same=self._change_check.remember(mark))

    def stood(self, processes: int) -> None:
        """Learn that a pass was left out, since nothing showed that it would say anything new."""
        if self._is_due_before_next_pass(processes):
            self._checked(is_same=True)

    def _is_due_before_next_pass(self, processes: int) -> bool:
        full_every_ns = self._policy.full_every(processes)
        if not full_every_ns or self.last_full_ns is None:
            return False
        next_ns = self._time.monotonic_ns() + self._policy.pass_every_ns
        return next_ns - self.last_full_ns >= full_every_ns

    def _checked(self, *, is_same: bool) -> None:
        self._checks += 1
        if not is_same or self._checks >= _CHECKS_BEFORE_FULL:
            self._has_changed = True
        else:
            self.last_full_ns = self._time.monotonic_ns()

    @property
    def is_starved(self) -> bool:
        """Whether there was no budget for a second layout long enough to say so."""
        waited_ns = self._time.monotonic_ns() - self._first_ns
        return self.cost_ns == 0 and self.first_cost_ns > 0 and waited_ns >= _STARVED_NS

    @property
    def apart_ns(self) -> int | None:
        """From one layout to the next; None if the budget leaves out none that would be missed.

        That one tick has none, since a peak had one just before, is no loss.
        """
        if not self.cost_ns or self._policy.max_cpu is None or self.last_full_ns is None:
            return None
        apart_ns = round(self.cost_ns / self._policy.max_cpu)
        if self._put_off >= _LOST_TICKS and apart_ns > self._tick_apart_ns:
            return apart_ns
        if self._put_off_in_a_row >= _LOST_TICKS:
            return max(apart_ns, self._time.monotonic_ns() - self.last_full_ns)
        return None

    def stored(self, cost_ns: int) -> None:
        """Learn what storing the last layout took beside reading it."""
        self._storing_ns += (cost_ns - self._storing_ns) // 2

    def _is_unchanged(self, full_every_ns: int) -> bool:
        # A change that shows once must not be forgotten while the budget puts the reading off.
        self._has_changed |= not self._change_check.unchanged()
        if self._has_changed or self.last_full_ns is None:
            return False
        now = self._time.monotonic_ns()
        # Of a whole machine the passes tell what others did: it is asked where they have not come.
        ask_every_ns = full_every_ns + self._policy.pass_every_ns
        if now - self.last_full_ns >= ask_every_ns:
            self._checks += 1
            self._has_changed = (
                self._checks >= _CHECKS_BEFORE_FULL
                or self._holds_up(self._growth)  # as smaps_rollup would
                or not self._change_check.others_unchanged()
            )
            if self._has_changed:
                return False
            self.last_full_ns = now
        self._files.rest_until(self.last_full_ns + ask_every_ns)
        return True

    def _affordable(self, growth: float, reserved: int) -> Due:
        """Whether to read it, leaving the price of so many more.

        What is rising leaves the reserve in any case.
        """
        if self._holds_up(growth):
            return Due.TOO_SLOW
        if self.last_full_ns is None:
            return Due.READ
        storing_ns = self._storing_ns if self.cost_ns else 0
        cost_ns = round(self.cost_ns * max(growth, 1.0)) + storing_ns
        self._budget.update(self._time.monotonic_ns(), self._time.process_time_ns())
        if self._is_rising:
            allowed = self._budget.allows_layout(_TORN_TAKES * cost_ns, _RESERVED * cost_ns)
        else:
            allowed = self._budget.allows_layout(cost_ns, reserved * cost_ns)
        return Due.READ if allowed else Due.TOO_DEAR

    def _set_peaks(self) -> None:
        self._peak_from = self._policy.above(self._highest)
        self._high_from = round(self._highest * (1 + _HIGH_STEP))

    def noticed(self, resident: int | None) -> None:
        """Learn from a cheap reading: what has shrunk may be read again."""
        self._resident_now = resident or self._resident_now

    def took(self, sample: Sample, rollup: bytes | None) -> None:
        """Learn from a layout that was read, and from the smaps_rollup read beside it, if any."""
        now = self._time.monotonic_ns()
        if rollup is not None:
            self._change_check.remember(hash_of_sums(rollup))
        if self.last_full_ns is None:
            self.first_cost_ns, self._first_ns = sample.cpu_ns or 0, now
            # All processes are read first at the same tick; let them not all be due together again,
            # but in four groups: many at a time take less each, for they share pages.
            group = self._pid % 4
            now -= group * self._policy.full_every(MANY + 1) // 4
            self._checks = group * _CHECKS_BEFORE_FULL // 4
        else:
            self._checks = 0
            # The first one is no guide: all its mappings had to be parsed. Nor are many attempts:
            # by what they all took, a peak that moved while it rose would be too dear at its top.
            self._attempts = sample.attempts if sample.state is LayoutState.TORN else 1
            self.cost_ns = (sample.cpu_ns or 0) // self._attempts
        self.last_full_ns = now
        self._was_read = True
        self._has_changed = False
        self._put_off_in_a_row = 0
        self._resident = self._resident_now = sample.reading.resident or 0
        if sample.bare_ns is not None:
            # The lock is held while the kernel prints: neither what parsing takes counts, nor that
            # the recorder waited for a CPU, which says nothing about the next layout.
            self.stall_ns = sample.bare_ns
            if sample.change is not None:
                pages = self._resident // self._files.page_size
                self._forecast.learn(sample.bare_ns, pages, sample.change.totals.mappings)
        self._torn = self._torn + 1 if sample.state is LayoutState.TORN else 0
        if self._torn % TORN_PEAKS == 0:
            # A torn one proves nothing: the peak is tried again, but not for ever. What is torn
            # each time (figures that never add up) would make every reading a peak.
            size = self._measure(self._resident, sample.reading.shared)
            self._highest = max(self._highest, size)
        self._set_peaks()
