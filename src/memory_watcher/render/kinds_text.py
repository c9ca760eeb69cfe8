"""The text of `kinds`: a table of what there is and why, or the evidence of one mapping."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from ..analysis.basis import Basis
from ..analysis.kinds import Reason
from ..analysis.runtimes import Found, Proof
from ..analysis.runtimes.jvm_report import Amount
from ..answers.kinds import Evidence, KindsView, evidence_of, own_word, reserved_of
from ..metrics import LAYOUT
from ..units import format_kib, format_size, format_time, plural
from .escape import escape, pad, width
from .text_columns import ABSENT, label

_WIDTH = 100
_INDENT = " " * 18


def render(view: KindsView) -> str:
    """All of the process; ends in a newline."""
    groups = evidence_of(view)
    title = LAYOUT[view.figure].title
    cells = [
        (title, "mappings", "kind", "name", "known by"),
        *(_cells(group) for group in groups),
    ]
    widths = [max(width(line[column]) for line in cells) for column in range(4)]
    lines = [
        f"{size:>{widths[0]}}  {count:>{widths[1]}}  {pad(kind, widths[2])}"
        f"  {pad(name, widths[3])}  {known}"
        for size, count, kind, name, known in cells
    ]
    return "\n".join([_head(view), "", *lines, *_own_word(view)]) + "\n"


def _own_word(view: KindsView) -> Iterator[str]:
    """What the runtime said itself, where it was asked."""
    report = own_word(view)
    if view.said is None or report is None:
        return
    yield ""
    yield f"The JVM's own word ({escape(view.said.source)}), of {format_time(view.said.time)}:"
    if report.parts:
        yield from _amounts(report.parts)
    else:
        yield "  Nothing of it is understood. It is in the table runtime_reports."
    if report.tracked is not None:
        yield "Its native memory tracking:"
        yield from _amounts(report.tracked)
    elif report.tracking_is_off:
        yield (
            "Its native memory tracking is off. Start the program with"
            " -XX:NativeMemoryTracking=summary to see more."
        )


def _amounts(amounts: tuple[Amount, ...]) -> Iterator[str]:
    cells = [
        [
            f"{word} {format_kib(size)}"
            for word, size in (("committed", each.committed), ("used", each.used))
            if size is not None
        ]
        for each in amounts
    ]
    wide = max(width(each.name) for each in amounts)
    for each, sizes in zip(amounts, cells, strict=True):
        yield f"  {pad(escape(each.name), wide)}  {', '.join(sizes)}"


def render_reserved(view: KindsView) -> str:
    """What was reserved together; ends in a newline."""
    found = reserved_of(view)
    if not found:
        return f"{_head(view)}\n\nNothing is proven to have been reserved together.\n"
    cells = [
        ("reserved", "accessible", "pieces", LAYOUT[view.figure].title, "kind", "name", "address"),
        *(
            (
                format_size(each.reserved),
                format_size(each.accessible),
                str(each.pieces),
                ABSENT if each.size.size is None else format_size(each.size.size),
                each.kind.value if each.kind else "",
                escape(each.name),
                f"{each.start:08x}-{each.end:08x}",
            )
            for each in found
        ),
    ]
    widths = [max(width(line[column]) for line in cells) for column in range(6)]
    lines = []
    for *sizes, kind, name, address in cells:
        right = [f"{size:>{wide}}" for size, wide in zip(sizes, widths, strict=False)]
        lines.append("  ".join([*right, pad(kind, widths[4]), pad(name, widths[5]), address]))
    return "\n".join([_head(view), "", *lines]) + "\n"


def _cells(group: Evidence) -> tuple[str, str, str, str, str]:
    beside = f" + {format_kib(group.hugetlb)} hugetlb" if group.hugetlb else ""
    return (
        format_kib(group.size.size) + beside,
        str(group.mappings),
        group.kind.value,
        escape(group.name),
        _known_by(group.basis, group.rule),
    )


def _known_by(basis: Basis, rule: Found | None) -> str:
    if rule is None:
        return basis.meaning
    return f"{_witness(rule)}{rule.rule.evidence}"


def _witness(rule: Found) -> str:
    return f"{escape(rule.witness)} is executed. " if rule.witness else ""


def _head(view: KindsView) -> str:
    process = f"{escape(view.process.name) or ABSENT} ({view.process.pid})"
    count = plural(len(view.reasons), "mapping", "mappings")
    return f"{process}, {format_time(view.measurement.time)}: {count}"


def render_why(view: KindsView, reason: Reason) -> str:
    """One mapping; ends in a newline."""
    return "\n".join([_head(view), "", *_why(view, reason)]) + "\n"


def _why(view: KindsView, reason: Reason) -> Iterator[str]:
    mapping, usage = reason.entry.mapping, reason.entry.usage
    kind, name = reason.attribution
    yield label("mapping", f"{mapping.start:08x}-{mapping.end:08x} {mapping.perms}")
    if mapping.pathname:
        yield label("shown as", escape(mapping.pathname))
    yield label("size", format_size(mapping.size))
    size = getattr(usage, view.figure, None)
    yield label(LAYOUT[view.figure].title, ABSENT if size is None else format_size(size))
    yield label("flags", usage.vm_flags or "not reported")
    yield label("kind", kind.value)
    yield label("name", escape(name))
    yield from _wrapped("known by", reason.basis.meaning)
    if reason.rule is not None:
        yield from _rule(reason.rule)
    for each in reason.silent:
        said = f"{each.rule.name}: {_witness(each)}{_against(each)}{each.rule.evidence}"
        yield from _wrapped("not proven", said)


def _against(rule: Found) -> str:
    if rule.against is None:
        return ""
    other = escape(rule.against) if rule.against else "code that the program made"
    return f"So is {other}, which may have mapped it. "


def _rule(found: Found) -> Iterator[str]:
    rule = found.rule
    yield label("of", rule.runtime)
    if found.witness:
        yield label("executed", escape(found.witness))
    yield from _wrapped("it shows", rule.evidence)
    yield from _wrapped("refuted by", rule.contradiction)
    for proof in rule.proofs:
        yield from _wrapped("compared with", proof_text(proof))


def proof_text(proof: Proof) -> str:
    """What a rule named, beside what the runtime said."""
    named, own = format_size(proof.named), format_size(proof.own)
    return f"{proof.program}: {named} named, {proof.figure} {own}"


def _wrapped(name: str, text: str) -> Iterator[str]:
    first, *rest = textwrap.wrap(text, _WIDTH - len(_INDENT), break_long_words=False) or [""]
    yield label(name, first)
    yield from (_INDENT + line for line in rest)
