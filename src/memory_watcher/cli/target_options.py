"""The options of `record` that say which processes are recorded."""

from __future__ import annotations

import argparse
import os
import shlex
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ..errors import NoSuchProcess, SourceError, UsageError
from ..record.selection import (
    Selection,
    parse_command_line_pattern,
    parse_container,
    parse_unit,
    parse_user,
)
from ..render.escape import file_name_part
from . import parse_pid

if TYPE_CHECKING:
    from ..procfs.source import ProcSource
    from ..record.discovery import DiscoveredTargets
    from ..record.targets import NamedTargets, WholeMachine


class _Filter(NamedTuple):
    """An option that says what processes must be like: it fills one field of a Selection."""

    option: str
    field: str
    parse: Callable[[str], object]
    metavar: str
    help: str
    is_repeatable: bool = False

    def written(self, args: argparse.Namespace) -> list[str]:
        """The values that were given."""
        given = getattr(args, self.option.removeprefix("--"))
        return [] if given is None else given if self.is_repeatable else [given]

    def understood(self, values: list[str]) -> object:
        """What the field is to hold. Raises UsageError."""
        found = tuple(map(self.parse, values))
        return found if self.is_repeatable else found[0]


def _parse_cgroup(text: str) -> object:
    from ..procfs.cgroup import parse_cgroup, read_mountinfo

    return parse_cgroup(text, read_mountinfo())


#: All of them, in the order of the help and of what is written down of them.
_FILTERS = (
    _Filter(
        *("--name", "names", str, "PATTERN"),
        "processes with this name, or started under it: 'postgres*'; repeatable",
        is_repeatable=True,
    ),
    _Filter(
        *("--cmdline", "command_line", parse_command_line_pattern, "REGEX"),
        "processes whose command line matches (arguments joined by blanks)",
    ),
    _Filter("--user", "uid", parse_user, "NAME|UID", "processes of this real user"),
    _Filter(
        *("--cgroup", "cgroup", _parse_cgroup, "PATH"),
        "processes in this cgroup or below, and the cgroup's memory: system.slice/a.service,"
        " or memory:/a/b for a hierarchy of version 1",
    ),
    _Filter(
        *("--container", "container", parse_container, "ID|NAME"),
        "processes of the container with this name, or whose id begins with this (docker, podman,"
        " containerd, cri-o, Kubernetes: POD, POD/CONTAINER, NAMESPACE/POD), and its cgroup's"
        " memory",
    ),
    _Filter(
        *("--unit", "unit", parse_unit, "NAME"),
        "processes of this unit of systemd, and its cgroup's memory: nginx, user.slice,"
        " getty@tty1; all instances of a template: getty@",
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    group = parser.add_argument_group("which processes; all of the machine if none is named")
    group.add_argument("classic", nargs="*", metavar="PID [PERIOD]", help="the classic form")
    group.add_argument(
        "-p", "--pid", action="append", default=[], metavar="PID", help="a process; repeatable"
    )
    group.add_argument(
        "--children",
        action="store_true",
        help="also record all descendants, already running or started later",
    )
    for each in _FILTERS:
        group.add_argument(
            each.option,
            action="append" if each.is_repeatable else "store",
            metavar=each.metavar,
            help=each.help,
        )
    group.add_argument(
        "--wait", action="store_true", help="if no process matches yet, wait for the first one"
    )
    group.add_argument(
        "--wait-all",
        action="store_true",
        help="for a launched command: record until all it started has exited, not only the command",
    )


@dataclass(frozen=True, slots=True)
class Request:
    """Which processes the user asked for. `options` is the selection as it was written."""

    pids: tuple[int, ...]
    selection: Selection
    options: str
    children: bool
    wait: bool
    command: tuple[str, ...]
    wait_all: bool

    @property
    def is_whole_machine(self) -> bool:
        """Whether nothing was named."""
        return not (self.pids or self.selection or self.command)

    @property
    def kind(self) -> str | None:
        """What kind of several processes this is, as in table `selections`; None for none."""
        if self.command:
            return "command"
        if self.selection:
            return "selection"
        return "children" if self.children else None

    @property
    def description(self) -> str:
        """What was asked for, in a line."""
        return shlex.join(self.command) if self.command else self.options


def request_of(args: argparse.Namespace, pids: list[str]) -> Request:
    """Understand the options; `pids` are those of -p or of the classic form. Raises UsageError."""
    written = [(each, values) for each in _FILTERS if (values := each.written(args))]
    chosen = {each.field: each.understood(values) for each, values in written}
    request = Request(
        pids=tuple(dict.fromkeys(map(parse_pid, pids))),
        selection=Selection(**chosen),  # type: ignore[arg-type]
        options=_as_written(pids, written, args.children),
        children=args.children,
        wait=args.wait,
        command=tuple(args.command_line),
        wait_all=args.wait_all,
    )
    _refuse_contradictions(request)
    return request


def _as_written(
    pids: list[str], written: Sequence[tuple[_Filter, list[str]]], children: bool
) -> str:
    words = [word for pid in pids for word in ("-p", pid)]
    words += [word for each, values in written for value in values for word in (each.option, value)]
    return shlex.join(words + (["--children"] if children else []))


def _refuse_contradictions(request: Request) -> None:
    filters = [each.option for each in _FILTERS]
    several = [bool(request.pids), bool(request.selection), bool(request.command)]
    if sum(several) > 1:
        raise UsageError(
            f"choose processes by PID, by filter ({', '.join(filters)}) or as a command after --;"
            " these cannot be combined"
        )
    if request.wait and not request.selection:
        raise UsageError(f"--wait goes with {', '.join(filters[:-1])} or {filters[-1]}")
    if request.children and request.command:
        raise UsageError("--children has no effect on a command: what it starts is recorded anyway")
    if request.wait_all and not request.command:
        raise UsageError("--wait-all goes with a command after --")
    if request.children and request.is_whole_machine:
        raise UsageError("--children needs a process; choose it with -p or --name")


def targets_of(
    request: Request, source: ProcSource
) -> NamedTargets | DiscoveredTargets | WholeMachine:
    """Find the processes that are asked for, other than a launched command's.

    Raises NoSuchProcess, NoPermission, NoUserMemory.
    """
    from ..record.discovery import DiscoveredTargets
    from ..record.family import Family
    from ..record.targets import NamedTargets, WholeMachine

    if request.is_whole_machine:
        return WholeMachine(source)
    if request.pids:
        named = NamedTargets(source, list(request.pids))
        return (
            DiscoveredTargets(source, named=named, family=Family()) if request.children else named
        )
    if request.selection.cgroup is not None:
        from ..procfs.cgroup import locate

        locate(request.selection.cgroup, source.root)
    targets = DiscoveredTargets(
        source,
        selection=request.selection,
        family=Family() if request.children else None,
        wait=request.wait,
    )
    try:
        targets.find_now()
    except SourceError as error:
        raise type(error)(f"{request.options}: ", *error.message) from None
    return targets


def file_name(template: str, request: Request, pid: int | None, proc: str) -> str:
    """Fill {name}, {pid} and {time} in: of the command, of the first PID, of the options.

    `proc` is the proc filesystem that the PID is of.
    """
    if "{" not in template:
        return template
    first = pid or (request.pids[0] if request.pids else os.getpid())
    name = os.path.basename(request.command[0]) if request.command else _name_of(request, proc)
    for word, value in (
        ("{name}", file_name_part(name) or "recording"),
        ("{pid}", str(first)),
        ("{time}", time.strftime("%Y%m%d-%H%M%S")),
    ):
        template = template.replace(word, value)
    return template


def _name_of(request: Request, proc: str) -> str:
    if request.pids:
        try:
            with open(f"{proc}/{request.pids[0]}/comm", "rb") as file:
                return file.read().strip().decode("utf-8", "surrogateescape")
        except OSError:
            raise NoSuchProcess(f"process {request.pids[0]}: no such process") from None
    selection = request.selection
    if selection.names:
        return "".join(c for c in selection.names[0] if c.isalnum() or c in "-_.") or "recording"
    if selection.cgroup is not None:
        return os.path.basename(selection.cgroup.path)
    if selection.unit is not None:
        return file_name_part(selection.unit)
    return file_name_part(selection.container or "") or (
        "machine" if request.is_whole_machine else "recording"
    )
