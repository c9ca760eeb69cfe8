"""Another machine's /proc over sshfs: here this machine's own, through an sshd of the test's own.

The server listens on a free port of the loopback, with keys and files in the test's folder, and
shows only /proc's owner what they may see anyway.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import memory_watcher
from memory_watcher.model import LayoutState

from ..programs import PATIENCE, one, recorder, run, wait_until
from .targets import PAGE, Target, recorded, smaps_of, statm_of, usage_at

pytestmark = pytest.mark.live

PROGRAMS = {
    "sshd": "openssh-server",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "sshfs": "sshfs",
}


class Mount(NamedTuple):
    """The mounted /proc, and the server behind it."""

    proc: Path
    server: subprocess.Popen[bytes]


def program(name: str) -> str:
    """Where a program is; sshd wants its full path, and lies where users do not look."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        message = f"{name} is missing; install the package {PROGRAMS.get(name, 'fuse3')}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


def make_key(path: Path) -> Path:
    subprocess.run([program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int, server: subprocess.Popen[bytes]) -> bool:
    """Whether an ssh server greets there."""
    assert server.poll() is None, "sshd ended at once: see sshd.log in the test's folder"
    with socket.socket() as probe:
        probe.settimeout(5)
        try:
            probe.connect(("127.0.0.1", port))
            return probe.recv(4) == b"SSH-"
        except OSError:
            return False


def start_server(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """Start an sshd with its own configuration, host key and list of users' keys."""
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where Debian's sshd separates to
    host_key, user_key = make_key(folder / "host_key"), make_key(folder / "user_key")
    authorized = folder / "authorized_keys"
    authorized.write_text(user_key.with_suffix(".pub").read_text())
    configuration = folder / "sshd_config"
    configuration.write_text(
        f"""
ListenAddress 127.0.0.1:{port}
HostKey {host_key}
AuthorizedKeysFile {authorized}
PidFile {folder}/sshd.pid
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowTcpForwarding no
Subsystem sftp internal-sftp
"""
    )
    words = host_key.with_suffix(".pub").read_text().split()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {words[0]} {words[1]}\n")
    return subprocess.Popen(
        [program("sshd"), "-D", "-f", configuration, "-E", folder / "sshd.log"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def mount(folder: Path, port: int) -> Path:
    """Mount /proc as the server shows it."""
    proc = folder / "proc"
    proc.mkdir()
    user = pwd.getpwuid(os.getuid()).pw_name
    options = {
        "direct_io": None,
        "Port": port,
        "IdentityFile": folder / "user_key",
        "UserKnownHostsFile": folder / "known_hosts",
        "StrictHostKeyChecking": "yes",
        "IdentitiesOnly": "yes",
        "BatchMode": "yes",
        "ConnectTimeout": 20,
    }
    words = [name if value is None else f"{name}={value}" for name, value in options.items()]
    # -F: whatever the user's own configuration says.
    done = subprocess.run(
        [
            program("sshfs"),
            "-F",
            "/dev/null",
            "-o",
            ",".join(words),
            f"{user}@127.0.0.1:/proc",
            proc,
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr + (folder / "sshd.log").read_text()
    return proc


@pytest.fixture(name="mounted", scope="module")
def start_and_mount(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mount]:
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("there is no /dev/fuse here (or not for this user), so no sshfs")
    for name in PROGRAMS:
        program(name)
    unmount = shutil.which("fusermount3") or program("fusermount")
    folder = tmp_path_factory.mktemp("sshfs")
    port = free_port()
    with start_server(folder, port) as server:
        try:
            wait_until(lambda: answers(port, server), "the sshd to answer")
            proc = mount(folder, port)
            try:
                yield Mount(proc, server)
            finally:
                subprocess.run([unmount, "-u", "-z", proc], check=True, timeout=PATIENCE)
        finally:
            server.terminate()


@pytest.fixture(name="target")
def start_target() -> Iterator[Target]:
    with Target() as target:
        yield target


def test_layouts_through_the_mount(mounted: Mount, target: Target, tmp_path: Path) -> None:
    """PROCFS=mount memory-record PID PERIOD records the far process exactly as it is seen there."""
    file = tmp_path / "device.db"
    start = target.reserve(1000)
    target.touch(start, 600)
    with recorder(file, target.pid, "200", PROCFS=str(mounted.proc)) as recording:
        recording.wait_for_ticks(3)
        code, said = recording.stop()
    assert code == 0, said
    truth = smaps_of(target.pid)
    size, resident = statm_of(target.pid)
    measurements = recorded(file, target.pid)
    assert len(measurements) >= 3
    for measurement, layout in measurements:
        assert measurement.state in (LayoutState.EXACT, LayoutState.UNCHECKED)
        assert layout
        assert {(entry.mapping.start, entry.mapping.end) for entry in layout} == truth.keys()
        for entry in layout:
            # Not PSS, nor what is shared: others that use the same libraries change that.
            sizes = truth[entry.mapping.start, entry.mapping.end].sizes
            usage = entry.usage
            assert usage.rss == sizes["Rss"]
            assert usage.private_dirty == sizes["Private_Dirty"]
            assert usage.anonymous == sizes["Anonymous"]
        assert usage_at(layout, start).rss == 600 * PAGE
        assert (measurement.reading.size, measurement.reading.resident) == (size, resident)
        assert measurement.reading.high_water_mark
        assert measurement.reading.oom_score is not None
    with memory_watcher.open(file) as reader:
        (process,) = reader.processes()
        (ran,) = reader.runs()
        assert process.pid == target.pid
        assert process.uid == os.getuid()
        assert process.command_line
        assert "program.py" in process.command_line
        assert ran.machine.page_size == PAGE
        assert ran.machine.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        assert reader.system_memory(1)


def test_growth_and_end_through_the_mount(mounted: Mount, target: Target, tmp_path: Path) -> None:
    """The far process's growth is seen, and its end ends the recording with exit code 0."""
    file = tmp_path / "device.db"
    start = target.reserve(300)
    with recorder(file, "--proc", mounted.proc, "-p", target.pid, "--period", "100ms") as recording:
        recording.wait_for_ticks(2)
        target.touch(start, 300)
        (seen,) = one(file, "SELECT max(id) FROM ticks")
        recording.wait_for_ticks(seen + 3)
        target.reap()
        code, said = recording.end()
    assert code == 0, said
    assert one(file, "SELECT end_reason FROM runs") == ("targets gone",)
    assert one(file, "SELECT end_tick IS NOT NULL FROM processes") == (1,)
    sizes = [usage_at(layout, start).rss for _, layout in recorded(file, target.pid) if layout]
    assert (sizes[0], sizes[-1]) == (0, 300 * PAGE)
    assert not recorded(file, target.pid)[-1][0].has_layout


def test_no_such_process_through_the_mount(mounted: Mount, target: Target, tmp_path: Path) -> None:
    """A PID that is not there is told as on this machine, though sshfs has other error numbers."""
    target.reap()
    done = run(
        *("memory-record", str(target.pid), "200", "--database-file", tmp_path / "none.db"),
        PROCFS=str(mounted.proc),
    )
    assert (done.returncode, done.stderr) == (
        1,
        f"memory-record: process {target.pid}: no such process\n",
    )
    assert os.listdir(tmp_path) == []
