"""Starts the recorder of this process, and puts the parts in place."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import suppress

import pytest

from ..recorder_process.link import Link, NoAnswer
from . import SUMMARY, WATCHER
from .hooks import Watcher
from .limits import default_limit
from .summary import Summary

_SUFFIXES = ("", "-wal", "-shm")


def start(config: pytest.Config, *, all_tests: bool) -> Watcher | None:
    """Watch the tests that this process runs; all of them, or those that ask for it.

    Raises pytest.UsageError.
    """
    default = default_limit(config.getini("memory_watcher_limit"))
    plugins = config.pluginmanager
    if config.option.collectonly:
        return None
    if not hasattr(config, "workerinput"):
        plugins.register(Summary(config, all_tests=all_tests), SUMMARY)
    if plugins.has_plugin("dsession"):
        return None  # xdist's controller: the workers have their own
    link, problem = None, ""
    try:
        link = Link(_file(config))
    except (OSError, NoAnswer) as error:
        problem = str(error)
    watcher = Watcher(link, problem, all_tests=all_tests, default=default)
    plugins.register(watcher, WATCHER)
    return watcher


def _file(config: pytest.Config) -> str:
    """The recording, which is no other process's."""
    folder = config.option.memory_watcher_dir
    if folder is not None:
        folder = os.path.join(config.invocation_params.dir, folder)
        os.makedirs(folder, exist_ok=True)
    else:
        folder = _cache(config)
    worker = getattr(config, "workerinput", {}).get("workerid", "main")
    return os.path.join(folder, f"{time.strftime('%Y%m%d-%H%M%S')}-{worker}-{os.getpid()}.db")


def _cache(config: pytest.Config) -> str:
    """A folder in pytest's cache, without the recordings of earlier runs."""
    cache = getattr(config, "cache", None)
    if cache is None:  # -p no:cacheprovider
        return tempfile.mkdtemp(prefix="memory-watcher-")
    folder = str(cache.mkdir("memory-watcher"))
    for name in os.listdir(folder):
        stem, _, rest = name.partition(".db")
        pid = stem.rpartition("-")[2]
        if rest in _SUFFIXES and pid.isdecimal() and not os.path.exists(f"/proc/{pid}"):
            with suppress(OSError):  # another run removes them, too
                os.remove(os.path.join(folder, name))
    return folder
