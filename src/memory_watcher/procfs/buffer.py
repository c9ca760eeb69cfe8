"""One buffer for all long texts of a proc filesystem."""

from __future__ import annotations

import os

#: More than 32 KiB at a time is quadratic over sshfs: it splits the request, and each part makes
#: the far side print smaps from the start. Locally every read returns at most 4 KiB anyway.
READ_SIZE = 32 * 1024


class BorrowedText:
    """A text that lies in a buffer which others use, too: valid until the next long file is read.

    `length` bytes of `buffer` are the text. Who keeps it takes a copy (`bytes`); who goes on
    reading (smaps_rollup, cmdline, cgroup of any process of the source) has lost it.
    """

    __slots__ = ("buffer", "length")

    def __init__(self, buffer: bytearray, length: int) -> None:
        self.buffer = buffer
        self.length = length

    def __len__(self) -> int:
        return self.length

    def __bytes__(self) -> bytes:
        return bytes(memoryview(self.buffer)[: self.length])


class TextBuffer:
    """Bytes that a proc file is read into, again and again without a new allocation."""

    def __init__(self) -> None:
        self.text = bytearray(2 * READ_SIZE)

    def fill_from(self, descriptor: int, limit: int | None = None) -> BorrowedText:
        """Read to end of file, or until there is more than `limit`."""
        length = 0
        view = memoryview(self.text)
        try:
            while True:
                if len(view) - length < READ_SIZE:
                    view.release()
                    more = len(self.text) if limit is None else min(len(self.text), limit)
                    self.text.extend(bytes(more))
                    view = memoryview(self.text)
                count = os.readv(descriptor, (view[length : length + READ_SIZE],))
                if count == 0:
                    return BorrowedText(self.text, length)
                length += count
                if limit is not None and length > limit:
                    return BorrowedText(self.text, length)
        finally:
            view.release()
