"""Text leaves in one place: harmless, one line where it is a message, valid for the stream."""

from __future__ import annotations

import ast
import io
import sys
from pathlib import Path

import pytest

from memory_watcher.cli import console

SOURCE = Path(console.__file__).parents[1]
#: Processes of their own whose stdout is the recorder's, and whole files (`-o /dev/stdout`).
NO_TEXT = (
    *(SOURCE / "procfs" / "filehelper.py", SOURCE / "record" / "runtime_helper.py"),
    SOURCE / "render" / "output.py",
)
HOSTILE = "a\x1b]52;c;ZXZpbA==\x07b\nc\rd\x9be\u202ef\x7f\udcffg"
HARMLESS = r"a\x1b]52;c;ZXZpbA==\x07b\x0ac\x0dd\xc2\x9be\xe2\x80\xaef\x7f\xffg"


class Stream(io.TextIOWrapper):
    """A stream of some encoding whose bytes can be looked at."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, write_through=True)

    @property
    def written(self) -> bytes:
        return self.buffer.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_a_message_is_one_harmless_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Controls, newlines, marks that reorder and bytes that are no UTF-8 stand as escapes."""
    stream = Stream()
    monkeypatch.setattr(sys, "stderr", stream)
    console.say(HOSTILE)
    assert stream.written.decode() == f"{HARMLESS}\n"


@pytest.mark.parametrize("text", ["x" * 10_000_000, "\x1b" * 100_000, "é" * 4001])
def test_a_message_has_a_bounded_length(text: str) -> None:
    """Both ends stay: what happened, and the remedy."""
    line = console.one_line(f"begin {text} end")
    assert len(line) <= console.LONGEST_MESSAGE
    assert line.startswith("begin ")
    assert line.endswith(" end")
    assert line.isprintable()


def test_lines_of_text_stay_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a view printed on several lines does so, and all else is escaped."""
    stream = Stream()
    monkeypatch.setattr(sys, "stdout", stream)
    console.write_text("a\x1b[2Jb\nc\n")
    assert stream.written == b"a\\x1b[2Jb\nc\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "shift_jis", "utf-8"])
def test_any_encoding_will_do(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    """What an encoding cannot hold is written as an escape, never an error."""
    stream, error = Stream(encoding), Stream(encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", error)
    console.write_text("naïve 日本 \U0001f600\n")
    console.say("naïve 日本 \U0001f600")
    assert stream.written.decode(encoding).endswith("\n")
    assert error.written == stream.written


def test_nothing_passes_by_the_console() -> None:
    """No other module prints, or writes to a standard stream or its number."""
    found = []
    for path in sorted(SOURCE.glob("**/*.py")):
        if path in (Path(console.__file__), *NO_TEXT):
            continue
        found += [
            f"{path.relative_to(SOURCE)}:{node.lineno}"
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call) and _writes_to_a_stream(node)
        ]
    assert not found, f"{', '.join(found)}: text leaves through cli.console"


def _writes_to_a_stream(node: ast.Call) -> bool:
    """Whether this is `print`, a stream's own method other than flush and questions, a number."""
    called = ast.unparse(node.func)
    stream = called.startswith(("sys.stdout.", "sys.stderr.", "sys.__std"))
    harmless = called.endswith((".flush", ".isatty", ".fileno"))
    number = called == "os.write" and ast.unparse(node.args[0]) in ("1", "2")
    handed_on = called.rpartition(".")[2] in ("print_exc", "print_exception", "print_help")
    return called == "print" or (stream and not harmless) or number or handed_on
