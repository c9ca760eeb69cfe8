"""What was judged, as JUnit XML that GitLab and Jenkins take: one test case a budget.

It keeps to the xunit2 form (Jenkins's junit-10.xsd): properties stand at the suite only. GitLab
shows what is inside a failure, not its `message`, and drops all but the first of one name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ..analysis.budgets.model import Checked, Judged, Word
from ..units import SECOND
from .check_words import headline, named, sentence
from .escape import escape

_SUITE = "memory budgets"
#: GitLab shows it as the suite of a test case, Jenkins as package and class.
_CLASS = "memory-watcher.check"
_ELEMENTS = {Word.OVER: "failure", Word.UNDECIDED: "error"}


def render(checked: Checked, duration_ns: int = 0, *, report_only: bool = False) -> str:
    """A document in ASCII that ends in a newline; what is not within is never passed.

    `duration_ns` is how long all took. With `report_only` what is not within counts as skipped, so
    that it fails no pipeline.
    """
    cases = list(_cases(checked, report_only))
    found = Counter(child.tag for case in cases for child in case)
    counts = {
        "name": _SUITE,
        "tests": str(len(cases)),
        "failures": str(found["failure"]),
        "errors": str(found["error"]),
        "time": _seconds(duration_ns),
    }
    root = Element("testsuites", counts)
    suite = SubElement(root, "testsuite", {**counts, "skipped": str(found["skipped"])})
    suite.append(_properties(checked))
    suite.extend(cases)
    indent(root)
    document: bytes = tostring(root, encoding="us-ascii", xml_declaration=True)
    return document.decode("ascii") + "\n"


def _seconds(nanoseconds: int) -> str:
    return f"{nanoseconds / SECOND:.3f}"


def _cases(checked: Checked, report_only: bool) -> Iterator[Element]:
    if not checked.budgets:
        yield _case("all budgets", Word.UNDECIDED, headline(checked), report_only)
    for name, judged in named(checked):
        yield _case(name, judged.verdict, _text(judged, checked), report_only)


def _case(name: str, verdict: Word, text: str, report_only: bool) -> Element:
    case = Element("testcase", {"classname": _CLASS, "name": name, "time": _seconds(0)})
    if verdict is not Word.WITHIN:
        tag = "skipped" if report_only else _ELEMENTS[verdict]
        message = text.partition("\n")[0]
        SubElement(case, tag, {"type": verdict.value, "message": message}).text = text
    return case


def _text(judged: Judged, checked: Checked) -> str:
    """The sentence, and where to look further."""
    lines = [sentence(judged)]
    for run in checked.recordings:
        lines.append(f"recording: {run.path}")
        if run.report is not None:
            lines.append(f"report: {run.report}")
    return "\n".join(map(escape, [*lines, *checked.notes]))


def _properties(checked: Checked) -> Element:
    element = Element("properties")
    facts = [("verdict", checked.verdict.value)]
    facts += [("budget", checked.budget)] if checked.budget is not None else []
    facts += [("baseline", checked.baseline)] if checked.baseline is not None else []
    facts += [
        (f"measured {judged.name} ({judged.unit})", str(judged.measured))
        for judged in checked.budgets
        if judged.measured is not None
    ]
    for name, value in facts:
        SubElement(element, "property", {"name": escape(name), "value": escape(value)})
    return element
