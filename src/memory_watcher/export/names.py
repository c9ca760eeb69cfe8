r"""Names as an export shows them: as they were recorded, or as pseudonyms that tell nobody.

They stay text with any bytes in it (model.py): each format escapes them for its medium.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from ..analysis.kinds import Kind
from ..model import Mapping
from ..store.recording import Recording

#: Kinds whose names are words of this program or of the kernel, never the user's.
_OWN_WORDS = frozenset(
    {
        *(Kind.THREAD_STACK, Kind.HEAP, Kind.ARENA, Kind.RUNTIME, Kind.ALLOCATOR),
        *(Kind.ANONYMOUS, Kind.GUARD, Kind.KERNEL, Kind.TOTALS),
    }
)
#: So are these of other kinds.
_OWN_NAMES = frozenset({*(kind.value for kind in Kind), "shared anonymous"})
#: Names of mappings that the kernel gives.
_OF_THE_KERNEL = frozenset(
    {"", "[heap]", "[stack]", "[vdso]", "[vvar]", "[vvar_vclock]", "[vsyscall]", "[vectors]"}
    | {"[sigpage]", "[uprobes]", "[rollup]"}
)
_DELETED = " (deleted)"


class Header(NamedTuple):
    """The header of a mapping as it is shown; `dev` and `inode` None if they are left out."""

    start: int
    end: int
    perms: str
    offset: int
    dev: int | None
    inode: int | None
    pathname: str


class Names:
    """Names as they were recorded, and what else tells a machine from all others."""

    def __init__(self) -> None:
        self.are_redacted = False

    def program(self, name: str) -> str:
        """What a process is called."""
        return name

    def command_line(self, text: str | None) -> str | None:
        """Its arguments."""
        return text

    def path(self, pathname: str) -> str:
        """The name of a mapping, or of an executable."""
        return pathname

    def header(self, mapping: Mapping) -> Header:
        """The header of a mapping: addresses stay, numbers of devices and inodes tell a machine."""
        return Header(*mapping)

    def group(self, kind: Kind, name: str) -> str:
        """What mappings are summed up under."""
        return name

    def cgroup(self, text: str | None) -> str | None:
        """The path of a control group."""
        return text

    def host(self, name: str | None) -> str | None:
        """What the machine is called."""
        return name

    def kernel(self, release: str | None) -> str | None:
        """Which kernel it ran."""
        return release

    def user(self, uid: int | None) -> int | None:
        """The number of a user."""
        return uid

    def start_time(self, ticks: int) -> int | None:
        """When a process started, since the machine did: that can tell the machine."""
        return ticks

    def build_id(self, text: str | None) -> str | None:
        """Which build of a program it is: whoever has that of a public one knows its name."""
        return text


class Pseudonyms(Names):
    """The same name is always the same pseudonym in exports of a recording, and of no other.

    Kinds, sizes, addresses, times and PIDs stay. What the user, a program or a package chose to
    call something does not, nor does what tells a machine from others.
    """

    def __init__(self, key: bytes) -> None:
        self.are_redacted = True
        self._key = key
        # Bounded: a process can have any number of names.
        self._hashed: Callable[[str, str], str] = lru_cache(maxsize=65_536)(self._hash)

    def _hash(self, what: str, text: str) -> str:
        data = f"{what}\0{text}".encode("utf-8", "surrogateescape")
        return f"{what}-{hmac.new(self._key, data, hashlib.sha256).hexdigest()[:12]}"

    def program(self, name: str) -> str:
        """`program-` and twelve digits."""
        return self._hashed("program", name) if name else name

    def command_line(self, text: str | None) -> str | None:
        """`command-` and twelve digits."""
        return self._hashed("command", text) if text else text

    def path(self, pathname: str) -> str:
        """`/file-` or `[name-]` and twelve digits; what tells that it is deleted stays."""
        if pathname in _OF_THE_KERNEL:
            return pathname
        bare = pathname.removesuffix(_DELETED)
        end = _DELETED if bare != pathname else ""
        if bare.startswith("[anon:"):
            return f"[anon:{self._hashed('name', bare)}]"
        if bare.startswith("["):
            return f"[{self._hashed('name', bare)}]"
        return f"/{self._hashed('file', bare)}{end}"

    def header(self, mapping: Mapping) -> Header:
        """Without device and inode."""
        return Header(*mapping)._replace(dev=None, inode=None, pathname=self.path(mapping.pathname))

    def group(self, kind: Kind, name: str) -> str:
        """As `path`; words of this program stay."""
        if kind in _OWN_WORDS or name in _OWN_NAMES:
            return name
        return self.path(name)

    def cgroup(self, text: str | None) -> str | None:
        """`/cgroup-` and twelve digits."""
        return f"/{self._hashed('cgroup', text)}" if text else text

    def host(self, name: str | None) -> str | None:
        """`host-` and twelve digits."""
        return self._hashed("host", name) if name else name

    def kernel(self, release: str | None) -> str | None:
        """Left out."""
        return None

    def user(self, uid: int | None) -> int | None:
        """Left out."""
        return None

    def start_time(self, ticks: int) -> int | None:
        """Left out."""
        return None

    def build_id(self, text: str | None) -> str | None:
        """As many digits as the real one, of nothing else."""
        if not text:
            return text
        return hmac.new(self._key, text.encode(), hashlib.sha512).hexdigest()[: len(text)]


def names_of(recording: Recording, redact: bool) -> Names:
    """Names as they are, or pseudonyms by a key that only who has the recording can know."""
    return Pseudonyms(recording.secret()) if redact else Names()
