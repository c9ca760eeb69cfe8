"""What the UI asks of a source and what it gets: frozen values, and the protocol of a source.

Names are as recorded; whatever draws them escapes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from ..analysis.breakdown import add_up
from ..analysis.diff import change_of
from ..analysis.identity import By
from ..answers.cgroups import CgroupAt
from ..clocks import STEADY, TimeAxis
from ..metrics import LAYOUT, OFFERED, OfferedFigure
from ..model import LayoutState, Reading
from ..render.colours import Shades

#: Huge pages are offered where there are some: see `figures_of`.
ShownFigure = Literal[OfferedFigure, "hugetlb"]

GROUPINGS: tuple[By, ...] = ("kind", "name", "mapping", "process")
FIGURES: tuple[ShownFigure, ...] = OFFERED
FIGURE_TITLES = {name: metric.title for name, metric in LAYOUT.items()}


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be shown.

    `process_id` None stands for all processes; `tick` None for the latest (of a recording, the
    first); `mark` is the tick with which to compare. `columns` is how wide the chart is.
    """

    process_id: int | None = None
    by: By = "kind"
    figure: ShownFigure = "pss"
    tick: int | None = None
    mark: int | None = None
    columns: int = 72


class Sizes(NamedTuple):
    """Sums in bytes; None if nothing was told, or if they may not be added up."""

    pss: int | None = None
    rss: int | None = None
    uss: int | None = None
    swap: int | None = None
    swap_pss: int | None = None
    hugetlb: int | None = None
    lazy_free: int | None = None


#: Of Sizes those that few programs have: shown where there are any. That an old kernel reports none
#: makes no sum incomplete.
RARE = ("hugetlb", "lazy_free")


class Row(NamedTuple):
    """One line of the table.

    `key` is the same for as long as the group lives. `label` says what it is (a kind, or the state
    of a process), `address_space` is bytes. `before` are the sizes at the mark, None without one.
    `lacking`: a part of the sums was not reported. `opens` is the process that can be looked into,
    `detail` its command line, shown where there is room. Of a process, `group` is the label of all
    that do the same; `part` is what it adds to the sums of the pass, None if it is not of it;
    `part_before` the same at the mark.
    """

    key: str
    name: str
    label: str
    colour: Shades | None
    sizes: Sizes
    address_space: int | None
    mappings: int | None
    before: Sizes | None = None
    lacking: bool = False
    opens: int | None = None
    detail: str = ""
    group: str = ""
    part: Sizes | None = None
    part_before: Sizes | None = None

    def change(self, figure: ShownFigure) -> int | None:
        """Bytes more than at the mark."""
        if self.before is None:
            return None
        return change_of(getattr(self.before, figure), getattr(self.sizes, figure))


class Band(NamedTuple):
    """One layer of the chart, bytes for each column."""

    name: str
    colour: Shades
    values: Sequence[int]


class Peak(NamedTuple):
    """The highest total of the history: bytes, and when."""

    tick: int
    time: int
    size: int


class Beside(NamedTuple):
    """A control group's memory in use and its limit, bytes for each column; None: not known."""

    current: Sequence[int | None]
    limit: Sequence[int | None]

    @property
    def highest(self) -> int:
        """The highest of its memory."""
        return max((size for size in self.current if size is not None), default=0)


class Chart(NamedTuple):
    """The history, as wide as was asked for.

    `totals` are None in columns where no layout is known; `bands` add up to them, the lowest first.
    `ticks` is the instant each column shows, None if nobody looked. `times` is when each column
    begins, one more for the end of the last. `marks` are high-water marks. `torn` and `gaps` tell
    which columns have instants with a torn layout or with none. `clock` says what the clock on the
    wall showed at these times, and where it jumped. `beside` is the control group's memory.
    """

    figure: str
    bands: tuple[Band, ...]
    totals: Sequence[int | None]
    ticks: Sequence[int | None]
    times: Sequence[int]
    marks: Sequence[int | None]
    torn: Sequence[bool]
    gaps: Sequence[bool]
    peak: Peak | None
    clock: TimeAxis = STEADY
    beside: Beside | None = None


class Layer(NamedTuple):
    """One layer of the chart at the moment that is shown, bytes."""

    name: str
    colour: Shades
    size: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that is on the screen.

    `ticks` and `times` are all instants that can be gone to, of which this shows `tick`. `state`
    and `reading` are None for all processes. `notes` say what a reader of the figures has to know.
    `layers` are those of the chart, the largest first. `chart` is None while the history is still
    being read. `ended`: there is nothing more to come. `clock` says what times
    were on the wall. `most_mappings` is the machine's limit for a process, `cpu_share` how much of
    a CPU it used since the instant before. `cgroup` is the control group beside what is shown.
    """

    question: Question
    title: str
    process_count: int
    ticks: Sequence[int]
    times: Sequence[int]
    tick: int | None
    time: int | None
    mark_time: int | None
    state: LayoutState | None
    reading: Reading | None
    rows: tuple[Row, ...]
    total: Row
    notes: tuple[str, ...]
    layers: tuple[Layer, ...]
    chart: Chart | None
    ended: bool = False
    clock: TimeAxis = STEADY
    most_mappings: int | None = None
    cpu_share: float | None = None
    cgroup: CgroupAt | None = None

    @property
    def whole(self) -> Row:
        """The total; of one process also with what no reading has, but its rows."""
        if self.question.by == "process" or self.process_count > 1:
            return self.total
        told = {
            name: add_up(getattr(row.sizes, name) for row in self.rows).size
            for name in RARE
            if getattr(self.total.sizes, name) is None
        }
        return self.total._replace(sizes=self.total.sizes._replace(**told))


def figures_of(snapshot: Snapshot | None) -> tuple[ShownFigure, ...]:
    """The figures to choose from: of one process that has some also huge pages.

    Nothing adds these up over processes.
    """
    if snapshot is None or snapshot.question.process_id is None or not snapshot.whole.sizes.hugetlb:
        return FIGURES
    return (*FIGURES, "hugetlb")


class Source(Protocol):
    """Where snapshots come from. Opened, asked and closed by one thread, never by the UI's."""

    def snapshots(self, question: Question) -> Iterator[Snapshot]:
        """Answer; when something takes long, first without it.

        Raises MemoryWatcherError.
        """

    def close(self) -> None:
        """Let go of all files."""


#: Opens a source; what it is given wakes the asker up when there is something new to see.
Opener = Callable[[Callable[[], None]], Source]
