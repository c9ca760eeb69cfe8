"""Packages of any suite of Debian, fetched by apt and unpacked: nothing is installed.

apt gets folders of its own for each suite, so that neither the machine's sources nor its installed
packages play a part; it checks signatures as always. Where the archive is, the machine's own
sources say.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import re
import subprocess
from pathlib import Path

from . import cache

#: What Debian's own archive calls itself; its security archive has another label.
_ARCHIVE = "Debian"


def base_address() -> str:
    """The address of Debian's archive, as this machine's apt knows it.

    MissingToolError if apt knows none.
    """
    apt = cache.require("apt-get", "apt")
    wanted = "$(ORIGIN)|$(LABEL)|$(REPO_URI)"
    told = subprocess.run(
        [apt, "indextargets", "--format", wanted, "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for line in told.splitlines():
        origin, label, address = line.split("|", 2)
        if origin == label == _ARCHIVE:
            return address
    raise cache.MissingToolError(
        "apt knows no archive of Debian (apt-get update has not run, or this is not Debian)"
    )


class Suite:
    """One suite for one architecture, e.g. trixie for amd64; lists are fetched once."""

    def __init__(self, name: str, architecture: str = "amd64") -> None:
        self.name = name
        self.architecture = architecture

    def fetch(self, *packages: str) -> Path:
        """Fetch packages, unpack them over each other, and return the folder."""
        key = hashlib.sha256(" ".join(packages).encode()).hexdigest()[:8]
        return cache.made(
            f"unpacked-{self.name}-{self.architecture}-{packages[0]}-{key}",
            lambda folder: self._unpack(folder, packages),
        )

    def depends(self, package: str) -> list[str]:
        """What the newest version of a package depends on, first alternatives, by name."""
        text = self._apt("apt-cache", "show", "--no-all-versions", package)
        for line in text.splitlines():
            if line.startswith("Depends: "):
                return [part.split()[0] for part in line.partition(": ")[2].split(",")]
        return []

    def _unpack(self, folder: Path, packages: tuple[str, ...]) -> None:
        self._apt("apt-get", "download", "-q", *packages, folder=folder)
        for archive in sorted(folder.glob("*.deb")):
            subprocess.run(["dpkg", "-x", archive, folder], check=True)
            archive.unlink()

    def _apt(self, program: str, *arguments: str, folder: Path | None = None) -> str:
        # Of today: what an older list names may have left the archive.
        name = f"apt-{self.name}-{self.architecture}-{datetime.date.today()}"
        state = cache.made(name, self._update)
        return _run_apt(state, program, *arguments, folder=folder)

    def _update(self, folder: Path) -> None:
        for part in ("lists/partial", "archives/partial"):
            (folder / part).mkdir(parents=True)
        (folder / "status").touch()
        (folder / "sources").write_text(
            f"deb [arch={self.architecture}] {base_address()} {self.name} main\n"
        )
        # Relative to the folder that they are in, which will be renamed.
        (folder / "apt.conf").write_text(
            'Dir::Etc::SourceParts "-";\n'
            'Dir::Etc::Parts "-";\n'
            'Acquire::Languages "none";\n'
            'APT::Sandbox::User "root";\n'
            # Signatures are checked; a list that a mirror has kept too long is good enough to test.
            'Acquire::Check-Valid-Until "false";\n'
            f'APT::Architecture "{self.architecture}";\n'
            f'APT::Architectures {{ "{self.architecture}"; }};\n'
        )
        _run_apt(folder, "apt-get", "update", "-q")


def _run_apt(state: Path, program: str, *arguments: str, folder: Path | None = None) -> str:
    places = {
        "Dir::Etc::SourceList": "sources",
        "Dir::State": "",
        "Dir::State::Lists": "lists",
        "Dir::State::Status": "status",
        "Dir::Cache": "",
        "Dir::Cache::Archives": "archives",
    }
    options = [f"-o{name}={state / place}" for name, place in places.items()]
    done = subprocess.run(
        [cache.require(program, "apt"), *options, *arguments],
        cwd=folder,
        env={**os.environ, "APT_CONFIG": str(state / "apt.conf"), "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise OSError(f"{program} {' '.join(arguments)}: {_last_error(done.stderr)}")
    return done.stdout


def _last_error(said: str) -> str:
    errors = re.findall(r"^E: (.*)$", said, re.MULTILINE)
    return errors[-1] if errors else said.strip()
