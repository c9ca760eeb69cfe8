"""Differences of two layouts, of one run and of two."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.analysis.breakdown import Sum
from memory_watcher.analysis.diff import USUAL_SPREAD, Group, Owner, Part, Run, Side, compare
from memory_watcher.analysis.identity import By
from memory_watcher.analysis.kinds import KindHints, attribute
from memory_watcher.analysis.matching import Match
from memory_watcher.model import Mapping, MappingUsage, Usage
from tests.recordings import KI, MI, Entry, mapping

ALL: tuple[By, ...] = ("kind", "name", "mapping", "process")


def run(*entries: Entry, owner: Owner | None = None) -> Run:
    attributed = attribute([MappingUsage(*entry) for entry in entries])
    return [Part(owner or Owner(1, "app", "app", "app"), attributed)]


def pss(entry: MappingUsage) -> int | None:
    return entry.usage.pss


def one_run(before: Run, after: Run, by: By = "name") -> list[Group]:
    return compare([before], [after], pss, by, same_run=True)


def two_runs(before: Run, after: Run, by: By = "name") -> list[Group]:
    return compare([before], [after], pss, by)


def file(start: int, name: str, pss: int | None, size: int = 64 * KI) -> Entry:
    return mapping(start, size, "r--p", name, inode=7), Usage(pss=pss, rss=pss)


def heap(size: int, pss: int, perms: str = "rw-p") -> Entry:
    return mapping(0x1000, size, perms, "[heap]"), Usage(pss=pss)


def shown(found: list[Group]) -> list[tuple[str, int | None]]:
    return [(each.name, each.change) for each in found]


def test_biggest_difference_first() -> None:
    """Sorted by size of the change, up or down; what stayed the same comes last."""
    before = run(file(0x10000, "/a", 5), file(0x30000, "/b", 9), file(0x50000, "/same", 3))
    after = run(file(0x10000, "/a", 6), file(0x50000, "/same", 3), file(0x70000, "/new", 8))
    found = one_run(before, after)
    assert shown(found) == [("/b", -9), ("/new", 8), ("/a", 1), ("/same", 0)]
    assert [each.match for each in found[:2]] == [Match.BEFORE, Match.AFTER]
    assert (found[0].before.mappings, found[0].after) == (1, Side(0, Sum(0, 0)))
    assert {each.noise for each in found} == {None}


def test_changes_add_up() -> None:
    """However it is grouped, the changes add up to the difference of the totals."""
    before = run(file(0x10000, "/a", 5), file(0x30000, "/a", 9), heap(MI, 100))
    after = run(file(0x10000, "/a", 50), file(0x90000, "/b", 1), heap(2 * MI, 300))
    for by in ALL:
        for found in (one_run(before, after, by), two_runs(before, after, by)):
            assert sum(each.change or 0 for each in found) == 351 - 114


def test_mappings_of_one_run_are_matched_by_header() -> None:
    """By mapping: other objects and other order are the same mapping; other addresses are not."""
    before = run(file(0x10000, "/a", 5), file(0x30000, "/a", 9))
    after = run(file(0x30000, "/a", 10), file(0x90000, "/a", 5))
    assert shown(one_run(before, after, "mapping")) == [
        ("00010000-00020000 r--p /a", -5),
        ("00090000-000a0000 r--p /a", 5),
        ("00030000-00040000 r--p /a", 1),
    ]


def test_a_mapping_that_grew_is_the_same() -> None:
    """The heap's end and the stack's start move; the name is that of now."""
    stack = (mapping(0x7FF0000, 0x10000, pathname="[stack]"), Usage(pss=1))
    deeper = (mapping(0x7FE0000, 0x20000, pathname="[stack]"), Usage(pss=3))
    found = one_run(run(heap(MI, 100), stack), run(heap(2 * MI, 300), deeper), "mapping")
    assert shown(found) == [
        ("00001000-00201000 rw-p heap", 200),
        ("07fe0000-08000000 rw-p thread stack", 2),
    ]
    assert {each.match for each in found} == {Match.MAPPING}


def test_not_reported_is_not_zero() -> None:
    """A figure that one side does not report makes no change, and comes after the changes."""
    before = run(file(0x10000, "/a", None), file(0x30000, "/b", 9))
    after = run(file(0x10000, "/a", 6), file(0x30000, "/b", 8))
    assert shown(one_run(before, after)) == [("/b", -1), ("/a", None)]


def test_addresses_of_two_runs_mean_nothing() -> None:
    """Of two runs mappings are matched by name, kind and part of the file, and counted."""
    library = [
        (Mapping(0x1000, 0x2000, "r--p", 0, 1, 7, "/lib/x.so"), Usage(pss=1)),
        (Mapping(0x2000, 0x3000, "r-xp", 0x1000, 1, 7, "/lib/x.so"), Usage(pss=2)),
        (Mapping(0x3000, 0x4000, "r--p", 0x2000, 1, 7, "/lib/x.so"), Usage(pss=3)),
        (Mapping(0x4000, 0x5000, "r--p", 0x2000, 1, 7, "/lib/x.so"), Usage(pss=4)),
        (Mapping(0x5000, 0x6000, "rw-p", 0x3000, 1, 7, "/lib/x.so"), Usage(pss=5)),
    ]
    moved = [
        (
            Mapping(header.start + MI, header.end + MI, *header[2:4], 2, 99, header.pathname),
            Usage(pss=2 * (usage.pss or 0)),
        )
        for header, usage in library
    ]
    found = two_runs(run(*library), run(*moved), "mapping")
    assert {each.name: (each.before.mappings, each.change) for each in found} == {
        "/lib/x.so data": (1, 5),
        "/lib/x.so relro": (1, 4),
        "/lib/x.so rodata": (2, 4),
        "/lib/x.so text": (1, 2),
    }
    assert {each.match for each in found} == {Match.PATH}
    nameless = two_runs(
        run((mapping(0x10000), Usage(pss=1))),
        run((mapping(0x90000), Usage(pss=1)), (mapping(0xB0000), Usage(pss=5))),
        "mapping",
    )
    assert shown(nameless) == [("anonymous", 5)]
    assert (nameless[0].match, nameless[0].after.mappings) == (Match.KIND, 2)


def test_build_ids_are_used() -> None:
    """A library of the same path with another build id is another build, with all its parts."""
    entry = (Mapping(0x1000, 0x2000, "r-xp", 0, 1, 7, "/lib/x.so"), Usage(pss=1))
    (part,) = run(entry)
    before, after = ([part._replace(builds={(1, 7): build})] for build in ("aa", "bb"))
    assert two_runs(before, before)[0].match is Match.BUILD
    assert two_runs(before, after)[0].match is Match.OTHER_BUILD


def test_processes_are_paired_by_role() -> None:
    """PIDs mean nothing in two runs; what is on one side only says so."""

    def server(number: int, role: str, size: int) -> Part:
        owner = Owner(number, "server", f"server {role}", f"server {role.rstrip('0123456789')}")
        return run((mapping(0x1000), Usage(pss=size)), owner=owner)[0]

    before = [server(1, "main", MI), server(2, "worker 1", 2 * MI), server(3, "old", 5)]
    after = [server(7, "worker 12", 5 * MI), server(9, "main", MI), server(4, "x", 6)]
    found = two_runs(before, after, "process")
    assert [(each.name, each.change, each.match) for each in found] == [
        ("server worker 12", 3 * MI, Match.ROLE),
        ("server x", 6, Match.AFTER),
        ("server old", -5, Match.BEFORE),
        ("server main", 0, Match.ROLE),
    ]
    (same,) = two_runs(before[2:], after[2:], "process")
    assert (same.name, same.change, same.match) == ("server x", 1, Match.PATH)
    alone = two_runs(before[:1], [*after[1:2], *run(heap(MI, 9), owner=Owner(5, "sh", "sh", "sh"))])
    assert sum(each.change or 0 for each in alone) == 9
    left = two_runs(before[:1], run(heap(MI, 9), owner=Owner(5, "sh", "sh", "sh")), "process")
    assert {each.match for each in left} == {Match.BEFORE, Match.AFTER}


def test_one_run_on_each_side_tells_little() -> None:
    """A change that two launches may make by chance is noise, and stands after the others."""
    before = run(heap(MI, 0), file(0x10000, "/a", 0))
    after = run(heap(MI, USUAL_SPREAD), file(0x10000, "/a", -USUAL_SPREAD - 1))
    found = two_runs(before, after)
    assert [(each.name, each.noise) for each in found] == [("/a", False), ("heap", True)]


def test_several_runs_tell_their_spread() -> None:
    """Medians are compared; a change no bigger than the spread of one side is noise."""
    before = [run(heap(MI, size), file(0x10000, "/a", 10)) for size in (100, 300, 120)]
    after = [run(heap(MI, size), file(0x90000, "/a", 11)) for size in (310, 330, 320)]
    found = {each.name: each for each in compare(before, after, pss)}
    assert (found["heap"].before.sum.size, found["heap"].change) == (120, 200)
    assert found["heap"].noise is True
    assert (found["/a"].change, found["/a"].noise) == (1, False)
    (grown,) = compare(before[::2], [run(heap(MI, 141), file(0x10000, "/a", 10))], pss)[:1]
    assert (grown.name, grown.change, grown.noise) == ("heap", 31, False)


def test_what_some_runs_lack_counts_as_nothing_there() -> None:
    """A library that one run of three has loaded is no change of the median."""
    before = [run(heap(MI, 5)) for _ in range(3)]
    after = [run(heap(MI, 5), file(0x10000, "/a", 900)), *before[:2]]
    found = {each.name: each for each in compare(before, after, pss)}
    assert (found["/a"].change, found["/a"].match) == (0, Match.AFTER)


def headers(number: int) -> st.SearchStrategy[Entry]:
    names = ["", "[heap]", "[stack]", "/lib/libx.so.1", "/lib/libx.so.2", "/b/libx.so.2", "/tmp/#7"]
    return st.builds(
        lambda name, perms, pss: (
            mapping(number * MI, pathname=name, perms=perms, inode=name[:1] == "/"),
            Usage(pss=pss),
        ),
        st.sampled_from([*names, "/dev/shm/psm_1234abcd", "/a\nb\udcff<b>", "/a/x-1.so"]),
        st.sampled_from(["rw-p", "r-xp", "r--p"]),
        st.integers(0, 2**40),
    )


LAYOUTS = st.integers(0, 12).flatmap(lambda n: st.tuples(*map(headers, range(n))))


@given(LAYOUTS, LAYOUTS, st.sampled_from(ALL), st.booleans(), st.randoms(use_true_random=False))
def test_sums_are_exact(
    before: tuple[Entry, ...],
    after: tuple[Entry, ...],
    by: By,
    same_run: bool,
    choose: random.Random,
) -> None:
    """Groups add up to the totals exactly; order does not matter; swapped sides swap the answer."""
    runs = [run(*before)], [run(*after)]
    found = compare(*runs, pss, by, same_run=same_run)
    for side, entries in (("before", before), ("after", after)):
        parts = [getattr(group, side) for group in found]
        assert sum(part.sum.size for part in parts) == sum(usage.pss or 0 for _, usage in entries)
        assert sum(part.mappings for part in parts) == len(entries)
    back = compare(*runs[::-1], pss, by, same_run=same_run)
    assert sorted(each.change or 0 for each in back) == sorted(
        -(each.change or 0) for each in found
    )
    turned = [
        [[part._replace(entries=choose.sample(list(part.entries), len(entries)))]]
        for ((part,),), entries in zip(runs, (before, after), strict=True)
    ]
    again = compare(turned[0], turned[1], pss, by, same_run=same_run)
    assert shown(again) == shown(found)


@given(st.lists(LAYOUTS, min_size=1, max_size=4), st.lists(LAYOUTS, min_size=1, max_size=4))
def test_no_mapping_of_several_runs_is_lost(
    before: list[tuple[Entry, ...]], after: list[tuple[Entry, ...]]
) -> None:
    """Of equal runs the medians are those of one; of any runs no group is empty on both sides."""
    same = compare([run(*before[0])] * 3, [run(*after[0])] * 2, pss)
    assert shown(same) == shown(compare([run(*before[0])], [run(*after[0])], pss)) or {
        each.noise for each in same
    } <= {True, False}
    total = sum(each.before.sum.size or 0 for each in same)
    assert total == sum(usage.pss or 0 for _, usage in before[0])
    found = compare([run(*each) for each in before], [run(*each) for each in after], pss)
    assert all(group.match in Match for group in found)


def executed(start: int, name: str, pss: int, inode: int) -> Entry:
    return mapping(start, 64 * KI, "r-xp", name, inode=inode), Usage(pss=pss)


def of_app(exe: str | None, pss: int = MI) -> Run:
    """A run of /app with one library; `exe` is what is known of what it runs."""
    entries = [executed(0x400000, "/app", pss, 1), executed(0x7F0000000000, "/libc.so", 2 * MI, 2)]
    hints = KindHints(exe=exe)
    return [
        Part(
            Owner(1, "app", "app", "app"),
            attribute([MappingUsage(*each) for each in entries], hints),
        )
    ]


def test_by_kind_a_program_that_one_side_does_not_know_is_compared_as_a_library() -> None:
    """A capture does not say which file is run: no code went and came in another's place."""
    known, unknown = of_app("/app"), of_app(None)
    code = [("library code", 3 * MI, 3 * MI)]
    for sides in ((known, unknown), (unknown, known), (unknown, unknown)):
        assert sizes(two_runs(*sides, by="kind")) == code
    both = [("library code", 2 * MI, 2 * MI), ("program code", MI, 3 * MI)]
    assert sorted(sizes(two_runs(known, of_app("/app", 3 * MI), by="kind"))) == both
    # One process of several is enough; one that has no file at all does not count.
    several = [*known, *unknown]
    assert sizes(two_runs(several, known, by="kind")) == [("library code", 6 * MI, 3 * MI)]
    with_empty = [*known, *run(heap(MI, 1))]
    assert ("program code", MI, MI) in sizes(two_runs(with_empty, known, by="kind"))


def sizes(found: list[Group]) -> list[tuple[str, int | None, int | None]]:
    return [(each.name, each.before.sum.size, each.after.sum.size) for each in found]
