"""An option that has no effect is refused: whoever gave it wants something."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from ..errors import UsageError


def refuse_unused(args: argparse.Namespace, options: Mapping[str, str], where: str) -> None:
    """Raise UsageError for the first of these options (by its name in `args`) that was given.

    Given is what is not None, so such an option has no default of argparse's. `where` completes
    "--by has no effect …".
    """
    for name, option in options.items():
        if getattr(args, name) is not None:
            raise UsageError(f"{option} has no effect {where}")
