"""Why a test is over its limits, in 15 lines at most. Pure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from ..render.escape import escape
from ..units import format_size, format_time, plural
from .measured import Measured, Over

#: Limits and changes that are listed.
_LIMITS, _CHANGES = 3, 3
_NAMES = 3
#: A peak is as high as the highest layout if it is above it by less.
_LEAST_GAP = 1 << 20


def explain(measured: Measured, recording: str, problem: str = "") -> str:
    """The text of a failing test; `recording` is where to look further, `problem` why it lacks."""
    lacks = f" ({escape(problem)[:200]})" if problem and measured.facts is None else ""
    return "\n".join([*_lines(measured), f"recording: {escape(recording)}{lacks}", _when(measured)])


def short(path: str, start: str) -> str:
    """An absolute path as it is shorter: from a folder, or from the root."""
    return min(os.path.relpath(path, start), path, key=len)


def headline(over: Over) -> str:
    """`resident memory (peak): 205 MiB, limit 200 MiB (+5.1 MiB)`."""
    size, limit, more = map(format_size, (over.measured, over.limit, over.measured - over.limit))
    return f"{over.what}: {size}{over.unit}, limit {limit}{over.unit} (+{more})"


def _lines(measured: Measured) -> Iterator[str]:
    for over in measured.over[:_LIMITS]:
        yield f"over its memory limit: {headline(over)}"
    if (more := len(measured.over) - _LIMITS) > 0:
        yield f"and {plural(more, 'more limit', 'more limits')}"
    if measured.undecided:
        yield f"a memory limit could not be judged: {escape(measured.undecided)[:200]}"
    begin, peak, end = map(format_size, (measured.begin, measured.peak, measured.end))
    least = "" if measured.is_exact else " or more"
    yield f"resident when the test began {begin}, peak {peak}{least}, at its end {end}"
    yield from _circumstances(measured)
    if measured.facts is not None:
        yield from _changes(measured.facts, measured.peak)


def _circumstances(measured: Measured) -> Iterator[str]:
    said = []
    if measured.was_set_up:
        said.append("the peak was reached while fixtures were set up")
    if measured.modules:
        said.append(f"{plural(measured.modules, 'module was', 'modules were')} imported")
    if measured.threads:
        names = ", ".join(escape(name)[:30] for name in measured.threads[:_NAMES])
        count = plural(len(measured.threads), "other thread", "other threads")
        said.append(f"{count} ran, whose memory counts too: {names}")
    if said:
        yield "; ".join(said)


def _changes(facts: dict[str, Any], peak: int | None) -> Iterator[str]:
    if facts["before"] is None or facts["highest"] is None:
        yield "no layout was read before the test"
        return
    highest, before = format_size(facts["highest"]), format_size(facts["before"])
    missed = (peak or 0) - facts["highest"]
    if missed > max(_LEAST_GAP, (peak or 0) // 50):
        more = format_size(missed)
        yield f"the peak was between two layouts: the highest of them has {highest}, {more} less"
    told = facts["changes"][:_CHANGES]
    if told:
        yield f"in the highest layout, {highest}, against the one before the test, {before}:"
    for kind, name, old, new, change in told:
        also = f" ({kind})" if kind and kind not in name else ""
        sizes = f"{format_size(old)} → {format_size(new)}"
        yield f"  +{format_size(change)} in {escape(name)[:80]}{also}: {sizes}"
    rest = max([facts["others"], *(change for *_, change in facts["changes"][_CHANGES:])])
    if told:
        least = f" by more than {format_size(rest)}" if rest else ""
        yield f"  nothing else changed{least}"


def _when(measured: Measured) -> str:
    facts = measured.facts or {}
    first, last = facts.get("from"), facts.get("to")
    began, ended = measured.began_ns, measured.ended_ns
    return f"from {first or format_time(began)} to {last or format_time(ended)}"
