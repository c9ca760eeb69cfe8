"""Patterns of names in budgets."""

from __future__ import annotations

import pytest

from memory_watcher.analysis.budgets.patterns import fits, fits_path


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("[heap]", "[heap]"),
        ("[[]heap]", "[heap]"),
        ("[anon:v8*]", "[anon:v8 heap]"),
        ("[ab]c", "ac"),
        ("lib[xy]*", "libx.so"),
    ],
)
def test_fits(pattern: str, name: str) -> None:
    """A leading bracket is the kernel's or a shell's, whichever fits; all others are a shell's."""
    assert fits(pattern, name)


@pytest.mark.parametrize(("pattern", "name"), [("[heap]", "heap"), ("Lib*", "libx"), ("x", "xy")])
def test_does_not_fit(pattern: str, name: str) -> None:
    """Case counts, and all of the name."""
    assert not fits(pattern, name)


def test_last_part() -> None:
    """A path is known by its last part, too."""
    assert fits_path("libc.so.6", "/usr/lib/libc.so.6")
    assert fits_path("/usr/*", "/usr/lib/libc.so.6")
    assert not fits_path("lib", "/usr/lib/libc.so.6")
