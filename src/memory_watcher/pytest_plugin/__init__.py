"""The pytest plugin: records the process that runs tests, and holds tests to limits of memory.

Nothing happens unless it is asked for: by --memory-watcher, by an ini option, or by a test that has
the marker `limit_resident` or the fixture `memory_recording`. So nothing is imported here before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .fixture import MemoryRecording
    from .hooks import Watcher

MARKER = "limit_resident"
FIXTURE = "memory_recording"
#: What the parts that are loaded when needed are registered as.
WATCHER, SUMMARY = "memory_watcher_watcher", "memory_watcher_summary"

_MARKER_HELP = (
    f'{MARKER}(size="200 MiB", *, at="peak", children=False, growth="1 MiB/run", **kinds): the test'
    " fails if the memory of its process exceeds a limit (memory-watcher)"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options, on the command line and in the ini file."""
    group = parser.getgroup("memory-watcher", "memory of the tests")
    group.addoption(
        "--memory-watcher",
        action="store_true",
        help="record the memory of the process that runs the tests, and of its children",
    )
    group.addoption(
        "--memory-watcher-dir",
        metavar="DIR",
        help="put the recordings there (default: in pytest's cache, until the next run)",
    )
    group.addoption(
        "--memory-watcher-json",
        metavar="FILE",
        help="write the memory of each test there; implies --memory-watcher",
    )
    parser.addini("memory_watcher", "true: as --memory-watcher", type="bool", default=False)
    parser.addini(
        "memory_watcher_limit",
        "a limit for every test that has no marker limit_resident: 500 MiB; implies memory_watcher",
        default="",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARKER_HELP)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Begin before the collection, if all tests are to be watched."""
    config = session.config
    option = config.option
    named = (option.memory_watcher, option.memory_watcher_json, option.memory_watcher_dir)
    if any(named) or config.getini("memory_watcher") or config.getini("memory_watcher_limit"):
        _start(config, all_tests=True)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin now, if there are tests that ask for it."""
    asking = [item for item in items if _asks(item)]
    if not asking:
        return
    from .asked import limits_by_test  # noqa: PLC0415 - nothing is loaded unless it is needed

    limits = limits_by_test(config, items, asking)
    watcher = config.pluginmanager.get_plugin(WATCHER) or _start(config, all_tests=False)
    if watcher is not None:
        watcher.take_in(limits)


def _asks(item: pytest.Item) -> bool:
    return item.get_closest_marker(MARKER) is not None or FIXTURE in getattr(
        item, "fixturenames", ()
    )


def _start(config: pytest.Config, *, all_tests: bool) -> Watcher | None:
    """Register what does the work; None where no test runs (xdist's controller, collect-only)."""
    from .start import start  # noqa: PLC0415 - nothing is loaded unless it is needed

    return start(config, all_tests=all_tests)


@pytest.fixture
def memory_recording(request: pytest.FixtureRequest) -> Iterator[MemoryRecording]:
    """What is recorded of this test so far: peak(), rise(), by_kind(), open()."""
    from .fixture import recording_of  # noqa: PLC0415 - same

    yield recording_of(request)
