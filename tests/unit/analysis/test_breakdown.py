"""Layouts in lines that add up, and the kernel's mark beside them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.analysis.breakdown import (
    Breakdown,
    By,
    Group,
    Sum,
    add_up,
    break_down,
)
from memory_watcher.analysis.kinds import Attribution, Kind
from memory_watcher.metrics import OVER_MAPPINGS
from memory_watcher.model import MappingUsage, Usage
from tests.recordings import KI, mapping

Attributed = list[tuple[MappingUsage, Attribution]]


def attributed(*rows: tuple[Kind, str, int | None]) -> Attributed:
    """Make mappings of a kind, a name and a PSS in KiB."""
    return [
        (
            MappingUsage(
                mapping(0x10000 * (index + 1), 0x1000),
                Usage(pss=None if pss is None else pss * KI, rss=KI),
            ),
            Attribution(kind, name),
        )
        for index, (kind, name, pss) in enumerate(rows)
    ]


def lines(groups: tuple[Group, ...]) -> list[tuple[str, int | None]]:
    return [
        (group.name, None if group.sum.size is None else group.sum.size // KI) for group in groups
    ]


layouts = st.lists(
    st.tuples(
        st.sampled_from(Kind),
        st.sampled_from(["/a", "/b", "[x]", ""]),
        st.one_of(st.none(), st.integers(0, 9)),
    ),
    max_size=40,
)


@given(
    rows=layouts,
    by=st.sampled_from(["name", "kind", "mapping"]),
    top=st.one_of(st.none(), st.integers(0, 10)),
)
def test_lines_add_up_exactly(
    rows: list[tuple[Kind, str, int | None]], by: By, top: int | None
) -> None:
    """Whatever is shown and however: the lines are the total, and each mapping is in one."""
    layout = attributed(*rows)
    found = break_down(layout, "pss", by, top)
    parts = (*found.own, *found.top, found.other)
    assert sum(part.sum.size or 0 for part in parts) == (found.total.sum.size or 0)
    assert sum(part.sum.lacking for part in parts) == found.total.sum.lacking
    assert sorted(entry.mapping for part in parts for entry in part.entries) == [
        entry.mapping for entry, _ in layout
    ]
    assert found.total.sum.size == add_up(entry.usage.pss for entry, _ in layout).size
    told = [part.sum.size for part in found.top if part.sum.size is not None]
    assert told == sorted(told, reverse=True)
    if top is not None:
        assert len(found.top) <= top


def test_by_name_some_kinds_have_their_own_lines() -> None:
    """In this order, and only where there are any: of a program without [heap], 0 would mislead."""
    none = break_down([])
    assert (none.own, none.top, none.other.sum, none.total.sum) == ((), (), Sum(0, 0), Sum(0, 0))
    found = break_down(
        attributed(
            (Kind.ANONYMOUS, "anonymous", 1),
            (Kind.ARENA, "malloc arenas", 2),
            (Kind.THREAD_STACK, "[stack]", 3),
            (Kind.THREAD_STACK, "stack of thread 7", 4),
            (Kind.HEAP, "[heap]", 5),
            (Kind.JIT_CODE, "V8 code", 1),
            (Kind.RUNTIME, "V8 heap", 8),
            (Kind.LIBRARY_CODE, "/lib/libc.so", 4),
            (Kind.LIBRARY_DATA, "/lib/libc.so", 2),
        ),
        top=1,
    )
    assert lines(found.own) == [
        ("thread stacks", 7),
        ("heap", 5),
        ("malloc arenas", 2),
        ("V8 heap", 8),
        ("V8 code", 1),
        ("anonymous", 1),
    ]
    assert lines(found.top) == [("/lib/libc.so", 6)]


def test_names_are_sorted_and_the_rest_is_other() -> None:
    """The biggest first, equals by name; what is not shown is summed up and counted."""
    found = break_down(
        attributed(
            (Kind.FILE, "/b", 2),
            (Kind.FILE, "/c", 1),
            (Kind.FILE, "/a", 2),
            (Kind.LIBRARY, "/d", 5),
            (Kind.LIBRARY, "/d", 5),
            (Kind.FILE, "/untold", None),
        ),
        top=3,
    )
    assert lines(found.top) == [("/d", 10), ("/a", 2), ("/b", 2)]
    assert (found.other.sum, found.other_groups) == (Sum(KI, 1), 2)
    assert found.total.sum == Sum(15 * KI, 1)


def test_what_rss_does_not_show_counts_when_lines_are_chosen() -> None:
    """2 GiB in huge pages, or in swap, are not among "other mappings" because their PSS is 0."""
    rows = attributed(
        (Kind.FILE, "/a", 3),
        (Kind.FILE, "/b", 2),
        (Kind.HUGE_PAGES, "/huge", 0),
        (Kind.FILE, "/swapped", 0),
        (Kind.FILE, "/empty", 0),
    )
    for at, usage in (
        (2, rows[2][0].usage._replace(private_hugetlb=2 << 30)),
        (3, rows[3][0].usage._replace(swap=1 << 30)),
    ):
        entry, told = rows[at]
        rows[at] = MappingUsage(entry.mapping, usage), told
    assert lines(break_down(rows, top=3).top) == [("/a", 3), ("/huge", 0), ("/swapped", 0)]
    assert lines(break_down(rows, top=1).top) == [("/huge", 0)]
    assert len(break_down(rows, top=9).top) == 4


def test_kind_and_name_are_two_things() -> None:
    """A file and a library of one name are two lines."""
    found = break_down(attributed((Kind.FILE, "/a", 1), (Kind.LIBRARY, "/a", 2)))
    assert [(group.kind, group.name) for group in found.top] == [
        (Kind.LIBRARY, "/a"),
        (Kind.FILE, "/a"),
    ]


def test_by_kind_and_by_mapping() -> None:
    """One line a kind, or one line a mapping with its addresses."""
    layout = attributed((Kind.HEAP, "heap", 1), (Kind.FILE, "/a", 2), (Kind.FILE, "/b", 3))
    by_kind = break_down(layout, by="kind")
    assert (by_kind.own, lines(by_kind.top)) == ((), [("file", 5), ("heap", 1)])
    by_mapping = break_down(layout, by="mapping")
    assert lines(by_mapping.top) == [
        ("00030000-00031000 rw-p /b", 3),
        ("00020000-00021000 rw-p /a", 2),
        ("00010000-00011000 rw-p heap", 1),
    ]


def test_a_group_tells_its_other_figures() -> None:
    """Each additive figure can be asked of the same mappings; page sizes are not among them."""
    (group,) = break_down(attributed((Kind.FILE, "/a", 1), (Kind.FILE, "/a", 2))).top
    sums = group.sums()
    assert sums["rss"] == Sum(2 * KI, 0)
    assert sums["pss"] == group.sum == Sum(3 * KI, 0)
    assert sums["uss"] == Sum(None, 2)
    assert list(sums) == list(OVER_MAPPINGS)
    assert set(break_down([]).total.sums().values()) == {Sum(0, 0)}
    assert group.address_space == 0x2000
    assert {"rss", "pss", "swap", "uss"} <= set(OVER_MAPPINGS)
    others = {"mmu_page_size", "kernel_page_size", "thp_eligible", "vm_flags"}
    assert not others & set(OVER_MAPPINGS)


def test_absent_is_not_zero() -> None:
    """The sum of what nobody told is None; of a part, it is that part and says what it lacks."""
    assert add_up([]) == Sum(0, 0)
    assert add_up([None, None]) == Sum(None, 2)
    assert add_up([None, 0, 4]) == Sum(4, 1)


def test_another_figure_changes_the_order() -> None:
    """By RSS, the lines are those of RSS."""
    found: Breakdown = break_down(attributed((Kind.FILE, "/a", 9)), "rss")
    assert (found.figure, lines(found.top)) == ("rss", [("/a", 1)])
