"""Text of a check: the sentence of the docs, one line for what is within, harmless names."""

from __future__ import annotations

import json
import os
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.analysis.budgets.model import Checked, Limit, Line, RunFile, Word
from memory_watcher.render import check_json, check_text
from tests.unit.render.checks import MIB, checked, hostile, judged, over, undecided

OVER = (
    "heap 80.0 → 93.1 MiB (limit 82.0): +12.8 MiB in [heap], growing since 00:41,"
    " still held at the end; nothing else changed by more than 102.4 KiB"
)


def test_what_is_over_comes_first() -> None:
    """Then what could not be judged; then all that is within, in one line; then the files."""
    found = checked(judged("small", measured=MIB), judged("total"), undecided(), over())
    assert check_text.render(found).splitlines() == [
        OVER,
        "threads could not be judged: 3 of 5 runs are over",
        "2 budgets within; nearest: total 79.0 of 82.0 MiB",
        "recording: run.db",
        "report: run.html",
    ]


def test_what_explains_the_rest_comes_first() -> None:
    """Processes and threads, then sizes, the most above its limit first; mappings last."""
    whats = ("mappings", "kind", "total", "threads", "processes")
    sizes = {"mappings": 9 * MIB, "kind": 90 * MIB, "total": 99 * MIB}
    found = checked(
        *(
            replace(
                over(),
                name=what,
                line=Line(what, Limit(82 * MIB)),  # type: ignore[arg-type]
                measured=sizes.get(what, 3),
                limit=82 * MIB if what in ("kind", "total") else 2,
            )
            for what in whats
        )
    )
    order = [line.partition(" ")[0] for line in check_text.render(found).splitlines()[:5]]
    assert order == ["processes", "threads", "total", "kind", "mappings"]


def test_all_within() -> None:
    """One line; a limit of 0 that is kept is not the nearest; files of the user need no line."""
    kept = judged("nothing", limit=0, measured=0, values=(0,))
    found = checked(kept, judged("total"), recordings=(RunFile("a.db"),), notes=("A note.",))
    assert check_text.render(found).splitlines() == [
        "2 budgets within; nearest: total 79.0 of 82.0 MiB",
        "A note.",
    ]
    threads = judged("threads", line=Line("threads", Limit(1)), unit="count", limit=1, measured=1)
    one_of_one = check_text.render(checked(threads, judged("total"), recordings=()))
    assert one_of_one == "2 budgets within; nearest: total 79.0 of 82.0 MiB\n"
    assert check_text.render(checked(judged(), recordings=())) == (
        "1 budget within: heap 79.0 of 82.0 MiB\n"
    )


def test_spread_of_several_runs() -> None:
    """It stands beside what was measured."""
    found = checked(judged(values=(78 * MIB, 79 * MIB, 80 * MIB)), recordings=())
    assert "heap 79.0 of 82.0 MiB (3 runs: 78.0 to 80.0 MiB)" in check_text.render(found)


def test_failed_command() -> None:
    """It is not said to be over: its memory was not judged."""
    found = Checked((), recordings=(RunFile("run.db", None, 1),))
    assert check_text.render(found).splitlines() == [
        "The command failed with exit code 1; its memory was not judged.",
        "recording: run.db",
    ]


def test_changes_of_a_baseline_stand_in_front() -> None:
    """What was written is said before what was judged."""
    assert check_text.render(checked(over()), ["heap 1 → 2"]).splitlines()[:2] == [
        "heap 1 → 2",
        OVER,
    ]


def test_names_are_harmless() -> None:
    """No name makes a line, or steers a terminal."""
    text = check_text.render(hostile())
    assert all(line.isprintable() for line in text.splitlines())
    assert text.count("\n") == len(hostile().budgets) + len(hostile().notes) + 2


@given(st.binary(max_size=30))
def test_json_holds_any_name(data: bytes) -> None:
    """It is ASCII, and one JSON object, whatever bytes a name has."""
    name = os.fsdecode(data)
    text = check_json.render(checked(over(name, process=name), undecided(why=name)))
    assert text.isascii()
    assert json.loads(text)["verdict"] == "over"


def test_json() -> None:
    """The keys that are documented, sizes in bytes, and what is not known is null."""
    found = checked(over(), judged(verdict=Word.WITHIN), baseline="memory.json")
    answer = json.loads(check_json.render(found))
    assert list(answer) == [
        *("format_version", "view", "verdict", "budgets", "recordings", "budget", "baseline"),
        "notes",
    ]
    first, second = answer["budgets"]
    assert first == {
        "name": "heap",
        "process": None,
        "figure": "pss",
        "at": "peak",
        "unit": "bytes",
        "limit": 82 * MIB,
        "limit_from": "max",
        "baseline": 80 * MIB,
        "measured": int(93.1 * MIB),
        "values": [int(93.1 * MIB)],
        "spread": [int(93.1 * MIB)] * 2,
        "verdict": "over",
        "why": None,
        "culprits": [
            {
                "kind": "heap",
                "name": "[heap]",
                "process": None,
                "before": 80 * MIB,
                "after": int(92.8 * MIB),
                "change": int(12.8 * MIB),
                "since_ns": 41 * 10**9,
                "is_held": True,
                "where": None,
            }
        ],
        "others": int(0.1 * MIB),
    }
    assert second["culprits"] == []
    assert answer["recordings"] == [
        {"path": "run.db", "report": "run.html", "exit_code": 0, "signal": None}
    ]


def test_one_reason_is_said_once() -> None:
    """Of several that could not be judged; of many the first are named."""
    some = [undecided(name=f"kind{n}", why="it ended") for n in range(2)]
    other = undecided(name="threads", why="not known")
    found = checked(some[0], other, some[1], recordings=())
    assert check_text.render(found).splitlines() == [
        "kind0, kind1 could not be judged: it ended",
        "threads could not be judged: not known",
    ]
    many = [undecided(name=f"kind{n}", why="it ended") for n in range(8)]
    said = "kind0, kind1, kind2, kind3, kind4, 3 more could not be judged: it ended\n"
    assert check_text.render(checked(*many, recordings=())) == said
    assert "kind4, 1 more could" in check_text.render(checked(*many[:6]))
    assert "kind3, kind4 could" in check_text.render(checked(*many[:5]))
