"""Runs tests/kernels/systemd in a guest with systemd, podman, crun and runc (`make containers`)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from . import cache, kernel
from .__main__ import lacking
from .guest import Guest, GuestError
from .roots import COMMON, Root

#: What a machine with containers has, beside what every root has.
_PACKAGES = (*COMMON, "systemd", "systemd-sysv", "dbus", "crun", "runc", "podman")
_COMMAND = "python -m pytest -p no:cacheprovider -q -o timeout=900 tests/kernels/systemd"
_PATIENCE = 2400.0


def main() -> int:
    """Exit code 0 if all passed, 1 if not."""
    try:
        guest = Guest(
            kernel.fetch("6.12"),
            Root("trixie", _PACKAGES),
            memory=1800,
            modules=("overlay",),
            systemd=True,
        )
        with tempfile.TemporaryDirectory() as out:
            result = guest.run(_COMMAND, Path(out), _PATIENCE)
    except cache.MissingToolError as error:
        return lacking(error)
    except GuestError as error:
        print(error, file=sys.stderr)
        return 1
    print(result.output)
    return int(result.exit_code != 0)


if __name__ == "__main__":
    sys.exit(main())
