"""The parts of guests that need no guest: archives, modules, what is missing."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from . import cache
from .__main__ import main
from .initramfs import Cpio
from .kernel import Kernel


def test_cpio_is_one_for_cpio(tmp_path: Path) -> None:
    """Files, folders and links come out of busybox's cpio as they were put in."""
    cpio = ["busybox", "cpio", "-i"]
    try:
        subprocess.run(["busybox", "true"], check=True)
    except FileNotFoundError:
        pytest.skip("busybox is not installed")
    folder = tmp_path / "in" / "below"
    folder.mkdir(parents=True)
    (folder / "odd").write_bytes(b"12345")
    (folder / "link").symlink_to("odd")
    archive = Cpio()
    archive.add("init", b"#!/bin/sh\n", stat.S_IFREG | 0o755)
    archive.add("top", b"", stat.S_IFDIR | 0o755)
    archive.add_folder(tmp_path / "in", "top")
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(cpio, cwd=out, input=archive.finish(), check=True, capture_output=True)
    assert (out / "init").read_bytes() == b"#!/bin/sh\n"
    assert (out / "init").stat().st_mode & 0o777 == 0o755
    assert (out / "top/below/odd").read_bytes() == b"12345"
    assert (out / "top/below/link").readlink() == Path("odd")


def test_modules_in_the_order_to_load_them(tmp_path: Path) -> None:
    """What a module depends on comes before it, once; what is built in is left out."""
    for name, needs in (("ext4", b"jbd2,crc16"), ("jbd2", b"crc16"), ("crc16", b"")):
        (tmp_path / f"{name}.ko").write_bytes(b"ELF\0license=GPL\0depends=" + needs + b"\0rest")
    kernel = Kernel("6.0", tmp_path / "vmlinuz", tmp_path)
    order = [name for name, _ in kernel.load_order("virtio_pci", "ext4", "jbd2")]
    assert order == ["crc16", "jbd2", "ext4"]


def test_half_made_is_not_taken_for_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was interrupted is made again; what is there is not."""
    monkeypatch.setenv("MEMORY_WATCHER_GUESTS", str(tmp_path))

    def fail(place: Path) -> None:
        (place / "half").touch()
        raise OSError("no network")

    with pytest.raises(OSError, match="no network"):
        cache.made("thing", fail)
    made = cache.made("thing", lambda place: (place / "whole").touch())
    assert [path.name for path in made.iterdir()] == ["whole"]
    assert cache.made("thing", fail) == made


@pytest.mark.parametrize(("ci", "code", "said"), [("", 0, "skipped: "), ("true", 1, "error: ")])
def test_what_is_missing(
    ci: str,
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line names the program and its package: a failure in CI, a skip elsewhere."""
    monkeypatch.setenv("MEMORY_WATCHER_GUESTS", str(tmp_path))
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr("sys.argv", ["kernels", "--kernel", "6.1"])
    monkeypatch.setattr("shutil.which", lambda *_args, **_options: None)
    assert main() == code
    out, err = capsys.readouterr()
    assert (err if code else out).startswith(said)
    assert "apt install" in out + err
