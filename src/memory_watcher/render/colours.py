"""Which colour a group has: the same name has the same colour in every picture of every output.

Kinds have fixed colours. Names get theirs from a hash of the name alone, so that a library looks
the same in each recording and in each figure; they are paler than the kinds that stand for memory
without a name (heap, anonymous…), which a person looks for first. Each colour comes in a shade for
a light and one for a dark background.
"""

from __future__ import annotations

import math
import zlib
from functools import cache
from typing import NamedTuple

from ..analysis.identity import OTHER, By
from ..analysis.kinds import Kind
from ..analysis.peak import OWN_LINES

#: What is not coloured by kind or name.
GREY = ("#b8bcc2", "#6b7078")


class Shades(NamedTuple):
    """A colour as `#rrggbb`, for a light and for a dark background."""

    light: str
    dark: str


#: Hue in degrees and strength. The four of peak.OWN_LINES are strong and far apart.
_KINDS = {
    Kind.THREAD_STACK: (145, 0.15),
    Kind.HEAP: (55, 0.17),
    Kind.ARENA: (90, 0.15),
    Kind.ANONYMOUS: (255, 0.15),
    Kind.NAMED_ANONYMOUS: (290, 0.12),
    Kind.LIBRARY: (15, 0.11),
    Kind.FILE: (200, 0.09),
    Kind.DELETED_FILE: (225, 0.06),
    Kind.SHARED_MEMORY: (340, 0.12),
    Kind.DEVICE: (120, 0.07),
    Kind.SOCKET: (175, 0.08),
    Kind.HUGE_PAGES: (315, 0.14),
    Kind.GUARD: (0, 0.0),
    Kind.KERNEL: (60, 0.03),
}
#: Names: this many hues, each at every one of these lightnesses (light, dark) and strengths.
_HUES = 40
_TONES = (
    (0.80, 0.62, 0.075),
    (0.70, 0.54, 0.085),
    (0.86, 0.70, 0.055),
)


def kind_colours(kind: Kind) -> Shades:
    """Give the fixed colour of a kind."""
    hue, strength = _KINDS[kind]
    return Shades(_hex(0.70, strength, hue), _hex(0.64, strength, hue))


@cache
def name_colours(kind: Kind | None, name: str) -> Shades:
    """Give the colour of a group of that name; heap, anonymous and the like have their kind's."""
    if kind in OWN_LINES:
        return kind_colours(kind)
    digest = zlib.crc32(name.encode("utf-8", "surrogateescape")) * 2654435761 % 2**32
    number, tone = divmod(digest >> 8, len(_TONES))
    light, dark, strength = _TONES[tone]
    hue = number % _HUES * 360 / _HUES
    return Shades(_hex(light, strength, hue), _hex(dark, strength * 1.2, hue))


def group_colours(by: By, key: str, kind: Kind | None, name: str) -> Shades:
    """Give the colour of a group of a timeline, however it is grouped.

    Single mappings are told apart by their own key: many of them bear the same name.
    """
    if key == OTHER:
        return Shades(*GREY)
    if by == "kind" and kind is not None:
        return kind_colours(kind)
    return name_colours(None, key) if by == "mapping" else name_colours(kind, name)


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
