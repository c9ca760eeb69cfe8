"""Facts as values: what can be derived of them without asking anything else."""

from __future__ import annotations

import pytest

from memory_watcher.model import (
    VOLATILE_FIELDS,
    Layout,
    LayoutState,
    Mapping,
    MappingUsage,
    SystemMemory,
    Totals,
    Usage,
    WholeLayout,
    is_gate,
    sum_totals,
)

KI = 1024


def mapping(start: int, end: int, pathname: str = "") -> Mapping:
    return Mapping(start, end, "rw-p", 0, 0, 0, pathname)


def entry(usage: Usage, start: int = 0x1000, pathname: str = "") -> MappingUsage:
    return MappingUsage(mapping(start, start + 0x1000, pathname), usage)


def test_size_of_a_mapping() -> None:
    """End minus start, also above 2^63."""
    assert mapping(0xFFFFFFFFFF600000, 0xFFFFFFFFFF601000).size == 4 * KI


def test_uss() -> None:
    """Private clean, dirty and huge pages; None where the kernel lacks one of the first two."""
    assert Usage(private_clean=1, private_dirty=2, private_hugetlb=4).uss == 7
    assert Usage(private_clean=1, private_dirty=2).uss == 3
    assert Usage(private_clean=0, private_dirty=0).uss == 0
    assert Usage(private_clean=1).uss is None
    assert Usage(private_dirty=1).uss is None


def test_huge_pages() -> None:
    """Private and shared ones together; None where the kernel reports neither."""
    assert Usage(private_hugetlb=4, shared_hugetlb=2).hugetlb == 6
    assert (Usage(private_hugetlb=4).hugetlb, Usage(shared_hugetlb=0).hugetlb) == (4, 0)
    assert Usage(rss=1).hugetlb is None


def test_held() -> None:
    """RSS without LazyFree, plus swap and all huge pages; None without RSS or swap."""
    usage = Usage(
        *(100, 60),
        lazy_free=10,
        swap=5,
        swap_pss=3,
        private_hugetlb=1000,
        shared_hugetlb=2000,
    )
    assert usage.held == 100 - 10 + 5 + 1000 + 2000
    assert Usage(rss=100, swap=5).held == 105
    assert Usage(rss=100).held is None
    assert Usage(swap=100).held is None


def test_held_as_it_adds_up_over_processes() -> None:
    """Of PSS and SwapPss, with private huge pages alone; LazyFree takes no more than there is."""
    usage = Usage(
        *(100, 60),
        lazy_free=10,
        swap=5,
        swap_pss=3,
        private_hugetlb=1000,
        shared_hugetlb=2000,
    )
    assert usage.held_pss == 60 - 10 + 3 + 1000
    assert Usage(pss=60, lazy_free=100, swap=5, swap_pss=3).held_pss == 3
    assert Usage(pss=60, swap=0).held_pss == 60  # kernels before 4.3 report no SwapPss
    assert Usage(pss=60, swap=5).held_pss is None
    assert Usage(rss=60, swap=5, swap_pss=5).held_pss is None


def test_figures_that_change_often_come_first() -> None:
    """The volatile fields are those up to `anonymous`, as the docstring says."""
    assert Usage._fields[VOLATILE_FIELDS - 1] == "anonymous"


def test_entries_are_compared_by_identity() -> None:
    """Equal figures are still two entries: identity tells what changed."""
    assert entry(Usage(rss=1)) != entry(Usage(rss=1))
    assert "rss=1" in repr(entry(Usage(rss=1)))


def test_totals() -> None:
    """Sums over mappings; the gate counts in no size, but in all else."""
    entries = [
        entry(Usage(rss=4, pss=2, private_clean=1, private_dirty=1, swap=8, swap_pss=4)),
        entry(Usage(rss=1, pss=1, private_clean=0, private_dirty=1, swap=0, swap_pss=0)),
        entry(Usage(0, 0, private_clean=0, private_dirty=0, swap=0, swap_pss=0), 0, "[vsyscall]"),
    ]
    assert sum_totals(entries) == Totals(3, 8 * KI, 5, 3, 3, 8, 4)


def test_total_with_a_gap_is_none() -> None:
    """A figure that any mapping lacks has no sum: not 0, and not the sum of the others."""
    totals = sum_totals([entry(Usage(rss=4, pss=2)), entry(Usage(rss=1))])
    assert totals == Totals(2, 8 * KI, 5, None, None, None, None)


def test_totals_of_nothing() -> None:
    """Without mappings all sums are 0."""
    assert sum_totals([]) == Totals(0, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("name", "gate"),
    [("[vsyscall]", True), ("[vectors]", True), ("[vdso]", False), ("/tmp/[vsyscall]", False)],
)
def test_gate(name: str, gate: bool) -> None:
    """Only the mappings that the kernel's own VmSize leaves out."""
    assert is_gate(mapping(0, 1, name)) is gate


def test_states() -> None:
    """Exact, torn and unchecked have a layout; each state has a word and a sentence of its own."""
    with_layout = {state for state in LayoutState if state.has_layout}
    assert with_layout == {LayoutState.EXACT, LayoutState.TORN, LayoutState.UNCHECKED}
    assert LayoutState.NO_PERMISSION.label == "no permission"
    meanings = [state.meaning for state in LayoutState]
    assert len(set(meanings)) == len(LayoutState)
    assert all(meaning.endswith(".") for meaning in meanings)


def test_state_numbers_are_kept() -> None:
    """They stand in recordings: a number keeps its meaning for ever."""
    assert [(state.value, state.name) for state in LayoutState][:8] == [
        (1, "EXACT"),
        (2, "TORN"),
        (3, "UNCHECKED"),
        (4, "NOT_TAKEN"),
        (5, "NO_PERMISSION"),
        (6, "GONE"),
        (7, "KERNEL_THREAD"),
        (8, "ZOMBIE"),
    ]


def test_layout() -> None:
    """A layout is its entries, in order, and their sums."""
    entries = (entry(Usage(rss=4)), entry(Usage(rss=1)))
    layout = Layout(entries, LayoutState.EXACT)
    assert (tuple(layout), len(layout), layout.totals.rss) == (entries, 2, 5)


def test_whole_layout_is_all_new() -> None:
    """A loaded capture: everything is added, nothing removed."""
    entries = [entry(Usage(rss=4))]
    layout = WholeLayout(entries)
    assert (layout.added, list(layout.removed), layout.entries()) == (entries, [], entries)
    assert layout.totals.rss == 4


def test_available_memory() -> None:
    """MemAvailable as told, and computed from all its parts; None when any part is missing."""
    parts = {"MemFree": 1, "Buffers": 2, "Cached": 40, "SwapCached": 8, "SReclaimable": 16}
    memory = SystemMemory({**parts, "Shmem": 10, "MemAvailable": 5})
    assert (memory.available, memory.available_computed) == (5, 57)
    assert SystemMemory(parts).available is None
    for name in memory.values:
        less = SystemMemory({key: value for key, value in memory.values.items() if key != name})
        assert (less.available_computed is None) == (name != "MemAvailable")


def test_what_states_of_layouts_say() -> None:
    """Each state is of one sort: a layout, one that was not wanted or could not be read, none."""
    assert {state.name for state in LayoutState if state.has_layout} == {
        *("EXACT", "TORN", "UNCHECKED"),
    }
    assert {state.name for state in LayoutState if state.is_sound} == {"EXACT", "UNCHECKED"}
    assert {state.name for state in LayoutState if state.has_ended} == {"GONE", "ZOMBIE"}
    assert {state.name for state in LayoutState if not state.has_memory} == {
        *("GONE", "ZOMBIE", "KERNEL_THREAD"),
    }
    for state in LayoutState:
        sorts = (
            *(state.has_layout, state is LayoutState.NOT_TAKEN),
            *(state.is_unreadable, not state.has_memory),
        )
        assert sum(sorts) == 1, state
