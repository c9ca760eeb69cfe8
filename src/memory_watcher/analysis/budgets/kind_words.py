"""Kinds as people write them in a budget: `heap`, `malloc-arena`, `thread_stack`."""

from __future__ import annotations

from ..kinds import Kind

_ALIASES = {"arena": Kind.ARENA, "stack": Kind.THREAD_STACK, "hugetlb": Kind.HUGE_PAGES}
_KINDS = {kind.value.lower(): kind for kind in Kind} | _ALIASES

#: The words that a message offers.
KIND_WORDS = tuple(kind.value.lower().replace(" ", "-") for kind in Kind)


def kind_named(word: str) -> Kind | None:
    """The kind that a word stands for, in any case, with `-` or `_` for blanks; None if none."""
    return _KINDS.get(word.lower().replace("-", " ").replace("_", " "))
