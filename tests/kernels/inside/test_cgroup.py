"""A cgroup of version 2 as the recorder sees it: its figures, its limits, what happened in it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from ...live.targets import PAGE, Target
from ...programs import PATIENCE, one, recorder, rows, run, wait_until
from .machine import MIB, cgroup, inside, swap

#: The kernel charges a cgroup for so many pages at once (MEMCG_CHARGE_BATCH).
_PAID_AHEAD = 64
GROW = (
    *(sys.executable, "-I", "-S", "-c"),
    "b = [bytearray(1 << 20) for _ in iter(int, 1)]",
)


def figures(file: Path) -> dict[str, int]:
    """The highest of each figure of the only cgroup in a recording."""
    return dict(
        rows(
            file,
            "SELECT f.name, max(r.value) FROM cgroup_readings AS r"
            " JOIN cgroup_fields AS f ON f.id = r.field_id GROUP BY 1",
        )
    )


def test_the_story_of_a_cgroup(tmp_path: Path) -> None:
    """A process holds 40 MiB, is pushed into swap at memory.high; another is killed at memory.max.

    All of it is in one recording with --cgroup: limits, figures as the files said them, swap both
    of the cgroup and in the process's layouts, and the kill as an event of the cgroup.
    """
    file = tmp_path / "story.db"
    options = ("--period", "500ms")
    with swap(256 * MIB, tmp_path), cgroup(max=96 * MIB) as (name, folder), Target() as target:
        (folder / "cgroup.procs").write_text(str(target.pid))
        pages = 40 * MIB // PAGE
        target.touch(target.reserve(pages), pages)
        with recorder(file, "--cgroup", name, *options) as recording:
            recording.wait_for_ticks(2)
            held = figures(file)
            (folder / "memory.high").write_text(str(16 * MIB))

            def is_throttled() -> bool:
                # Some pages are paid for in advance: it takes more than those to exceed the limit.
                target.touch(target.reserve(_PAID_AHEAD), _PAID_AHEAD)
                return "\nhigh 0\n" not in (folder / "memory.events").read_text()

            wait_until(is_throttled, "the cgroup to exceed memory.high")
            # A tick at a peak reads no cgroup: the figures themselves are waited for.
            wait_until(lambda: figures(file).get("events.high"), "memory.high to be recorded")
            wait_until(lambda: figures(file)["swap_current"] >= 8 * MIB, "swap to be recorded")
            pushed = figures(file)
            (folder / "memory.high").write_text("max")
            (folder / "memory.swap.max").write_text("0")
            # The larger one is killed.
            killed = subprocess.run(inside(folder, *GROW), timeout=PATIENCE, check=False)
            told = (folder / "memory.events").read_text()
            wait_until(lambda: figures(file)["events.oom_kill"], "the kill to be recorded")
            code, said = recording.stop()
        has_peak = (folder / "memory.peak").exists()
    assert code == 0, said
    assert held["max"] == 96 * MIB
    # memory.stat is gathered from all CPUs now and then: what each has not told may lack.
    untold = _PAID_AHEAD * PAGE * (os.cpu_count() or 1)
    assert held["current"] >= held["stat.anon"] >= 40 * MIB - untold
    assert ("peak" in held) == has_peak, "since Linux 5.19"
    assert pushed["high"] == 16 * MIB
    assert pushed["events.high"] > 0
    assert pushed["swap_current"] >= 8 * MIB
    (swapped,) = one(
        file,
        "SELECT max(r.layout_swap) FROM readings AS r JOIN processes AS p ON p.id = r.process_id"
        f" WHERE p.pid = {target.pid}",
    )
    assert swapped >= 8 * MIB
    assert killed.returncode == -signal.SIGKILL
    assert "\noom_kill 1\n" in told
    assert figures(file)["events.oom_kill"] == 1, said


def test_a_launched_command_is_killed(tmp_path: Path) -> None:
    """`record -- COMMAND` in a cgroup of its own that runs out of memory: its signal is recorded.

    So is the cgroup's event, although nobody reads it before the next tick.
    """
    file = tmp_path / "launched.db"
    with cgroup(max=64 * MIB) as (_, folder):
        done = run("memory-watcher", "record", "-o", file, "--", *inside(folder, *GROW))
        assert done.returncode == 128 + signal.SIGKILL, done.stderr
        wait_until(lambda: "oom_kill 1" in (folder / "memory.events").read_text(), "the kill")
    assert one(file, "SELECT exit_code, signal FROM exits") == (None, signal.SIGKILL)


def test_a_kill_that_ends_the_recording(tmp_path: Path) -> None:
    """The last process is killed at the limit of a cgroup above: the kill is in the recording.

    So is whose limit it was. The figures of the last tick stand, but for those that never fall.
    """
    file = tmp_path / "last.db"
    with cgroup(max=96 * MIB) as (name, folder):
        (folder / "cgroup.subtree_control").write_text("+memory")
        below = folder / "below"
        below.mkdir()
        words = inside(below, "sh", "-c", 'read line; exec "$@"', "sh", *GROW)
        with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
            wait_until((below / "cgroup.procs").read_text, "the process in its cgroup")
            with recorder(file, "--cgroup", f"{name}/below", "--period", "1s") as recording:
                recording.wait_for_ticks(2)
                process.communicate(b"\n", timeout=PATIENCE)
                code, said = recording.end()
        below.rmdir()
    assert process.returncode == -signal.SIGKILL
    assert code == 0, said
    found = figures(file)
    assert found["events.oom_kill"] == 1
    assert (found["above.max"], found["above.max_levels"]) == (96 * MIB, 1)
    told = run("memory-peak", file).stdout
    assert f"of /{name}, above it" in told
    assert "lost a process" in told
    assert "its limit" not in told
