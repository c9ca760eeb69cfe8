"""No process is asked that asking could harm, and nothing but a trusted jcmd is run."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from memory_watcher.record import runtime_helper
from memory_watcher.record.notices import Silence
from memory_watcher.record.runtime_helper import Jvm, Unasked, ask, find

UID, GID = os.geteuid(), os.getegid()
LIBJVM = b"7f0000000000-7f0000001000 r-xp 00001000 08:01 77   /opt/jdk/lib/server/libjvm.so\n"
CATCHES, DEAF = b"0000000000000004", b"fffffffffffffffb"


class Machine:
    """A proc filesystem with one JVM, pid 7, and a JDK that it runs."""

    def __init__(self, folder: Path) -> None:
        self.proc, self.bin = folder / "proc", folder / "jdk" / "bin"
        self.jcmd = self.bin / "jcmd"
        self.bin.mkdir(parents=True)
        for process in ("7", "self"):
            (self.proc / process / "ns").mkdir(parents=True)
            for kind in ("mnt", "pid", "user"):
                os.symlink(f"{kind}:[1]", self.proc / process / "ns" / kind)
        os.symlink(self.bin / "java", self.proc / "7" / "exe")
        self.program("exit 0")
        self.put(status=self.status(), maps=LIBJVM, cmdline=b"java\0T\0", environ=b"A=1\0")
        self.put(stat=b"7 (a ) b) S " + b"1 " * 18 + b"4321 0\n")

    def put(self, **files: bytes) -> None:
        for name, content in files.items():
            (self.proc / "7" / name).write_bytes(content)

    def status(
        self, state: bytes = b"S (sleeping)", catches: bytes = CATCHES, uid: int = UID
    ) -> bytes:
        lines = (
            *(b"Name:\tjava", b"State:\t" + state, b"Groups:\t4242 ", b"SigCgt:\t" + catches),
            b"Uid:" + b"\t%d" % uid * 4,
            b"Gid:" + b"\t%d" % GID * 4,
        )
        return b"\n".join(lines) + b"\n"

    def program(self, script: str) -> None:
        self.jcmd.write_text(f"#!/bin/sh\n{script}\n")
        self.jcmd.chmod(0o755)

    def find(self, start_time: int = 4321) -> Jvm:
        return find(7, start_time, str(self.proc))


@pytest.fixture(name="machine")
def made_up_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    return Machine(tmp_path)


def why_not(machine: Machine, start_time: int = 4321) -> Silence:
    with pytest.raises(Unasked) as found:
        machine.find(start_time)
    return Silence(str(found.value))


def test_a_jvm_is_asked_as_its_user_by_the_jcmd_beside_it(machine: Machine) -> None:
    """All that is needed is told by the process itself."""
    assert machine.find() == Jvm(7, UID, GID, str(machine.jcmd))


def test_java_8_has_its_jcmd_above_jre(machine: Machine) -> None:
    """jdk/jre/bin/java belongs to jdk/bin/jcmd."""
    (machine.proc / "7" / "exe").unlink()
    os.symlink(machine.bin.parent / "jre" / "bin" / "java", machine.proc / "7" / "exe")
    (machine.bin.parent / "jre" / "bin").mkdir(parents=True)
    assert machine.find().jcmd == str(machine.jcmd)


def test_what_sigquit_would_end_or_make_talk_is_not_asked(machine: Machine) -> None:
    """One that does not catch it, that is stopped or traced, or that forbids to attach."""
    machine.put(status=machine.status(catches=DEAF))
    assert why_not(machine) is Silence.DEAF
    for state in (b"T (stopped)", b"t (tracing stop)"):
        machine.put(status=machine.status(state=state))
        assert why_not(machine) is Silence.STOPPED
    machine.put(status=machine.status())
    for name in ("cmdline", "environ"):
        before = (machine.proc / "7" / name).read_bytes()
        machine.put(**{name: before + b"X=-XX:+DisableAttachMechanism\0"})
        assert why_not(machine) is Silence.FORBIDDEN
        machine.put(**{name: before})
    machine.find()


@pytest.mark.parametrize(
    "maps",
    [
        b"",
        LIBJVM.replace(b"r-xp", b"r--p"),
        LIBJVM.replace(b"r-xp", b"r-xs"),
        LIBJVM.replace(b" 77 ", b" 0 "),
        LIBJVM.replace(b"libjvm.so", b"libjvm.so.txt"),
        LIBJVM.replace(b"libjvm.so", b"notlibjvm.so"),
        b"7f00-7f01 r--p 0 08:01 7 /a\\012" + LIBJVM.replace(b"\n", b"") + b"\n",
    ],
)
def test_what_is_no_jvm_any_more_is_not_asked(machine: Machine, maps: bytes) -> None:
    """It may have called execve since its layout was read."""
    machine.put(maps=maps)
    assert why_not(machine) is Silence.ENDED


def test_another_process_under_its_pid_is_not_asked(machine: Machine) -> None:
    """A PID is used again."""
    assert why_not(machine, start_time=4320) is Silence.ENDED


@pytest.mark.parametrize("kind", ["mnt", "pid", "user"])
def test_in_another_namespace_it_is_not_asked(machine: Machine, kind: str) -> None:
    """Paths and ids mean something else there."""
    link = machine.proc / "7" / "ns" / kind
    link.unlink()
    os.symlink(f"{kind}:[2]", link)
    assert why_not(machine) is Silence.NAMESPACE


def test_who_changes_users_is_not_asked(machine: Machine) -> None:
    """Jcmd would have to be one of them; and of another user only root may ask."""
    text = machine.status()
    machine.put(status=text.replace(b"Uid:\t%d" % UID, b"Uid:\t%d" % (UID + 1)))
    assert why_not(machine) is Silence.USER


def test_a_jcmd_that_the_target_could_write_is_not_run(machine: Machine) -> None:
    """Writable by all, or by one of its groups, or in such a folder: the next is taken, or none."""
    for path in (machine.jcmd, machine.bin):
        path.chmod(0o757)
        assert why_not(machine) is Silence.NO_JCMD
        path.chmod(0o775)
        machine.find()  # its group is not the target's, or root's
        if UID == 0:
            os.chown(path, 0, 4242)
            assert why_not(machine) is Silence.NO_JCMD
            os.chown(path, 4243, 0)
            path.chmod(0o755)
            assert why_not(machine) is Silence.NO_JCMD
            os.chown(path, 0, 0)
        path.chmod(0o755)
        machine.find()


def test_jcmd_of_path(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is none beside java; a relative folder of PATH is none."""
    machine.jcmd.rename(tmp_path / "jcmd")
    assert why_not(machine) is Silence.NO_JCMD
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", ".")
    assert why_not(machine) is Silence.NO_JCMD
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.find().jcmd == str(tmp_path / "jcmd")


def test_what_jcmd_says(machine: Machine) -> None:
    """All after the PID's line, without what no text may hold; an exit code tells nothing."""
    machine.program(r"printf '7:\nheap \0 \377\n'; exit 1")
    began = time.time_ns()
    text, time_ns = ask(machine.find(), time.monotonic() + 10)
    assert text == "heap \ufffd \ufffd\n"
    assert began <= time_ns <= time.time_ns()


def test_a_long_answer_is_cut(machine: Machine) -> None:
    """However much it prints, so much is kept, and it is not held up."""
    machine.program("echo 7:; head -c 500000 /dev/zero | tr '\\0' x")
    text, _ = ask(machine.find(), time.monotonic() + 30)
    assert len(text) == runtime_helper.LONGEST - len("7:\n")


@pytest.mark.parametrize(
    ("script", "problem"),
    [("sleep 100", "no answer"), ("exec >&-; sleep 100", "no answer"), ("exit 0", "failed")],
)
def test_no_answer(machine: Machine, script: str, problem: str) -> None:
    """It is ended in time, with all that it started."""
    machine.program(f"echo $$ > {machine.bin}/pid; {script}")
    with pytest.raises(Unasked, match=problem):
        ask(machine.find(), time.monotonic() + 1)
    pid = int((machine.bin / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_words_of_the_helper_are_those_of_the_notices() -> None:
    """It stands alone, so it cannot import them."""
    source = Path(runtime_helper.__file__).read_text()
    for each in Silence:
        assert f'"{each.value}"' in source, each
