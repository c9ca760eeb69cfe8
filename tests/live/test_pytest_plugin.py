"""The pytest plugin on small suites: what it tells is true, and it leaves nothing behind."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import xmlschema

import memory_watcher
from memory_watcher.errors import MemoryWatcherError

from ..programs import wait_until

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.live

MI = 1 << 20
_NAME = "memory_watcher.pytest_plugin"
#: An installed package is found by its entry point, and would be registered twice by its name.
_IS_INSTALLED = any(
    each.value == _NAME for each in importlib.metadata.entry_points(group="pytest11")
)
LOADED = [] if _IS_INSTALLED else ["-p", _NAME]

#: More than malloc ever takes from its heap: what is freed is given back, and so is a rise.
HELPERS = """
import asyncio, os, subprocess, sys, time, unittest
import pytest

def fill(mib):
    taken = bytearray(mib << 20)
    taken[:: 4096] = b"1" * len(taken[:: 4096])
    return taken

"""


def pytest_in(pytester: pytest.Pytester, body: str, *options: str) -> pytest.RunResult:
    """Run a suite of one file in a pytest of its own."""
    pytester.makepyfile(test_suite=HELPERS + body)
    return pytester.runpytest_subprocess(*LOADED, "-W", "ignore", *options)


def told(pytester: pytest.Pytester, body: str, *options: str) -> dict[str, Any]:
    """What the JSON says of a suite; its tests by their names."""
    pytest_in(pytester, body, "--memory-watcher-json", "told.json", *options)
    found: dict[str, Any] = json.loads((pytester.path / "told.json").read_text())
    found["tests"] = {each["test"].rpartition("::")[2]: each for each in found["tests"]}
    return found


def recorders() -> list[str]:
    """PIDs of recorders that were started by tests here and still run."""
    found = []
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if b"recorder_process.serve" in words and str(Path.cwd()).encode() in words:
            found.append(pid)
    return found


def readings(folder: Path) -> int:
    """How many readings of the tests' process the recording in a folder has, while it is made."""
    for file in folder.glob("*.db"):
        try:
            with memory_watcher.open(file) as opened:
                return opened.reading_count(1)
        except MemoryWatcherError:
            return 0
    return 0


def test_nothing_happens_when_nobody_asks(pytester: pytest.Pytester) -> None:
    """Without flag and marker only the plugin's first part is loaded, and nothing is said."""
    body = f"""
def test_it():
    loaded = [name for name in sys.modules if name.startswith("memory_watcher.")]
    assert set(loaded) == {{"{_NAME}", "memory_watcher._version"}}
"""
    result = pytest_in(pytester, body)
    result.assert_outcomes(passed=1)
    said = [line for line in result.outlines if not line.startswith("plugins: ")]
    assert not [line for line in said if "memory" in line]
    assert not list(pytester.path.rglob("*.db"))


def test_marks_are_those_of_each_test(pytester: pytest.Pytester) -> None:
    """A peak is that of its own test: the next one does not inherit it."""
    body = """
def test_a(): fill(60)
def test_b(): pass
def test_c(): fill(40)
"""
    found = told(pytester, body)
    rises = [found["tests"][name]["rise"] for name in ("test_a", "test_b", "test_c")]
    assert 59 * MI < rises[0] < 61 * MI
    assert rises[1] < MI
    assert 39 * MI < rises[2] < 41 * MI
    assert all(each["peak_is_exact"] for each in found["tests"].values())
    (recording,) = found["recordings"]
    with memory_watcher.open(recording) as opened:
        assert opened.process(process_id=1).name


def test_a_failure_names_limit_culprit_and_recording(pytester: pytest.Pytester) -> None:
    """A test over its limit fails, in 15 lines at most, with the kind that grew in it."""
    body = """
@pytest.mark.limit_resident("50 MiB", at="rise")
def test_it():
    kept = fill(70)
    time.sleep(0.3)
"""
    result = pytest_in(pytester, body)
    result.assert_outcomes(failed=1)
    text = re.search(r"_ test_it _+\n(.*?)\n[=_]{5}", result.stdout.str(), re.S)
    assert text is not None
    lines = text[1].splitlines()
    assert len(lines) <= 15
    assert re.match(
        r"over its memory limit: resident memory .*: [67]\d(\.\d)? MiB, limit 50", lines[0]
    )
    assert any(
        re.match(r"  \+[67]\d(\.\d)? MiB in Python heap \(runtime\): ", line) for line in lines
    )
    path = next(line for line in lines if line.startswith("recording: ")).partition(" ")[2]
    with memory_watcher.open(pytester.path / path) as recording:
        assert recording.reading_count(1) > 1


def test_a_kind_is_held_to_its_limit(pytester: pytest.Pytester) -> None:
    """A limit on a kind is judged by layouts; another kind's memory does not count."""
    body = """
@pytest.mark.limit_resident(runtime="20 MiB", at="rise")
def test_over():
    global kept
    kept = fill(40)

@pytest.mark.limit_resident(thread_stack="20 MiB", at="end")
def test_within():
    global more
    more = fill(40)
"""
    result = pytest_in(pytester, body)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["over its memory limit: runtime (rise *limit 20 MiB*"])


def test_a_library_as_a_whole_is_held_to_its_limit(pytester: pytest.Pytester) -> None:
    """The word of a family is all of its parts together, and that of a part only this."""
    body = """
@pytest.mark.limit_resident(library="1 MiB")
def test_whole(): time.sleep(0.1)
@pytest.mark.limit_resident(library_bss="1 GiB")
def test_part(): time.sleep(0.1)
"""
    found = told(pytester, body)["tests"]
    assert (found["test_whole"]["outcome"], found["test_part"]["outcome"]) == ("failed", "passed")


def test_a_kind_that_no_layout_shows_is_not_called_within(pytester: pytest.Pytester) -> None:
    """Where memory came and went between two layouts, a limit on a kind cannot be judged."""
    body = """
@pytest.mark.limit_resident(runtime="20 MiB", at="rise")
def test_it(): fill(40)
"""
    result = pytest_in(pytester, body)
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines(["(a memory limit could not be judged|over its memory limit): .*"])


def test_what_fails_anyway_keeps_its_own_reason(pytester: pytest.Pytester) -> None:
    """A failing or expected failing test is what it would be; a limit is told beside."""
    body = """
@pytest.mark.limit_resident("20 MiB", at="rise")
def test_fails():
    fill(40)
    assert not "its own reason"

@pytest.mark.xfail(strict=True)
@pytest.mark.limit_resident("20 MiB", at="rise")
def test_expected(): fill(40)
"""
    result = pytest_in(pytester, body)
    result.assert_outcomes(failed=1, xfailed=1)
    result.stdout.fnmatch_lines(["E *its own reason*", "*- memory-watcher -*", "over its memory *"])


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        ('"200"', "*has no unit*"),
        ("200", "*is no text*"),
        ("", "*no limit; give one*"),
        ('"1 MiB", "2 MiB"', "*one size at most*"),
        ('haep="1 MiB"', "*haep: no such argument, and no kind of memory; *heap*"),
        ('"1 MiB", at="start"', "*choose one of peak, end, rise*"),
        ('growth="1 MiB"', '*write "1 MiB/run"*'),
        ('heap="1 MiB", children=True', "*children=True needs a size*"),
        ('"-1 MiB"', "*is not a size*"),
    ],
)
def test_a_wrong_marker_is_refused_at_collection(
    pytester: pytest.Pytester, marker: str, words: str
) -> None:
    """No test runs, and the message names the test and what to write."""
    body = f"""
@pytest.mark.limit_resident({marker})
def test_it(): open("ran", "w")
"""
    result = pytest_in(pytester, body)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*test_it: limit_resident: {words}"])
    assert not (pytester.path / "ran").exists()


def test_a_wrong_marker_is_refused_by_workers_too(pytester: pytest.Pytester) -> None:
    """The same message is an error of the collection, once; so it is with --collect-only."""
    body = """
@pytest.mark.limit_resident("200")
def test_it(): open("ran", "w")
def test_other(): pass
"""
    result = pytest_in(pytester, body, "-n", "2")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines(["*test_it: limit_resident: *has no unit*"])
    result.stdout.no_fnmatch_line("*INTERNALERROR*")
    assert not (pytester.path / "ran").exists()
    assert pytest_in(pytester, body, "--collect-only").ret == pytest.ExitCode.USAGE_ERROR


def test_the_ini_file_limits_every_test(pytester: pytest.Pytester) -> None:
    """A default limit holds for tests without a marker, and a marker goes before it."""
    pytester.makeini("[pytest]\nmemory_watcher_limit = 100 MiB\n")
    body = """
def test_over(): fill(120)
@pytest.mark.limit_resident("400 MiB")
def test_allowed(): fill(120)
def test_within(): pass
"""
    result = pytest_in(pytester, body)
    result.assert_outcomes(failed=1, passed=2)
    result.stdout.fnmatch_lines(["FAILED *::test_over - *"])


def test_growth_is_judged_by_the_weakest_round(pytester: pytest.Pytester) -> None:
    """What each run adds counts; a cache that is filled once, and garbage, do not."""
    body = """
kept = []
@pytest.mark.limit_resident(growth="100 KiB/run")
def test_leaks(): kept.append(b"1" * (1 << 20))

@pytest.mark.limit_resident(growth="100 KiB/run")
def test_fills_a_cache():
    if len(kept) < 40: kept.extend(b"1" * (1 << 20) for _ in range(40))
    fill(40)

class TestOfUnittest(unittest.TestCase):
    @pytest.mark.limit_resident(growth="100 KiB/run")
    def test_leaks_too(self): kept.append(b"1" * (1 << 20))
"""
    result = pytest_in(pytester, body)
    result.assert_outcomes(failed=2, passed=1)
    result.stdout.fnmatch_lines(["over its memory limit: growth (*: 1 MiB/run, limit 100 KiB/run*"])


def test_children_count_where_asked(pytester: pytest.Pytester) -> None:
    """With children=True the sum of PSS is judged; without, a child's memory is its own."""
    body = """
CHILD = [sys.executable, "-S", "-c", "kept = b'1' * (300 << 20); import time; time.sleep(3)"]
@pytest.mark.limit_resident("200 MiB", children=True)
def test_over(): subprocess.run(CHILD)
@pytest.mark.limit_resident("200 MiB")
def test_alone(): subprocess.run(CHILD)
@pytest.mark.limit_resident("400 MiB", children=True)
def test_short(): pass
"""
    result = pytest_in(pytester, body)
    result.assert_outcomes(failed=1, passed=2)
    result.stdout.fnmatch_lines(["over its memory limit: memory with children *limit 200 MiB*"])


def test_a_process_that_outlives_its_test_is_told(pytester: pytest.Pytester) -> None:
    """Who started it is named; one that ended with its test is not told."""
    body = """
def test_starts():
    time.sleep(0.1)
    subprocess.Popen(["sleep", "3"])
    time.sleep(0.1)
@pytest.mark.parametrize("number", range(12))
@pytest.mark.limit_resident("1 GiB", children=True)
def test_waits(number): subprocess.run(["sleep", "0.05"])
"""
    found = told(pytester, body)
    (left,) = found["left_running"]
    assert (left["tests"], left["name"]) == (["test_suite.py::test_starts"], "sleep")


def test_the_fixture_tells_what_is_now(pytester: pytest.Pytester) -> None:
    """A test reads its own peak, rise, kinds and recording, without the flag."""
    body = """
def test_it(memory_recording):
    before = memory_recording.by_kind()
    kept = fill(40)
    assert 40 << 20 <= memory_recording.rise() < 42 << 20
    assert memory_recording.peak() >= memory_recording.resident() - (1 << 20)
    after = memory_recording.by_kind()
    assert 40 << 20 <= after["runtime"] - before["runtime"] < 42 << 20
    assert after["program code"] and "library" not in after, "parts, and not their sum as well"
    with memory_recording.open() as recording:
        assert recording.process(pid=os.getpid()).name
"""
    pytest_in(pytester, body).assert_outcomes(passed=1)


def test_xdist_workers_have_their_own_recordings(pytester: pytest.Pytester) -> None:
    """Each worker is recorded, and the controller shows all of them together."""
    body = """
@pytest.mark.parametrize("number", range(6))
def test_it(number): fill(40); time.sleep(0.1)
@pytest.mark.limit_resident("20 MiB", at="rise")
def test_over(): fill(40)
"""
    found = told(pytester, body, "-n", "2")
    assert len(found["tests"]) == 7
    assert {each["worker"] for each in found["tests"].values()} == {"gw0", "gw1"}
    assert len(found["recordings"]) == 2
    assert found["tests"]["test_over"]["outcome"] == "failed"
    assert found["tests"]["test_it[0]"]["rise"] >= 39 * MI
    wait_until(lambda: not recorders(), "the recorder's end")


def test_a_worker_that_is_killed_was_recorded(pytester: pytest.Pytester) -> None:
    """What was recorded of it is listed beside that of the others, and of no run before."""
    body = """
def test_killed(memory_recording):
    memory_recording.by_kind()
    os.kill(os.getpid(), 9)
def test_other(): pass
"""
    options = ("-n", "1", "--memory-watcher-dir", "kept")
    before = told(pytester, body, *options)["recordings"]
    found = told(pytester, body, *options)["recordings"]
    assert len(before) == len(found) == 2
    assert not set(found) & set(before)
    for recording in found:
        with memory_watcher.open(recording) as opened:
            assert opened.reading_count(1)


def test_reruns_and_unittest(pytester: pytest.Pytester) -> None:
    """A test over its limit runs again; methods of unittest are held to limits."""
    body = """
runs = []
@pytest.mark.flaky(reruns=2)
@pytest.mark.limit_resident("20 MiB", at="rise")
def test_flaky():
    runs.append(1)
    if len(runs) < 2: fill(40)

@pytest.mark.limit_resident("20 MiB", at="rise")
class TestOfUnittest(unittest.TestCase):
    def test_over(self): fill(40)
    def test_within(self): pass
    def test_skipped(self): self.skipTest("not here")
"""
    result = pytest_in(pytester, body, "-rR")
    outcomes = result.parseoutcomes()
    assert outcomes == {"failed": 1, "passed": 2, "skipped": 1, "rerun": 1}


def test_coroutines(pytester: pytest.Pytester) -> None:
    """Coroutines are held to limits and repeated for their growth, as pytest-asyncio runs them."""
    pytest.importorskip("pytest_asyncio")
    body = """
kept = []
@pytest.mark.asyncio
@pytest.mark.limit_resident("20 MiB", at="rise")
async def test_over():
    await asyncio.sleep(0)
    fill(40)

@pytest.mark.asyncio
@pytest.mark.limit_resident(growth="100 KiB/run")
async def test_leaks():
    await asyncio.sleep(0)
    kept.append(b"1" * (1 << 20))

@pytest.mark.asyncio
@pytest.mark.limit_resident("20 MiB", at="rise", growth="100 KiB/run")
async def test_within(): await asyncio.sleep(0)
"""
    pytest_in(pytester, body).assert_outcomes(failed=2, passed=1)


def test_junit_and_github(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """JUnit has each test's figures; GitHub gets an annotation at the test's line."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(pytester.path))
    body = """
@pytest.mark.limit_resident("20 MiB", at="rise")
def test_over(): fill(40)
"""
    words = ("--memory-watcher", "--junit-xml=junit.xml", "-ojunit_family=xunit1")
    result = pytest_in(pytester, body, *words)
    result.stdout.re_match_lines(
        [r"::error file=test_suite.py,line=\d+,title=Over its memory limit::over its memory "]
    )
    properties = ET.parse(pytester.path / "junit.xml").iter("property")
    figures = {each.get("name"): int(each.get("value") or 0) for each in properties}
    assert figures["memory_rise_bytes"] >= 39 * MI
    assert figures["memory_peak_bytes"] > figures["memory_rise_bytes"]


@pytest.mark.parametrize("options", [["--memory-watcher"], ["--memory-watcher", "-n1"], ["-n1"]])
def test_junit_is_valid_by_the_strict_schema(pytester: pytest.Pytester, options: list[str]) -> None:
    """In the family xunit2, pytest's own choice, the figures are properties of the suite."""
    body = """
@pytest.mark.limit_resident("200 MiB", at="rise")
def test_it(): fill(40)
"""
    pytest_in(pytester, body, *options, "--junit-xml=junit.xml").assert_outcomes(passed=1)
    xmlschema.XMLSchema(Path(__file__).parents[1] / "data/ci/xunit2.xsd").validate("junit.xml")
    properties = ET.parse(pytester.path / "junit.xml").iter("property")
    figures = {each.get("name"): int(each.get("value") or 0) for each in properties}
    if "--memory-watcher" in options:
        assert figures["memory_rise_bytes: test_suite.py::test_it"] >= 39 * MI


def test_github_and_xdist(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what a worker reports becomes an annotation, and what could not be judged."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(pytester.path))
    body = """
@pytest.mark.limit_resident("20 MiB", at="rise")
def test_over(): fill(40)
@pytest.mark.limit_resident("20 MiB", at="rise")
def test_undecided():
    import resource
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, most))
@pytest.fixture(autouse=True)
def descriptors():
    import resource
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)
"""
    result = pytest_in(pytester, body, "--memory-watcher", "-n", "1")
    result.stdout.re_match_lines(
        [
            r"::error file=test_suite.py,line=\d+,title=Over its memory limit::over its memory ",
            r"::error file=test_suite.py,line=\d+,title=A memory limit could not be judged::a mem",
        ]
    )


def test_the_recorder_is_nobody_s_child(pytester: pytest.Pytester) -> None:
    """A test that waits for all children of the process meets none that is not its own."""
    body = """
def test_it():
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
"""
    pytest_in(pytester, body, "--memory-watcher").assert_outcomes(passed=1)
    wait_until(lambda: not recorders(), "the recorder's end")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_when_the_tests_are_killed(
    pytester: pytest.Pytester, number: signal.Signals
) -> None:
    """The recorder ends by itself, with a recording that opens, whatever ended the tests."""
    body = """
def test_it():
    open("runs", "w")
    time.sleep(60)
"""
    pytester.makepyfile(test_suite=HELPERS + body)
    words = [sys.executable, "-m", "pytest", *LOADED, "--memory-watcher-dir=recordings"]
    with subprocess.Popen(words, cwd=pytester.path, stdout=subprocess.DEVNULL) as tests:
        wait_until((pytester.path / "runs").exists, "the test")
        wait_until(lambda: readings(pytester.path / "recordings"), "a first reading")
        assert recorders()
        tests.send_signal(number)
        tests.wait()
    wait_until(lambda: not recorders(), "the recorder's end")
    assert readings(pytester.path / "recordings")


def test_a_new_run_replaces_the_recordings_in_the_cache(pytester: pytest.Pytester) -> None:
    """The cache has the last run's recording only: it does not grow with each run."""
    for _ in range(2):
        pytest_in(pytester, "def test_it(): pass", "--memory-watcher")
    assert len(list(pytester.path.glob(".pytest_cache/d/memory-watcher/*.db"))) == 1


def test_without_a_recorder_the_kernel_s_mark_is_judged(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With nothing recorded limits on RSS hold, kinds are not called within, and it is said."""
    (pytester.path / "taken").touch()
    body = """
@pytest.mark.limit_resident("20 MiB", at="rise")
def test_over(): fill(40)
@pytest.mark.limit_resident("20 MiB", at="rise")
def test_within(): pass
@pytest.mark.limit_resident(heap="400 MiB")
def test_kind(): pass
"""
    result = pytest_in(pytester, body, "--memory-watcher-dir", "taken")
    result.assert_outcomes(failed=2, passed=1)
    result.stdout.fnmatch_lines(["a memory limit could not be judged: heap *", "memory-watcher: *"])
    result.stdout.fnmatch_lines(["memory-watcher: --memory-watcher-dir: *taken: File exists"])
    result.stdout.no_fnmatch_line("recordings:*")


@pytest.mark.parametrize(("file", "words"), [("no/told.json", "no folder"), (".", "is a folder")])
def test_a_json_that_cannot_be_written_is_refused_at_once(
    pytester: pytest.Pytester, file: str, words: str
) -> None:
    """Not after all tests have run."""
    result = pytest_in(pytester, "def test_it(): pass", "--memory-watcher-json", file)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --memory-watcher-json: *{words}*"])


def test_a_test_may_fake_the_system(pytester: pytest.Pytester) -> None:
    """What a test puts in the place of files, clocks, JSON and sockets does not reach the plugin.

    Fakes look for such names in all modules, as pyfakefs and freezegun do.
    """
    body = """
import json, socket, threading

def fails(*arguments, **words):
    raise AssertionError("the test's own")

def fake(monkeypatch):
    real = [os.open, os.read, os.write, os.close, os.fstat, os.getpid, os.path.relpath]
    real += [json.dumps, json.loads, threading.enumerate, threading.current_thread]
    fakes = {id(each): fails for each in real}
    fakes |= {id(time.time): lambda: 1e9, id(time.time_ns): lambda: 10**18}
    for module in [module for name, module in sys.modules.items() if "pytest." not in name]:
        for name, value in list(vars(module).items()):
            if id(value) in fakes:
                monkeypatch.setattr(module, name, fakes[id(value)])
    monkeypatch.setattr(socket.socket, "sendall", fails)
    monkeypatch.setattr(os, "environ", {})

@pytest.mark.limit_resident("1 GiB", runtime="900 MiB")
def test_within(monkeypatch): fake(monkeypatch)

def test_looks(monkeypatch, memory_recording):
    fake(monkeypatch)
    assert memory_recording.by_kind()["runtime"] and memory_recording.rise() >= 0

@pytest.mark.limit_resident("50 MiB", at="rise")
def test_over(monkeypatch):
    global kept
    fake(monkeypatch)
    kept = fill(70)
"""
    words = ("--memory-watcher-json=told.json", "--capture=sys")  # it uses os.fstat itself
    result = pytest_in(pytester, body, *words)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.re_match_lines([r"  \+[67]\d(\.\d)? MiB in Python heap \(runtime\): "])
    result.stdout.no_re_match_line("memory-watcher: ")
    tests = json.loads((pytester.path / "told.json").read_text())["tests"]
    times = [each[name] for each in tests for name in ("began_ns", "ended_ns")]
    assert times == sorted(times)
    assert times[-1] - times[0] < 600 * 10**9


def test_times_are_in_the_time_zone_of_the_session(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test may change its own; who looks further has that of the session."""
    monkeypatch.setenv("TZ", "UTC-01:23:45")
    body = """
@pytest.mark.limit_resident("20 MiB", at="rise")
def test_it(monkeypatch):
    fill(40)
    monkeypatch.setenv("TZ", "UTC+11:11:11")
    time.tzset()
"""
    result = pytest_in(pytester, body, "--memory-watcher-json", "told.json")
    (test,) = json.loads((pytester.path / "told.json").read_text())["tests"]
    began = datetime.fromtimestamp(test["began_ns"] // 10**9, timezone.utc)
    local = began + timedelta(hours=1, minutes=23, seconds=45)
    result.stdout.fnmatch_lines([f"from {local:%Y-%m-%dT%H:%M:%S}.* to *"])


@pytest.mark.parametrize("leave", ["os.chdir('/')", "os.chdir('away'); os.rmdir('../away')"])
def test_a_test_may_leave_the_folder(pytester: pytest.Pytester, leave: str) -> None:
    """Paths are from where pytest was started, and the JSON is written where it was named."""
    (pytester.path / "away").mkdir()
    body = f"""
@pytest.mark.limit_resident("20 MiB", at="rise")
def test_it():
    fill(40)
    {leave}
"""
    words = ("--memory-watcher-dir=recordings", "--memory-watcher-json=told.json")
    # pytest's cache does not bear that the folder is gone.
    result = pytest_in(pytester, body, *words, "-p", "no:cacheprovider")
    found = json.loads((pytester.path / "told.json").read_text())
    (recording,) = found["recordings"]
    assert Path(recording).parent == pytester.path / "recordings"
    result.stdout.fnmatch_lines(
        [f"{word}: recordings/{Path(recording).name}" for word in ("recording", "recordings")]
    )


def test_a_test_may_close_all_descriptors(pytester: pytest.Pytester) -> None:
    """Nothing is written into what has their numbers then, and a failure tells why it lacks."""
    body = """
def test_closes():
    os.closerange(3, 100)
    for number in range(20):
        open(f"file-{number}", "w+").detach().detach()
        os.open(f"file-{number}", os.O_RDWR)

@pytest.mark.limit_resident("20 MiB", at="rise")
def test_over(): fill(40)
@pytest.mark.limit_resident("2 GiB")
def test_within(): pass
"""
    result = pytest_in(pytester, body, "--memory-watcher", "-s")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["recording: *.db (*closed by a test)"])
    files = list(pytester.path.glob("file-*"))
    assert files and not [file for file in files if file.stat().st_size]
