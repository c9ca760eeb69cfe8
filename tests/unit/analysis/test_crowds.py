"""Files of which there are many of one sort are one group; all others keep their names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.analysis.crowds import MANY, Crowd, crowd_name, crowds_of
from memory_watcher.analysis.kinds import Kind, KindHints, attribute
from memory_watcher.model import MappingUsage, Usage

from ...recordings import mapping

TABLES = frozenset(f"/srv/db/{number:06}.sst" for number in range(MANY))


def names_of(*sorts: str, count: int = MANY) -> frozenset[str]:
    return frozenset(sort.replace("N", str(number)) for sort in sorts for number in range(count))


@pytest.mark.parametrize(
    ("sort", "crowd"),
    [
        ("/srv/db/N.sst", "/srv/db/*.sst"),
        ("/srv/pg/base/N", "/srv/pg/base/*"),
        ("/srv/pg/base/1.N", "/srv/pg/base/*"),
        ("/srv/ks/table-N/nb-1-big-Data.db", "/srv/ks/**/*.db"),
        ("/home/a/.m2/org/N/x.jar", "/home/a/.m2/org/**/*.jar"),
    ],
)
def test_how_crowds_are_called(sort: str, crowd: str) -> None:
    """By folder and ending; where each is in a folder of its own, by the tree that holds them."""
    names = names_of(sort)
    crowds = crowds_of(names)
    assert {crowd_name(name, crowds) for name in names} == {crowd}
    gone = sort.replace("N", "7") + " (deleted)"
    assert crowd_name(gone, crowds) == f"{crowd} (deleted)", "deleted ones are apart"


@pytest.mark.parametrize(
    "names",
    [
        names_of("/srv/db/N.sst", count=MANY - 1),
        names_of("/usr/lib/libN.so", "/usr/lib/libN.so.1"),
        names_of("/dev/shm/N", "/memfd:N", "[anon:N]"),
        names_of("/N.dat"),
        names_of("/N/x.dat", "/srv/N/x.dat", count=MANY // 2),
        names_of("/srv/N/none"),
    ],
)
def test_what_is_no_crowd(names: frozenset[str]) -> None:
    """Too few, libraries, memory without a folder, and what has nothing in common but the root."""
    assert crowds_of(names) == frozenset()


def test_others_in_the_folder_keep_their_names() -> None:
    """Another ending, another folder, a deeper folder."""
    crowds = crowds_of(TABLES | {"/srv/db/LOG"})
    assert crowds == {Crowd("/srv/db", ".sst")}
    for name in ("/srv/db/LOG", "/srv/1.sst", "/srv/db/old/1.sst", "/srv/db/1.sst.bak", "[heap]"):
        assert crowd_name(name, crowds) == name


@given(st.frozensets(st.text(max_size=30) | st.from_regex(r"/[ab]/[0-9]{1,3}\.[xy]")), st.text())
def test_any_names(names: frozenset[str], name: str) -> None:
    """Nothing that a program may call its files fails."""
    assert isinstance(crowd_name(name, crowds_of(names | TABLES)), str)


def test_only_files_that_are_not_run() -> None:
    """A name of the crowd that is executed is a program; one mapping is called by its path."""
    crowds = crowds_of(TABLES)
    entries = [
        MappingUsage(
            mapping(0x1000, perms="r--s", pathname="/srv/db/000001.sst", inode=1), Usage()
        ),
        MappingUsage(
            mapping(0x9000, perms="r-xp", pathname="/srv/db/000002.sst", inode=2), Usage()
        ),
    ]
    (_, file), (_, program) = attribute(entries, KindHints(crowds=crowds))
    assert file == (Kind.FILE, "/srv/db/*.sst")
    assert program == (Kind.LIBRARY_CODE, "/srv/db/000002.sst")
