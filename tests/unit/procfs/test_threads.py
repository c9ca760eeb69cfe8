"""/proc/PID/task/TID/syscall -> stack pointer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.procfs.threads import parse_stack_pointer


def test_thread_in_a_system_call() -> None:
    """Number, six arguments, stack pointer, program counter: the last but one."""
    text = b"202 0x7f01 0x189 0x0 0x0 0x0 0xffffffff 0x7f34d17fa9e0 0x7f34d2089e96\n"
    assert parse_stack_pointer(text) == 0x7F34D17FA9E0


def test_thread_blocked_outside_of_a_system_call() -> None:
    """-1 has no arguments: stack pointer, program counter."""
    assert parse_stack_pointer(b"-1 0x7ffd0c2f1e48 0x7f2b1c0e5a17\n") == 0x7FFD0C2F1E48


def test_highest_addresses() -> None:
    """All 64 bits are kept, unsigned."""
    text = b"0 0x0 0x0 0x0 0x0 0x0 0x0 0xffffffffffffffff 0x0\n"
    assert parse_stack_pointer(text) == 2**64 - 1


@pytest.mark.parametrize(
    "text",
    [
        b"running\n",
        b"",
        b"\n",
        b"-1\n",
        b"-1 0x7ffd0c2f1e48\n",
        b"0 0x0 0x0 0x0 0x0 0x0 0x0 0x0 0x0\n",
        b"202 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8 0x9\n",
        b"202 0x1 0x2 0x3\n",
        b"-1 0x1 0x2 0x3\n",
        b"202 1 2 3 4 5 6 7 8\n",
        b"202 0x7f01 0x189 0x0 0x0 0x0 0xffffffff 0x7f34d17fa9e0 0x7f34",
        b"202 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8\n\n",
        b"0 0x0 0x0 0x0 0x0 0x0 0x0 0x1ffffffffffffffff 0x1\n",
    ],
)
def test_texts_that_tell_no_stack_pointer(text: bytes) -> None:
    """A running thread, a kernel thread (0), an empty or strange text: None, never an error."""
    assert parse_stack_pointer(text) is None


@given(st.binary(max_size=200))
def test_any_bytes(text: bytes) -> None:
    """Arbitrary bytes never fail."""
    found = parse_stack_pointer(text)
    assert found is None or 0 < found < 2**64
