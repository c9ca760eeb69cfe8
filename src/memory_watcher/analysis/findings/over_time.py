"""What the recording tells of other moments: whether a higher peak was missed."""

from __future__ import annotations

from ..assurance import Gap, Verdict
from .base import Example, Finding, Rank, Scene


def peak(scene: Scene) -> Finding | None:
    """Whether a higher RSS than any layout has was missed."""
    judged = [each for each in scene.gaps if each[1] is not None]
    if not judged:
        return None
    missed = [each for each in judged if each[2].verdict is Verdict.HIGHER]
    name, highest, gap = max(missed or judged, key=lambda each: _weight(each[2], each[1]))
    figures = {
        "processes": len(judged),
        "with_higher": len(missed),
        "highest_rss": highest or 0,
        "tolerance": gap.tolerance,
        "missed": max(gap.size or 0, 0) if missed else 0,
    }
    rank = Rank.LOOK if missed else Rank.NOTE
    stake = figures["missed"] if missed else figures["highest_rss"]
    return Finding("peak", rank, stake, figures, (Example(name, highest or 0),), gap.verdict.value)


def _weight(gap: Gap, highest: int | None) -> tuple[int, int]:
    return (gap.size or 0 if gap.verdict is Verdict.HIGHER else 0, highest or 0)


FINDERS = (peak,)
