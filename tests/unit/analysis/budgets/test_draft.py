"""Which lines a first budget has, and how much room its limits have."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.analysis.budgets.draft import (
    Room,
    Seen,
    Source,
    glob_of,
    limit_for,
    lines_for,
    room_for,
    rounded_up,
    rounded_up_count,
)
from memory_watcher.analysis.budgets.model import Limit, Line
from memory_watcher.analysis.budgets.pieces import Piece, covered
from memory_watcher.analysis.budgets.write import size_text
from memory_watcher.analysis.kinds import Kind

KI = 1024
MI = 1024 * KI


def piece(kind: Kind, size: int, name: str = "", pathname: str = "") -> Piece:
    return Piece(kind, name or kind.value, pathname or name, size, size, 1)


RUN = (
    piece(Kind.HEAP, 50 * MI),
    piece(Kind.ANONYMOUS, 20 * MI),
    piece(Kind.LIBRARY, 8 * MI, "/opt/lib[1]/libbig.so"),
    piece(Kind.LIBRARY, 1 * MI, "/lib/libc.so.6"),
    piece(Kind.FILE, 10 * MI, "/srv/data.bin"),
    piece(Kind.THREAD_STACK, 60 * KI),
    piece(Kind.KERNEL, 4 * KI, "[vdso]"),
)


def keys(lines: tuple[Line, ...]) -> list[tuple[str, str]]:
    return [(line.what, line.pattern) for line in lines]


def test_what_is_limited() -> None:
    """Kinds and names that are big, the biggest first; the rest, and the numbers of things."""
    assert keys(lines_for([RUN])) == [
        ("total", ""),
        ("kind", "heap"),
        ("kind", "anonymous"),
        ("kind", "file"),
        ("kind", "library"),
        ("name", "libbig.so"),
        ("unlisted", ""),
        ("mappings", ""),
        ("threads", ""),
        ("processes", ""),
    ]


def test_what_is_big_in_any_run() -> None:
    """A kind that one run of several has is listed, and judged there."""
    assert ("kind", "malloc arena") in keys(lines_for([RUN, (*RUN, piece(Kind.ARENA, 9 * MI))]))


def test_growth_is_of_the_total() -> None:
    """At growth nearly all groups have a rate of 0, of which nothing can be chosen."""
    assert keys(lines_for([RUN], is_growth=True)) == [("total", "")]
    assert keys(lines_for([()])) == [
        (what, "") for what in ("total", "unlisted", "mappings", "threads", "processes")
    ]


def test_a_name_that_two_files_share() -> None:
    """Where the last part of a path is that of another file, too, all of it stands."""
    run = (
        piece(Kind.LIBRARY, 8 * MI, "/a/lib[x].so"),
        piece(Kind.LIBRARY, 4 * MI, "/b/lib[x].so"),
        piece(Kind.LIBRARY, 4 * MI, "/b/c.so"),
    )
    names = [line for line in lines_for([run]) if line.what == "name"]
    assert keys(tuple(names)) == [
        ("name", "/a/lib[[]x].so"),
        ("name", "/b/lib[[]x].so"),
        ("name", "c.so"),
    ]
    assert [covered(line, names, run) for line in names] == [(each,) for each in run]


@given(st.text(st.characters()))
def test_a_pattern_matches_its_name(name: str) -> None:
    """Whatever a name holds; and TOML can hold the pattern."""
    pattern = glob_of(name)
    assert fnmatchcase(name, pattern)
    pattern.encode()


@given(st.integers(1, 2**49))
def test_round_sizes(size: int) -> None:
    """A round size is not less, at most a tenth more (a KiB where that is more), and short."""
    found = rounded_up(size)
    assert size <= found <= max(size * 1.1, size + KI)
    number, unit = size_text(found).split()
    assert len(number) <= 4
    assert unit != "B" or size < KI


@given(st.integers(0, 2**60))
def test_round_counts(number: int) -> None:
    """A round number is not less, and less than a tenth more where things are many."""
    assert number <= rounded_up_count(number) <= max(number * 1.1, number + 4)


@pytest.mark.parametrize(
    ("line", "seen", "room", "limit"),
    [
        (Line("total", Limit()), Seen(80 * MI, 80 * MI, 80 * MI), Room(0.02, 0), 82 * MI),
        (Line("total", Limit()), Seen(70 * MI, 80 * MI, 80 * MI), Room(0.02, 0), 100 * MI),
        (Line("total", Limit()), Seen(80 * MI, 80 * MI, 90 * MI), Room(0.0, MI), 91 * MI),
        (Line("mappings", Limit()), Seen(100, 100, 100), Room(0.05, 0), 105),
        (Line("threads", Limit()), Seen(83, 83, 83), Room(0.0, 0), 83),
        (Line("threads", Limit()), Seen(3, 4, 4), Room(0.0, 0), 6),
    ],
)
def test_how_much_is_allowed(line: Line, seen: Seen, room: Room, limit: int) -> None:
    """The highest that is possible, and the room or twice the spread of the runs above it."""
    assert limit_for(line, seen, room) == Limit(limit)


def test_files_have_more_room() -> None:
    """What other processes change has more room than what is this process's own."""
    one = Source(runs=3, has_several_processes=False, is_growth=False)
    heap = room_for(Line("kind", Limit(), "heap"), RUN[:1], one)
    files = room_for(Line("kind", Limit(), "library"), RUN[2:4], one)
    several = room_for(
        Line("kind", Limit(), "library"), RUN[2:4], one._replace(has_several_processes=True)
    )
    assert heap < files < several
    assert heap < room_for(Line("kind", Limit(), "heap"), RUN[:1], one._replace(runs=1))
