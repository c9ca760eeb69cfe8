"""The shell commands of the pipelines in examples/ci, and a runner that does what theirs do."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.programs import SCRIPTS, environment

FOLDER = Path(__file__).parents[1] / "examples" / "ci"
#: The one command that needs a network; the tests run what is installed already.
INSTALL = "python -m pip install memory-watcher"


def _load(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


def github_steps() -> list[str]:
    """What each step with `run` runs, in order."""
    (job,) = _load("github.yml")["jobs"].values()
    return [step["run"] for step in job["steps"] if "run" in step]


def gitlab_script() -> list[str]:
    """The lines of the job's script."""
    script: list[str] = _load("gitlab.yml")["memory"]["script"]
    return script


class Done(NamedTuple):
    """How a job ended: the exit code of its last command, and its log."""

    code: int
    log: str


def run_job(commands: list[str], checkout: Path, **variables: str) -> Done:
    """Run commands in a fresh copy of the folder until one fails, each as both runners do.

    `checkout` is made. The commands find the Python and the memory-watcher of the tests.
    """
    shutil.copytree(FOLDER, checkout)
    return run_all(commands, checkout, **variables)


def run_all(commands: list[str], folder: Path, **variables: str) -> Done:
    """Run commands in a folder until one fails."""
    log = ""
    for command in commands:
        if command == INSTALL:
            continue
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False,
            env=environment(PATH=f"{SCRIPTS}:/usr/bin:/bin", CI="true", **variables),
        )  # fmt: skip
        log += done.stdout
        if done.returncode:
            return Done(done.returncode, log)
    return Done(0, log)
