"""Where the recordings of launched commands lie: kept if somebody wants to see them."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from types import TracebackType

from ..errors import CannotWrite, UsageError
from ..own_files import reason
from ..render.escape import file_name_part


class RunFolder:
    """A folder for the recordings of one check: the one that was named, or a temporary one.

    A temporary one stays unless `remove` is called, or nothing is in it at the end of `with`.
    """

    def __init__(self, named: str | None, command: str) -> None:
        """Make it if it is not there. Raises CannotWrite."""
        self.is_named = named is not None
        program = file_name_part(os.path.basename(command)) or "recording"
        self._stem = f"{program}-{time.strftime('%Y%m%d-%H%M%S')}" if self.is_named else program
        self._count = 0
        try:
            if named is None:
                self.path = tempfile.mkdtemp(prefix="memory-watcher-check-")
            else:
                os.makedirs(named, mode=0o700, exist_ok=True)
                self.path = named
        except OSError as error:
            where = named if named is not None else "a temporary folder"
            raise CannotWrite(f"{where}: cannot create: {reason(error, named or '/')}") from None

    def new_file(self) -> str:
        """The path of the next recording, which is not there yet. Raises UsageError."""
        self._count += 1
        path = self._path(self._count)
        if os.path.lexists(path):
            raise UsageError(f"{path} is there already; choose another folder")
        return path

    def _path(self, number: int) -> str:
        return os.path.join(self.path, f"{self._stem}-{number}.db")

    @property
    def has_files(self) -> bool:
        """Whether any recording of this check is there."""
        return any(os.path.exists(self._path(number + 1)) for number in range(self._count))

    def remove(self) -> None:
        """Remove a temporary folder with all that is in it."""
        if not self.is_named:
            shutil.rmtree(self.path, ignore_errors=True)

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self.is_named:
            with contextlib.suppress(OSError):
                os.rmdir(self.path)
