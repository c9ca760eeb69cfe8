"""memory-load-smaps: captures of every kernel, and what is no capture."""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path

import pytest

import memory_watcher
from memory_watcher.model import LayoutState

from ..programs import folder_state, one, rows, run

CAPTURES = [
    path
    for path in sorted((Path(__file__).parents[1] / "data" / "proc").glob("*/smaps"))
    if path.stat().st_size
]

TWO_BLOCKS = b"""\
00400000-00452000 r-xp 00000000 08:02 173521                             /usr/bin/my daemon
Size:                328 kB
Rss:                 120 kB
Pss:                  60 kB
Shared_Clean:        120 kB
Shared_Dirty:          0 kB
Private_Clean:         0 kB
Private_Dirty:         0 kB
Referenced:          120 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me dw\x20
00e03000-00e24000 rw-p 00000000 00:00 0                                  [heap]
Size:                132 kB
Rss:                  48 kB
Pss:                  48 kB
Shared_Clean:          0 kB
Shared_Dirty:          0 kB
Private_Clean:         0 kB
Private_Dirty:        48 kB
Referenced:           48 kB
Anonymous:            48 kB
VmFlags: rd wr mr mw me ac\x20
"""


@pytest.fixture(name="capture")
def write_capture(tmp_path: Path) -> Path:
    capture = tmp_path / "server.smaps"
    capture.write_bytes(TWO_BLOCKS)
    return capture


@pytest.mark.parametrize("source", CAPTURES, ids=[path.parent.name for path in CAPTURES])
def test_captures_of_all_kernels(source: Path, tmp_path: Path) -> None:
    """Every mapping of the capture is there, and RSS and PSS add up to the lines' sums."""
    file = tmp_path / "loaded.db"
    done = run("memory-load-smaps", "-p", "42", "--database-file", file, source)
    assert (done.returncode, done.stdout) == (0, "")
    text = source.read_bytes()
    headers = len(re.findall(rb"^[0-9a-f]+-[0-9a-f]+ ", text, re.MULTILINE))
    assert re.fullmatch(rf"{headers} mappings, RSS .*, PSS .* loaded into .*\n", done.stderr)

    def lines(key: bytes) -> list[int]:
        found = re.findall(rb"^" + key + rb": +([0-9]+) kB$", text, re.MULTILINE)
        return [int(value) * 1024 for value in found]

    with memory_watcher.open(file) as recording:
        (measurement,) = recording.measurements(recording.process(pid=42).id)
        assert measurement.state is LayoutState.UNCHECKED
        assert measurement.totals
        assert measurement.totals.mappings == headers
        assert measurement.totals.rss == sum(lines(b"Rss"))
        assert len(recording.layout(measurement.id)) == headers
        if len(lines(b"Pss")) == headers:
            assert measurement.totals.pss == sum(lines(b"Pss"))
        assert measurement.reading.resident is None
    shown = run("memory-peak", file, "--process-memory", "rss")
    assert shown.returncode == 0, shown.stderr


def test_options(capture: Path, tmp_path: Path) -> None:
    """PID, name, time and file are as told."""
    file = tmp_path / "device.db"
    done = run(
        "memory-load-smaps",
        *("-p", "4711", "--name", "my server", "--time", "2018-08-17T15:58:03.942Z"),
        *("--database-file", file, capture),
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"2 mappings, RSS 168 KiB, PSS 108 KiB loaded into {file}\n"
    assert rows(file, "SELECT pid, name FROM process") == [(4711, "my server")]
    (time_ns,) = one(file, "SELECT time_ns FROM ticks")
    assert time_ns == 1_534_521_483_942_000_000, "the instant, not the end of its millisecond"
    assert rows(file, "SELECT end_reason, period_ns FROM runs") == [("loaded", None)]
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(tmp_path)) == ["device.db", "server.smaps"]


def test_defaults(capture: Path, tmp_path: Path) -> None:
    """Without options: measurement.db, PID 1, the file's name and time of change."""
    os.utime(capture, ns=(1, 1_500_000_000_123_456_789))
    done = run("memory-load-smaps", capture.name, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    file = tmp_path / "measurement.db"
    assert rows(file, "SELECT pid, name FROM process") == [(1, "server.smaps")]
    assert one(file, "SELECT time_ns FROM ticks") == (1_500_000_000_123_456_789,)


def test_standard_input(tmp_path: Path) -> None:
    """`-` reads standard input, as `ssh device cat /proc/PID/smaps | memory-load-smaps -`."""
    done = run("memory-watcher", "load-smaps", "-", cwd=tmp_path, stdin=TWO_BLOCKS)
    assert done.returncode == 0, done.stderr
    assert one(tmp_path / "measurement.db", "SELECT rss FROM readings") == (168 * 1024,)


def test_several_are_added(capture: Path, tmp_path: Path) -> None:
    """Captures of one PID are measurements of one process; another PID is another process."""
    for pid in ("7", "7", "8"):
        assert run("memory-load-smaps", "-p", pid, capture.name, cwd=tmp_path).returncode == 0
    file = tmp_path / "measurement.db"
    assert rows(
        file,
        "SELECT pid, count(*) FROM processes AS p JOIN readings ON process_id = p.id"
        " GROUP BY p.id ORDER BY p.id",
    ) == [(7, 2), (8, 1)]
    assert one(file, "SELECT count(*) FROM runs") == (3,)
    assert one(file, "SELECT sum(rss) FROM data") == (3 * 168,)


def test_same_pid_and_other_name_is_another_process(capture: Path, tmp_path: Path) -> None:
    """The PID is 1 unless told, so only captures of one PID and name are one process."""
    for name in ("server", "client", "server", "third", "client"):
        assert run("memory-load-smaps", "--name", name, capture.name, cwd=tmp_path).returncode == 0
    file = tmp_path / "measurement.db"
    assert rows(
        file,
        "SELECT pid, name, start_time, count(*) FROM process AS p JOIN readings"
        " ON process_id = p.id GROUP BY p.id ORDER BY p.id",
    ) == [(1, "server", 0, 2), (1, "client", 1, 2), (1, "third", 2, 1)]
    assert rows(file, "SELECT count(*) FROM images") == [(3,)]
    shown = run("memory-peak", file, "-p", "1")
    assert shown.returncode == 1
    assert "PID 1 stands for 3 processes; choose one by its process id" in shown.stderr
    assert run("memory-peak", file, "--process-id", "2").returncode == 0


@pytest.mark.parametrize("end", [b"Referenced", b"Anonymous", b"00e03000"])
def test_one_mapping(end: bytes, tmp_path: Path) -> None:
    """A single mapping is whole with VmFlags, or with all that kernels before them print."""
    text = TWO_BLOCKS[: TWO_BLOCKS.index(end)]
    done = run("memory-load-smaps", "-", cwd=tmp_path, stdin=text)
    assert done.returncode == 0, done.stderr
    assert one(tmp_path / "measurement.db", "SELECT rss FROM readings") == (120 * 1024,)


# Bad input: one line, exit code 1 or 2, nothing created or changed

FIRST = TWO_BLOCKS.index(b"00e03000")
NO_CAPTURES = {
    "empty": b"",
    "blank": b" \n\n",
    "something else": b"hello\nworld\n",
    "maps, not smaps": b"00400000-00452000 r-xp 00000000 08:02 1      /bin/a\n" * 2,
    "binary": bytes(range(256)) * 20,
    "smaps_rollup of nothing": b"Rss: 1 kB\n",
    "cut before the first figure": TWO_BLOCKS[: TWO_BLOCKS.index(b"Size")],
    "cut in the header": TWO_BLOCKS[: FIRST + 20],
    "cut behind the header": TWO_BLOCKS[: TWO_BLOCKS.index(b"Size", FIRST)],
    "cut in a key": TWO_BLOCKS[: TWO_BLOCKS.index(b"Pss", FIRST) + 2],
    "cut before a number": TWO_BLOCKS[: TWO_BLOCKS.index(b"Pss", FIRST) + 10],
    "cut in a number": TWO_BLOCKS[: TWO_BLOCKS.index(b"132") + 2],
    "cut in a unit": TWO_BLOCKS[: TWO_BLOCKS.index(b"B", TWO_BLOCKS.index(b"Pss", FIRST))],
    "cut behind a line": TWO_BLOCKS[: TWO_BLOCKS.index(b"Referenced", FIRST)],
    "cut before the flags": TWO_BLOCKS[: TWO_BLOCKS.index(b"VmFlags", FIRST)],
    "cut in the flags": TWO_BLOCKS[:-3],
    "one mapping cut behind Rss": TWO_BLOCKS[: TWO_BLOCKS.index(b"Pss")],
    "one mapping cut behind Pss": TWO_BLOCKS[: TWO_BLOCKS.index(b"Shared_Clean")],
    "one mapping cut behind Private_Clean": TWO_BLOCKS[: TWO_BLOCKS.index(b"Private_Dirty")],
}


@pytest.mark.parametrize("content", NO_CAPTURES.values(), ids=NO_CAPTURES)
@pytest.mark.parametrize("existing", [False, True], ids=["no file", "a recording"])
def test_no_capture(content: bytes, existing: bool, tmp_path: Path) -> None:
    """What is empty, cut or something else is refused whole; a recording stays as it was."""
    bad = tmp_path / "bad.smaps"
    bad.write_bytes(content)
    if existing:
        assert run("memory-load-smaps", "-", cwd=tmp_path, stdin=TWO_BLOCKS).returncode == 0
    before = folder_state(tmp_path)
    done = run("memory-load-smaps", bad, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(rf"memory-load-smaps: {re.escape(str(bad))}: .+\n", done.stderr)
    assert folder_state(tmp_path) == before


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["missing.smaps"], 1, "missing.smaps: No such file or directory"),
        (["folder"], 1, "folder: Is a directory"),
        ([], 2, ".*smaps-file.*"),
        (["server.smaps", "-p", "abc"], 2, "--pid: 'abc' is not a PID"),
        (["server.smaps", "-p", "0"], 2, "--pid: '0' is not a PID"),
        (["server.smaps", "-p", "9" * 30], 2, f"--pid: '{'9' * 30}' is not a PID"),
        (["server.smaps", "-p", "9" * 5000], 2, "--pid: '9{40}…' is not a PID"),
        (["server.smaps", "--time", "noon"], 2, "--time: 'noon' is not a time; .*"),
        (["server.smaps", "--time", "2018-13-01T00:00"], 2, "--time: .*"),
        (["server.smaps", "--time", "0001-01-01T00:00"], 2, "--time: .*"),
        (["server.smaps", "--time", "9999-01-01T00:00"], 2, "--time: .*"),
        (["server.smaps", "--nonsense"], 2, ".*--nonsense.*"),
        (
            ["server.smaps", "--database-file", "none/a.db"],
            1,
            "none/a.db: .* no folder none; create.*",
        ),
        (["server.smaps", "--database-file", "folder"], 1, "folder: .* it is a folder"),
        (
            ["server.smaps", "--database-file", "server.smaps"],
            1,
            "server.smaps: not a recording .*",
        ),
        (["server.smaps", "--database-file", "other.db"], 1, "other.db: a SQLite database, but .*"),
        (["server.smaps", "--database-file", "newer.db"], 1, "newer.db: written by a newer .*"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else "",
)
def test_bad_input(
    arguments: list[str], code: int, message: str, capture: Path, tmp_path: Path
) -> None:
    """One line that names what is wrong; all files stay as they were, byte for byte."""
    (tmp_path / "folder").mkdir()
    assert (
        run("memory-load-smaps", capture, "--database-file", tmp_path / "newer.db").returncode == 0
    )
    for name, sql in (("other.db", "CREATE TABLE a (b)"), ("newer.db", "PRAGMA user_version = 99")):
        connection = sqlite3.connect(tmp_path / name)
        connection.execute(sql)
        connection.commit()
        connection.close()
    before = folder_state(tmp_path)
    done = run("memory-load-smaps", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    assert re.fullmatch(f"memory-load-smaps: {message}\n", done.stderr), done.stderr
    assert folder_state(tmp_path) == before


# Several captures in one text, and series of captures

LATER = TWO_BLOCKS.replace(b"Rss:                  48 kB", b"Rss:                  96 kB")


def test_several_captures_of_one_process(tmp_path: Path) -> None:
    """Two captures in one text are two measurements, a period apart, and never one layout."""
    done = run(
        *("memory-load-smaps", "--period", "10s", "--time", "2018-08-17T15:58:03Z", "-"),
        cwd=tmp_path,
        stdin=TWO_BLOCKS + b"\n\n" + LATER,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == (
        "line 1: PID 1, 2 mappings, RSS 168 KiB, PSS 108 KiB\n"
        "line 25: PID 1, 2 mappings, RSS 216 KiB, PSS 108 KiB\n"
        "2 measurements of 1 process loaded into measurement.db\n"
    )
    assert rows(
        tmp_path / "measurement.db",
        "SELECT time_ns / 1000000000, rss / 1024, mappings FROM readings"
        " JOIN ticks ON ticks.id = tick",
    ) == [(1_534_521_483, 168, 2), (1_534_521_493, 216, 2)]


def test_last_of_several_is_of_the_files_time(tmp_path: Path) -> None:
    """Without --time, the file's time of change is that of its last capture."""
    log = tmp_path / "every.log"
    log.write_bytes(TWO_BLOCKS * 3)
    os.utime(log, (1, 1_500_000_000))
    assert run("memory-load-smaps", "--period", "1m", log, cwd=tmp_path).returncode == 0
    times = rows(tmp_path / "measurement.db", "SELECT time_ns / 1000000000 FROM ticks")
    assert times == [(1_499_999_880,), (1_499_999_940,), (1_500_000_000,)]


def test_captures_of_several_processes(tmp_path: Path) -> None:
    """What names its PIDs is several processes side by side, at one instant."""
    text = b"==> /proc/31/smaps <==\n" + TWO_BLOCKS + b"\n==> /proc/32/smaps <==\n" + LATER
    done = run("memory-load-smaps", "-", cwd=tmp_path, stdin=text)
    assert done.returncode == 0, done.stderr
    assert "left out, because it is not smaps text: lines 1, 25\n" in done.stderr
    assert rows(
        tmp_path / "measurement.db",
        "SELECT pid, tick, rss / 1024 FROM readings JOIN processes AS p ON p.id = process_id",
    ) == [(31, 1, 168), (32, 1, 216)]


@pytest.mark.parametrize(
    ("arguments", "text", "code", "message"),
    [
        ([], TWO_BLOCKS * 2, 2, r"the text holds 2 captures of one process \(lines 1, 23\); .*"),
        (["--period", "1s"], TWO_BLOCKS, 2, "--period: the text holds one capture; .*"),
        (["--period", "soon"], TWO_BLOCKS * 2, 2, "--period: 'soon' is not a duration; .*"),
        (
            ["-p", "5"],
            b"PID: 7\n" + TWO_BLOCKS + b"PID: 8\n" + LATER,
            2,
            r"--pid: the text holds captures of several processes \(7, 8\); omit it",
        ),
        (
            ["--period", "30000d", "--time", "2200-01-01T00:00"],
            TWO_BLOCKS * 2,
            2,
            "--time, --period: recordings hold times from 1677 to 2262",
        ),
    ],
    ids=["no period", "one", "no duration", "one PID", "too late"],
)
def test_several_refused(
    arguments: list[str], text: bytes, code: int, message: str, tmp_path: Path
) -> None:
    """What is not told, or has no effect, is an error that says what to give."""
    done = run("memory-load-smaps", *arguments, "-", cwd=tmp_path, stdin=text)
    assert (done.returncode, done.stdout) == (code, "")
    assert re.fullmatch(f"memory-load-smaps: {message}\n", done.stderr), done.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("pid", [[], ["-p", "42"]], ids=["no PID", "a PID"])
def test_series_of_files_is_one_process(pid: list[str], tmp_path: Path) -> None:
    """Files with one PID are one process whatever their names, and that is told."""
    for number, text in enumerate((TWO_BLOCKS, LATER, TWO_BLOCKS)):
        (tmp_path / f"snap{number}.smaps").write_bytes(text)
        done = run("memory-load-smaps", *pid, f"snap{number}.smaps", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert (f"added to PID {pid[1] if pid else 1}, 'snap0.smaps';" in done.stderr) == (
            number > 0
        )
    assert rows(
        tmp_path / "measurement.db",
        "SELECT name, count(*) FROM images JOIN readings USING (process_id) GROUP BY 1",
    ) == [("snap0.smaps", 3)]


def test_pid_of_several_names_asks_for_one(capture: Path, tmp_path: Path) -> None:
    """Once --name has made two processes of a PID, a capture without one is refused."""
    for name in ("server", "client"):
        assert run("memory-load-smaps", "--name", name, capture.name, cwd=tmp_path).returncode == 0
    done = run("memory-load-smaps", capture.name, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        "memory-load-smaps: PID 1 stands for 2 processes; give --name: 'server', 'client'\n"
    )
    assert one(tmp_path / "measurement.db", "SELECT count(*) FROM runs") == (2,)


ROLLUP = b"""\
00400000-7ffffffff000 ---p 00000000 00:00 0                              [rollup]
Rss:                5268 kB
Pss:                4747 kB
Pss_Anon:           4364 kB
Shared_Clean:        904 kB
Shared_Dirty:          0 kB
Private_Clean:         0 kB
Private_Dirty:      4364 kB
Referenced:         5268 kB
Swap:                 12 kB
SwapPss:               8 kB
Locked:                0 kB
"""


def test_pid_that_the_text_tells(tmp_path: Path) -> None:
    """A command before the capture names its process; that is said, and -p goes before it."""
    text = b"$ cat /proc/912/smaps\n" + TWO_BLOCKS
    done = run("memory-load-smaps", "-", cwd=tmp_path, stdin=text)
    assert (done.returncode, done.stdout) == (0, "")
    assert (
        "left out, because it is not smaps text: line 1\nPID 912, as the text says\n" in done.stderr
    )
    done = run("memory-load-smaps", "-p", "5", "-", cwd=tmp_path, stdin=text)
    assert "PID" not in done.stderr
    assert rows(tmp_path / "measurement.db", "SELECT pid FROM processes ORDER BY id") == [
        (912,),
        (5,),
    ]


def test_totals_only(tmp_path: Path) -> None:
    """smaps_rollup is told by its name; its totals are loaded, and no address space."""
    done = run("memory-load-smaps", "-", cwd=tmp_path, stdin=ROLLUP)
    assert done.returncode == 0
    assert done.stderr == (
        "totals only (smaps_rollup: it has no mappings), RSS 5.14 MiB, PSS 4.64 MiB loaded into"
        " measurement.db\n"
    )
    assert one(
        tmp_path / "measurement.db",
        "SELECT rss / 1024, pss / 1024, uss / 1024, swap_pss / 1024, rollup_pss / 1024, layout_size"
        " FROM readings",
    ) == (5268, 4747, 4364, 8, 4747, 0)
    shown = run("memory-peak", cwd=tmp_path)
    assert shown.returncode == 0
    assert re.search(r"sum of PSS: +4 747 Ki", shown.stdout)
    by_kind = run("memory-peak", "--by", "kind", cwd=tmp_path)
    assert re.search(r"^totals +4 747 Ki", by_kind.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    "text",
    [
        TWO_BLOCKS.replace(b"Size:                132 kB", b"Size:                136 kB"),
        ROLLUP,
    ],
    ids=["a stack with its guard page", "totals only"],
)
def test_what_is_loaded_is_whole(text: bytes, tmp_path: Path) -> None:
    """A size that is not the header's is no damage: verify finds nothing, repair keeps all."""
    assert run("memory-load-smaps", "-", cwd=tmp_path, stdin=text).returncode == 0
    done = run("memory-watcher", "verify", "measurement.db", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "measurement.db: all is as it was written\n")
    run("memory-watcher", "repair", "measurement.db", "-o", "new.db", cwd=tmp_path)
    count = "SELECT count(*) FROM usages"
    assert rows(tmp_path / "new.db", count) == rows(tmp_path / "measurement.db", count)
    layouts = "SELECT count(*) FROM readings WHERE keyframe IS NOT NULL"
    assert one(tmp_path / "new.db", layouts) == (1,)


def test_torn_capture_is_marked(tmp_path: Path) -> None:
    """A mapping that overlaps the one before it: torn, and told so."""
    text = TWO_BLOCKS.replace(b"00e03000-00e24000", b"00451000-00e24000")
    done = run("memory-load-smaps", "-", cwd=tmp_path, stdin=text)
    assert done.returncode == 0
    assert "line 1: a mapping overlaps the one before it" in done.stderr
    state = one(tmp_path / "measurement.db", "SELECT layout_state FROM readings")
    assert state == (LayoutState.TORN,)


def test_output_of_pmap_is_for_import(tmp_path: Path) -> None:
    """It has a command of its own, which is named."""
    text = "8882:   bash\n         Address Perm   Offset Device  Inode Size Mapping\n"
    (tmp_path / "a.txt").write_text(text)
    done = run("memory-load-smaps", tmp_path / "a.txt", cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert done.stderr.endswith(
        "a.txt: this is output of pmap -X; memory-watcher import makes a recording of it\n"
    )
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]
