"""Lists of "every command" in the tests have every command: a new one is run on old and bad files.

tests.every_command runs them on recordings of each version, tests.fuzz.commands on damaged ones.
"""

from __future__ import annotations

from memory_watcher.cli import COMMANDS
from tests.every_command import READERS
from tests.fuzz import commands

#: They make recordings, or look at what runs now.
OTHERS = {"record", "import", "load-smaps", "show", "top"}


def test_recordings_of_each_version_are_read_by_each() -> None:
    """Each command that reads a recording, and those that read nothing are named above."""
    assert {words[0] for words in READERS.values()} == set(COMMANDS) - OTHERS


def test_damaged_recordings_are_read_by_each() -> None:
    """But by `check`: it reads as `growth` and `diff` do, and its exit codes are about budgets."""
    assert {words[0] for words in commands.COMMANDS} - OTHERS == set(COMMANDS) - OTHERS - {"check"}
