"""Which processes are chosen: each field of a selection has one option, and is written as asked."""

from __future__ import annotations

import argparse
from dataclasses import fields

import pytest

from memory_watcher.cli import target_options
from memory_watcher.errors import UsageError
from memory_watcher.procfs.cgroup import Cgroup
from memory_watcher.record.selection import Selection

#: Option -> a value, what the field of Selection holds then.
FILTERS = {
    "--name": ("postgres*", ("postgres*",)),
    "--cmdline": ("-D .*main", "-D .*main"),
    "--user": ("0", 0),
    "--cgroup": ("a.slice", Cgroup(None, "/a.slice")),
    "--container": ("0123abcd", "0123abcd"),
    "--unit": ("nginx", "nginx"),
}


def request(*words: str) -> target_options.Request:
    parser = argparse.ArgumentParser()
    target_options.add_arguments(parser)
    args = parser.parse_args(words)
    args.command_line = []
    return target_options.request_of(args, args.pid)


def test_every_field_of_a_selection_has_its_option() -> None:
    """What is added to one is not forgotten in the other, nor in the table above."""
    filters = target_options._FILTERS
    assert [each.field for each in filters] == [field.name for field in fields(Selection)]
    assert [each.option for each in filters] == list(FILTERS)


@pytest.mark.parametrize("option", FILTERS)
def test_each_fills_its_field(option: str) -> None:
    """Only that one; what the recording says of the selection is what was written."""
    value, expected = FILTERS[option]
    found = request(f"{option}={value}")
    (each,) = (each for each in target_options._FILTERS if each.option == option)
    held = getattr(found.selection, each.field)
    assert getattr(held, "pattern", held) == expected
    others = [field.name for field in fields(Selection) if field.name != each.field]
    assert all(getattr(found.selection, name) == getattr(Selection(), name) for name in others)
    assert found.options.split(" ", 1)[0] == option
    assert found.kind == "selection"


@pytest.mark.parametrize("option", FILTERS)
def test_messages_list_each(option: str) -> None:
    """Those that say which options there are."""
    with pytest.raises(UsageError, match=r"^--wait goes with") as alone:
        request("--wait")
    with pytest.raises(UsageError, match=r"^choose processes by PID") as both:
        request("-p", "1", f"{option}={FILTERS[option][0]}")
    assert option in str(alone.value)
    assert option in str(both.value)


def test_all_as_written() -> None:
    """In the order of the options, quoted as for a shell; repeated names each."""
    found = request("--container", "0123abcd", "--name", "a b", "--name", "c", "--children")
    assert found.options == "--name 'a b' --name c --container 0123abcd --children"
    assert found.selection.names == ("a b", "c")
