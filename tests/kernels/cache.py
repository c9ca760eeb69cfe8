"""Where kernels and roots are kept: they take minutes to make, and every clone may use them."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class MissingToolError(Exception):
    """A program that guests need is not installed; the message names its package."""


def folder() -> Path:
    """The folder of all that was made: MEMORY_WATCHER_GUESTS, or one in the user's cache."""
    told = os.environ.get("MEMORY_WATCHER_GUESTS")
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(told) if told else Path(base) / "memory-watcher" / "guests"


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the right to make one thing of the cache."""
    folder().mkdir(parents=True, exist_ok=True)
    with open(folder() / f"{name.replace('/', '-')}.lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def made(name: str, make: Callable[[Path], None]) -> Path:
    """A folder of the cache, made by `make` if it is not there.

    What is half made when the program is killed is not taken for the whole.
    """
    finished = folder() / name
    with locked(name):
        if not finished.exists():
            beginning = finished.with_name(f"{finished.name}.making")
            if beginning.exists():
                shutil.rmtree(beginning)
            beginning.mkdir(parents=True)
            make(beginning)
            beginning.rename(finished)
    return finished


def require(program: str, package: str) -> str:
    """The path of a program; MissingToolError if it is not installed."""
    path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if path is None:
        raise MissingToolError(f"{program} is not installed (apt install {package})")
    return path
