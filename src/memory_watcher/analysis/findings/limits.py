"""What comes near a limit, or can move less than it seems: mappings, swap, locked memory."""

from __future__ import annotations

from ..kinds import Kind
from .base import SMALLEST, Example, Finding, Rank, Scene, biggest, by_kind, total

#: So much of the machine's limit is worth a sentence, and so much an urgent one.
_NEAR, _VERY_NEAR = 0.5, 0.8
_SWAP, _MUCH_SWAP = 0.01, 0.1


def mapping_count(scene: Scene) -> Finding | None:
    """A process that has nearly as many mappings as one may have."""
    most = max(scene.members, key=lambda each: len(each.entries), default=None)
    limit = scene.max_map_count
    if most is None or not limit or len(most.entries) < _NEAR * limit:
        return None
    count = len(most.entries)
    kinds: dict[str, int] = {}
    for each in most.entries:
        kinds[by_kind(each)] = kinds.get(by_kind(each), 0) + 1
    kind, of_kind = max(kinds.items(), key=lambda item: (item[1], item[0]))
    figures = {"mappings": count, "limit": limit, "of_kind": of_kind}
    rank = Rank.ACT if count >= _VERY_NEAR * limit else Rank.LOOK
    return Finding("mapping-count", rank, scene.memory, figures, (Example(most.name, count),), kind)


def swap(scene: Scene) -> Finding | None:
    """What sits in swap, at this moment or at another."""
    figure = "swap" if scene.is_one else "swap_pss"
    now = total(scene.entries, figure)
    highest = scene.highest_swap if scene.is_one else None
    most = max((size for size in (now, highest) if size is not None), default=None)
    if now is None or most is None or not scene.is_notable(most, _SWAP):
        return None
    figures = {"swap": now, "highest": most, "memory": scene.memory}
    rank = Rank.ACT if now >= _MUCH_SWAP * (scene.memory + now) else Rank.LOOK
    return Finding("swap", rank, most, figures, biggest(scene.entries, figure, by_kind))


def locked(scene: Scene) -> Finding | None:
    """Memory that the kernel may neither swap nor drop."""
    found = [each for each in scene.entries if each[1].kind is not Kind.KERNEL]
    size = total(found, "locked")
    if size is None or size < SMALLEST:
        return None
    figures = {"locked": size, "memory": scene.memory}
    return Finding("locked", Rank.NOTE, size, figures, biggest(found, "locked", by_kind))


FINDERS = (mapping_count, swap, locked)
