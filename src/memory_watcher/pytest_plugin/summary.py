"""What all tests came to: for the terminal, as JSON, and as annotations of GitHub Actions."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from ..render.escape import escape
from ..render.github_command import command
from ..render.output import write_whole
from ..units import format_size, plural
from .failure import short
from .folder import recordings_of
from .hooks import AT_LEAST, BEGAN, ENDED, FIGURES, PEAK, RISE, has_strict_junit

#: Tests, and processes that outlived theirs, that the terminal shows; annotations of a step.
_SHOWN, _LEFT_SHOWN, _ANNOTATIONS = 10, 10, 10
_FORMAT_VERSION = 1
#: What a failure begins with, if a limit is why.
_OVER = ("over its memory limit: ", "a memory limit could not be judged: ")
_TITLES = ("Over its memory limit", "A memory limit could not be judged")


class Row(NamedTuple):
    """One test: its figures as they stand in its report, bytes and UTC nanoseconds."""

    test: str
    outcome: str
    worker: str | None
    figures: dict[str, Any]

    @property
    def rise(self) -> int:
        """How far it rose; of what is not known less than anything."""
        return int(self.figures.get(RISE, -1))


class Summary:
    """Collects the reports of all tests, also of xdist's workers."""

    def __init__(self, config: pytest.Config, *, all_tests: bool) -> None:
        """Raises pytest.UsageError."""
        self._begun_in = str(config.invocation_params.dir)  # tests may go elsewhere
        named: str | None = config.option.memory_watcher_json
        self._json = None if named is None else _writable(os.path.join(self._begun_in, named))
        self._root = config.rootpath
        self._all_tests = all_tests
        self._rows: dict[str, Row] = {}
        self._found: list[dict[str, Any]] = []
        self._over: list[tuple[str, int, str]] = []  # file, line, first line of the failure
        self._json_problem = ""
        self._config, self._began = config, time.time()

    def take(self, found: dict[str, Any]) -> None:
        """Take what one recording told: see Watcher.pytest_sessionfinish."""
        if found not in self._found:  # xdist tells twice of a worker that was interrupted
            self._found.append(found)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Of xdist: a worker has ended. One that was killed tells nothing, but was recorded."""
        if not hasattr(node, "workeroutput"):
            for file in recordings_of(self._config, node.gateway.id, self._began):
                self.take({"recording": file, "problem": "", "left": []})
        elif (found := node.workeroutput.get("memory_watcher")) is not None:
            self.take(found)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of a test's figures."""
        if report.when != "call":
            return
        figures: dict[str, Any] | None = getattr(report, FIGURES, None)
        if figures is None:
            return
        worker = getattr(report, "worker_id", None)
        self._rows[report.nodeid] = Row(report.nodeid, report.outcome, worker, figures)
        # Under xdist the worker's name stands before it.
        lines = report.longreprtext.split("\n", 2)[:2] if report.failed else []
        if said := [each for each in lines if each.startswith(_OVER)]:
            file, line, _ = report.location
            path = os.path.join(self._root, file)
            self._over.append((path, (line or 0) + 1, said[0]))

    @pytest.hookimpl(hookwrapper=True)
    def pytest_sessionfinish(self) -> Iterator[None]:
        """Add to JUnit before it is written; write the JSON, when all recordings have ended."""
        if has_strict_junit(self._config):
            self._add_to_junit()
        yield
        self._write_json()

    def _add_to_junit(self) -> None:
        """Properties of the suite stand for those of its tests, which xunit2 has not."""
        for plugin in self._config.pluginmanager.get_plugins():
            if (add := getattr(plugin, "add_global_property", None)) is not None:
                for row in self._rows.values():
                    for name in (PEAK, RISE):
                        if name in row.figures:
                            add(f"{name}: {escape(row.test)}", row.figures[name])

    def _write_json(self) -> None:
        if self._json is None:
            return
        try:
            write_whole(self._json, json.dumps(self.as_json(), indent=1).encode() + b"\n")
        except Exception as error:
            self._json_problem = str(error)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the tests with the highest rise, and what should be known."""
        show = terminalreporter.write_line
        if self._all_tests and self._rows:
            terminalreporter.section("memory of the tests")
            for line in self._table():
                show(line)
        for line in (*self._left(), *self._problems()):
            show(line)
        recordings = [self._short(f["recording"]) for f in self._found if f["recording"]]
        if self._all_tests and recordings:
            show(f"recordings: {', '.join(recordings)}")
        if os.environ.get("GITHUB_ACTIONS") == "true":
            for line in self._annotations():
                show(line)

    def as_json(self) -> dict[str, Any]:
        """All tests, all recordings; docs/pytest.md has the fields."""
        return {
            "format_version": _FORMAT_VERSION,
            "tests": [
                {
                    "test": row.test,
                    "outcome": row.outcome,
                    "worker": row.worker,
                    "peak": row.figures.get(PEAK),
                    "rise": row.figures.get(RISE),
                    "peak_is_exact": not row.figures.get(AT_LEAST, False),
                    "began_ns": row.figures.get(BEGAN),
                    "ended_ns": row.figures.get(ENDED),
                }
                for row in self._rows.values()
            ],
            "left_running": [each for found in self._found for each in found["left"]],
            "recordings": [found["recording"] for found in self._found if found["recording"]],
            "problems": [found["problem"] for found in self._found if found["problem"]],
        }

    def _table(self) -> list[str]:
        rows = sorted(self._rows.values(), key=lambda row: -row.rise)[:_SHOWN]
        lines = [f"{'rise':>9}  {'peak':>9}  test"]
        for row in rows:
            rise, peak = (format_size(row.figures.get(each)) for each in (RISE, PEAK))
            least = " or more" if row.figures.get(AT_LEAST) else ""
            lines.append(f"{rise:>9}  {peak:>9}{least}  {escape(row.test)}")
        return lines

    def _left(self) -> list[str]:
        left = [each for found in self._found for each in found["left"]]
        lines = [
            f"{' or '.join(map(escape, each['tests']))}: started {escape(each['name'])}"
            f" (PID {each['pid']}), which ran on when the test had ended"
            for each in left[:_LEFT_SHOWN]
        ]
        if (more := len(left) - _LEFT_SHOWN) > 0:
            lines.append(f"{plural(more, 'more process', 'more processes')} outlived its test")
        return lines

    def _problems(self) -> list[str]:
        problems = {found["problem"] for found in self._found if found["problem"]}
        lines = [f"memory-watcher: {escape(problem)}" for problem in sorted(problems)]
        if self._json_problem:
            lines.append(f"--memory-watcher-json: {escape(self._json_problem)}")
        return lines

    def _short(self, path: str) -> str:
        return escape(short(path, self._begun_in))

    def _annotations(self) -> list[str]:
        workspace = os.environ.get("GITHUB_WORKSPACE")
        lines = []
        for path, line, text in self._over[:_ANNOTATIONS]:
            file = os.path.relpath(path, workspace) if workspace else path
            title = _TITLES[text.startswith(_OVER[1])]
            lines.append(command("error", text, file=file, line=str(line), title=title))
        return lines


def _writable(path: str) -> str:
    """The path of the JSON; it is not found out after all tests that it cannot be written there."""
    folder = os.path.dirname(path)
    if os.path.isdir(path):
        raise pytest.UsageError(f"--memory-watcher-json: {path} is a folder; name a file")
    if not os.path.isdir(folder):
        raise pytest.UsageError(f"--memory-watcher-json: there is no folder {folder}; create it")
    return path
