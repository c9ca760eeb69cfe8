"""What a process reads of its own memory."""

from __future__ import annotations

import mmap

from memory_watcher.procfs import own

MI = 1 << 20


def test_the_mark_shows_what_is_gone_and_can_be_reset() -> None:
    """Memory that was given back stands in the mark until it is reset, and not after that."""
    own.reset_high_water_mark()
    before = own.resident()
    # Not malloc's: it would first hand out what is free but resident.
    taken = mmap.mmap(-1, 64 * MI)
    taken.write(b"1" * (64 * MI))
    during, counted = own.resident(), own.counted_resident()
    taken.close()
    mark = own.high_water_mark()
    assert before is not None and during is not None and mark is not None and counted is not None
    assert during > before + 32 * MI
    assert mark > during - MI  # the kernel counts it in batches
    assert abs(counted - during) < 4 * MI
    assert own.reset_high_water_mark()
    after = own.high_water_mark()
    assert after is not None and after < mark - 32 * MI
