"""The command line: one module per subcommand; errors are caught here, once."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable
from typing import NoReturn, Protocol, cast

from .. import __version__
from ..errors import MemoryWatcherError, UsageError

#: Subcommand -> module here; its docstring is its help, its first line stands in the overview.
COMMANDS = {
    "record": "record",
    "peak": "peak",
    "ls": "ls",
    "load-smaps": "load_smaps",
    "chart": "chart",
    "report": "report",
    "top": "top",
    "replay": "replay",
}


class _Command(Protocol):
    """What a subcommand's module offers."""

    __doc__: str | None

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


class _Parser(argparse.ArgumentParser):
    """Tells what is wrong in one line, as all errors here."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


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


def say(text: str) -> None:
    """Write to stderr at once. Once nobody can read it any more, it goes nowhere."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        _silence(sys.stderr.fileno())


def parse_pid(text: str) -> int:
    """Raises UsageError for what cannot be a PID; the kernel's have seven digits at most."""
    if not text.isascii() or not text.isdecimal() or len(text) > 10 or int(text) == 0:
        shown = text if len(text) <= 40 else f"{text[:40]}…"
        raise UsageError(f"--pid: {shown!r} is not a PID")
    return int(text)


def _version(program: str) -> str:
    return f"{program} {__version__}"


def _load(command: str) -> _Command:
    return cast(_Command, importlib.import_module(f".{COMMANDS[command]}", __name__))


def _overview(arguments: list[str]) -> int:
    parser = _Parser(
        prog="memory-watcher",
        description="Records the memory layouts of Linux processes, and tells where memory went.",
        epilog="memory-watcher COMMAND --help tells all about a command.",
    )
    parser.add_argument("-v", "--version", action="version", version=_version("memory-watcher"))
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        commands.add_parser(name, help=(_load(name).__doc__ or "").splitlines()[0], add_help=False)
    parser.parse_args(arguments)
    return 0


def _run(command: str, program: str, arguments: list[str]) -> int:
    return _guarded(program, lambda: _command(command, program, arguments))


def _command(command: str, program: str, arguments: list[str]) -> int:
    if arguments in (["--version"], ["-v"]):
        print(_version(program))  # noqa: T201 - before argparse and the command are even loaded
        return 0
    module = _load(command)
    command_line: list[str] = []
    if getattr(module, "TAKES_COMMAND", False) and "--" in arguments:
        at = arguments.index("--")
        arguments, command_line = arguments[:at], arguments[at + 1 :]
        if not command_line:
            raise UsageError("there is no command behind --")
    parser = _Parser(
        prog=program,
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-v", "--version", action="version", version=_version(program))
    module.add_arguments(parser)
    args = parser.parse_args(arguments)
    args.command_line = command_line
    return module.run(args)


def _guarded(program: str, run: Callable[[], int]) -> int:
    """Run it, and turn whatever a user can meet into one line and an exit code."""
    _plug_closed_streams()
    try:
        try:
            code = run()
        except SystemExit as end:  # argparse, after --help or a usage error
            code = end.code if isinstance(end.code, int) else 0
        sys.stdout.flush()
    except MemoryWatcherError as error:
        say(f"{program}: {error}\n")
        return error.exit_code
    except BrokenPipeError:
        _silence(sys.stdout.fileno())  # the reader of our output has gone (`| head`)
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else "cannot write the output: "
        say(f"{program}: {where}{error.strerror}\n")
        _silence(sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _plug_closed_streams() -> None:
    """Let what is said on a stream that was closed from the start (`>&-`) go nowhere."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - for as long as the program runs
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115


def _silence(descriptor: int) -> None:
    """Send what is left in a stream's buffer nowhere: Python would complain of it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
