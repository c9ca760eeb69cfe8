"""JUnit XML of a check: valid for Jenkins and GitLab, and never a pass for what is not within."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
import xmlschema
from hypothesis import given, settings
from junitparser import Error, Failure, JUnitXml, Skipped

from memory_watcher.analysis.budgets.model import Checked, RunFile
from memory_watcher.render.check_junit import render
from tests.unit.render.checks import HOSTILE, TEXTS, checked, hostile, judged, over, undecided

SCHEMA = xmlschema.XMLSchema(Path(__file__).parents[2] / "data" / "ci" / "xunit2.xsd")
MIXED = checked(judged("heap"), over("total"), undecided("threads"))


@pytest.mark.parametrize("found", [MIXED, checked(), hostile()], ids=["mixed", "empty", "hostile"])
@pytest.mark.parametrize("report_only", [False, True])
def test_valid(found: Checked, report_only: bool) -> None:
    """It keeps to the form that Jenkins checks, whatever the names are."""
    SCHEMA.validate(render(found, 12_345_678_901, report_only=report_only))


@settings(max_examples=50)
@given(TEXTS)
def test_any_name(text: str) -> None:
    """Controls, lone surrogates and markup in any place leave it valid, and are shown escaped."""
    found = checked(over(text, process=text), undecided(text, why=text), notes=(text,), budget=text)
    document = render(found)
    assert document.isascii()
    SCHEMA.validate(document)
    names = [case.get("name") for case in ElementTree.fromstring(document).iter("testcase")]
    assert len(set(names)) == 2


def test_outcomes() -> None:
    """Over is a failure with its culprit, undecided an error, and the counts agree."""
    document = JUnitXml.fromstring(render(MIXED, 2_500_000_000).encode())
    (suite,) = document
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (3, 1, 1, 0)
    assert suite.time == 2.5
    outcomes = {case.name: case.result for case in suite}
    assert outcomes["heap"] == []
    (failure,) = outcomes["total"]
    assert isinstance(failure, Failure)
    assert "+12.8 MiB in [heap]" in failure.message
    # GitLab shows the text inside, not the message.
    assert failure.text.splitlines() == [failure.message, "recording: run.db", "report: run.html"]
    (error,) = outcomes["threads"]
    assert isinstance(error, Error)
    assert "3 of 5 runs are over" in error.message


def test_report_only() -> None:
    """With report-only nothing fails a pipeline, and yet nothing that is over counts as passed."""
    (suite,) = JUnitXml.fromstring(render(MIXED, report_only=True).encode())
    assert (suite.failures, suite.errors, suite.skipped) == (0, 0, 2)
    assert [type(result) for case in suite for result in case.result] == [Skipped, Skipped]


def test_nothing_judged() -> None:
    """A check that judged nothing is an error with its reason, not an empty success."""
    found = checked(recordings=(RunFile("a.db", None, 3),))
    (suite,) = JUnitXml.fromstring(render(found).encode())
    ((case,), (result,)) = list(suite), next(iter(suite)).result
    assert suite.errors == 1
    assert case.name == "all budgets"
    assert "exit code 3" in result.message


def test_properties_stand_at_the_suite() -> None:
    """What was measured is there for tools that draw trends, in the only place Jenkins allows."""
    root = ElementTree.fromstring(render(MIXED))
    facts = {each.get("name"): each.get("value") for each in root.findall("*/properties/property")}
    assert facts["verdict"] == "over"
    assert facts["measured heap (bytes)"] == str(79 << 20)
    assert "measured threads (bytes)" not in facts
    assert root.findall(".//testcase/properties") == []


def test_hostile_names_are_escaped() -> None:
    r"""A control of a name is text (\x1b), no reference that XML forbids."""
    names = [
        case.get("name", "") for case in ElementTree.fromstring(render(hostile())).iter("testcase")
    ]
    assert len(names) == 2 * len(HOSTILE)
    assert all(name.isprintable() for name in names)
    assert r"\x1b[31mred\x00\xc2\x85" in names
