"""The page about two recordings: what it draws is what was recorded, and names are only text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from memory_watcher.answers.compared import Compared, compare_histories
from memory_watcher.answers.diff import At
from memory_watcher.model import Usage
from memory_watcher.report.comparison import comparison_page
from memory_watcher.store.recording import Recording
from tests.recordings import MI, SECOND, START, RecordingBuilder, mapping

HOSTILE = "</style><script>alert(1)</script>&amp;\x1b[2J"


def make(path: Path, sizes: tuple[int, ...], begin: int) -> Path:
    builder = RecordingBuilder(path)
    process = builder.process(3, HOSTILE[:15])
    for number, size in enumerate(sizes):
        builder.tick(begin + number * SECOND)
        file = mapping(0x9000000, pathname=f"/{HOSTILE}", inode=4)
        builder.layout(process, [(file, Usage(rss=size * MI, pss=size * MI))])
    builder.end_run()
    return builder.close()


@pytest.fixture(name="compared")
def two_recordings(tmp_path: Path) -> Compared:
    before = make(tmp_path / "a.db", (10, 20, 40, 20), START)
    after = make(tmp_path / "b.db", (10, 40, 20), START + SECOND)
    with Recording(before) as one, Recording(after) as other:
        return compare_histories(At(one), At(other))


def picture(page: str, align: str) -> ET.Element:
    found = re.search(rf'<div class="picture {align}">(<svg.*?</svg>)', page, re.DOTALL)
    assert found
    return ET.fromstring(found[1])


def path(svg: ET.Element, word: str) -> str:
    (found,) = (each.get("d") for each in svg.iter("path") if each.get("class") == word)
    return found or ""


def test_lines_are_steps(compared: Compared) -> None:
    """Each size is a level of the line: the highest at the top, half of it half as high."""
    svg = picture(comparison_page(compared), "age")
    levels = [float(each) for each in re.findall(r"[ML][\d.]+ ([\d.]+)", path(svg, "before"))]
    assert levels == [205.0, 140.0, 10.0, 140.0]
    starts = [float(each) for each in re.findall(r"[ML]([\d.]+) ", path(svg, "after"))]
    assert starts[0] == 80.0
    assert starts == sorted(starts)


def test_what_lies_between(compared: Compared) -> None:
    """By age 0, +20, -20 MiB; by time only where both were recorded."""
    page = comparison_page(compared)
    by_age, by_time = picture(page, "age"), picture(page, "time")
    assert (path(by_age, "more").count("M"), path(by_age, "less").count("M")) == (1, 1)
    assert (path(by_time, "more").count("M"), path(by_time, "less").count("M")) == (0, 1)
    texts = [each.text for each in by_age.iter("text")]
    assert {"+20 MiB", "-20 MiB", "0", "after less before"} <= set(texts)


def test_names_are_text(tmp_path: Path) -> None:
    """Nothing of a name is markup or an escape; the page has no program, and may have none."""
    files = make(tmp_path / "a.db", (1,), START), make(tmp_path / "b.db", (2,), START)
    with Recording(files[0]) as one, Recording(files[1]) as other:
        page = comparison_page(compare_histories(At(one), At(other)))
    assert "<script" not in page
    assert "\x1b" not in page
    assert page.count("</style>") == 1
    assert "&lt;/style&gt;&lt;script&gt;alert(1)" in page
    assert "default-src 'none'; style-src 'sha256-" in page


def test_the_table_is_that_of_diff(compared: Compared) -> None:
    """Both peaks are equal here: one group, unchanged, and a sum of 0."""
    page = comparison_page(compared)
    assert "unchanged (1)" in page
    assert re.search(r'sum of PSS</td>.*<td class="size">0 Ki</td>', page)
