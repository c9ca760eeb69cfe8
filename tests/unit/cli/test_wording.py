"""What settings are called on the command line."""

from __future__ import annotations

import pytest

from memory_watcher.cli import COMMANDS, command_parser, wording
from memory_watcher.cli.wording import Wording
from memory_watcher.message import Setting

WORDINGS = [Wording(command_parser(name, name)) for name in COMMANDS]


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


def test_it_speaks_as_the_program_that_was_called(capsys: pytest.CaptureFixture[str]) -> None:
    """`memory-watcher record` does not speak as memory-record."""
    Wording(command_parser("record", "memory-watcher record")).say("something")
    assert capsys.readouterr().err == "memory-watcher record: something\n"
