"""The looks: what is written can be read on every ground, and plain has no colour."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("textual")
from memory_watcher.render.colours import Shades
from memory_watcher.tui import paint
from memory_watcher.tui.paint import (
    ACCENT,
    BACKGROUND,
    BAD,
    CURSOR,
    FAINT,
    GOOD,
    RAISED,
    TEXT,
    WARNING,
)  # fmt: skip

INKS = {"text": TEXT, "accent": ACCENT, "good": GOOD, "warning": WARNING, "bad": BAD}


@pytest.fixture(autouse=True)
def _dark_again() -> Iterator[None]:
    yield
    paint.choose("dark")


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("number", [0, 1], ids=["light", "dark"])
def test_all_that_is_written_can_be_read(number: int) -> None:
    for name, ink in INKS.items():
        for ground in (BACKGROUND, RAISED, CURSOR):
            assert contrast(ink[number], ground[number]) >= 4.5, name
    assert contrast(FAINT[number], BACKGROUND[number]) >= 4.5
    assert min(contrast(FAINT[number], ground[number]) for ground in (RAISED, CURSOR)) >= 3


def test_a_style_is_that_of_the_terminal() -> None:
    paint.choose("light")
    light = paint.style(ACCENT, RAISED, True)
    paint.choose("dark")
    dark = paint.style(ACCENT, RAISED, True)
    assert (str(light), str(dark)) == ("bold #0550ae on #e9edf2", "bold #79b8ff on #1b222b")


def test_plain_has_no_colour() -> None:
    paint.choose("plain")
    for ink in (*INKS.values(), FAINT):
        for ground in (BACKGROUND, RAISED, CURSOR):
            found = paint.style(ink, ground)
            assert found.color is None
            assert found.bgcolor is None
    assert paint.style(TEXT, CURSOR).reverse
    assert not paint.style(TEXT, BACKGROUND).reverse


def test_plain_layers_differ_by_their_pattern() -> None:
    colours = [Shades(f"#0000{number:02x}", "#000000") for number in range(16)]
    assert {paint.pattern(colour, "■") for colour in colours} == {"■"}
    paint.choose("plain")
    patterns = [paint.pattern(colour, "■") for colour in colours]
    assert len(set(patterns)) == 16
    assert [paint.pattern(colour, "■") for colour in colours] == patterns


def test_blending_is_that_of_both_shades() -> None:
    black_and_white = paint.blend(Shades("#000000", "#ffffff"), Shades("#ffffff", "#000000"), 0.2)
    assert black_and_white == Shades("#cccccc", "#333333")
