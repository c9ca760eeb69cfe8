"""What is to blame for a limit that was crossed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from memory_watcher.analysis.budgets.baseline import Baseline, Entry, Key
from memory_watcher.analysis.budgets.model import Culprit, Judged, Limit, Line, Word
from memory_watcher.answers.check import baseline_of, check
from memory_watcher.store.recording import Recording

from ....recordings import MI, SECOND
from .runs import HEAP, Runs, budget, judged, line, runs_in


@pytest.fixture(name="runs")
def runs_of_a_test(tmp_path: Path) -> Iterator[Runs]:
    with runs_in(tmp_path) as runs:
        yield runs


def agreed(**sizes: int) -> Baseline:
    """Bytes by `kind`, `kind__name` or `process__total`; of all processes at the peak of PSS."""
    entries = {}
    for key, size in sizes.items():
        kind, _, name = key.partition("__")
        is_process = name in ("total", "processes", "threads")
        where = (kind, name, "") if is_process else ("", kind, name)
        entries[Key(where[0], "pss", "peak", *where[1:])] = Entry(size, size, size)
    return Baseline("memory-baseline.json", "app", 1, {}, entries)


def above(what: str, pattern: str = "", share: float = 0.02) -> Line:
    """A limit above the baseline."""
    return Line(what, Limit(over_share=share), pattern)  # type: ignore[arg-type]


def one_over(found: list[Judged]) -> Judged:
    (only,) = found
    assert only.verdict is Word.OVER
    return only


def grown(runs: Runs) -> Recording:
    """A heap that grows from tick 11 on, beside anonymous memory that stays as it is."""
    return runs.make(
        *({HEAP: 10 * MI, "": 50 * MI} for _ in range(10)),
        *({HEAP: (12 + at) * MI, "": 50 * MI} for at in range(10)),
    )


def test_what_grew_above_the_baseline_since_when_and_whether_it_stayed(runs: Runs) -> None:
    """The culprit is what changed, not what is big; all else is told in one figure."""
    found = check(
        grown(runs), budget(above("total")), agreed(total=60 * MI, heap=10 * MI, anonymous=50 * MI)
    )
    over = one_over(list(found.budgets))
    assert (over.baseline, over.measured, over.source) == (60 * MI, 71 * MI, "baseline")
    assert over.limit == int(60 * MI * 1.02)
    assert over.culprits == (
        Culprit("heap", HEAP, 10 * MI, 21 * MI, 11 * MI, "", 10 * SECOND, is_held=True),
    )
    assert over.others == 0


def test_what_was_given_back_is_told(runs: Runs) -> None:
    """A peak that is over, and of which little is left at the end."""
    one = runs.make({HEAP: MI}, {HEAP: 40 * MI}, {HEAP: MI})
    baseline = agreed(total=MI, heap=MI)
    over = one_over(list(check(one, budget(above("kind", "heap")), baseline).budgets))
    assert (over.culprits[0].since_ns, over.culprits[0].is_held) == (SECOND, False)


def test_what_was_there_from_the_beginning_has_not_grown_since_a_time(runs: Runs) -> None:
    """A program that asks for more as it starts."""
    one = runs.make(*[{HEAP: 40 * MI}] * 20)
    over = one_over(list(check(one, budget(above("total")), agreed(total=MI, heap=MI)).budgets))
    assert (over.culprits[0].since_ns, over.culprits[0].is_held) == (None, True)


def test_without_a_baseline_it_is_what_grew_since_the_warm_up(runs: Runs) -> None:
    """If that explains what is over the limit; else the biggest are named, with no change."""
    one = grown(runs)
    over = one_over(judged(one, budget(line("total", 65 * MI))))
    assert [(each.name, each.change) for each in over.culprits] == [(HEAP, 11 * MI)]
    big = one_over(judged(one, budget(line("total", 5 * MI))))
    assert [(each.kind, each.after, each.change) for each in big.culprits] == [
        ("anonymous", 50 * MI, None), ("heap", 21 * MI, None),
    ]  # fmt: skip


def test_a_line_blames_only_what_it_is_about(runs: Runs) -> None:
    """What else changed is in `others`."""
    baseline = agreed(total=10 * MI, heap=5 * MI, anonymous=5 * MI)
    one = runs.make({HEAP: 8 * MI, "": 25 * MI})
    over = one_over(list(check(one, budget(above("kind", "heap")), baseline).budgets))
    assert [each.name for each in over.culprits] == [HEAP]
    assert over.others == 20 * MI


def test_a_library_of_another_version_is_the_same_library(runs: Runs) -> None:
    """By the rules of matching: it grew by what it grew, and is not new."""
    baseline = agreed(total=5 * MI, file=5 * MI, **{"file__/usr/lib/x.so.1.1": 5 * MI})
    one = runs.make({"/usr/lib/x.so.1.2": 6 * MI})
    over = one_over(list(check(one, budget(above("total")), baseline).budgets))
    assert [(each.name, each.change) for each in over.culprits] == [("x.so.1.1 → 1.2", MI)]


def test_one_more_process_is_to_blame_before_what_it_has(runs: Runs) -> None:
    """Of a total over several processes; and of their number."""
    both = runs.of(
        {"app": [{HEAP: 10 * MI}] * 2, "w#1": [{HEAP: 9 * MI}] * 2, "w#2": [{HEAP: 8 * MI}] * 2}
    )
    baseline = agreed(
        total=19 * MI, heap=19 * MI, processes=2, app__total=10 * MI, app__processes=1,
        w__total=9 * MI, w__processes=1,
    )  # fmt: skip
    found = check(both, budget(above("total"), above("processes")), baseline).budgets
    assert [each.verdict for each in found] == [Word.OVER, Word.OVER]
    first = found[0].culprits[0]
    assert (first.kind, first.name, first.change) == ("process", "w", 8 * MI)
    assert [(each.name, each.before, each.after) for each in found[1].culprits] == [("w", 1, 2)]


def test_more_processes_of_a_pattern_are_compared_with_their_own_peak(runs: Runs) -> None:
    """Not with what they had when all together had most."""
    app = {"app": [{HEAP: MI}, {HEAP: 90 * MI}]}
    worker = [{HEAP: 20 * MI}, {HEAP: MI}]
    file = budget(above("total"), above("processes"), process="w*")
    baseline = baseline_of([runs.of({**app, "w#1": worker, "w#2": worker})], "b.json", file)
    three = runs.of({**app, "w#1": worker, "w#2": worker, "w#3": worker})
    total, processes = check(three, file, baseline).budgets
    first = total.culprits[0]
    assert (first.name, first.before, first.after) == ("w", 40 * MI, 60 * MI)
    assert [(each.name, each.before, each.after) for each in processes.culprits] == [("w", 2, 3)]


def test_who_has_a_culprit_is_named_beside_other_processes(runs: Runs) -> None:
    """Only if nearly all of it is theirs."""
    both = runs.of({"app": [{HEAP: MI, "": MI}] * 2, "db": [{HEAP: 90 * MI, "": MI}] * 2})
    over = one_over(judged(both, budget(line("total", MI))))
    assert (over.culprits[0].after, over.culprits[0].process) == (91 * MI, "db")
    assert over.culprits[1].process == "", "half of what is anonymous is the app's"
    baseline = agreed(total=3 * MI, heap=2 * MI, anonymous=MI)
    over = one_over(list(check(both, budget(above("total")), baseline).budgets))
    assert [(each.name, each.process) for each in over.culprits] == [(HEAP, "db")]


def test_what_only_the_kernels_mark_tells_has_no_mapping_to_blame(runs: Runs) -> None:
    """It is named as such, with how much it is."""
    one = runs.make({HEAP: 10 * MI}, mark=30 * MI)
    over = one_over(judged(one, budget(line("total", 20 * MI), figure="rss")))
    assert (over.culprits[0].kind, over.culprits[0].change) == ("unseen", 20 * MI)


def test_a_baseline_that_does_not_know_is_no_pass(runs: Runs) -> None:
    """Another figure or moment, a name that it does not have, no baseline at all."""
    one = runs.make({HEAP: MI})
    baseline = agreed(total=MI, heap=MI)
    for file in (
        budget(above("total"), figure="rss"), budget(above("total"), at="end"),
        budget(above("name", "*.so")), budget(above("mappings")),
        budget(above("total"), process="app"),
    ):  # fmt: skip
        (found,) = check(one, file, baseline).budgets
        assert found.verdict is Word.UNDECIDED, file
        assert "memory-baseline.json" in found.why
    (kind,) = check(one, budget(above("kind", "malloc arena")), baseline).budgets
    assert kind.verdict is Word.WITHIN


def test_a_peak_that_is_always_missed_is_no_doubt_beside_a_baseline(runs: Runs) -> None:
    """Layouts are compared with layouts; an absolute limit may have been crossed."""
    one, baseline = runs.make({HEAP: 10 * MI}, mark=30 * MI), agreed(total=10 * MI)
    (compared,) = check(one, budget(above("total")), baseline).budgets
    assert compared.verdict is Word.WITHIN
    (absolute,) = check(one, budget(line("total", 20 * MI)), baseline).budgets
    assert absolute.verdict is Word.UNDECIDED


def test_a_baseline_has_the_total_that_will_be_judged(runs: Runs) -> None:
    """With the kernel's mark in a total of RSS, of which it is no part that has no name."""
    one = runs.make({HEAP: 10 * MI, "": MI}, mark=30 * MI)
    file = budget(
        above("total", share=0.0001), above("kind", "heap", 0.0001), above("unlisted", share=0.5),
        figure="rss",
    )  # fmt: skip
    found = check(one, file, baseline_of([one], "memory-baseline.json", file)).budgets
    assert [(each.verdict, each.baseline) for each in found] == [
        (Word.WITHIN, 30 * MI), (Word.WITHIN, 10 * MI), (Word.WITHIN, MI),
    ]  # fmt: skip


def test_the_lower_of_two_limits_counts(runs: Runs) -> None:
    """An absolute one beside one above the baseline; least and share: the larger."""
    one, baseline = runs.make({HEAP: 10 * MI}), agreed(total=10 * MI)
    for limit, allowed, source in [
        (Limit(9 * MI, 0.5), 9 * MI, "max"), (Limit(90 * MI, 0.5), 15 * MI, "baseline"),
        (Limit(None, 0.1, 2 * MI), 12 * MI, "baseline"),
        (Limit(None, 0.5, 2 * MI), 15 * MI, "baseline"),
    ]:  # fmt: skip
        (found,) = check(one, budget(Line("total", limit)), baseline).budgets
        assert (found.limit, found.source, found.baseline) == (allowed, source, 10 * MI)


def test_of_which_mappings_there_are_more(runs: Runs) -> None:
    """Since the warm-up; without a rise those of which there are most."""
    one = runs.make({HEAP: MI}, {HEAP: MI}, {HEAP: MI, "": MI, "/data": MI})
    over = one_over(judged(one, budget(line("mappings", 1))))
    assert {(each.name, each.before, each.after, each.change) for each in over.culprits} == {
        ("anonymous", 0, 1, 1), ("/data", 0, 1, 1),
    }  # fmt: skip
    still = one_over(judged(runs.make({HEAP: MI, "": MI}), budget(line("mappings", 1))))
    assert {(each.after, each.change) for each in still.culprits} == {(1, None)}


def test_of_mappings_above_a_baseline_the_kinds_with_more_are_to_blame(runs: Runs) -> None:
    """The biggest change first; without numbers of kinds none is better than a wrong one."""
    baseline = agreed(total=2 * MI, heap=MI, anonymous=MI)
    baseline.entries[Key("", "pss", "peak", "mappings")] = Entry(1, 1, 1)
    run = runs.make({HEAP: MI, "": MI, "/new": MI})
    (found,) = check(run, budget(above("mappings")), baseline).budgets
    assert (found.verdict, found.culprits) == (Word.OVER, ())
    baseline.entries[Key("", "pss", "peak", "mappings", "heap")] = Entry(1, 1, 1)
    (found,) = check(run, budget(above("mappings")), baseline).budgets
    assert {(each.kind, each.before, each.change) for each in found.culprits} == {
        ("anonymous", 0, 1), ("file", 0, 1),
    }  # fmt: skip


def test_a_baseline_that_is_made_knows_the_mappings_of_each_kind(runs: Runs) -> None:
    """So that one more of a kind that was there is found."""
    baseline = baseline_of([runs.make({HEAP: MI, "": MI})], "b.json")
    more = runs.make({HEAP: MI, "": MI, "/data": MI})
    (found,) = check(more, budget(above("mappings")), baseline).budgets
    assert [(each.kind, each.before, each.after) for each in found.culprits] == [("file", 0, 1)]
