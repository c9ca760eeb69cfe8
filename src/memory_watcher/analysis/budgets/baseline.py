"""A baseline: what a program had when somebody agreed to it; a JSON file that a person reviews.

Sizes are plain bytes, one entry a line, in a fixed order: a change shows as lines of a diff.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, get_args

from ...errors import BaselineFormatError
from ...units import format_size, plural
from ..kinds import Kind
from .model import COUNTS, At, Figure

#: 1: without the parts of programs and libraries. 2: with them.
FORMAT_VERSION = 2
_READ = (1, 2)
_LARGEST = 2**63
_REMEDY = "write it anew, from recordings that are as they should be"
_KEYS = ("format_version", "programs", "runs", "machine", "entries")
_KINDS = frozenset({"total", *COUNTS, *(kind.value for kind in Kind)})
_TEXTS = ("process", "figure", "at", "kind", "name")
_NUMBERS = ("value", "lowest", "highest")


class Key(NamedTuple):
    """What an entry is of: `process` is a role's label or "" for all processes together.

    `kind` is a kind's word, or "total", "mappings", "threads", "processes"; `name` is the group's
    normalised name, or "" for all of the kind; of "mappings" it is the kind that has so many.
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
    """What was agreed to, and the facts of the machine, which may explain a difference.

    `programs` are the names of the processes that were recorded, separated by ", ".
    """

    path: str
    programs: str
    runs: int
    machine: Mapping[str, str]
    entries: dict[Key, Entry]


def text_of(baseline: Baseline) -> str:
    """A baseline as JSON; `parse` reads the same back. Its path is no part of it."""
    lines = [
        f'  "format_version": {FORMAT_VERSION},',
        f'  "programs": {_json(baseline.programs)},',
        f'  "runs": {baseline.runs},',
        '  "machine": {',
        *_separated(f"{_json(name)}: {_json(it)}" for name, it in sorted(baseline.machine.items())),
        "  },",
        '  "entries": [',
        *_separated(
            _json({**key._asdict(), **entry._asdict()})
            for key, entry in sorted(baseline.entries.items())
        ),
        "  ]",
    ]
    return "\n".join(["{", *lines, "}"]) + "\n"


def _json(value: object) -> str:
    return json.dumps(value)  # in ASCII: names may be no UTF-8


def _separated(items: Iterable[str]) -> list[str]:
    every = [f"    {item}," for item in items]
    return [*every[:-1], *(item.removesuffix(",") for item in every[-1:])]


def was_one(text: str) -> bool:
    """Whether a text that `parse` refuses was a baseline: damaged, half merged, or a newer one."""
    return all(f'"{key}"' in text for key in _KEYS)


def parse(text: str, path: str) -> Baseline:
    """Read a baseline; `path` is how messages call it. Raises BaselineFormatError."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BaselineFormatError(path, f"this is no JSON ({error}); {_REMEDY}") from None
    if not isinstance(found, dict) or "format_version" not in found:
        raise BaselineFormatError(path, f"this is no baseline; {_REMEDY}")
    if found["format_version"] not in _READ:
        raise BaselineFormatError(
            path,
            f"its format_version is {found['format_version']!r}; this version of memory-watcher"
            f" reads {FORMAT_VERSION} and before: update memory-watcher, or {_REMEDY}",
        )
    return _Reader(path).baseline(found)


class _Reader:
    """Takes apart what JSON gave, and says where it is no baseline."""

    def __init__(self, path: str) -> None:
        self._path = path

    def baseline(self, found: dict[str, Any]) -> Baseline:
        self._require_keys(found, _KEYS, "it")
        machine = found["machine"]
        if not isinstance(machine, dict):
            raise self._error("machine is no object")
        facts = {name: self._text(value, f"machine.{name}") for name, value in machine.items()}
        if not isinstance(found["entries"], list):
            raise self._error("entries is no array")
        entries: dict[Key, Entry] = {}
        for number, each in enumerate(found["entries"], 1):
            key, entry = self._entry(each, f"entry {number}")
            if key in entries:
                raise self._error(f"entry {number} is there twice")
            entries[key] = entry
        programs = self._text(found["programs"], "programs")
        return Baseline(self._path, programs, self._number(found["runs"], "runs"), facts, entries)

    def _entry(self, found: object, where: str) -> tuple[Key, Entry]:
        if not isinstance(found, dict):
            raise self._error(f"{where} is no object")
        self._require_keys(found, (*_TEXTS, *_NUMBERS), where)
        key = Key(*(self._text(found[name], f"{where}: {name}") for name in _TEXTS))  # type: ignore[arg-type]
        if key.figure not in get_args(Figure) or key.at not in get_args(At):
            raise self._error(f"{where}: no figure {key.figure!r} at {key.at!r}")
        if key.kind not in _KINDS:
            raise self._error(f"{where}: no kind {key.kind!r}")
        entry = Entry(*(self._number(found[name], f"{where}: {name}") for name in _NUMBERS))
        if not entry.lowest <= entry.value <= entry.highest:
            raise self._error(f"{where}: value is not between lowest and highest")
        return key, entry

    def _require_keys(self, found: dict[str, Any], keys: tuple[str, ...], where: str) -> None:
        if lacking := [key for key in keys if key not in found]:
            raise self._error(f"{where} has no {lacking[0]}")
        if unknown := [key for key in found if key not in keys]:
            raise self._error(f"{where} has an unknown key {unknown[0]!r}")

    def _text(self, value: object, where: str) -> str:
        if not isinstance(value, str):
            raise self._error(f"{where} is no text")
        return value

    def _number(self, value: object, where: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _LARGEST:
            raise self._error(f"{where} is not a whole number from 0 to 2^63")
        return value

    def _error(self, text: str) -> BaselineFormatError:
        return BaselineFormatError(self._path, f"{text}; {_REMEDY}")


def changes(before: Baseline | None, after: Baseline) -> list[str]:
    """What another baseline says, a line for each fact and value that is not the same.

    Of the first baseline one line. Names are the program's own: who shows them escapes them.
    """
    if before is None:
        return [f"{after.path} is new: {plural(len(after.entries), 'value', 'values')}"]
    nothing = Entry(0, 0, 0)
    pairs = (
        (key, before.entries.get(key, nothing).value, after.entries.get(key, nothing).value)
        for key in sorted({*before.entries, *after.entries})
    )
    values = dict.fromkeys(_changed(*pair) for pair in pairs if pair[1] != pair[2])
    return [*_other_facts(before, after), *(values or ["no value changed"])]


def _other_facts(before: Baseline, after: Baseline) -> Iterator[str]:
    """What is not the same of whom and of what machine the values are."""
    if before.programs != after.programs:
        yield f"programs: {before.programs or 'none'} → {after.programs or 'none'}"
    for name in sorted({*before.machine, *after.machine}):
        was, now = before.machine.get(name, "not known"), after.machine.get(name, "not known")
        if was != now:
            yield f"{name}: {was} → {now}"


def _changed(key: Key, was: int, now: int) -> str:
    what = " ".join(part for part in (key.process, key.kind, key.name) if part)
    if key.kind in COUNTS:
        return f"{what} at {key.at}: {was} → {now}"
    sizes = f"{format_size(was)} → {format_size(now)}"
    if format_size(was) == format_size(now):
        sizes += f" ({'+' if now > was else '-'}{format_size(abs(now - was))})"
    return f"{what} ({key.figure}) at {key.at}: {sizes}"


def facts_that_differ(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """What is different about the machine, a line each: it may explain a difference of memory."""
    return [
        f"{name}: the baseline is of {before.get(name, 'nothing')}, this is {now.get(name, 'none')}"
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    ]
