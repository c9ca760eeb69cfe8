"""Colours: those that stand side by side can be told apart, on light and on dark ground."""

from __future__ import annotations

import itertools
import math
import re

import pytest

from memory_watcher.analysis.breakdown import OWN_LINES
from memory_watcher.analysis.identity import OTHER, rest_of
from memory_watcher.analysis.kinds import Kind
from memory_watcher.render import colours
from memory_watcher.render.colours import (
    GREY,
    Coloured,
    Shades,
    colours_of,
    kind_colours,
    palette,
)

#: Two colours that differ by 2 can just be told apart side by side; lavenders of before: 3.
FAR = 12.0
#: The page and pictures; the page when it is dark, and the terminal's views, which paint their own.
LIGHT, DARK = "#ffffff", "#0f1318"


def _lab(colour: str) -> tuple[float, float, float]:
    """CIE L*a*b* (D65) of `#rrggbb`."""

    def linear(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    def bent(value: float) -> float:
        return value ** (1 / 3) if value > 216 / 24389 else (24389 / 27 * value + 16) / 116

    red, green, blue = (linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    x = bent((0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047)
    y = bent(0.2126729 * red + 0.7151522 * green + 0.0721750 * blue)
    z = bent((0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def difference(one: str, other: str) -> float:
    """CIEDE2000 (Sharma, Wu, Dalal 2005)."""
    (l1, a1, b1), (l2, a2, b2) = _lab(one), _lab(other)
    mean = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    weaker = 1.5 - 0.5 * math.sqrt(mean**7 / (mean**7 + 25**7))
    c1, c2 = math.hypot(a1 * weaker, b1), math.hypot(a2 * weaker, b2)
    h1, h2 = (math.degrees(math.atan2(b, a * weaker)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0
    chroma, lightness = (c1 + c2) / 2, (l1 + l2) / 2
    hue = (h1 + turn / 2) % 360 if c1 * c2 else h1 + h2

    def wave(factor: int, shift: float) -> float:
        return math.cos(math.radians(factor * hue + shift))

    t = 1 - 0.17 * wave(1, -30) + 0.24 * wave(2, 0) + 0.32 * wave(3, 6) - 0.20 * wave(4, -63)
    away = (lightness - 50) ** 2
    light = (l2 - l1) / (1 + 0.015 * away / math.sqrt(20 + away))
    strong = (c2 - c1) / (1 + 0.045 * chroma)
    turned = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn / 2)) / (1 + 0.015 * chroma * t)
    blue = math.sin(math.radians(60 * math.exp(-(((hue - 275) / 25) ** 2))))
    rotation = -2 * math.sqrt(chroma**7 / (chroma**7 + 25**7)) * blue
    return math.sqrt(light**2 + strong**2 + turned**2 + rotation * strong * turned)


def test_difference() -> None:
    """The measure itself: nothing for the same colour, 100 from black to white, symmetric."""
    assert difference("#123456", "#123456") == 0
    assert difference("#000000", "#ffffff") == pytest.approx(100, abs=0.01)
    assert difference("#f3e5f5", "#e1bee7") == pytest.approx(difference("#e1bee7", "#f3e5f5"))
    assert difference("#808080", "#828282") < 2


def test_every_kind_has_a_colour_and_a_meaning() -> None:
    """A kind that is added is drawn by every picture: render.colours, analysis.kinds."""
    assert set(colours._KINDS) == set(Kind)
    assert all(kind.meaning for kind in Kind)


@pytest.mark.parametrize("shade", [0, 1])
def test_palette(shade: int) -> None:
    """Any two colours of the palette, of the fixed kinds beside it and grey are far apart."""
    beside = [kind_colours(kind)[shade] for kind in OWN_LINES] + [GREY[shade]]
    colours = [each[shade] for each in palette()] + beside
    assert min(itertools.starmap(difference, itertools.combinations(colours, 2))) > FAR


@pytest.mark.parametrize("shade", [0, 1])
def test_kinds(shade: int) -> None:
    """So are any two kinds."""
    colours = [kind_colours(kind)[shade] for kind in Kind]
    assert min(itertools.starmap(difference, itertools.combinations(colours, 2))) > FAR


@pytest.mark.parametrize(("shade", "ground"), [(0, LIGHT), (1, DARK)])
def test_ground(shade: int, ground: str) -> None:
    """Every colour stands out from the ground that its shade is for."""
    colours = [*(each[shade] for each in palette()), *(kind_colours(k)[shade] for k in Kind)]
    assert min(difference(colour, ground) for colour in (*colours, GREY[shade])) > FAR


def names(count: int) -> list[Coloured]:
    return [Coloured(f"n {n}", None, f"/usr/lib/lib{n}.so") for n in range(count)]


def test_groups_that_are_shown_together() -> None:
    """As many as the palette holds all differ; beyond, no colour is that of the two before it."""
    shown = colours_of("name", names(len(palette())))
    assert len(set(shown)) == len(palette())
    many = colours_of("process", names(100))
    assert all(a != b for gap in (1, 2) for a, b in zip(many, many[gap:], strict=False))
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for shades in many for colour in shades)


def test_fixed_colours() -> None:
    """Heap has one colour by kind and by name, others are grey; a name keeps its colour."""
    heap = Coloured("heap", Kind.HEAP, "heap")
    assert colours_of("name", [heap]) == colours_of("kind", [heap]) == [kind_colours(Kind.HEAP)]
    assert colours_of("name", [Coloured(OTHER, None, OTHER)]) == [Shades(*GREY)]
    rest = Coloured(*rest_of(Kind.FILE, "mapping"))
    assert colours_of("mapping", [rest]) == [kind_colours(Kind.FILE)]
    libc = [Coloured("a", Kind.LIBRARY, "libc.so.6"), Coloured("b", Kind.FILE, "libc.so.6")]
    assert colours_of("name", libc[:1]) == colours_of("name", libc[1:])
    assert colours_of("name", [libc[0], *names(5)])[0] == colours_of("name", libc)[0]


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("shade", [0, 1])
def test_mappings_do_not_look_like_the_rest_of_a_kind(kind: Kind, shade: int) -> None:
    """As many mappings as have a place beside the rest of a kind differ from it at a glance."""
    rest = Coloured(*rest_of(kind, "mapping"))
    mappings = [Coloured(f"0 {n}", kind, f"{n}") for n in range(20)]
    own, *shown = (each[shade] for each in colours_of("mapping", [rest, *mappings]))
    assert own == kind_colours(kind)[shade]
    assert len(set(shown)) == 20
    assert min(difference(own, each) for each in shown) > FAR / 2
