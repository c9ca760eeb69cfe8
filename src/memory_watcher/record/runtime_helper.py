"""The helper that asks a JVM about its memory, so that the recorder never waits. A program.

`python -I -S runtime_helper.py PID START_TIME` checks that the process is a JVM that can be asked
without harm, runs `jcmd` as its user, and writes what that said as one JSON object: `problem` (a
value of notices.Silence, or null), `time_ns` (UTC, when it had answered), `text`, and `cpu_ns`, the
CPU time of all that was run. It ends within `PATIENCE_S`, and with it what it started.

jcmd sends SIGQUIT to a JVM that was never asked before. That ends a process that does not catch the
signal, as a JVM that starts, or one with -Xrs; a JVM that is stopped, or that forbids attaching,
would print its threads into its own output. So none of these is asked.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import select
import signal
import stat
import subprocess
import sys
import time
from typing import NamedTuple, NoReturn

#: How long all may take.
PATIENCE_S = 10.0
#: How long jcmd itself waits for a JVM that does not begin to answer: then it cleans up.
_ATTACH_MS = 5000
#: So much of an answer is kept: a JVM's has 5 KiB, but it is a program's word.
LONGEST = 64 << 10
#: So much of a file of /proc is read, and so much of a list of mappings.
_LONGEST_FILE = 1 << 20
_LONGEST_MAPS = 64 << 20
#: What is asked, in one go; a JVM says of what it does not know that it does not.
COMMANDS = ("GC.heap_info", "VM.native_memory summary", "Compiler.codecache")
#: jcmd is a Java program itself: these keep it small, and leave no file of it in /tmp.
_SMALL = ("-Xmx32m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")

#: A private executable mapping of HotSpot, which is what the rules go by, too.
_JVM = re.compile(
    rb"^[0-9a-f]+-[0-9a-f]+ ..xp \S+ \S+ [1-9]\d* +/.*/libjvm\.so(?: \(deleted\))?$", re.MULTILINE
)
#: Where a JVM has to be with the recorder, so that a path and an id mean the same for both.
_SPACES = ("mnt", "pid", "user")
_FORBIDS = b"+DisableAttachMechanism"
#: Where a JDK has jcmd, seen from the folder of its java: before Java 9 that could be jre/bin.
_BESIDE = ("jcmd", "../../bin/jcmd")


class Unasked(Exception):
    """Why it is not asked: a value of notices.Silence."""


class Jvm(NamedTuple):
    """A JVM that can be asked, and as whom by which program."""

    pid: int
    uid: int
    gid: int
    jcmd: str


def find(pid: int, start_time: int, proc: str = "/proc") -> Jvm:
    """Check a process from outside. Raises Unasked, OSError if it has ended."""
    folder = f"{proc}/{pid}"
    status = dict(
        line.split(b":", 1) for line in _read(f"{folder}/status").splitlines() if b":" in line
    )
    uids, gids = ({int(each) for each in status[name].split()} for name in (b"Uid", b"Gid"))
    if len(uids) != 1 or len(gids) != 1 or os.geteuid() not in (0, *uids):
        raise Unasked("user")
    if any(not _is_same(f"{folder}/ns/{kind}", f"{proc}/self/ns/{kind}") for kind in _SPACES):
        raise Unasked("namespace")
    if not _JVM.search(_read(f"{folder}/maps", _LONGEST_MAPS)):
        raise Unasked("ended")  # it runs something else now
    if any(_FORBIDS in _read(f"{folder}/{name}") for name in ("cmdline", "environ")):
        raise Unasked("forbidden")
    groups = {*gids, *(int(each) for each in status.get(b"Groups", b"").split())}
    jcmd = _jcmd(os.readlink(f"{folder}/exe"), groups)
    # Last, what may change at any moment.
    if status[b"State"].split()[0] in (b"T", b"t"):
        raise Unasked("stopped")
    if not int(status[b"SigCgt"], 16) >> (signal.SIGQUIT - 1) & 1:
        raise Unasked("deaf")
    if int(_read(f"{folder}/stat").rpartition(b")")[2].split()[19]) != start_time:
        raise Unasked("ended")
    return Jvm(pid, uids.pop(), gids.pop(), jcmd)


def _is_same(one: str, other: str) -> bool:
    try:
        return os.readlink(one) == os.readlink(other)
    except PermissionError:
        raise Unasked("user") from None


def _jcmd(exe: str, groups: set[int]) -> str:
    """The jcmd beside a java, or in PATH: one that this user trusts."""
    beside = [os.path.join(os.path.dirname(exe), each) for each in _BESIDE]
    for file in map(os.path.realpath, [*beside, *_in_path()]):
        if os.path.isfile(file) and os.access(file, os.X_OK) and _is_trusted(file, groups):
            return file
    raise Unasked("no jcmd")


def _is_trusted(file: str, groups: set[int]) -> bool:
    """Whether only root and this user can have put it there, and not the target of some groups.

    A target may be confined, for example by seccomp. What runs for the recorder is not.
    """
    while True:
        found = os.stat(file)
        mode = found.st_mode
        is_open = mode & stat.S_IWOTH or (mode & stat.S_IWGRP and found.st_gid in groups - {0})
        if found.st_uid not in (0, os.geteuid()) or (is_open and not mode & stat.S_ISVTX):
            return False
        if file == "/":
            return True
        file = os.path.dirname(file)


def _in_path() -> list[str]:
    return [f"{folder}/jcmd" for folder in os.get_exec_path() if folder.startswith("/")]


def _read(path: str, most: int = _LONGEST_FILE) -> bytes:
    with open(path, "rb") as file:
        return file.read(most)


def ask(jvm: Jvm, until_s: float) -> tuple[str, int]:
    """What jcmd says, and when it had said so (UTC, ns). Raises Unasked."""
    options = [f"-J{each}" for each in (*_SMALL, f"-Dsun.tools.attach.attachTimeout={_ATTACH_MS}")]
    is_root = os.geteuid() == 0
    process = subprocess.Popen(
        [jvm.jcmd, *options, str(jvm.pid), "\n".join(COMMANDS)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        start_new_session=True,
        user=jvm.uid if is_root else None,
        group=jvm.gid if is_root else None,
        extra_groups=[] if is_root else None,
    )

    def end(*_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    def end_all(*_: object) -> NoReturn:
        end()
        os._exit(1)

    signal.signal(signal.SIGTERM, end_all)
    try:
        said = _said_by(process, until_s)
        process.wait(max(until_s - time.monotonic(), 0))
    except subprocess.TimeoutExpired:
        raise Unasked("no answer") from None
    finally:
        end()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    time_ns = time.time_ns()
    # It begins with the PID, and fails after what it has answered: at the first unknown command.
    _, _, text = said.decode("utf-8", "replace").replace("\0", "\ufffd").partition("\n")
    if not text.strip():
        raise Unasked("failed")
    return text, time_ns


def _said_by(process: subprocess.Popen[bytes], until_s: float) -> bytes:
    """All of its output, however much that is; the beginning is kept. Raises TimeoutExpired."""
    assert process.stdout is not None
    said, pipe = b"", process.stdout.fileno()
    while True:
        left_s = until_s - time.monotonic()
        if left_s <= 0 or not select.select([pipe], [], [], left_s)[0]:
            raise subprocess.TimeoutExpired(process.args, PATIENCE_S)
        part = os.read(pipe, 1 << 16)
        if not part:
            return said
        said += part[: LONGEST - len(said)]


def answer(pid: int, start_time: int) -> dict[str, object]:
    """All of it, as it is written."""
    until_s = time.monotonic() + PATIENCE_S
    try:
        text, time_ns = ask(find(pid, start_time), until_s)
    except Unasked as why:
        return {"problem": str(why)}
    except (FileNotFoundError, ProcessLookupError):
        return {"problem": "ended"}
    except PermissionError:
        return {"problem": "user"}
    except (OSError, ValueError, LookupError):
        return {"problem": "failed"}
    return {"problem": None, "time_ns": time_ns, "text": text}


def _cpu_ns() -> int:
    """CPU time of this program and of what it has run, ns."""
    uses = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(sum(each.ru_utime + each.ru_stime for each in uses) * 1e9)


if __name__ == "__main__":
    told = answer(int(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.write(json.dumps({**told, "cpu_ns": _cpu_ns()}))
