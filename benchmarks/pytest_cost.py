"""What `pytest --memory-watcher` costs on a suite of 500 tests of 10 ms: `make bench-pytest`.

Runs of the suite without and with the plugin take turns. The tests do a fixed amount of work, so
whatever the plugin or its recorder takes from them shows in the wall time.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

_SOURCE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "src")
#: At most this share of the wall time.
BAR = 0.03
_SUITE = """
import pytest

@pytest.mark.parametrize("number", range({tests}))
def test_works(number):
    sum(range({work}))
"""


def main() -> int:
    """Measure; 1 if it costs more than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--tests", type=int, default=500)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        suite = _SUITE.format(tests=arguments.tests, work=_work_of(0.010))
        with open(os.path.join(folder, "test_suite.py"), "w", encoding="utf-8") as file:
            file.write(suite)
        _seconds(folder)  # writes the bytecode
        pairs = []
        for number in range(arguments.pairs):
            order = (False, True) if number % 2 else (True, False)
            times = {is_on: _seconds(folder, is_on=is_on) for is_on in order}
            pairs.append((times[False], times[True]))
            print(f"without {times[False]:.3f} s, with {times[True]:.3f} s", flush=True)
    shares = [on / off - 1 for off, on in pairs]
    median = statistics.median(shares)
    print(f"cost: median {median:.2%}, from {min(shares):.2%} to {max(shares):.2%}; bar {BAR:.0%}")
    return int(median > BAR)


def _work_of(seconds: float) -> int:
    """How far to add numbers up for so long, on this machine."""
    work = 100_000
    best = min(_timed(work) for _ in range(20))
    return round(work * seconds / best)


def _timed(work: int) -> float:
    begin = time.perf_counter()
    sum(range(work))
    return time.perf_counter() - begin


def _seconds(folder: str, *, is_on: bool = False) -> float:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_suite.py"]
    command += ["-p", "memory_watcher.pytest_plugin"] if is_on else []
    command += ["--memory-watcher", "--memory-watcher-dir", "recordings"] if is_on else []
    environment = {**os.environ, "PYTHONPATH": _SOURCE, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    begin = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


if __name__ == "__main__":
    sys.exit(main())
