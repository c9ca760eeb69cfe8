"""The command line: one module per subcommand; errors are caught here, once."""

from __future__ import annotations

import argparse
import atexit
import errno
import gc
import importlib
import os
import sys
from collections.abc import Callable, Iterable
from typing import NoReturn, Protocol, cast

from .._version import __version__
from ..errors import (
    TOO_MANY_FILES,
    Damaged,
    MemoryWatcherError,
    StoreError,
    UsageError,
    no_file_can_be_opened,
)
from .console import open_streams, say, silence, write_text
from .doubts import told_at_the_end
from .wording import Wording

__all__ = ["main", "parse_pid", "say", "whole_number"]

#: Subcommand -> module here; its docstring is its help, its first line stands in the overview.
COMMANDS = {
    "record": "record",
    "show": "show",
    "peak": "peak",
    "explain": "explain",
    "kinds": "kinds",
    "growth": "growth",
    "check": "check",
    "ls": "ls",
    "diff": "diff",
    "export": "export",
    "fleet": "fleet",
    "import": "import_files",
    "load-smaps": "load_smaps",
    "chart": "chart",
    "report": "report",
    "top": "top",
    "replay": "replay",
    "budget": "budget",
    "verify": "verify",
    "repair": "repair",
}

#: The exit code of errors, where 1 means something else.
ERROR_CODES = {"check": 2}

#: The scripts that are one subcommand, called by a name of its own.
PROGRAMS = {
    "memory-record": "record",
    "memory-peak": "peak",
    "memory-chart": "chart",
    "memory-replay": "replay",
    "memory-load-smaps": "load-smaps",
}

#: Objects from one garbage collection to the next. Python's 700 make a hundred collections of what
#: a command imports: with these, and none at the end, `check` needs 106 ms of CPU to load, not 130.
_COLLECT_AFTER = 50_000

#: In the environment: show the traceback of what should not have happened.
DEBUG = "MEMORY_WATCHER_DEBUG"


class _Command(Protocol):
    """What a subcommand's module offers."""

    __doc__: str | None

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


class _Parser(argparse.ArgumentParser):
    """Tells what is wrong in one line, as all errors here."""

    color = False  # from Python 3.14 on, help would bear escapes

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")

    def _print_message(self, message: str, file: object = None) -> None:
        """Argparse's own would pass over an error at writing, and print arguments raw."""
        if file is sys.stdout:
            write_text(message)
        elif message:
            say(message)


class _WithCommand(argparse.RawDescriptionHelpFormatter):
    """Has the command after `--` in the usage: it is split off before argparse sees anything."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        command = argparse.Action([], dest="command", nargs="*", metavar="-- COMMAND")
        super().add_usage(usage, [*actions, command], groups, prefix)


def main() -> int:
    """Run `memory-watcher COMMAND …`."""
    arguments = sys.argv[1:]
    if arguments and arguments[0] in COMMANDS:
        return _run(arguments[0], f"memory-watcher {arguments[0]}", arguments[1:])
    return _guarded("memory-watcher", lambda: _overview(arguments))


def main_record() -> int:
    """Run `memory-record`."""
    return _run("record", "memory-record", sys.argv[1:])


def main_peak() -> int:
    """Run `memory-peak`."""
    return _run("peak", "memory-peak", sys.argv[1:])


def main_chart() -> int:
    """Run `memory-chart`."""
    return _run("chart", "memory-chart", sys.argv[1:])


def main_replay() -> int:
    """Run `memory-replay`."""
    return _run("replay", "memory-replay", sys.argv[1:])


def main_load_smaps() -> int:
    """Run `memory-load-smaps`."""
    return _run("load-smaps", "memory-load-smaps", sys.argv[1:])


def parse_pid(text: str) -> int:
    """Raises UsageError for what cannot be a PID; the kernel's have seven digits at most."""
    if not text.isascii() or not text.isdecimal() or len(text) > 10 or int(text) == 0:
        shown = text if len(text) <= 40 else f"{text[:40]}…"
        raise UsageError(f"--pid: {shown!r} is not a PID")
    return int(text)


def whole_number(text: str) -> int:
    """What options take for a number: digits alone, where int() also takes 1_0 and blanks.

    Raises ArgumentTypeError, which argparse turns into a usage error that names the option.
    """
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 18:
        shown = text if len(text) <= 40 else f"{text[:40]}…"
        raise argparse.ArgumentTypeError(f"{shown!r} is not a whole number")
    return int(text)


def _version(program: str) -> str:
    return f"{program} {__version__}"


def _load(command: str) -> _Command:
    return cast(_Command, importlib.import_module(f".{COMMANDS[command]}", __name__))


def _first_line(module: _Command) -> str:
    """What a command does; nothing under PYTHONOPTIMIZE=2, which takes docstrings away."""
    return (module.__doc__ or "").partition("\n")[0]


def _overview(arguments: list[str]) -> int:
    overview_parser().parse_args(arguments)
    return 0


def overview_parser(whole: bool = False) -> argparse.ArgumentParser:
    """Declare `memory-watcher`, its commands by name alone, or with their options if `whole`."""
    parser = _Parser(
        prog="memory-watcher",
        description="Records the memory layouts of Linux processes, and shows where memory went.",
        epilog="memory-watcher COMMAND --help explains a command.",
    )
    parser.add_argument("-v", "--version", action="version", version=_version("memory-watcher"))
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        module = _load(name)
        summary = _first_line(module)
        command = commands.add_parser(name, help=summary, description=summary, add_help=whole)
        if whole:
            _add_options(command, module)
    return parser


def command_parser(command: str, program: str) -> argparse.ArgumentParser:
    """Declare one command, as `program` calls it; its description is the module's docstring."""
    module = _load(command)
    parser = _Parser(
        prog=program,
        description=module.__doc__,
        formatter_class=_WithCommand
        if takes_command(command)
        else argparse.RawDescriptionHelpFormatter,
    )
    _add_options(parser, module)
    return parser


def takes_command(command: str) -> bool:
    """Whether it takes the command line of another program after `--`."""
    return bool(getattr(_load(command), "TAKES_COMMAND", False))


def _add_options(parser: argparse.ArgumentParser, module: _Command) -> None:
    parser.add_argument("-v", "--version", action="version", version=_version(parser.prog))
    module.add_arguments(parser)


def _run(command: str, program: str, arguments: list[str]) -> int:
    of_errors = ERROR_CODES.get(command, 1)
    return _guarded(program, lambda: _command(command, program, arguments), of_errors)


def _command(command: str, program: str, arguments: list[str]) -> int:
    if arguments in (["--version"], ["-v"]):
        write_text(f"{_version(program)}\n")  # before argparse and the command are even loaded
        return 0
    module = _load(command)
    command_line: list[str] = []
    if takes_command(command) and "--" in arguments:
        at = arguments.index("--")
        arguments, command_line = arguments[:at], arguments[at + 1 :]
        if not command_line:
            raise UsageError("no command after --")
    parser = command_parser(command, program)
    args = parser.parse_args(arguments)
    chosen = getattr(args, "action_parser", parser)  # of a command that has actions
    _refuse_empty(chosen, args)
    args.command_line = command_line
    args.wording = Wording(chosen)
    try:
        return module.run(args)
    except MemoryWatcherError as error:
        error.name_options(args.wording.option_of)
        raise
    except (OSError, ImportError):
        raise
    except Exception as error:
        if DEBUG in os.environ or not getattr(module, "READS_RECORDING", False):
            raise
        raise _damaged(args, error) from error


def _refuse_empty(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """An empty value says nothing: it is that of a variable that is not set. Raises UsageError."""
    for action in parser._actions:
        if _has_empty(getattr(args, action.dest, None)):
            name = action.option_strings[-1] if action.option_strings else action.metavar
            raise UsageError(f"{name}: its value is empty; give one, or leave it out")


def _has_empty(given: object) -> bool:
    return given == "" or (isinstance(given, list) and any(map(_has_empty, given)))


def _damaged(args: argparse.Namespace, error: Exception) -> StoreError:
    """What surprised a reader: the store checks each row, not all that rows can contradict."""
    from .recording_file import recording_file

    several = getattr(args, "files", [args.dataset] if hasattr(args, "dataset") else None)
    path = recording_file(args) if several is None else ", ".join(several) or "the recording"
    if isinstance(error, MemoryError):
        return StoreError(f"{path}: not enough memory to show it")
    return Damaged(
        f"{path}: damaged: it holds what no recorder writes ({type(error).__name__}: {error});"
        f" set {DEBUG}=1 to see where"
    )


def _guarded(program: str, run: Callable[[], int], of_errors: int = 1) -> int:
    """Run it, and turn whatever a user can meet into one line and an exit code.

    `of_errors` is the code of errors that have no code of their own.
    """
    gc.set_threshold(_COLLECT_AFTER)
    atexit.register(gc.freeze)
    open_streams()
    try:
        try:
            with told_at_the_end(program):
                code = run()
                sys.stdout.flush()
        except SystemExit as end:  # argparse, after --help or a usage error
            code = end.code if isinstance(end.code, int) else 0
        sys.stdout.flush()
    except MemoryWatcherError as error:
        say(f"{program}: {error}")
        return max(error.exit_code, of_errors)
    except BrokenPipeError:
        silence(sys.stdout)  # the reader of our output has gone (`| head`)
        return of_errors
    except OSError as error:
        say(f"{program}: {_reason(error)}")
        silence(sys.stdout)
        return of_errors
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if DEBUG in os.environ:
            raise
        say(f"{program}: {_unexpected(error)}")
        return of_errors
    return code


def _reason(error: OSError) -> str:
    # EMFILE, ENFILE: no fault of the file that was to be opened next.
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return TOO_MANY_FILES
    where = f"{os.fsdecode(error.filename)}: " if error.filename else "cannot write the output: "
    return f"{where}{error.strerror or error}"


def _unexpected(error: Exception) -> str:
    if no_file_can_be_opened():  # then modules cannot be found, either
        return TOO_MANY_FILES
    if isinstance(error, MemoryError):
        return "not enough memory"
    return (
        f"an error of memory-watcher itself: {type(error).__name__}: {error}; please report it with"
        f" the output of {DEBUG}=1"
    )
