"""Each format read back by a reader that is not ours: memory-peak's figures, and any name."""

from __future__ import annotations

import csv
import html.parser
import io
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.export.registry import FORMATS
from memory_watcher.model import MappingUsage, Usage, sum_totals
from memory_watcher.render.escape import escape
from tests.exports import HOSTILE, PID, PROGRAM, entries, exported, hard_recording, peak
from tests.recordings import KI, MI, SECOND, START, RecordingBuilder, mapping

#: A quiet layout, a torn one, the peak: their ticks, and the size of the heap.
MOMENTS = {1: 1 * MI, 2: 2 * MI, 3: 3 * MI}


@pytest.fixture(name="path", scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hard_recording(tmp_path_factory.mktemp("export") / "hard.db")


def table(path: Path, **options: Any) -> list[dict[str, str]]:
    text = exported("csv", path, **options).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def by_kind(path: Path, tick: int) -> dict[str, dict[str, int]]:
    """The figures of each kind as memory-peak has them."""
    shown = peak(path, "--by", "kind", "--measurement-time", f"#{tick}")
    return {group["kind"]: group["figures"] for group in shown["groups"]}


@pytest.mark.parametrize("tick", MOMENTS)
def test_csv_has_the_figures_of_memory_peak(path: Path, tick: int) -> None:
    """All of each kind, to the byte; the state of the layout stands beside."""
    time = f"2018-08-17T13:58:{3 + tick - 1:02d}.942000Z"
    found = [row for row in table(path, rows="ticks") if row["time"] == time]
    expected = by_kind(path, tick)
    assert {row["kind"] for row in found} == set(expected)
    for row in found:
        assert row["state"] == ("torn" if tick == 2 else "exact")
        for figure in ("rss", "pss", "uss", "swap", "swap_pss", "referenced", "private_dirty"):
            assert int(row[figure]) == expected[row["kind"]][figure], (row["kind"], figure)
        assert row["ksm"] == "", "what was not reported is empty, and not 0"


def test_rows_of_changes_hold_until_the_next(path: Path) -> None:
    """Rows of a group follow each other, and what stays the same is one row from first to last."""
    rows = [row for row in table(path) if row["kind"] == "heap"]
    assert [(row["first_time"][17:19], row["last_time"][17:19], row["rss"]) for row in rows] == [
        ("03", "03", str(1 * MI)),
        ("04", "04", str(2 * MI)),
        ("05", "05", str(3 * MI)),
        ("06", "06", str(1 * MI)),
    ]
    kernel = next(row for row in table(path) if row["kind"] == "kernel")
    assert (kernel["first_time"][17:19], kernel["last_time"][17:19]) == ("03", "04")


def test_changes_and_ticks_say_the_same(path: Path) -> None:
    """At each tick exactly one row of a group of changes holds, and has the figures of the tick."""
    ticks = table(path, rows="ticks", by="mapping")
    changes = table(path, rows="changes", by="mapping")
    for row in ticks:
        (holds,) = (
            each
            for each in changes
            if each["start"] == row["start"]
            and each["first_time"] <= row["time"] <= each["last_time"]
        )
        same = set(row) - {"time", "state"}
        assert {key: holds[key] for key in same} == {key: row[key] for key in same}


def test_no_row_goes_on_from_one_run_to_the_next(tmp_path: Path) -> None:
    """Between two runs nobody looked: what came back the same is a row of its own."""
    builder = RecordingBuilder(tmp_path / "a.db")
    process = builder.process(7)
    for _ in range(2):
        builder.run()
        for _ in range(2):
            builder.tick()
            builder.layout(process, [(mapping(0x1000), Usage(rss=4 * KI))])
        builder.end_run()
    found = [(row["first_time"][17:19], row["last_time"][17:19]) for row in table(builder.close())]
    assert found == [("03", "04"), ("05", "06")]


def test_csv_names_are_harmless_and_told_apart(path: Path) -> None:
    """No name is a formula to a spreadsheet, or has a control; without the ' it is as it was."""
    rows = table(path, by="mapping", rows="ticks")
    for row in rows:
        for column, value in row.items():
            assert value.isprintable()
            assert column == "perms" or not value.startswith(("=", "+", "-", "@"))
    paths = {row["pathname"].removeprefix("'") for row in rows}
    assert {escape(name) for name in HOSTILE} <= paths
    assert {row["process"].removeprefix("'") for row in rows} == {escape(PROGRAM)}


def test_json_lines_give_every_byte_back(path: Path) -> None:
    """Names come back as they were recorded, also those that are no UTF-8."""
    lines = [json.loads(line) for line in exported("jsonl", path, by="mapping").splitlines()]
    assert [line["type"] for line in lines[:2]] == ["recording", "process"]

    def raw(line: dict[str, Any], key: str) -> str:
        if (data := line.get(f"{key}_hex")) is not None:
            return bytes.fromhex(data).decode("utf-8", "surrogateescape")
        return str(line[key])

    usages = [line for line in lines if line["type"] == "usage"]
    assert set(HOSTILE) <= {raw(line, "pathname") for line in usages}
    assert raw(lines[1]["images"][0], "name") == PROGRAM
    heap = [line for line in usages if line["kind"] == "heap"]
    assert [line["rss"] for line in heap] == [MI, 2 * MI, 3 * MI, MI]
    assert [line["first_ns"] for line in heap] == [START + n * SECOND for n in range(4)]
    assert all(line["ksm"] is None for line in usages)
    assert all(data < 0x7F for data in exported("jsonl", path))


@pytest.mark.parametrize("tick", MOMENTS)
def test_folded_stacks_add_up(path: Path, tick: int) -> None:
    """The numbers of all lines come to the PSS of the layout, and those of a kind to its own."""
    sizes: dict[str, int] = defaultdict(int)
    for line in exported("folded", path, at=f"#{tick}").decode().splitlines():
        stack, size = line.rsplit(" ", 1)
        frames = stack.split(";")
        assert len(frames) == 4
        assert frames[0] == f"{escape(PROGRAM).replace(';', ',')} ({PID})"
        sizes[frames[1]] += int(size)
    expected = {kind: each["pss"] for kind, each in by_kind(path, tick).items() if each["pss"]}
    assert sizes == expected


def test_folded_stacks_of_a_difference(path: Path) -> None:
    """Two numbers a line, before and after, as differential flame graphs take them."""
    text = exported("folded", path, at="#3", base="#1", by="kind").decode()
    found = {line.split(";")[1].rsplit(" ", 2)[0]: line.split()[-2:] for line in text.splitlines()}
    assert found["heap"] == [str(MI), str(3 * MI)]


class _Cells(html.parser.HTMLParser):
    """The texts of all cells, a list for each row; and the names of all elements."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def cells(path: Path, **options: Any) -> _Cells:
    parser = _Cells()
    parser.feed(exported("html", path, **options).decode().replace("\n", ""))
    return parser


@pytest.mark.parametrize("tick", MOMENTS)
def test_html_table(path: Path, tick: int) -> None:
    """A row for each name, the biggest first, with figures in KiB; no name is markup."""
    found = cells(path, at=f"#{tick}", by="mapping")
    assert found.tags <= {
        *("html", "head", "meta", "title", "style", "body", "h1", "p"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
    heads, *rows = found.rows
    assert heads == ["process", "kind", "name", "mapping", "PSS", "RSS", "USS", "swap"]
    sizes = [int(row[4].replace(" ", "")) for row in rows]
    assert sizes == sorted(sizes, reverse=True)
    totals = sum_totals([MappingUsage(*each) for each in entries(MOMENTS[tick])])
    assert totals.rss is not None
    assert sum(int(row[5].replace(" ", "")) for row in rows) == totals.rss // 1024
    assert {row[2] for row in rows} >= {escape(HOSTILE[0]), escape(HOSTILE[1])}


def test_html_table_of_a_difference(path: Path) -> None:
    """What changed most stands first, with before, after and the change of each figure."""
    heads, first, *_ = cells(path, at="#3", base="#1", by="kind").rows
    told = dict(zip(heads, first, strict=True))
    assert (told["kind"], told["PSS before"], told["PSS"], told["PSS change"]) == (
        *("heap", "1 024", "3 072", "2 048"),
    )


@pytest.mark.parametrize(
    "form", [name for name, each in FORMATS.items() if each.makes == "file" and each.by]
)
def test_redacted_exports_hold_no_name(path: Path, form: str) -> None:
    """Neither files nor programs nor commands are in it; kinds and sizes are as without."""
    by = FORMATS[form].by[-1] if form != "openmetrics" else "name"
    data = exported(form, path, redact=True, by=by)
    if data[:2] == b"\x1f\x8b":
        import gzip

        data = gzip.decompress(data)
    for word in (
        "srv",
        "HYPERLINK",
        "secret",
        "cmd",
        "libc",
        "server",
        "user.slice",
        "hard",
        "reve",
    ):
        assert word.encode() not in data, word
    assert b"heap" in data
    assert exported(form, path, redact=True, by=by) == exported(form, path, redact=True, by=by)


def test_pseudonyms_tell_apart_and_are_of_one_recording(path: Path, tmp_path: Path) -> None:
    """The same name has the same pseudonym in every format; in another recording it has another."""
    rows = table(path, by="mapping", rows="ticks", redact=True)
    plain = table(path, by="mapping", rows="ticks")
    pairs = {(a["pathname"], b["pathname"]) for a, b in zip(plain, rows, strict=True)}
    assert len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(pairs)
    hidden = dict.fromkeys(("process", "name", "pathname", "inode"), "")
    assert [{**row, **hidden} for row in rows] == [{**row, **hidden} for row in plain]
    lines = exported("jsonl", path, by="mapping", redact=True).splitlines()
    told = {json.loads(line).get("pathname") for line in lines} - {None}
    assert told == {row["pathname"] for row in rows}
    other = RecordingBuilder(tmp_path / "b.db")
    process = other.process(7)
    other.tick(START + 5)
    other.layout(process, [(mapping(0x1000, pathname="/usr/lib/libc.so.6"), Usage(rss=KI))])
    (foreign,) = table(other.close(), by="mapping", redact=True)
    assert foreign["pathname"].startswith("/file-")
    assert foreign["pathname"] not in told


def test_openmetrics_stands_in_order(path: Path) -> None:
    """Families and series are not mixed up, and it says where it ends."""
    lines = exported("openmetrics", path, by="name").decode().splitlines()
    assert lines[-1] == "# EOF"
    series = [line.rsplit(" ", 2)[0] for line in lines if not line.startswith("#")]
    changes = [name for name, before in zip(series, ["", *series], strict=False) if name != before]
    assert len(changes) == len(set(series))


def test_influx_lines_are_whole(path: Path) -> None:
    """What separates is escaped in a tag; a figure that was not reported is no field."""
    for line in exported("influx", path, by="name").decode().splitlines():
        parts = re.split(r"(?<!\\)[ ]", line)
        assert len(parts) == 3, line
        tags = re.split(r"(?<!\\),", parts[0])[1:]
        assert [re.split(r"(?<!\\)=", tag)[0] for tag in tags] == [
            *("kind", "name", "pid", "process", "process_id"),
        ]
        assert "ksm=" not in parts[1]
        assert parts[2].isdigit()


def test_several_processes_have_no_sum_of_rss(tmp_path: Path) -> None:
    """Stacks of several processes have the figures that may be added up over them alone."""
    builder = RecordingBuilder(tmp_path / "a.db")
    processes = [builder.process(pid, start_time=pid) for pid in (7, 8)]
    builder.tick()
    for process in processes:
        usage = Usage(rss=4 * KI, pss=4 * KI, private_clean=0, private_dirty=4 * KI)
        usage = usage._replace(swap=0, swap_pss=0, private_hugetlb=0)
        builder.layout(process, [(mapping(0x1000), usage)])
    path = builder.close()
    assert cells(path).rows[0] == ["process", "kind", "name", "PSS", "USS", "swap PSS"]
    assert len(cells(path).rows) == 3
    assert cells(path, pids=[7]).rows[0][3:] == ["PSS", "RSS", "USS", "swap"]
