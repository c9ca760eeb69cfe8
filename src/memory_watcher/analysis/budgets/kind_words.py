"""Kinds as people write them in a budget: `heap`, `malloc-arena`, `thread_stack`."""

from __future__ import annotations

from ..kinds import Kind

_ALIASES = {"arena": Kind.ARENA, "stack": Kind.THREAD_STACK, "hugetlb": Kind.HUGE_PAGES}
#: The point of `.bss` would need quotes in TOML.
_KINDS = {kind.value.lower().replace(".", ""): kind for kind in Kind} | _ALIASES


def word_of(kind: Kind) -> str:
    """How it is written in a budget, without quotes."""
    return kind.value.lower().replace(" ", "-").replace(".", "")


#: The words that a message offers, and those that it offers to who wrote nearly the same.
KIND_WORDS = tuple(word_of(kind) for kind in Kind if kind is kind.family)
PART_WORDS = tuple(word_of(kind) for kind in Kind if kind is not kind.family)


def kind_named(word: str) -> Kind | None:
    """The kind that a word stands for, in any case, with `-` or `_` for blanks; None if none.

    `library` is the family of all parts of programs and libraries.
    """
    return _KINDS.get(word.lower().replace("-", " ").replace("_", " ").replace(".", ""))
