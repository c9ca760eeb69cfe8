"""Traces, decoded field by field by Perfetto's own messages."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.model import Reading, Usage
from memory_watcher.render.escape import escape
from tests.exports import HOSTILE, PID, PROGRAM, exported, hard_recording, peak
from tests.recordings import KI, MI, SECOND, START, RecordingBuilder, mapping

messages = pytest.importorskip(
    "perfetto.protos.perfetto.trace.perfetto_trace_pb2", reason="the extra dev brings it"
)
BOOTTIME, REALTIME = 6, 1


@pytest.fixture(name="path", scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hard_recording(tmp_path_factory.mktemp("export") / "hard.db")


def packets(path: Path, **options: Any) -> list[Any]:
    trace = messages.Trace()
    trace.ParseFromString(gzip.decompress(exported("perfetto", path, **options)))
    found = list(trace.packet)
    assert all(each.timestamp_clock_id == BOOTTIME for each in found)
    assert all(each.trusted_packet_sequence_id for each in found)
    return found


def smaps(path: Path, **options: Any) -> dict[int, Any]:
    """The snapshots by their times, UTC nanoseconds."""
    return {
        each.timestamp: each.smaps_packet
        for each in packets(path, **options)
        if each.HasField("smaps_packet")
    }


@pytest.mark.parametrize("by", ["kind", "name", "mapping"])
def test_snapshots_have_the_figures_of_memory_peak(path: Path, by: str) -> None:
    """At a quiet layout, a torn one and the peak: arrays of one length, with equal sums."""
    found = smaps(path, by=by)
    assert list(found) == [START + number * SECOND for number in range(4)]
    for tick, (_, snapshot) in zip((1, 2, 3), found.items(), strict=False):
        assert snapshot.pid == PID
        assert snapshot.recording_type == 1, "standalone: else the UI takes it as half of a dump"
        rows = snapshot.packed_entries
        assert rows.string_table[0] == ""
        assert len(set(rows.string_table)) == len(rows.string_table)
        count = len(rows.name_id) if by == "mapping" else len(rows.string_table)
        shown = peak(path, "--measurement-time", f"#{tick}")["measurement"]["totals"]
        for figure in ("size", "rss", "pss", "swap", "swap_pss"):
            values = getattr(rows, f"{figure}_kb")
            assert len(values) == count
            assert sum(values) == shown[figure] // 1024, (tick, figure)
        if by == "mapping":
            assert max(rows.name_id) < len(rows.string_table)
            assert not rows.aggregate_count
            assert count == shown["mappings"]
        else:
            assert not rows.name_id
            assert len(rows.aggregate_count) == count
            assert sum(rows.aggregate_count) == shown["mappings"]


def test_names_lead_to_the_right_category(path: Path) -> None:
    """Heaps and files bear the names that the UI sorts by; nothing is unprintable."""
    texts = next(iter(smaps(path).values())).packed_entries.string_table
    assert {"[heap]", "anonymous", "/usr/lib/libc.so.6"} <= set(texts)
    assert {escape(name) for name in HOSTILE[:3]} <= set(texts)
    assert all(text.isprintable() for text in texts)


def test_stacks_and_arenas_are_known_to_the_ui(tmp_path: Path) -> None:
    """Kinds that are told by evidence get the names that it sorts by."""
    builder = RecordingBuilder(tmp_path / "a.db")
    process = builder.process(7)
    builder.tick()
    arena = mapping(64 * MI, 1 * MI)._replace(perms="rw-p")
    rest = mapping(65 * MI, 63 * MI)._replace(perms="---p")
    flags = "rd wr mr mw me nr"
    layout = [
        (arena, Usage(rss=4 * KI, pss=4 * KI, vm_flags=flags)),
        (rest, Usage(rss=0, pss=0, vm_flags="mr mw me nr")),
        (mapping(0x7FFF_0000_0000, pathname="[stack]"), Usage(rss=8 * KI, pss=8 * KI)),
    ]
    builder.layout(process, layout)
    rows = next(iter(smaps(builder.close()).values())).packed_entries
    sizes = dict(zip(rows.string_table, rows.rss_kb, strict=True))
    assert sizes["[anon:stack_and_tls]"] == 8
    assert sizes["[anon:libc_malloc:arena]"] == 4
    assert list(rows.swap_kb) == [0] * len(rows.string_table), "a missing array makes all sums 0"
    assert not rows.swap_pss_kb, "what no mapping reports is not there"


def test_process_tree_and_stats(path: Path) -> None:
    """Who it is, and the kernel's own figures with the high-water mark."""
    found = packets(path)
    (tree,) = (each.process_tree for each in found if each.HasField("process_tree"))
    (process,) = tree.processes
    assert (process.pid, process.ppid, process.uid) == (PID, 1, 1000)
    assert list(process.cmdline) == [escape(f"{PROGRAM} --flag")]
    stats = [each.process_stats.processes[0] for each in found if each.HasField("process_stats")]
    assert [each.vm_rss_kb for each in stats] == [1124, 2148, 3172, 1124, 2048]
    assert {each.vm_hwm_kb for each in stats[:4]} == {4096}
    assert not stats[4].HasField("vm_hwm_kb"), "what was not read is not there"
    assert not stats[0].HasField("rss_anon_kb")
    assert [each.smr_pss_kb for each in stats[:4]] == [
        each["pss"] // 1024
        for tick in (1, 2, 3, 4)
        for each in [peak(path, "--measurement-time", f"#{tick}")["measurement"]["totals"]]
    ]


def counters(found: list[Any]) -> dict[str, list[tuple[int, int]]]:
    """Times and values of each track, by its name."""
    names = {
        each.track_descriptor.uuid: each.track_descriptor.name
        for each in found
        if each.HasField("track_descriptor")
    }
    values: dict[str, list[tuple[int, int]]] = {name: [] for name in names.values()}
    for each in found:
        if each.HasField("track_event"):
            assert each.track_event.type == messages.TrackEvent.TYPE_COUNTER
            name = names[each.track_event.track_uuid]
            values[name].append((each.timestamp, each.track_event.counter_value))
    return values


def test_true_kinds_are_counters(path: Path) -> None:
    """PSS of each kind, to the byte; a value that stays the same is told once."""
    found = counters(packets(path))
    groups = peak(path, "--by", "kind", "--measurement-time", "#3")["groups"]
    at_peak = START + 2 * SECOND
    for group in groups:
        values = [value for time, value in found[f"PSS: {group['kind']}"] if time <= at_peak]
        assert values[-1] == group["figures"]["pss"]
    assert len(found["PSS: library code"]) == 1


def test_machine_and_control_group_are_counters(tmp_path: Path) -> None:
    """Where they were recorded; a line that was no figure is left out."""
    builder = RecordingBuilder(tmp_path / "a.db")
    process = builder.process(7)
    tick = builder.tick()
    builder.reading(process, Reading(resident=KI))
    builder.meminfo(tick, MemAvailable=5 * MI, Cached=-1)
    builder.execute("INSERT INTO cgroups VALUES (1, 2, '/a\x1b.service')")
    builder.execute("INSERT INTO cgroup_fields VALUES (1, 'current'), (2, 'events.oom')")
    builder.execute("INSERT INTO cgroup_readings VALUES (1, 1, ?, 77), (1, 2, ?, 1)", tick, tick)
    assert counters(packets(builder.close())) == {
        "meminfo: MemAvailable": [(START, 5 * MI)],
        r"cgroup /a\x1b.service: current": [(START, 77)],
    }


def test_time_is_that_of_the_wall_clock(path: Path) -> None:
    """The clock snapshot says that trace time is UTC, for the UI to show."""
    (clocks,) = (each.clock_snapshot for each in packets(path) if each.HasField("clock_snapshot"))
    told = {clock.clock_id: clock.timestamp for clock in clocks.clocks}
    assert told == {BOOTTIME: START, REALTIME: START}


def test_only_layouts_that_differ(tmp_path: Path) -> None:
    """A layout that is as the one before has no snapshot of its own."""
    builder = RecordingBuilder(tmp_path / "a.db")
    process = builder.process(7)
    for size in (1, 1, 2, 2):
        builder.tick()
        builder.layout(process, [(mapping(0x1000), Usage(rss=size * KI, pss=size * KI))])
    assert list(smaps(builder.close())) == [START, START + 2 * SECOND]
