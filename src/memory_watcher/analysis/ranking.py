"""Things by size: the biggest ones, and what the others come to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from .breakdown import Sum, add_up

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Ranking(Generic[_T]):
    """Things by size: `top` + `other` add up to `total`, all in bytes; `other_count` more things.

    A sum says in `lacking` how many of its things have no size.
    """

    top: tuple[tuple[_T, int | None], ...]
    other: Sum
    other_count: int
    total: Sum


def rank(
    things: Iterable[_T], size_of: Callable[[_T], int | None], top: int | None = None
) -> Ranking[_T]:
    """Sort things by size, the biggest first and those without one last; keep the `top` ones.

    Of what has nothing, none is among the top ones.
    """
    sized = [(thing, size_of(thing)) for thing in things]
    sized.sort(key=lambda pair: (pair[1] is None, -(pair[1] or 0)))
    kept = [n for n, (_, size) in enumerate(sized) if top is None or size != 0][:top]
    shown = [sized[n] for n in kept]
    rest = [pair for n, pair in enumerate(sized) if n not in set(kept)]
    return Ranking(
        top=tuple(shown),
        other=add_up(size for _, size in rest),
        other_count=len(rest),
        total=add_up(size for _, size in sized),
    )
