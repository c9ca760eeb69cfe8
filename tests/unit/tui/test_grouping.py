"""Sums by group: right from scratch, and the same when they follow the layout before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.analysis.breakdown import break_down
from memory_watcher.analysis.kinds import attribute
from memory_watcher.model import KindEvidence, Mapping, MappingUsage, Usage
from memory_watcher.tui.grouping import Grouper, GroupSum, add_told, merge

NO_EVIDENCE = KindEvidence({}, {}, 4096)
NAMES = ("", "[heap]", "/usr/lib/a.so", "/usr/lib/b.so", "[anon:x]", "/dev/shm/c", "[vsyscall]")

sizes = st.one_of(st.none(), st.integers(0, 2**40))
usages = st.builds(
    Usage,
    rss=sizes,
    pss=sizes,
    private_clean=sizes,
    private_dirty=sizes,
    private_hugetlb=sizes,
    swap=sizes,
    swap_pss=sizes,
    kernel_page_size=st.just(4096),  # a file is of huge pages, or not: never in part
)


def entries_of(names: list[str], figures: list[Usage]) -> list[MappingUsage]:
    return [
        MappingUsage(Mapping(0x10000 * place, 0x10000 * place + 4096, "rw-p", 0, 0, 0, name), usage)
        for place, (name, usage) in enumerate(zip(names, figures, strict=True), start=1)
    ]


def plain(groups: dict[str, GroupSum]) -> dict[str, tuple[object, ...]]:
    return {key: tuple(group) for key, group in groups.items()}


@st.composite
def histories(draw: st.DrawFn) -> list[list[MappingUsage]]:
    """Layouts of which each shares most of its entries with the one before."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=8, max_size=40))
    layouts = [entries_of(names, draw(st.lists(usages, min_size=len(names), max_size=len(names))))]
    for _ in range(draw(st.integers(1, 4))):
        now = list(layouts[-1])
        for place in draw(st.lists(st.integers(0, len(now) - 1), max_size=len(now) // 8)):
            now[place] = MappingUsage(now[place].mapping, draw(usages))
        layouts.append(now)
    return layouts


@given(histories())
def test_following_is_as_good_as_from_scratch(layouts: list[list[MappingUsage]]) -> None:
    """Whatever changes, the sums are those of a grouper that has seen nothing before."""
    grouper = Grouper(1, "a (1)")
    for entries in layouts:
        layout = grouper.group(entries, NO_EVIDENCE)
        fresh = Grouper(1, "a (1)").group(entries, NO_EVIDENCE)
        for by in ("kind", "name", "mapping"):
            assert plain(layout.sums(by)) == plain(fresh.sums(by))


@given(histories())
def test_sums_are_those_of_memory_peak(layouts: list[list[MappingUsage]]) -> None:
    """By kind and by name, sizes agree with what analysis.breakdown adds up."""
    entries = layouts[-1]
    layout = Grouper(1, "a (1)").group(entries, NO_EVIDENCE)
    for by in ("kind", "name"):
        for figure in ("pss", "rss", "uss", "swap"):
            parts = break_down(attribute(entries), figure, by)
            expected = {
                group.name: group.sum.size for group in (*parts.own, *parts.top) if group.entries
            }
            found = {
                group.identity.name: getattr(group.sizes, figure)
                for group in layout.sums(by).values()
            }
            assert found == expected


def test_another_mapping_is_another_plan() -> None:
    """A mapping that comes or goes is in the next sums, even if all others stay."""
    figures = [Usage(rss=1, pss=1, private_clean=0, private_dirty=1, swap=0, swap_pss=0)] * 3
    entries = entries_of(["[heap]", "/usr/lib/a.so", ""], figures)
    grouper = Grouper(1, "a (1)")
    assert len(grouper.group(entries, NO_EVIDENCE).sums("name")) == 3
    assert len(grouper.group(entries[:2], NO_EVIDENCE).sums("name")) == 2
    assert len(grouper.group(entries, NO_EVIDENCE).sums("name")) == 3


def test_another_page_size_is_another_plan() -> None:
    """Without flags the page size says what is in huge pages, and so of which kind it is."""
    small = Usage(rss=1, pss=1, private_clean=0, private_dirty=1, swap=0, swap_pss=0)
    grouper = Grouper(1, "a (1)")
    for size, kind in ((4096, "shared memory"), (2 << 20, "huge pages")):
        usage = small._replace(kernel_page_size=size)
        found = grouper.group(entries_of(["/dev/shm/c"], [usage]), NO_EVIDENCE).sums("kind")
        assert list(found) == [kind]


def test_merging_processes() -> None:
    """PSS is added up over processes, RSS and swap are not; one alone keeps all."""
    figures = [Usage(rss=9, pss=4, private_clean=1, private_dirty=2, swap=3, swap_pss=2)]
    one = Grouper(1, "a (1)").group(entries_of(["[heap]"], figures), NO_EVIDENCE).sums("kind")
    other = Grouper(2, "b (2)").group(entries_of(["[heap]"], figures), NO_EVIDENCE).sums("kind")
    both = merge([one, other])["heap"]
    assert both.sizes == (8, None, 6, None, 4, None, None)
    assert both.mappings == 2
    assert not both.lacking
    assert merge([one])["heap"].sizes == (4, 9, 3, 3, 2, None, None)
    third = merge([one, other, one])["heap"]
    assert (third.sizes.pss, third.lacking) == (12, False)


def test_add_told() -> None:
    """Nothing told stays nothing; a part that is told counts."""
    assert add_told(None, None) is None
    assert add_told(None, 0) == 0
    assert add_told(2, 3) == 5
