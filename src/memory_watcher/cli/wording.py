"""What each setting is called on the command line; errors and notices name it so."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Protocol

from ..message import Message, Setting, worded
from .console import say

#: The option of each setting, by the name that messages use.
OPTIONS: Mapping[Setting, str] = {
    Setting.ALIGN: "--align",
    Setting.AT: "--at",
    Setting.AT_B: "--at-b",
    Setting.BY: "--by",
    Setting.CGROUP: "--cgroup",
    Setting.COMMAND_LINE: "--cmdline",
    Setting.CONTAINER: "--container",
    Setting.FAST_PERIOD: "--fast-period",
    Setting.FIGURE: "--process-memory",
    Setting.FULL_EVERY: "--full-every",
    Setting.LOWEST: "--system-memory",
    Setting.MAX_CPU: "--max-cpu",
    Setting.MAX_SIZE: "--max-size",
    Setting.MAX_STALL: "--max-stall",
    Setting.MEMORY: "--memory",
    Setting.NAME: "--name",
    Setting.PERIOD: "--period",
    Setting.PID: "--pid",
    Setting.PROC: "--proc",
    Setting.PROCESS: "--process",
    Setting.PROCESS_B: "--process-b",
    Setting.PROCESS_ID: "--process-id",
    Setting.RESET_PEAK: "--reset-peak",
    Setting.TIME: "--time",
    Setting.UNIT: "--unit",
    Setting.USER: "--user",
    Setting.WAIT: "--wait",
    Setting.WAIT_ALL: "--wait-all",
}

#: What is a command of its own: every command can name it.
COMMANDS: Mapping[Setting, str] = {
    Setting.IMPORT: "memory-watcher import",
    Setting.LOAD: "memory-watcher load-smaps",
    Setting.REPAIR: "memory-watcher repair",
    Setting.VERIFY: "memory-watcher verify",
}


class HasMessage(Protocol):
    """An error, or a notice."""

    @property
    def message(self) -> Message:
        """Its sentences."""


class Wording:
    """How one command speaks: by the name it was called, of settings by its own options."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._program = parser.prog
        self._options = frozenset(
            option for action in parser._actions for option in action.option_strings
        )

    def option_of(self, setting: Setting) -> str | None:
        """The option, or the command, that stands for it; None where this command has none."""
        option = OPTIONS.get(setting)
        return option if option in self._options else COMMANDS.get(setting)

    def of(self, what: HasMessage) -> str:
        """What an error or a notice says to the users of this command."""
        return worded(what.message, self.option_of)

    def notice(self, notice: HasMessage) -> None:
        """Say it on stderr."""
        self.say(self.of(notice))

    def say(self, text: str) -> None:
        """Say something on stderr, as this command."""
        say(f"{self._program}: {text}")
