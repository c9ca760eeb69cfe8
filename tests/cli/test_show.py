"""memory-watcher show: one reading of a running process, without a recording."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from memory_watcher.model import sum_totals
from tests.captures import capture, parse
from tests.fakeproc import PF_KTHREAD, FakeProc, FakeProcess
from tests.programs import run

KI = 1024


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that sleeps, once it does."""
    with subprocess.Popen(["sh", "-c", "echo; exec sleep 300"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        while Path(f"/proc/{process.pid}/comm").read_text() != "sleep\n":
            pass
        while Path(f"/proc/{process.pid}/stat").read_text().split()[2] != "S":
            pass
        yield process
        process.kill()


@pytest.mark.parametrize("by", ["name", "kind", "mapping"])
def test_living_process(sleeper: subprocess.Popen[bytes], by: str, tmp_path: Path) -> None:
    """All figures of all mappings add up to its smaps; nothing is left behind."""
    done = run("memory-watcher", "show", str(sleeper.pid), "--by", by, "--json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    shown = json.loads(done.stdout)
    totals = sum_totals(parse(Path(f"/proc/{sleeper.pid}/smaps").read_bytes()))
    assert shown["sum"]["mappings"] == totals.mappings
    assert shown["sum"]["figures"]["rss"] == totals.rss
    assert shown["is_peak"] is False
    groups = [*shown["groups"], shown["other"]]
    assert sum(group["mappings"] for group in groups) == totals.mappings
    assert os.listdir(tmp_path) == []


@pytest.fixture
def proc(tmp_path: Path) -> FakeProc:
    made = FakeProc(tmp_path / "proc")
    made.put(FakeProcess(7, "program"))
    return made


def test_table(proc: FakeProc) -> None:
    """A line for each group with its figures, the kind, and a sum; no figure that is not there."""
    done = run("memory-watcher", "show", "--proc", proc.root, "7")
    assert (done.returncode, done.stderr) == (0, "")
    first, blank, *lines = done.stdout.splitlines()
    assert re.fullmatch(r"program \(7\), \S+: 3 mappings, layout exact; sizes in KiB", first)
    assert blank == ""
    assert lines[0].split() == ["RSS", "PSS", "USS", "swap", "size", "kind", "name"]
    assert [line.split() for line in lines[1:]] == [
        ["12", "12", "12", "0", "132", "thread", "stack", "thread", "stacks"],
        ["20", "20", "20", "0", "132", "heap", "heap"],
        ["4", "4", "4", "0", "8", "file", "/usr/bin/program"],
        ["36", "36", "36", "0", "272", "sum"],
    ]


def test_figures_that_are_not_0_have_a_column(proc: FakeProc) -> None:
    """Huge pages, what is lazily freed, locked or in swap stands there where there is some."""
    proc.write("7/smaps", capture("4.4"))
    done = run("memory-watcher", "show", "--proc", proc.root, "7", "--by", "mapping")
    head = done.stdout.splitlines()[2]
    for title in ("swap PSS", "hugetlb"):
        assert title in head
    assert "THP" not in head


def test_kernel_without_pss(proc: FakeProc) -> None:
    """The best figure there is stands for PSS, and that is said."""
    text = re.sub(rb"Pss: .*\n", b"", proc.root.joinpath("7/smaps").read_bytes())
    proc.write("7/smaps", text.replace(b"SwapPss", b"Swap_"))
    done = run("memory-watcher", "show", "--proc", proc.root, "7")
    assert done.returncode == 0, done.stderr
    assert "the kernel reports no PSS; RSS is shown.\n" in done.stdout
    assert "PSS " not in done.stdout.splitlines()[3]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["99"], 1, ".*no such process.*"),
        (["8"], 1, ".*kernel thread.*"),
        (["9"], 1, "process 9: this kernel, or this copy of /proc, has no smaps"),
        (["abc"], 2, "--pid: 'abc' is not a PID"),
        ([], 2, ".*PID.*"),
        (["7", "--by", "user"], 2, ".*--by.*"),
        (["7", "--top", "-1"], 2, ".*--top.*"),
    ],
)
def test_bad_input(proc: FakeProc, arguments: list[str], code: int, message: str) -> None:
    """One line that says what is wrong."""
    proc.put(FakeProcess(8, "kworker", areas=(), flags=PF_KTHREAD))
    proc.put(FakeProcess(9, "partial"))
    proc.root.joinpath("9/smaps").unlink()
    done = run("memory-watcher", "show", "--proc", proc.root, *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert re.fullmatch(f"memory-watcher show: {message}\n", done.stderr), done.stderr


def test_variable_procfs(proc: FakeProc) -> None:
    """PROCFS names the proc filesystem, as for every command that reads processes."""
    done = run("memory-watcher", "show", "7", "--json", PROCFS=str(proc.root))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["process"]["pid"] == 7
