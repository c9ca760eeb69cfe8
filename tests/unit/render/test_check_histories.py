"""What Bencher and github-action-benchmark get: numbers of the forms that their pages describe."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from jsonschema import validate

from memory_watcher.render import check_benchmark, check_bmf
from tests.unit.render.checks import MIB, TEXTS, checked, hostile, judged, over, undecided

NUMBER = {"type": "number"}
#: https://bencher.dev/bmf.json, as described there.
BMF = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "properties": {"value": NUMBER, "lower_value": NUMBER, "upper_value": NUMBER},
            "required": ["value"],
            "additionalProperties": False,
        },
    },
}
TEXT = {"type": "string"}
BENCHMARK = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"name": TEXT, "unit": TEXT, "value": NUMBER, "range": TEXT, "extra": TEXT},
        "required": ["name", "unit", "value"],
        "additionalProperties": False,
    },
}
RUNS = judged("a", measured=2 * MIB, values=(MIB, 2 * MIB, 4 * MIB), limit=3 * MIB)
MAPPINGS = judged("mappings", unit="count", measured=9, values=(9,), limit=20)
GROWTH = judged("growth", unit="bytes/h", at="growth", measured=MIB, values=(MIB,), limit=MIB)
ALL = checked(RUNS, MAPPINGS, GROWTH, undecided("lost"))


def bmf(*args: Any) -> Any:
    found = json.loads(check_bmf.render(*args))
    validate(found, BMF)
    return found


def benchmark(*args: Any) -> Any:
    found = json.loads(check_benchmark.render(*args))
    validate(found, BENCHMARK)
    return found


def test_bmf() -> None:
    """Bytes as they are, the spread of runs as bounds; what was not measured is no 0."""
    found = bmf(ALL)
    assert found["a"] == {
        "pss": {"value": 2 * MIB, "lower_value": MIB, "upper_value": 4 * MIB},
    }
    assert found["growth"]["pss-per-hour"]["value"] == MIB
    assert set(found) == {"a", "mappings", "growth"}


def test_bmf_names_fit() -> None:
    """Bencher refuses names above 1,024 characters; two that begin alike stay two."""
    found = bmf(checked(judged("x" * 2000 + "1"), judged("x" * 2000 + "2")))
    assert sorted(map(len, found)) == [1024, 1024]


def test_benchmark() -> None:
    """One unit for all sizes, so that a graph over many runs has one scale."""
    found = benchmark(ALL)
    assert found[0] == {
        "name": "a",
        "unit": "MiB",
        "value": 2.0,
        "range": "1.0 to 4.0 MiB",
        "extra": "within, limit 3.0 MiB",
    }
    assert [(each["unit"], each["value"]) for each in found[1:]] == [("count", 9), ("MiB/h", 1.0)]
    assert benchmark(checked(over(measured=1 << 40)))[0]["unit"] == "MiB"


def test_hostile_names() -> None:
    """Names break neither the JSON nor the table that github-action-benchmark puts them into."""
    assert len(bmf(hostile())) == len(benchmark(hostile())) == 8
    assert not any(set("|`\n") & set(each["name"]) for each in benchmark(hostile()))


@given(TEXTS)
def test_any_name(text: str) -> None:
    """Any two names that are equal become two entries."""
    found = checked(judged(text), judged(text))
    assert len(bmf(found)) == len(benchmark(found)) == 2
    assert check_bmf.render(found).isascii()
