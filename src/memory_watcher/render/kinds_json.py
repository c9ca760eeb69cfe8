"""`memory-watcher kinds --json`: what there is and why, or the evidence of one mapping."""

from __future__ import annotations

from typing import Any

from ..analysis.kinds import Reason
from ..analysis.runtimes import Found
from ..answers.kinds import KindsView, evidence_of, own_word, reserved_of
from .json_values import dump, named, summed, timed


def render(view: KindsView) -> str:
    """One JSON object and a newline; bytes."""
    return dump(
        {
            **_head(view),
            "groups": [
                {
                    "kind": group.kind.value,
                    **named("name", group.name),
                    "basis": group.basis.value,
                    "known_by": group.basis.meaning,
                    "rule": _rule(group.rule),
                    "mappings": group.mappings,
                    "size": summed(group.size),
                    "hugetlb": group.hugetlb,
                }
                for group in evidence_of(view)
            ],
            "runtime_says": _own_word(view),
        }
    )


def _own_word(view: KindsView) -> dict[str, Any] | None:
    """What the runtime said itself, where it was asked."""
    report = own_word(view)
    if view.said is None or report is None:
        return None
    tracked = report.tracked
    return {
        **timed("time", view.said.time),
        **named("source", view.said.source),
        "parts": [each._asdict() for each in report.parts],
        "native_memory_tracking": tracked and [each._asdict() for each in tracked],
        **named("text", view.said.text),
    }


def render_reserved(view: KindsView) -> str:
    """What was reserved together."""
    return dump(
        {
            **_head(view),
            "reservations": [
                {
                    "start": each.start,
                    "end": each.end,
                    "reserved": each.reserved,
                    "accessible": each.accessible,
                    "pieces": each.pieces,
                    "size": summed(each.size),
                    "kind": each.kind.value if each.kind else None,
                    **named("name", each.name or None),
                }
                for each in reserved_of(view)
            ],
        }
    )


def render_why(view: KindsView, reason: Reason) -> str:
    """The same for one mapping."""
    mapping, usage = reason.entry.mapping, reason.entry.usage
    return dump(
        {
            **_head(view),
            "start": mapping.start,
            "end": mapping.end,
            "perms": mapping.perms,
            **named("pathname", mapping.pathname),
            "vm_flags": usage.vm_flags,
            "size": mapping.size,
            view.figure: getattr(usage, view.figure, None),
            "kind": reason.attribution.kind.value,
            **named("name", reason.attribution.name),
            "basis": reason.basis.value,
            "known_by": reason.basis.meaning,
            "rule": _rule(reason.rule),
            "not_proven": [_rule(each) for each in reason.silent],
        }
    )


def _head(view: KindsView) -> dict[str, Any]:
    return {
        "view": "kinds",
        "process": view.process.id,
        "pid": view.process.pid,
        **named("process_name", view.process.name),
        "measurement": view.measurement.id,
        "tick": view.measurement.tick,
        **timed("time", view.measurement.time),
        "figure": view.figure,
    }


def _rule(found: Found | None) -> dict[str, Any] | None:
    if found is None:
        return None
    rule = found.rule
    return {
        "key": rule.key,
        "of": rule.runtime,
        "kind": rule.kind.value,
        "name": rule.name,
        **named("executed", found.witness or None),
        **named("executed_beside", found.against),
        "evidence": rule.evidence,
        "contradiction": rule.contradiction,
        "compared_with": [
            {
                "program": proof.program,
                "figure": proof.figure,
                "named": proof.named,
                "own": proof.own,
            }
            for proof in rule.proofs
        ],
    }
