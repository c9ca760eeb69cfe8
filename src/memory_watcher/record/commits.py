"""When to commit: what a kill may lose is what was read in the last second."""

from __future__ import annotations

from ..units import SECOND

#: What is not committed gets no older than this; the rest of the second is for the commit itself.
_OLDEST_NS = 9 * SECOND // 10
#: More than any clock shows.
_NEVER = 1 << 63


class CommitTimer:
    """Knows what is not committed, which instant a kill would throw it back to, and pass times."""

    def __init__(self) -> None:
        self._safe_ns: int | None = None  # when the last pass began that is committed
        self._began_ns = 0  # when the last pass of all began, or its last part
        self._is_pending = False  # whether anything is not committed
        self._tick_ns = 0  # how long the last tick took
        self._fast_ns = 0  # and the last fast pass

    def begins(self, now_ns: int) -> None:
        """Something is going to be read and stored from now on: a pass, or the rest of one."""
        self._began_ns = now_ns
        self._is_pending = True
        if self._safe_ns is None:
            self._safe_ns = now_ns

    def took(self, duration_ns: int, is_fast: bool) -> None:
        """A pass took so long."""
        if is_fast:
            self._fast_ns = duration_ns
        else:
            self._tick_ns = duration_ns

    def committed(self) -> None:
        """All is safe."""
        self._safe_ns = self._began_ns
        self._is_pending = False

    def is_due(self, now_ns: int, until_next_ns: int) -> bool:
        """Whether to commit after a pass: what there is would get too old until the next one.

        Counted from the last pass that is safe: who looks at the file afterwards sees that one.
        """
        return self._is_too_old(self._safe_ns, now_ns + max(until_next_ns, 0))

    def idle_until(self, period_ns: int) -> int:
        """Until when to commit can wait, if what comes every so many ns is not stored meanwhile."""
        if not self._is_pending or self._safe_ns is None:
            return _NEVER
        return self._safe_ns + _OLDEST_NS - period_ns

    def is_due_before(self, now_ns: int, is_fast: bool) -> bool:
        """Whether to commit before a pass: it would take too long for what there is already."""
        duration_ns = self._fast_ns if is_fast else self._tick_ns
        return self._is_too_old(self._safe_ns, now_ns + duration_ns)

    def is_due_within(self, now_ns: int) -> bool:
        """Whether to commit in the middle of a tick, between two processes."""
        return self._is_too_old(self._began_ns, now_ns)

    def _is_too_old(self, since_ns: int | None, then_ns: int) -> bool:
        return self._is_pending and since_ns is not None and then_ns - since_ns > _OLDEST_NS
