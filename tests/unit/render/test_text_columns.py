"""Lines of names and sizes."""

from __future__ import annotations

from memory_watcher.render.text_columns import Line, blocks, label
from tests.recordings import KI


def test_columns_are_where_people_parse_them() -> None:
    """Names to column 48, sizes right-aligned to column 64, digits in groups."""
    text = blocks([Line("heap:", 541_812 * KI)], [Line("sum:", None)])
    assert text == (
        "heap:                                                 541 812 Ki\n"
        "\n"
        "sum:                                                           –"
    )


def test_long_names_and_sizes_widen_the_columns_of_all_lines() -> None:
    """Nothing is cut, and sizes stay below each other."""
    name = "/a/very/long/path" * 9
    short, long = blocks([Line("heap:", 4 * KI), Line(name, 10**18 * KI)]).splitlines()
    assert long == f"{name} 1 000 000 000 000 000 000 Ki"
    assert len(short) == len(long)
    assert short.endswith("  4 Ki")


def test_an_empty_block_leaves_no_blank_lines() -> None:
    """A layout without names still has the shape of the others."""
    assert blocks([Line("a", 0)], [], [Line("b", 0)]).count("\n") == 2


def test_names_are_escaped() -> None:
    """A line is one line."""
    assert blocks([Line("a\nb\udcff", 0)]).startswith(r"a\x0ab\xff ")


def test_labels() -> None:
    """Values stand in one column."""
    assert label("time", "now") == "time:             now"
    assert label("peak measurement", "1") == "peak measurement: 1"
