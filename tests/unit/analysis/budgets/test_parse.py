"""What a budget file says, and how it is refused."""

from __future__ import annotations

import subprocess
import sys

import pytest

from memory_watcher.analysis.budgets.model import Budget, Limit, Line
from memory_watcher.analysis.budgets.parse import parse
from memory_watcher.analysis.kinds import Kind
from memory_watcher.errors import BudgetFormatError, NoBudget, UsageError

MI = 1024 * 1024


def budgets(text: str, path: str = "memory-budget.toml") -> tuple[Budget, ...]:
    return parse(text, path).budgets


def refused(text: str, path: str = "memory-budget.toml") -> str:
    with pytest.raises(BudgetFormatError) as caught:
        parse(text, path)
    return str(caught.value)


WHOLE = """\
[[budget]]
title = "the server"
process = "worker*"
at = "floor"
figure = "uss"
total = { max = "80 MiB", over-baseline = ["2 %", "512 KiB"] }
unlisted = { over-baseline = "0.5%" }
threads = 8
mappings = { max = 400, over-baseline = 3 }
kind.heap = "1.5G"

[budget.name]
"lib*.so" = { over-baseline = "64KiB" }

[[budget]]
processes = 0
"""


def test_all_keys() -> None:
    """Each key arrives, with its line, in the order of the file; what is left out has defaults."""
    first, second = budgets(WHOLE)
    assert first == Budget(
        "worker*",
        "floor",
        "uss",
        (
            Line("total", Limit(80 * MI, 0.02, 512 * 1024), "", 6),
            Line("unlisted", Limit(None, 0.005, None), "", 7),
            Line("threads", Limit(8), "", 8),
            Line("mappings", Limit(400, None, 3), "", 9),
            Line("kind", Limit(1536 * MI), "heap", 10),
            Line("name", Limit(None, None, 64 * 1024), "lib*.so", 13),
        ),
        "the server",
        1,
    )
    assert second == Budget(None, "peak", "pss", (Line("processes", Limit(0), "", 16),), "", 15)


def test_growth_is_bytes_per_hour() -> None:
    """Growth has sizes per hour, absolutely and over a baseline, and no other."""
    text = '[[budget]]\nat = "growth"\ntotal = {max = "1 MiB/h", over-baseline = "2 KiB / h"}\n'
    assert budgets(text)[0].lines == (Line("total", Limit(MI, None, 2048), "", 3),)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('[[tool.memory-watcher.budget]]\ntotal = "1M"', "pyproject.toml"),
        ('[tool.memory-watcher.budget]\ntotal = "1M"', "pyproject.toml"),
        ('[tool.memory-watcher]\nbudget = [{total = "1M"}]', "some/pyproject.toml"),
        ('[[budget]]\ntotal = "1M"', "b.toml"),
        ('[budget]\ntotal = "1M"', "b.toml"),
        ('budget = [{ total = "1 MiB" }]', "b.toml"),
        ('\ufeff[[budget]]\r\ntotal = "1MB"\r\n', "b.toml"),
    ],
)
def test_forms(text: str, path: str) -> None:
    """A budget of its own file or of pyproject.toml, as a table or an array; also from Windows."""
    (budget,) = budgets(text, path)
    assert [(line.what, line.limit) for line in budget.lines] == [("total", Limit(MI))]


def test_every_kind_has_a_word() -> None:
    """The words that outputs show are taken, with blanks, `-` or `_`, in any case."""
    for kind in Kind:
        for word in (kind.value, kind.value.replace(" ", "-"), kind.value.replace(" ", "_")):
            (budget,) = budgets(f'[[budget]]\nkind."{word.upper()}" = "1M"')
            assert budget.lines[0].pattern == kind.value
    (budget,) = budgets('[[budget]]\nkind = {arena = "1M", stack = "1M", hugetlb = "1M"}')
    assert [line.pattern for line in budget.lines] == ["malloc arena", "thread stack", "huge pages"]


@pytest.mark.parametrize(
    ("lines", "line", "why"),
    [
        ("a = [", 2, "this is no TOML: Invalid value"),
        ("total = ", 2, "this is no TOML: Invalid value"),
        ('total = "1M"\n\n\ntotal = "2M"', 5, "this is no TOML: Cannot overwrite a value"),
        ('total = "1M"\r\nx = 1', 3, "unknown key 'x'; there are process, at, figure, title"),
        ('totl = "1M"', 2, "unknown key 'totl'; did you mean 'total'?"),
        ("\n# x\n", 1, "this budget has no limit; give total, kind, name, unlisted, mappings"),
        ('kind.heep = "1M"', 2, "unknown kind 'heep'; did you mean 'heap'?"),
        ('kind.xyz = "1M"', 2, "unknown kind 'xyz'; there are thread-stack, heap, malloc-arena"),
        ('kind.heap = "1M"\nkind.HEAP = "2M"', 3, "heap has a limit already, on line 2"),
        ('kind = "1M"', 2, "kind: '1M' is not a table; write kind.heap ="),
        ('name."" = "1M"', 2, 'name: the pattern is empty; write "*" for all names'),
        ('name.libx.so = "1M"', 2, """if 'libx.so' is a name, put it in quotes: name."libx.so\""""),
        ('name."a.b" = {maxx = "1M"}', 2, "unknown key 'maxx'; did you mean 'max'?"),
        ('process = ""\ntotal = "1M"', 2, "process: the pattern is empty; leave it out for all"),
        ('process = 5\ntotal = "1M"', 2, "process: 5 is not a text; write it in quotes"),
        ('at = "peek"\ntotal = "1M"', 2, "at: unknown word 'peek'; did you mean 'peak'?"),
        ('figure = "vsz"\ntotal = "1M"', 2, "figure: unknown word 'vsz'; there are pss, rss"),
        ("total = 80", 2, 'total: 80 has no unit; write "80 MiB", in quotes'),
        ("total = 80.5", 2, "total: 80.5 has no unit"),
        ("total = nan", 2, "total: nan has no unit"),
        ('total = "80"', 2, """total: '80' has no unit; write "80 MiB\""""),
        ("total = true", 2, 'total: true is not a size; write "80 MiB"'),
        ('total = ""', 2, "total: '' is not a size"),
        ('total = "-1 MiB"', 2, "total: '-1 MiB' is negative"),
        ('total = "8 EiB"', 2, "total: '8 EiB' is not a size"),
        ('total = "9999999 TiB"', 2, "total: '9999999 TiB' is too large; write"),
        ('total = "80 XiB"', 2, "total: '80 XiB' is not a size; write"),
        ('total = ""', 2, "total: '' is not a size; write"),
        (f'total = "{"9" * 400} MiB"', 2, "is too large; write"),
        ('total = "1 MiB/h"', 2, "total: '1 MiB/h' is a size per hour"),
        ('total = ["1M"]', 2, "total: ['1M'] is not a size"),
        ("total = {}", 2, "total: no limit; give max, over-baseline, or both"),
        ('[budget.total]\n"ma\\u0078" = "x"', 3, "total.max: 'x' is not a size"),
        ('at = "growth"\ntotal = "1 MiB"', 3, "total: '1 MiB' is not a size per hour"),
        ('at = "growth"\nthreads = 5', 3, "threads: a count has no growth"),
        ('threads = "5"', 2, "threads: '5' is not a count; write a whole number, as 12"),
        ("threads = true", 2, "threads: true is not a count"),
        ("threads = 1.0", 2, "threads: 1.0 is not a count"),
        ("threads = -1", 2, "threads: -1 is not a count; it must be from 0 to 2^62"),
        (f"threads = {2**62}", 2, "is not a count; it must be from 0 to 2^62"),
        ('total = {over-baseline = "1001 %"}', 2, "'1001 %' is too much; write 1000 % at most"),
        ('total = {over-baseline = "-1 %"}', 2, "'-1 %' is not a percentage; write \"2 %\""),
        ('total = {over-baseline = "x %"}', 2, "'x %' is not a percentage"),
        ("total = {over-baseline = 2}", 2, "total.over-baseline: 2 has no unit"),
        ("total = {over-baseline = []}", 2, "write one percentage, one amount, or both"),
        ('total = {over-baseline = ["1 %", "2 %"]}', 2, "write one percentage, one amount"),
        ('total = {over-baseline = [\n"1 %",\n"2"]}', 4, "'2' has no unit"),
    ],
)
def test_what_is_refused(lines: str, line: int, why: str) -> None:
    """The message names the file, the line, what is wrong, and what to write instead."""
    message = refused(f"[[budget]]\n{lines}")
    assert message.startswith(f"memory-budget.toml: line {line}: "), message
    assert why in message
    assert len(message) < 300


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"x = {'9' * 5000}\n\n", "memory-budget.toml: this is no TOML: Exceeds the limit"),
        ("budget = 5", "line 1: budget: 5 is not a table; begin a budget with [[budget]]"),
        ("budget = [5]", "line 1: budget: 5 is not a table"),
        ("\n\nbudgets = []", "line 3: unknown key 'budgets'; did you mean 'budget'?"),
        ("[tool.memory-watcher.budget]", "line 1: only pyproject.toml has tool tables"),
        ("x = " + "[" * 5000, "its arrays are too deep for a budget"),
        ("x = " + "[" * 300 + "]" * 300, "line 1: unknown key 'x'"),
    ],
)
def test_files_that_are_refused(text: str, why: str) -> None:
    """What is not made of budgets is refused with its line."""
    assert why in refused(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[project]\nname = 'x'\n[tool.memory-watcher]\nbudgets = []", "line 4: unknown key"),
        ("tool = 5", "line 1: tool: 5 is not a table"),
        ("[tool]\nmemory-watcher = 5", "line 2: tool.memory-watcher: 5 is not a table"),
    ],
)
def test_pyproject(text: str, why: str) -> None:
    """Of pyproject.toml only its own table is judged."""
    assert why in refused(text, "pyproject.toml")


@pytest.mark.parametrize(
    ("text", "path", "header"),
    [
        ("", "b.toml", "[[budget]]"),
        ("budget = []", "b.toml", "[[budget]]"),
        ("# nothing\n", "b.toml", "[[budget]]"),
        ("[project]\nname = 'x'", "pyproject.toml", "[[tool.memory-watcher.budget]]"),
        ("[tool.memory-watcher]", "pyproject.toml", "[[tool.memory-watcher.budget]]"),
    ],
)
def test_no_budget(text: str, path: str, header: str) -> None:
    """A file without any is told from one with a mistake."""
    with pytest.raises(NoBudget) as caught:
        parse(text, path)
    assert str(caught.value) == f"{path}: it has no budget; begin one with {header}"
    assert isinstance(caught.value, UsageError)
    assert caught.value.exit_code == 2


@pytest.mark.skipif(sys.version_info < (3, 11), reason="there tomli reads budgets")
def test_only_the_standard_library_reads_it() -> None:
    """No other reader of TOML is loaded where Python has one, and none before it is needed."""
    code = (
        "import sys; from memory_watcher.analysis.budgets.parse import parse;"
        "assert 'tomllib' not in sys.modules;"
        """parse('[[budget]]\\ntotal = "1M"', 'x'); print('tomli' in sys.modules)"""
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_parts_of_libraries() -> None:
    """They are written without a point; of growth only the whole is judged, and is advised."""
    (budget,) = parse('[[budget]]\nkind.library-bss = "1M"\nkind.program-code = "2M"', "x").budgets
    assert [line.pattern for line in budget.lines] == ["library .bss", "program code"]
    message = refused('[[budget]]\nat = "growth"\nkind.library-code = "1 MiB/h"')
    assert "growth is not judged for parts of files; limit library" in message
