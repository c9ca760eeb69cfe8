"""The chart: a stacked area of the whole history, as PNG, SVG or PDF. Needs the extra `chart`.

Everything has its place outside of the data: title, peak and quality above, groups on the right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..analysis.coverage import UNSEEN
from ..analysis.identity import OTHER, is_rest
from ..analysis.timeline import Series, Timeline, merge_smallest, reduce
from ..clocks import STEADY, TimeAxis
from ..metrics import IN_RAM, LAYOUT
from ..model import LayoutState
from ..units import format_duration, format_size, format_time, group_digits, plural
from .axis import count_marks, in_sight, size_marks, time_marks
from .cgroup_text import whose
from .colours import Coloured, colours_of
from .elide import elide, elide_process
from .escape import escape
from .picture import FAINT, INK, LARGE, NORMAL, SMALL, Sheet, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from ..answers.cgroups import CgroupStory

FORMATS = ("png", "svg", "pdf")
#: A picture has to have room for its axes and some of its legend.
SMALLEST = (400, 240)

_TORN = "#c8102e"
_NO_LAYOUT = "#9aa1a9"
_JUMP = "#8250df"
_CGROUP = "#0b7285"
_LEFT, _TOP, _BOTTOM, _RIGHT = 74, 74, 46, 14
_ROW = 16.5
_STRIP = 5
#: More jumps of the clock than this are lines without words.
_NAMED_JUMPS = 4
_DASHES = (0, (4, 2.5))


class ChartView(NamedTuple):
    """A timeline, not yet reduced, and what it shows in a few words; `notes` are further lines.

    `axis` says what the clock showed at its times, and where it jumped. `limit` is what the
    figure can be at most: drawn where it comes near. So is the memory of the `cgroup` beside a
    figure of what is in RAM.
    """

    timeline: Timeline
    title: str
    notes: tuple[str, ...] = ()
    axis: TimeAxis = STEADY
    limit: int | None = None
    cgroup: CgroupStory | None = None


def render(view: ChartView, file_format: str, width: int = 1200, height: int = 600) -> bytes:
    """Draw the chart; `width` and `height` are pixels (of a PDF or SVG: hundredths of an inch).

    Raises MissingExtra if matplotlib is not installed.
    """
    return draw(
        lambda figure: _Chart(figure, view, width, height).draw(), file_format, width, height
    )


class Grid(NamedTuple):
    """The columns of pixels of a plot, in time: `first_ns` is the left edge of the first one.

    All that is drawn begins and ends at edges of columns. A peak that lasts for a thousandth of a
    pixel thus is a pixel wide, and as dark as any other.
    """

    first_ns: int
    last_ns: int
    columns: int

    def column(self, time_ns: int) -> int:
        """The column of an instant, as reduce() chooses it."""
        return (time_ns - self.first_ns) * self.columns // (self.last_ns - self.first_ns)


def steps(
    times: Sequence[int],
    until: Sequence[int],
    values: Sequence[int | None],
    grid: Grid,
    risers: bool = True,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Turn values that stand until some time into points of a line, in columns and bytes.

    NaN is where it breaks, without `risers` behind each level. Instants without a value add
    nothing: what stands goes on.
    """
    import numpy as np  # noqa: PLC0415

    rows = [row for row in zip(times, until, values, strict=True) if row[2] is not None]
    if not rows:
        return np.empty(0), np.empty(0)
    starts = [grid.column(time) for time, _, _ in rows]
    after = [*(time for time, _, _ in rows[1:]), None]
    joined = [
        following is not None and end >= following
        for (_, end, _), following in zip(rows, after, strict=True)
    ]
    ends = [
        following if one else max(grid.column(end - 1), start) + 1
        for one, start, following, (_, end, _) in zip(
            joined, starts, [*starts[1:], 0], rows, strict=True
        )
    ]
    points = np.full((len(rows), 3, 2), np.nan)
    points[:, 0] = list(zip(starts, (row[2] for row in rows), strict=True))
    points[:, 1] = points[:, 0]
    points[:, 1, 0] = ends
    if risers:
        # Where the next instant follows at once there is no break between the two.
        points[joined, 2] = points[joined, 1]
    flat = points.reshape(-1, 2)
    return flat[:, 0], flat[:, 1]


class _Chart(Sheet):
    """One picture being drawn. Places are pixels from the top left corner unless said otherwise."""

    def __init__(self, figure: Figure, view: ChartView, width: int, height: int) -> None:
        super().__init__(figure, width, height)
        self._view = view
        self._legend_width = min(max(round(width * 0.25), 150), 330)
        self._plot_width = width - _LEFT - self._legend_width - _RIGHT
        self._plot_height = height - _TOP - _BOTTOM
        self._whole = view.timeline
        origin = self._whole.times_ns[0] if len(self._whole) else 0
        end = max([origin + 1, *self._whole.read_until_ns])
        if len(self._whole) and end == self._whole.times_ns[-1]:
            # The last one stands for no time, as a capture does: it takes a column all the same.
            end += max((end - origin) // max(self._plot_width - 1, 1), 1)
        self._grid = Grid(origin, end, self._plot_width)
        self._in_ram = view.timeline.figure in IN_RAM
        self._counts = view.timeline.figure == "mappings"
        self._cgroup = view.cgroup if self._in_ram else None
        reduced = reduce(view.timeline, self._plot_width, origin, end)
        self._timeline = merge_smallest(reduced, self._groups_that_fit())
        biggest = sorted(self._timeline.groups, key=lambda series: -series.peak)
        shades = colours_of(
            view.timeline.by, [Coloured(each.key, each.kind, each.name) for each in biggest]
        )
        self._colours = {each.key: shade.light for each, shade in zip(biggest, shades, strict=True)}
        self._highest = self._find_highest()
        self._axes = self._make_axes()

    def draw(self) -> None:
        """Draw all of it."""
        self._draw_scale()
        self._draw_gaps()
        self._draw_pauses()
        self._draw_jumps()
        if self._timeline.is_stacked:
            self._draw_stack()
        else:
            self._draw_apart()
        self._draw_lines()
        self._draw_limit()
        self._draw_cgroup()
        self._draw_quality()
        self._draw_head()
        self._draw_legend()

    def _find_highest(self) -> int:
        timeline = self._timeline
        values = [value for value in (*timeline.total, *timeline.sums) if value is not None]
        if not timeline.is_stacked:
            values += [series.peak for series in timeline.groups]
        if self._in_ram:
            for line in (self._timeline.resident_highest, self._timeline.high_water_mark):
                values += [value for value in line if value is not None]
        for each in self._in_sight(max(values, default=0)):
            values.append(each)
        return max([1, *values])

    def _in_sight(self, highest: int) -> list[int]:
        """What is drawn beside the processes only where they come near it."""
        found = [] if self._view.limit is None else [self._view.limit]
        if self._cgroup is not None:
            found += [self._cgroup.highest, *filter(None, self._cgroup.limit)]
        return [each for each in found if in_sight(each, highest)]

    def _make_axes(self) -> Axes:
        axes = self._plot(_LEFT, _TOP, self._plot_width, self._plot_height)
        axes.set_xlim(0, self._plot_width)
        axes.set_ylim(0, self._highest * 1.05)
        return axes

    def _draw_scale(self) -> None:
        axes = self._axes
        marks = count_marks if self._counts else size_marks
        sizes = marks(round(self._highest * 1.05), max(self._plot_height // 50, 2))
        axes.set_yticks([mark.place for mark in sizes], [mark.text for mark in sizes])
        first, last, _ = self._grid
        times = time_marks(first, last, max(self._plot_width // 95, 1), self._view.axis)
        axes.set_xticks([self._x(mark.place) for mark in times], [mark.text for mark in times])

    def _draw_gaps(self) -> None:
        """Hatch where no layout stands; where nobody looked at all, there is nothing."""
        for start, end in _spans_without(self._timeline):
            self._axes.axvspan(
                *(self._x(start), self._x(end)),
                facecolor="#f3f4f6",
                edgecolor="#cfd4da",
                hatch="////",
                linewidth=0,
                zorder=1,
            )

    def _draw_pauses(self) -> None:
        """Say of the empty places in which nobody looked that they are no data."""
        timeline = self._timeline
        for until, after in zip(timeline.read_until_ns, timeline.times_ns[1:], strict=False):
            if self._x(after) - self._x(until) > 90:
                self._axes.text(
                    *((self._x(until) + self._x(after)) / 2, 0.5, "not recorded"),
                    transform=self._axes.get_xaxis_transform(),
                    color=FAINT,
                    ha="center",
                    va="center",
                    bbox={"facecolor": "white", "edgecolor": "none"},
                )

    def _draw_jumps(self) -> None:
        """A line where the clock was set or the machine slept; what happened, where there is room.

        The words stand on the side that has more room; with many jumps only the lines do.
        """
        jumps = self._view.axis.jumps_between(self._grid.first_ns, self._grid.last_ns)
        for jump in jumps:
            x = self._x(jump.place_ns)
            self._axes.axvline(x, color=_JUMP, linewidth=1.0, linestyle=(0, (1, 1.5)), zorder=6)
            if len(jumps) > _NAMED_JUMPS:
                continue
            left = x > self._plot_width / 2
            self._axes.annotate(
                jump.text,
                (x, 0.98),
                xycoords=self._axes.get_xaxis_transform(),
                xytext=(-4 if left else 4, 0),
                textcoords="offset points",
                ha="right" if left else "left",
                va="top",
                fontsize=SMALL,
                color=_JUMP,
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5},
                zorder=7,
            )

    def _draw_stack(self) -> None:
        """Paint from the top group down, each over the whole below it: no seams between two."""
        timeline = self._timeline
        upper = [0 if total is not None else None for total in timeline.total]
        heights: list[list[int | None]] = []
        for series in timeline.groups:
            upper = [
                None if height is None else height + (value or 0)
                for height, value in zip(upper, series.values, strict=True)
            ]
            heights.append(upper)
        for number in reversed(range(len(heights))):
            x, y = steps(timeline.times_ns, timeline.until_ns, heights[number], self._grid)
            colour = self._colours[timeline.groups[number].key]
            self._axes.fill_between(x, 0, y, facecolor=colour, linewidth=0, zorder=2)
            if number + 1 < len(heights):
                # Level parts only: lines upwards would whiten a peak that is a pixel wide.
                x, y = steps(
                    *(timeline.times_ns, timeline.until_ns, heights[number], self._grid, False)
                )
                self._axes.plot(
                    *(x, y),
                    color="white",
                    linewidth=0.5,
                    alpha=0.75,
                    zorder=2,
                    solid_capstyle="butt",
                )

    def _draw_apart(self) -> None:
        """Draw each group by itself: nothing says what they come to together."""
        timeline = self._timeline
        for series in timeline.groups:
            x, y = steps(timeline.times_ns, timeline.until_ns, series.values, self._grid)
            colour = self._colours[series.key]
            self._axes.plot(x, y, color=colour, linewidth=1.6, zorder=3)

    def _draw_lines(self) -> None:
        timeline = self._timeline
        x, y = steps(timeline.times_ns, timeline.read_until_ns, timeline.sums, self._grid)
        self._axes.plot(x, y, color=INK, linewidth=1.1, zorder=4)
        if not self._in_ram:
            return
        for values, style, width in (
            (timeline.high_water_mark, _DASHES, 1.0),
            (timeline.resident_highest, "-", 1.1),
        ):
            x, y = steps(timeline.times_ns, timeline.read_until_ns, values, self._grid)
            self._axes.plot(x, y, color=INK, linewidth=width, linestyle=style, zorder=4)

    def _draw_limit(self) -> None:
        limit = self._view.limit
        if limit is not None and limit <= self._highest:
            self._axes.axhline(limit, color=_TORN, linewidth=1.0, linestyle=_DASHES, zorder=4)

    def _draw_cgroup(self) -> None:
        """Its memory in use, the same without page cache, and its limit."""
        story = self._cgroup
        if story is None or story.highest > self._highest:
            return
        for values, colour, style in (
            (story.current, _CGROUP, "-"),
            (story.kept, _CGROUP, _DASHES),
            (story.limit, _TORN, _DASHES),
        ):
            x, y = steps(story.times, story.until, values, self._grid)
            self._axes.plot(x, y, color=colour, linewidth=1.1, linestyle=style, zorder=4)

    def _draw_quality(self) -> None:
        """A strip above the plot: which columns had torn layouts, or none."""
        timeline = self._timeline
        for counts, colour in ((timeline.gaps, _NO_LAYOUT), (timeline.torn, _TORN)):
            spans = [
                (self._x(time), max(self._x(until) - self._x(time), 2))
                for time, until, count in zip(
                    timeline.times_ns, timeline.read_until_ns, counts, strict=True
                )
                if count
            ]
            height = _STRIP / self._plot_height
            self._axes.broken_barh(
                spans,
                (1.0, height),
                transform=self._axes.get_xaxis_transform(),
                facecolor=colour,
                linewidth=0,
                clip_on=False,
                zorder=5,
            )

    def _draw_head(self) -> None:
        room = self._width - _LEFT - _RIGHT
        self._text(_LEFT, 20, self._elided(self._view.title, room, LARGE), LARGE, weight="bold")
        about = " · ".join((*self._facts(), *self._view.notes))
        self._text(_LEFT, 37, self._elided(about, room, NORMAL), NORMAL, colour=FAINT)
        self._draw_peak()

    def _facts(self) -> list[str]:
        timeline = self._whole
        if not len(timeline):
            return ["nothing was recorded in this span"]
        wall = self._view.axis.wall
        first, last = (format_time(wall(timeline.times_ns[end])) for end in (0, -1))
        told = sum(height is not None for height in timeline.heights)
        summed = any(each is not None for each in timeline.sums)
        what = ("sum", "sums") if summed else ("layout", "layouts")
        return [
            f"{first[:19].replace('T', ' ')} to {last[11 if first[:10] == last[:10] else 0 : 19]}",
            plural_of(told, *what) if timeline.is_stacked else "each by itself",
            *self._jumps(),
        ]

    def _jumps(self) -> list[str]:
        jumps = self._view.axis.jumps_between(self._grid.first_ns, self._grid.last_ns)
        return (
            [jump.text for jump in jumps[:1]] if len(jumps) < 2 else [f"{len(jumps)} clock jumps"]
        )

    def _draw_peak(self) -> None:
        position = self._timeline.peak
        if position is None:
            return
        timeline = self._timeline
        size, time = timeline.heights[position], timeline.times_ns[position]
        assert size is not None
        x = self._grid.column(time) + 0.5
        self._axes.plot([x, x], [size, self._highest * 1.05], color=INK, linewidth=0.8, zorder=5)
        self._axes.plot(
            [x], [size], marker="o", markersize=4.5, color=INK, markeredgecolor="white", zorder=6
        )
        torn = " (torn)" if timeline.states[position] is LayoutState.TORN else ""
        text = f"peak {self._amount(size)}{torn}  {format_time(self._view.axis.wall(time))[11:]}"
        half = self._measure(text, NORMAL, "bold") / 2
        centre = min(max(_LEFT + x, _LEFT + half), _LEFT + self._plot_width - half)
        self._text(centre, _TOP - _STRIP - 8, text, NORMAL, weight="bold", align="center")

    # -- the legend -------------------------------------------------------------------------------

    def _draw_legend(self) -> None:
        left = _LEFT + self._plot_width + 16
        right = self._width - _RIGHT
        rows = self._special_rows()
        y = _TOP + 4.0
        for row in rows:
            self._legend_row(left, right, y, row)
            y += _ROW
        y += 6 if rows else 0
        place = self._legend_place()
        if not self._timeline.groups or (place is None and self._timeline.is_stacked):
            return
        self._text(right, y, self._legend_time(place), SMALL, colour=FAINT, align="right")
        title = f"{LAYOUT[self._timeline.figure].title} by {self._timeline.by}"
        self._text(left, y, title, SMALL, colour=FAINT)
        y += _ROW

        def size_of(series: Series) -> int | None:
            return series.peak if place is None else series.values[place]

        biggest = sorted(self._timeline.groups, key=lambda series: -(size_of(series) or 0))
        for series in sorted(biggest, key=lambda series: series.key == OTHER):
            name = escape(series.name) or "(no name)"
            if is_rest(series.key):
                others = plural_of(series.stands_for, "other", "others")
                name = others if series.kind is None else f"{others}: {series.kind.value}"
            size = self._amount(size_of(series))
            self._legend_row(left, right, y, _Row(name, size, "patch", self._colours[series.key]))
            y += _ROW

    def _groups_that_fit(self) -> int:
        """For how many groups the legend has room, below its lines and its title."""
        rows = len(self._special_rows())
        first = _TOP + 4 + rows * _ROW + (6 if rows else 0) + _ROW
        return max(int((self._height - 8 - first) / _ROW) + 1, 1)

    def _legend_place(self) -> int | None:
        """Position of the groups whose sizes the legend shows: those that stood at the peak."""
        timeline = self._timeline
        return None if timeline.peak is None else timeline.standing(timeline.peak)

    def _legend_time(self, place: int | None) -> str:
        timeline = self._timeline
        if place is None or timeline.peak is None:
            return "highest of each"
        away = timeline.times_ns[timeline.peak] - timeline.times_ns[place]
        if not away:
            return "at the peak"
        return f"{format_duration(abs(away))} {'before' if away > 0 else 'after'} the peak"

    def _special_rows(self) -> list[_Row]:
        whole = self._whole
        rows = []
        sums = [each for each in whole.sums if each is not None]
        if sums:
            title = "sum of all" if self._legend_width > 240 else "sum"
            rows.append(_Row(title, "max " + self._amount(max(sums)), "line", INK))
        if self._in_ram:
            for title, values, style in (
                (
                    "VmHWM, high-water mark" if self._legend_width > 240 else "VmHWM",
                    whole.high_water_mark,
                    "dashed",
                ),
                ("RSS (statm)", whole.resident_highest, "line"),
            ):
                told = [value for value in values if value is not None]
                if told:
                    word = "max " if self._legend_width > 240 else ""
                    rows.append(_Row(title, word + format_size(max(told)), style, INK))
        rows += self._cgroup_rows()
        torn, gaps = sum(whole.torn), sum(whole.gaps)
        if torn:
            rows.append(_Row("torn layouts", group_digits(torn), "strip", _TORN))
        if gaps:
            rows.append(_Row(_why(whole), group_digits(gaps), "hatch", _NO_LAYOUT))
        return rows

    def _cgroup_rows(self) -> list[_Row]:
        story = self._cgroup
        if story is None:
            return []
        wide = self._legend_width > 240
        word = "max " if wide else ""
        found = [
            _Row(f"cgroup {escape(story.path)}", word + format_size(story.highest), "line", _CGROUP)
        ]
        kept = max((size for size in story.kept if size is not None), default=None)
        if kept is not None:
            title = "… without page cache" if wide else "… no cache"
            found.append(_Row(title, word + format_size(kept), "dashed", _CGROUP))
        if limits := [each for each in story.limits if each is not None]:
            above = whose(story.path, limits[-1])
            title = f"… limit {above}" if above else "… its limit"
            found.append(_Row(title, format_size(limits[-1].size), "dashed", _TORN))
        return found

    def _legend_row(self, left: float, right: float, y: float, row: _Row) -> None:
        self._sample(left, y, row)
        self._text(right, y, row.size, NORMAL, align="right")
        room = right - left - 18 - self._measure(row.size, NORMAL) - 8
        shorten = elide_process if self._timeline.by == "process" else elide
        name = shorten(row.name, room, lambda part: self._measure(part, NORMAL))
        self._text(left + 18, y, name, NORMAL)

    def _sample(self, left: float, y: float, row: _Row) -> None:
        from matplotlib.lines import Line2D  # noqa: PLC0415
        from matplotlib.patches import Rectangle  # noqa: PLC0415

        def place(x: float, down: float) -> tuple[float, float]:
            return x / self._width, 1 - down / self._height

        if row.style in ("line", "dashed"):
            (x1, y1), (x2, y2) = place(left, y), place(left + 13, y)
            line = Line2D([x1, x2], [y1, y2], color=row.colour, linewidth=1.1)
            line.set_linestyle("-" if row.style == "line" else _DASHES)
            self._figure.add_artist(line)
            return
        height = 4 if row.style == "strip" else 11
        patch = Rectangle(
            place(left + 1, y + height / 2),
            *(11 / self._width, height / self._height),
            facecolor="#f3f4f6" if row.style == "hatch" else row.colour,
            edgecolor="#b4bac1",
            hatch="/////" if row.style == "hatch" else None,
            linewidth=0,
        )
        self._figure.add_artist(patch)

    # -- help -------------------------------------------------------------------------------------

    def _x(self, time_ns: int) -> float:
        """Pixels from the left edge of the plot."""
        first, last, columns = self._grid
        return (time_ns - first) / (last - first) * columns

    def _amount(self, size: int | None) -> str:
        """A value of the figure that is drawn: bytes, or how many."""
        if not self._counts:
            return format_size(size)
        return "–" if size is None else group_digits(size)


class _Row(NamedTuple):
    """One line of the legend; `style` is how its sample looks."""

    name: str
    size: str
    style: str
    colour: str


def plural_of(count: int, one: str, many: str) -> str:
    """`1 layout`, `12 000 layouts`."""
    return plural(count, one, many) if count < 1000 else f"{group_digits(count)} {many}"


def _spans_without(timeline: Timeline) -> list[tuple[int, int]]:
    """Times in which the process was looked at, and had memory, but no layout stands."""
    spans: list[tuple[int, int]] = []
    standing = -(2**63)
    for position, (time, read_until) in enumerate(
        zip(timeline.times_ns, timeline.read_until_ns, strict=True)
    ):
        known = timeline.total[position] is not None
        if known:
            standing = timeline.until_ns[position]
        start = max(time, standing)
        if start >= read_until or not (known or timeline.states[position] in UNSEEN):
            continue
        if spans and spans[-1][1] >= start:
            spans[-1] = (spans[-1][0], read_until)
        else:
            spans.append((start, read_until))
    return spans


def _why(timeline: Timeline) -> str:
    """Say why there is no layout where there is none."""
    states = {state for state, gap in zip(timeline.states, timeline.gaps, strict=True) if gap}
    reasons = sorted(LayoutState(state).label for state in states)
    return f"no layout ({', '.join(reasons)})" if reasons else "no layout"
