"""Which colour a group has: those shown together can be told apart.

Kinds have fixed colours. Names and processes get theirs from a palette, by a hash of the name, so
that a library looks the same in most recordings and figures; where two would look the same, the
smaller one gets another. Each colour comes in a shade for a light and one for a dark background.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from ..analysis.breakdown import OWN_LINES
from ..analysis.identity import By, is_rest
from ..analysis.kinds import Kind


class Shades(NamedTuple):
    """A colour as `#rrggbb`, for a light and for a dark background."""

    light: str
    dark: str


#: What is not coloured by kind or name.
GREY = Shades("#b8bcc2", "#6b7078")

#: Hue in degrees, strength, and lightness for a light and a dark background. The four of
#: breakdown.OWN_LINES are strong and far apart.
_KINDS = {
    Kind.THREAD_STACK: (145, 0.15, 0.70, 0.64),
    Kind.HEAP: (55, 0.17, 0.70, 0.64),
    Kind.ARENA: (90, 0.15, 0.70, 0.64),
    Kind.RUNTIME: (120, 0.16, 0.50, 0.86),
    Kind.ALLOCATOR: (50, 0.07, 0.82, 0.50),
    Kind.JIT_CODE: (225, 0.10, 0.50, 0.86),
    Kind.ANONYMOUS: (255, 0.15, 0.70, 0.64),
    Kind.NAMED_ANONYMOUS: (290, 0.12, 0.70, 0.64),
    Kind.LIBRARY: (15, 0.11, 0.70, 0.64),
    Kind.PROGRAM_CODE: (352, 0.07, 0.58, 0.48),
    Kind.PROGRAM_DATA: (328, 0.14, 0.42, 0.42),
    Kind.PROGRAM_BSS: (312, 0.18, 0.88, 0.92),
    Kind.LIBRARY_CODE: (16, 0.10, 0.42, 0.80),
    Kind.LIBRARY_DATA: (32, 0.18, 0.66, 0.64),
    Kind.LIBRARY_BSS: (0, 0.18, 0.88, 0.48),
    Kind.FILE: (200, 0.09, 0.70, 0.64),
    Kind.DELETED_FILE: (225, 0.06, 0.82, 0.48),
    Kind.SHARED_MEMORY: (340, 0.12, 0.70, 0.64),
    Kind.DEVICE: (120, 0.07, 0.82, 0.50),
    Kind.SOCKET: (175, 0.08, 0.56, 0.80),
    Kind.HUGE_PAGES: (315, 0.14, 0.54, 0.80),
    Kind.GUARD: (0, 0.0, 0.70, 0.64),
    Kind.KERNEL: (60, 0.05, 0.56, 0.80),
    Kind.TOTALS: (0, 0.0, 0.56, 0.80),
}
#: Names and processes: lightness for a light and a dark background, strength, hue. Each differs
#: from each other, from the kinds with lines of their own and from grey, in both shades, by 13 and
#: more (CIEDE2000; 2 can just be seen side by side).
_PALETTE = (
    *((0.52, 0.82, 0.10, 0), (0.52, 0.82, 0.10, 204), (0.74, 0.60, 0.14, 12)),
    *((0.52, 0.82, 0.06, 108), (0.52, 0.82, 0.14, 288), (0.74, 0.60, 0.10, 192)),
    *((0.74, 0.60, 0.14, 324), (0.52, 0.82, 0.10, 48), (0.52, 0.82, 0.14, 156)),
    *((0.62, 0.50, 0.14, 120), (0.62, 0.50, 0.06, 72), (0.62, 0.50, 0.06, 300)),
    *((0.62, 0.50, 0.06, 24), (0.62, 0.50, 0.06, 168), (0.52, 0.82, 0.14, 240)),
    *((0.86, 0.74, 0.14, 108), (0.74, 0.60, 0.06, 120), (0.86, 0.74, 0.14, 24)),
    *((0.52, 0.82, 0.14, 84), (0.74, 0.60, 0.14, 36), (0.86, 0.74, 0.06, 156)),
    *((0.74, 0.60, 0.14, 288), (0.62, 0.50, 0.10, 228), (0.74, 0.60, 0.06, 348)),
)
#: Two colours that are closer than this in OKLab look much alike.
_NEAR = 0.06
#: From a colour that is taken to the next that is tried: all are come to.
_STEP = 7


class Coloured(NamedTuple):
    """What has a colour: its key and its name, and its kind if it has a single one."""

    key: str
    kind: Kind | None
    name: str


@cache
def kind_colours(kind: Kind) -> Shades:
    """Give the fixed colour of a kind."""
    hue, strength, light, dark = _KINDS[kind]
    return Shades(_hex(light, strength, hue), _hex(dark, strength, hue))


def alike(kind: Kind) -> list[Shades]:
    """The colours of names that look much like that of a kind."""
    return [palette()[number] for number in _alike(kind)]


@cache
def _alike(kind: Kind) -> tuple[int, ...]:
    """Their places in the palette."""
    hue, strength, *shades = _KINDS[kind]
    return tuple(
        number
        for number, (light, dark, other_strength, other_hue) in enumerate(_PALETTE)
        if any(
            math.dist(_place(one, strength, hue), _place(other, other_strength, other_hue)) < _NEAR
            for one, other in zip(shades, (light, dark), strict=True)
        )
    )


def _place(lightness: float, strength: float, hue: float) -> tuple[float, float, float]:
    """A colour's place in OKLab: what looks alike is close."""
    angle = math.radians(hue)
    return lightness, strength * math.cos(angle), strength * math.sin(angle)


@cache
def palette() -> tuple[Shades, ...]:
    """The colours of names and processes, any two of which can be told apart."""
    return tuple(
        Shades(_hex(light, strength, hue), _hex(dark, min(strength * 1.15, 0.16), hue))
        for light, dark, strength, hue in _PALETTE
    )


def colours_of(by: By, groups: Iterable[Coloured]) -> list[Shades]:
    """Give the colours of groups that are shown together, the biggest first.

    Kinds, heap, anonymous and the like have a fixed colour. Others have one that their name alone
    chooses, or the next that no bigger one has: so as many as the palette holds all differ. What
    looks like the kind of a rest that is shown comes last.
    """
    groups = list(groups)
    colours = palette()
    rests = [group.kind for group in groups if is_rest(group.key) and group.kind is not None]
    alike = {number for kind in rests for number in _alike(kind)}
    free = set(range(len(colours))) - alike
    last: list[int] = []
    found = []
    for group in groups:
        if (fixed := _fixed(by, group)) is not None:
            found.append(fixed)
            continue
        if not free:
            free, alike = alike or set(range(len(colours))) - set(last[-2:]), set()
        number = _preferred(group.key if by == "mapping" else group.name)
        while number not in free:
            number = (number + _STEP) % len(colours)
        free.discard(number)
        last.append(number)
        found.append(colours[number])
    return found


def _fixed(by: By, group: Coloured) -> Shades | None:
    if is_rest(group.key):
        return GREY if group.kind is None else kind_colours(group.kind)
    if group.kind is not None and (by == "kind" or (by == "name" and group.kind in OWN_LINES)):
        return kind_colours(group.kind)
    return None


def _preferred(name: str) -> int:
    digest = zlib.crc32(name.encode("utf-8", "surrogateescape")) * 2654435761 % 2**32
    return (digest >> 8) % len(_PALETTE)


def _hex(lightness: float, strength: float, hue: float) -> str:
    """Turn OKLCh into sRGB, weakened until it is a colour that a screen can show.

    In OKLCh equal numbers look equally light, so no name stands out because of its hue.
    """
    while True:
        red, green, blue = _linear(lightness, strength, math.radians(hue))
        if strength <= 0 or all(-0.001 <= each <= 1.001 for each in (red, green, blue)):
            break
        strength -= 0.005
    return "#" + "".join(f"{round(255 * _gamma(each)):02x}" for each in (red, green, blue))


def _linear(lightness: float, strength: float, angle: float) -> tuple[float, float, float]:
    a, b = strength * math.cos(angle), strength * math.sin(angle)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _gamma(value: float) -> float:
    value = min(max(value, 0.0), 1.0)
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
