"""Where recordings are: in the folder that was named, or in pytest's cache until the next run."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest

_SUFFIXES = ("", "-wal", "-shm")


def new_recording(config: pytest.Config) -> str:
    """A new file for this process alone; the cache loses what earlier runs left in it."""
    folder = _folder(config)
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="memory-watcher-"))
    elif config.option.memory_watcher_dir is None:
        _remove_old(folder)
    worker = getattr(config, "workerinput", {}).get("workerid", "main")
    return str(folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{worker}-{os.getpid()}.db")


def recordings_of(config: pytest.Config, worker: str, since: float) -> list[str]:
    """What one of xdist's workers has recorded since a time (as of time.time)."""
    folder = _folder(config)
    if folder is None:
        return []
    files = sorted(folder.glob(f"*-{worker}-*.db"))
    return [str(file) for file in files if file.stat().st_mtime >= since]


def _folder(config: pytest.Config) -> Path | None:
    """The folder, which exists now; None if each run makes one (-p no:cacheprovider)."""
    named: str | None = config.option.memory_watcher_dir
    if named is not None:
        folder = config.invocation_params.dir / named
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            why = error.strerror or str(error)
            raise OSError(f"--memory-watcher-dir: cannot make {folder}: {why}") from None
        return folder
    cache = getattr(config, "cache", None)
    return None if cache is None else Path(cache.mkdir("memory-watcher"))


def _remove_old(folder: Path) -> None:
    for file in folder.iterdir():
        stem, _, rest = file.name.partition(".db")
        pid = stem.rpartition("-")[2]
        if rest in _SUFFIXES and pid.isdecimal() and not os.path.exists(f"/proc/{pid}"):
            with suppress(OSError):  # another run removes them, too
                file.unlink()
