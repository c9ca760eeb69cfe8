"""Which memory of two runs is the same thing."""

from __future__ import annotations

import random
import uuid
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.analysis.kinds import Kind
from memory_watcher.analysis.matching import (
    Item,
    Match,
    Pair,
    pair_identical,
    pair_items,
    pattern,
    title,
)

LIBRARY = Kind.LIBRARY


def library(name: str, build: str | None = None, part: str = "") -> Item:
    return Item(LIBRARY, name, part, "", build)


def only(before: list[Item], after: list[Item]) -> Pair:
    (found,) = pair_items(before, after)
    return found


@pytest.mark.parametrize(
    ("before", "after", "match", "shown"),
    [
        ("/lib/libc.so.6", "/lib/libc.so.6", Match.PATH, "/lib/libc.so.6"),
        (
            *("/usr/lib/libssl.so.3.0.11", "/usr/lib/libssl.so.3.0.14"),
            *(Match.VERSION, "libssl.so.3.0.11 → 3.0.14"),
        ),
        ("/usr/bin/python3.11", "/usr/bin/python3.12", Match.VERSION, "python3.11 → python3.12"),
        ("/lib/libc-2.31.so", "/lib/libc.so.6", Match.VERSION, "libc-2.31.so → libc.so.6"),
        (
            *("/a/lib/libcrypto.so.1.1", "/b/lib/libcrypto.so.1.1.1w"),
            *(Match.VERSION, "libcrypto.so.1.1 → 1.1.1w"),
        ),
        (
            "/old/lib/python3.11/lib-dynload/_ssl.cpython-311-x86_64-linux-gnu.so",
            "/new/lib/python3.12/lib-dynload/_ssl.cpython-312-x86_64-linux-gnu.so",
            Match.VERSION,
            "_ssl.cpython-311-x86_64-linux-gnu.so → _ssl.cpython-312-x86_64-linux-gnu.so",
        ),
        (
            *("/srv/venv-a/lib/x.so", "/home/me/venv/lib/x.so"),
            *(Match.FOLDER, "x.so (/srv/venv-a/lib → /home/me/venv/lib)"),
        ),
        (
            "/nix/store/0c5b2y4z8x1lq9w3n7d6f5g4h3j2k1l0-glib-2.1/lib/libg.so",
            "/nix/store/9z8y7x6w5v4u3t2s1r0q9p8o7n6m5l4k-glib-2.2/lib/libg.so",
            Match.FOLDER,
            "libg.so (/nix/store/0c5b2y4z8x1lq9w3n7d6f5g4h3j2k1l0-glib-2.1/lib"
            " → /nix/store/9z8y7x6w5v4u3t2s1r0q9p8o7n6m5l4k-glib-2.2/lib)",
        ),
        (
            *("/env/numpy.libs/libgfortran-040039e1.so.5.0.0",),
            *("/env/numpy.libs/libgfortran-91cc3cb1.so.3.0.0", Match.VERSION),
            "libgfortran-040039e1.so.5.0.0 → libgfortran-91cc3cb1.so.3.0.0",
        ),
    ],
)
def test_files(before: str, after: str, match: Match, shown: str) -> None:
    """A file is found again under another version, folder or hash, and the title says so."""
    found = only([library(before)], [library(after)])
    assert (found.match, title(found)) == (match, shown)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("/tmp/#1234 (deleted)", "/tmp/#99 (deleted)"),
        ("/dev/shm/psm_1a2b3c4d", "/dev/shm/psm_99ffeedd"),
        ("/dev/shm/.org.chromium.a9Xk2Q", "/dev/shm/.org.chromium.Zb77qA"),
        ("/SYSV0001234a", "/SYSV7fffffff"),
        ("/tmp/tmpab12_d3x", "/tmp/tmpzz9_8y7x"),
        ("[anon:worker 17]", "[anon:worker 4711]"),
        (f"/run/{uuid.UUID(int=7)}.sock", f"/run/{uuid.UUID(int=2**127 + 5)}.sock"),
        ("/cache/0123456789abcdef.bin", "/cache/fedcba9876543210.bin"),
        ("/tmp/perf-12.map", "/tmp/perf-13.map"),
        ("/tmp/line\nbreak-12", "/tmp/line\nbreak-13"),
    ],
)
def test_names_of_one_run(before: str, after: str) -> None:
    """What a program names anew in each run is one group."""
    one, other = Item(Kind.FILE, before), Item(Kind.FILE, after)
    found = only([one], [other])
    assert found.match is Match.PATTERN
    assert "*" in title(found)
    assert pattern(one) == pattern(other) == title(found)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("/lib/libfacade.so", "/lib/libdecade.so"),
        ("/opt/README", "/opt/LICENCE"),
        ("/data/thread.stacks", "/data/thread.things"),
        ("/data/7.bin", "/data/8.dat"),
    ],
)
def test_other_names_are_others(before: str, after: str) -> None:
    """Words are not taken for hashes, random endings or versions."""
    found = pair_items([library(before)], [library(after)])
    assert [each.match for each in found] == [Match.BEFORE, Match.AFTER]


def test_the_order_of_rules() -> None:
    """The same name goes before another version, and that before another folder."""
    before = [library("/a/libx.so.1"), library("/a/libx.so.2"), library("/b/liby.so.1")]
    after = [library("/a/libx.so.2"), library("/a/libx.so.3"), library("/c/liby.so.1")]
    found = {title(each): each.match for each in pair_items(before, after)}
    assert found == {
        "/a/libx.so.2": Match.PATH,
        "libx.so.1 → 3": Match.VERSION,
        "liby.so.1 (/b → /c)": Match.FOLDER,
    }


def test_the_nearest_folder_is_taken() -> None:
    """Of several files of one name those whose paths agree longest are paired."""
    before = [library("/old/a/lib/x.so"), library("/old/b/lib/x.so")]
    after = [library("/new/b/lib/x.so"), library("/new/a/lib/x.so")]
    found = pair_items(before, after)
    assert {(each.before[0].name, each.after[0].name) for each in found} == {
        ("/old/a/lib/x.so", "/new/a/lib/x.so"),
        ("/old/b/lib/x.so", "/new/b/lib/x.so"),
    }


def test_build_ids_make_it_certain() -> None:
    """Equal ids are the same file wherever it lies; other ids of one path another build."""
    assert only([library("/x.so", "aa")], [library("/x.so", "aa")]).match is Match.BUILD
    assert only([library("/x.so", "aa")], [library("/x.so", "bb")]).match is Match.OTHER_BUILD
    assert only([library("/x.so", "aa")], [library("/x.so")]).match is Match.PATH
    moved = only([library("/a/x.so", "aa")], [library("/b/renamed.so", "aa")])
    assert (moved.match, title(moved)) == (Match.BUILD, "/a/x.so → /b/renamed.so")


def test_nameless_memory_is_paired_by_kind() -> None:
    """Never by anything else; another kind is other memory."""
    arenas, heap = Item(Kind.ARENA, "malloc arenas"), Item(Kind.HEAP, "heap")
    assert only([arenas], [arenas]).match is Match.KIND
    assert {each.match for each in pair_items([arenas], [heap])} == {Match.BEFORE, Match.AFTER}


def test_many_new_names_are_one_group() -> None:
    """What is only on one side is put together if its names differ only by chance."""
    after = [Item(Kind.SHARED_MEMORY, f"/dev/shm/psm_{n:08x}") for n in range(5)]
    found = only([], after)
    assert (found.match, title(found)) == (Match.AFTER, "/dev/shm/psm_*")
    assert len(found.after) == 5


NAMES = st.one_of(
    st.text(max_size=12),
    st.from_regex(
        r"(/(a|b|venv\d))?/(lib(x|ssl)(\.so)?(\.\d{1,2}){0,3}|python3\.1\d)", fullmatch=True
    ),
    st.from_regex(
        r"/(tmp|run)/(#\d+|x-[0-9a-f]{8}|tmp[a-z0-9_]{8})( \(deleted\))?", fullmatch=True
    ),
    st.sampled_from(["heap", "anonymous", "malloc arenas", "/SYSV00001234", "/SYSV00001235"]),
)
ITEMS = st.builds(
    Item,
    st.sampled_from([Kind.LIBRARY, Kind.FILE, Kind.HEAP, Kind.ANONYMOUS, None]),
    NAMES,
    st.sampled_from(["", "text", "data"]),
    st.just(""),
    st.sampled_from([None, None, "aa", "bb"]),
)
SIDES = st.lists(ITEMS, unique=True, max_size=12)


def swapped(pair: Pair) -> Pair:
    match = {Match.BEFORE: Match.AFTER, Match.AFTER: Match.BEFORE}.get(pair.match, pair.match)
    return Pair(match, pair.after, pair.before)


@given(SIDES, SIDES, st.randoms(use_true_random=False))
def test_every_item_is_in_one_pair(
    before: list[Item], after: list[Item], choose: random.Random
) -> None:
    """Nothing is lost or taken twice; order does not matter; swapped runs give swapped pairs."""
    found = pair_items(before, after)
    assert Counter(item for each in found for item in each.before) == Counter(before)
    assert Counter(item for each in found for item in each.after) == Counter(after)
    assert all((each.match is Match.AFTER) == (not each.before) for each in found)
    assert all((each.match is Match.BEFORE) == (not each.after) for each in found)
    choose.shuffle(before)
    choose.shuffle(after)
    assert pair_items(before, after) == found
    assert Counter(map(swapped, pair_items(after, before))) == Counter(found)


@given(NAMES)
def test_titles_take_any_name(name: str) -> None:
    """Whatever a name holds, it has a pattern and a title."""
    found = pair_items([library(name)], [library(f"/other{name}")])
    assert all(isinstance(title(each), str) for each in found)


def test_many_names_take_no_time() -> None:
    """Ten thousand names of one stem on each side: no rule compares each with each."""
    before = [library(f"/a/libx.so.{n}.1") for n in range(10_000)]
    after = [library(f"/a/libx.so.{n}.2") for n in range(10_000)]
    found = pair_items(before, after)
    assert {each.match for each in found} == {Match.VERSION}
    assert len(found) == 10_000


def test_what_is_identical_has_one_key() -> None:
    """Whatever it is called; what a torn layout holds twice is paired once, in whatever order."""

    def heap(end: str, key: str) -> Item:
        return Item(Kind.HEAP, f"1000-{end}", "", key)

    before = [heap("2000", "1000-"), heap("3000", "1000-"), heap("6000", "5000-")]
    after = [heap("9000", "7000-"), heap("4000", "1000-")]
    expected = {
        Pair(Match.MAPPING, (before[0],), (after[1],)),
        Pair(Match.BEFORE, (before[1],), ()),
        Pair(Match.BEFORE, (before[2],), ()),
        Pair(Match.AFTER, (), (after[0],)),
    }
    for one, other in ((before, after), (before[::-1], after[::-1])):
        pairs = pair_identical("mapping", one, other)
        assert (len(pairs), set(pairs)) == (4, expected)
    (same,) = pair_identical("process", before[2:], before[2:])
    assert same.match is Match.PROCESS
