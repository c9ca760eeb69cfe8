"""Folders and files of a dataset: any host has a folder of its own, which leads nowhere else."""

from __future__ import annotations

from datetime import date
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.fleet.names import (
    ALL_HOSTS,
    PartName,
    all_name,
    day_of,
    day_of_folder,
    host_folder,
    part_name,
    told_by,
)

HOSTNAMES = st.binary(min_size=1, max_size=300).map(
    lambda raw: raw.decode("utf-8", "surrogateescape")
)


@given(HOSTNAMES)
def test_a_host_is_one_folder(hostname: str) -> None:
    """No separator, no dot in front, short enough, and never the folder of all hosts."""
    folder = host_folder(hostname)
    assert folder.isascii()
    assert "/" not in folder
    name = folder.removeprefix("host=")
    assert name[0] not in "._"
    assert "=" not in name
    assert len(folder) <= 255
    assert folder != ALL_HOSTS


@given(HOSTNAMES, HOSTNAMES)
def test_two_hosts_are_two_folders(one: str, other: str) -> None:
    """Whatever they are called."""
    assert (host_folder(one) == host_folder(other)) == (one == other)


@given(st.binary(min_size=1, max_size=60))
def test_engines_turn_the_name_back(raw: bytes) -> None:
    """%XX is what Hive, Spark, DuckDB and pyarrow read."""
    folder = host_folder(raw.decode("utf-8", "surrogateescape"))
    assert unquote_to_bytes(folder.removeprefix("host=")) == raw


@pytest.mark.parametrize(
    ("hostname", "folder"),
    [
        ("web-1.example.org", "host=web-1.example.org"),
        ("..", "host=%2E."),
        ("_all", "host=%5Fall"),
        ("a/b=c d", "host=a%2Fb%3Dc%20d"),
        ("\udcff", "host=%FF"),
        ("", "host=__HIVE_DEFAULT_PARTITION__"),
        (None, "host=__HIVE_DEFAULT_PARTITION__"),
    ],
)
def test_examples(hostname: str | None, folder: str) -> None:
    """What is plain stays plain."""
    assert host_folder(hostname) == folder


def test_what_a_name_tells() -> None:
    """Recording, last tick, and when it was added; nothing of another name."""
    name = part_name("0123456789abcdef", 77, 1_700)
    assert told_by(name) == PartName(1_700, "0123456789abcdef", 77)
    assert told_by(all_name(5)) == PartName(5)
    for other in (f".{name}.part", f"{name}.part", "_lock", "x.parquet", name.upper()):
        assert told_by(other) is None


def test_days() -> None:
    """A folder of no day is none."""
    assert day_of(17_760) == date(2018, 8, 17)
    assert day_of_folder("date=2018-08-17") == date(2018, 8, 17)
    for name in ("date=2018-13-01", "date=2018-8-1", "2018-08-17", "date=.."):
        assert day_of_folder(name) is None
