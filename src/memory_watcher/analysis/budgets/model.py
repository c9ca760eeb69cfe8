"""What a budget says, and what was judged by it. Frozen facts; sizes are bytes."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

#: When a budget is judged; `growth` judges bytes per hour instead of a size.
At = Literal["peak", "end", "floor", "growth"]
#: What a budget may be of; `pss_dirty`, what was modified, repeats best from run to run.
Figure = Literal["pss", "rss", "uss", "held", "pss_dirty", "hugetlb"]
#: What a limit is on.
What = Literal["total", "kind", "name", "unlisted", "mappings", "threads", "processes"]
#: Limits on numbers of things, which have no size.
COUNTS: tuple[What, ...] = ("mappings", "threads", "processes")
#: `over-baseline` and the rest: where an allowed maximum comes from.
Source = Literal["max", "baseline"]


class Limit(NamedTuple):
    """How much is allowed: `maximum` (bytes, bytes per hour, or a count), and above the baseline.

    Of `over_share` (0.02 is 2 %) and `over_least` (bytes or a count) the larger is allowed above
    the baseline's value. Each is None if it is not given.
    """

    maximum: int | None = None
    over_share: float | None = None
    over_least: int | None = None

    @property
    def is_over_baseline(self) -> bool:
        """Whether it needs a baseline."""
        return self.over_share is not None or self.over_least is not None


class Line(NamedTuple):
    """One limit of a budget: `pattern` is a kind's word or a pattern of names, else empty.

    `number` is its line in the file, 0 if it comes from no file.
    """

    what: What
    limit: Limit
    pattern: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of one process pattern, or (None) of all that was recorded, at a moment.

    `title` is what outputs call it, empty if the file gives none.
    """

    process: str | None
    at: At
    figure: Figure
    lines: tuple[Line, ...]
    title: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class BudgetFile:
    """All budgets of one file, in its order; `path` is how messages call it."""

    path: str
    budgets: tuple[Budget, ...]


# -- what was judged ------------------------------------------------------------------------------


class Word(enum.Enum):
    """What a budget comes to. The value is the word that outputs show."""

    WITHIN = "within"
    OVER = "over"
    UNDECIDED = "undecided"


#: What a measured value is: bytes, bytes per hour, or a plain number of things.
Unit = Literal["bytes", "bytes/h", "count"]


class Culprit(NamedTuple):
    """A group that grew: `before` is the baseline's (None without one), of runs the medians.

    `since_ns` (after the start of the run) is when its rise began, `is_held` whether it still had
    it at the end; None where that is not known. `where` names the mapping or mappings, if told.
    """

    kind: str
    name: str
    before: int | None
    after: int | None
    change: int | None
    process: str = ""
    since_ns: int | None = None
    is_held: bool | None = None
    where: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """One limit, judged.

    `measured` is the median of `values`, one for each run that has one; `spread` their lowest and
    highest. `limit` is the value that was allowed at the end, `source` where it comes from,
    `baseline` the baseline's value. `why` says why it could not be judged, empty otherwise.
    `others` is the greatest change of any group that is no culprit.
    """

    name: str
    line: Line
    process: str | None
    figure: Figure
    at: At
    unit: Unit
    limit: int | None
    source: Source
    baseline: int | None
    measured: int | None
    values: tuple[int, ...]
    verdict: Word
    why: str = ""
    culprits: tuple[Culprit, ...] = ()
    others: int | None = None

    @property
    def spread(self) -> tuple[int, int] | None:
        """The lowest and the highest of several runs; None of none."""
        return (min(self.values), max(self.values)) if self.values else None


class RunFile(NamedTuple):
    """One recording that was judged, with the report beside it, if one was written.

    `exit_code` is that of a launched command, as a shell tells it, `signal` the number of the
    signal that ended it; None of a file, and of a command that exited.
    """

    path: str
    report: str | None = None
    exit_code: int | None = None
    signal: int | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """All that one check found. `notes` are facts that may explain a difference from the baseline.

    `baseline` and `budget` are the files that were used, None if there was none.
    """

    budgets: tuple[Judged, ...]
    recordings: tuple[RunFile, ...] = ()
    budget: str | None = None
    baseline: str | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def verdict(self) -> Word:
        """Over if one is, else undecided if one is, else within; nothing judged is undecided."""
        words = {each.verdict for each in self.budgets}
        if Word.OVER in words:
            return Word.OVER
        if Word.UNDECIDED in words or not words:
            return Word.UNDECIDED
        return Word.WITHIN
