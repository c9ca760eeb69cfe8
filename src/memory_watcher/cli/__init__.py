"""The command line: one module per subcommand; errors are caught here, once."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from typing import NoReturn, Protocol, cast

from .. import __version__
from ..errors import MemoryWatcherError

#: Subcommand -> module here; its docstring is its help, its first line stands in the overview.
COMMANDS = {
    "record": "record",
    "peak": "peak",
    "load-smaps": "load_smaps",
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


def main_record() -> int:
    """Run `memory-record`."""
    return _run("record", "memory-record", sys.argv[1:])


def main_peak() -> int:
    """Run `memory-peak`."""
    return _run("peak", "memory-peak", sys.argv[1:])


def main_load_smaps() -> int:
    """Run `memory-load-smaps`."""
    return _run("load-smaps", "memory-load-smaps", sys.argv[1:])


def _version(program: str) -> str:
    return f"{program} {__version__}"


def _load(command: str) -> _Command:
    return cast(_Command, importlib.import_module(f".{COMMANDS[command]}", __name__))


def _run(command: str, program: str, arguments: list[str]) -> int:
    if arguments in (["--version"], ["-v"]):
        print(_version(program))  # noqa: T201 - before argparse and the command are even loaded
        return 0
    module = _load(command)
    parser = _Parser(
        prog=program,
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-v", "--version", action="version", version=_version(program))
    module.add_arguments(parser)
    args = parser.parse_args(arguments)
    try:
        code = module.run(args)
        sys.stdout.flush()
    except MemoryWatcherError as error:
        print(f"{program}: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    except BrokenPipeError:
        # The reader of our output has gone (`| head`); nor can Python flush to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    return code
