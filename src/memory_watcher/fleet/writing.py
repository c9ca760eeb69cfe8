"""Puts files into a dataset: those of all tables at once, or none.

Each is written under a name that nothing reads. When all are complete they get their names, that of
table `hosts` last: only what it vouches for is there (see dataset). Whatever ends this before
leaves at most files that no reader takes, and `compact` removes.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import BinaryIO

from ..errors import CannotWrite
from ..own_files import SAFELY, reason, sync_folder
from .schema import TABLES

#: Another process may remove an empty folder right after this one found or made it.
_ATTEMPTS = 5


class NewFiles:
    """The files of one name in all tables; `with` removes them unless they were put in place.

    Raises CannotWrite.
    """

    def __init__(self, dataset: str, place: str, name: str) -> None:
        """`place` is the folder below a table's: date and host."""
        self._dataset, self._place, self._name = dataset, place, name
        self._mode = 0
        self._made: list[str] = []
        self._folders: list[str] = []

    def __enter__(self) -> NewFiles:
        with self._told():
            if not os.path.isdir(self._dataset):
                os.makedirs(self._dataset, 0o700, exist_ok=True)
                self._folders.append(self._dataset)
            # Who may read the dataset's folder may read what is in it.
            self._mode = stat.S_IMODE(os.stat(self._dataset).st_mode) & 0o777
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for path in self._made:
            with contextlib.suppress(OSError):
                os.unlink(path)
        for folder in reversed(self._folders):
            with contextlib.suppress(OSError):  # it is not empty: all is in place, or others came
                os.rmdir(folder)

    @contextlib.contextmanager
    def table(self, name: str) -> Iterator[BinaryIO]:
        """The file of a table, to be written."""
        with self._told():
            path = self._unfinished(name)
            descriptor = self._open(path)
            self._made.append(path)
            with open(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(descriptor)

    def put_in_place(self, tables: Iterable[str] = TABLES) -> None:
        """Give all files their names, in the order of these tables."""
        with self._told():
            for name in tables:
                final = os.path.join(self._folder(name), self._name)
                os.rename(self._unfinished(name), final)
                self._made.append(final)
                sync_folder(final)
            self._made.clear()
            self._folders.clear()

    def _folder(self, table: str) -> str:
        return os.path.join(self._dataset, table, self._place)

    def _unfinished(self, table: str) -> str:
        return os.path.join(self._folder(table), f".{self._name}.part")

    def _open(self, path: str) -> int:
        for attempt in range(_ATTEMPTS):
            try:
                self._make_folders(os.path.dirname(path))
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | SAFELY, 0o600)
            except FileNotFoundError:
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                os.fchmod(descriptor, self._mode & 0o644 | 0o600)
                return descriptor
        raise AssertionError("unreachable")

    def _make_folders(self, folder: str) -> None:
        """Those that are missing below the dataset's own, with its permissions."""
        path = self._dataset
        for part in os.path.relpath(folder, self._dataset).split(os.sep):
            path = os.path.join(path, part)
            with contextlib.suppress(FileExistsError):
                os.mkdir(path, 0o700)
                self._folders.append(path)
                os.chmod(path, self._mode | 0o700)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise CannotWrite(
                f"{self._dataset}: cannot write: {reason(error, self._dataset)}"
            ) from None
