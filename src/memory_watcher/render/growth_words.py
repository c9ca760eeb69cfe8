"""The sentences of what grew, for text and Markdown alike."""

from __future__ import annotations

from collections.abc import Iterator

from ..analysis.kinds import Kind
from ..analysis.placement import Placement
from ..analysis.verdicts import Verdict, Word
from ..answers.growth import Group, Growth, Life, Span
from ..units import SECOND, format_duration, format_size, format_time, plural
from .escape import escape

#: Verdicts whose rate tells what goes on now; of the others the line does not fit, or says nothing.
_WITH_RATE = (Word.GROWING, Word.TOO_SHORT)
_MALLOC = (
    "Memory that malloc keeps for later looks like memory in use."
    " To see which it is, call malloc_trim(0) in the program: what goes then was free."
)
_ARENAS = (
    f"{_MALLOC} Or run it with MALLOC_ARENA_MAX=2: what it then no longer takes was spread"
    " over arenas."
)


def rate(verdict: Verdict) -> str:
    """`+150 MiB (148 MiB to 152 MiB)`: per hour, with the interval; empty if it would mislead."""
    if verdict.rate is None or verdict.word not in _WITH_RATE:
        return ""
    low, high = format_size(verdict.low), format_size(verdict.high)
    if verdict.word is not Word.GROWING:
        return f"{low} to {high}"
    return f"{_signed(verdict.rate)} ({low} to {high})"


def _signed(size: int) -> str:
    return f"{'+' if size > 0 else ''}{format_size(size)}"


def note(group: Group, span: Span) -> str:
    """Since when a group grew, or how long a recording would tell."""
    verdict = group.verdict
    if verdict.word is Word.TOO_SHORT and verdict.needed_ns is not None:
        return f"needs {_about(verdict.needed_ns)}"
    if group.since_ns is not None:
        return f"since {clock(group.since_ns, span)}"
    return ""


def _about(nanoseconds: int) -> str:
    """A duration in whole minutes: it is an estimate."""
    minutes = -(-nanoseconds // (60 * SECOND))
    return f"{minutes} min" if minutes < 120 else f"{-(-minutes // 60)} h"


def clock(time_ns: int, span: Span) -> str:
    """A time to the second, without the day if the span is within one."""
    day, _, clock = format_time(time_ns).partition("T")
    begin, end = (format_time(each).partition("T")[0] for each in (span.begin_ns, span.end_ns))
    return clock[:8] if begin == end == day else f"{day}T{clock[:8]}"


def placed(group: Group, span: Span) -> list[str]:
    """Where in a group of nameless memory the growth sits, and what would tell more."""
    where = group.placement
    if where is None:
        return []
    return [*_where(where, span), *_experiment(group.kind)]


def _where(where: Placement, span: Span) -> Iterator[str]:
    if where.main is not None:
        before, after = format_size(where.main.before), format_size(where.main.after)
        since = where.main.since_ns
        mapped = "" if since is None else f", mapped since {clock(since, span)}"
        yield f"One mapping has most of it, from {before} to {after}{mapped}:"
        yield f"  {escape(where.main.name)}"
    elif where.new_size is not None:
        size = format_size(where.new_size)
        yield f"{plural(where.new, 'mapping is', 'mappings are')} new, most of {size} each."
    elif where.new:
        yield f"{plural(where.new, 'mapping is', 'mappings are')} new, of several sizes."
    if where.arenas is not None:
        heaps, writable, resident = where.arenas
        share = f" ({100 * resident // writable} %)" if writable else ""
        yield (
            f"{plural(heaps, 'arena', 'arenas')}: {format_size(resident)} of"
            f" {format_size(writable)} is resident{share}."
        )
    if where.huge and where.resident:
        share = f"{100 * where.huge // where.resident} %"
        yield f"{format_size(where.huge)} of it ({share}) is in huge pages."


def _experiment(kind: Kind | None) -> Iterator[str]:
    if kind is Kind.HEAP:
        yield _MALLOC
    if kind is Kind.ARENA:
        yield _ARENAS


def notes(growth: Growth) -> list[str]:
    """What is to be known of the whole: what was left out, what was not known."""
    return [sentence for sentence in _notes(growth) if sentence]


def _notes(growth: Growth) -> Iterator[str]:
    span = growth.span
    if growth.instead:
        yield f"{growth.instead[0].upper()}{growth.instead[1:]}."
    yield growth.sums or ""
    if span.since_execve:
        yield "What was before its last execve is left out: that was another program."
    if span.torn:
        count = plural(span.torn, "torn layout is", "torn layouts are")
        yield f"{count} {'used, since most are torn' if span.torn_used else 'left out'}."
    if span.unchecked:
        yield f"{plural(span.unchecked, 'layout', 'layouts')} could not be checked."
    if span.gaps:
        yield f"At {plural(span.gaps, 'instant', 'instants')} nothing was known."


def life(each: Life, span: Span) -> str:
    """One line on one of several lives."""
    long = format_duration(each.end_ns - each.begin_ns)
    return (
        f"PID {each.process.pid}, from {clock(each.begin_ns, span)} for {long}:"
        f" {each.verdict.word.value}, {format_size(each.first)} to {format_size(each.last)}"
    )
