"""What the names mean that Android's C library and its runtime (ART) give to their memory.

Names as bionic, scudo and ART set them, with prctl(PR_SET_VMA) since Android 5, for some spaces as
files of ashmem before Android 10. The name is the proof: nobody else calls memory so.
"""

from __future__ import annotations

import re

from .attribution import Attribution, Kind

__all__ = ["by_name"]

_BEFORE = r"(?:\[anon:|/dev/ashmem/)"
#: The first that matches counts.
_RULES: tuple[tuple[re.Pattern[str], Attribution], ...] = tuple(
    (re.compile(pattern), attribution)
    for pattern, attribution in (
        (r"\[anon:scudo:", Attribution(Kind.ALLOCATOR, "scudo")),
        (rf"{_BEFORE}libc_malloc\b", Attribution(Kind.ALLOCATOR, "libc_malloc")),
        (r"\[anon:GWP-ASan", Attribution(Kind.ALLOCATOR, "GWP-ASan")),
        (
            rf"{_BEFORE}dalvik-(?:zygote-)?jit-code-cache",
            Attribution(Kind.JIT_CODE, "ART code cache"),
        ),
        (
            rf"{_BEFORE}dalvik-(?:main|alloc|zygote|non moving|large object|free list large object"
            rf"|region|bump pointer) space|{_BEFORE}dalvik-(?:heap|zygote)(?=[\] ]|$)",
            Attribution(Kind.RUNTIME, "ART heap"),
        ),
        (rf"{_BEFORE}dalvik-", Attribution(Kind.RUNTIME, "ART, beside its heap")),
    )
)


def by_name(name: str) -> Attribution | None:
    """Tell what a mapping of this name is for; None if the name says nothing of the kind."""
    if not name.startswith(("[anon:", "/dev/ashmem/")):
        return None
    return next((told for pattern, told in _RULES if pattern.match(name)), None)
