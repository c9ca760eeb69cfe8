"""A recorder in a process of its own, as it really runs, driven tick by tick.

    python -m benchmarks.driven FILE PERIOD_NS POLICY [PID…]

Each line of standard input is answered by one: `tick` by the CPU time it took in nanoseconds,
`commit` as well, `torn` by how many torn layouts there were.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator

from memory_watcher.procfs.source import ProcSource
from memory_watcher.record.clock import Deadline
from memory_watcher.record.policy import Policy
from memory_watcher.record.recorder import Recorder
from memory_watcher.record.targets import NamedTargets, WholeMachine
from memory_watcher.store.writer import Writer

#: Every layout at every tick, whatever it costs.
UNLIMITED = Policy()


@contextlib.contextmanager
def recorder(
    path: str, pids: list[int], period_ns: int, policy: Policy = UNLIMITED
) -> Iterator[tuple[Recorder, Writer]]:
    """A recorder in this process. Without `pids` it records the whole machine."""
    source = ProcSource()
    writer = Writer(path)
    targets = NamedTargets(source, pids) if pids else WholeMachine(source)
    driven = Recorder(source, targets, writer, policy)
    writer.start_run(source.machine(), period_ns, ["benchmark"])
    try:
        yield driven, writer
    finally:
        driven.close()
        writer.close("end of benchmark")


class RecorderApart:
    """One in a process of its own: where it records itself too, it must be alone there."""

    def __init__(self, path: str, pids: list[int], period_ns: int, policy: Policy) -> None:
        arguments = [path, str(period_ns), policy.as_json(), *map(str, pids)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> RecorderApart:
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def do(self, what: str) -> int:
        """Let it `tick` or `commit`, and tell what that cost; or ask for `torn`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def main() -> None:
    """Do what standard input says."""
    path, period, policy, *pids = sys.argv[1:]
    known = Policy(**json.loads(policy))
    with recorder(path, [int(pid) for pid in pids], int(period), known) as (driven, _):
        while line := os.read(0, 16):
            start = time.process_time_ns()
            if line == b"torn\n":
                os.write(1, b"%d\n" % driven.progress.torn)
                continue
            if line == b"tick\n":
                driven.tick(Deadline(0, 0))
            else:
                driven.commit()
            os.write(1, b"%d\n" % (time.process_time_ns() - start))


if __name__ == "__main__":
    main()
