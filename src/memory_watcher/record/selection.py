"""Which processes are meant by a name, a command line, a user, a cgroup or a container."""

from __future__ import annotations

import fnmatch
import os
import pwd
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import UsageError
from ..message import Named, Setting
from ..procfs.cgroup import Cgroup, parse_memberships
from ..procfs.scan import Kin, Scanner

#: A container's id as docker, podman, containerd and cri-o write it into the path of its cgroup:
#: /docker/ID, docker-ID.scope, libpod-ID.scope, cri-containerd-ID.scope, /kubepods/…/ID
_CONTAINER_ID = re.compile(r"(?:^|[/:-])([0-9a-f]{12,64})(?:\.scope)?(?=/|$)")


@dataclass(frozen=True, slots=True)
class Selection:
    """What processes must be like: all that is given must hold; of several names, one of them.

    names: shell patterns for comm and for the last part of the first argument. command_line: a
    regular expression, searched in the arguments joined by blanks. uid: the real user. cgroup: the
    process is in it or below. container: how the id begins.
    """

    names: tuple[str, ...] = ()
    command_line: re.Pattern[str] | None = None
    uid: int | None = None
    cgroup: Cgroup | None = None
    container: str | None = None

    def __bool__(self) -> bool:
        return self != _NOTHING

    def matches(self, kin: Kin, scanner: Scanner) -> bool:
        """Whether this process is meant; the cheapest questions come first."""
        return (
            (not self.names or self._has_name(kin, scanner))
            and (self.uid is None or scanner.uid(kin.pid) == self.uid)
            and (self.command_line is None or self._has_command_line(kin, scanner))
            and (not (self.cgroup or self.container) or self._is_in_cgroup(kin, scanner))
        )

    def _has_name(self, kin: Kin, scanner: Scanner) -> bool:
        if _fits(kin.name, self.names):
            return True
        # comm is cut to 15 bytes and may be that of a thread pool; the first argument is not.
        arguments = scanner.command_line(kin.pid)
        return bool(arguments) and _fits(os.path.basename(arguments[0]), self.names)

    def _has_command_line(self, kin: Kin, scanner: Scanner) -> bool:
        assert self.command_line is not None
        arguments = scanner.command_line(kin.pid)
        return bool(arguments) and self.command_line.search(" ".join(arguments)) is not None

    def _is_in_cgroup(self, kin: Kin, scanner: Scanner) -> bool:
        memberships = parse_memberships(scanner.cgroup(kin.pid))
        if self.cgroup is not None and not any(map(self.cgroup.holds, memberships)):
            return False
        return self.container is None or any(
            found.startswith(self.container)
            for membership in memberships
            for found in _CONTAINER_ID.findall(membership.path)
        )


_NOTHING = Selection()


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def parse_command_line_pattern(text: str) -> re.Pattern[str]:
    """A regular expression for command lines.

    Raises UsageError.
    """
    try:
        return re.compile(text)
    except re.error as error:
        raise UsageError(
            Named(Setting.COMMAND_LINE, "command line"),
            f": {text!r} is not a regular expression: {error}",
        ) from None


def parse_user(text: str) -> int:
    """A user's number, from it or from its name on this machine.

    Raises UsageError.
    """
    if text.isascii() and text.isdecimal():
        return int(text)
    try:
        return pwd.getpwnam(text).pw_uid
    except (KeyError, ValueError):
        raise UsageError(
            Named(Setting.USER, "user"),
            f": no user {text!r}; use an existing name or a numeric UID",
        ) from None


def parse_container(text: str) -> str:
    """How a container's id begins.

    Raises UsageError.
    """
    if not re.fullmatch(r"[0-9a-f]{4,64}", text):
        raise UsageError(
            Named(Setting.CONTAINER, "container"),
            f": {text!r} is not a container's id: 4 to 64 of 0-9 and a-f,"
            " as docker ps or podman ps shows it",
        )
    return text
