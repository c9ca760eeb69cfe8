"""A baseline is a text that a person reviews, and is read back as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.analysis.budgets.baseline import (
    Baseline,
    Entry,
    Key,
    changes,
    facts_that_differ,
    parse,
    text_of,
)
from memory_watcher.errors import BaselineFormatError

MI = 1 << 20
HEAP = Key("", "pss", "peak", "heap")
PATH = "memory-baseline.json"
BASELINE = Baseline(PATH, "app, sh", 3, {"kernel": "6.1"}, {HEAP: Entry(3 * MI, 2 * MI, 4 * MI)})

_names = st.text() | st.binary().map(lambda name: name.decode("utf-8", "surrogateescape"))
_sizes = st.tuples(*[st.integers(0, 2**63 - 1)] * 3).map(sorted)
_kinds = st.sampled_from(["heap", "thread stack", "total", "mappings"])
_entries = st.dictionaries(
    st.builds(Key, _names, st.sampled_from(["pss", "rss"]), st.just("end"), _kinds, _names),
    _sizes.map(lambda sizes: Entry(sizes[1], sizes[0], sizes[2])),
)


@given(programs=_names, machine=st.dictionaries(_names, _names), entries=_entries)
def test_what_is_written_is_read_back(
    programs: str, machine: dict[str, str], entries: dict[Key, Entry]
) -> None:
    """Whatever names hold, also bytes that are no UTF-8."""
    baseline = Baseline(PATH, programs, 2, machine, entries)
    text = text_of(baseline)
    assert parse(text, PATH) == baseline
    text.encode("ascii")


def test_the_same_facts_are_the_same_text_and_an_entry_is_a_line() -> None:
    """The order in which values were found does not show; one that changes is one line."""
    stack = Key("", "pss", "peak", "thread stack")
    two = {HEAP: Entry(1, 1, 1), stack: Entry(2, 2, 2)}
    text = text_of(replace(BASELINE, entries=two))
    assert text == text_of(replace(BASELINE, entries=dict(reversed(two.items()))))
    other = text_of(replace(BASELINE, entries={**two, stack: Entry(9, 9, 9)}))
    differing = [
        pair for pair in zip(text.splitlines(), other.splitlines(), strict=True) if len({*pair}) > 1
    ]
    assert len(differing) == 1


def changed(**values: Any) -> str:
    """The baseline with other values at its top, or (`entry`) in its entry."""
    found = json.loads(text_of(BASELINE))
    found["entries"][0].update(values.pop("entry", {}))
    return json.dumps({**found, **values})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "this is no JSON"),
        ("[" * 100_000, "this is no JSON"),
        ("[]", "this is no baseline"),
        ('{"a": 1}', "this is no baseline"),
        (changed(format_version=3), "its format_version is 3"),
        (changed(runs=-1), "runs is not a whole number"),
        (changed(machine=[]), "machine is no object"),
        (changed(machine={"kernel": 1}), "machine.kernel is no text"),
        (changed(entries={}), "entries is no array"),
        (changed(entries=[1]), "entry 1 is no object"),
        (changed(more=1), "it has an unknown key 'more'"),
        (changed(entry={"value": -1}), "entry 1: value is not a whole number"),
        (changed(entry={"value": True}), "entry 1: value is not a whole number"),
        (changed(entry={"value": 1.5}), "entry 1: value is not a whole number"),
        (changed(entry={"value": 9 * MI}), "entry 1: value is not between lowest and highest"),
        (changed(entry={"figure": "size"}), "entry 1: no figure 'size' at 'peak'"),
        (changed(entry={"at": "noon"}), "entry 1: no figure 'pss' at 'noon'"),
        (changed(entry={"kind": "haep"}), "entry 1: no kind 'haep'"),
    ],
)
def test_what_is_no_baseline_is_refused_with_the_remedy(text: str, said: str) -> None:
    """The file and the place are named, and what to do."""
    with pytest.raises(BaselineFormatError) as caught:
        parse(text, PATH)
    assert str(caught.value).startswith(f"{PATH}: {said}")
    assert "write it anew" in str(caught.value)
    assert caught.value.exit_code == 2


def test_an_entry_twice_is_refused() -> None:
    """Which of the two was agreed to, nobody could tell."""
    found = json.loads(text_of(BASELINE))
    found["entries"] *= 2
    with pytest.raises(BaselineFormatError, match="entry 2 is there twice"):
        parse(json.dumps(found), PATH)


def test_what_an_update_changes_is_said_in_lines() -> None:
    """What is new, what has gone, what has another value; not what stays."""
    threads = Key("app", "pss", "peak", "threads")
    library = Key("", "pss", "peak", "library", "libz.so")
    before = replace(BASELINE, entries={**BASELINE.entries, library: Entry(MI, MI, MI)})
    after = replace(BASELINE, entries={**BASELINE.entries, threads: Entry(5, 5, 5)})
    assert changes(before, after) == [
        "library libz.so (pss) at peak: 1 MiB → 0 B",
        "app threads at peak: 0 → 5",
    ]
    assert changes(after, after) == ["no value changed"]
    assert changes(None, after) == [f"{PATH} is new: 2 values"]


def test_an_update_says_of_whom_and_of_what_machine_it_is_now() -> None:
    """Another program by mistake is seen; a small change is; a count of two figures is one line."""
    counts = {Key("", figure, "peak", "mappings"): Entry(9, 9, 9) for figure in ("pss", "rss")}
    more = Entry(3 * MI + 1024, 0, 4 * MI)
    after = replace(
        BASELINE,
        programs="perl",
        machine={"kernel": "6.2", "CPUs": "2"},
        entries={HEAP: more, **counts},
    )
    assert changes(BASELINE, after) == [
        "programs: app, sh → perl",
        "CPUs: not known → 2",
        "kernel: 6.1 → 6.2",
        "heap (pss) at peak: 3 MiB → 3 MiB (+1 KiB)",
        "mappings at peak: 0 → 9",
    ]


def test_facts_of_the_machine_that_differ_are_named() -> None:
    """Another value, one that is new, one that is gone; not what is the same."""
    assert facts_that_differ({"kernel": "6.1", "CPUs": "2"}, {"kernel": "6.8", "CPUs": "2"}) == [
        "kernel: the baseline is of 6.1, this is 6.8"
    ]
    assert facts_that_differ({}, {"CPUs": "2"}) == ["CPUs: the baseline is of nothing, this is 2"]
