"""How long a recorded process waits to map and unmap memory: `make bench-stall`.

A program of 1,000 MiB in pages of 4 KiB maps and unmaps all the time. Recorded by default its
longest wait is compared with what is predicted before the first layout; with --max-stall 5ms with
what it waits unrecorded. Best on a quiet machine: who lacks a CPU waits as well.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from memory_watcher.record.throttle.stall import StallForecast

_HERE = os.path.dirname(os.path.abspath(__file__))
_SOURCE = os.path.join(os.path.dirname(_HERE), "src")
_MIB, _SECONDS = 1000, 12

#: Of what is predicted; and milliseconds above what it is unrecorded, with --max-stall 5ms.
MOST_OF_PREDICTED, MOST_ABOVE_MS = 1.2, 7.0


def longest_wait(program: str, folder: str, options: list[str] | None) -> float:
    """Milliseconds; recorded with these options, None: not recorded."""
    target = subprocess.Popen(
        [program, str(_MIB), str(_SECONDS)], stdout=subprocess.PIPE, text=True
    )
    assert target.stdout is not None
    assert target.stdout.readline() == "ready\n"
    recorder = None
    if options is not None:
        path = os.path.join(folder, "stall.db")
        command = [sys.executable, "-m", "memory_watcher", "record", "-q", "-o", path]
        recorder = subprocess.Popen(
            [*command, "-p", str(target.pid), *options],
            env={**os.environ, "PYTHONPATH": _SOURCE},
        )
    waited = float(target.stdout.readline().split()[0]) / 1000
    target.wait()
    if recorder is not None:
        recorder.wait()
        os.remove(path)
    return waited


def main() -> int:
    """Measure; 1 if a bar is missed."""
    pages = (_MIB << 20) // os.sysconf("SC_PAGESIZE")
    predicted = StallForecast().expected_ns(pages, 25) / 1e6
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "stall_target")
        source = os.path.join(_HERE, "stall_target.c")
        subprocess.run(["cc", "-O2", "-o", program, source], check=True)
        alone = longest_wait(program, folder, None)
        recorded = longest_wait(program, folder, ["--period", "200ms"])
        spared = longest_wait(program, folder, ["--period", "200ms", "--max-stall", "5ms"])
    print(f"predicted                    {predicted:6.1f} ms")
    print(f"unrecorded                   {alone:6.1f} ms")
    print(f"recorded                     {recorded:6.1f} ms: {recorded / predicted:.2f} of it")
    print(f"recorded, --max-stall 5ms    {spared:6.1f} ms: {spared - alone:+.1f} ms")
    holds = recorded <= MOST_OF_PREDICTED * predicted and spared - alone <= MOST_ABOVE_MS
    return int(not holds)


if __name__ == "__main__":
    sys.exit(main())
