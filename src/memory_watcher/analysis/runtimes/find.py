"""Applies the rules to a layout."""

from __future__ import annotations

from collections import abc
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from ...model import Mapping, MappingUsage
from ..attribution import Kind
from ..bss import BssFound
from ..reservations import find_runs
from . import allocators, chromium, go, interpreters, jit, jvm, numpy, v8
from .base import NO_BSS, Found, Memory, Rule, Witnesses

#: All of them; where two name the same mapping the first does.
RULES: tuple[Rule, ...] = (
    *v8.RULES,
    *chromium.RULES,
    *jvm.RULES,
    *go.RULES,
    *allocators.RULES,
    *numpy.RULES,
    *interpreters.RULES,
    *jit.RULES,
)
_BY_KEY = {rule.key: rule for rule in RULES}
_BY_MARK = {
    mark: tuple(rule for rule in RULES if rule.mark == mark)
    for mark in {rule.mark for rule in RULES} - {None}
}
_OF_ANY = [rule.key for rule in RULES if rule.program is None and rule.mark is None]
#: Those that hold only where nothing else is executed, and what that is.
_ALONE = {rule.key: rule.alone for rule in RULES if rule.alone is not None}

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


@lru_cache(maxsize=4096)
def _silenced_by(pathname: str) -> frozenset[str]:
    """The rules that do not hold where a file of this name is executed: it may map memory, too."""
    name = pathname.rpartition("/")[2]
    own = {rule.key for rule in _rules_of(pathname)}
    return frozenset(
        key for key, alone in _ALONE.items() if key not in own and not alone.files.fullmatch(name)
    )


def tells_runtime(mapping: Mapping, marks: Marks = NO_MARKS) -> bool:
    """Whether rules ask for it, wherever it lies: what all nameless memory may depend on."""
    if mapping.perms[2] != "x":
        return mapping.pathname == _STACK or jvm.is_zgc_heap(mapping)
    if not mapping.inode:
        return mapping.pathname in ("", _STACK)
    is_program = mapping.perms[3] == "p" and any(_rules_by(mapping, marks))
    return is_program or bool(_silenced_by(mapping.pathname))


def is_compared(mapping: Mapping) -> bool:
    """Whether a rule compares it with others of its sort, wherever these lie."""
    return jvm.is_large_reserve(mapping)


def _rules_by(mapping: Mapping, marks: Marks) -> Iterator[Rule]:
    """The rules whose runtime a file is, by its name or by what stands in it."""
    yield from _rules_of(mapping.pathname)
    for mark in marks.get((mapping.dev, mapping.inode), ()):
        yield from _BY_MARK.get(mark, ())


class _Evidence(NamedTuple):
    """Which rules may speak of a process, by their keys, each with the file that tells.

    `against` are those that elimination rules out, each with what else is executed.
    """

    witnesses: Witnesses
    against: dict[str, str]


def _evidence_in(mappings: Iterable[Mapping], marks: Marks) -> _Evidence:
    """What a process that maps these has of runtimes.

    Where the stack is executable, all memory may be (personality READ_IMPLIES_EXEC, programs of
    old): that something can be executed tells nothing then.
    """
    executed: list[Mapping] = []  # from files
    has_code = is_strict = False
    for mapping in mappings:
        if mapping.perms[2] != "x":
            is_strict |= mapping.pathname == _STACK
        elif mapping.inode:
            executed.append(mapping)
        else:
            has_code |= not mapping.pathname and mapping.perms[3] == "p"
    found = _witnesses(executed, marks)
    if is_strict and has_code:
        found |= dict.fromkeys(_OF_ANY, "")
    else:
        found = {key: file for key, file in found.items() if _BY_KEY[key].kind is not Kind.JIT_CODE}
    return _Evidence(found, _against(executed, has_code=has_code))


def _witnesses(executed: Iterable[Mapping], marks: Marks) -> Witnesses:
    found: Witnesses = {}
    for mapping in executed:
        if mapping.perms[3] == "p":
            for rule in _rules_by(mapping, marks):
                found.setdefault(rule.key, mapping.pathname)
    return found


def _against(executed: Iterable[Mapping], *, has_code: bool) -> dict[str, str]:
    """For each rule of elimination that does not hold what else is executed, the first there is."""
    others: dict[str, str] = {}
    for mapping in executed:
        for key in _silenced_by(mapping.pathname):
            others.setdefault(key, mapping.pathname)
    if has_code:
        for key, alone in _ALONE.items():
            if not alone.makes_code:
                others.setdefault(key, "")
    return others


def find_runtimes(
    entries: Sequence[MappingUsage], marks: Marks = NO_MARKS, bss: BssFound = NO_BSS
) -> dict[int, Found]:
    """Positions in `entries` of mappings that a rule names."""
    witnesses, against = _evidence_in((entry.mapping for entry in entries), marks)
    if witnesses.keys() <= against.keys():
        return {}
    shared = {entry.mapping.pathname for entry in entries if entry.mapping.perms[3] == "s"}
    memory = Memory.of(find_runs(entries), bss, shared)
    found: dict[int, Found] = {}
    for rule in RULES:
        if rule.key in witnesses and rule.key not in against:
            told = Found(rule, witnesses[rule.key])
            for piece in rule.find(memory):
                found.setdefault(piece.position, told)
    return found


def runtimes_present(entries: Iterable[MappingUsage], marks: Marks = NO_MARKS) -> tuple[Found, ...]:
    """The rules whose runtime this process has, each with the file that tells.

    Also those that do not hold since something else is executed: with that.
    """
    witnesses, against = _evidence_in((entry.mapping for entry in entries), marks)
    return tuple(
        Found(rule, witnesses[rule.key], against.get(rule.key))
        for rule in RULES
        if rule.key in witnesses and rule.key not in _OF_ANY
    )
