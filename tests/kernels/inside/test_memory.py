"""Swap, huge pages, kinds and peaks on this kernel, against figures that the test knows."""

from __future__ import annotations

import json
import logging
import mmap
import subprocess
import sys
from pathlib import Path

from memory_watcher.model import LayoutState

from ...live.targets import Target, Ticks, recorded
from ...programs import one, recorder, rows, run, wait_until
from .machine import MIB, cgroup, huge_pages, swap

log = logging.getLogger(__name__)
PYTHON = (sys.executable, "-I", "-S", "-c")
PAGE = mmap.PAGESIZE
#: Layouts after which the recorder knows that the totals of a kernel are approximate.
_UNTIL_KNOWN = 6


def rollup_of(pid: int) -> dict[str, int]:
    """The figures of smaps_rollup, bytes."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {line.split()[0].rstrip(":"): int(line.split()[1]) * 1024 for line in lines}


def test_swap(tmp_path: Path) -> None:
    """Swap and SwapPss of a layout are those of smaps_rollup, VmSwap that of status."""
    file = tmp_path / "swap.db"
    with swap(128 * MIB, tmp_path), cgroup() as (_, folder), Target() as target:
        (folder / "cgroup.procs").write_text(str(target.pid))
        target.touch(target.reserve(32 * MIB // PAGE), 32 * MIB // PAGE)
        (folder / "memory.high").write_text(str(8 * MIB))
        target.touch(target.reserve(4 * MIB // PAGE), 4 * MIB // PAGE)
        with Ticks(file, [target.pid]) as recording:
            for _ in range(5):
                before = rollup_of(target.pid)
                recording.tick()
                if before == rollup_of(target.pid):
                    break  # the kernel had nothing left to push out
        status = Path(f"/proc/{target.pid}/status").read_text()
    measurement, layout = recorded(file, target.pid)[-1]
    assert layout is not None
    assert measurement.totals
    vm_swap = next(int(line.split()[1]) for line in status.splitlines() if "VmSwap" in line)
    assert measurement.totals.swap == before["Swap"] >= MIB
    assert measurement.totals.swap_pss == before["SwapPss"]
    assert measurement.reading.swap == vm_swap * 1024


def test_hugetlb(tmp_path: Path) -> None:
    """Two pages of hugetlb are in neither RSS nor PSS, in USS, and of a kind of their own."""
    file = tmp_path / "huge.db"
    script = (
        "import mmap, sys; size = int(sys.argv[1])\n"
        "m = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000)\n"
        "m[0] = m[size // 2] = 1; print('held', flush=True); sys.stdin.read()"
    )
    with (
        huge_pages(4) as size,
        subprocess.Popen(
            [*PYTHON, script, str(2 * size)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process,
    ):
        assert process.stdout
        assert process.stdin
        assert process.stdout.readline() == b"held\n"
        with Ticks(file, [process.pid]) as recording:
            for _ in range(_UNTIL_KNOWN):
                recording.tick()
        process.stdin.close()
    *_, (measurement, layout) = recorded(file, process.pid)
    assert layout is not None
    assert measurement.state in (LayoutState.EXACT, LayoutState.UNCHECKED)
    (entry,) = [each for each in layout if each.usage.private_hugetlb]
    assert entry.usage.private_hugetlb == 2 * size
    assert (entry.usage.rss, entry.usage.pss) == (0, 0)
    assert measurement.reading.hugetlb == 2 * size
    assert measurement.totals
    assert (measurement.totals.uss or 0) >= 2 * size


def test_a_peak_between_ticks(tmp_path: Path) -> None:
    """64 MiB held for half a second at a period of 5 s: a layout of it, or the gap is told.

    Where the kernel's counters are approximate, by no more than they may be off.
    """
    file = tmp_path / "peak.db"
    with Target() as target, recorder(file, "-p", target.pid, "--period", "5s") as recording:
        recording.wait_for_ticks(1)
        top, _, _ = target.ask("spike", 64 * MIB // PAGE, 500)
        recording.wait_for_ticks(2)
        code, said = recording.stop()
    assert code == 0, said
    highest, mark = one(file, "SELECT max(rss), max(high_water_mark) FROM readings")
    log.info("peak: highest layout %.3f of the top, VmHWM %.3f", highest / top, mark / top)
    assert abs(mark - top) <= 4 * MIB
    assert highest >= 0.9 * top or "higher" in said


def test_launched_command(tmp_path: Path) -> None:
    """A command of five threads from its start to its end: each layout adds up, or says why not."""
    file = tmp_path / "launched.db"
    script = (
        "import threading, time\n"
        "def grow():\n"
        "    held = []\n"
        "    for _ in range(20): held.append(bytes(range(256)) * 400); time.sleep(.1)\n"
        "threads = [threading.Thread(target=grow) for _ in range(5)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
    )
    options = ("record", "--max-cpu", "0", "--period", "200ms", "-o", file)
    done = run("memory-watcher", *options, "--", *PYTHON, script)
    assert done.returncode == 0, done.stderr
    states = dict(
        rows(file, "SELECT layout_state, count(*) FROM readings WHERE rss IS NOT NULL GROUP BY 1")
    )
    log.info(
        "launch: %s", {LayoutState(state).name.lower(): count for state, count in states.items()}
    )
    taken = sum(states.values())
    assert taken >= 3
    assert one(file, "SELECT exit_code FROM exits") == (0,)
    # A thread's stack pointers tell the stacks on every kernel.
    kinds = run("memory-peak", file, "--process-memory", "rss", "--json")
    assert kinds.returncode == 0, kinds.stderr
    assert json.loads(kinds.stdout)["groups"]


def test_whole_machine(tmp_path: Path) -> None:
    """With nothing named each process of the machine gets its layout; not all at the first tick."""
    file = tmp_path / "machine.db"
    taken = (
        "SELECT DISTINCT p.pid FROM readings AS r JOIN processes AS p ON p.id = r.process_id"
        " WHERE r.rss IS NOT NULL"
    )
    with Target() as target, Ticks(file) as recording:

        def all_there() -> bool:
            recording.tick()
            return {1, target.pid} <= {pid for (pid,) in rows(file, taken)}

        wait_until(all_there, "a layout of both")
