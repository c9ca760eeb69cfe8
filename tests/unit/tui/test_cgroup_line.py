"""Lines of a control group over the chart, and what its legend says of them."""

from __future__ import annotations

from memory_watcher.answers.cgroups import CgroupAt
from memory_watcher.tui.cgroup_line import CURRENT, LIMIT, legend, with_line
from memory_watcher.tui.paint import ACCENT, BACKGROUND, WARNING, shade, style

ROWS, TOP = 4, 400
BLANK, FULL = (" ", style()), ("█", style(WARNING))


def test_its_height() -> None:
    """From the lowest row to the highest; above the top, or not known, there is none."""
    blank = (BLANK,) * ROWS
    for size, row in ((0, 0), (99, 0), (100, 1), (399, 3), (TOP, 3)):
        drawn = with_line(blank, CURRENT, size, ROWS, TOP)
        assert [at for at, cell in enumerate(drawn) if cell[0] == CURRENT.sign] == [row]
    for unknown in (None, TOP + 1):
        assert with_line(blank, CURRENT, unknown, ROWS, TOP) == blank


def test_what_stands_behind_it() -> None:
    """The colour of the layer that it crosses, or of the ground."""
    cells = (FULL, FULL, BLANK, BLANK)
    for size, behind in ((100, WARNING), (300, BACKGROUND)):
        drawn = with_line(cells, CURRENT, size, ROWS, TOP)
        (look,) = (look for sign, look in drawn if sign == CURRENT.sign)
        assert look.color is not None
        assert look.bgcolor is not None
        assert look.color.name == shade(ACCENT)
        assert look.bgcolor.name == shade(behind)


def test_legend() -> None:
    """The memory in use and the limit that holds, for figures in RAM; nothing that is unknown."""
    own = CgroupAt("/a/b", {"current": 3, "max": 9})
    assert [(each.line, each.title, each.size) for each in legend(own, "pss")] == [
        (CURRENT, "cgroup", 3),
        (LIMIT, "limit", 9),
    ]
    above = CgroupAt("/a/b", {"current": 3, "max": 9, "above.max": 5, "above.max_levels": 1})
    assert [each.title for each in legend(above, "rss")] == ["cgroup", "limit above it"]
    assert [each.title for each in legend(CgroupAt("/a", {"current": 3}), "uss")] == ["cgroup"]
    assert legend(own, "swap") == ()
    assert legend(CgroupAt("/a", {"current": None, "max": 9}), "pss") == ()
    assert legend(None, "pss") == ()
