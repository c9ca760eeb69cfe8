"""What settings are called on the command line."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from memory_watcher.cli import COMMANDS, command_parser, wording
from memory_watcher.cli.wording import Wording
from memory_watcher.errors import MemoryWatcherError
from memory_watcher.message import Setting
from memory_watcher.procfs.source import ProcSource
from memory_watcher.record.discovery import DiscoveredTargets
from memory_watcher.record.selection import (
    Selection,
    parse_command_line_pattern,
    parse_container,
    parse_user,
)


def with_actions(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A command's parser, and those of its actions."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.values()


WORDINGS = [
    Wording(parser) for name in COMMANDS for parser in with_actions(command_parser(name, name))
]


@pytest.mark.parametrize("setting", Setting)
def test_each_setting_has_its_option(setting: Setting) -> None:
    """Some command has it, so that a message that names it can name the option."""
    assert any(each.option_of(setting) for each in WORDINGS)


@pytest.mark.parametrize("command", wording.COMMANDS.values())
def test_commands_exist(command: str) -> None:
    """What a message advises to run is there."""
    program, name = command.split()
    assert program == "memory-watcher"
    assert name in COMMANDS


def test_an_option_that_a_command_lacks_is_not_named() -> None:
    """`top` has --period, but not --max-cpu; what is a command of its own can always be named."""
    top = Wording(command_parser("top", "memory-watcher top"))
    assert top.option_of(Setting.PERIOD) == "--period"
    assert top.option_of(Setting.MAX_CPU) is None
    assert top.option_of(Setting.VERIFY) == "memory-watcher verify"


def proc_root() -> None:
    ProcSource("/no/such")


def no_process() -> None:
    source = ProcSource()
    nobody = Selection(names=("no process has such a name",))
    with closing(DiscoveredTargets(source, selection=nobody)) as targets:
        targets.find_now()


#: What fails, the command that says so, and how.
ERRORS = [
    (lambda: parse_command_line_pattern("("), "record", "--cmdline: '\\(' is not a regular expr.*"),
    (lambda: parse_user("nobody here"), "record", "--user: no user 'nobody here'; use .*"),
    (lambda: parse_container("we b"), "record", "--container: 'we b' is not a container's id.*"),
    (proc_root, "show", r"/no/such: no such directory \(--proc, PROCFS\)"),
    (no_process, "record", "no running process matches. Use --wait to wait for one"),
    (no_process, "top", "no running process matches"),
]


@pytest.mark.parametrize(("fails", "command", "sentence"), ERRORS)
def test_errors_name_options(fails: Callable[[], object], command: str, sentence: str) -> None:
    """What is wrong, or the remedy, is called as on the command line that was written."""
    with pytest.raises(MemoryWatcherError) as raised:
        fails()
    wording = Wording(command_parser(command, command))
    assert re.fullmatch(sentence, wording.of(raised.value))
    assert "--" not in str(raised.value)
    raised.value.name_options(wording.option_of)
    assert str(raised.value) == wording.of(raised.value)


def test_it_speaks_as_the_program_that_was_called(capsys: pytest.CaptureFixture[str]) -> None:
    """`memory-watcher record` does not speak as memory-record."""
    Wording(command_parser("record", "memory-watcher record")).say("something")
    assert capsys.readouterr().err == "memory-watcher record: something\n"
