"""What touches, and what of it was reserved together."""

from __future__ import annotations

import pytest

from memory_watcher.analysis.reservations import find_reservations, find_runs, held_together
from tests.unit.analysis.layouts import layout

_RW = "rd wr mr mw me ac"
_KEPT = "mr mw me"


def runs(text: str) -> list[list[int]]:
    return [[piece.position for piece in run.pieces] for run in find_runs(layout(text))]


def reservations(text: str) -> list[list[int]]:
    found = find_reservations(find_runs(layout(text)))
    return [[piece.position for piece in each.pieces] for each in found]


def test_runs_are_what_touches() -> None:
    """Private memory without a name, up to a gap or to anything else; its neighbours are known."""
    text = """
        10000000-10001000 r--p 0 08:01 11 /data/file
        10001000-10002000 rw-p 0 00:00 0
        10002000-10003000 ---p 0 00:00 0
        10004000-10005000 rw-p 0 00:00 0
        10005000-10006000 rw-s 0 00:01 12 /dev/zero (deleted)
        10006000-10007000 rw-p 0 00:00 0 | rd wr mr mw me gd ac
        10007000-10008000 rw-p 0 00:00 0
        """
    assert runs(text) == [[1, 2], [3], [6]]
    first, second, third = find_runs(layout(text))
    assert first.below is not None and first.below.pathname == "/data/file" and first.above is None
    assert second.below is None and second.above is not None and second.above.perms == "rw-s"
    assert third.below is not None and third.above is None
    assert (first.start, first.end) == (0x10001000, 0x10003000)


def test_runs_come_in_the_order_of_addresses() -> None:
    """A torn layout need not be in order."""
    assert runs("20000-21000 rw-p 0 00:00 0\n1f000-20000 rw-p 0 00:00 0") == [[1, 0]]


def test_without_flags_nothing_is_told() -> None:
    """Old kernels print none."""
    assert runs("20000-21000 rw-p 0 00:00 0 | -") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # Made accessible by mprotect (Go): all lack `nr`.
        (
            f"""c000000000-c000400000 rw-p 0 00:00 0 | {_RW}
            c000400000-c000800000 rw-p 0 00:00 0 | {_RW} hg
            c000800000-c004000000 ---p 0 00:00 0 | {_KEPT}""",
            [[0, 1, 2]],
        ),
        # By a second mmap (Java): the reserve has it alone.
        (
            f"""f8000000-f9000000 rw-p 0 00:00 0 | {_RW}
            f9000000-fb000000 ---p 0 00:00 0 | {_KEPT} nr
            fb000000-fc000000 rw-p 0 00:00 0 | {_RW}""",
            [[0, 1, 2]],
        ),
        # What touches an end that is not known may be anything, and so may lie beyond.
        (
            f"""c000000000-c000400000 rw-p 0 00:00 0 | {_RW}
            c000400000-c004000000 ---p 0 00:00 0 | {_KEPT}
            c004000000-c004300000 rw-p 0 00:00 0 | {_RW}""",
            [[0, 1]],
        ),
        # Begins or ends where the kernel puts things.
        (
            f"""c000200000-c000400000 rw-p 0 00:00 0 | {_RW}
            c000400000-c004000000 ---p 0 00:00 0 | {_KEPT}""",
            [],
        ),
        # No more than a guard.
        (
            f"""c000000000-c003f00000 rw-p 0 00:00 0 | {_RW}
            c003f00000-c004000000 ---p 0 00:00 0 | {_KEPT}""",
            [],
        ),
        # Another mmap made this reserve.
        (
            f"""c000000000-c000400000 rw-p 0 00:00 0 | {_RW}
            c000400000-c004000000 ---p 0 00:00 0 | {_KEPT}
            c004000000-c008000000 ---p 0 00:00 0 | {_KEPT} nr""",
            [[0, 1], [2]],
        ),
    ],
)
def test_reservations(text: str, found: list[list[int]]) -> None:
    """A reserve, one kind of flags, and ends that the program chose."""
    assert reservations(text) == found


def test_what_a_rule_holds_together() -> None:
    """It counts before flags and ends do; what no rule names is found by those."""
    text = f"""
        10000000-10200000 rw-p 0 00:00 0 | {_RW}
        10200000-10400000 ---p 0 00:00 0 | {_KEPT}
        10400000-10600000 rw-p 0 00:00 0 | {_RW}
        20000000-21000000 rw-p 0 00:00 0 | {_RW}
        21000000-24000000 ---p 0 00:00 0 | {_KEPT}
        30000000-30040000 rw-p 0 00:00 0 | {_RW}
        40000000-44000000 rw-p 0 00:00 0 | {_RW}
        """
    names = ["heap", "heap", None, None, None, "chunk", "full heap"]
    found = held_together(find_runs(layout(text)), lambda piece: names[piece.position])
    assert [[piece.position for piece in each.pieces] for each in found] == [[0, 1], [3, 4], [6]]
