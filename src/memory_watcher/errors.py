"""Every error a user can meet.

    MemoryWatcherError
    ├── UsageError                 an option or argument is wrong (exit code 2)
    │   ├── BaselineFormatError    a file is no baseline, or one of another version
    │   └── BudgetFormatError      a budget file says what it cannot; names file and line
    │       └── NoBudget           it has no budget at all
    ├── SourceError                something about a proc filesystem or a capture
    │   ├── NotAProcRoot           the directory holds no proc filesystem
    │   ├── NoSuchProcess          the PID is not there, or no longer
    │   ├── NoPermission           the kernel refuses to show this process's memory
    │   ├── NoUserMemory           a kernel thread or a zombie: there is no memory to show
    │   ├── UnexpectedFault        reading one process met what nobody expected: a bug, named
    │   └── SmapsFormatError       bytes that are no smaps text, or a cut one
    ├── StoreError                 something about a recording file
    │   ├── RecordingNotFound      the file is not there
    │   ├── NotARecording          no SQLite, or SQLite but no recording
    │   ├── NewerRecording         written by a newer version
    │   ├── Damaged                what it holds contradicts itself, or another program changed it
    │   ├── RecordingBusy          another recorder writes to it
    │   └── CannotWrite            missing or read-only folder, full disk, I/O error
    │       └── RecordingMoved     it was deleted, renamed or replaced while it was written
    ├── SelectionError             what was asked for is not in the recording, or is ambiguous
    │   ├── NoProcess              a recording holds none at all
    │   ├── NothingRecorded        nor a single tick
    │   ├── NothingThen            nothing was recorded in the time that was asked for
    │   └── OtherPrograms          what should be of one program is of several
    ├── CannotSend                 a server did not take what was sent to it
    ├── CommandNotFound            the command to launch is nowhere (exit code 127, as a shell's)
    ├── CommandNotExecutable       it is there, but cannot be run (exit code 126)
    └── MissingExtra               an optional part is not installed; says what brings it

Each message is one line that says what happened and what to do about it. `cli` prints it and
exits with `exit_code`; nothing else catches MemoryWatcherError to print it.
"""

import errno
import os

from .message import Message, OptionOf, Part, plain, worded

#: What EMFILE and ENFILE mean: no fault of the file that was to be opened.
TOO_MANY_FILES = "too many open files; raise the limit (ulimit -n)"


#: What failed for want of descriptors has given back those it had: SQLite opens so many at once.
_AT_ONCE = 4


def no_file_can_be_opened() -> bool:
    """Whether descriptors have run out, so that whatever failed did for this reason."""
    opened: list[int] = []
    try:
        while len(opened) < _AT_ONCE:
            opened.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        return error.errno in (errno.EMFILE, errno.ENFILE)
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return False


class MemoryWatcherError(Exception):
    """Base of all errors a user can meet.

    str() is its message in plain words; a command puts its options' names in (see message).
    """

    exit_code = 1

    def __init__(self, *message: Part) -> None:
        super().__init__(*message)
        self.message: Message = message

    def __str__(self) -> str:
        return plain(self.message)

    def name_options(self, option_of: OptionOf) -> None:
        """Let the message name a command's options from now on."""
        self.message = (worded(self.message, option_of),)


class UsageError(MemoryWatcherError):
    """An option or argument is wrong."""

    exit_code = 2


class BudgetFormatError(UsageError):
    """A budget file says what it cannot say: `path` is the file, `line` counts from 1.

    `line` is None where it is not about a line.
    """

    def __init__(self, path: str, line: int | None, text: str) -> None:
        super().__init__(f"{path}: {text}" if line is None else f"{path}: line {line}: {text}")
        self.path = path
        self.line = line


class BaselineFormatError(UsageError):
    """A file is no baseline: `path` is the file."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__(f"{path}: {text}")
        self.path = path


class NoBudget(BudgetFormatError):
    """The file is sound, but has no budget."""


class SourceError(MemoryWatcherError):
    """A proc filesystem or a capture cannot be read as asked."""


class NotAProcRoot(SourceError):
    """The directory holds no proc filesystem."""


class NoSuchProcess(SourceError):
    """The process is not there, or no longer."""


class NoPermission(SourceError):
    """The kernel refuses to show this process's memory."""


class NoUserMemory(SourceError):
    """A kernel thread or a zombie: it lives, but has no memory to show."""


class NoSense(SourceError):
    """What stands in a file of proc is nothing that a kernel writes."""


class UnexpectedFault(SourceError):
    """Reading one process met what nobody expected: a bug here, named."""


class SmapsFormatError(SourceError):
    """The bytes are no smaps text, or a cut one."""


class StoreError(MemoryWatcherError):
    """A recording file cannot be used as asked."""


class RecordingNotFound(StoreError):
    """The recording file is not there."""


class NotARecording(StoreError):
    """The file is no SQLite database, or one that holds no recording."""


class NewerRecording(StoreError):
    """The recording was written by a newer version of memory-watcher."""


class Damaged(StoreError):
    """What the recording holds contradicts itself, or its tables are not those that were made."""


class RecordingBusy(StoreError):
    """Another recorder is writing to this recording."""


class CannotWrite(StoreError):
    """The recording cannot be written: folder, permissions, disk."""


class RecordingMoved(CannotWrite):
    """The recording was deleted, renamed or replaced while it was being written."""


class DamagedWarning(UserWarning):
    """A recording can be read, but contradicts itself: what is shown of it may be wrong."""


class SelectionError(MemoryWatcherError):
    """What was asked for is not in the recording, or stands for several things."""


class NoProcess(SelectionError):
    """A recording holds none: its recorder was ended before it had read anything."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path}: the recording holds no process; record again, or name another")


class NothingRecorded(SelectionError):
    """A recording holds not a single tick: its recorder was ended before the first."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path}: nothing was recorded; record again, or name another")


class NothingThen(SelectionError):
    """Nothing was recorded in the time that was asked for."""


#: How many names of programs an error lists.
_LISTED = 3


class OtherPrograms(SelectionError):
    """What should be of one program is of several.

    `one` and `other` are what has no name in common: a file, or what messages call it, and the
    names of its processes.
    """

    def __init__(
        self,
        one: tuple[str, frozenset[str]],
        other: tuple[str, frozenset[str]],
        *remedy: Part,
    ) -> None:
        said = ", ".join(f"{called} is of {_few(names)}" for called, names in (one, other))
        super().__init__(f"{said}: they have no process name in common; ", *remedy)
        self.one = one
        self.other = other


def _few(names: frozenset[str]) -> str:
    """Names for an error; repr makes hostile ones harmless."""
    more = [f"and {len(names) - _LISTED} more"] if len(names) > _LISTED else []
    return ", ".join([*map(repr, sorted(names)[:_LISTED]), *more])


class CannotSend(MemoryWatcherError):
    """A server did not take what was sent to it, or it is not known whether it did."""


class CommandNotFound(MemoryWatcherError):
    """The command to launch is nowhere to be found."""

    exit_code = 127


class CommandNotExecutable(MemoryWatcherError):
    """The command to launch is there, but cannot be run."""

    exit_code = 126


class MissingExtra(MemoryWatcherError):
    """An optional part is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what}: pip install 'memory-watcher[{extra}]'")
