"""What several tests of the recorder's parts use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .parts import Parts


@pytest.fixture
def make_parts(tmp_path: Path) -> Iterator[Callable[..., Parts]]:
    """Makes the parts of a recorder; they are closed after the test."""
    made: list[Parts] = []

    def make(*args: object, **options: object) -> Parts:
        made.append(Parts(tmp_path, *args, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def parts(make_parts: Callable[..., Parts]) -> Parts:
    """The parts of a recorder that reads everything at each tick."""
    return make_parts()
