"""How long a recorded process waits to map and unmap memory: `make bench-stall`.

A program of 1,000 MiB in pages of 4 KiB maps and unmaps all the time. With --max-stall 5ms no
layout of it is read: its longest wait is compared with what it waits unrecorded, and the recorder
says what it predicted. With that its longest wait is compared when it is recorded by default. Best
on a quiet machine: who lacks a CPU waits as well. On a busy one --real-time (as root) lets both run
before all others, the program before the recorder.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from typing import NamedTuple

_HERE = os.path.dirname(os.path.abspath(__file__))
_SOURCE = os.path.join(os.path.dirname(_HERE), "src")
_MIB, _SECONDS = 1000, 8
#: The least of so many counts: in others the machine may have stood still for reasons of its own.
_RUNS = 3

#: Of what is predicted; and milliseconds above what it is unrecorded, with --max-stall 5ms.
MOST_OF_PREDICTED, MOST_ABOVE_MS = 1.2, 7.0


def urgent(pid: int, priority: int) -> None:
    """Let a process run before all others that are not real-time, or are below this priority."""
    os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(priority))


class Waited(NamedTuple):
    """Milliseconds: the longest wait, and what was predicted, if the recorder said so."""

    longest: float
    predicted: float | None


def least(program: str, folder: str, options: list[str] | None, *, real_time: bool) -> Waited:
    """The least of the longest waits of some runs, and of what was predicted in them."""
    runs = [longest_wait(program, folder, options, real_time=real_time) for _ in range(_RUNS)]
    waits = ", ".join(f"{run.longest:.1f} ms" for run in runs)
    told = [run.predicted for run in runs if run.predicted is not None]
    print(f"  {options or 'unrecorded'}: {waits}", *(f"(predicted {each:.1f} ms)" for each in told))
    return Waited(min(run.longest for run in runs), min(told, default=None))


def longest_wait(
    program: str, folder: str, options: list[str] | None, *, real_time: bool
) -> Waited:
    """What it waits recorded with these options; None: not recorded."""
    target = subprocess.Popen(
        [program, str(_MIB), str(_SECONDS)], stdout=subprocess.PIPE, text=True
    )
    assert target.stdout is not None
    assert target.stdout.readline() == "ready\n"
    if real_time:
        urgent(target.pid, 20)
    recorder, said = None, ""
    if options is not None:
        path = os.path.join(folder, "stall.db")
        command = [sys.executable, "-m", "memory_watcher", "record", "-o", path]
        recorder = subprocess.Popen(
            [*command, "-p", str(target.pid), *options],
            env={**os.environ, "PYTHONPATH": _SOURCE},
            stderr=subprocess.PIPE,
            text=True,
        )
        if real_time:
            urgent(recorder.pid, 10)
    waited = float(target.stdout.readline().split()[0]) / 1000
    target.wait()
    if recorder is not None:
        said = recorder.communicate()[1]
        os.remove(path)
    told = re.search(r"holds it up for ([\d.]+) ms", said)
    return Waited(waited, float(told[1]) if told else None)


def main() -> int:
    """Measure; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real-time", action="store_true", help="as root, on a busy machine")
    real_time = parser.parse_args().real_time
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "stall_target")
        source = os.path.join(_HERE, "stall_target.c")
        subprocess.run(["cc", "-O2", "-o", program, source], check=True)
        alone = least(program, folder, None, real_time=real_time).longest
        often = ["--period", "200ms"]
        recorded = least(program, folder, often, real_time=real_time).longest
        often += ["--max-stall", "5ms"]
        spared, predicted = least(program, folder, often, real_time=real_time)
    if predicted is None:
        print("the recorder did not say what it predicted: --max-stall 5ms did not hold")
        return 1
    print(f"predicted                    {predicted:6.1f} ms")
    print(f"unrecorded                   {alone:6.1f} ms")
    print(f"recorded                     {recorded:6.1f} ms: {recorded / predicted:.2f} of it")
    print(f"recorded, --max-stall 5ms    {spared:6.1f} ms: {spared - alone:+.1f} ms")
    holds = recorded <= MOST_OF_PREDICTED * predicted and spared - alone <= MOST_ABOVE_MS
    return int(not holds)


if __name__ == "__main__":
    sys.exit(main())
