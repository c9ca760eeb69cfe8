from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.report.packing import Columns, pack, relative

from .decoding import column, unpack

numbers = st.one_of(
    st.integers(0, 300), st.integers(-(2**40), 2**40), st.integers(0, 2**20).map((4096).__mul__)
)


@given(st.lists(st.lists(st.one_of(numbers, st.none()), max_size=40), max_size=4))
def test_what_is_packed_is_read_back(lists: list[list[int | None]]) -> None:
    """Any numbers, with what was not reported among them, come out as they went in."""
    columns = Columns()
    for number, values in enumerate(lists):
        columns.add(str(number), values)
    header, block = unpack(pack({"kept": [1, "ä"]}, columns))
    assert header["kept"] == [1, "ä"]
    for number, values in enumerate(lists):
        assert column(header, block, str(number)) == values


@given(st.lists(st.integers(0, 2**64 - 1), max_size=20))
def test_wide_numbers_are_two_halves(values: list[int]) -> None:
    """Addresses, offsets and inodes may take all of 64 bits, which a page's number cannot hold."""
    columns = Columns()
    columns.add_wide("x", values)
    header, block = unpack(pack({}, columns))
    high, low = column(header, block, "x.high"), column(header, block, "x.low")
    assert [(h or 0) * 2**32 + (w or 0) for h, w in zip(high, low, strict=True)] == values


def test_a_number_that_a_page_cannot_hold_is_refused() -> None:
    """Better no report than one with a wrong figure."""
    with pytest.raises(ValueError, match="too large"):
        Columns().add("x", [1, 2**53])


def test_what_follows_another_column_becomes_small() -> None:
    """Relative values are the rest; what was not reported stays so, and counts 0 as a base."""
    assert relative([10, None, 7], [4, 4, None], [5, 5, 5]) == [1, None, 2]


def test_packed_text_needs_no_escaping() -> None:
    """Whatever names are in it, only base64's letters come out."""
    text = pack({"name": "</script><!-- \u2028 '\""}, Columns())
    assert set(text) <= set(string.ascii_letters + string.digits + "+/=")
    assert unpack(text)[0]["name"] == "</script><!-- \u2028 '\""
