"""/proc/meminfo -> model, and what changed in it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from memory_watcher.procfs.system import MeminfoTracker, parse_meminfo
from tests.captures import KI, capture

CAPTURED = capture("6.18-python", "meminfo")


def test_captured_meminfo() -> None:
    """Every line is there: kB lines as bytes, counts as counts, names with brackets too."""
    memory = parse_meminfo(CAPTURED)
    assert len(memory.values) == CAPTURED.count(b"\n") == 54
    assert memory.values["MemTotal"] == 24684092 * KI
    assert memory.values["Active(anon)"] == 1536 * KI
    assert memory.values["HugePages_Total"] == 0
    assert memory.values["Hugepagesize"] == 2048 * KI
    assert memory.available == 24251164 * KI
    free, buffers, cached, shmem, reclaimable = 23805992, 7480, 612056, 8856, 94928
    assert memory.available_computed == (free + buffers + cached - shmem + reclaimable) * KI


def test_old_kernel_tells_less() -> None:
    """Before 3.14 there is no MemAvailable: None; so is a line that is no number."""
    memory = parse_meminfo(b"MemTotal:  1024 kB\nMemFree:  8 kB\nOdd: x\n\n")
    assert memory.values == {"MemTotal": 1024 * KI, "MemFree": 8 * KI, "Odd": None}
    assert memory.available is None
    assert memory.available_computed is None


def test_first_content_is_all_new() -> None:
    """At first every field counts as changed."""
    assert MeminfoTracker().changes(CAPTURED) == parse_meminfo(CAPTURED)


def test_only_what_changed() -> None:
    """A field that stays the same is not told again, one that changes is."""
    tracker = MeminfoTracker()
    tracker.changes(CAPTURED)
    assert tracker.changes(CAPTURED).values == {}
    changed = CAPTURED.replace(b"HugePages_Free:        0", b"HugePages_Free:        7")
    assert tracker.changes(changed).values == {"HugePages_Free": 7}
    assert tracker.changes(CAPTURED).values == {"HugePages_Free": 0}


FIELDS = st.dictionaries(st.sampled_from("ABCDE"), st.integers(0, 3))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(FIELDS, st.permutations("ABCDE")), max_size=6))
def test_changes_add_up(contents: list[tuple[dict[str, int], list[str]]]) -> None:
    """The changes one after the other make each content, whatever order its lines have."""
    tracker = MeminfoTracker()
    known: dict[str, int | None] = {}
    for values, order in contents:
        lines = [f"{name}:  {values[name]} kB\n" for name in order if name in values]
        known.update(tracker.changes("".join(lines).encode()).values)
        assert known.items() >= {name: value * KI for name, value in values.items()}.items()


def test_figures_beyond_what_is_kept() -> None:
    """Kernels have printed 2**64 less a bit: that line alone is not told."""
    memory = parse_meminfo(
        b"MemTotal: 9007199254740991 kB\nSwapFree:18014396678257232 kB\n"
        b"MemFree: -5 kB\nHugePages_Total: 9223372036854775807\nHugePages_Free: "
        + b"9" * 5000
        + b"\n"
    )
    assert memory.values == {
        "MemTotal": 2**63 - KI,
        "SwapFree": None,
        "MemFree": None,
        "HugePages_Total": 2**63 - 1,
        "HugePages_Free": None,
    }


def test_no_end_of_lines_nobody_prints() -> None:
    """Of a copy of /proc that is somebody's text, a bounded part is taken."""
    text = b"".join(b"Name%d: 5 kB\n" % number for number in range(5000)) + b"x" * 10**6 + b": 5\n"
    assert len(parse_meminfo(text).values) <= 512
