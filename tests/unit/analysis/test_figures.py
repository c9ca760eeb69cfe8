"""Which figure stands for one that the kernel did not tell."""

from __future__ import annotations

import pytest

from memory_watcher.analysis.figures import best, explain


@pytest.mark.parametrize(
    ("asked", "told", "summed", "shown"),
    [
        ("pss", "pss rss uss", False, "pss"),
        ("pss", "rss uss", False, "rss"),  # 2.6.18
        ("rss", "pss", False, "pss"),  # WSL 1
        ("statm", "rss pss", False, "rss"),  # a capture
        ("statm", "statm rss", False, "statm"),
        ("uss", "pss rss", False, "pss"),
        ("pss", "rss uss", True, "uss"),  # RSS of several cannot be added up
        ("pss", "rss", True, None),
        ("swap", "rss pss", False, None),
        ("pss", "", False, None),
    ],
)
def test_best(asked: str, told: str, summed: bool, shown: str | None) -> None:
    """The figure asked for if it is told, else the nearest; never RSS in a sum over processes."""
    assert best(asked, told.split(), summed=summed) == shown


def test_explain() -> None:
    """Said only if another figure is shown."""
    assert explain("pss", "pss") is None
    assert explain("pss", "rss") == "the kernel reports no PSS; RSS is shown"
