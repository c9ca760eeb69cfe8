"""Starts the recorder of this process, and puts the parts in place."""

from __future__ import annotations

import pytest

from ..recorder_process.link import Link, NoAnswer
from . import SUMMARY, WATCHER
from .folder import new_recording
from .hooks import Watcher
from .limits import default_limit
from .summary import Summary


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
        link = Link(new_recording(config))
    except (OSError, NoAnswer) as error:
        problem = str(error)
    watcher = Watcher(link, problem, all_tests=all_tests, default=default)
    plugins.register(watcher, WATCHER)
    return watcher
