"""A baseline: what a program had when somebody agreed to it; a JSON file that a person reviews."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .model import At, Figure


class Key(NamedTuple):
    """What an entry is of: `process` is a role's label or "" for all processes together.

    `kind` is a kind's word, or "total", "mappings", "threads", "processes"; `name` is the group's
    normalised name, or "" for all of the kind.
    """

    process: str
    figure: Figure | str
    at: At
    kind: str
    name: str = ""


class Entry(NamedTuple):
    """The median of the runs, and their lowest and highest; bytes, or a count."""

    value: int
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was agreed to, and the facts of the machine, which may explain a difference."""

    path: str
    command: str
    runs: int
    machine: dict[str, str]
    entries: dict[Key, Entry]
