"""What the command line offers to choose from is what the answers know, and in their order."""

from __future__ import annotations

from typing import get_args

import pytest

from memory_watcher import cli
from memory_watcher.analysis import breakdown, identity
from memory_watcher.analysis.budgets import model as budgets
from memory_watcher.answers import cgroups, compared, history, machine
from memory_watcher.metrics import JUDGED
from memory_watcher.recorded import SystemFigure

#: Command, option -> its choices; in `peak` a machine's line may be a user besides.
CHOICES = {
    ("peak", "--by"): {*get_args(breakdown.By), "user"},
    ("peak", "--process-memory"): {*machine._FIGURES, cgroups.FIGURE},
    ("peak", "--system-memory"): set(get_args(SystemFigure)),
    ("show", "--by"): set(get_args(breakdown.By)),
    ("chart", "--by"): set(get_args(identity.By)),
    ("chart", "--process-memory"): set(history.FIGURES),
    ("chart", "--align"): set(get_args(compared.Align)),
    ("growth", "--by"): set(get_args(identity.By)),
    ("growth", "--process-memory"): set(JUDGED),
    ("diff", "--by"): set(get_args(identity.By)),
    ("diff", "--process-memory"): set(JUDGED),
    ("export", "--by"): set(get_args(breakdown.By)),
    ("budget", "--at"): set(get_args(budgets.At)),
    ("budget", "--figure"): set(get_args(budgets.Figure)),
}
#: Choices that are the command line's own.
OWN = {("ls", "--sort"), ("kinds", "--by"), ("top", "--theme"), ("replay", "--theme")}


def offered() -> dict[tuple[str, str], set[str]]:
    """The choices of every option of every command."""
    return {
        (command, action.option_strings[-1]): set(action.choices)
        for command in cli.COMMANDS
        for action in cli.command_parser(command, command)._actions
        if action.choices is not None and action.option_strings
    }


def test_every_option_with_choices_is_known() -> None:
    """A new one has a line above."""
    assert set(offered()) == CHOICES.keys() | OWN


@pytest.mark.parametrize("option", CHOICES, ids=" ".join)
def test_choices(option: tuple[str, str]) -> None:
    """What is added to an answer is offered, and nothing that no answer knows."""
    assert offered()[option] == CHOICES[option]
