"""Kinds told from a recording alone: what memory-record stored suffices to find each mapping's."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import memory_watcher
from memory_watcher.analysis.bss import bss_parts
from memory_watcher.analysis.kinds import Kind, attribute, hints_from
from memory_watcher.model import Layout, MappingUsage

from ..programs import recorder, rows, run, wait_until
from .test_kinds_live import Report, covers, expected_bss, start_chromium, start_program

pytestmark = pytest.mark.live
log = logging.getLogger(__name__)

HEAP = 64 << 20

__all__ = ["start_chromium", "start_program"]  # fixtures


@pytest.fixture(name="file")
def recording_file(tmp_path: Path) -> Path:
    return tmp_path / "kinds.db"


@pytest.fixture(name="recorded")
def record_program(report: Report, file: Path) -> Iterator[Report]:
    """The program with threads and arenas, recorded while one thread first spins, then waits."""
    with recorder(file, "-p", report.process.pid, "--period", "50ms") as recording:
        recording.wait_for_ticks(3)
        assert report.process.stdin
        report.process.stdin.write("\n")
        report.process.stdin.flush()
        wait_until(
            lambda: {tid for tid, _ in told_pointers(file)} == report.stacks.keys(),
            "all stack pointers",
        )
        recording.wait_for_headers()
        code, said = recording.stop()
    assert code == 0, said
    yield report


def told_pointers(file: Path) -> list[tuple[int, int]]:
    """The threads of each image whose stack pointer is in the recording so far, and that."""
    return rows(file, "SELECT tid, stack_pointer FROM stack_pointers WHERE stack_pointer != 0")


def lines_of(file: Path, by: str) -> list[dict[str, object]]:
    shown = run("memory-peak", file, "--json", "--by", by)
    assert shown.returncode == 0, shown.stderr
    groups: list[dict[str, object]] = json.loads(shown.stdout)["groups"]
    return groups


def bounds(line: dict[str, object]) -> tuple[int, int]:
    """Start and end of the mapping that a line of --by mapping is about."""
    start, end = str(line["name"]).split()[0].split("-")
    return int(start, 16), int(end, 16)


def test_all_stacks(recorded: Report, file: Path) -> None:
    """9 of 9 threads' pointers are in the recording, each in a mapping that is called a stack."""
    pid = recorded.process.pid
    with memory_watcher.open(file) as reader:
        process = reader.process(pid=pid)
        evidence = reader.kind_evidence(process.id, reader.peak(process.id).tick)
    assert evidence.stack_pointers.keys() == recorded.stacks.keys()
    assert len(evidence.stack_pointers) == 9
    for tid, (start, end) in recorded.stacks.items():
        assert start <= evidence.stack_pointers[tid] < end

    (summary,) = [line for line in lines_of(file, "kind") if line["kind"] == "thread stack"]
    stacks = [bounds(line) for line in lines_of(file, "mapping") if line["kind"] == "thread stack"]
    assert summary["mappings"] == len(stacks)
    for pointer in evidence.stack_pointers.values():
        assert any(start <= pointer < end for start, end in stacks)
    log.info("9 of 9 threads in %d mappings, %s bytes", len(stacks), summary["bytes"])


def test_all_arenas(recorded: Report, file: Path) -> None:
    """Each heap of each arena, with its reserve, and nothing else, is called so."""
    (summary,) = [line for line in lines_of(file, "kind") if line["kind"] == "malloc arena"]
    arenas = [bounds(line) for line in lines_of(file, "mapping") if line["kind"] == "malloc arena"]
    assert {start - start % HEAP for start, _ in arenas} == recorded.arenas
    assert summary["address_space"] == HEAP * len(recorded.arenas)
    assert summary["mappings"] == len(arenas)
    log.info("%d of %d heaps of arenas", len(recorded.arenas), len(recorded.arenas))


def test_each_sort(recorded: Report, file: Path) -> None:
    """Shared memory of each make, files there and gone, /dev/zero, guard: as the program meant."""
    lines = [(*bounds(line), line["kind"]) for line in lines_of(file, "mapping")]
    for start, end, kind in recorded.mappings:
        told = [each for low, high, each in lines if low < end and start < high]
        assert told == [kind]


# Build IDs


def test_build_ids(recorded: Report, file: Path) -> None:
    """Each program and library has the build ID that readelf finds in its file."""
    lines = [line for line in lines_of(file, "name") if line["kind"] == "library"]
    assert len(lines) >= 2
    for line in lines:
        path = f"/proc/{recorded.process.pid}/root{line['name']}"
        notes = subprocess.run(
            ["readelf", "-nW", path], check=True, capture_output=True, text=True
        ).stdout
        (build_id,) = re.findall(r"Build ID: ([0-9a-f]+)", notes)
        assert line["build_id"] == build_id
    others = [line for line in lines_of(file, "name") if line["kind"] != "library"]
    assert {line["build_id"] for line in others} == {None}


# .bss


def layout_of(file: Path, pid: int) -> tuple[Layout, list[MappingUsage], int, int]:
    """The last layout, the mappings that are .bss by the recording's own evidence, and bytes.

    Of address space: of all .bss, and of what is booked as such.
    """
    with memory_watcher.open(file) as reader:
        process = reader.process(pid=pid)
        last = [each for each in reader.measurements(process.id) if each.has_layout][-1]
        layout = reader.layout(last.id)
        facts = hints_from(layout.entries, reader.kind_evidence(process.id, last.tick))
    booked = [
        entry
        for entry, (kind, _) in attribute(layout.entries, facts)
        if kind.family is Kind.LIBRARY and not entry.mapping.inode
    ]
    parts = bss_parts(layout.entries, facts.bss)
    return (
        layout,
        booked,
        sum(part.size for part in parts),
        sum(entry.mapping.size for entry in booked),
    )


def check_bss(file: Path, pid: int, root: str) -> tuple[int, int]:
    """Compare with what readelf says of the files; bytes of .bss, and those booked as such."""
    layout, booked, covered, booked_size = layout_of(file, pid)
    expected = expected_bss(list(layout.entries), root)
    assert covered == sum(each.end - each.start for each in expected), "all of it, nothing else"
    for entry in booked:
        assert any(
            each.start <= entry.mapping.start and entry.mapping.end <= each.end for each in expected
        ), "no false byte"
    return covered, booked_size


def test_bss_of_a_python_process(file: Path) -> None:
    """From the recording alone: equal to what the headers say for every library."""
    script = "import ssl, sqlite3, decimal, ctypes; print('ready', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        with recorder(file, "-p", process.pid) as recording:
            recording.wait_for_headers()
            recording.stop()
        covered, booked = check_bss(file, process.pid, "/")
        process.kill()
    log.info(".bss of Python: %d bytes, %d of them in mappings of their own", covered, booked)
    assert 0 < booked <= covered


def test_bss_of_chromium(chromium: list[int], file: Path) -> None:
    """The same for a browser's process, with dozens of libraries."""
    pid = chromium[0]
    with recorder(file, "-p", pid) as recording:
        recording.wait_for_headers()
        recording.stop()
    covered, booked = check_bss(file, pid, "/")
    log.info(".bss of Chromium: %d bytes, %d of them in mappings of their own", covered, booked)
    assert covered - booked < covered / 4


def test_evidence_of_an_earlier_image(file: Path) -> None:
    """Stack pointers of one image say nothing about the one that execve put in its place."""
    again = "import os, sys; input(); os.execv(sys.executable, [sys.executable, '-c', 'input()'])"
    with subprocess.Popen([sys.executable, "-c", again], stdin=subprocess.PIPE) as process:
        assert process.stdin
        with recorder(file, "-p", process.pid, "--period", "50ms") as recording:
            recording.wait_for_ticks(1)
            wait_until(lambda: len(told_pointers(file)) == 1, "the stack of the first image")
            process.stdin.write(b"\n")
            process.stdin.flush()
            wait_until(lambda: len(told_pointers(file)) == 2, "the stack of the second image")
            recording.stop()
        process.kill()
    with memory_watcher.open(file) as reader:
        number = reader.process().id
        measurements = list(reader.measurements(number))
        for measurement in (measurements[0], measurements[-1]):
            pointers = reader.kind_evidence(number, measurement.tick).stack_pointers
            (stack,) = [
                entry
                for entry in reader.layout(measurement.id)
                if entry.mapping.pathname == "[stack]"
            ]
            (pointer,) = pointers.values()
            assert covers(stack, pointer, pointer + 1)
