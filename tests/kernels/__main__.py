"""Runs the tests of tests/kernels/inside in guests, one kernel after the other (`make kernels`).

python -m tests.kernels [--kernel 6.12]… [TEST…]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from . import cache, kernel
from .guest import PATIENCE, Guest, GuestError
from .roots import Root

#: One for all kernels: what differs is the kernel.
_ROOT = Root("trixie")

_TESTS = ("tests/kernels/inside",)
#: A guest is slow: pytest's own limit for one test, seconds.
_TIMEOUT = 600


def main() -> int:
    """Exit code 0 if all passed on all kernels, 1 if not, 2 for usage."""
    parser = argparse.ArgumentParser(prog="tests.kernels", description=__doc__)
    parser.add_argument(
        "--kernel",
        action="append",
        choices=kernel.SUITES,
        help="one of Debian's series; all of them if none is named",
    )
    parser.add_argument("--patience", type=float, default=PATIENCE, help="seconds for each guest")
    parser.add_argument("tests", nargs="*", default=_TESTS, help="what pytest runs in the guest")
    told = parser.parse_args()
    failed = []
    for series in told.kernel or kernel.SUITES:
        try:
            passed = _run(series, told.tests, told.patience)
        except cache.MissingToolError as error:
            return lacking(error)
        except GuestError as error:
            print(error, file=sys.stderr)
            passed = False
        if not passed:
            failed.append(series)
    if failed:
        print(f"failed on: {', '.join(failed)}")
    return bool(failed)


def lacking(error: cache.MissingToolError) -> int:
    """In CI what is missing is a failure, elsewhere a skip."""
    if os.environ.get("CI"):
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"skipped: {error}")
    return 0


def _run(series: str, tests: list[str], patience: float) -> bool:
    started = time.monotonic()
    booted = kernel.fetch(series)
    guest = Guest(booted, _ROOT)
    print(f"Linux {booted.release}, with Debian {_ROOT.suite}", flush=True)
    command = (
        f"python -m pytest -p no:cacheprovider -q -o timeout={_TIMEOUT} -o log_cli=true"
        f" -o log_cli_level=INFO --durations=5 {' '.join(tests)}"
    )
    with tempfile.TemporaryDirectory() as out:
        result = guest.run(command, Path(out), patience)
    print(result.output)
    seconds = time.monotonic() - started
    print(f"Linux {booted.release}: exit code {result.exit_code}, {seconds:.0f} s", flush=True)
    return result.exit_code == 0


if __name__ == "__main__":
    sys.exit(main())
