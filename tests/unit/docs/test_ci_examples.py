"""The pipelines of examples/ci are what GitHub and GitLab accept, and ask for what there is."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest

from memory_watcher.cli import overview_parser
from tests.pipelines import FOLDER, github_steps, gitlab_script


@pytest.mark.parametrize(
    ("file", "options"),
    [
        ("github.yml", ["--builtin-schema", "vendor.github-workflows"]),
        (
            "gitlab.yml",
            ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"],
        ),
    ],
)
def test_schema(file: str, options: list[str]) -> None:
    """They keep to the published schemas, which check-jsonschema brings along."""
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", *options, str(FOLDER / file)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.mark.parametrize("commands", [github_steps(), gitlab_script()], ids=["github", "gitlab"])
def test_commands(commands: list[str]) -> None:
    """Each installs memory-watcher and checks a budget, by options that the command has."""
    assert "python -m pip install memory-watcher" in commands
    (check,) = (command for command in commands if command.startswith("memory-watcher check "))
    words = shlex.split(check)
    overview_parser(whole=True).parse_args(words[1 : words.index("--")])
    assert (FOLDER / words[-1]).exists()


def test_every_file_is_described() -> None:
    """README.md names each file of the folder, and nothing that is not there."""
    named = set(re.findall(r"\]\(([^)/]+)\)", (FOLDER / "README.md").read_text(encoding="utf-8")))
    assert named == {path.name for path in FOLDER.iterdir()} - {"README.md"}
