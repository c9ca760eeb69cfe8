"""What the report's page knows of states and figures is what the package says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from memory_watcher import metrics
from memory_watcher.analysis import figures
from memory_watcher.model import LayoutState
from memory_watcher.report import report_text
from memory_watcher.report.contents import RELATIVE_TO
from memory_watcher.report.history import FIGURES
from memory_watcher.store.recording import Recording
from tests.browser.stories import fork
from tests.modules import module_at

from .report.decoding import unpack

WEB = Path(__file__).resolve().parents[2] / "web"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """web/generate_tables.py, which is no part of the package."""
    return module_at(WEB / "generate_tables.py")


def constant(text: str, name: str) -> Any:
    """The value of a constant of tables.ts."""
    literal = text.split(f"export const {name} = ", 1)[1].split(" as const", 1)[0]
    quoted = re.sub(r'"(?:[^"\\]|\\.)*"|\w+(?=:)', _quoted, literal)
    return json.loads(re.sub(r",(\s*[}\]])", r"\1", quoted))


def _quoted(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith('"') else f'"{found[0]}"'


def test_the_tables_are_those_of_the_package(generator: ModuleType) -> None:
    """As `make lint` asks."""
    for name, write in generator.FILES.items():
        assert (WEB / name).read_text(encoding="utf-8") == write(), name


def test_a_difference_is_told(
    generator: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A check fails, says what to run and writes nothing; a run writes."""
    path = tmp_path / "src" / "tables.ts"
    path.parent.mkdir()
    path.write_text("export const STATES = []\n")
    monkeypatch.setattr(generator, "WEB", tmp_path)
    assert generator.main(["--check"]) == 1
    assert "run python web/generate_tables.py" in capsys.readouterr().err
    assert path.read_text() == "export const STATES = []\n"
    assert generator.main([]) == 0
    assert path.read_text(encoding="utf-8") == generator.tables()
    assert generator.main(["--check"]) == 0


def test_every_state_counts_on_the_page_as_here(generator: ModuleType) -> None:
    """Unreadable ones above all: there a sum is short."""
    text = generator.tables()
    assert constant(text, "LayoutState") == {state.name: state.value for state in LayoutState}
    states = constant(text, "STATES")
    assert [each["state"] for each in states] == list(LayoutState)
    lacking = {each["label"] for each in states if each["unreadable"]}
    assert lacking == {"no permission", "unreadable", "no smaps"}
    assert {each["label"] for each in states if each["hasLayout"]} == {
        "exact",
        "torn",
        "unchecked",
    }


def test_figures_are_named_once_for_all_outputs(generator: ModuleType) -> None:
    """Titles and meanings come from metrics."""
    text = generator.tables()
    for name, declared in (("USAGE", metrics.USAGE), ("READING", metrics.READING)):
        assert constant(text, name) == [
            {key: metric._asdict()[key] for key in ("name", "title", "unit", "source", "meaning")}
            for metric in declared
        ]
    assert constant(text, "MEMINFO") == {line.name: line.meaning for line in metrics.MEMINFO}
    told = {metric.name: metric.title for metric in (*metrics.USAGE, *metrics.DERIVED)}
    titles = constant(text, "TITLES")
    assert list(titles) == ["pss", "rss", "uss", "swap", "swap_pss", "hugetlb"]
    assert titles == {name: told[name] for name in titles}


def test_what_adds_up_over_processes_is_said_alike() -> None:
    """RSS never does."""
    additive = {name for name in metrics.LAYOUT if figures.best(name, {name}, summed=True)}
    assert additive == set(metrics.OVER_PROCESSES)
    assert not {"rss", "swap", "held", "statm"} & additive


def test_relative_columns_can_be_undone_in_order() -> None:
    """What a column is relative to is not relative any more when its turn comes."""
    undone: set[str] = set(FIGURES) - set(RELATIVE_TO)
    for name, bases in RELATIVE_TO.items():
        assert set(bases) <= undone, name
        undone.add(name)
    assert undone == set(FIGURES)


def declared(name: str) -> set[str]:
    """The names in an interface of model.ts."""
    text = (WEB / "src" / "model.ts").read_text(encoding="utf-8")
    body = re.split(rf"^(?:export )?interface {name} \{{\n", text, flags=re.MULTILINE)[1]
    return set(re.findall(r"^  (\w+):", body.split("\n}", 1)[0], re.MULTILINE))


def test_what_is_told_once_is_what_the_page_expects(tmp_path: Path) -> None:
    """No name of the header is only known on one side."""
    with Recording(fork(tmp_path / "fork.db")) as recording:
        html = report_text(recording, recording.processes())
    data = html.split('id="data">', 1)[1].split("<", 1)[0]
    header, _ = unpack(data)
    del header["columns"]  # payload.ts
    for name, told in {
        "Header": header,
        "SumFacts": header["sums"],
        "Kind": header["kinds"][0],
        "NamedGroup": header["groups"][0],
        "ProcessFacts": header["processes"][0],
        "Image": header["processes"][0]["images"][0],
        "Run": header["runs"][0],
    }.items():
        assert declared(name) == set(told), name
