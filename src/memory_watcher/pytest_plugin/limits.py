"""What the marker `limit_resident` says. Pure, but for the errors, which are pytest's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

import pytest

from ..errors import UsageError
from ..units import parse_size

At = Literal["peak", "end", "rise"]

_PER_RUN = re.compile(r"\s*/\s*run\s*$")
_OWN = ("size", "at", "children", "growth")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a test may use, bytes; None: no limit.

    `resident` is of the whole process, `kinds` of parts of it by their words. `at` says of what:
    the highest since the test began, what there is at its end, or the highest less what there was
    when it began. With `children` the sum of PSS of the process and its descendants is meant.
    `growth` is per run of the body. `is_default`: of the ini file, and of no test alone.
    """

    resident: int | None = None
    kinds: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    children: bool = False
    growth: int | None = None
    at: At = "peak"
    is_default: bool = False


def limits_of(mark: pytest.Mark, where: str) -> Limits:
    """What a marker says; `where` is the test. Raises pytest.UsageError."""
    try:
        return _limits(mark)
    except UsageError as error:
        raise pytest.UsageError(f"{where}: limit_resident: {error}") from None


def default_limit(text: str) -> Limits | None:
    """The limit of every test, of the ini option. Raises pytest.UsageError."""
    if not text.strip():
        return None
    try:
        return Limits(resident=_size(text, "memory_watcher_limit"), is_default=True)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None


def _limits(mark: pytest.Mark) -> Limits:
    words: dict[str, Any] = dict(mark.kwargs)
    if len(mark.args) > 1:
        raise UsageError('one size at most, as limit_resident("200 MiB")')
    if mark.args:
        if "size" in words:
            raise UsageError("the size is given twice")
        words["size"] = mark.args[0]
    at = words.get("at", "peak")
    if at not in get_args(At):
        raise UsageError(f"at={at!r}: choose one of {', '.join(get_args(At))}")
    limits = Limits(
        resident=_size(words["size"], "size") if "size" in words else None,
        kinds=MappingProxyType({_kind(w): _size(v, w) for w, v in words.items() if w not in _OWN}),
        children=_flag(words.get("children", False)),
        growth=_growth(words["growth"]) if "growth" in words else None,
        at=at,
    )
    if limits.resident is None and not limits.kinds and limits.growth is None:
        raise UsageError('no limit; give one, as limit_resident("200 MiB")')
    if limits.children and (limits.resident is None or at != "peak"):
        raise UsageError('children=True needs a size, and at="peak"')
    return limits


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"children={value!r}: write True or False")
    return value


def _kind(word: str) -> str:
    from ..analysis.budgets.kind_words import KIND_WORDS, kind_named  # noqa: PLC0415 - seldom used

    kind = kind_named(word)
    if kind is None:
        known = ", ".join(each.replace("-", "_") for each in KIND_WORDS)
        raise UsageError(f"{word}: no such argument, and no kind of memory; the kinds are: {known}")
    return kind.value


def _size(value: object, name: str) -> int:
    """Bytes of a size, which must have a unit."""
    if not isinstance(value, str):
        raise UsageError(f'{name}: {value!r} is no text; write "80 MiB"')
    if value.strip()[-1:].isdecimal():
        raise UsageError(f'{name}: {value!r} has no unit; write "80 MiB"')
    return parse_size(value, name)


def _growth(value: object) -> int:
    if not isinstance(value, str) or not _PER_RUN.search(value):
        raise UsageError(f'growth: {value!r} is no size per run; write "1 MiB/run"')
    return _size(_PER_RUN.sub("", value), "growth")
