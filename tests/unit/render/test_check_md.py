"""Markdown of a check: the worst first, names say nothing in it, and it never grows too large."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from markdown_it import MarkdownIt

from memory_watcher.analysis.budgets.model import Checked
from memory_watcher.render.check_md import render
from memory_watcher.render.escape import escape
from tests.unit.render.checks import HOSTILE, TEXTS, checked, hostile, judged, over, undecided

MANY = checked(*[over(f"budget {n} é") for n in range(500)])


def cells(text: str) -> list[list[str]]:
    """What a reader sees in each cell of the table, by rows; the first are the titles."""
    rows: list[list[str]] = []
    tokens = MarkdownIt("gfm-like").parse(text)
    for before, token in pairwise(tokens):
        if before.type == "tr_open":
            rows.append([])
        if before.type in ("th_open", "td_open"):
            kinds = {child.type for child in token.children or ()}
            assert kinds <= {"text", "text_special", "strong_open", "strong_close"}, token.content
            rows[-1].append("".join(child.content for child in token.children or ()))
    return rows


def test_table() -> None:
    """What is over stands first with its culprit, then what could not be judged and why."""
    text = render(checked(judged("total"), undecided(), over()))
    assert text.startswith("**Memory: over**. 1 of 3 budgets over, 1 could not be judged.\n")
    titles, *rows = cells(text)
    assert titles == ["budget", "limit", "measured", "spread", "verdict", "culprit"]
    assert [row[0] for row in rows] == ["heap", "threads", "total"]
    assert rows[0][1:5] == ["82.0 MiB", "93.1 MiB", "", "over"]
    assert rows[0][5].startswith("+12.8 MiB in [heap], growing since 00:41")
    assert rows[1][2:] == ["–", "", "undecided", "3 of 5 runs are over"]
    assert rows[2][4:] == ["within", ""]
    assert text.endswith("\nRecording: run.db, report: run.html\n")


def test_report_only() -> None:
    assert render(checked(over()), report_only=True).startswith("**Memory: over** (only reported).")


def test_nothing_judged() -> None:
    """Without budgets there is no empty table."""
    assert render(Checked(())) == "**Memory: undecided**. Nothing was judged.\n"


def test_hostile_names() -> None:
    """No link, mention, tag, or further column comes out of a name; it is shown as it is."""
    text = render(hostile())
    _, *rows = cells(text)
    assert {len(row) for row in rows} == {6}
    assert {row[0] for row in rows} == {escape(name) for name in HOSTILE}
    assert "<script" not in text


@given(TEXTS)
def test_any_name(text: str) -> None:
    """Whatever a budget is called, it is one row of six cells that shows that name."""
    _, row = cells(render(checked(over(text))))
    assert (len(row), row[0]) == (6, escape(text).strip())


@pytest.mark.parametrize("most", [0, 99, 100, 250, 5000, 65_536, 1 << 20])
def test_never_too_large(most: int) -> None:
    """GitHub shows nothing of a summary that is too large: it is cut between rows, and says so."""
    whole, text = render(MANY, 1 << 30), render(MANY, most)
    assert len(text.encode()) <= most
    if most >= len(whole.encode()):
        assert text == whole
    elif most >= 250:
        kept, _, said = text.rpartition("\n\n")
        assert whole.startswith(f"{kept}\n")
        left = len(whole.splitlines()) - len(kept.splitlines()) - 1
        assert said == f"{left} more lines have no room here: see what the command printed.\n"
