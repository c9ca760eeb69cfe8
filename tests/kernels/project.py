"""This project as a tar for a root: its files, and an environment with what tests need.

It unpacks to /project, with the commands in /project/.venv/bin, as in a clone.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from importlib.metadata import entry_points, files
from pathlib import Path

from . import cache
from .roots import Root

CLONE = Path(__file__).parents[2]
#: What live tests import.
_REQUIREMENTS = ("pytest", "hypothesis", "pytest-timeout", "pytest-xdist", "pytest-rerunfailures")
_BUNDLE = "src/memory_watcher/report/bundle"


def write_tar(root: Root, destination: Path) -> None:
    """The project as it is in this clone, changes included, for the Python of this root."""
    with tempfile.TemporaryDirectory(prefix="memory-watcher-", dir=root.folder()) as beginning:
        project = Path(beginning) / "project"
        copy_into(root, project)
        _compile(root, project, Path(beginning))
        with tarfile.open(destination, "w") as archive:
            archive.add(project, "project")


def copy_into(root: Root, project: Path, extras: Sequence[str] = ()) -> None:
    """The project's files and its environment, into a folder that will be /project.

    `extras` are what is required of Python packages beside what live tests import.
    """
    _copy_files(project)
    environment = project / ".venv"
    packages = environment / "lib" / f"python{root.python()}" / "site-packages"
    shutil.copytree(_packages_for(root.python(), extras), packages)
    (packages / "memory_watcher.pth").write_text("/project/src\n")
    _copy_metadata(packages)
    (environment / "bin").mkdir()
    (environment / "pyvenv.cfg").write_text("home = /usr/bin\n")
    for name in ("python", "python3"):
        (environment / "bin" / name).symlink_to("/usr/bin/python3")
    _write_commands(environment / "bin")


def _copy_files(project: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=CLONE,
        capture_output=True,
        check=True,
    ).stdout
    bundle = [str(path.relative_to(CLONE)) for path in (CLONE / _BUNDLE).glob("*")]
    for name in [*listed.decode().rstrip("\0").split("\0"), *bundle]:
        source, copy = CLONE / name, project / name
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)


def _packages_for(python: str, extras: Sequence[str] = ()) -> Path:
    """What the tests need, as pip gets it for another Python; kept."""
    needed = sorted({*_REQUIREMENTS, *extras, *(["tomli"] if python == "3.10" else [])})

    def install(place: Path) -> None:
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", "--quiet"),
                *("--disable-pip-version-check", "--only-binary=:all:", "--no-compile"),
                *(f"--python-version={python}", f"--target={place}", *needed),
            ],
            check=True,
        )

    key = hashlib.sha256(" ".join(needed).encode()).hexdigest()[:8]
    return cache.made(f"packages-{python}-{key}", install)


def _copy_metadata(packages: Path) -> None:
    """The distribution's own description, by which pytest finds the plugin."""
    for file in files("memory-watcher") or []:
        if file.parent.suffix == ".dist-info":
            copy = packages / file
            copy.parent.mkdir(exist_ok=True)
            shutil.copy(str(file.locate()), copy)


def _write_commands(folder: Path) -> None:
    ours = [point for point in entry_points(group="console_scripts") if point.dist]
    for point in ours:
        if point.dist is not None and point.dist.name == "memory-watcher":
            module, _, function = point.value.partition(":")
            script = folder / point.name
            script.write_text(
                "#!/project/.venv/bin/python\n"
                f"import sys\nfrom {module} import {function}\nsys.exit({function}())\n"
            )
            script.chmod(0o755)


def _compile(root: Root, project: Path, beginning: Path) -> None:
    """Compiled by the root's own Python: a guest would take a minute for it at each start."""
    inside = "/" + str(beginning.relative_to(root.folder()))
    subprocess.run(
        [
            *("chroot", root.folder(), "/usr/bin/python3", "-m", "compileall", "-q"),
            *("-s", inside, "-p", "/", f"{inside}/{project.name}"),
        ],
        check=False,  # a test's deliberate syntax error is none of ours
        capture_output=True,
    )
