"""The two lines on top: what is shown, of when, and its figures."""

from __future__ import annotations

from typing import NamedTuple

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from ..analysis.cgroup_parts import parts
from ..answers.cgroups import CgroupAt
from ..model import Reading
from ..render.colours import Shades
from ..render.escape import escape
from ..units import format_size, group_digits, plural
from .lines_widget import Lines
from .paint import (
    ACCENT,
    BAD,
    FAINT,
    GOOD,
    RAISED,
    TEXT,
    WARNING,
    date_and_clock,
    fit,
    spread,
    style,
)
from .view import FIGURE_TITLES, FIGURES, Snapshot

_Pieces = list[tuple[str, Style]]


class Transport(NamedTuple):
    """Whether time goes on: the sign, the word and its colour."""

    text: str
    colour: Shades


LIVE = Transport("● LIVE", GOOD)
FROZEN = Transport("❚❚ FROZEN", WARNING)
ENDED = Transport("■ ENDED", BAD)
PAUSED = Transport("❚❚ PAUSED", WARNING)


def playing(rate: float) -> Transport:
    """So many instants a second."""
    return Transport(f"▶ {rate:g}/s", GOOD)


class Header(Lines):
    """Title and time; below, the sums of what is shown."""

    snapshot: Snapshot | None = None
    transport = PAUSED
    is_live = False

    def draw(self, width: int, height: int) -> list[Strip]:
        """Two lines."""
        fill = style(TEXT, RAISED)
        if self.snapshot is None:
            return [spread([(" reading …", style(FAINT, RAISED))], [], width, fill)] * 2
        return [self._first(self.snapshot, width), self._second(self.snapshot, width)]

    def _first(self, snapshot: Snapshot, width: int) -> Strip:
        right: _Pieces = [
            (self.transport.text, style(self.transport.colour, RAISED, True)),
            (f"  {self._when(snapshot, width)} ", style(TEXT, RAISED)),
        ]
        room = width - sum(cell_len(text) for text, _ in right) - 1
        name = f" {escape(snapshot.title)}"
        if cell_len(name) > room:
            name = fit(name, room - 1) + "…"
        return spread([(name, style(TEXT, RAISED, True))], right, width, style(TEXT, RAISED))

    def _when(self, snapshot: Snapshot, width: int) -> str:
        if snapshot.time is None:
            return "nothing recorded"
        when = date_and_clock(snapshot.clock.wall(snapshot.time))
        if width < 70:
            when = when[11:]
        if self.is_live or snapshot.tick is None or width < 60:
            return when
        number = snapshot.ticks.index(snapshot.tick) + 1
        return f"{when}  {number}/{len(snapshot.ticks)}"

    def _second(self, snapshot: Snapshot, width: int) -> Strip:
        left: _Pieces = [(" ", style(FAINT, RAISED))]
        for title, value, chosen in self._figures(snapshot):
            pieces = [
                (f"{title} ", style(ACCENT if chosen else FAINT, RAISED, chosen)),
                (f"{value}  ", style(TEXT, RAISED, chosen)),
            ]
            left += pieces
        right = self._state(snapshot)
        taken = sum(cell_len(text) for text, _ in (*left, *right))
        while taken > width and len(left) > 3:
            taken -= cell_len(left.pop()[0]) + cell_len(left.pop()[0])
        return spread(left, right, width, style(TEXT, RAISED))

    def _figures(self, snapshot: Snapshot) -> list[tuple[str, str, bool]]:
        sizes, figure = snapshot.total.sizes, snapshot.question.figure
        found = [
            (FIGURE_TITLES[name], format_size(getattr(sizes, name)), name == figure)
            for name in FIGURES
            if getattr(sizes, name) is not None or name == figure
        ]
        hugetlb = snapshot.whole.sizes.hugetlb  # beside USS, which has the private ones
        if hugetlb or figure == "hugetlb":
            title = FIGURE_TITLES["hugetlb"]
            found.append((title, format_size(hugetlb), figure == "hugetlb"))
        reading = snapshot.reading
        if reading is not None and reading.high_water_mark is not None:
            found.append(("VmHWM", format_size(reading.high_water_mark), False))
        if snapshot.cgroup is not None:
            found += _of_cgroup(snapshot.cgroup)
        if snapshot.total.mappings is not None:
            limit = snapshot.most_mappings
            count = snapshot.total.mappings
            most = (
                _noun(count, "mapping") if limit is None else f"of {group_digits(limit)} mappings"
            )
            found.append((group_digits(count), most, False))
        if reading is not None and reading.threads is not None:
            found.append((str(reading.threads), _noun(reading.threads, "thread"), False))
        if snapshot.cpu_share is not None:
            found.append(("CPU", f"{100 * snapshot.cpu_share:.0f} %", False))
        if reading is not None:
            found += self._beside(reading)
        return found

    @staticmethod
    def _beside(reading: Reading) -> list[tuple[str, str, bool]]:
        """What a process did so far."""
        found = []
        if reading.major_faults is not None and reading.minor_faults is not None:
            faults = reading.minor_faults + reading.major_faults
            found.append((group_digits(faults), _noun(faults, "fault"), False))
        if reading.voluntary_switches is not None and reading.involuntary_switches is not None:
            switches = reading.voluntary_switches + reading.involuntary_switches
            found.append((group_digits(switches), _noun(switches, "switch", "switches"), False))
        return found

    def _state(self, snapshot: Snapshot) -> _Pieces:
        if snapshot.state is None:
            processes = plural(snapshot.process_count, "process", "processes")
            return [(f"{processes} ", style(FAINT, RAISED))]
        good = snapshot.state.is_sound
        look = style(FAINT, RAISED) if good else style(WARNING, RAISED, True)
        return [(f"{snapshot.state.label} ", look)]


def _of_cgroup(cgroup: CgroupAt) -> list[tuple[str, str, bool]]:
    """Its memory in use, and of how much; of that, the page cache and what is in tmpfs."""
    figures = cgroup.figures
    current, limit = figures.get("current"), cgroup.limit()
    if current is None:
        return []
    most = "" if limit is None else f" of {format_size(limit.size)}"
    sizes = {part.key: part.size for part in parts(figures)}
    return [
        ("cgroup", f"{format_size(current)}{most}", False),
        *(
            (title, format_size(sizes[key]), False)
            for key, title in (("cache", "page cache"), ("shared", "tmpfs"))
            if sizes.get(key)
        ),
    ]


def _noun(count: int, one: str, many: str | None = None) -> str:
    return one if count == 1 else many or f"{one}s"
