"""Memory of real runtimes and allocators, against what these say of it at the same moment."""

from __future__ import annotations

import os

import pytest
from benchmarks.runtimes import PROGRAMS, Missing, Program
from benchmarks.runtimes.measure import Measured, measure

pytestmark = pytest.mark.live

#: How far what is named may be from the runtime's own figure.
NEAR = 0.05
#: The share of PSS that may be left without a name.
LEFT = 0.15
#: Those that tell where all of it lies.
TELL_ADDRESSES = ("jvm", "numpy")


def measured_of(program: Program) -> Measured:
    """Run it; where it is not installed the test is skipped, but in CI that is a failure."""
    try:
        return measure(program)
    except Missing as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.key)
def test_program(program: Program) -> None:
    """Little is left as anonymous, and what is named is what the runtime itself says.

    Where the program tells addresses nothing that lies elsewhere bears its names: they are other
    owners' memory.
    """
    measured = measured_of(program)
    assert measured.anonymous <= LEFT
    assert measured.before
    for before, after in zip(measured.before, measured.after, strict=True):
        named = measured.named(before.names)
        low, high = sorted((before.own, after.own))
        assert (1 - NEAR) * low <= named <= (1 + NEAR) * high, (before, after)
        if after.most is not None:
            assert named <= after.most
    assert bool(measured.owned) == (program.key in TELL_ADDRESSES)
    assert not measured.strangers()
