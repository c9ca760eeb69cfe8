"""Reads smaps_rollup of the members of a group, and parses it where it is not what it was."""

from __future__ import annotations

from typing import NamedTuple

from ..errors import NoSuchProcess
from ..model import Rollup
from ..procfs.process import parse_rollup, sum_smaps
from ..procfs.process_files import ProcessFiles
from .boundary import supervised
from .shares import Share, share_of
from .throttle.change_check import hash_of_sums


class Sums(NamedTuple):
    """What one text told; without share and mark if it was summed from a layout, or unreadable."""

    rollup: Rollup
    share: Share | None = None
    mark: int | None = None  # the same for texts that say the same


#: Of one that cannot be read.
NOTHING = Sums(Rollup())


class Rollups:
    """The sums of each process, by process id."""

    def __init__(self) -> None:
        self._has_rollup = True  # kernels before 4.14 have none
        self._known: dict[int, Sums] = {}

    @supervised
    def read(self, process_id: int, files: ProcessFiles) -> Sums:
        """Read it now. Raises NoSuchProcess, NoPermission."""
        if self._has_rollup:
            try:
                return self._of_text(process_id, files.rollup())
            except NoSuchProcess:
                if not files.lacks_rollup():
                    raise
                self._has_rollup = False
        text = files.smaps()
        if not text:
            raise NoSuchProcess(f"process {files.pid}: it has released its memory")
        return Sums(sum_smaps(bytes(text)))

    def _of_text(self, process_id: int, text: bytes) -> Sums:
        """Parsing takes 10 us: as much again as all else that Python does for a member."""
        mark, known = hash_of_sums(text), self._known.get(process_id)
        if known is None or known.mark != mark:
            rollup = parse_rollup(text)
            known = self._known[process_id] = Sums(rollup, share_of(text, rollup), mark)
        return known

    def forget(self, process_id: int) -> None:
        """It has ended."""
        self._known.pop(process_id, None)
