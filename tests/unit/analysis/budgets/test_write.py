"""What is written is read back as it was, and is what a person would write."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.analysis.budgets.model import At, Budget, Figure, Limit, Line, What
from memory_watcher.analysis.budgets.parse import parse
from memory_watcher.analysis.budgets.write import size_text, write
from memory_watcher.analysis.kinds import Kind

MI = 1024 * 1024
COUNTS = ("mappings", "threads", "processes")
TEXTS = st.text(min_size=1, max_size=20)
AMOUNTS = st.integers(0, 2**53) | st.integers(0, 2**43).map(lambda size: size << 10)
SHARES = st.integers(0, 10_000).map(lambda tenths: tenths / 10 / 100)
LIMITS = st.builds(Limit, st.none() | AMOUNTS, st.none() | SHARES, st.none() | AMOUNTS).filter(
    lambda limit: limit != Limit()
)


@st.composite
def budgets(draw: st.DrawFn) -> Budget:
    at: At = draw(st.sampled_from(get_args(At)))
    figure: Figure = draw(st.sampled_from(get_args(Figure)))
    of_all = [what for what in get_args(What) if what not in ("kind", "name")]
    keys: list[tuple[What, str]] = [
        (what, "") for what in of_all if at != "growth" or what not in COUNTS
    ]
    kinds = [kind for kind in Kind if at != "growth" or kind is kind.family]
    keys += [("kind", kind.value) for kind in draw(st.sets(st.sampled_from(kinds)))]
    keys += [("name", name) for name in draw(st.sets(TEXTS, max_size=4))]
    chosen = draw(st.lists(st.sampled_from(keys), min_size=1, unique=True))
    lines = tuple(Line(what, draw(LIMITS), pattern) for what, pattern in chosen)
    return Budget(draw(st.none() | TEXTS), at, figure, lines, draw(st.just("") | TEXTS))


def without_numbers(budget: Budget) -> Budget:
    lines = tuple(line._replace(number=0) for line in budget.lines)
    return replace(budget, lines=lines, number=0)


@given(st.lists(budgets(), min_size=1, max_size=3), st.text(), st.text())
def test_what_is_written_is_read_back(written: list[Budget], heading: str, remark: str) -> None:
    """All of it, in its order, whatever names and comments hold; each limit on its own line."""
    text = write(written, heading, lambda budget, line: remark)
    found = parse(text, "x.toml").budgets
    assert list(map(without_numbers, found)) == written
    numbers = [line.number for budget in found for line in budget.lines]
    assert numbers == sorted(set(numbers))


def test_how_it_reads() -> None:
    """Sizes in units, names in quotes, comments in a column."""
    lines = (
        Line("total", Limit(80 * MI, 0.02, 512 * 1024)),
        Line("kind", Limit(3 * MI // 2), "malloc arena"),
        Line("name", Limit(None, None, 64 * 1024), "lib*.so"),
        Line("threads", Limit(4)),
    )
    budget = Budget("server", "peak", "pss", lines, "the server")
    assert write([budget], "A heading.\nMore of it.", lambda _, line: f"about {line.what}") == (
        """\
# A heading.
# More of it.

[[budget]]
title = "the server"
process = "server"
at = "peak"
figure = "pss"
total = { max = "80 MiB", over-baseline = ["2 %", "512 KiB"] } # about total
kind.malloc-arena = "1.5 MiB"           # about kind
name."lib*.so" = { over-baseline = "64 KiB" } # about name
threads = 4                             # about threads
"""
    )


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (MI + 1, "1048577 B"),
        (80 * MI, "80 MiB"),
        (5 * MI * 1024 // 4, "1.25 GiB"),
        (3 << 40, "3 TiB"),
        (2000 << 40, "2000 TiB"),
    ],
)
def test_sizes_are_exact(size: int, text: str) -> None:
    """In the largest unit that can say it."""
    assert size_text(size) == text


def test_what_toml_cannot_hold() -> None:
    """Bytes of a name that are no UTF-8 are refused, not written as something else."""
    line = Line("name", Limit(1), "a\udcff")
    with pytest.raises(ValueError, match="TOML cannot hold"):
        write([Budget(None, "peak", "pss", (line,))])
    harmless = [Budget(None, "peak", "pss", (Line("total", Limit(1)),))]
    assert "# a?\n" in write(harmless, "a\udcff")
