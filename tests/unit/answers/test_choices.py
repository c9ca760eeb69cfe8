"""Questions of a script: words that are no choice are refused, and the choices named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import memory_watcher
from memory_watcher.errors import SelectionError, UsageError
from memory_watcher.model import Usage
from memory_watcher.store.recording import Recording
from tests.recordings import MI, RecordingBuilder, mapping


def record(path: Path, kind: str | None = None) -> Path:
    """One process, and what was asked for, if it is a selection."""
    builder = RecordingBuilder(path)
    process = builder.process(1, "one")
    builder.tick()
    builder.layout(process, [(mapping(0x1000), Usage(rss=MI, pss=MI))])
    if kind is not None:
        builder.execute("INSERT INTO selections VALUES (1, ?, '--name one', NULL, 0)", kind)
    builder.end_run()
    return builder.close()


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[Recording]:
    with memory_watcher.open(record(tmp_path / "a.db", "selection")) as recording:
        yield recording


def diff_to_itself(recording: Recording, **words: Any) -> object:
    return memory_watcher.diff(recording, recording, **words)


#: The question with a wrong word, and the sentence that answers it.
WRONG: list[tuple[Callable[..., Any], dict[str, str], str]] = [
    (memory_watcher.history, {"by": "owner"}, "by: 'owner' .* one of kind, name, mapping, process"),
    (memory_watcher.history, {"figure": "vsz"}, "figure: 'vsz' .* one of pss, .*, hugetlb, map"),
    (diff_to_itself, {"by": "owner"}, "by: 'owner' .* one of kind, name, mapping, process"),
    (
        diff_to_itself,
        {"figure": "vsz"},
        "figure: 'vsz' .* one of pss, rss, uss, swap, hugetlb, held",
    ),
    (memory_watcher.tree_view, {"by": "process"}, "by: 'process' .* one of name, kind, mapping"),
    (memory_watcher.system_view, {"by": "kind"}, "by kind: .* by name or user; choose one process"),
    (memory_watcher.system_view, {"figure": "swap"}, "figure: 'swap' .* one of pss, rss, statm"),
    (
        memory_watcher.system_view,
        {"lowest": "MemFree"},
        "lowest: 'MemFree' .* one of MemAvailable, MemAvailableComputed",
    ),
]


@pytest.mark.parametrize(("ask", "words", "sentence"), WRONG)
def test_no_choice(
    recording: Recording, ask: Callable[..., Any], words: dict[str, str], sentence: str
) -> None:
    """Nothing else is shown in its stead; the argument, not an option, is named."""
    with pytest.raises(UsageError, match=sentence):
        ask(recording, **words)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"by": "process"}, "by: 'process' .* one of name, kind, mapping"),
        ({"figure": "swap"}, "figure: 'swap' .* one of pss, rss, uss, statm"),
    ],
)
def test_no_choice_for_a_process(
    recording: Recording, words: dict[str, Any], sentence: str
) -> None:
    """The same, of a single process."""
    with pytest.raises(UsageError, match=sentence):
        memory_watcher.process_view(recording, recording.process(pid=1), **words)


def test_a_tree_is_asked_like_all_else(recording: Recording) -> None:
    """A recording and a moment suffice; which processes were asked for is in the recording."""
    view = memory_watcher.tree_view(recording, "end", by="kind")
    assert view.selection == recording.selection()
    assert [branch.process.pid for branch in view.members] == [1]


def test_no_tree_without_a_selection(tmp_path: Path) -> None:
    """A recording of a single process, or of the whole machine, says so."""
    with (
        memory_watcher.open(record(tmp_path / "a.db")) as recording,
        pytest.raises(SelectionError, match="neither a command nor a selection"),
    ):
        memory_watcher.tree_view(recording)
