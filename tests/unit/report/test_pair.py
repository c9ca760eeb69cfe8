"""The page of two recordings: what is in its data."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.answers.diff import At, DiffView, diff
from memory_watcher.report import ticks
from memory_watcher.report.pair import pair_report_text
from memory_watcher.store.recording import Recording
from tests.browser.stories import HOSTILE, pair

from .decoding import column, unpack


def payloads(before: Path, after: Path) -> dict[str, tuple[dict[str, Any], bytes]]:
    with Recording(before) as one, Recording(after) as other:
        text = pair_report_text(At(one), At(other), 0)
    assert all(name not in text for name in HOSTILE[:3])
    blocks = dict(re.findall(r'<script type="application/octet-stream" id="(.*?)">(.*?)<', text))
    return {name: unpack(packed) for name, packed in blocks.items()}


@pytest.fixture(name="files")
def two_files(tmp_path: Path) -> tuple[Path, Path]:
    return pair(tmp_path)


def test_tables_say_what_diff_says(files: tuple[Path, Path]) -> None:
    """Each table's rows are those of diff, unchanged groups are one line, and sums are exact."""
    found = payloads(*files)
    assert sorted(found) == ["data", "data-b", "differences"]
    header, block = found["differences"]
    names = ("name", "before", "after", "match", "mappings_before", "mappings_after", "noise")
    columns = [column(header, block, f"row.{name}") for name in names]
    rows = zip(*columns, strict=True)
    views = differences(*files)
    for told in header["pairs"]:
        for figure, difference in told["figures"].items():
            for by, table in zip(header["by"], difference["tables"], strict=True):
                taken = [next(rows) for _ in range(table["rows"])]
                rests = [(before, after) for _, _, before, after, _, _ in table["rests"]]
                for side, total in enumerate(difference["totals"]):
                    sizes = [*(row[1 + side] or 0 for row in taken), *(r[side] for r in rests)]
                    assert sum(sizes) == total
                if told["age"] is None:
                    view = views(told["moment"], figure, by)
                    changed = [group for group in view.groups if group.change]
                    assert [row[1:3] for row in taken] == [
                        (group.before.sum.size, group.after.sum.size) for group in changed
                    ]
                    assert [header["matches"][row[3] or 0][0] for row in taken] == [
                        group.match.value for group in changed
                    ]
    assert list(rows) == []


def differences(before: Path, after: Path) -> Callable[[str, Any, Any], DiffView]:
    def view(moment: str, figure: Any, by: Any) -> DiffView:
        with Recording(before) as one, Recording(after) as other:
            return diff(At(one, moment), At(other, moment), figure=figure, by=by)

    return view


def test_moments_are_kept_where_ticks_are_left_out(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ticks of all pairs are in the page, however few others are."""
    whole = payloads(*files)
    monkeypatch.setattr(ticks, "MOST_READINGS", 0)
    monkeypatch.setattr(ticks, "_COLUMNS", 2)
    found = payloads(*files)
    held = found["data"][0]["ticks"]
    assert held["held"] < held["recorded"]
    assert times_of_pairs(found) == times_of_pairs(whole)


def times_of_pairs(found: dict[str, tuple[dict[str, Any], bytes]]) -> list[int | None]:
    """When both sides of each pair were read, by the ticks in the page."""
    times = [column(*found[name], "tick.time") for name in ("data", "data-b")]
    return [
        times[side][tick]
        for pair in found["differences"][0]["pairs"]
        for difference in pair["figures"].values()
        for side, tick in enumerate(difference["ticks"])
    ]


def test_files_of_one_name(files: tuple[Path, Path], tmp_path: Path) -> None:
    """Files that are called the same are told apart by their folders."""
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "before.db").write_bytes(files[1].read_bytes())
    found = payloads(files[0], folder / "before.db")
    assert found["data"][0]["file"] == str(files[0])
    assert found["data-b"][0]["file"] == str(folder / "before.db")
