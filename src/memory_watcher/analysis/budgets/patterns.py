"""Patterns of names in budgets. Pure."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import lru_cache


@lru_cache(maxsize=65536)
def fits(pattern: str, name: str) -> bool:
    """Whether a shell's pattern is that of a name: `*`, `?`, `[ab]`.

    The kernel's own names begin with a bracket: a pattern that does may mean one, as `[heap]` and
    `[anon:*]` do.
    """
    if fnmatchcase(name, pattern):
        return True
    return pattern.startswith("[") and fnmatchcase(name, f"[[]{pattern[1:]}")


def fits_path(pattern: str, name: str) -> bool:
    """Whether it is that of a name, or of its last part."""
    return fits(pattern, name) or fits(pattern, name.rpartition("/")[2])
