"""Sentences of findings: each has figures, is plain and short, and leads to its section."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.analysis.assurance import Gap
from memory_watcher.analysis.assurance import Verdict as Missed
from memory_watcher.analysis.findings import find_all
from memory_watcher.analysis.findings.base import Attributed, Finding, Grown, Member, Scene
from memory_watcher.analysis.kinds import Kind
from memory_watcher.analysis.verdicts import Verdict, Word
from memory_watcher.answers.assurance import Assurance
from memory_watcher.answers.explain import Explanation
from memory_watcher.model import LayoutState
from memory_watcher.recorded import RssFacts
from memory_watcher.render.explain_json import render as render_json
from memory_watcher.render.explain_text import render
from memory_watcher.render.explain_words import WORDS, sentences
from tests.cli.test_words import FORBIDDEN, LONGEST
from tests.unit.analysis.findings.scenes import KIB, MIB, member, of_one, piece, scene

ROOT = Path(__file__).parents[3]
HIGHER = Gap(3 * MIB, Missed.HIGHER, 7 * KIB)
NOTHING = Gap(0, Missed.NOTHING_HIGHER, 7 * KIB)
NAME = "a (1)"

#: What a kernel reports where there is nothing of it.
ZEROS = dict.fromkeys(
    (
        *("swap", "locked", "lazy_free", "anon_huge_pages", "anonymous"),
        *("private_dirty", "private_clean", "shared_clean"),
    ),
    0,
)


def told(kind: Kind, rss: int, name: str = "", **facts: Any) -> Attributed:
    """A mapping of which every figure is reported."""
    return piece(kind, rss, name, **{**ZEROS, **facts})


STACKS = [
    told(Kind.THREAD_STACK, rss, size=8 * MIB, anon_huge_pages=huge)
    for rss, huge in [(2 * MIB, 2 * MIB)] + [(20 * KIB, 0)] * 9
]
ARENA = [
    told(Kind.ARENA, 30 * MIB, size=40 * MIB),
    told(Kind.ARENA, 0, size=24 * MIB, perms="---p"),
]


def grown(*verdicts: Verdict) -> tuple[Grown, ...]:
    """All together, then a group for each verdict."""
    names = ("total", "heap", "/data", "/more")
    return tuple(Grown(name, each, 10**18) for name, each in zip(names, verdicts, strict=False))


FLAT = Verdict(Word.FLAT, 10, -5, 25, MIB, 0)
GROWING = Verdict(Word.GROWING, 9 * MIB, 8 * MIB, 10 * MIB, 2 * MIB, MIB)
STEP = Verdict(Word.STEP, rise=9 * MIB, held=9 * MIB)
SATURATING = Verdict(Word.SATURATING, rise=3 * MIB, held=3 * MIB)
#: A process of which nearly everything can be said.
RICH = (
    told(Kind.HEAP, 90 * MIB, swap=9 * MIB, locked=3 * MIB, lazy_free=20 * MIB),
    told(Kind.HUGE_PAGES, 0, "/SYSV00000000", inode=7, private_hugetlb=99 * MIB),
    told(Kind.ANONYMOUS, 50 * MIB, anon_huge_pages=40 * MIB, anonymous=50 * MIB),
    told(Kind.LIBRARY, 60 * MIB, "/x/liba.so (deleted)", inode=5, private_dirty=50 * MIB),
    told(Kind.FILE, 60 * MIB, "/data", inode=6, private_clean=60 * MIB),
    *STACKS,
    *ARENA,
)
CGROUP = {
    "current": 100 * MIB,
    "stat.file": 60 * MIB,
    "stat.shmem": 20 * MIB,
    "events.oom_kill": 1,
}


def build(inode: int, name: str, build_id: str, pid: int) -> Member:
    return member(
        piece(Kind.LIBRARY, 8 * MIB, name, inode=inode, pss=4 * MIB),
        name=f"p ({pid})",
        builds={(0, inode): build_id},
    )


SCENES = {
    "one": of_one(
        *RICH,
        max_map_count=16,
        highest_swap=99 * MIB,
        cgroups=(("/a.service", CGROUP),),
        gaps=((NAME, 9 * MIB, NOTHING),),
        grown=grown(FLAT, GROWING, STEP, SATURATING),
        pool=64 * MIB,
    ),
    **{
        f"growth {number}": of_one(RICH[0], grown=grown(*verdicts))
        for number, verdicts in enumerate(
            [
                *[(FLAT, STEP), (FLAT, SATURATING), (FLAT,), (Verdict(Word.UNCLEAR, rise=MIB),)],
                (Verdict(Word.FREED, rise=2 * MIB, held=MIB),),
                (Verdict(Word.TOO_SHORT, needed_ns=3600 * 10**9),),
                (Verdict(Word.TOO_SHORT),),
            ]
        )
    },
    "several": scene(
        build(1, "/a/libx.so.1", "0a", 1),
        build(2, "/b/libx.so.1", "0a", 2),
        build(3, "/c/libx.so.2", "0b", 3),
        gaps=(("p (1)", 9 * MIB, HIGHER), ("p (2)", 9 * MIB, NOTHING)),
    ),
    "several, one without a layout": scene(
        member(told(Kind.HEAP, 30 * MIB)), member(name="p (2)", size=10 * MIB), memory=40 * MIB
    ),
    "several, nothing missed": scene(
        build(1, "/a/libx.so.1", "0a", 1),
        build(2, "/b/libx.so.1", "0a", 2),
        gaps=(("p (1)", 9 * MIB, NOTHING), ("p (2)", 9 * MIB, NOTHING)),
    ),
}


def explanation_of(one: Scene, who: str = NAME) -> Explanation:
    return Explanation(
        who=who,
        is_one=one.is_one,
        processes=len(one.members),
        moment="peak",
        tick=7,
        time=1_534_514_283_942_000_000,
        span_ns=120 * 10**9,
        ticks=1200,
        figure=one.figure,
        memory=one.memory,
        state=LayoutState.EXACT if one.is_one else None,
        measurement=7 if one.is_one else None,
        findings=find_all(one),
        assurances={
            name: Assurance(None, None, RssFacts(9 * MIB, 7), gap) for name, _, gap in one.gaps
        },
    )


EVERY = [
    (finding, explanation)
    for explanation in map(explanation_of, SCENES.values())
    for finding in explanation.findings
]


def test_every_finding_is_tried() -> None:
    """The scenes here bring about each finding that has words."""
    assert {finding.id for finding, _ in EVERY} == set(WORDS)


@pytest.mark.parametrize(
    ("finding", "explanation"), EVERY, ids=lambda each: getattr(each, "id", "")
)
def test_sentences(finding: Finding, explanation: Explanation) -> None:
    """A figure in each, no word that is not plain, one idea."""
    for sentence in sentences(finding, explanation):
        assert re.search(r"\d", sentence), sentence
        assert sentence.endswith("."), sentence
        assert not FORBIDDEN.search(sentence), sentence
        assert "  " not in sentence
        assert "None" not in sentence
        assert len(sentence.split()) <= LONGEST, sentence


def test_every_finding_has_a_section() -> None:
    """Each leads to a heading of docs/explain.md, and each heading there is of a finding."""
    text = (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")
    headings = set(re.findall(r"^## ([a-z-]+)$", text, re.MULTILINE))
    assert headings == set(WORDS)


def test_order() -> None:
    """The urgent first, then by bytes."""
    found = find_all(SCENES["one"])
    assert [(each.rank, -each.stake) for each in found] == sorted(
        (each.rank, -each.stake) for each in found
    )
    assert found[0].rank.label == "act"


def test_hostile_names() -> None:
    """Whatever a process calls itself, the page is harmless text, and the JSON is ASCII."""
    name = "a\x1b[31m\nb\udcff <i> (1)"
    one = SCENES["one"]._replace(gaps=((name, 9 * MIB, NOTHING),))
    hostile = one.members[0]._replace(name=name)
    explanation = explanation_of(one._replace(members=(hostile,)), name)
    text = render(explanation)
    assert all(line.isprintable() for line in text.split("\n"))
    assert r"a\x1b[31m\x0ab\xff" in text
    assert render_json(explanation).isascii()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("several", "Of the 2 biggest processes with layouts, 1 had a higher RSS"),
        ("several, nothing missed", "Of 2 processes, none is known to have had a higher RSS"),
    ],
)
def test_which_processes_are_judged(name: str, words: str) -> None:
    """Where a missed peak was not looked for in all, it is said in which."""
    explanation = explanation_of(SCENES[name])
    (said,) = [sentences(each, explanation) for each in explanation.findings if each.id == "peak"]
    assert said[0].startswith(words)


def test_shares_are_least_ones_where_layouts_lack() -> None:
    """What a process without a layout consists of is unknown: that is said, before other shares."""
    explanation = explanation_of(SCENES["several, one without a layout"])
    said = {each.id: sentences(each, explanation) for each in explanation.findings}
    assert said["dominates"][0].startswith("At least 75 % of the memory is in the heap")
    assert said["no-layout"] == [
        "10 MiB of 40 MiB (25 %) is in no kind: 1 of the 2 processes has no layout at this moment."
    ]
