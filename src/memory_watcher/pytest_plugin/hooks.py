"""Measures each test, in the process that runs it, and judges those that have limits."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from ..procfs import own
from ..recorder_process.link import Link, NoAnswer
from ..unfaked import Real, utc_ns
from ..units import MILLISECOND
from . import SUMMARY
from .failure import explain, short
from .growth import Repeated
from .limits import Limits
from .measured import Measured, Over, exceeded

MEASURED = pytest.StashKey["Measured | None"]()

#: A test's figures, and the attribute of its report that holds them, on either side of xdist.
FIGURES = "memory_watcher"
PEAK, RISE, BEGAN, ENDED = (
    *("memory_peak_bytes", "memory_rise_bytes"),
    *("memory_began_ns", "memory_ended_ns"),
)
AT_LEAST = "memory_peak_is_at_least"


class Watcher:
    """What is done around each test. `link` is None where no recorder could be started."""

    def __init__(
        self, link: Link | None, problem: str, *, all_tests: bool, default: Limits | None
    ) -> None:
        """`problem` says why there is no link."""
        self.link, self.problem = link, problem
        self._recording = "none" if link is None else short(link.file, os.getcwd())
        self._all_tests, self._default = all_tests, default
        self._limits: dict[str, Limits | None] = {}
        self._intervals: list[tuple[int, int, str]] = []  # of all tests: begin, end, node id

    def take_in(self, limits: dict[str, Limits | None]) -> None:
        """Take note of tests with limits (None: without a marker) or the fixture, by node id."""
        for test, each in limits.items():
            self._limits[test] = each or self._default

    def pytest_collection_finish(self) -> None:
        """No test meets a child of this process that is not its own."""
        if self.link is not None:
            self.link.settle()

    # -- around a test ----------------------------------------------------------------------------

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, None]:
        """Begin before all fixtures."""
        item.stash[MEASURED] = None
        if self._all_tests or item.nodeid in self._limits:
            limits = self._limits.get(item.nodeid, self._default)
            if limits is not None and limits.growth is not None:
                item.runtest = Repeated(item)  # type: ignore[method-assign]
            item.stash[MEASURED] = self._begin(limits)
        yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, None]:
        """Measure when all of the body has ended, and before fixtures are torn down."""
        measured = item.stash.get(MEASURED, None)
        if measured is not None and measured.limits is not None:
            measured.set_up = own.high_water_mark()
        yield
        if measured is not None:
            if isinstance(item.runtest, Repeated):
                measured.growth = item.runtest.growth
                del item.runtest
            self._end(measured)
            self._intervals.append((measured.began_ns, measured.ended_ns, item.nodeid))
            if not has_strict_junit(item.config):
                _set_properties(item, _figures(measured))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, Any, None]:
        """Let a test fail that is over a limit; one that fails anyway is told it beside."""
        measured = item.stash.get(MEASURED, None) if call.when == "call" else None
        text = ""
        if measured is not None and (measured.over or measured.undecided):
            text = explain(measured, self._recording, self.problem)
            if call.excinfo is None:
                call.excinfo = _failure(text)
                text = ""
        outcome = yield
        if text:
            outcome.get_result().sections.append(("memory-watcher", text))
        if measured is not None and measured.ended_ns:  # not that of a subtest
            setattr(outcome.get_result(), FIGURES, _figures(measured))

    def _begin(self, limits: Limits | None) -> Measured:
        if limits is not None and self.link is not None:
            if not limits.is_default:
                self._look()  # what was there before, to compare with
            self.link.tell("watch")
        is_exact = own.reset_high_water_mark()
        measured = Measured(utc_ns(), own.resident(), limits, is_exact)
        measured.modules = -len(sys.modules)
        if not is_exact:
            measured.mark_before = own.high_water_mark()
        return measured

    def _end(self, measured: Measured) -> None:
        mark, end = own.high_water_mark(), own.resident()
        measured.finish(mark, end, utc_ns())
        measured.modules = max(measured.modules + len(sys.modules), 0)
        limits = measured.limits
        if limits is None:
            return
        if limits.kinds or limits.children or any(exceeded(measured)):
            measured.threads = tuple(
                thread.name for thread in Real.threads() if thread is not Real.this_thread()
            )
            self._ask_for_facts(measured)
        for each in exceeded(measured):
            if isinstance(each, Over):
                measured.over.append(each)
            else:
                measured.undecided = f"{each} ({self.problem})" if self.problem else each

    def _ask_for_facts(self, measured: Measured) -> None:
        if self.link is None:
            return
        try:
            self._look()
            until = utc_ns()
            measured.facts = self.link.ask("judge", since=measured.began_ns, until=until)
        except NoAnswer as error:
            self.problem = str(error)

    def _look(self) -> None:
        """Have a layout read now; the tests go on if that fails."""
        if self.link is not None:
            try:
                self.link.ask("layout")
            except NoAnswer as error:
                self.problem = str(error)

    # -- the end ----------------------------------------------------------------------------------

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """End the recording, and hand over what it tells of all tests."""
        found: dict[str, Any] = {"recording": None, "problem": self.problem, "left": []}
        if self.link is not None:
            found["recording"] = self.link.file
            try:
                processes = self.link.ask("finish")["processes"]
                found["left"] = list(outliving(self._intervals, processes))
            except NoAnswer as error:
                found["problem"] = str(error)
            self.link.close()
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["memory_watcher"] = found
        elif (summary := session.config.pluginmanager.get_plugin(SUMMARY)) is not None:
            summary.take(found)


def _failure(text: str) -> pytest.ExceptionInfo[BaseException]:
    try:
        pytest.fail(text, pytrace=False)
    except pytest.fail.Exception:
        return pytest.ExceptionInfo.from_current()


def has_strict_junit(config: pytest.Config) -> bool:
    """Whether JUnit XML is written by a schema that has no properties of a test (xunit2)."""
    is_written = getattr(config.option, "xmlpath", None) is not None
    return is_written and config.getini("junit_family") == "xunit2"


def _figures(measured: Measured) -> dict[str, int | bool]:
    figures = {
        PEAK: measured.peak,
        RISE: measured.rise,
        BEGAN: measured.began_ns,
        ENDED: measured.ended_ns,
        AT_LEAST: None if measured.is_exact else True,
    }
    return {name: value for name, value in figures.items() if value is not None}


def _set_properties(item: pytest.Item, figures: dict[str, int | bool]) -> None:
    """Put them into JUnit; of a test that is run again the latest."""
    names = (PEAK, RISE, BEGAN, ENDED, AT_LEAST)
    kept = [each for each in item.user_properties if each[0] not in names]
    item.user_properties[:] = kept + list(figures.items())


#: When a process was started is known to so much.
_START_NS = 10 * MILLISECOND


def outliving(
    intervals: list[tuple[int, int, str]], processes: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """The processes that outlived the test in which they were started: tests, pid, name.

    Tests shorter than a start is known by cannot be told apart: all that may have are given.
    """
    for process in processes:
        first, last = process["started"], process["started"] + _START_NS
        those = [(end, test) for begin, end, test in intervals if begin <= last and first <= end]
        if not those:
            continue
        end = max(end for end, _ in those)
        if process["lives"] or (process["last"] or 0) > end:
            tests = [test for _, test in those]
            yield {"tests": tests, "pid": process["pid"], "name": process["name"]}
