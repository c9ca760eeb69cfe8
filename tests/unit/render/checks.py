"""Results of checks, made by hand, and names that try to break every output."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from memory_watcher.analysis.budgets.model import (
    Checked,
    Culprit,
    Judged,
    Limit,
    Line,
    RunFile,
    Word,
)

MIB = 1 << 20
HOSTILE = (
    "a|b`c`",
    "x\n::error::y\r%0A",
    "\x1b[31mred\x00\x85",
    "<script>alert(1)</script>&amp;",
    "bad\udcff\ud800",
    "]]>, title=1:2",
    "[a](javascript:b) @all #1",
    "\u202ereversed\ufffe",
)


def judged(name: str = "heap", verdict: Word = Word.WITHIN, **facts: Any) -> Judged:
    """One budget of 82 MiB, of which 79 MiB were measured once, unless `facts` say otherwise."""
    line = Line("kind", Limit(82 * MIB), "heap", facts.pop("number", 3))
    usual: dict[str, Any] = {
        "line": line,
        "process": None,
        "figure": "pss",
        "at": "peak",
        "unit": "bytes",
        "limit": 82 * MIB,
        "source": "max",
        "baseline": None,
        "measured": 79 * MIB,
        "values": (79 * MIB,),
    }
    return Judged(name=name, verdict=verdict, **{**usual, **facts})


def over(name: str = "heap", **facts: Any) -> Judged:
    """The example of the documentation: a heap of 80 MiB that became 93.1 MiB."""
    culprit = Culprit(
        kind="heap",
        name="[heap]",
        before=80 * MIB,
        after=int(92.8 * MIB),
        change=int(12.8 * MIB),
        since_ns=41 * 10**9,
        is_held=True,
    )
    usual: dict[str, Any] = {
        "measured": int(93.1 * MIB),
        "values": (int(93.1 * MIB),),
        "baseline": 80 * MIB,
        "culprits": (culprit,),
        "others": int(0.1 * MIB),
    }
    return judged(name, Word.OVER, **{**usual, **facts})


def undecided(name: str = "threads", why: str = "3 of 5 runs are over", **facts: Any) -> Judged:
    """What could not be judged, and why."""
    return judged(name, Word.UNDECIDED, why=why, **{"measured": None, "values": (), **facts})


def checked(*budgets: Judged, **facts: Any) -> Checked:
    """All that a check found, of one recording with its report."""
    usual = {"recordings": (RunFile("run.db", "run.html", 0),), "budget": "memory-budget.toml"}
    return Checked(budgets, **{**usual, **facts})


def hostile() -> Checked:
    """Every text that comes from outside is hostile."""
    budgets = []
    for name in HOSTILE:
        culprit = Culprit("library", name, None, MIB, None, process=name, where=name)
        budgets.append(over(name, culprits=(culprit,), process=name))
        budgets.append(undecided(name, why=name))
    run = RunFile(HOSTILE[1], HOSTILE[4], 0)
    return checked(
        *budgets, recordings=(run,), budget=HOSTILE[5], baseline=HOSTILE[2], notes=HOSTILE
    )


#: Any text that a process, a file or a budget can bring in: controls and lone surrogates, too.
TEXTS = st.text(st.characters(codec=None), max_size=30)
