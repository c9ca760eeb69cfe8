"""memory-peak: arguments to output and exit code."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from memory_watcher import cli
from memory_watcher.model import LayoutState, Reading, Rollup, Usage
from tests.recordings import KI, MI, SECOND, START, Entry, RecordingBuilder, mapping

HOSTILE = "a\x1b[31m\nb\udcff [heap] <i>é"


class Result(NamedTuple):
    code: int
    out: str
    err: str


class Peak:
    """Runs memory-peak in a folder."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: object) -> Result:
        self._monkeypatch.setattr(sys, "argv", ["memory-peak", *map(str, arguments)])
        try:
            code = cli.main_peak()
        except SystemExit as end:
            code = int(str(end.code))
        return Result(code, *self._capsys.readouterr())

    def json(self, *arguments: object) -> Any:
        result = self(*arguments, "--json")
        assert (result.code, result.err) == (0, "")
        assert result.out.isascii()
        return json.loads(result.out)


@pytest.fixture
def peak(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Peak]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield Peak(monkeypatch, capsys)
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def builder(tmp_path: Path) -> Iterator[RecordingBuilder]:
    made = RecordingBuilder(tmp_path / "measurement.db")
    yield made
    made.close()


def file(start: int, name: str, rss: int, pss: int | None) -> Entry:
    usage = Usage(rss=rss * KI, pss=None if pss is None else pss * KI)
    return mapping(start, 64 * MI, "r--s", name, inode=7), usage


def layout(scale: int = 1) -> list[Entry]:
    """Make what the text below shows, at scale 1."""
    return [
        (mapping(0x1000, 64 * MI, pathname="[heap]"), Usage(rss=40 * KI, pss=40 * KI * scale)),
        file(0x7F00_0000_0000, "/data/model.bin", 4096, 2048 * scale),
        file(0x7F10_0000_0000, "/data/deep/index.bin", 100, 100 * scale),
        file(0x7F20_0000_0000, "/data/small", 8, 8 * scale),
        (mapping(0x7FFF_0000_0000, pathname="[stack]"), Usage(rss=128 * KI, pss=128 * KI * scale)),
    ]


READING = Reading(
    size=2_000_000 * KI,
    resident=4372 * KI,
    shared=1000 * KI,
    text=20 * KI,
    data=300 * KI,
    high_water_mark=6144 * KI,
)

TEXT = f"""\
pid:              4711
process name:     firefox
process id:       1 (in this recording)

size:             2 000 000 Ki  total program size (address space)
resident:             4 372 Ki  resident set size (in RAM)
shared:               1 000 Ki  resident pages of files and shmem
text:                    20 Ki  code of the executable
data:                   300 Ki  data + stack (private writable address space)

figures:          PSS: resident, each page divided by how many map it
layout:           exact: {LayoutState.EXACT.meaning}
high-water mark:  6 144 Ki (VmHWM), 1 772 Ki above the RSS of 4 372 Ki here
highest layout:   4 372 Ki RSS, this measurement: RSS was up to 1 772 Ki higher at some point \
before 2018-08-17T13:58:03.942

mappings:         5

peak measurement: 1
time:             2018-08-17T13:58:03.942

thread stacks:                                            128 Ki
heap:                                                      40 Ki

/data/model.bin                                         2 048 Ki
/data/deep/index.bin                                      100 Ki

other mappings:                                             8 Ki

sum of PSS:                                             2 324 Ki
"""


def record_one(builder: RecordingBuilder, name: str = "firefox") -> int:
    """Record one process: the peak at the first tick, less at the second."""
    process = builder.process(4711, name)
    builder.tick()
    builder.layout(process, layout(), READING)
    builder.tick()
    builder.layout(process, layout(0), READING)
    builder.close()
    return process


def ki(line: str) -> int:
    """Read the size at the end of a line."""
    return int(line[48:].removesuffix(" Ki").replace(" ", ""))


class TestOneProcess:
    def test_the_text(self, builder: RecordingBuilder, peak: Peak) -> None:
        """The shape that people parse, whole."""
        record_one(builder)
        assert peak("--top", 2) == Result(0, TEXT, "")

    def test_the_lines_add_up(self, builder: RecordingBuilder, peak: Peak) -> None:
        """For each figure and any number of lines."""
        record_one(builder)
        for arguments in ([], ["--process-memory", "rss"], ["--process-memory", "statm"]):
            for top in (0, 1, 20):
                out = peak(*arguments, "--top", top).out
                lines = out.split("time:  ")[1].split("\nstatm resident")[0].splitlines()
                sizes = [ki(line) for line in lines if line.endswith(" Ki")]
                assert sum(sizes[:-1]) == sizes[-1]

    def test_by_statm_the_mappings_are_by_rss(self, builder: RecordingBuilder, peak: Peak) -> None:
        """And statm's own figure stands below the sum, which may differ from it."""
        process = builder.process(1)
        for resident in (1, 9, 3):
            builder.tick()
            builder.layout(process, layout(), Reading(resident=resident * MI))
        builder.close()
        out = peak("--process-memory", "statm").out
        assert "peak measurement: 2\n" in out
        assert "figures:          RSS: in RAM and mapped here" in out
        assert [line.split(": ")[0] for line in out.splitlines()[-2:]] == [
            "sum of RSS",
            "statm resident",
        ]
        assert [ki(line) for line in out.splitlines()[-2:]] == [4372, 9216]

    def test_the_file_can_be_named_in_each_way(self, builder: RecordingBuilder, peak: Peak) -> None:
        """FILE, --database-file, both alike, or the default."""
        record_one(builder)
        builder.path.rename("a.db")
        assert peak().code == 1
        assert peak("a.db").code == 0
        assert peak("--database-file", "a.db").code == 0
        assert peak("a.db", "--database-file", "a.db").code == 0
        differing = peak("a.db", "--database-file", "b.db")
        assert (differing.code, differing.out) == (2, "")
        assert "a.db" in differing.err
        assert "b.db" in differing.err

    def test_a_moment_that_was_asked_for(self, builder: RecordingBuilder, peak: Peak) -> None:
        """At or right before, to the millisecond; a printed time finds its own measurement."""
        record_one(builder)
        out = peak("--measurement-time", "2018-08-17T13:58:04.941").out
        assert "\nmeasurement:      1\n" in out
        assert "peak" not in out
        out = peak("--measurement-time", "2018-08-17T13:58:04.942").out
        assert "\nmeasurement:      2\n" in out
        early = peak("--measurement-time", "2018-08-17T13:58:03.941")
        assert (early.code, early.out) == (1, "")
        assert "the first one is of 2018-08-17T13:58:03.942" in early.err
        assert peak("--measurement-time", "9999-12-31T23:59").code == 0
        assert peak("--measurement-time", "yesterday").code == 2

    def test_hostile_names_are_shown_harmlessly(
        self, builder: RecordingBuilder, peak: Peak
    ) -> None:
        """Every line of the text is printable, and JSON holds the exact bytes."""
        process = builder.process(1, HOSTILE)
        builder.tick()
        builder.layout(process, [file(0x1000, f"/{HOSTILE}", 4, 4)])
        builder.close()
        out = peak().out
        assert all(line.isprintable() for line in out.splitlines())
        assert r"/a\x1b[31m\x0ab\xff [heap] <i>é " in out
        found = peak.json()
        raw = HOSTILE.encode("utf-8", "surrogateescape").hex()
        assert found["process"]["name"] == "a\x1b[31m\nb\\xff [heap] <i>é"
        assert found["process"]["name_hex"] == raw
        (group,) = [group for group in found["groups"] if group["name"].startswith("/")]
        assert bytes.fromhex(group["name_hex"]).decode("utf-8", "surrogateescape") == f"/{HOSTILE}"

    def test_what_was_not_told_is_not_zero(self, builder: RecordingBuilder, peak: Peak) -> None:
        """A dash for what nothing told, a note for what a sum lacks, null in JSON."""
        process = builder.process(1)
        builder.tick()
        entries = [file(0x1000, "/told", 4, 4), file(0x9000_0000, "/untold", 4, None)]
        builder.layout(process, entries, Reading(resident=8 * KI), state=LayoutState.TORN)
        builder.execute("UPDATE readings SET pss = 4096")
        builder.close()
        out = peak().out
        assert f"{'/untold':<63}–\n" in out
        assert "/untold: without 1 of 1 mapping, whose PSS was not reported\n" in out
        assert "sum: without 1 of 2 mappings, whose PSS was not reported\n" in out
        assert "high-water mark:  – (the kernel's VmHWM was not read)\n" in out
        assert "layout:           torn: Mappings moved" in out
        assert re.search(r"\nsize: +–  total program size", out)
        found = peak.json()
        assert found["high_water_mark"] is None
        assert found["measurement"]["layout_state"] == "torn"
        assert found["measurement"]["reading"]["size"] is None
        assert [group["bytes"] for group in found["groups"][-2:]] == [4096, None]
        assert (found["sum"]["bytes"], found["sum"]["lacking"]) == (4096, 1)
        assert found["sum"]["figures"]["pss"] is None

    def test_build_ids(self, builder: RecordingBuilder, peak: Peak) -> None:
        """A library has that of its file, .bss or not; several libraries together have none."""
        builder.tick()
        usage = Usage(rss=8 * KI, pss=8 * KI)
        builder.layout(
            builder.process(4711),
            [
                (mapping(0x1000, 4 * KI, "r-xp", "/lib/a.so", inode=7), usage),
                (mapping(0x2000, 4 * KI, "rw-p", "/lib/a.so", inode=7), usage),
                (mapping(0x9000, 4 * KI, "r-xp", "/lib/b.so", inode=8), usage),
                (mapping(0xB000, 4 * KI, "r--p", "/data", inode=9), usage),
            ],
        )
        builder.execute("INSERT INTO build_ids VALUES (1, 0, 7, '0a'), (1, 0, 9, '0b')")
        expected = {
            "name": {"/lib/a.so": "0a", "/lib/b.so": None, "/data": None},
            "kind": {"library code": "0a", "library data": "0a", "file": None},
        }
        for by, ids in expected.items():
            groups = peak.json("--by", by)["groups"]
            assert {group["name"]: group["build_id"] for group in groups if group["bytes"]} == ids
        builder.execute("INSERT INTO build_ids VALUES (1, 0, 8, '0c')")
        library = peak.json("--by", "kind")["groups"][0]
        assert (library["name"], library["build_id"]) == ("library code", None)

    @pytest.mark.parametrize(
        ("mark", "state", "words"),
        [
            (4372, LayoutState.EXACT, ", 0 Ki above the RSS of 4 372 Ki here\n"),
            (4372, LayoutState.EXACT, "4 372 Ki RSS, this measurement: nothing higher was missed"),
            (4371, LayoutState.EXACT, ", 1 Ki below the RSS of 4 372 Ki here\n"),
            # The builder's machine has 2 CPUs: 3 counters x 2 CPUs x 31 pages.
            (5116, LayoutState.EXACT, "was missed (the kernel's mark is accurate to 744 Ki)\n"),
            (4372, LayoutState.TORN, "4 372 Ki RSS, this measurement: it is torn, so its total"),
            (5396, LayoutState.EXACT, "1 024 Ki above the RSS of 4 372 Ki here\n"),
            (5396, LayoutState.EXACT, "RSS was up to 1 024 Ki higher at some point before 2018-"),
        ],
    )
    def test_the_kernel_s_mark(
        self, builder: RecordingBuilder, peak: Peak, mark: int, state: LayoutState, words: str
    ) -> None:
        """What the gap proves is said, and of a torn layout nothing is claimed."""
        process = builder.process(1)
        builder.tick()
        builder.layout(process, layout(), Reading(high_water_mark=mark * KI), state=state)
        builder.close()
        assert words in peak().out

    def test_the_mark_when_another_measurement_has_the_highest_rss(
        self, builder: RecordingBuilder, peak: Peak
    ) -> None:
        """A gap of the PSS peak is not taken for a missed one."""
        process = builder.process(1)
        builder.tick()
        builder.layout(process, [file(0x1000, "/a", 4, 4)])
        builder.tick()
        builder.layout(process, [file(0x1000, "/a", 9, 1)], Reading(high_water_mark=9 * KI))
        builder.close()
        assert "9 Ki (VmHWM), 5 Ki above the RSS of 4 Ki here\n" in (out := peak().out)
        assert "highest layout:   9 Ki RSS, measurement 2: nothing higher was missed" in out
        found = peak.json()["high_water_mark"]
        assert (found["gap"], found["highest_rss_measurement"]) == (0, 2)

    def test_a_torn_layout_is_not_compared_with_the_mark(
        self, builder: RecordingBuilder, peak: Peak
    ) -> None:
        """The highest layout is one that is not torn, if there is any; so is the peak."""
        process = builder.process(1)
        builder.tick()
        builder.layout(process, [file(0x1000, "/a", 4, 4)])
        builder.tick()
        builder.layout(
            process,
            [file(0x1000, "/a", 9, 9)],
            Reading(high_water_mark=9 * KI),
            state=LayoutState.TORN,
        )
        builder.close()
        out = peak().out
        assert "\npeak measurement: 1\n" in out
        assert "highest layout:   4 Ki RSS, this measurement: " in out
        assert peak.json()["high_water_mark"]["highest_rss_measurement"] == 1

    def test_unrounded_pss(self, builder: RecordingBuilder, peak: Peak) -> None:
        """Where smaps_rollup was read, its PSS stands beside the sum."""
        process = builder.process(1)
        builder.tick()
        builder.layout(process, layout())
        builder.execute("UPDATE readings SET rollup_pss = ?", 2400 * KI)
        builder.close()
        assert "PSS unrounded:    2 400 Ki (" in peak().out
        assert "unrounded" not in peak("--process-memory", "rss").out

    def test_json_is_complete(self, builder: RecordingBuilder, peak: Peak) -> None:
        """All names unless --top, all figures in bytes, times as text and in nanoseconds."""
        record_one(builder)
        found = peak.json()
        assert found["measurement"]["time"] == "2018-08-17T13:58:03.942"
        assert found["measurement"]["time_ns"] == START
        assert found["measurement"]["reading"]["resident"] == 4372 * KI
        assert found["measurement"]["totals"]["pss"] == 2324 * KI
        assert found["high_water_mark"]["gap"] == 1772 * KI
        assert found["sum"]["bytes"] == 2324 * KI
        assert found["sum"]["figures"]["rss"] == 4372 * KI
        assert sum(group["bytes"] for group in found["groups"]) == found["sum"]["bytes"]
        assert (found["other"]["groups"], found["other"]["bytes"]) == (0, 0)
        assert {group["name"] for group in found["groups"]} >= {"thread stacks", "/data/small"}
        assert peak.json("--top", 1)["other"]["groups"] == 2


class TestSelection:
    def test_a_pid_of_several_processes(self, builder: RecordingBuilder, peak: Peak) -> None:
        """They are listed with their ids, and the exit code is 1; --process-id chooses."""
        for start_time in (1, 2):
            process = builder.process(4711, f"name{start_time}", start_time)
            builder.tick()
            builder.layout(process, layout())
        builder.close()
        result = peak("-p", 4711)
        assert (result.code, result.out) == (1, "")
        assert "1 (PID 4711, 'name1', 2018-08-17T13:58:03.942 to" in result.err
        assert "2 (PID 4711, 'name2', 2018-08-17T13:58:04.942 to" in result.err
        assert result.err.count("\n") == 1
        assert "process name:     name2\n" in peak("--process-id", 2).out
        assert peak("-p", 4711, "--process-id", 1).code == 0
        assert peak("-p", 4712, "--process-id", 1).code == 1

    def test_an_unknown_pid(self, builder: RecordingBuilder, peak: Peak) -> None:
        """The error says who was recorded."""
        record_one(builder, HOSTILE)
        result = peak("-p", 1)
        assert (result.code, result.out) == (1, "")
        assert "PID 4711" in result.err
        assert result.err.removesuffix("\n").isprintable()

    def test_no_layout(self, builder: RecordingBuilder, peak: Peak) -> None:
        """A process that could not be read says why."""
        process = builder.process(1)
        builder.tick()
        builder.reading(process, state=LayoutState.NO_PERMISSION)
        builder.close()
        result = peak()
        assert (result.code, result.out) == (1, "")
        assert "The kernel refused to show the mappings." in result.err

    @pytest.mark.parametrize(
        "arguments",
        [["--pid", "x"], ["--top", "-1"], ["--top", "x"], ["--process-memory", "uss"], ["a", "b"]],
    )
    def test_wrong_arguments(self, peak: Peak, arguments: list[str]) -> None:
        """Exit code 2, and one line."""
        result = peak(*arguments)
        assert (result.code, result.out) == (2, "")
        assert result.err.count("\n") == 1

    def test_a_missing_file(self, peak: Peak, tmp_path: Path) -> None:
        """One line, exit code 1, and no file is created."""
        result = peak()
        assert (result.code, result.out) == (1, "")
        assert result.err.startswith("memory-peak: measurement.db: no such recording")
        assert result.err.count("\n") == 1
        assert list(tmp_path.iterdir()) == []


class TestSystem:
    @pytest.fixture(autouse=True)
    def recorded(self, builder: RecordingBuilder) -> None:
        """Record forty processes and four without figures; memory is lowest at the second tick."""
        processes = [builder.process(100 + n, HOSTILE if n == 39 else f"p{n}") for n in range(44)]
        for available in (300, 100, 200):
            tick = builder.tick()
            builder.meminfo(
                tick,
                MemTotal=999 * MI,
                MemFree=available // 2 * MI,
                MemAvailable=available * MI,
                Buffers=MI,
                Cached=MI,
                SwapCached=0,
                SReclaimable=0,
                Shmem=0,
                Odd=5,
            )
            for n, process in enumerate(processes[:40]):
                builder.layout(process, [file(0x1000, "/a", 2 * n + tick, n + tick)])
            states = (LayoutState.NO_PERMISSION, LayoutState.ZOMBIE, LayoutState.GONE)
            for process, state in zip(
                processes[40:], (*states, LayoutState.KERNEL_THREAD), strict=True
            ):
                builder.reading(process, state=state)
        builder.close()

    def test_the_text(self, peak: Peak) -> None:
        """Memory details, thirty processes by PSS, the others and the sum, which add up."""
        result = peak()
        assert (result.code, result.err) == (0, "")
        lines = result.out.splitlines()
        assert lines[:4] == [
            "system memory:    tick 2 (lowest MemAvailable)",
            "time:             2018-08-17T13:58:04.942",
            "processes:        41",
            "figures:          PSS: resident, each page divided by how many map it",
        ]
        memory, parts, processes, other, total, note = result.out.split("\n\n")[1:]
        told = {line.split(":  ")[0]: ki(line) for line in parts.splitlines()}
        whole = told.pop("all of it (MemTotal)")
        told.pop("of that the kernel", None)
        assert whole == sum(told.values()) == 999 * KI
        assert {line.split(":")[0]: ki(line) for line in memory.splitlines()} == {
            "MemTotal": 999 * KI,
            "MemFree": 50 * KI,
            "MemAvailable": 100 * KI,
            "MemAvailableComputed": 52 * KI,
            "Buffers": KI,
            "Cached": KI,
            "SwapCached": 0,
            "SReclaimable": 0,
            "Shmem": 0,
        }
        shown = processes.splitlines()
        assert len(shown) == 30
        assert shown[0].startswith(r"a\x1b[31m\x0ab\xff [heap] <i>é (139) ")
        assert shown[1].startswith("p38 (138) ")
        sizes = [ki(line) for line in shown]
        assert sizes == sorted(sizes, reverse=True)
        assert other.startswith("other processes:")
        assert sum(sizes) + ki(other) == ki(total) == sum(n + 2 for n in range(40))
        assert note.startswith("The sum lacks 1 process whose PSS could not be read")

    @pytest.mark.parametrize("figure", ["rss", "statm"])
    def test_rss_is_never_summed(self, peak: Peak, figure: str) -> None:
        """The processes have their figures; a sum would count shared pages several times."""
        out = peak("--process-memory", figure).out
        assert "p38 (138) " in out
        assert "\nsum" not in out
        assert "11 more processes.\nNo sum: a page that several processes share" in out
        found = peak.json("--process-memory", figure, "--top", 3)
        assert (found["sum"], found["other"]) == (None, {"processes": 38, "bytes": None})

    def test_another_moment(self, peak: Peak) -> None:
        """--measurement-time and --system-memory choose the tick."""
        out = peak("--measurement-time", "2018-08-17T13:58:05.942").out
        assert out.startswith("system memory:    tick 3\n")
        out = peak("--system-memory", "MemAvailableComputed").out
        assert out.startswith("system memory:    tick 2 (lowest MemAvailableComputed)\n")
        early = peak("--measurement-time", "2018-08-17T13:58:03.941")
        assert (early.code, early.out) == (1, "")

    def test_all_are_shown_with_a_reason_for_the_unreadable(self, peak: Peak) -> None:
        """A process that could not be read has a dash, and the note says why."""
        out = peak("--top", 100).out
        assert f"{'p40 (140)':<63}–\n" in out
        assert "could not be read: no permission." in out

    def test_json(self, peak: Peak) -> None:
        """All of meminfo and all processes, in bytes."""
        found = peak.json()
        assert found["meminfo"]["Odd"] == 5
        assert found["mem_available_computed"] == 52 * MI
        assert len(found["processes"]) == 41
        assert found["sum"]["bytes"] == sum(each["bytes"] or 0 for each in found["processes"])
        assert found["sum"]["lacking"] == 1
        assert found["time_ns"] == START + SECOND
        last = found["processes"][-1]
        assert (last["bytes"], last["layout"]) == (None, None)
        assert last["reading"]["layout_state"] == "no permission"


def own(size: int) -> Entry:
    """Make a mapping of memory that no other process shares, MiB."""
    usage = Usage(rss=size * MI, pss=size * MI, private_clean=0, private_dirty=size * MI)
    return mapping(0x1000, 64 * MI, pathname="[heap]"), usage


def test_vfork_child_of_the_whole_machine(builder: RecordingBuilder, peak: Peak) -> None:
    """What shows its parent's memory is shown, marked, and in no sum, whether it is among the top.

    Another program of the same size, and another's child, have memory of their own.
    """
    java, child, other = (builder.process(pid, "java") for pid in (10, 11, 12))
    small = builder.process(13, "small")
    builder.execute("UPDATE processes SET parent_pid = 10 WHERE id = ?", child)
    builder.meminfo(builder.tick(), MemTotal=999 * MI, MemAvailable=MI)
    for process in (java, child, other):
        builder.layout(process, [own(30)])
    builder.layout(small, [own(1)])
    builder.close()
    out = peak().out
    assert f"{'java (11) (parent' + chr(39) + 's memory)':<48}       30 720 Ki\n" in out
    assert out.count("(parent's memory)") == 1
    assert f"{'sum of PSS:':<48}       62 464 Ki\n" in out
    assert "1 process shares its parent's memory (vfork): not added.\n" in out
    assert "(vfork).\n" in peak("--process-memory", "rss").out
    for top in (0, 1, 2, 4):
        found = peak.json("--top", top)
        shown = [p["bytes"] for p in found["processes"] if not p["shows_parents_memory"]]
        assert found["sum"]["bytes"] == 61 * MI
        assert sum(shown) + found["other"]["bytes"] == 61 * MI
        assert found["other"]["processes"] == 4 - top


def test_layouts_that_are_older_than_the_moment(builder: RecordingBuilder, peak: Peak) -> None:
    """Figures of layouts for which there was no time at the moment shown are said to be older.

    One that did not change has no reading since then: it is current.
    """
    stale, older, unchanged, current, never = (builder.process(pid) for pid in range(10, 15))
    for tick in range(1, 14):
        builder.meminfo(builder.tick(), MemTotal=999 * MI, MemAvailable=(99 - tick) * MI)
        for process in {
            1: (stale, unchanged),
            9: (older,),
            13: (current,),
        }.get(tick, ()):
            builder.layout(process, [own(tick)], delay_ns=SECOND // 2)
        if tick == 1:
            builder.reading(never)
    for process in (stale, older, never):
        builder.reading(process, Reading(resident=50 * MI))
    builder.close()
    out = peak().out
    assert "system memory:    tick 13 " in out
    assert "2 processes are shown with layouts up to 11.5 s old.\n" in out
    assert "No sum: at no moment were all of them read in one pass.\n" in out
    assert "\nsum" not in out
    assert "shown with layouts" in peak("--process-memory", "rss").out
    assert "shown with" not in peak("--process-memory", "statm").out
    found = {each["process"]["pid"]: each for each in peak.json()["processes"]}
    ages = {pid: each["layout_age_ns"] for pid, each in found.items()}
    assert ages == {10: 23 * SECOND // 2, 11: 7 * SECOND // 2, 12: 0, 13: 0, 14: None}
    assert found[10]["layout"]["time_ns"] == START + SECOND // 2
    assert "shown with" not in peak("--measurement-time", "2018-08-17T13:58:04").out


def test_pass_before_the_lowest_memory(builder: RecordingBuilder, peak: Peak) -> None:
    """Sums are of the last pass before; how much lower memory was later, and when, is told."""
    one, two = builder.process(10), builder.process(11)
    for tick in range(1, 5):
        builder.meminfo(builder.tick(), MemTotal=999 * MI, MemAvailable=(99 - tick) * MI)
        builder.layout(one, [own(tick)])
        if tick == 1:
            builder.layout(two, [own(9)])
        if tick in (1, 2):
            builder.take_pass(
                {one: Rollup(tick * MI, tick * MI, 0, 0), two: Rollup(9 * MI, 9 * MI, 0, 0)}
            )
    builder.close()
    out = peak().out
    assert out.startswith("system memory:    tick 2 (last pass before the lowest MemAvailable)\n")
    assert "pass:             all 2 processes read within 1 ms\n" in out
    lowest = "MemAvailable was lowest, 97 280 Ki, 2.0 s after this pass: at 2018-08-17T13:58:06.942"
    assert lowest in out
    found = peak.json()
    assert (found["sum"]["bytes"], found["pass"]["tick"]) == (11 * MI, 2)
    assert found["lowest_at"]["bytes"] == 95 * MI
    later = peak.json("--measurement-time", "2018-08-17T13:58:06")
    assert (later["tick"], later["sum"]["bytes"]) == (2, 11 * MI)
    early = peak.json("--measurement-time", "2018-08-17T13:58:04.941")
    assert (early["tick"], early["sum"]["bytes"]) == (1, 10 * MI)


def test_several_processes_without_meminfo(builder: RecordingBuilder, peak: Peak) -> None:
    """Loaded captures have no system view; the error lists what can be chosen."""
    for pid in (1, 2):
        builder.process(pid)
    builder.close()
    result = peak()
    assert (result.code, result.out) == (1, "")
    assert "choose a process" in result.err
    assert "PID 2" in result.err


def test_any_encoding_of_the_terminal(
    builder: RecordingBuilder, peak: Peak, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name or a dash that the terminal cannot show is no error."""
    record_one(builder, HOSTILE)
    buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer, "ascii"))
    assert peak().code == 0
    sys.stdout.flush()
    assert rb"process name:     a\x1b[31m\x0ab\xff [heap] <i>\xe9" in buffer.getvalue()


def test_a_closed_pipe_ends_quietly(builder: RecordingBuilder, tmp_path: Path) -> None:
    """`memory-peak | head -1` says nothing on stderr."""
    process = builder.process(1)
    builder.tick()
    builder.layout(process, [file(n << 20, f"/{n}" + "x" * 200, 4, 4) for n in range(1, 2000)])
    builder.close()
    read_end, write_end = os.pipe()
    os.close(read_end)
    code = "import sys; from memory_watcher.cli import main_peak; sys.exit(main_peak())"
    with os.fdopen(write_end, "wb") as closed:
        result = subprocess.run(
            [sys.executable, "-c", code, "--top", "2000"],
            cwd=tmp_path,
            stdout=closed,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert result.stderr == b""


OLD = Usage(rss=8 * MI, shared_clean=5 * MI, shared_dirty=0, private_clean=0, private_dirty=3 * MI)


@pytest.mark.parametrize(
    ("told", "asked", "shown", "note"),
    [
        (OLD, "pss", "rss", "the kernel reports no PSS; RSS is shown"),
        (OLD, "rss", "rss", None),
        (OLD, "statm", "statm", None),
        (Usage(pss=5 * MI), "pss", "pss", None),
        (Usage(pss=5 * MI), "rss", "pss", "the kernel reports no RSS; PSS is shown"),
        (Usage(pss=5 * MI), "statm", "pss", "the kernel reports no RSS (statm); PSS is shown"),
    ],
    ids=["2.6.18", "2.6.18 rss", "2.6.18 statm", "WSL 1", "WSL 1 rss", "WSL 1 statm"],
)
@pytest.mark.parametrize("moment", [[], ["--measurement-time", "2100-01-01T00:00"]])
def test_figure_that_the_kernel_lacks(
    builder: RecordingBuilder,
    peak: Peak,
    told: Usage,
    asked: str,
    shown: str,
    note: str | None,
    moment: list[str],
) -> None:
    """The best figure there is stands for one that is not reported; text and JSON say which."""
    process = builder.process(7, "old")
    builder.tick()
    builder.layout(process, [(mapping(0x10_0000, 64 * MI, pathname="[heap]"), told)])
    builder.close()
    text = peak("--process-memory", asked, *moment)
    assert (text.code, text.err) == (0, "")
    assert (f"note:             {note}\n" in text.out) == (note is not None)
    figure = "rss" if shown == "statm" else shown
    size = getattr(told, figure)
    assert f"{size // KI:,} Ki".replace(",", " ") in text.out
    answer = peak.json("--process-memory", asked, *moment)
    assert (answer["process_memory"], answer["figure"]) == (shown, figure)
    assert answer["figure_note"] == note
    assert answer["sum"]["bytes"] == size


def test_nothing_that_is_shown_was_reported(builder: RecordingBuilder, peak: Peak) -> None:
    """Without any figure that can stand for it: one line that names what there is."""
    process = builder.process(7, "odd")
    builder.tick()
    builder.layout(process, [(mapping(0x10_0000, MI), Usage(swap=MI))])
    builder.close()
    result = peak()
    assert (result.code, result.out) == (1, "")
    assert result.err == (
        "memory-peak: process 1 (PID 7, 'odd'): no layout reports pss; reported figures: swap\n"
    )
