"""The table of groups, mappings or processes: sorted, filtered, scrolled; drawn line by line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from rich.cells import cell_len
from rich.style import Style
from textual.message import Message
from textual.strip import Strip

from ..analysis.identity import By
from ..model import LayoutState
from ..render.colours import Shades
from ..render.elide import elide, elide_process
from ..render.escape import escape
from ..units import group_digits
from .folding import fold, group_of, is_long
from .grouping import add_told
from .lines_widget import Lines
from .paint import (
    ACCENT,
    BACKGROUND,
    CURSOR,
    FAINT,
    GOOD,
    RAISED,
    TEXT,
    WARNING,
    blend,
    fit,
    line,
    pattern,
    short_size,
    signed_size,
    style,
)
from .view import FIGURE_TITLES, FIGURES, RARE, Row, ShownFigure, Sizes, Snapshot

_NAME = "name"
_CHANGE = "change"
_TITLES = {"kind": "KIND", "name": "NAME", "mapping": "MAPPING", "process": "PROCESS"}
_SIZE_WIDTH = 10
_SHARE = 0.30
#: Between a name and its detail; a detail that had less room than that is left out.
_APART = 3
_LEAST_DETAIL = 16
#: Lines besides the rows: titles above, the sum below.
_FRAME = 2


class _Column(NamedTuple):
    """A column right of the names; shown from that width of the terminal on."""

    key: str
    title: str
    width: int
    from_width: int = 0


_COLUMNS = (
    _Column("label", "KIND", 17, 118),
    *(_Column(figure, FIGURE_TITLES[figure].upper(), _SIZE_WIDTH) for figure in FIGURES),
    _Column("hugetlb", FIGURE_TITLES["hugetlb"].upper(), _SIZE_WIDTH),
    _Column("lazy_free", FIGURE_TITLES["lazy_free"].upper(), _SIZE_WIDTH + 1, 96),
    _Column("address_space", "SIZE", _SIZE_WIDTH, 104),
    _Column("mappings", "MAPS", 7, 78),
    _Column(_CHANGE, "CHANGE", 12),
)


@dataclass
class Order:
    """How rows are sorted: by which column, and whether the largest is on top."""

    key: str = "pss"
    descending: bool = True


def _value(row: Row, key: str, figure: ShownFigure) -> int | str | None:
    """What stands in a column: a size, the change, or the field of the row that its key names."""
    if key == _CHANGE:
        return row.change(figure)
    value: int | str | None = getattr(row.sizes if key in Sizes._fields else row, key)
    return value


def sort_rows(rows: list[Row], order: Order, figure: ShownFigure) -> list[Row]:
    """Sort; what was not reported comes last whichever way. Changes count by how large they are."""
    told: list[tuple[int | str, Row]] = []
    untold = []
    for row in rows:
        value = _value(row, order.key, figure)
        if value is None:
            untold.append(row)
        elif order.key == _CHANGE and isinstance(value, int):
            told.append((abs(value), row))
        else:
            told.append((value, row))
    told.sort(key=lambda pair: pair[1].name)
    told.sort(key=lambda pair: -(getattr(pair[1].sizes, figure) or 0))
    told.sort(key=lambda pair: pair[0], reverse=order.descending)
    return [row for _, row in told] + sorted(untold, key=lambda row: row.name)


class Table(Lines):
    """Shows the rows of a snapshot."""

    class Opened(Message):
        """A row was chosen."""

        def __init__(self, row: Row) -> None:
            super().__init__()
            self.row = row

    def __init__(self, *, id: str) -> None:  # noqa: A002 - textual's word
        super().__init__(id=id)
        self.snapshot: Snapshot | None = None
        self.order = Order()
        self.filter = ""
        self.rows: list[Row] = []
        self._matching: list[Row] = []  # what the filter left, before groups are folded
        self._is_folded: bool | None = None  # None: if the list is long
        self._unfolded: set[str] = set()
        self.cursor = 0
        self._cursor_key: str | None = None  # once it was moved, it stays with its row
        self._top = 0

    # -- what is shown ----------------------------------------------------------------------------

    def show(self, snapshot: Snapshot) -> None:
        """Show other rows, in the order and with the filter that were chosen."""
        self.snapshot = snapshot
        self.sort_and_filter()

    def sort_and_filter(self) -> None:
        """Sort and filter anew."""
        if self.snapshot is None:
            return
        wanted = self.filter.casefold()
        rows = [
            row
            for row in self.snapshot.rows
            if any(wanted in text.casefold() for text in (row.name, row.label, row.detail))
        ]
        self._matching = rows
        if self.is_folded:
            rows = fold(rows, self._unfolded)
        if self.order.key == _CHANGE and self.snapshot.mark_time is None:
            self.order = Order(self.snapshot.question.figure)
        self.rows = sort_rows(rows, self.order, self.snapshot.question.figure)
        self._find_cursor()
        self.redraw()

    def _find_cursor(self) -> None:
        if self._cursor_key is not None:
            keys = [row.key for row in self.rows]
            if self._cursor_key in keys:
                self.cursor = keys.index(self._cursor_key)
        self.cursor = max(min(self.cursor, len(self.rows) - 1), 0)
        room = self._room
        self._top = max(min(self._top, self.cursor), self.cursor - room + 1)
        self._top = max(min(self._top, len(self.rows) - room), 0)

    @property
    def _room(self) -> int:
        return max(self.size.height - _FRAME, 1)

    @property
    def current(self) -> Row | None:
        """The row the cursor is on."""
        return self.rows[self.cursor] if self.rows else None

    def reset_cursor(self) -> None:
        """Go to the top and stay there, whatever row that is."""
        self.cursor, self._top, self._cursor_key = 0, 0, None

    def move(self, rows: int) -> None:
        """Move the cursor by so many rows."""
        self.cursor = max(min(self.cursor + rows, len(self.rows) - 1), 0)
        self._cursor_key = self.rows[self.cursor].key if self.rows and self.cursor else None
        self._find_cursor()
        self.redraw()

    def page(self, pages: int) -> None:
        """Move the cursor by so many pages."""
        self.move(pages * self._room)

    # -- folding ----------------------------------------------------------------------------------

    @property
    def is_folded(self) -> bool:
        """Whether processes that do the same share a row."""
        if self.snapshot is None:
            return False
        rows = self.snapshot.rows
        return is_long(rows) if self._is_folded is None else self._is_folded

    def toggle_folds(self) -> None:
        """Fold all groups, or unfold them if any is folded."""
        self._is_folded = not (self.is_folded and any(map(group_of, self.rows)))
        self._unfolded.clear()
        self.sort_and_filter()

    def unfold(self, group: str) -> None:
        """Show the processes of one group each in a row of its own."""
        self._unfolded.add(group)
        self.sort_and_filter()

    # -- sorting ----------------------------------------------------------------------------------

    def columns(self) -> list[_Column]:
        """The columns that there is room for, besides the name."""
        marked = self.snapshot is not None and self.snapshot.mark_time is not None
        by = self.snapshot.question.by if self.snapshot else "kind"
        width = self.size.width - (0 if not marked else 10)
        rows = self.snapshot.rows if self.snapshot else ()
        absent = {name for name in RARE if not any(getattr(row.sizes, name) for row in rows)}
        return [
            column._replace(title="STATE" if by == "process" else column.title)
            if column.key == "label"
            else column
            for column in _COLUMNS
            if width >= column.from_width
            and column.key not in absent
            and (column.key != _CHANGE or marked)
            and (column.key != "label" or by != "kind")
            and (column.key != "mappings" or by != "mapping")
        ]

    def sort_by_next(self, step: int) -> None:
        """Sort by the column right (1) or left (-1) of that by which it is sorted."""
        keys = [_NAME, *(column.key for column in self.columns())]
        place = keys.index(self.order.key) if self.order.key in keys else 0
        self.sort_by(keys[(place + step) % len(keys)])

    def sort_by(self, key: str) -> None:
        """Sort by a column; by the same one once more, the other way round."""
        if key == self.order.key:
            self.order = Order(key, not self.order.descending)
        else:
            self.order = Order(key, key not in (_NAME, "label"))
        self.sort_and_filter()

    # -- the mouse --------------------------------------------------------------------------------

    def on_click(self, event: object) -> None:
        """Titles sort, rows take the cursor; the row that has it opens."""
        x, y = getattr(event, "x", 0), getattr(event, "y", 0)
        if y == 0:
            self.sort_by(self._column_at(x))
        elif 1 <= y <= self._room and self._top + y - 1 < len(self.rows):
            chosen = self._top + y - 1
            if chosen == self.cursor:
                self.post_message(self.Opened(self.rows[chosen]))
            self.move(chosen - self.cursor)

    def _column_at(self, x: int) -> str:
        left = self.size.width - 1
        for column in reversed(self.columns()):
            left -= column.width
            if x >= left:
                return column.key
        return _NAME

    def on_mouse_scroll_down(self) -> None:
        """Move on."""
        self.move(3)

    def on_mouse_scroll_up(self) -> None:
        """Move back."""
        self.move(-3)

    # -- drawing ----------------------------------------------------------------------------------

    def draw(self, width: int, height: int) -> list[Strip]:
        """Titles, rows, and the sum."""
        snapshot = self.snapshot
        if snapshot is None:
            return [line([], width)] * height
        columns = self.columns()
        name_width = width - sum(column.width for column in columns) - 3
        figure = snapshot.question.figure
        shown = self.rows[self._top : self._top + self._room]
        largest = max((getattr(row.sizes, figure) or 0 for row in self.rows), default=0)
        strips = [self._titles(columns, name_width, width)]
        for number, row in enumerate(shown, start=self._top):
            strips.append(self._row(row, number, columns, name_width, width, largest))
        strips += [line([], width)] * (self._room - len(shown))
        if not self.rows and self._room > 1:
            strips[2 if self._room > 2 else 1] = line([(self._why_empty(), style(FAINT))], width)
        strips.append(self._sum(snapshot, columns, name_width, width))
        return strips

    def _why_empty(self) -> str:
        assert self.snapshot is not None
        if self.snapshot.rows:
            return f"   nothing matches {escape(self.filter)!r}"
        state = self.snapshot.state
        return f"   no mappings: {state.meaning}" if state is not None else "   nothing"

    def _titles(self, columns: list[_Column], name_width: int, width: int) -> Strip:
        assert self.snapshot is not None
        figure = self.snapshot.question.figure
        sign = "▼" if self.order.descending else "▲"

        def title(key: str, text: str) -> tuple[str, Style]:
            text = text + sign if key == self.order.key else text
            chosen = key == figure
            colour = ACCENT if chosen else TEXT if key == self.order.key else FAINT
            return text, style(colour, RAISED, chosen or key == self.order.key)

        text, look = title(_NAME, _TITLES[self.snapshot.question.by])
        pieces = [(fit(f"  {text}", name_width + 2), look)]
        for column in columns:
            text, look = title(column.key, column.title)
            side = "<" if column.key == "label" else ">"
            pieces.append((f" {text:{side}{column.width - 1}}", look))
        return line(pieces, width, style(TEXT, RAISED))

    def _row(
        self,
        row: Row,
        number: int,
        columns: list[_Column],
        name_width: int,
        width: int,
        largest: int,
    ) -> Strip:
        assert self.snapshot is not None
        figure = self.snapshot.question.figure
        ground = CURSOR if number == self.cursor else BACKGROUND
        filled = 0
        if largest:
            filled = round((getattr(row.sizes, figure) or 0) / largest * name_width)
        name = _shortened(row, self.snapshot.question.by, name_width)
        square = "▌" if number == self.cursor else pattern(row.colour, "■") if row.colour else "■"
        pieces = [(f"{square} ", style(row.colour or FAINT, ground))]
        told = _with_detail(row, name, name_width, self._longest_name(name_width))
        bar = blend(row.colour, ground, _SHARE) if row.colour and filled else ground
        cut = _cut(told, filled) if row.colour else 0
        for colour, start, end in ((TEXT, 0, len(name)), (FAINT, len(name), len(told))):
            middle = min(max(cut, start), end)
            pieces.append((told[start:middle], style(colour, bar)))
            pieces.append((told[middle:end], style(colour, ground)))
        pieces += [self._cell(row, column, ground, figure) for column in columns]
        pieces.append(self._bar(number))
        return line(pieces, width, style(TEXT, ground))

    def _longest_name(self, width: int) -> int:
        """How wide the names in view are at most, of those that take no more than half."""
        shown = self.rows[self._top : self._top + self._room]
        widths = [cell_len(row.name) for row in shown]
        return max((each for each in widths if each <= width // 2), default=0)

    def _cell(
        self, row: Row, column: _Column, ground: Shades, figure: ShownFigure, bold: bool = False
    ) -> tuple[str, Style]:
        value = _value(row, column.key, figure)
        if column.key == "label":
            known = {state.label for state in LayoutState}
            colour = WARNING if row.label in known else FAINT
            return f" {fit(escape(row.label), column.width - 1)}", style(colour, ground)
        if column.key == _CHANGE:
            change = value if isinstance(value, int) else None
            colour = FAINT if not change else WARNING if change > 0 else GOOD
            return f"{signed_size(change):>{column.width}}", style(colour, ground, bold)
        if column.key == "mappings":
            text = "–" if value is None else group_digits(int(value))
            return f"{text:>{column.width}}", style(FAINT, ground)
        number = value if isinstance(value, int) else None
        text = short_size(number) + ("?" if row.lacking and number is not None else "")
        colour = TEXT if column.key == figure or bold else blend(TEXT, FAINT, 0.5)
        if not number:
            colour = FAINT
        return f"{text:>{column.width}}", style(colour, ground, bold or column.key == figure)

    def _bar(self, number: int) -> tuple[str, Style]:
        """The scroll bar's part beside a row."""
        count, room = len(self.rows), self._room
        if count <= room:
            return " ", style()
        line_number = number - self._top
        length = max(room * room // count, 1)
        start = round(self._top * (room - length) / (count - room))
        inside = start <= line_number < start + length
        return "▐", style(FAINT if inside else RAISED)

    def _sum(
        self, snapshot: Snapshot, columns: list[_Column], name_width: int, width: int
    ) -> Strip:
        total = snapshot.whole
        what = f"sum of {group_digits(len(snapshot.rows))}"
        if self.filter:
            what = f"sum of {group_digits(len(self._matching))} with {escape(self.filter)!r}"
            total = self._sum_of_shown(snapshot)
        pieces = [(fit(f"  {what}", name_width + 2), style(TEXT, RAISED, True))]
        figure = snapshot.question.figure
        for column in columns:
            if column.key == "label":
                pieces.append((" " * column.width, style(TEXT, RAISED)))
            else:
                pieces.append(self._cell(total, column, RAISED, figure, bold=True))
        return line(pieces, width, style(TEXT, RAISED))

    def _sum_of_shown(self, snapshot: Snapshot) -> Row:
        """Add up what the filter left; not what may not be added up over processes."""
        may = [size is not None for size in snapshot.whole.sizes]

        def add(all_sizes: list[Sizes]) -> Sizes:
            sums: list[int | None] = [0 if allowed else None for allowed in may]
            for sizes in all_sizes:
                sums = [
                    add_told(one, other) if allowed else None
                    for one, other, allowed in zip(sums, sizes, may, strict=True)
                ]
            return Sizes._make(sums)

        rows, total = self._matching, snapshot.total
        if snapshot.question.by == "process" and snapshot.process_count > 1:
            # What processes have of other moments than the pass's adds nothing.
            rows = [
                row._replace(
                    sizes=row.part or Sizes(), before=row.part_before, lacking=not row.part
                )
                for row in rows
            ]
        befores = [row.before for row in rows if row.before is not None]
        return total._replace(
            sizes=add([row.sizes for row in rows]),
            address_space=sum(row.address_space or 0 for row in rows),
            mappings=sum(row.mappings or 0 for row in rows),
            before=add(befores) if snapshot.mark_time is not None else None,
            lacking=any(row.lacking for row in rows),
        )


def _with_detail(row: Row, name: str, width: int, aligned: int) -> str:
    """A name, and behind it the detail as far as there is room: exactly so wide.

    Details stand below each other, `aligned` columns from the left, but for long names.
    """
    begin = max(cell_len(name), aligned) + _APART
    if not row.detail or width - begin < _LEAST_DETAIL:
        return fit(name, width)
    return fit(fit(name, begin) + elide(escape(row.detail), width - begin, cell_len), width)


def _shortened(row: Row, by: By, width: int) -> str:
    """The name in so many columns: of a mapping first its end goes, then the path's start."""
    name = escape(row.name) or "(no name)"
    if by == "process":
        return elide_process(name, width, cell_len)
    if by != "mapping" or cell_len(name) <= width:
        return elide(name, width, cell_len)
    bounds, perms, *rest = name.split(" ", 2)
    head = f"{bounds.split('-')[0]} {perms} "
    return head + _end_of(rest[0] if rest else "", width - len(head))


def _end_of(path: str, width: int) -> str:
    """The last part of a path, which tells most where there is room for little."""
    if cell_len(path) <= width:
        return path
    kept = len(path)
    while kept and cell_len(path[-kept:]) >= width:
        kept -= 1
    return f"…{path[-kept:]}" if kept else "…"


def _cut(text: str, columns: int) -> int:
    """After how many characters so many columns of the terminal are full."""
    if text.isascii():
        return columns
    taken = 0
    for number, character in enumerate(text):
        taken += cell_len(character)
        if taken > columns:
            return number
    return len(text)
