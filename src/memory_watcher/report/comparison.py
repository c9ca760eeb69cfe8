"""Two recordings on one page: both over time, what lies between them, what differs at the peaks.

The page has pictures and tables, and no program at all: alignment is switched by its style.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable, Iterator

from ..analysis.curves import Curve
from ..answers.compared import Align, Compared
from ..metrics import LAYOUT
from ..render.axis import Mark, age_marks, size_marks, time_marks
from ..render.diff_lines import Shown, about, matched, notes, shorten
from ..render.diff_text import signed_kib, signed_size
from ..render.escape import escape
from ..units import format_kib

_WIDTH, _BOTH, _BETWEEN, _LEFT = 1000, 260, 130, 80
#: How high a text is; marks of two lines stand on one here.
_TEXT, _LINE = 14, "\n"
_ALIGNMENTS: tuple[tuple[Align, str], ...] = (("age", "by age"), ("time", "by time of day"))

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 1120px; margin: 1.5em auto;
  padding: 0 1em; }
h1 { font-size: 1.3em; } svg { width: 100%; height: auto; display: block; }
.before { color: #6a717a; } .after { color: #0969da; }
svg text { fill: currentColor; font-size: 11px; } svg .rule { stroke: #8884; }
path { fill: none; stroke-width: 1.5; }
path.before { stroke: #6a717a; } path.after { stroke: #0969da; }
path.more { fill: #cf222e; } path.less { fill: #1a7f37; }
table { border-collapse: collapse; width: 100%; margin-top: 1em; }
td, th { padding: .2em .6em; border-bottom: 1px solid #8884; text-align: left; }
td { overflow-wrap: anywhere; } .size { text-align: right; white-space: nowrap; }
tr.noise { opacity: .6; } tfoot { font-weight: bold; }
.picture { display: none; color: CanvasText; }
#age:checked ~ .age, #time:checked ~ .time { display: block; }
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '{hash}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
<p><span class="before">before: {before}</span><br><span class="after">after: {after}</span></p>
{switch}
{pictures}
{table}
{notes}
</body>
</html>
"""


def comparison_page(compared: Compared) -> str:
    """The whole page."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode("ascii")
    view = compared.peaks
    before, after = (
        f"{file.rsplit('/', 1)[-1]}, {title}"
        for file, title in zip(compared.files, compared.titles, strict=True)
    )
    return _PAGE.format(
        hash=f"sha256-{digest}",
        style=_STYLE,
        title=_text(f"{LAYOUT[compared.figure].title} of two recordings"),
        before=_text(before),
        after=_text(after),
        switch="".join(
            f'<input type="radio" name="align" id="{align}"{" checked" * (align == "age")}>'
            f'<label for="{align}">{words}</label>\n'
            for align, words in _ALIGNMENTS
        ),
        pictures="\n".join(_picture(compared.aligned(align)) for align, _ in _ALIGNMENTS),
        table=_table(shorten(view, None)),
        notes="".join(f"<p>{_text(note)}</p>\n" for note in notes(view)),
    )


def _text(text: str) -> str:
    """Any text as text: of a name nothing becomes markup."""
    return html.escape(escape(text))


# -- the picture ------------------------------------------------------------------------------


class _Scale:
    """Where a time and a size are: places in the picture."""

    def __init__(self, first: int, last: int, low: int, high: int, top: int, height: int) -> None:
        self.first, self.last = first, max(last, first + 1)
        self.low, self.high = low, max(high, low + 1)
        self.top, self.height = top, height

    def x(self, time: int) -> float:
        span = self.last - self.first
        return _LEFT + round((time - self.first) * (_WIDTH - _LEFT) / span, 1)

    def y(self, size: int) -> float:
        share = (self.high - size) / (self.high - self.low)
        return self.top + round(share * self.height, 1)


def _picture(compared: Compared) -> str:
    curves = (compared.before, compared.after)
    first = min((curve.times_ns[0] for curve in curves if curve.times_ns), default=0)
    last = max((curve.until_ns[-1] for curve in curves if curve.times_ns), default=1)
    highest = max((size or 0 for curve in curves for size in curve.values), default=0)
    both = _Scale(first, last, 0, highest, 10, _BOTH)
    sizes = [size or 0 for size in compared.difference.values]
    between = _Scale(*(first, last, min([0, *sizes]), max([0, *sizes])), _BOTH + 60, _BETWEEN)
    marks = age_marks(last, 9) if compared.align == "age" else time_marks(first, last, 9)
    parts = [
        *_sizes(both, size_marks(highest, 6)),
        *_sizes(between, _extremes(between)),
        *_times(both, marks),
        f'<text x="{_LEFT}" y="{_BOTH + 50}">after less before</text>',
        *(
            f'<path class="{word}" d="{_line(curve, both)}"/>'
            for word, curve in zip(("before", "after"), curves, strict=True)
        ),
        *_areas(compared.difference, between),
    ]
    height = between.top + _BETWEEN + 10
    return (
        f'<div class="picture {compared.align}"><svg viewBox="0 0 {_WIDTH} {height}" role="img">\n'
        + "\n".join(parts)
        + "\n</svg></div>"
    )


def _times(scale: _Scale, marks: Iterable[Mark]) -> Iterator[str]:
    for mark in marks:
        text = _text(mark.text.replace(_LINE, " "))
        yield f'<text x="{scale.x(mark.place)}" y="{scale.top + _BOTH + 16}">{text}</text>'


def _extremes(scale: _Scale) -> list[Mark]:
    """0, and the furthest above and below it, where they are not too near to be read."""
    zero = Mark(0, "0")
    ends = [Mark(size, signed_size(size)) for size in (scale.low, scale.high)]
    return [zero, *(mark for mark in ends if abs(scale.y(mark.place) - scale.y(0)) > _TEXT)]


def _sizes(scale: _Scale, marks: Iterable[Mark]) -> Iterator[str]:
    for mark in marks:
        y = scale.y(mark.place)
        yield f'<path class="rule" d="M{_LEFT} {y}H{_WIDTH}"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{_text(mark.text)}</text>'


def _columns(curve: Curve, scale: _Scale) -> Iterator[tuple[float, float, int, int, int]]:
    """Begin and end of steps, with the lowest, highest and last size.

    Steps shorter than a place of the picture are one: peaks survive.
    """
    held: tuple[float, float, int, int, int] | None = None
    for begin, end, size in zip(*curve, strict=True):
        if size is None:
            continue
        x, until = scale.x(begin), scale.x(end)
        if held is not None and until - held[0] < 1:
            held = (held[0], until, min(held[2], size), max(held[3], size), size)
            continue
        if held is not None:
            yield held
        held = (x, until, size, size, size)
    if held is not None:
        yield held


def _line(curve: Curve, scale: _Scale) -> str:
    parts = []
    end = None
    for x, until, low, high, last in _columns(curve, scale):
        parts.append(f"{'M' if end is None or x > end else 'L'}{x} {scale.y(high)}")
        if low != high:
            parts.append(f"V{scale.y(low)}V{scale.y(last)}")
        parts.append(f"H{until}")
        end = until
    return "".join(parts)


def _areas(curve: Curve, scale: _Scale) -> Iterator[str]:
    """What is more above 0 and what is less below: in each place the furthest of both."""
    zero = scale.y(0)
    for word, sign in (("more", 1), ("less", -1)):
        steps = []
        for x, until, low, high, _ in _columns(curve, scale):
            size = high if sign > 0 else low
            if size * sign > 0:
                steps.append(f"M{x} {zero}V{scale.y(size)}H{max(until, x + 0.5)}V{zero}Z")
        yield f'<path class="{word}" d="{"".join(steps)}"/>'


# -- the table --------------------------------------------------------------------------------


def _table(shown: Shown) -> str:
    view = shown.view
    rows = [
        _row(
            group.name or "(no name)",
            *(group.before.sum.size, group.after.sum.size, group.change),
            matched(group),
            kind="noise" if group.noise else "",
        )
        for group in shown.groups
    ]
    rows += [
        _row(
            f"{rest.title} ({rest.groups})",
            *(rest.before.sum.size, rest.after.sum.size, rest.change),
        )
        for rest in shown.rests
    ]
    before, after = (side.sum.size for side in view.totals)
    end = _row(f"sum of {LAYOUT[view.figure].title}", before, after, view.total_change)
    heads = "".join(
        f"<th{' class=size' * (0 < place < 4)}>{word}</th>"
        for place, word in enumerate(("at the peaks", "before", "after", "change", "matched"))
    )
    about_both = f"{_text(about(view.before))}<br>{_text(about(view.after))}"
    return (
        f"<h2>What differs at the peaks</h2>\n<p>{about_both}</p>\n<table>"
        f"<thead><tr>{heads}</tr></thead>\n<tbody>{''.join(rows)}</tbody>"
        f"<tfoot>{end}</tfoot></table>"
    )


def _row(
    name: str, before: int | None, after: int | None, change: int | None, note: str = "",
    *, kind: str = "",
) -> str:  # fmt: skip
    sizes = (format_kib(before), format_kib(after), signed_kib(change))
    cells = "".join(f'<td class="size">{size}</td>' for size in sizes)
    start = f'<tr class="{kind}">' if kind else "<tr>"
    return f"{start}<td>{_text(name)}</td>{cells}<td>{_text(note)}</td></tr>\n"
