"""Names cannot steer a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.render.escape import escape, pad, width


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("/usr/lib/libc.so.6", "/usr/lib/libc.so.6"),
        ("blanks stay", "blanks stay"),
        ("häß ✓ 語", "häß ✓ 語"),
        ("a\nb\tc\r", r"a\x0ab\x09c\x0d"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x7f\x9b31m", r"\x7f\xc2\x9b31m"),
        ("\udcff\udc80/x", r"\xff\x80/x"),
        ("right \u202eto left", r"right \xe2\x80\xaeto left"),
        ("\ud800", r"\xed\xa0\x80"),
        (r"\012", r"\012"),
    ],
)
def test_what_is_not_printable_is_shown_as_its_bytes(name: str, shown: str) -> None:
    """Each byte of it as two digits; the rest as it is."""
    assert escape(name) == shown


@given(st.binary())
def test_any_bytes_become_one_printable_line(data: bytes) -> None:
    """No name is left that moves the cursor, ends a line or cannot be encoded."""
    shown = escape(data.decode("utf-8", "surrogateescape"))
    assert shown.isprintable()
    shown.encode("utf-8")


def test_columns_are_those_of_a_terminal() -> None:
    """Wide characters take two columns, combining ones none."""
    assert [width(text) for text in ("abc", "語", "e\u0301", "")] == [3, 2, 1, 0]
    assert pad("語", 4) == "語  "
    assert pad("long", 2) == "long"
