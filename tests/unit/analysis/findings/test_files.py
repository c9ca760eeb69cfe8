"""Builds of libraries, deleted files, modified and clean pages."""

from __future__ import annotations

import pytest

from memory_watcher.analysis.findings.base import Attributed, Member, Rank
from memory_watcher.analysis.findings.files import (
    clean_files,
    deleted_files,
    dirty_libraries,
    library_builds,
    same_build_apart,
)
from memory_watcher.analysis.kinds import Kind

from .scenes import KIB, MIB, member, of_one, piece, scene


def user(name: str, builds: dict[int, str], *libraries: Attributed) -> Member:
    """A process, and the build IDs of its files by inode."""
    return member(*libraries, name=name, builds={(0, node): each for node, each in builds.items()})


def library(inode: int, name: str, pss: int = MIB) -> Attributed:
    return piece(Kind.LIBRARY, 2 * MIB, name, inode=inode, pss=pss, perms="r-xp")


def test_several_builds() -> None:
    """By name up to .so; paths and versions in them may be what they like."""
    old = user("a (1)", {1: "0a"}, library(1, "/lib/libssl.so.1.1 (deleted)"))
    new = user(
        "b (2)", {2: "0b", 3: "0c"}, library(2, "/lib/libssl.so.3"), library(3, "/lib/libc.so")
    )
    found = library_builds(scene(old, new))
    assert found is not None
    assert found.examples == (("libssl", 2 * MIB),)
    assert found.figures == {"libraries": 1, "builds": 2, "processes": 2, "size": 2 * MIB}


@pytest.mark.parametrize(
    ("builds", "name"),
    [
        ({1: "0a", 2: "0a"}, "libssl.so"),
        ({1: "0a"}, "libssl.so"),
        ({}, "libssl.so"),
        ({1: "0a", 2: "0b"}, "utils.so"),
    ],
    ids=["one build", "one known", "none known", "modules of the same name"],
)
def test_no_several_builds(builds: dict[int, str], name: str) -> None:
    """The same build, or nothing known: no sentence. Modules of one name may be unrelated."""
    one, other = library(1, f"/a/{name}"), library(2, f"/b/{name}")
    assert library_builds(scene(user("a (1)", builds, one), user("b (2)", builds, other))) is None


def test_same_build_from_several_files() -> None:
    """What is there more than with one file: all but the largest of them."""
    builds = {1: "0a", 2: "0a", 3: "0b"}
    one = user("a (1)", builds, library(1, "/a/libx.so", 3 * MIB), library(3, "/lib/libc.so"))
    other = user("b (2)", builds, library(2, "/b/libx.so", 2 * MIB))
    found = same_build_apart(scene(one, other))
    assert found is not None
    assert found.figures == {"libraries": 1, "again": 2 * MIB, "files": 2}
    assert found.examples == (("libx.so", 2 * MIB),)
    small = user("b (2)", builds, library(2, "/b/libx.so", 100 * KIB))
    assert same_build_apart(scene(one, small)) is None
    assert same_build_apart(scene(one, one)) is None, "the same file twice is one file"


def test_deleted_library() -> None:
    """It was replaced: said whatever its size."""
    found = deleted_files(of_one(piece(Kind.LIBRARY, 4 * KIB, "/lib/a.so (deleted)", inode=5)))
    assert found is not None
    assert found.figures == {"files": 1, "programs": 1, "size": 4 * KIB}
    assert found.rank is Rank.LOOK


def test_code_that_never_had_a_file() -> None:
    """A JIT's memfd is called deleted by the kernel, and is on no disk."""
    assert deleted_files(of_one(piece(Kind.LIBRARY, MIB, "/memfd:jit (deleted)", inode=5))) is None


def test_deleted_files() -> None:
    """Temporary files are usual: said from 1 MiB on."""
    small = piece(Kind.DELETED_FILE, 512 * KIB, "/tmp/a (deleted)", inode=5)
    other = piece(Kind.DELETED_FILE, 600 * KIB, "/tmp/b (deleted)", inode=6)
    assert deleted_files(of_one(small, piece(Kind.FILE, 9 * MIB, "/c", inode=7))) is None
    found = deleted_files(of_one(small, other))
    assert found is not None
    assert found.figures == {"files": 2, "programs": 0, "size": 1112 * KIB}
    assert found.examples[0] == ("/tmp/b (deleted)", 600 * KIB)
    assert found.rank is Rank.NOTE


def test_modified_pages_of_libraries() -> None:
    """From a tenth of the memory on, by library."""
    entries = [
        piece(Kind.LIBRARY, 3 * MIB, "/a.so", private_dirty=2 * MIB),
        piece(Kind.LIBRARY, 3 * MIB, "/b.so", private_dirty=0),
    ]
    found = dirty_libraries(of_one(*entries, piece(Kind.HEAP, 14 * MIB, private_dirty=14 * MIB)))
    assert found is not None
    assert found.figures == {"dirty": 2 * MIB, "libraries": 1, "memory": 20 * MIB}
    assert found.examples == (("/a.so", 2 * MIB),)
    assert dirty_libraries(of_one(*entries, piece(Kind.HEAP, 15 * MIB))) is None
    assert dirty_libraries(of_one(piece(Kind.LIBRARY, 9 * MIB, "/a.so"))) is None, "not reported"


def test_clean_pages_of_one_process() -> None:
    """Shared or not, against RSS; what is locked cannot be dropped."""
    data = piece(Kind.FILE, 4 * MIB, "/data", private_clean=MIB, shared_clean=3 * MIB)
    locked = piece(
        Kind.FILE, 4 * MIB, "/key", private_clean=4 * MIB, shared_clean=0, locked=4 * MIB
    )
    found = clean_files(of_one(data, locked, piece(Kind.HEAP, 8 * MIB)))
    assert found is not None
    assert found.figures == {"clean": 4 * MIB, "whole": 16 * MIB}
    assert [(each.name, each.size) for each in found.examples] == [("/data", 4 * MIB)]
    assert found.word == "rss"
    assert clean_files(of_one(locked)) is None
    assert clean_files(of_one(data, piece(Kind.HEAP, 50 * MIB))) is None


def test_clean_pages_of_several() -> None:
    """Only those that one process has alone may be added up."""
    data = piece(Kind.FILE, 4 * MIB, "/data", pss=3 * MIB, private_clean=2 * MIB, shared_clean=MIB)
    found = clean_files(scene(member(data), member(data)))
    assert found is not None
    assert found.figures == {"clean": 4 * MIB, "whole": 6 * MIB}
    assert found.word == "pss"
