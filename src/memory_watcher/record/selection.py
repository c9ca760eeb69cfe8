"""Which processes are meant by a name, a command line, a user, a cgroup or a container."""

from __future__ import annotations

import fnmatch
import os
import pwd
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from ..analysis.containers import containers_in, unit_pattern, units_in
from ..errors import UsageError
from ..message import Named, Setting
from ..procfs.cgroup import Cgroup, parse_memberships
from ..procfs.container_names import ContainerNames, labels
from ..procfs.scan import Kin, Scanner

#: Less of an id is no id.
_SHORTEST_ID = 4


@dataclass(frozen=True, slots=True)
class Selection:
    """What processes must be like: all that is given must hold; of several names, one of them.

    names: shell patterns for comm and for the last part of the first argument. command_line: a
    regular expression, searched in the arguments joined by blanks. uid: the real user. cgroup: the
    process is in it or below. container: how the id begins, or a name, a pod, NAMESPACE/POD. unit:
    what a person calls a unit of systemd.
    """

    names: tuple[str, ...] = ()
    command_line: re.Pattern[str] | None = None
    uid: int | None = None
    cgroup: Cgroup | None = None
    container: str | None = None
    unit: str | None = None

    def __bool__(self) -> bool:
        return self != _NOTHING

    def matches(self, kin: Kin, scanner: Scanner) -> bool:
        """Whether this process is meant; the cheapest questions come first."""
        return (
            (not self.names or self._has_name(kin, scanner))
            and (self.uid is None or scanner.uid(kin.pid) == self.uid)
            and (self.command_line is None or self._has_command_line(kin, scanner))
            and (not self._asks_cgroup or self._is_in_cgroup(kin, scanner))
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
        if self.container is None and self.unit is None:
            return True
        return any(self.place_in(each.path, scanner.containers) for each in memberships)

    @property
    def _asks_cgroup(self) -> bool:
        return self.cgroup is not None or self.container is not None or self.unit is not None

    def place_in(self, path: str, names: ContainerNames) -> str | None:
        """The part of a cgroup's path up to the container or unit that is meant; None: not in it.

        Of a container within a unit, or a unit within a container, the longer part.
        """
        found = []
        if self.container is not None:
            found.append(self._container_in(path, names))
        if self.unit is not None:
            meant = _unit_pattern(self.unit)
            found.append(next((at for name, at in units_in(path) if meant.fullmatch(name)), None))
        places = [each for each in found if each is not None]
        return max(places, key=len) if places and len(places) == len(found) else None

    def _container_in(self, path: str, names: ContainerNames) -> str | None:
        assert self.container is not None
        for each in containers_in(path):
            if _begins(each.id, self.container) or self.container in (each.id, each.pod):
                return each.path
            told = names.of(each.id)
            if told is not None and self.container in labels(told):
                return each.path
        return None


_NOTHING = Selection()
_unit_pattern = cache(unit_pattern)


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


def _begins(container_id: str, text: str) -> bool:
    """Whether this may be how an id is shortened."""
    return len(text) >= _SHORTEST_ID and container_id.startswith(text) and _is_id(container_id)


def _is_id(text: str) -> bool:
    """Whether it is one that people shorten: in hexadecimal, or one of buildkit's."""
    return re.fullmatch(r"[0-9a-f]{12,64}|[0-9a-z]{25}", text) is not None


def parse_container(text: str) -> str:
    """How a container's id begins, or its name.

    Raises UsageError.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.:/\\-]*", text):
        raise UsageError(
            Named(Setting.CONTAINER, "container"),
            f": {text!r} is not a container's id or name, as docker ps or podman ps shows it;"
            " of Kubernetes write POD, POD/CONTAINER or NAMESPACE/POD",
        )
    return text


def parse_unit(text: str) -> str:
    """What a person calls a unit of systemd.

    Raises UsageError.
    """
    if not text or "/" in text:
        raise UsageError(
            Named(Setting.UNIT, "unit"),
            f": {text!r} is not the name of a unit, as systemctl shows it",
            Named(Setting.CGROUP, "", "; for a path use {}"),
        )
    return text
