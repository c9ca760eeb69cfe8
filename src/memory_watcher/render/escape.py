"""Makes names harmless: what a process chose to call itself must not steer a terminal."""

from __future__ import annotations

#: Characters of a part of a file's name: a name has 255 bytes, a character up to 4.
_LONGEST_PART = 48


def escape(text: str) -> str:
    r"""Write every byte of what is not printable as \xNN: controls, newlines, invalid UTF-8.

    Characters that hide or reorder others (zero width, right-to-left marks) count as such.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _hex(character) for character in text)


def _hex(character: str) -> str:
    # A byte that was no UTF-8 stands as U+DC80 + byte; other lone surrogates never come from bytes.
    handler = "surrogateescape" if "\udc80" <= character <= "\udcff" else "surrogatepass"
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", handler))


def file_name_part(text: str) -> str:
    """Make what a process chose to call itself harmless as a part of a file's name.

    What is not printable and the slash become `_`; it is neither hidden nor longer than a name is.
    """
    kept = "".join(c if c.isprintable() and c != "/" else "_" for c in text[:_LONGEST_PART])
    return kept.lstrip(".")


def width(text: str) -> int:
    """How many columns of a terminal an escaped text takes."""
    if text.isascii():
        return len(text)
    import unicodedata  # noqa: PLC0415 - a large table, needed by few names

    columns = 0
    for character in text:
        if not unicodedata.combining(character):
            columns += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return columns


def pad(text: str, columns: int) -> str:
    """Fill up with blanks to that many columns of a terminal."""
    return text + " " * (columns - width(text))
