"""Questions to a fleet: files of SQL, each with a head that says what it answers and takes.

    -- Who grew most, by program
    --
    -- More lines of what it answers.
    -- set top integer = 20 -- how many rows
    -- column grown bytes -- how much more than before
    -- chart grown
    SELECT … LIMIT :top

The first line is the title. `set` declares a parameter with its type and default; the SQL names it
`:top`. `column` says the unit of a column of the answer, and `chart` which one a chart shows. The
engine binds the values: they never become SQL.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from ..errors import UsageError
from ..units import parse_duration, parse_size

Type = Literal["text", "integer", "number", "size", "duration"]
Unit = Literal["", "number", "bytes", "bytes_per_hour", "time", "duration", "count", "percent"]
Value = str | int | float

#: The questions that come with the package.
PACKAGED = Path(__file__).parent / "questions"
#: Where a dataset has questions of its own.
OWN = "questions"
_ENDING = ".sql"
#: A file that is larger is no question.
_LARGEST = 1 << 20

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_SET = re.compile(r"set (\w+) (\w+) =(.*?)(?: -- (.*))?")
_COLUMN = re.compile(r"column (\w+) (\w+)(?: -- (.*))?")
#: What is no name of a parameter: texts, quoted names, comments, casts. The group is one.
_TOKEN = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|--[^\n]*|/\*.*?\*/|::|:([A-Za-z_]\w*)", re.DOTALL
)


@dataclass(frozen=True)
class Parameter:
    """What a question takes: sizes become bytes, durations nanoseconds."""

    name: str
    type: Type
    default: Value
    meaning: str


@dataclass(frozen=True)
class Column:
    """A column of an answer whose unit is known."""

    name: str
    unit: Unit
    meaning: str


@dataclass(frozen=True)
class Question:
    """One question; `sql` is the whole text, its head with it."""

    name: str
    path: str
    title: str
    description: str
    parameters: tuple[Parameter, ...]
    columns: tuple[Column, ...]
    chart: str
    sql: str

    @property
    def units(self) -> dict[str, Unit]:
        """The units of the columns that have one."""
        return {each.name: each.unit for each in self.columns}

    def meaning_of(self, column: str) -> str:
        """What a column says, in words."""
        found = [each.meaning for each in self.columns if each.name == column and each.meaning]
        return f"{column}: {found[0]}" if found else column

    def values(self, given: Mapping[str, str], option: str = "") -> dict[str, Value]:
        """The value of each parameter: the one that is given as text, or the default.

        Raises UsageError; it names `option`.
        """
        found = {each.name: each.default for each in self.parameters}
        types = {each.name: each.type for each in self.parameters}
        for name, text in given.items():
            if name not in types:
                known = ", ".join(types) or "none"
                raise UsageError(f"{option}{self.name} takes no {name!r}; it takes {known}")
            found[name] = value_of(types[name], text, f"{option}{name}")
        return found


def value_of(kind: Type, text: str, option: str) -> Value:
    """What a text says as a value of a type. Raises UsageError, which names `option`."""
    if kind == "size":
        return parse_size(text, option)
    if kind == "duration":
        return 0 if text.strip() == "0" else parse_duration(text, option, "s")
    if kind == "integer":
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            raise UsageError(f"{option}: {text!r} is not a whole number")
        return int(text)
    if kind == "number":
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise UsageError(f"{option}: {text!r} is not a number")
        return number
    if "\0" in text or not _is_utf8(text):
        raise UsageError(f"{option}: {text!r} is not valid UTF-8 text")
    return text


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def names_in(sql: str) -> list[str]:
    """The parameters that a text of SQL names, each once, in their order."""
    return list(dict.fromkeys(match[1] for match in _TOKEN.finditer(sql) if match[1]))


def renamed(sql: str, prefix: str) -> str:
    """The same text with each `:name` written as `prefix` and the name."""
    return _TOKEN.sub(lambda match: f"{prefix}{match[1]}" if match[1] else match[0], sql)


def parse(name: str, path: str, text: str) -> Question:
    """Read a question. Raises UsageError for a head that says what it cannot."""
    title, *lines = _head(text) or [""]
    parameters: list[Parameter] = []
    columns: list[Column] = []
    prose: list[str] = []
    chart = ""
    for line in lines:
        if line.startswith("set "):
            parameters.append(_parameter(path, line))
        elif line.startswith("column "):
            columns.append(_column(path, line))
        elif line.startswith("chart "):
            chart = line.removeprefix("chart ").strip()
        else:
            prose.append(line)
    declared = {each.name for each in parameters}
    for each in names_in(text):
        if each not in declared:
            raise UsageError(f"{path}: :{each} is not declared; add a line -- set {each} text =")
    return Question(
        *(name, path, title or name, "\n".join(prose).strip()),
        *(tuple(parameters), tuple(columns), chart, text),
    )


def _head(text: str) -> list[str]:
    """The lines of the comment at the top, without their dashes."""
    head = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        head.append(line[2:].strip())
    return head


def _parameter(path: str, line: str) -> Parameter:
    match = _SET.fullmatch(line)
    if match is None or match[2] not in get_args(Type):
        types = ", ".join(get_args(Type))
        raise UsageError(f"{path}: {line!r}: write set NAME TYPE = DEFAULT, with a type of {types}")
    kind: Type = match[2]  # type: ignore[assignment]
    default = value_of(kind, match[3].strip(), f"{path}: {match[1]}")
    return Parameter(match[1], kind, default, match[4] or "")


def _column(path: str, line: str) -> Column:
    match = _COLUMN.fullmatch(line)
    if match is None or match[2] not in get_args(Unit):
        units = ", ".join(filter(None, get_args(Unit)))
        raise UsageError(f"{path}: {line!r}: write column NAME UNIT, with a unit of {units}")
    return Column(match[1], match[2], match[3] or "")  # type: ignore[arg-type]


# Where questions are ------------------------------------------------------------------------------


def folders(dataset: str | None, further: str | None) -> list[Path]:
    """Where questions are: those of a later folder replace those of an earlier one.

    Raises UsageError if `further` is no folder.
    """
    found = [PACKAGED]
    if dataset is not None:
        found.append(Path(dataset) / OWN)
    if further is not None:
        if not os.path.isdir(further):
            raise UsageError(f"{further!r} is not a folder of questions")
        found.append(Path(further))
    return found


def available(places: Iterable[Path]) -> Mapping[str, Path]:
    """The files of all questions by name, sorted; a later folder's replaces an earlier one's."""
    found: dict[str, Path] = {}
    for place in places:
        if place.is_dir():
            for path in place.iterdir():
                if path.suffix == _ENDING and _NAME.fullmatch(path.stem) and path.is_file():
                    found[path.stem] = path
    return dict(sorted(found.items()))


def load(name: str, places: Iterable[Path]) -> Question:
    """Read the question of a name. Raises UsageError, which lists those that there are."""
    known = available(places)
    if name not in known:
        raise UsageError(f"there is no question {name!r}; there are {', '.join(known)}")
    return read(known[name])


def read(path: Path) -> Question:
    """Read a question from its file. Raises UsageError."""
    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST + 1)
        text = data.decode()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: it is not UTF-8 text") from None
    if len(data) > _LARGEST:
        raise UsageError(f"{path}: too large for a question")
    return parse(path.stem, str(path), text)
