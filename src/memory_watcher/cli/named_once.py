"""Refuses one recording that is named as two runs: they would agree, whatever the noise."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..errors import UsageError


def refuse_twice(files: Sequence[str]) -> None:
    """Raise UsageError for a recording that is named twice, by whatever paths."""
    for number, file in enumerate(files):
        if any(_is_same(file, other) for other in files[:number]):
            raise UsageError(f"{file}: this recording is named twice; name each run once")


def _is_same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):  # it is not there, which is said when it is opened
        return False
