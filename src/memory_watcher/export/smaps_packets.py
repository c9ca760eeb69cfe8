r"""Snapshots of mappings as Perfetto has them: PackedSmaps, arrays of one length, in KiB.

A row is encoded anew only when its figures change: of hundreds few do from one layout to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from ..answers.walk import Group, Sums
from ..model import add_up
from .protobuf import data, number, varint

_TEXT, _NAME, _COUNT, _SIZE = 1, 2, 3, 4
#: Figures and their fields. The UI takes a missing array of rss or swap as no memory at all.
_FIGURES = (
    ("rss", 5, True),
    ("anonymous", 6, False),
    ("swap", 7, True),
    ("shared_clean", 8, False),
    ("shared_dirty", 9, False),
    ("private_clean", 10, False),
    ("private_dirty", 11, False),
    ("locked", 12, False),
    ("pss", 13, False),
    ("pss_dirty", 14, False),
    ("swap_pss", 15, False),
)
#: Of SmapsPacket: recorded by itself, and not within a dump of a heap.
_STANDALONE = 1


class _Row(NamedTuple):
    """A row's text, and its numbers as they stand in the arrays; None: not reported."""

    text: str
    mappings: bytes
    size: bytes
    figures: tuple[bytes | None, ...]


#: The first text is empty by rule; nothing is called so.
_NOTHING = _Row("", b"\0", b"\0", (b"\0",) * len(_FIGURES))


class Snapshots:
    """The rows of a process as they are now: one for each text, or one for each mapping."""

    def __init__(self, pid: int, by_mapping: bool, text_of: Callable[[Group], str]) -> None:
        self._pid, self._by_mapping, self._text_of = pid, by_mapping, text_of
        self._texts: dict[Group, str] = {}
        self._members: dict[str, dict[Group, Sums]] = {}
        self._rows: dict[Group | str, _Row] = {}

    def update(self, changed: Iterable[Group]) -> None:
        """Take over what some groups come to now."""
        touched: dict[str, None] = {}  # in order: the same layouts give the same bytes
        for group in changed:
            if group not in self._texts:
                self._texts[group] = self._text_of(group)
            text, sums = self._texts[group], group.sums()
            if self._by_mapping:
                self._set(group, text, [] if sums is None else [sums])
                continue
            members = self._members.setdefault(text, {})
            members.pop(group, None)
            if sums is not None:
                members[group] = sums
            touched[text] = None
        for text in touched:
            self._set(text, text, list(self._members[text].values()))

    def _set(self, key: Group | str, text: str, several: list[Sums]) -> None:
        if not several:
            self._rows.pop(key, None)
            return
        sums = several[0] if len(several) == 1 else _together(several)
        figures = (sums.figure(figure) for figure, _, _ in _FIGURES)
        self._rows[key] = _Row(
            text,
            varint(sums.mappings),
            varint(sums.size >> 10),
            tuple(None if size is None else varint(size >> 10) for size in figures),
        )

    def packet(self) -> bytes:
        """The message SmapsPacket."""
        rows = list(self._rows.values())
        if self._by_mapping:
            numbers = {"": 0}
            names = [varint(numbers.setdefault(row.text, len(numbers))) for row in rows]
            which = data(_NAME, b"".join(names))
        else:
            rows = [_NOTHING, *rows]
            numbers = {row.text: 0 for row in rows}
            which = data(_COUNT, b"".join([row.mappings for row in rows]))
        parts = [data(_TEXT, text) for text in numbers]
        parts += [which, data(_SIZE, b"".join([row.size for row in rows]))]
        columns = zip(*[row.figures for row in rows], strict=True)
        for (_, field, is_needed), column in zip(_FIGURES, columns, strict=False):
            if None not in column:
                parts.append(data(field, b"".join(column)))
            elif is_needed:
                parts.append(data(field, b"".join([each or b"\0" for each in column])))
        return number(1, self._pid) + data(3, b"".join(parts)) + number(4, _STANDALONE)


def _together(several: list[Sums]) -> Sums:
    """Groups that have the same text, as one."""
    columns = zip(*(sums.figures for sums in several), strict=True)
    return Sums(
        sum(sums.mappings for sums in several),
        sum(sums.size for sums in several),
        tuple(map(add_up, columns)),
    )
