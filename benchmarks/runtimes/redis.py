"""A Redis server with its keys, and what its allocator says."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .base import PATIENCE, Claim, Owned, Program, Running, tool


class _Redis:
    def __init__(self, pid: int, client: socket.socket) -> None:
        self.pid = pid
        self._client = client
        text = self.ask("INFO server")
        found = re.search(r"redis_version:(\S+)", text)
        self.version = found[1] if found else ""

    def ask(self, command: str) -> str:
        """One command, and its whole answer."""
        self._client.sendall(f"{command}\r\n".encode())
        with self._client.makefile("rb") as answer:
            line = answer.readline().decode()
            return answer.read(int(line[1:])).decode() if line[0] == "$" else line

    def claims(self) -> list[Claim]:
        """See Running.

        `active` are its pages in use; its `resident` counts pages that were never touched as well.
        """
        said = self.ask("INFO memory")
        assert "mem_allocator:jemalloc" in said
        own = {key: int(value) for key, value in re.findall(r"allocator_(\w+):(\d+)\r", said)}
        return [Claim(("jemalloc",), "allocator_active", own["active"], most=own["resident"])]

    def owned(self) -> Owned:
        """See Running: it tells no addresses."""
        return {}


@contextmanager
def _start(folder: Path) -> Iterator[Running]:
    program = tool("redis-server", "redis-server")
    place = folder / "s"
    options = ["--port", "0", "--unixsocket", str(place), "--save", "", "--dir", str(folder)]
    options += ["--enable-debug-command", "yes"]
    with subprocess.Popen([program, *options], stdout=subprocess.DEVNULL) as process:
        try:
            with _connected(place) as client:
                running = _Redis(process.pid, client)
                if not running.ask("DEBUG POPULATE 300000 key 100").startswith("+OK"):
                    raise RuntimeError("Redis takes no keys")
                yield running
        finally:
            process.kill()


def _connected(place: Path) -> socket.socket:
    """A connection, as soon as it listens."""
    end = time.monotonic() + PATIENCE
    while True:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(PATIENCE)
        try:
            client.connect(str(place))
        except OSError:
            client.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return client


PROGRAM = Program("redis", "Redis (jemalloc)", "300 000 keys", _start)
