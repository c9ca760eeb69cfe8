"""The generated parts of docs/ are what docs/generate.py makes of the code, and links lead on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType

import pytest
from benchmarks.kinds import RESULTS, missed
from benchmarks.runtimes import PROGRAMS

from memory_watcher.model import Totals
from tests.modules import module_at

DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    return module_at(DOCS / "generate.py")


def test_files_are_up_to_date(generator: ModuleType) -> None:
    """docs/schema.md and the tables in other pages repeat what the code declares.

    After a change of these, `python docs/generate.py` brings the pages up to date.
    """
    assert [path.name for path in generator.outdated(DOCS)] == []


def test_what_was_measured_of_kinds_is_within_the_bars() -> None:
    """Of each program that `make bench-kinds` knows the page tells a result that misses no bar."""
    found = json.loads(RESULTS.read_text())
    assert list(found) == [program.key for program in PROGRAMS]
    assert {key: missed(result) for key, result in found.items()} == {key: [] for key in found}


def test_check_fails_on_an_outdated_file(
    generator: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--check exits 1 and writes nothing while a file differs, and 0 once it was written."""
    for page, tables in generator.GENERATED.items():
        (tmp_path / page).write_text(
            "".join(f"<!-- generated: {name} -->\nOUTDATED\n<!-- end -->\n" for name in tables)
        )
    figures = tmp_path / "figures.md"
    monkeypatch.setattr(generator, "DOCS", tmp_path)
    assert generator.main(["--check"]) == 1
    assert "OUTDATED" in figures.read_text()
    assert not (tmp_path / "schema.md").exists()
    assert generator.main([]) == 0
    assert not any("OUTDATED" in page.read_text() for page in tmp_path.iterdir())
    assert generator.main(["--check"]) == 0


def test_every_kind_of_schema_line_is_read(generator: ModuleType) -> None:
    """Quoted names, rules, comments on several lines, indexes and views come out as written."""
    tables, views = generator.read_schema(
        """
-- Two lines
-- of comment; with a semicolon.
CREATE TABLE a (
    id INTEGER PRIMARY KEY,     -- its number; unique
    "end" TEXT NOT NULL,        -- first,
                                -- second
    b_id INTEGER REFERENCES b(id)
);
CREATE INDEX by_end ON a ("end");

-- Alone: no comment of the table below.

CREATE TABLE b (
    id INTEGER,
    n INTEGER,
    PRIMARY KEY (id, n)
) WITHOUT ROWID;
""",
        """
-- Both.
CREATE VIEW c AS
SELECT a."end" AS "to", (SELECT max(n) FROM b) AS n,
       CAST(strftime('%s, FROM', a.id) AS TEXT) AS t
FROM a JOIN b ON b.id = a.b_id;
""",
    )
    assert [table.name for table in tables] == ["a", "b"]
    assert tables[0].comment == "Two lines of comment; with a semicolon."
    assert [tuple(column) for column in tables[0].columns] == [
        ("id", "INTEGER", "PRIMARY KEY", "its number; unique"),
        ("end", "TEXT", "NOT NULL", "first, second"),
        ("b_id", "INTEGER", "REFERENCES b(id)", ""),
    ]
    assert tables[0].indexes == ['CREATE INDEX by_end ON a ("end")']
    assert tables[1].comment == ""
    assert tables[1].rules == ["PRIMARY KEY (id, n)", "WITHOUT ROWID"]
    assert generator.link_references("NOT NULL REFERENCES b(id)") == "not null, [b.id](#b)"
    assert views[0].columns == [
        ("to", "", 'a."end"'),
        ("n", "", "(SELECT max(n) FROM b)"),
        ("t", "text", "strftime('%s, FROM', a.id)"),
    ]
    assert views[0].source == "a JOIN b ON b.id = a.b_id"


def test_every_total_has_its_line() -> None:
    """docs/figures.md, whose table of totals is written by hand, leaves out none of them."""
    text = (DOCS / "figures.md").read_text(encoding="utf-8")
    section = text.partition("## One layout: totals")[2].partition("###")[0]
    assert [field for field in Totals._fields if f"| `{field}` |" not in section] == []


def anchors(page: Path) -> set[str]:
    """The names under which the headings of a page can be linked to."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file or heading of the project names one that exists."""
    broken = []
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text(encoding="utf-8")):
        name, _, anchor = target.partition("#")
        file = page.parent / name if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []
