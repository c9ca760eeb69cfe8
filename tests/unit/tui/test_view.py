"""What the terminal UI shows of a group: each figure that can be chosen, and what stands for it."""

from __future__ import annotations

from memory_watcher.metrics import OFFERED, over_processes
from memory_watcher.tui import table_widget
from memory_watcher.tui.view import FIGURE_TITLES, RARE, Row, Sizes


def test_every_figure_that_can_be_chosen_has_its_size() -> None:
    """And so has what is added up over processes in its place."""
    assert {*OFFERED, *map(over_processes, OFFERED), *RARE} == set(Sizes._fields)


def test_rare_sizes_are_the_last() -> None:
    """Whether a sum is whole is asked of those before them."""
    assert Sizes._fields[-len(RARE) :] == RARE


def test_every_column_has_what_it_shows() -> None:
    """A size, or a field of a row; or it is the change since the mark, which is computed."""
    known = {*Sizes._fields, *Row._fields, table_widget._CHANGE}
    keys = [column.key for column in table_widget._COLUMNS]
    assert set(keys) <= known
    assert len(set(keys)) == len(keys)
    assert {*OFFERED, *RARE} <= set(FIGURE_TITLES)
