"""Workflow commands of GitHub Actions: lines of a log that become annotations.

Their form is `::error file=a.toml,line=3,title=…::what happened`; what has a meaning in it is
written as the runner reads it back: https://docs.github.com/actions/reference/workflow-commands.
"""

from __future__ import annotations

from .escape import escape

_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}


def command(name: str, message: str, **properties: str) -> str:
    """One line without its end. No text, whatever it holds, begins another command or property."""
    given = ",".join(f"{key}={_written(value, _PROPERTY)}" for key, value in properties.items())
    return f"::{name}{given and f' {given}'}::{_written(message, _DATA)}"


def _written(text: str, special: dict[str, str]) -> str:
    return "".join(special.get(character, character) for character in escape(text))
