"""Applies the rules to a layout."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from ...model import Mapping, MappingUsage
from ..attribution import Kind
from ..reservations import find_runs
from . import allocators, jit, jvm, v8
from .base import Found, Memory, Rule, Witnesses

#: All of them; where two name the same mapping the first does.
RULES: tuple[Rule, ...] = (*v8.RULES, *jvm.RULES, *allocators.RULES, *jit.RULES)
_BY_KEY = {rule.key: rule for rule in RULES}


#: What tells that only what has to be executable is.
_STACK = "[stack]"


@lru_cache(maxsize=4096)
def _rules_of(pathname: str) -> tuple[Rule, ...]:
    """The rules whose runtime a file of this name is, by its name without folder."""
    name = pathname.rpartition("/")[2]
    return tuple(rule for rule in RULES if rule.program and rule.program.fullmatch(name))


def tells_runtime(mapping: Mapping) -> bool:
    """Whether rules ask for it, wherever it lies: what all nameless memory may depend on."""
    if mapping.inode:
        return mapping.perms[2:4] == "xp" and bool(_rules_of(mapping.pathname))
    return mapping.pathname == _STACK


def witnesses_of(mappings: Iterable[Mapping]) -> Witnesses:
    """Which rules may speak of a process that maps these, each with the file that tells.

    Where the stack is executable, all memory may be (personality READ_IMPLIES_EXEC, programs of
    old): that something can be executed tells nothing then.
    """
    found: Witnesses = {}
    has_code = is_strict = False
    for mapping in mappings:
        if mapping.perms[2:4] == "xp":
            if mapping.inode:
                for rule in _rules_of(mapping.pathname):
                    found.setdefault(rule.key, mapping.pathname)
            has_code |= not mapping.pathname
        elif mapping.pathname == _STACK:
            is_strict = True
    if is_strict and has_code:
        return found | {rule.key: "" for rule in RULES if rule.program is None}
    return {key: file for key, file in found.items() if _BY_KEY[key].kind is not Kind.JIT_CODE}


def find_runtimes(entries: Sequence[MappingUsage]) -> dict[int, Found]:
    """Positions in `entries` of mappings that a rule names."""
    witnesses = witnesses_of(entry.mapping for entry in entries)
    if not witnesses:
        return {}
    memory = Memory.of(find_runs(entries))
    found: dict[int, Found] = {}
    for rule in RULES:
        if rule.key in witnesses:
            for piece in rule.find(memory):
                found.setdefault(piece.position, Found(rule, witnesses[rule.key]))
    return found
