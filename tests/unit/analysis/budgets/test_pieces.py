"""What lines of a budget are about: for any layouts and any lines, they and the rest add up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.analysis.budgets.model import Limit, Line
from memory_watcher.analysis.budgets.pieces import Piece, covered, pieces_of
from memory_watcher.analysis.diff import Owner, Part
from memory_watcher.analysis.kinds import Kind, attribute
from memory_watcher.model import MappingUsage, Usage

from ....recordings import mapping

_NAMES = st.sampled_from(
    ["", "[heap]", "/usr/lib/libc.so.6", "/srv/a\nb.so", "/memfd:x (deleted)", "[anon:<b>]", "[x]"]
)
_ENTRY = st.tuples(_NAMES, st.none() | st.integers(0, 1 << 40))
_LAYOUTS = st.lists(_ENTRY, max_size=12)
_KIND_LINES = st.sampled_from([Line("kind", Limit(), kind.value) for kind in Kind])
_NAME_LINES = st.sampled_from(["*", "lib*", "*.so*", "[[]heap]", "heap", "/srv/*", "[anon:*"])
_LINES = st.lists(
    st.one_of(_KIND_LINES, st.builds(lambda name: Line("name", Limit(), name), _NAME_LINES)),
    max_size=5,
)


def _pss(entry: MappingUsage) -> int | None:
    return entry.usage.pss


def made(entries: list[tuple[str, int | None]]) -> tuple[Piece, ...]:
    layout = [
        MappingUsage(mapping(0x1000_0000 * at, pathname=name), Usage(pss=size))
        for at, (name, size) in enumerate(entries, 1)
    ]
    return pieces_of([Part(Owner(1, "app", "app", "app"), attribute(layout))], _pss)


@given(_LAYOUTS)
def test_pieces_hold_every_mapping_once(entries: list[tuple[str, int | None]]) -> None:
    """Their sizes add up to what was reported; what lacks some has no bound."""
    pieces = made(entries)
    assert sum(piece.mappings for piece in pieces) == len(entries)
    assert sum(piece.size or 0 for piece in pieces) == sum(size or 0 for _, size in entries)
    is_known = all(size is not None for _, size in entries)
    assert all(piece.at_most is not None for piece in pieces) == is_known


@given(_LAYOUTS, _LINES)
def test_what_lines_name_and_what_they_do_not_is_all(
    entries: list[tuple[str, int | None]], lines: list[Line]
) -> None:
    """Each piece is listed or unlisted, never both."""
    pieces = made(entries)
    rest = covered(Line("unlisted", Limit()), lines, pieces)
    listed = {piece for line in lines for piece in covered(line, lines, pieces)}
    assert listed.isdisjoint(rest)
    assert listed | set(rest) == set(pieces)
    assert covered(Line("total", Limit()), lines, pieces) == pieces


@given(_LAYOUTS)
def test_all_kinds_together_leave_nothing(entries: list[tuple[str, int | None]]) -> None:
    """Kinds divide what there is: each piece is of one."""
    pieces = made(entries)
    lines = [Line("kind", Limit(), kind.value) for kind in Kind if kind is kind.family]
    of_kinds = [piece for line in lines for piece in covered(line, lines, pieces)]
    assert sorted(of_kinds, key=repr) == sorted(pieces, key=repr)
    assert covered(Line("unlisted", Limit()), lines, pieces) == ()


def test_names_are_those_of_groups_paths_and_their_last_parts() -> None:
    """Case counts, and a star takes slashes and line breaks."""
    pieces = made([("[heap]", 1), ("/srv/a\nb.so", 2)])

    def named(pattern: str) -> int:
        found = covered(Line("name", Limit(), pattern), (), pieces)
        return sum(piece.size or 0 for piece in found)

    assert [named(each) for each in ("heap", "[[]heap]", "HEAP", "a*.so", "/srv/*", "*")] == [
        1, 1, 0, 2, 2, 3,
    ]  # fmt: skip
