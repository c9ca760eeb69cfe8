"""The helper that opens files of targets, so that the recorder never does. Run as a program.

A file that a process maps is its user's: opening it may wait for as long as that user likes, on a
lease, a hung FUSE or network mount, a pipe. So a process of its own opens it, which the recorder
gives up when it does not answer (procfs.mapped). Even so, only what is known to answer is opened:
regular files on local file systems, without waiting, and none that another process holds a lease
on, since opening it would break the lease.

A request is a line `PID DEV INODE OFFSET SIZE PATH…`: the mapping's device as MAJOR:MINOR, and
paths in hexadecimal: a link of the kernel's own making that may be followed, then one below
/proc/PID/root, where none is. The answer is a line `CPU CONTENT`: the helper's CPU time so far in
ns, and the bytes in hexadecimal, `=` for none and `-` for a file that is not to be had. The first
line says that it is ready.

It stands alone, on modules that come with the interpreter, so that it starts in a few ms:
`python -I -S filehelper.py`.
"""

from __future__ import annotations

import os
import stat
import sys
import time

#: File systems that answer by themselves: of this machine, with no other program behind them.
LOCAL = frozenset(
    (
        *("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "reiserfs", "bcachefs"),
        *("tmpfs", "ramfs", "rootfs", "overlay", "squashfs", "erofs", "iso9660", "vfat", "exfat"),
    )
)
#: Lists that processes can make long are read so far, and no further.
_LONGEST_LIST = 1 << 20

_LOOK = os.O_PATH | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Mounts:
    """What is mounted, from a mountinfo: file systems by device and by number of the mount."""

    def __init__(self, text: bytes) -> None:
        self.by_device: dict[bytes, str] = {}
        self.by_number: dict[bytes, str] = {}
        for line in text.split(b"\n"):
            before, dash, after = line.partition(b" - ")
            fields = before.split(b" ")
            if dash and len(fields) > 2:
                kind = after.split(b" ", 1)[0].decode("ascii", "replace")
                self.by_number[fields[0]] = self.by_device[fields[2]] = kind


def _read_list(path: str) -> bytes:
    """The beginning of a list of the kernel's; empty if there is none."""
    try:
        descriptor = os.open(path, _READ)
    except OSError:
        return b""
    try:
        text = b""
        while len(text) < _LONGEST_LIST and (part := os.read(descriptor, 1 << 16)):
            text += part
        return text
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def find_mounts(pid: int, device: bytes) -> list[Mounts]:
    """The mounts that this process sees, and where they lack the device those of its target."""
    own = Mounts(_read_list("/proc/self/mountinfo"))
    if device in own.by_device:
        return [own]
    return [own, Mounts(_read_list(f"/proc/{pid}/mountinfo"))]


def is_leased(device: int, inode: int, locks: bytes) -> bool:
    """Whether a process holds a lease on a file, from /proc/locks; True if that is not known."""
    if len(locks) >= _LONGEST_LIST:
        return True
    place = b" %02x:%02x:%d " % (os.major(device), os.minor(device), inode)
    return any(b" LEASE " in line and place in line for line in locks.split(b"\n"))


def read_mapped(
    pid: int, device: bytes, inode: int, part: slice, paths: list[bytes]
) -> bytes | None:
    """A part of a mapped file; None if it is not to be had, or not known to answer."""
    mounts = find_mounts(pid, device)
    kinds = {each.by_device[device] for each in mounts if device in each.by_device}
    if not kinds or not kinds <= LOCAL:
        return None  # before any open
    for number, path in enumerate(paths):
        try:
            found = _find_below_root(pid, path) if number else os.open(path, _LOOK)
        except (OSError, ValueError):
            continue
        try:
            return _read_found(found, inode, part, _mount_of(found, pid, mounts))
        except (OSError, LookupError):
            continue
        finally:
            os.close(found)
    return None


def _find_below_root(pid: int, path: bytes) -> int:
    """Find a file below the root of a process, as O_PATH does; no link on the way is followed.

    What the kernel calls a mapped file has none. A link that was put there could lead out of the
    process's root: an absolute one is followed from the root of this program. Raises OSError.
    """
    before, root, rest = path.partition(b"/%d/root/" % pid)
    found = os.open(before + root, _LOOK | os.O_DIRECTORY)
    for part in filter(None, rest.split(b"/")):
        try:
            if part == b"..":
                raise OSError("the kernel names no file so")
            following = os.open(part, _LOOK | os.O_NOFOLLOW, dir_fd=found)
        finally:
            os.close(found)
        found = following
    return found


def _mount_of(found: int, pid: int, mounts: list[Mounts]) -> str:
    """The kind of the file system that O_PATH found a file on, by the number of its mount.

    A process in a mount namespace of its own (a container) has other mounts of a device that is
    mounted here, too: then its own list says what they are.

    Raises LookupError.
    """
    number = _read_list(f"/proc/self/fdinfo/{found}").split(b"mnt_id:", 1)[1].split(None, 1)[0]
    for each in mounts:
        if number in each.by_number:
            return each.by_number[number]
    return Mounts(_read_list(f"/proc/{pid}/mountinfo")).by_number[number]


def _read_found(found: int, inode: int, part: slice, kind: str) -> bytes:
    """Read what O_PATH found: that opened nothing yet, and asked no file system.

    `kind` is that of its file system.

    Raises OSError, LookupError.
    """
    if kind not in LOCAL:
        raise LookupError("not local")
    status = os.fstat(found)
    if not stat.S_ISREG(status.st_mode) or status.st_ino != inode:
        raise LookupError("another file")
    # Who does not own a file may not hold a lease on it.
    if status.st_uid and is_leased(status.st_dev, inode, _read_list("/proc/locks")):
        raise LookupError("a lease is held")
    descriptor = os.open(f"/proc/self/fd/{found}", _READ)
    try:
        return os.pread(descriptor, part.stop - part.start, part.start)
    finally:
        os.close(descriptor)


def answer(line: bytes) -> bytes:
    """The answer to one request."""
    pid, device, inode, offset, size, *paths = line.split()
    part = slice(int(offset), int(offset) + int(size))
    content = read_mapped(
        int(pid), device, int(inode), part, [bytes.fromhex(path.decode()) for path in paths]
    )
    told = "-" if content is None else content.hex() or "="
    return b"%d %s\n" % (time.process_time_ns(), told.encode())


def main() -> None:
    """Answer requests until there are no more."""
    os.write(1, b"%d ready\n" % time.process_time_ns())
    for line in sys.stdin.buffer:
        try:
            told = answer(line)
        except Exception:
            told = b"%d -\n" % time.process_time_ns()
        os.write(1, told)


if __name__ == "__main__":
    main()
