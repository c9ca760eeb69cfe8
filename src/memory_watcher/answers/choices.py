"""What a question may be asked with: other words are refused, and the choices named."""

from __future__ import annotations

from collections.abc import Collection

from ..errors import UsageError
from ..message import Named


def check(what: Named, asked: str, choices: Collection[str]) -> None:
    """Raise UsageError unless `asked` is one of `choices`; `what` is the argument's name."""
    if asked not in choices:
        raise UsageError(what, f": {asked!r} is no choice; choose one of {', '.join(choices)}")
