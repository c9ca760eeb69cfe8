"""Whether a higher RSS than that of any layout was missed: proven, disproven or not known. Pure.

The kernel's high-water mark says so up to the moment when it was read last. What a process had
after that, in its last 20 ms or before an execve, nobody knows; but that its parent was told the
highest RSS of its whole life. That one also counts what ran before its first execve and children
it waited for, so it proves that nothing was higher more often than that something was.

Every medium that reassures asks `judge`, and says `Gap.verdict` and `Gap.doubt`.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from ..recorded import RssFacts

#: What a child touches between being asked how large it is and execve.
_BEFORE_EXECVE = 1 << 20


class Verdict(enum.Enum):
    """What is known of a higher RSS than that of the highest layout."""

    UNKNOWN = "unknown"
    NOTHING_HIGHER = "nothing higher"
    WITHIN_TOLERANCE = "within tolerance"
    HIGHER = "higher"
    NOT_PROVEN = "not proven"


class Doubt(enum.Enum):
    """Why nothing is proven."""

    TORN = "the highest layout is torn"
    TOLERANCE = "by how much the kernel's mark may be off is not known"
    ENDED = "what it had after its last reading is not known"
    EXECVE = "what it had between a reading and an execve is not known"


class Gap(NamedTuple):
    """The highest RSS known of (bytes) against that of the highest layout.

    `size` is how far it lies above that, below 0 if under it; None if either is not known. It is
    `at_exit` if only the parent was told of it, when the process had ended. `doubt` is why nothing
    is proven. `at_most` is the parent's figure, where more cannot have been missed.
    """

    size: int | None
    verdict: Verdict
    tolerance: int
    at_exit: bool = False
    doubt: Doubt | None = None
    at_most: int | None = None


def judge(facts: RssFacts, highest: int | None, is_torn: bool = False) -> Gap:
    """Compare what is known of a process with the RSS of its highest layout."""
    tolerance = facts.tolerance or 0
    told = _told_at_exit(facts, tolerance)
    known = [size for size in (facts.mark, told) if size is not None]
    if highest is None or not known:
        return Gap(None, Verdict.UNKNOWN, tolerance, at_most=facts.max_rss)
    gap = max(known) - highest
    if is_torn:
        return Gap(gap, Verdict.NOT_PROVEN, tolerance, doubt=Doubt.TORN, at_most=facts.max_rss)
    if gap > tolerance:
        at_exit = facts.mark is None or max(known) > facts.mark + tolerance
        return Gap(gap, Verdict.HIGHER, tolerance, at_exit, at_most=facts.max_rss)
    doubt = _doubt(facts, highest + tolerance)
    if doubt is not None:
        return Gap(gap, Verdict.NOT_PROVEN, tolerance, doubt=doubt, at_most=facts.max_rss)
    verdict = Verdict.NOTHING_HIGHER if gap <= 0 else Verdict.WITHIN_TOLERANCE
    return Gap(gap, verdict, tolerance)


def _told_at_exit(facts: RssFacts, tolerance: int) -> int | None:
    """The parent's figure if it can only be that of this process since its first execve."""
    if facts.max_rss is None or facts.inherited is None or facts.had_children:
        return None
    if facts.max_rss <= facts.inherited + tolerance + _BEFORE_EXECVE:
        return None
    return facts.max_rss


def _doubt(facts: RssFacts, proven: int) -> Doubt | None:
    """Why a mark that is not above `proven` bytes proves nothing, if it does not."""
    if facts.tolerance is None:
        return Doubt.TOLERANCE
    if facts.max_rss is not None and facts.max_rss <= proven:
        return None
    if facts.unseen_ns is not None:
        return Doubt.ENDED
    return Doubt.EXECVE if facts.execves else None
