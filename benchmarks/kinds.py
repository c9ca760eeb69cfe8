"""Shares of PSS that are left without a name, on real programs, and what their runtimes say.

    python -m benchmarks.kinds [PROGRAM…]        exit code 1 if a bar is missed or one is lacking

Writes what was measured to docs/measured-kinds.json, of which docs/generate.py makes the table in
docs/kinds.md. With programs named only these are measured anew.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from .runtimes import PROGRAMS, Missing, Program
from .runtimes.measure import Measured, measure

RESULTS = Path(__file__).resolve().parents[1] / "docs" / "measured-kinds.json"
#: The bars: how much may be left, and how far from the runtime's own figure what is named may be.
LEFT, NEAR = 0.15, 0.05


def result(program: Program, measured: Measured) -> dict[str, Any]:
    """What is kept of a measurement, sizes in bytes."""
    return {
        "title": f"{program.title} {measured.version}",
        "does": program.does,
        "pss": measured.pss,
        "without_rules": round(measured.without_rules, 4),
        "anonymous": round(measured.anonymous, 4),
        "compared": [
            {
                "names": list(claim.names),
                "figure": claim.figure,
                "own": claim.own,
                "named": measured.named(claim.names),
            }
            for claim in measured.after
        ],
    }


def missed(found: dict[str, Any]) -> list[str]:
    """The bars that a measurement misses, in words."""
    words = []
    if found["anonymous"] > LEFT:
        words.append(f"{found['anonymous']:.1%} are left")
    words += [
        f"{', '.join(each['names'])}: {each['named']} named, {each['figure']} {each['own']}"
        for each in found["compared"]
        if abs(each["named"] / each["own"] - 1) > NEAR
    ]
    return words


def main(names: list[str]) -> int:
    """Measure, print, and write."""
    unknown = set(names) - {program.key for program in PROGRAMS}
    if unknown:
        print(f"no such program: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    is_failed = False
    for program in PROGRAMS:
        if names and program.key not in names:
            continue
        try:
            found = result(program, measure(program))
        except Missing as missing:
            print(f"{program.key:10} {missing}")
            is_failed = True
            continue
        kept[program.key] = found
        problems = missed(found)
        is_failed |= bool(problems)
        shares = f"{found['without_rules']:6.1%} -> {found['anonymous']:6.1%}"
        print(f"{program.key:10} {shares}  {'; '.join(problems) or 'within the bars'}", flush=True)
    ordered = {each.key: kept[each.key] for each in PROGRAMS if each.key in kept}
    RESULTS.write_text(json.dumps(ordered, indent=2, ensure_ascii=False) + "\n")
    return int(is_failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
