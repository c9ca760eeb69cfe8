"""What grows, and how surely."""

from __future__ import annotations

from ..verdicts import Word
from .base import MOST_EXAMPLES, Example, Finding, Grown, Rank, Scene

#: In the order in which they matter.
_RISES = (Word.GROWING, Word.STEP, Word.SATURATING)
#: A smaller share of the whole may be chance: of many groups, one grows by chance.
_NOTABLE = 0.01
_RANKS = {Word.GROWING: Rank.ACT, Word.STEP: Rank.MAIN, Word.SATURATING: Rank.MAIN}


def growth(scene: Scene) -> Finding | None:
    """The groups that grew; where none did for certain, what all together did."""
    if not scene.grown:
        return None
    whole, *groups = scene.grown
    rising = [
        each
        for each in groups
        if each.verdict.word in _RISES and scene.is_notable(each.verdict.rise, _NOTABLE)
    ]
    rising.sort(key=lambda each: (_RISES.index(each.verdict.word), -each.verdict.rise, each.name))
    first = rising[0] if rising else whole
    word = first.verdict.word
    figures = {"groups": len(rising), **_figures(first)}
    return Finding(
        "growth",
        _RANKS.get(word, Rank.NOTE),
        first.verdict.rise,
        figures,
        tuple(Example(each.name, each.verdict.rise) for each in rising[:MOST_EXAMPLES]),
        word.value,
    )


def _figures(grown: Grown) -> dict[str, int]:
    verdict = grown.verdict
    figures = {
        "rise": verdict.rise,
        "held": verdict.held,
        "rate_per_hour": verdict.rate,
        "rate_low": verdict.low,
        "rate_high": verdict.high,
        "since_ns": grown.since_ns,
        "needed_ns": verdict.needed_ns,
    }
    return {name: value for name, value in figures.items() if value is not None}


FINDERS = (growth,)
