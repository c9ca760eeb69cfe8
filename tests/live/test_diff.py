"""Two builds of one real program: diff finds what differs, and nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ..programs import run

pytestmark = pytest.mark.live

MI = 1 << 20
#: What the second build has more: in the library's initialised data, and in one more buffer.
MORE_DATA, MORE_BUFFER = 4 * MI, 8 * MI

LIBRARY = """
#include <stddef.h>
char table[TABLE] = {1};
static char scratch[300000];
void fill(void) {
    for (size_t at = 0; at < sizeof table; at += 512) table[at] += 1;
    for (size_t at = 0; at < sizeof scratch; at += 512) scratch[at] = 1;
}
"""
PLUGIN = "#include <math.h>\ndouble plugin(double x) { return pow(x, 1.5) + lgamma(x); }\n"
PROGRAM = """
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
extern void fill(void);
extern double plugin(double);
static void *work(void *size) {
    char *block = malloc(100000);
    memset(block, 1, 100000);
    pause();
    return block + (size_t)size;
}
int main(void) {
    pthread_t thread;
    fill();
    for (int n = 0; n < 3; n++) pthread_create(&thread, NULL, work, NULL);
    for (int n = 0; n < 500; n++) memset(malloc(2000), 1, 2000);
    memset(malloc(16 << 20), 1, 16 << 20);
#ifdef MORE
    memset(malloc(MORE), 1, MORE);
#endif
    printf("%f\\n", plugin(2.5));
    sleep(2);
    return 0;
}
"""


def build(folder: Path, version: str, table: int, *words: str) -> Path:
    """A program with a versioned library and a plugin, in a folder of its own as a venv has."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    libraries = folder / "lib" / "site-packages"
    libraries.mkdir(parents=True)
    for name, text in (("data.c", LIBRARY), ("plugin.c", PLUGIN), ("app.c", PROGRAM)):
        (folder / name).write_text(text)
    data, plugin = libraries / f"libdata.so.{version}", libraries / "plugin.so"
    shared = [compiler, "-O1", "-g", "-shared", "-fPIC", "-Wl,--build-id"]
    for command in (
        [*shared, f"-DTABLE={table}", "-o", data, folder / "data.c"],
        [*shared, "-o", plugin, folder / "plugin.c", "-lm"],
        [
            *(
                compiler,
                "-O0",
                "-pthread",
                "-Wl,--build-id",
                *words,
                "-o",
                folder / "app",
                folder / "app.c",
            ),
            *(data, plugin, f"-Wl,-rpath,{libraries}", "-lm"),
        ],
    ):
        subprocess.run([str(word) for word in command], check=True)
    return folder / "app"


def record(program: Path, file: Path) -> Path:
    done = run("memory-watcher", "record", "-q", "-o", file, "--period", "100ms", "--", program)
    assert done.returncode == 0, done.stderr
    return file


def compared(*words: str | Path) -> dict[str, Any]:
    done = run("memory-watcher", "diff", *words, "--json", "--all")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(name="builds", scope="module")
def two_builds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One program in two builds: with more data and another buffer, elsewhere, a version later."""
    folder = tmp_path_factory.mktemp("builds")
    before = build(folder / "venv-a", "1.4.2", 2 * MI)
    after = build(folder / "venv-b", "1.5.0", 2 * MI + MORE_DATA, f"-DMORE={MORE_BUFFER}")
    return before, after


def assert_both_culprits(found: dict[str, Any]) -> None:
    """They come first, with their sizes; all else is unchanged or noise; sums are exact."""
    first, second, *others = found["groups"]
    assert (first["kind"], second["name"]) == ("anonymous", "libdata.so.1.4.2 → 1.5.0")
    assert abs(first["change"] - MORE_BUFFER) <= MI // 16
    assert abs(second["change"] - MORE_DATA) <= MI // 4
    assert (first["noise"], second["noise"], second["match"]) == (False, False, "other version")
    assert [each for each in others if each["change"] != 0 and not each["noise"]] == []
    assert {each["match"] for each in found["groups"]} <= {
        *("by kind", "same build", "same name", "other build", "other version", "other folder"),
    }
    for key in ("before", "after"):
        assert sum(each[key] for each in found["groups"]) == found[key]["bytes"]
    assert found["total_change"] == found["after"]["bytes"] - found["before"]["bytes"]
    assert found["total_change"] == sum(each["change"] for each in found["groups"])


@pytest.mark.parametrize("figure", ["pss", "rss", "uss", "held"])
def test_two_builds(builds: tuple[Path, Path], tmp_path: Path, figure: str) -> None:
    """One run of each tells the two things that differ, by any figure."""
    files = [record(app, tmp_path / f"{number}.db") for number, app in enumerate(builds)]
    found = compared(*files, "--process-memory", figure)
    assert_both_culprits(found)
    parts = compared(*files, "--process-memory", figure, "--by", "mapping")
    assert [each["name"] for each in parts["groups"][:2]] == [
        "anonymous",
        "libdata.so.1.4.2 → 1.5.0 data",
    ]
    kinds = compared(*files, "--process-memory", figure, "--by", "kind")
    assert [each["name"] for each in kinds["groups"][:2]] == ["anonymous", "library data"]
    assert kinds["total_change"] == parts["total_change"] == found["total_change"]


def test_several_runs_of_two_builds(builds: tuple[Path, Path], tmp_path: Path) -> None:
    """Runs under other addresses: the culprits are no noise, and what differs by chance is."""
    sides = [
        [record(app, tmp_path / f"{number}-{run_}.db") for run_ in range(3)]
        for number, app in enumerate(builds)
    ]
    found = compared("--runs", *sides[0], "--runs", *sides[1])
    assert [each["name"] for each in found["groups"][:2]] == [
        "anonymous",
        "libdata.so.1.4.2 → 1.5.0",
    ]
    assert [each["noise"] for each in found["groups"][:2]] == [False, False]


def test_two_runs_of_one_build(builds: tuple[Path, Path], tmp_path: Path) -> None:
    """Nothing differs but by chance, and build ids make sure that the files are the same."""
    files = [record(builds[0], tmp_path / f"{number}.db") for number in range(2)]
    found = compared(*files)
    assert [each for each in found["groups"] if each["change"] and not each["noise"]] == []
    libraries = {each["match"] for each in found["groups"] if each["kind"] == "library"}
    assert libraries == {"same build"}
