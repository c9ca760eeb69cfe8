"""The page of two recordings: both histories, and what differs at pairs of moments.

What differs is told by `answers.pairs`, so by the rules of `diff`; the page only shows it. Texts
are escaped as in `contents`, whose two payloads stand beside that of the differences.
`web/src/pairs.ts` declares the same names.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

from ..analysis.kinds import Kind
from ..analysis.matching import Match
from ..answers.diff import At, DiffView, RunFacts
from ..answers.pairs import Difference, Instant, Pair, Pairs, pairs
from ..answers.taken import members
from ..metrics import LAYOUT
from ..render.diff_lines import Rest, notes, shorten, whose
from ..render.escape import escape
from ..render.output import write_whole
from ..store.steps import Steps, silently
from ..units import format_time
from .contents import contents
from .history import Histories
from .packing import Columns, pack
from .page import page
from .ticks import read_what_fits

#: What a table shows of one difference at most: the biggest changes.
MOST_ROWS = 300
_ROW = ("name", "kind", "before", "after", "match", "mappings_before", "mappings_after", "noise")


def pair_report_text(before: At, after: At, created_ns: int, tell: Steps = silently) -> str:
    """Make the page of two recordings, as text. Raises SelectionError, UsageError."""
    found = pairs(before, after, tell)
    sides = (before, after)
    names = _names(*(side.runs[0].path for side in sides))
    held = [
        _read(side, [each[number] for pair in found.pairs for each in _instants(pair)], tell)
        for number, side in enumerate(sides)
    ]
    title = f"{names[0]} → {names[1]}"
    data = {
        place: _side(side, histories, name, created_ns)
        for place, side, histories, name in zip(("data", "data-b"), sides, held, names, strict=True)
    }
    return page(title, {**data, "differences": _differences(found, held, names)}, "pair")


def write_pair_report(
    before: At, after: At, path: str, created_ns: int, tell: Steps = silently
) -> int:
    """Write the page; returns its size in bytes. Raises CannotWrite, SelectionError, UsageError."""
    data = pair_report_text(before, after, created_ns, tell).encode()
    write_whole(path, data)
    return len(data)


def _names(before: str, after: str) -> tuple[str, str]:
    """Names of the files; with their folders if they are called the same."""
    one, other = os.path.basename(before), os.path.basename(after)
    if one == other:
        one, other = before, after
    return escape(one), escape(other)


def _instants(pair: Pair) -> list[tuple[Instant, Instant]]:
    return [(each.before, each.after) for each in pair.differences.values()]


def _read(side: At, instants: list[Instant], tell: Steps) -> Histories:
    recording = side.runs[0]
    chosen = members(recording, side.process)
    return read_what_fits(recording, chosen, tell=tell, also={each.tick for each in instants})


def _side(side: At, held: Histories, name: str, created_ns: int) -> str:
    header, columns = contents(side.runs[0], held, created_ns)
    return pack({**header, "file": name, "title": name}, columns)


# -- differences ------------------------------------------------------------------------------


class _Tables:
    """Collects the rows of all tables as columns; names stand once."""

    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        self.rows: list[tuple[int | None, ...]] = []

    def add(self, view: DiffView) -> dict[str, Any]:
        """Add what one view shows; tells how many rows these are, and what is beside them."""
        shown = shorten(view, MOST_ROWS)
        kinds, matches = list(Kind), list(Match)
        for group in shown.groups:
            self.rows.append(
                (
                    self.names.setdefault(escape(group.name or "(no name)"), len(self.names)),
                    None if group.kind is None else kinds.index(group.kind),
                    group.before.sum.size,
                    group.after.sum.size,
                    matches.index(group.match),
                    group.before.mappings,
                    group.after.mappings,
                    int(bool(group.noise)),
                )
            )
        counts = Counter(group.match for group in view.groups)
        return {
            "rows": len(shown.groups),
            "rests": [_rest(rest) for rest in shown.rests],
            "matches": [[matches.index(match), count] for match, count in counts.most_common()],
        }

    def columns(self) -> Columns:
        """Each figure of all rows as a column."""
        columns = Columns()
        for place, name in enumerate(_ROW):
            columns.add(f"row.{name}", [row[place] for row in self.rows])
        return columns


def _differences(found: Pairs, held: list[Histories], names: tuple[str, str]) -> str:
    tables = _Tables()
    told = [
        {
            "moment": pair.moment,
            "age": None if pair.age_ns is None else pair.age_ns // 1000,
            "figures": {
                figure: _difference(each, held, tables) for figure, each in pair.differences.items()
            },
        }
        for pair in found.pairs
    ]
    header = {
        "title": f"{names[0]} → {names[1]}",
        "starts": [start // 1000 for start in found.start_ns],
        "figures": found.figures,
        "by": found.by,
        "matches": [[match.value, match.meaning] for match in Match],
        "names": list(tables.names),
        "pairs": told,
    }
    return pack(header, tables.columns())


def _difference(each: Difference, held: list[Histories], tables: _Tables) -> dict[str, Any]:
    view = each.views[0]
    runs = (view.before[0], view.after[0])
    instants = (each.before, each.after)
    return {
        "title": LAYOUT[view.figure].title,
        "ticks": [
            histories.ticks.position_of[instant.tick]
            for histories, instant in zip(held, instants, strict=True)
        ],
        "sides": [_about(run) for run in runs],
        "totals": [side.sum.size for side in view.totals],
        "notes": notes(view),
        "tables": [tables.add(view) for view in each.views],
    }


def _about(run: RunFacts) -> str:
    return f"{format_time(run.time)}, {whose(run)}"


def _rest(rest: Rest) -> list[Any]:
    sizes = (rest.before.sum.size, rest.after.sum.size)
    return [rest.title, rest.groups, *sizes, rest.before.mappings, rest.after.mappings]
