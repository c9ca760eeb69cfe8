"""Bytes of /proc/PID/task/TID/syscall -> the thread's stack pointer. Pure.

    0 0x3 0x7f… 0x20000 0x7f… 0xffffffff 0x0 0x7fff503994a8 0x7fb185ae02ad   in a system call:
                                        number, six arguments, stack pointer, program counter
    -1 0x7ffd0c2f1e48 0x7f2b1c0e5a17    blocked outside of one (page fault, stopped)
    running                             on a CPU, or waiting for one

A running thread's pointer cannot be read from outside without stopping it. Its stack does not move,
so it is asked again at a later tick. Reading the file needs PTRACE_MODE_ATTACH, more than smaps:
where it is refused, stacks are told by other signs (analysis.stacks).
"""

from __future__ import annotations

import re

#: Complete lines only: in a cut one another value would stand where the stack pointer belongs.
_BLOCKED = re.compile(
    rb"(?:[0-9]+(?: 0x[0-9a-f]+){6}|-[0-9]+) 0x([0-9a-f]{1,16}) 0x[0-9a-f]{1,16}\n"
)


def parse_stack_pointer(text: bytes) -> int | None:
    """The stack pointer of a thread; None if it runs, or if the text tells none: ask again.

    A kernel thread, and a thread of another user's, shows 0, which is no address.
    """
    match = _BLOCKED.fullmatch(text)
    return int(match[1], 16) or None if match else None
