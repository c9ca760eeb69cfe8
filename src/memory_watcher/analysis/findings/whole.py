"""Where the memory is: by kind, by process, and what processes share."""

from __future__ import annotations

from .base import (
    MOST_EXAMPLES,
    SMALLEST,
    Attributed,
    Example,
    Finding,
    Rank,
    Scene,
    biggest,
    by_kind,
    by_name,
)

#: A further kind is named if it has so much of the whole.
_WORTH_NAMING = 0.05
#: So much of RSS counted twice and more is worth a sentence.
_SHARED = 0.1


def dominates(scene: Scene) -> Finding | None:
    """The kinds that have the most, and the biggest names among them."""
    kinds = biggest(scene.entries, scene.figure, by_kind)
    if not kinds or not scene.memory:
        return None
    named = tuple(kind for kind in kinds if kind.size >= _WORTH_NAMING * scene.memory) or kinds[:1]
    first = [each for each in scene.entries if by_kind(each) == named[0].name]
    names = [each for each in biggest(first, scene.figure, by_name) if each.name != named[0].name]
    figures = {"memory": scene.memory, "most": named[0].size, "kinds": len(named)}
    return Finding(
        "dominates", Rank.MAIN, scene.memory, figures, (*named, *names[:1]), scene.figure
    )


def no_layout(scene: Scene) -> Finding | None:
    """How much of the whole is of processes without a layout: it is in no kind and no name."""
    lacking = [each for each in scene.members if not each.entries and each.size]
    size = sum(each.size or 0 for each in lacking)
    if size < SMALLEST:
        return None
    figures = {
        "processes": len(scene.members),
        "without": len(lacking),
        "size": size,
        "memory": scene.memory,
    }
    return Finding("no-layout", Rank.MAIN, size, figures)


def biggest_process(scene: Scene) -> Finding | None:
    """Which processes of several have the most."""
    sizes = [Example(each.name, each.size) for each in scene.members if each.size]
    if scene.is_one or not sizes or not scene.memory:
        return None
    order = sorted(sizes, key=lambda each: (-each.size, each.name))[:MOST_EXAMPLES]
    figures = {
        "processes": len(scene.members),
        "memory": scene.memory,
        "most": order[0].size,
        "together": sum(each.size for each in order),
    }
    return Finding("biggest-process", Rank.MAIN, order[0].size, figures, tuple(order))


def sharing(scene: Scene) -> Finding | None:
    """By how much a sum of RSS counts the same pages again."""
    if scene.is_one or scene.rss is None or scene.figure != "pss":
        return None
    twice = scene.rss - scene.memory
    if twice < max(SMALLEST, _SHARED * scene.rss):
        return None
    figures = {
        "processes": len(scene.members),
        "rss": scene.rss,
        "pss": scene.memory,
        "counted_again": twice,
    }
    return Finding(
        "sharing", Rank.NOTE, twice, figures, biggest(scene.entries, _counted_again, by_kind)
    )


def _counted_again(each: Attributed) -> int:
    usage = each[0].usage
    return (usage.rss or 0) - (usage.pss or 0)


FINDERS = (dominates, no_layout, biggest_process, sharing)
