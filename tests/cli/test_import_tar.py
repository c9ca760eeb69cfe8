"""memory-watcher import of a tar that smemcap wrote."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from memory_watcher.model import LayoutState
from memory_watcher.store.recording import Recording
from tests.programs import PATIENCE, run

PROC = Path(__file__).parents[1] / "data" / "proc"
TIME = 1_534_514_283
STAT = (
    b"%d (a) b\x1b) S 1 1 1 0 -1 4194304 10 0 2 0 3 4 0 0 20 0 1 0 %d 1 1 1 0 0 0 0 0 0 0 0 0 0 0"
)


def tar(path: Path, files: dict[str, bytes]) -> Path:
    """Write a tar with these files."""
    with tarfile.open(path, "w") as out:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content), TIME
            out.addfile(member, io.BytesIO(content))
    return path


def process(pid: int, smaps: bytes, stat: bytes = STAT) -> dict[str, bytes]:
    told = stat % (pid, 100 + pid) if stat else b""
    return {f"{pid}/smaps": smaps, f"{pid}/cmdline": b"a\0--flag\0", f"{pid}/stat": told}


def imported(path: Path) -> tuple[Path, str]:
    out = path.with_name("new.db")
    done = run("memory-watcher", "import", path, "-o", out)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return out, done.stderr


def test_processes_of_a_tar(tmp_path: Path) -> None:
    """Each has its layout, name, arguments, parent and start time, beside the machine's memory."""
    smaps = (PROC / "6.18-python" / "smaps").read_bytes()
    files = {
        "meminfo": b"MemTotal:  100 kB\nMemAvailable:  50 kB\n",
        "version": b"Linux version 5.10.0-arm (builder@host) #1\n",
        **process(7, smaps),
    }
    out, said = imported(tar(tmp_path / "a.tar", files))
    assert said.splitlines()[0] == f"{tmp_path / 'a.tar'}: 1 process"
    with Recording(out) as recording:
        found = recording.process()
        told = (found.pid, found.start_time, found.parent_pid, found.name)
        assert told == (7, 107, 1, "a) b\x1b")
        assert found.command_line == "a --flag"
        assert recording.machine(found.id).kernel == "5.10.0-arm"
        (measurement,) = recording.measurements(found.id)
        assert measurement.time == TIME * 1_000_000_000
        totals = measurement.totals
        assert totals is not None
        for key, size in (("Rss", totals.rss), ("Pss", totals.pss), ("Swap", totals.swap)):
            sizes = re.findall(rf"^{key}: +(\d+) kB$".encode(), smaps, re.MULTILINE)
            assert len(sizes) == totals.mappings
            assert size == sum(map(int, sizes)) * 1024
        memory = recording.system_memory(measurement.tick)
        assert memory is not None
        assert memory.available == 50 * 1024


def test_what_was_not_readable_is_not_zero(tmp_path: Path) -> None:
    """An empty smaps: a kernel thread or a zombie by its stat, and else unreadable."""
    thread = STAT.replace(b"4194304", b"2129984")
    files = {
        **process(7, b""),
        **process(8, b"", thread),
        **process(9, b"", STAT.replace(b" S ", b" Z ")),
        **process(10, b"", b""),
        **process(11, b"no smaps at all"),
    }
    out, said = imported(tar(tmp_path / "a.tar", files))
    assert "4 processes, 3 of them without mappings, 1 more had ended" in said
    assert "1 whose texts make no sense" in said
    with Recording(out) as recording:
        states = {
            each.pid: next(iter(recording.measurements(each.id))).state
            for each in recording.processes()
        }
    assert states == {
        7: LayoutState.UNREADABLE,
        8: LayoutState.KERNEL_THREAD,
        9: LayoutState.ZOMBIE,
        11: LayoutState.UNREADABLE,
    }


def test_names_in_a_tar_lead_nowhere(tmp_path: Path) -> None:
    """Only what smemcap writes is looked at, and nothing is unpacked."""
    smaps = (PROC / "6.18-cat" / "smaps").read_bytes()
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as out:
        for name in ("../../7/smaps", "/7/smaps", "7/../8/smaps", "07/smaps", "99999999999/smaps"):
            member = tarfile.TarInfo(name)
            member.size = len(smaps)
            out.addfile(member, io.BytesIO(smaps))
        link = tarfile.TarInfo("9/smaps")
        link.type, link.linkname = tarfile.SYMTYPE, "/proc/self/smaps"
        out.addfile(link)
    done = run("memory-watcher", "import", path, "-o", tmp_path / "new.db")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "it holds no process" in done.stderr
    assert os.listdir(tmp_path) == ["a.tar"]


@pytest.mark.parametrize("packing", ["gz", "xz"])
def test_packed_tars(tmp_path: Path, packing: str) -> None:
    """They are taken as they come; cut, they are refused in one line, and nothing is left."""
    smaps = (PROC / "6.18-cat" / "smaps").read_bytes()
    plain = tar(tmp_path / "a.tar", process(7, smaps)).read_bytes()
    path = tmp_path / f"a.tar.{packing}"
    path.write_bytes(gzip.compress(plain) if packing == "gz" else lzma.compress(plain))
    imported(path)
    (tmp_path / "new.db").unlink()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    done = run("memory-watcher", "import", path, "-o", tmp_path / "new.db")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert not (tmp_path / "new.db").exists()


def test_a_cut_tar(tmp_path: Path) -> None:
    """One line that names the file."""
    path = tar(tmp_path / "a.tar", process(7, b"x" * 5000))
    os.truncate(path, 3000)
    done = run("memory-watcher", "import", path, "-o", tmp_path / "new.db")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert f"{path}: damaged" in done.stderr
    assert os.listdir(tmp_path) == ["a.tar"]


@pytest.mark.live
@pytest.mark.skipif(shutil.which("smemcap") is None, reason="smemcap is not installed")
def test_a_tar_of_smemcap_itself(tmp_path: Path) -> None:
    """A process of ours is in it with what it holds."""
    program = "m = bytearray(b'x') * (40 << 20); print(flush=True); input()"
    target = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert target.stdout is not None
        target.stdout.readline()
        path = tmp_path / "a.tar"
        with open(path, "wb") as out:
            subprocess.run(["smemcap"], stdout=out, timeout=PATIENCE, check=True)
    finally:
        target.communicate(b"\n", timeout=PATIENCE)
    out_file, _ = imported(path)
    done = run("memory-peak", out_file, "-p", str(target.pid), "--json")
    shown = json.loads(done.stdout)
    assert shown["process"]["name"].startswith("python")
    assert 40 << 20 <= shown["measurement"]["totals"]["pss"] <= 80 << 20
