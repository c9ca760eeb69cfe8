"""An option with an empty value is refused: a variable that is not set would choose the default."""

from __future__ import annotations

import argparse
import sys

import pytest

from memory_watcher import cli


def valued(command: str) -> list[argparse.Action]:
    """What of a command takes a text."""
    parser = cli.command_parser(command, command)
    return [each for each in parser._actions if each.nargs != 0 and each.type is None]


OPTIONS = [
    (command, action.option_strings[-1])
    for command in cli.COMMANDS
    for action in valued(command)
    if action.option_strings and action.choices is None
]
#: What a command must be given besides.
NEEDED = {
    "budget": ["init", "x"],
    "export": ["csv"],
    "import": ["x", "-o", "x"],
    "load-smaps": ["x"],
    "repair": ["x", "-o", "x"],
    "report": ["x"],
    "show": ["1"],
}


@pytest.mark.parametrize(("command", "option"), OPTIONS, ids=lambda word: word)
def test_options(
    command: str,
    option: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line that names it, exit code 2; nothing else was looked at."""
    words = ["memory-watcher", command, *NEEDED.get(command, []), option, ""]
    monkeypatch.setattr(sys, "argv", words)
    assert cli.main() == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == (
        "",
        f"memory-watcher {command}: {option}: its value is empty; give one, or leave it out\n",
    )


@pytest.mark.parametrize("command", ["peak", "chart", "ls", "diff", "report", "growth", "verify"])
def test_files(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No command takes its default file instead."""
    monkeypatch.setattr(sys, "argv", ["memory-watcher", command, ""])
    assert cli.main() == 2
    assert "its value is empty; give one" in capsys.readouterr().err
