"""Errors injected into single system calls of a short recording and of a reader, by strace."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from memory_watcher.store.verify import findings

from ..programs import run

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]

ERRORS = ("EIO", "ENOSPC", "EROFS", "EDQUOT", "EINTR", "EMFILE")
CALLS = (
    *("openat", "pread64", "pwrite64", "fsync", "fdatasync", "ftruncate", "unlink", "link"),
    *("newfstatat", "fstat", "flock", "fcntl", "fchmod", "mmap", "lseek", "read"),
)


def strace(choose: random.Random, file: Path) -> list[str]:
    """A command in front of another one: one call on the recording fails, or all from one on."""
    call, error = choose.choice(CALLS), choose.choice(ERRORS)
    # SQLite and Python ask again after EINTR, so that cannot last.
    lasting = choose.choice(["", "+"]) if error != "EINTR" else ""
    paths = [part for suffix in ("", "-wal", "-shm") for part in ("-P", f"{file}{suffix}")]
    inject = f"inject={call}:error={error}:when={choose.randrange(1, 16)}{lasting}"
    return ["strace", "-f", "-o", "/dev/null", *paths, "-P", str(file.parent), "-e", inject]


def one_line_or_none(code: int, said: str) -> None:
    """It goes on, or ends with one line."""
    lines = [line for line in said.splitlines() if line and not line.startswith("strace:")]
    assert code in (0, 1), said
    assert len(lines) == 1 or code == 0, said
    assert "error of memory-watcher itself" not in said


@pytest.fixture(name="good", scope="module")
def make_good_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("good") / "good.db"
    done = run("memory-record", "-q", "-o", file, "--period", "50", "--", "sleep", "0.3")
    assert done.returncode == 0, done.stderr
    return file


@pytest.mark.parametrize("seed", range(16))
def test_recorder(good: Path, tmp_path: Path, seed: int) -> None:
    """It goes on, or ends with one line and exit code 1; what was committed passes verify."""
    choose = random.Random(seed)
    file = tmp_path / "a.db"
    if choose.randrange(2):
        shutil.copy(good, file)
    done = run(
        "memory-record",
        *("-q", "-o", file, "--period", "20", "--max-cpu", "0", "--", "sleep", "0.3"),
        before=strace(choose, file),
    )
    one_line_or_none(done.returncode, done.stderr)
    if file.exists():
        assert list(findings(str(file))) == []


@pytest.mark.parametrize("seed", range(16))
def test_reader(good: Path, tmp_path: Path, seed: int) -> None:
    """It answers as without the error, or ends with one line and exit code 1."""
    file = tmp_path / "a.db"
    shutil.copy(good, file)
    expected = run("memory-peak", file).stdout
    done = run("memory-peak", file, before=strace(random.Random(seed), file))
    one_line_or_none(done.returncode, done.stderr)
    assert done.stdout == (expected if done.returncode == 0 else "")
