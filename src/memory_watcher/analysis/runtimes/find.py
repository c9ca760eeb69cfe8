"""Applies the rules to a layout."""

from __future__ import annotations

from collections import abc
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from types import MappingProxyType

from ...model import Mapping, MappingUsage
from ..attribution import Kind
from ..reservations import find_runs
from . import allocators, chromium, go, jit, jvm, numpy, v8
from .base import Found, Memory, Rule, Witnesses

#: All of them; where two name the same mapping the first does.
RULES: tuple[Rule, ...] = (
    *v8.RULES,
    *chromium.RULES,
    *jvm.RULES,
    *go.RULES,
    *allocators.RULES,
    *numpy.RULES,
    *jit.RULES,
)
_BY_KEY = {rule.key: rule for rule in RULES}
_BY_MARK = {
    mark: tuple(rule for rule in RULES if rule.mark == mark)
    for mark in {rule.mark for rule in RULES} - {None}
}
_OF_ANY = [rule.key for rule in RULES if rule.program is None and rule.mark is None]

#: Of executed files by (dev, inode), as recorded: see ElfFile.
Marks = abc.Mapping[tuple[int, int], Collection[str]]
NO_MARKS: Marks = MappingProxyType({})


#: What tells that only what has to be executable is.
_STACK = "[stack]"


@lru_cache(maxsize=4096)
def _rules_of(pathname: str) -> tuple[Rule, ...]:
    """The rules whose runtime a file of this name is, by its name without folder."""
    name = pathname.rpartition("/")[2]
    return tuple(rule for rule in RULES if rule.program and rule.program.fullmatch(name))


def tells_runtime(mapping: Mapping, marks: Marks = NO_MARKS) -> bool:
    """Whether rules ask for it, wherever it lies: what all nameless memory may depend on."""
    if mapping.inode:
        return mapping.perms[2:4] == "xp" and any(_rules_by(mapping, marks))
    return mapping.pathname == _STACK


def _rules_by(mapping: Mapping, marks: Marks) -> Iterator[Rule]:
    """The rules whose runtime a file is, by its name or by what stands in it."""
    yield from _rules_of(mapping.pathname)
    for mark in marks.get((mapping.dev, mapping.inode), ()):
        yield from _BY_MARK.get(mark, ())


def witnesses_of(mappings: Iterable[Mapping], marks: Marks = NO_MARKS) -> Witnesses:
    """Which rules may speak of a process that maps these, each with the file that tells.

    Where the stack is executable, all memory may be (personality READ_IMPLIES_EXEC, programs of
    old): that something can be executed tells nothing then.
    """
    found: Witnesses = {}
    has_code = is_strict = False
    for mapping in mappings:
        if mapping.perms[2:4] == "xp":
            if mapping.inode:
                for rule in _rules_by(mapping, marks):
                    found.setdefault(rule.key, mapping.pathname)
            has_code |= not mapping.pathname
        elif mapping.pathname == _STACK:
            is_strict = True
    if is_strict and has_code:
        return found | dict.fromkeys(_OF_ANY, "")
    return {key: file for key, file in found.items() if _BY_KEY[key].kind is not Kind.JIT_CODE}


def find_runtimes(entries: Sequence[MappingUsage], marks: Marks = NO_MARKS) -> dict[int, Found]:
    """Positions in `entries` of mappings that a rule names."""
    witnesses = witnesses_of((entry.mapping for entry in entries), marks)
    if not witnesses:
        return {}
    memory = Memory.of(find_runs(entries))
    found: dict[int, Found] = {}
    for rule in RULES:
        if rule.key in witnesses:
            told = Found(rule, witnesses[rule.key])
            for piece in rule.find(memory):
                found.setdefault(piece.position, told)
    return found


def runtimes_present(entries: Iterable[MappingUsage], marks: Marks = NO_MARKS) -> tuple[Found, ...]:
    """The rules that may speak of this process, each with the file that tells."""
    witnesses = witnesses_of((entry.mapping for entry in entries), marks)
    return tuple(
        Found(rule, witnesses[rule.key])
        for rule in RULES
        if rule.key in witnesses and rule.key not in _OF_ANY
    )
