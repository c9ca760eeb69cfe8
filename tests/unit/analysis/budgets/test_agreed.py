"""What a baseline says of parts of programs and libraries, of which older ones know nothing."""

from __future__ import annotations

from memory_watcher.analysis.budgets.agreed import agreed_to
from memory_watcher.analysis.budgets.baseline import Baseline, Entry, Key
from memory_watcher.analysis.budgets.model import Budget, Limit, Line

LIBRARY, CODE, UNLISTED = (
    Line("kind", Limit(over_share=0.1), "library"),
    Line("kind", Limit(over_share=0.1), "library code"),
    Line("unlisted", Limit(over_share=0.1)),
)


def baseline(**sizes: int) -> Baseline:
    entries = {
        Key("", "pss", "peak", kind.replace("_", " ")): Entry(size, size, size)
        for kind, size in sizes.items()
    }
    return Baseline("x.json", "app", 1, {}, entries)


OLD = baseline(total=10, heap=3, library=7)
NEW = baseline(total=10, heap=3, library=7, library_code=5, program_data=2)


def agreed(of: Baseline, line: Line, *beside: Line) -> int | str:
    value, why = agreed_to(of, Budget(None, "peak", "pss", (line, *beside)), line)
    return why if value is None else value


def test_the_whole_is_agreed_to_in_both() -> None:
    """A budget that limits kind.library means all parts together, as it always did."""
    assert agreed(OLD, LIBRARY) == agreed(NEW, LIBRARY) == 7


def test_a_part_that_an_older_baseline_cannot_know_is_said_to_be_so() -> None:
    """Not 0, which would be over at once; a newer one that has none of it means 0."""
    assert "before libraries were divided" in str(agreed(OLD, CODE))
    assert agreed(NEW, CODE) == 5
    assert agreed(NEW, CODE._replace(pattern="library .bss")) == 0


def test_parts_do_not_count_twice_among_what_is_unlisted() -> None:
    """They are in their family's entry already."""
    assert agreed(OLD, UNLISTED) == agreed(NEW, UNLISTED) == 10
    assert agreed(NEW, UNLISTED, CODE) == 5
    assert agreed(NEW, UNLISTED, CODE, LIBRARY) == 3


def test_names_and_parts_of_libraries_overlap() -> None:
    """What a name has of a part is not in the baseline: the rest cannot be told."""
    libc = Line("name", Limit(over_share=0.1), "libc*")
    entries = {**NEW.entries, Key("", "pss", "peak", "library", "/lib/libc.so.6"): Entry(4, 4, 4)}
    found = agreed(NEW.__class__("x.json", "app", 1, {}, entries), UNLISTED, CODE, libc)
    assert "limit names or parts" in str(found)
