"""Annotations of GitHub Actions: one command a line, that says what was meant and nothing else."""

from __future__ import annotations

import re
from typing import NamedTuple

from hypothesis import given

from memory_watcher.analysis.budgets.model import RunFile
from memory_watcher.render.check_github import render
from memory_watcher.render.check_words import sentence
from memory_watcher.render.escape import escape
from tests.unit.render.checks import HOSTILE, TEXTS, checked, hostile, judged, over, undecided


class Command(NamedTuple):
    name: str
    properties: dict[str, str]
    message: str


def unescaped(text: str, *special: str) -> str:
    """As the runner does it: the percent sign last."""
    for character in (*special, "\r", "\n", "%"):
        text = text.replace(f"%{ord(character):02X}", character)
    return text


def read(line: str) -> Command:
    """Take a line apart as GitHub's runner does: up to the next `::`, at commas, at `=`."""
    match = re.fullmatch(r"::(\w+) (.*?)::(.*)", line)
    assert match is not None, line
    pairs = [pair.partition("=") for pair in match[2].split(",")]
    properties = {key: unescaped(value, ":", ",") for key, _, value in pairs}
    return Command(match[1], properties, unescaped(match[3]))


def test_commands() -> None:
    """Over is an error at its line of the budget file, undecided a warning, within nothing."""
    text = render(checked(judged(), undecided("threads", number=7), over(number=3)))
    error, warning = map(read, text.splitlines())
    assert error == Command(
        "error",
        {"file": "memory-budget.toml", "line": "3", "title": "Over its memory budget: heap"},
        sentence(over()),
    )
    assert warning.name == "warning"
    assert warning.properties["line"] == "7"
    assert warning.message == sentence(undecided())


def test_report_only() -> None:
    """Only reported, nothing is an error."""
    text = render(checked(over(), undecided()), report_only=True)
    assert [read(line).name for line in text.splitlines()] == ["warning", "warning"]


def test_within() -> None:
    assert render(checked(judged())) == ""


def test_file_is_relative_to_the_repository() -> None:
    """GitHub takes paths from the root of the repository, wherever the step runs."""
    found = checked(over(), budget="/repo/service/memory-budget.toml")
    assert read(render(found, "/repo").rstrip("\n")).properties["file"] == (
        "service/memory-budget.toml"
    )


def test_without_a_line() -> None:
    """A limit of a baseline has no line in a file, so no place is named."""
    for found in (checked(over(number=0)), checked(over(), budget=None)):
        assert set(read(render(found).rstrip("\n")).properties) == {"title"}


def test_limit_of_github() -> None:
    """Ten of a kind are shown; a line that is no command says how many more there are."""
    lines = render(checked(*[over(f"a{n}") for n in range(13)], undecided())).splitlines()
    assert [read(line).name for line in lines if line.startswith("::")] == [
        *["error"] * 10,
        "warning",
    ]
    assert lines[10].startswith("3 more errors: ")


def test_nothing_judged() -> None:
    """That nothing was judged is seen, with the reason."""
    text = render(checked(recordings=(RunFile("a.db", None, 3),)))
    assert "exit code 3" in read(text.rstrip("\n")).message


def test_hostile_names() -> None:
    """No name begins a command of its own, adds a property, or is changed on the way."""
    found = hostile()
    lines = render(found).splitlines()
    commands = [read(line) for line in lines if line.startswith("::")]
    assert len(lines) == len(commands) == 2 * len(HOSTILE)
    titles = {command.properties["title"].partition(": ")[2] for command in commands}
    assert titles == {escape(name) for name in HOSTILE}
    assert {len(command.properties) for command in commands} == {3}


@given(TEXTS)
def test_any_name(text: str) -> None:
    """Whatever a budget is called, it is one command, and the runner reads the same name."""
    rendered = render(checked(over(text), budget=None))
    assert rendered.count("\n") == 1
    command = read(rendered.rstrip("\n"))
    assert command.properties == {"title": f"Over its memory budget: {escape(text)}"}
    assert command.message == escape(sentence(over(text)))
