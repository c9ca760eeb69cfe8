"""Records the memory of a control group beside that of its processes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection

from ..errors import SourceError
from ..metrics import CGROUP_RISING
from ..procfs.cgroup import (
    Cgroup,
    CgroupReader,
    find_folder,
    memory_cgroup,
    parse_events,
    parse_memberships,
    read_memberships,
    read_mountinfo,
)
from ..procfs.cgroup_above import LimitsAbove
from ..procfs.cgroup_events import LastEvents
from ..procfs.mapped import HELPERS
from ..procfs.source import ProcSource
from .boundary import supervised
from .discovery import DiscoveredTargets
from .notices import CgroupFailed, NoCgroup, Notice
from .selection import Selection
from .sink import Sink


class CgroupWatch:
    """One cgroup: reads it at each tick, and stores what changed."""

    def __init__(self, cgroup: Cgroup, folder: str, sink: Sink) -> None:
        """Raises SourceError if the memory controller is not on for it."""
        self._reader = CgroupReader(folder, cgroup.version)
        self._above: LimitsAbove | None = None  # None: to be found anew
        self._events = LastEvents(f"{folder}/memory.events")
        self._sink = sink
        self._id = sink.cgroup(cgroup.version, str(cgroup))
        self._before: dict[str, int] = {}

    def changes(self) -> dict[str, int]:
        """Read it now: the figures that differ from those of the tick before.

        -1 is what is no more to be had, as of a cgroup that was removed. Its last events are told
        once more, for they may say why it was.
        """
        figures = dict.fromkeys(self._before, -1)
        if read := self._reader.read():
            self._events.begin()
            if self._above is None:
                self._above = LimitsAbove(self._reader.folder, self._reader.version)
            figures |= {**read, **self._above.read()}
        else:  # it was removed, and those above may be
            figures |= parse_events(self._events.end())
            self._let_go_above()
        changes = {
            name: value for name, value in figures.items() if self._before.get(name) != value
        }
        self._before.update(changes)
        return changes

    def store(self, changes: dict[str, int]) -> None:
        """Store what changed at this tick."""
        if changes:
            self._sink.cgroup_figures(self._id, changes)

    def close(self) -> None:
        """Give all descriptors back."""
        self._reader.close()
        self._let_go_above()
        self._events.end()

    def _let_go_above(self) -> None:
        if self._above is not None:
            self._above.close()
            self._above = None


def cgroup_of_process(memberships: bytes) -> Cgroup | None:
    """The cgroup that a process's memory counts in."""
    return memory_cgroup(parse_memberships(memberships))


def is_machine(cgroup: Cgroup, mountinfo: bytes) -> bool:
    """Whether it is the root: all of the machine, of which meminfo tells.

    In a container its own cgroup is called `/`, too. In version 2 the root has no memory.current.
    """
    if cgroup.path != "/":
        return False
    folder = find_folder(cgroup, mountinfo)
    return cgroup.version == 1 or not os.path.exists(f"{folder}/memory.current")


def is_own_cgroup(cgroup: Cgroup, members: Collection[int], mountinfo: bytes) -> bool:
    """Whether nobody but these processes is in a cgroup, and it is not the root."""
    folder = find_folder(cgroup, mountinfo)
    if folder is None or is_machine(cgroup, mountinfo):
        return False
    try:
        with open(os.path.join(folder, "cgroup.procs"), "rb") as file:
            return {int(pid) for pid in file.read().split()} <= set(members)
    except (OSError, ValueError):
        return False


class CgroupSearch:
    """Watches the cgroup that was asked for, as soon as it is known which one that is."""

    def __init__(
        self,
        sink: Sink,
        targets: DiscoveredTargets | None,
        selection: Selection,
        *,
        only_if_own: bool,
        of_process: int | None,
        source: ProcSource,
        note: Callable[[Notice], None],
    ) -> None:
        """With `only_if_own`, the cgroup of the first target if nobody else is in it.

        That of the process with the PID `of_process` in any case, if it is not the root.
        """
        self._sink = sink
        self._of_process = of_process
        self._root = source.root
        self._names = source.containers
        self._targets = targets
        self._selection = selection
        self._only_if_own = only_if_own
        self._note = note
        self._watch: CgroupWatch | None = None
        self._selects = selection.container is not None or selection.unit is not None
        self._given_up = not (only_if_own or of_process or selection.cgroup or self._selects)
        self._ticks = 0

    def after_pass(self, ticks: int) -> None:
        """Read it if there was a tick since the last pass."""
        if self._given_up or ticks == self._ticks:
            return
        self._ticks = ticks
        if self._watch is None and (cgroup := self._find()) is not None:
            self._begin(cgroup)
        if self._watch is not None:
            try:
                changes = supervised(self._watch.changes)()
            except SourceError as problem:
                self._given_up = True
                self._note(CgroupFailed(problem))
                return
            self._watch.store(changes)

    def at_end(self) -> None:
        """Read it once more: what happened since its last tick, as an OOM kill that ended all.

        Only what never falls is stored, for the last tick is of an earlier moment.
        """
        if self._watch is None or self._given_up:
            return
        with contextlib.suppress(SourceError):
            changes = supervised(self._watch.changes)()
            # -1: it was removed, and what was read before still stands.
            self._watch.store(
                {name: size for name, size in changes.items() if name in CGROUP_RISING and size > 0}
            )

    def close(self) -> None:
        """Give all descriptors back."""
        if self._watch is not None:
            self._watch.close()

    def _find(self) -> Cgroup | None:
        if self._selection.cgroup is not None:
            return self._selection.cgroup
        if self._of_process is not None:
            found = cgroup_of_process(read_memberships(self._root, self._of_process))
            self._given_up = found is None or is_machine(found, read_mountinfo(self._root))
            return None if self._given_up else found
        memberships = self._targets.memberships_of_first() if self._targets else b""
        found = cgroup_of_process(memberships)
        if self._selects and found is not None:
            # A process may be in a cgroup below its container's, or its service's.
            place = self._selection.place_in(found.path, self._names)
            if place is None:
                self._given_up = True
                self._note(NoCgroup(SourceError(f"its memory counts in {found}, with others")))
                return None
            found = found._replace(path=place)
        if self._only_if_own and found is not None and self._targets is not None:
            mounted = read_mountinfo(self._root)
            ours = {*self._targets.taken, *HELPERS}
            self._given_up = not is_own_cgroup(found, ours, mounted)
        return None if self._given_up else found

    def _begin(self, cgroup: Cgroup) -> None:
        folder = find_folder(cgroup, read_mountinfo(self._root))
        try:
            if folder is None:
                raise SourceError(f"cgroup {cgroup}: its hierarchy is not mounted here")
            self._watch = CgroupWatch(cgroup, folder, self._sink)
        except SourceError as problem:
            self._given_up = True
            if self._of_process is None:  # nobody asked for it
                self._note(NoCgroup(problem))
