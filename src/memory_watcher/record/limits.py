"""What one process may take of the recorder's memory and of the recording. Pure but for the clock.

A process chooses how many mappings it has, what their paths are, its name and its arguments. Each
tick may show others. The budget for CPU bounds what reading them costs. These bound the rest: what
is over is not read or not stored, and the notice that says so is given once.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from ..errors import SourceError
from ..model import MappingUsage
from ..units import MILLISECOND, SECOND, format_size
from .clock import Time

MIB = 1 << 20

#: Layouts whose smaps is larger than this are counted: of all of them together so much is held.
#: A layout takes two to three times its text, of 700 bytes a mapping.
LARGE = MIB
MOST_HELD = 16 * MIB
#: A layout that was too large is tried again after this time.
_TRY_AGAIN_NS = 60 * SECOND

#: Among others a layout is not tried again once it has taken this time: the others' tick waits.
_MOST_SPENT_NS = 200 * MILLISECOND

#: Bytes of paths that a process's layouts may add to the recording: at once, and a second.
_PATHS_AT_ONCE = MIB
_PATHS_PER_SECOND = 64 * 1024
#: Fewer changed mappings than this are not looked at for new paths.
_FEW = 16

#: How often a process may change its name, arguments or program: at once, and a second.
_IMAGES_AT_ONCE = 16
_IMAGES_PER_SECOND = 1


class TooLarge(SourceError):
    """A layout that is not read, because of what it would take."""


class Bucket:
    """An allowance that fills with time; debts are paid off first."""

    def __init__(self, at_once: int, per_second: int, time: Time = time) -> None:
        self._left = float(at_once)
        self._at_once = at_once
        self._per_second = per_second
        self._time = time
        self._now_ns = time.monotonic_ns()

    def has_any(self) -> bool:
        """Whether anything is left."""
        now = self._time.monotonic_ns()
        self._left += (now - self._now_ns) / SECOND * self._per_second
        self._left, self._now_ns = min(self._left, self._at_once), now
        return self._left > 0

    def take(self, amount: int) -> None:
        """Take so much, into debt if it must be."""
        self._left -= amount


class MachineLimits:
    """What all processes of a recording share: text of large layouts that is held."""

    def __init__(self, most_text: int | None = None) -> None:
        """`most_text`: bytes of the largest smaps that is read; None: any."""
        self.most_text = most_text
        self.held = 0

    def allows_another(self, spent_ns: int) -> bool:
        """Whether a layout that is torn may be tried again: among many not if it is expensive."""
        return self.most_text is None or spent_ns < _MOST_SPENT_NS


class ProcessLimits:
    """The limits of one process."""

    def __init__(self, machine: MachineLimits, time: Time = time) -> None:
        self._machine = machine
        self._time = time
        self._held = 0  # by this process, of the machine's
        self._paths = Bucket(_PATHS_AT_ONCE, _PATHS_PER_SECOND, time)
        self._images = Bucket(_IMAGES_AT_ONCE, _IMAGES_PER_SECOND, time)
        self._try_again_ns = 0

    def text(self) -> int | None:
        """How many bytes of smaps may be read now; None: any.

        Raises TooLarge.
        """
        if not self._paths.has_any():
            raise TooLarge(
                "its mapped files have new paths each time; its layouts are read less often, so"
                " that the paths do not fill the recording"
            )
        most = self._machine.most_text
        if most is None:
            return None
        if self._time.monotonic_ns() < self._try_again_ns:
            raise self._too_large(most)
        left = MOST_HELD - self._machine.held + self._held
        return min(most, max(left, LARGE))

    def was_too_large(self, limit: int) -> TooLarge:
        """Its smaps is longer than what was allowed: it is not tried again at once."""
        self._try_again_ns = self._time.monotonic_ns() + _TRY_AGAIN_NS
        return self._too_large(limit)

    def _too_large(self, limit: int) -> TooLarge:
        return TooLarge(
            f"its layout is more than {format_size(limit)} of text. Only its RSS, swap and faults"
            " are recorded; record it alone (-p) for layouts"
        )

    def took(self, length: int, added: list[MappingUsage], removed: Iterable[MappingUsage]) -> None:
        """A layout was read: what it holds from now on, and what it adds to the recording."""
        if self._machine.most_text is not None:
            held = length if length > LARGE else 0
            self._machine.held += held - self._held
            self._held = held
        if len(added) >= _FEW:
            paths = {entry.mapping.pathname for entry in added}
            paths -= {entry.mapping.pathname for entry in removed}
            self._paths.take(sum(map(_stored, paths)))

    def may_change_image(self) -> bool:
        """Whether a new name, or new arguments, may be stored now."""
        allowed = self._images.has_any()
        if allowed:
            self._images.take(1)
        return allowed

    def close(self) -> None:
        """It holds nothing any more."""
        self._machine.held -= self._held
        self._held = 0


def _stored(path: str) -> int:
    """Bytes that a path takes in the recording; one that is no UTF-8 stands there thrice.

    As it is, as the key of how it is shown, and as that: with four characters for each such byte.
    """
    if path.isascii():
        return len(path)
    length = len(path.encode("utf-8", "surrogateescape"))
    invalid = sum("\udc80" <= character <= "\udcff" for character in path)
    return 3 * (length + invalid) if invalid else length
