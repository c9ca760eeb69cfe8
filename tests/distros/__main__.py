"""Runs tests in Debian 12, 13 and sid, and on programs of those and Debian 11 (`make distros`).

    python -m tests.distros [--suite trixie]… [--short] [TEST…]

Two parts. In each root that has a Python of a supported version: live tests, and the unit tests of
what depends on Python and SQLite. From outside: the kinds of a program that is compiled and runs in
the root, of Debian 11 as well.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable

from ..kernels import cache
from ..kernels.roots import COMMON, Root
from . import chroot

#: Debian 12, 13 and the newest: the recorder runs in them.
SUITES = ("bookworm", "trixie", "sid")
#: Debian 11: only programs of it are recorded, for its Python is 3.9.
OLDEST = "bullseye"

_LIVE = tuple(
    f"tests/live/test_{name}.py"
    for name in (
        "children",
        "consistency",
        "diff",
        "kinds_live",
        "launch",
        "layouts",
        "lives",
        "peaks",
        "permissions",
        "recorded_kinds",
        "selection",
        "sums",
    )
)
_UNIT = (
    "tests/unit/test_units.py",
    "tests/unit/analysis",
    "tests/unit/capture",
    "tests/unit/procfs",
    "tests/unit/record",
    "tests/unit/store",
)
#: A minute: what depends most on the C library and on Python.
_SHORT = (
    "tests/live/test_kinds_live.py",
    "tests/live/test_recorded_kinds.py",
    "tests/live/test_launch.py",
    "tests/unit/test_units.py",
)
_TARGETS = ("tests/live/test_kinds_live.py", "tests/live/test_recorded_kinds.py")
_PYTEST = ("-m", "pytest", "-p", "no:cacheprovider", "-q", "-m", "not timing")


def main() -> int:
    """Exit code 0 if all passed, 1 if not, 2 for usage."""
    parser = argparse.ArgumentParser(prog="tests.distros", description=__doc__)
    parser.add_argument("--suite", action="append", choices=(*SUITES, OLDEST))
    parser.add_argument(
        "--short", action="store_true", help="what CI runs: a few tests in the root"
    )
    parser.add_argument("tests", nargs="*", help="what runs in each root, instead of the parts")
    told = parser.parse_args()
    failed = []
    for suite in told.suite or (*SUITES, OLDEST):
        for what, part in _parts(suite, tuple(told.tests or (_SHORT if told.short else ()))):
            started = time.monotonic()
            print(f"{what} of Debian {suite}", flush=True)
            try:
                code = part()
            except cache.MissingToolError as error:
                return _lacking(error)
            print(f"{what} of Debian {suite}: {code}, {time.monotonic() - started:.0f} s")
            if code:
                failed.append(f"{what} of {suite}")
    if failed:
        print(f"failed: {', '.join(failed)}")
    return bool(failed)


def _lacking(error: cache.MissingToolError) -> int:
    """In CI what is missing is a failure, elsewhere a skip."""
    if os.environ.get("CI"):
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"skipped: {error}")
    return 0


def _parts(suite: str, tests: tuple[str, ...]) -> list[tuple[str, Callable[[], int]]]:
    root = Root(suite, COMMON)
    programs = ("programs", lambda: _outside(root))
    if suite == OLDEST:
        return [programs]
    if tests:
        return [("tests in the root", lambda: _inside(root, tests))]
    return [("tests in the root", lambda: _inside(root, (*_LIVE, *_UNIT))), programs]


def _inside(root: Root, tests: tuple[str, ...]) -> int:
    return chroot.run(root, ["python", *_PYTEST, "-n", "2", *tests])


def _outside(root: Root) -> int:
    """The recorder of this machine, on a program that is made of the root's C library."""
    return subprocess.run(
        [sys.executable, *_PYTEST, *_TARGETS, "-k", "not python and not chromium"],
        env={**os.environ, "MEMORY_WATCHER_TARGET_ROOT": str(root.folder())},
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
