"""Whether a higher RSS was missed, in words: the same in text, pictures, report and JSON."""

from __future__ import annotations

from typing import Any

from ..analysis.assurance import Doubt, Gap, Verdict
from ..answers.assurance import Assurance
from ..recorded import HighWaterMark, RssFacts
from ..units import format_duration, format_kib, format_time


def certainly_missed(found: Assurance) -> str | None:
    """What was missed, in words; None if nothing certainly was."""
    if found.gap.verdict is not Verdict.HIGHER:
        return None
    return missed(found.gap, found.known, found.mark)


def missed(gap: Gap, facts: RssFacts, mark: HighWaterMark | None) -> str:
    """One sentence without its full stop, about the highest layout."""
    if gap.size is None:
        return "the kernel's mark was not read, so what lay between the layouts is not known"
    if gap.verdict is Verdict.HIGHER:
        return f"RSS was up to {format_kib(gap.size)} higher {_when(gap, facts, mark)}"
    if gap.verdict is Verdict.NOT_PROVEN:
        return f"{_doubt(gap, facts)}{_at_most(gap, facts)}"
    exactness = f" (the kernel's mark is accurate to {format_kib(gap.tolerance)})"
    return f"nothing higher was missed{exactness if gap.tolerance else ''}"


def _when(gap: Gap, facts: RssFacts, mark: HighWaterMark | None) -> str:
    if gap.at_exit or mark is None:
        if facts.unseen_ns is None:
            return "after its last reading (reported when it exited)"
        return f"in its last {format_duration(facts.unseen_ns)} (reported when it exited)"
    if mark.since is None:
        return f"at some point before {format_time(mark.time)}"
    return f"at some point between {format_time(mark.since)} and {format_time(mark.time)}"


def _doubt(gap: Gap, facts: RssFacts) -> str:
    if gap.doubt is Doubt.TORN:
        return "it is torn, so its total proves nothing"
    if gap.doubt is Doubt.ENDED and facts.unseen_ns is not None:
        last = format_duration(facts.unseen_ns)
        return f"nothing higher was seen, but what it had in its last {last} is unknown"
    if gap.doubt is Doubt.EXECVE:
        return (
            "nothing higher was seen, but what it had between an execve and the reading before is"
            " unknown"
        )
    return "nothing higher was seen, but the accuracy of the kernel's mark is unknown"


def _at_most(gap: Gap, facts: RssFacts) -> str:
    if gap.at_most is None or gap.doubt is Doubt.TORN:
        return ""
    what = ["what ran before it"] if facts.inherited is not None else ["what ran before execve"]
    what += ["children it waited for"] if facts.had_children else []
    return f" (at most {format_kib(gap.at_most)}, with {' and '.join(what)})"


def as_json(gap: Gap, facts: RssFacts) -> dict[str, Any]:
    """The verdict and all that it was made of, in bytes and nanoseconds."""
    return {
        "verdict": gap.verdict.value,
        "doubt": gap.doubt.value if gap.doubt else None,
        "gap": gap.size,
        "at_exit": gap.at_exit,
        "tolerance": facts.tolerance,
        "unseen_ns": facts.unseen_ns,
        "exit_max_rss": facts.max_rss,
        "exit_inherited": facts.inherited,
    }
