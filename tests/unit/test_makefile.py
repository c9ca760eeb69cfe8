"""Setting up where something is missing: one line says what to install, and nothing is left."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What set-up looks at, without an environment."""
    folder = tmp_path / "clone"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "hatch_build.py", "shell_files.py"):
        shutil.copy(ROOT / name, folder)
    return folder


def set_up(clone: Path, *arguments: str, **variables: str) -> str:
    """What `make .venv/.ready` says, without make's own line; it must fail, and leave nothing."""
    before = sorted(path.name for path in clone.iterdir())
    done = subprocess.run(
        ["make", *arguments, ".venv/.ready"],
        cwd=clone, capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **variables},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert sorted(path.name for path in clone.iterdir()) == before
    return re.sub(r"^make: \*\*\* .*\n", "", done.stderr, flags=re.MULTILINE)


def python(folder: Path, name: str, script: str) -> str:
    """Make a program that stands for Python; returns its path."""
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize("name", ["python3", "python3.12"])
def test_without_venv(clone: Path, tmp_path: Path, name: str) -> None:
    """As on Debian, where the package python3 has all of venv but ensurepip."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "ensurepip.py").write_text("raise ModuleNotFoundError('ensurepip')\n")
    program = python(tmp_path, name, f'PYTHONPATH="{hidden}" exec "{sys.executable}" "$@"')
    said = set_up(clone, f"PYTHON={program}")
    assert said == f"{program} has no venv. On Debian and Ubuntu: apt install {name}-venv\n"


def test_without_python(clone: Path) -> None:
    said = set_up(clone, "PYTHON=no-python-here")
    assert said == "There is no no-python-here. On Debian and Ubuntu: apt install python3-venv\n"


def test_too_old(clone: Path, tmp_path: Path) -> None:
    said = set_up(clone, f"PYTHON={python(tmp_path, 'python3', 'exit 1')}")
    assert said == "Python 3.10 or newer is needed; name one: make PYTHON=python3.12 …\n"


def test_readme_names_what_it_takes() -> None:
    """Where make is missing, only a page can tell what to install."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "`apt install git make python3-venv`" in page
    assert page.index("apt install git make python3-venv") < page.index("make demo")
