"""What a process has, in pieces, and which of them a line of a budget is about. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..breakdown import OWN_LINES
from ..diff import Run, SizeOf
from ..kinds import Kind
from .kind_words import kind_named
from .model import Line
from .patterns import fits_path


class Piece(NamedTuple):
    """Mappings of one kind, group and path: `name` is the group's, `pathname` as the kernel says.

    `kind` is the group's, too: of a part of a library its family, and `part` which part it is.
    `process` is what all processes are called that do the same as theirs, empty of growth.

    `size` is their sum in bytes, or how fast they grow in bytes per hour; None: nothing tells.
    `at_most` is what it may be, None if nothing bounds it.
    """

    kind: Kind
    name: str
    pathname: str
    size: int | None
    at_most: int | None
    mappings: int
    process: str = ""
    part: Kind | None = None

    def is_of(self, kind: Kind | None) -> bool:
        """Whether it is of a kind, be that a family or a part."""
        return kind is not None and kind in (self.kind, self.part)


def pieces_of(run: Run, size_of: SizeOf) -> tuple[Piece, ...]:
    """Add the mappings of layouts up to pieces, the biggest first."""
    found: dict[tuple[Kind, str, str, str], list[int | None]] = {}
    for part in run:
        for entry, (kind, name) in part.entries:
            key = (kind, OWN_LINES.get(kind, name), entry.mapping.pathname, part.owner.group)
            found.setdefault(key, []).append(size_of(entry))
    pieces = [_piece(key, sizes) for key, sizes in found.items()]
    pieces.sort(
        key=lambda piece: (
            *(-(piece.size or 0), piece.name, piece.pathname),
            piece.part.value if piece.part else "",
        )
    )
    return tuple(pieces)


def _piece(key: tuple[Kind, str, str, str], sizes: Sequence[int | None]) -> Piece:
    told = [size for size in sizes if size is not None]
    size = sum(told) if told else None
    at_most = size if len(told) == len(sizes) else None
    kind, name, pathname, process = key
    part = None if kind is kind.family else kind
    return Piece(kind.family, name, pathname, size, at_most, len(sizes), process, part)


def covered(line: Line, lines: Iterable[Line], pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Those that a line is about; `lines` are all of its budget, for what they leave unlisted."""
    if line.what == "kind":
        kind = kind_named(line.pattern)
        return tuple(piece for piece in pieces if piece.is_of(kind))
    if line.what == "name":
        return tuple(piece for piece in pieces if is_named(line.pattern, piece))
    if line.what == "unlisted":
        listed = [each for each in lines if each.what in ("kind", "name")]
        return tuple(piece for piece in pieces if not _is_listed(piece, listed))
    return tuple(pieces)


def _is_listed(piece: Piece, lines: Iterable[Line]) -> bool:
    return any(
        piece.is_of(kind_named(line.pattern))
        if line.what == "kind"
        else is_named(line.pattern, piece)
        for line in lines
    )


def is_named(pattern: str, piece: Piece) -> bool:
    """Whether a pattern is that of the group's name, of the path, or of the path's last part."""
    return fits_path(pattern, piece.name) or fits_path(pattern, piece.pathname)
