"""Memory of a running Redis, against what its allocator says at the same moment."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import memory_watcher

from ..programs import recorder

pytestmark = pytest.mark.live

PATIENCE = 60


@pytest.fixture(name="redis")
def start_redis(tmp_path: Path) -> Iterator[tuple[int, socket.socket]]:
    """A server with 300 000 keys: its PID, and a connection to it."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    place = tmp_path / "s"
    command: list[str | Path] = [
        program,
        "--port",
        "0",
        "--unixsocket",
        place,
        "--save",
        "",
        "--dir",
        tmp_path,
    ]
    command += ["--enable-debug-command", "yes"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            client = connected(place)
            client.settimeout(PATIENCE)
            with client:
                assert ask(client, "DEBUG POPULATE 300000 key 100").startswith("+OK")
                yield process.pid, client
        finally:
            process.kill()


def connected(place: Path) -> socket.socket:
    """A connection, as soon as it listens."""
    end = time.monotonic() + PATIENCE
    while True:
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect(str(place))
        except OSError:
            client.close()
            assert time.monotonic() < end, "Redis does not listen"
            time.sleep(0.01)
        else:
            return client


def ask(client: socket.socket, command: str) -> str:
    """One command, and its whole answer."""
    client.sendall(f"{command}\r\n".encode())
    with client.makefile("rb") as answer:
        line = answer.readline().decode()
        return answer.read(int(line[1:])).decode() if line[0] == "$" else line


def test_jemalloc(redis: tuple[int, socket.socket], tmp_path: Path) -> None:
    """What is named is what jemalloc has in use, and no more than what it may have in memory.

    (Its `resident` is a bound: pages of its own that were never touched count as well.)
    """
    pid, client = redis
    file = tmp_path / "a.db"
    with recorder(file, "-p", pid, "--period", "200ms") as recording:
        recording.wait_for_ticks(2)
        said = ask(client, "INFO memory")
        code, problems = recording.stop()
    assert code == 0, problems
    assert "mem_allocator:jemalloc" in said
    own = {key: int(value) for key, value in re.findall(r"allocator_(\w+):(\d+)\r", said)}
    sizes: dict[str, int] = {}
    with memory_watcher.open(file) as reader:
        last = list(reader.measurements(reader.process().id))[-1]
        for entry, told in memory_watcher.attributed(reader, last):
            sizes[told.name] = sizes.get(told.name, 0) + (entry.usage.rss or 0)
    assert sizes["jemalloc"] == pytest.approx(own["active"], rel=0.05)
    assert sizes["jemalloc"] <= own["resident"]
    assert sizes["anonymous"] < 0.05 * sum(sizes.values())
