"""Tests as root of what a user without rights meets."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

#: The user and group of whom nothing is.
NOBODY = 65534


@contextlib.contextmanager
def unprivileged() -> Iterator[None]:
    """Be somebody whom permissions bind."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
