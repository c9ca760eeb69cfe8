"""What each mapping is for: its kind, and the name under which it is summed up.

Two rules stand above all others here. A kind is told from the mapping's header, its flags and the
facts beside them, never from its figures, so that a mapping keeps its kind while it grows. And
where the evidence does not suffice the answer is `anonymous`, which is never wrong: memory is not
booked as a stack, an arena or a .bss because that is likely.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from ..model import KindEvidence, MappingUsage
from ..model import Mapping as Header
from . import android
from .arenas import find_arenas
from .attribution import BY_PATH, Attribution, Kind, plain
from .basis import Basis
from .bss import Bss, BssFound, bss_owners, examine_bss
from .crowds import NO_CROWDS, Crowds, crowd_name, crowds_of
from .file_parts import OF_CODE, DataStarts, data_starts, part_of
from .hugetlb import are_huge
from .quickly import flags_of
from .runtimes import Found, find_runtimes, runtimes_present
from .stacks import find_stacks

__all__ = [
    "Attribution",
    "Basis",
    "Bss",
    "Kind",
    "KindHints",
    "Reason",
    "attribute",
    "attributed_entries",
    "hints_from",
    "reasons",
]


class KindHints(NamedTuple):
    """What was recorded besides the mappings themselves: empty where it was not.

    `stack_pointers` of all threads, by TID; `bss` computed from ELF program headers, and of which
    files that is all, by (dev, inode): see bss.examine_bss; `marks` of runtimes in executed files;
    `exe` is the file that the process runs; `crowds` are files of which there are many: see
    crowds.crowds_of.
    """

    stack_pointers: Mapping[int, int] = MappingProxyType({})
    bss: tuple[Bss, ...] = ()
    marks: Mapping[tuple[int, int], Collection[str]] = MappingProxyType({})
    exe: str | None = None
    without_more_bss: frozenset[tuple[int, int]] = frozenset()
    crowds: Crowds = NO_CROWDS


NO_HINTS = KindHints()


def hints_from(entries: Iterable[MappingUsage], evidence: KindEvidence) -> KindHints:
    """Derive hints from what was recorded beside a layout."""
    bss = examine_bss(entries, evidence.segments, evidence.page_size)
    return KindHints(
        *(evidence.stack_pointers, bss.bounds, evidence.marks, evidence.exe, bss.files),
        crowds=crowds_of(evidence.files),
    )


class Reason(NamedTuple):
    """Why a mapping is what it is.

    `rule` is that of the runtime, and by which file the process is known to have it; `silent` are
    those of the process's runtimes that do not speak on a mapping of which nothing is known.
    """

    entry: MappingUsage
    attribution: Attribution
    basis: Basis
    rule: Found | None = None
    silent: tuple[Found, ...] = ()


def attribute(
    entries: Iterable[MappingUsage], facts: KindHints = NO_HINTS
) -> list[tuple[MappingUsage, Attribution]]:
    """Tell for each mapping of one layout, in its order, what it is for."""
    entries = list(entries)
    known = _look_at(entries, facts)
    told = known.by_position
    return [
        (entry, told[index] if index in told else known.by_header(entry))
        for index, entry in enumerate(entries)
    ]


def attributed_entries(
    entries: Iterable[MappingUsage], evidence: KindEvidence
) -> list[tuple[MappingUsage, Attribution]]:
    """The same, with all that was recorded besides the mappings: the way of every reader."""
    entries = list(entries)
    return attribute(entries, hints_from(entries, evidence))


def reasons(entries: Iterable[MappingUsage], evidence: KindEvidence) -> list[Reason]:
    """The same, with what decided it."""
    entries = list(entries)
    facts = hints_from(entries, evidence)
    known = _look_at(entries, facts)
    present = runtimes_present(entries, facts.marks)
    found = []
    for index, entry in enumerate(entries):
        basis = known.basis(index, entry)
        rule = known.runtimes[index] if basis is Basis.RUNTIME else None
        silent = present if basis is Basis.NOTHING else ()
        found.append(Reason(entry, known.attribution(index, entry), basis, rule, silent))
    return found


class _Known(NamedTuple):
    """What a whole layout tells, by positions in it.

    `programs` are the files it executes, `program` is the path of the one that the process runs,
    None if that is not told; `starts` say where data of files begins. `by_position` is what the
    first four come to.
    """

    arenas: set[int]
    owners: dict[int, str]
    runtimes: dict[int, Found]
    stacks: set[int]
    programs: set[tuple[int, int, str]]
    program: str | None
    starts: DataStarts
    crowds: Crowds
    by_position: dict[int, Attribution]

    def basis(self, index: int, entry: MappingUsage) -> Basis:
        """Which evidence decides: the first that there is."""
        if index in self.arenas:
            return Basis.ARENA
        if index in self.owners:
            return Basis.BSS
        if index in self.runtimes:
            return Basis.RUNTIME
        return Basis.STACK if index in self.stacks else self._basis_of_header(entry)

    def _basis_of_header(self, entry: MappingUsage) -> Basis:
        if not entry.mapping.pathname:
            return _without_name(entry)
        if are_huge(entry.usage):
            return Basis.HUGE_PAGES
        return Basis.PROGRAM if _file_key(entry.mapping) in self.programs else Basis.NAME

    def attribution(self, index: int, entry: MappingUsage) -> Attribution:
        """What it is for."""
        told = self.by_position.get(index)
        return self.by_header(entry) if told is None else told

    def by_header(self, entry: MappingUsage) -> Attribution:
        """The same of a mapping of which its place in the layout says nothing."""
        basis = self._basis_of_header(entry)
        name = entry.mapping.pathname
        if not name:
            return _PLAIN[basis]
        if basis is Basis.HUGE_PAGES:
            return Attribution(Kind.HUGE_PAGES, name.removesuffix(_DELETED))
        if basis is Basis.PROGRAM:
            kinds = _CODE if part_of(entry.mapping, self.starts) in OF_CODE else _DATA
            return Attribution(kinds[name == self.program], name)
        told = _by_name(entry)
        if self.crowds and told.kind in BY_PATH:
            return Attribution(told.kind, crowd_name(told.name, self.crowds))
        return told


_PLAIN = {
    Basis.NO_ACCESS: plain(Kind.GUARD),
    Basis.DEVICE: plain(Kind.DEVICE),
    Basis.NOTHING: plain(Kind.ANONYMOUS),
}
#: Of libraries, and of the program.
_CODE = (Kind.LIBRARY_CODE, Kind.PROGRAM_CODE)
_DATA = (Kind.LIBRARY_DATA, Kind.PROGRAM_DATA)
_BSS = (Kind.LIBRARY_BSS, Kind.PROGRAM_BSS)


def _look_at(entries: list[MappingUsage], facts: KindHints) -> _Known:
    owners = bss_owners(entries, facts.bss)
    bss = BssFound(facts.bss, facts.without_more_bss)
    runtimes = find_runtimes(entries, facts.marks, bss)
    # Pages of Blink at a multiple of 64 MiB, with its reserve behind, look like a heap of malloc's.
    arenas = find_arenas(entries) - {at for at, each in runtimes.items() if each.rule.cage}
    taken = arenas | owners.keys() | runtimes.keys()
    stacks = find_stacks(entries, facts.stack_pointers.values(), taken)
    programs = {_file_key(entry.mapping) for entry in entries if _is_program(entry.mapping)}
    of_files = (entry.mapping for entry in entries if entry.mapping.inode)
    program = _program({name for _, _, name in programs}, facts.exe)
    # One object for all that a rule names: told apart by that, for hashes of rules take long.
    of_found = {
        number: each.rule.attribution
        for number, each in {id(each): each for each in runtimes.values()}.items()
    }
    # What decides first is put in last.
    by_position = dict.fromkeys(stacks, plain(Kind.THREAD_STACK))
    by_position.update((at, of_found[id(each)]) for at, each in runtimes.items())
    by_position.update(
        (at, Attribution(_BSS[owner == program], owner)) for at, owner in owners.items()
    )
    by_position.update(dict.fromkeys(arenas, plain(Kind.ARENA)))
    return _Known(
        *(arenas, owners, runtimes, stacks, programs, program),
        starts=data_starts(each for each in of_files if _file_key(each) in programs),
        crowds=facts.crowds,
        by_position=by_position,
    )


def _program(executed: Collection[str], exe: str | None) -> str | None:
    """The name under which the file is mapped that the process runs; it may be deleted since."""
    if exe is None or exe in executed:
        return exe
    gone = exe + _DELETED
    return gone if gone in executed else None


def _without_name(entry: MappingUsage) -> Basis:
    if entry.mapping.perms == "---p":
        return Basis.NO_ACCESS
    return Basis.DEVICE if "io" in flags_of(entry.usage.vm_flags) else Basis.NOTHING


# --- by name ---------------------------------------------------------------------------------

_DELETED = " (deleted)"

#: Names that mean a stack, whole or up to the thread's number: of kernels 3.4 to 4.4, of glibc
#: 2.39 and later (glibc.mem.decorate_maps), of Android.
_STACK_NAMES = re.compile(
    r"\[stack(:\d+)?\]"
    r"|\[anon: glibc: (pthread stack: \d+|pthread user stack: \d+|unused stack)\]"
    r"|\[anon:(stack_and_tls:.*|thread signal stack)\]"
)
#: Names that are known as they are: of the kernel, of glibc 2.39 and later, of Go 1.25 and later.
_NAMED = {
    "[heap]": plain(Kind.HEAP),
    "[anon: glibc: malloc arena]": plain(Kind.ARENA),
    "[anon: Go: heap]": Attribution(Kind.RUNTIME, "Go heap"),
    "[anon: Go: heap reservation]": Attribution(Kind.RUNTIME, "Go heap"),
}
#: Where hugetlbfs usually is, for kernels that say nothing better.
_OF_HUGE_PAGES = ("/anon_hugepage", "/dev/hugepages/")
_SYSV = re.compile(r"(/SYSV[0-9a-f]{8})(?: \(deleted\))?")

#: What a name's beginning tells; the first that fits counts. Graphics buffers (GEM objects,
#: dma-buf) are no files under /dev, but device memory all the same.
_BEGINNINGS = (
    ("/dmabuf:", Kind.DEVICE),
    ("/i915" + _DELETED, Kind.DEVICE),
    ("/drm mm object" + _DELETED, Kind.DEVICE),
    ("anon_inode:i915", Kind.DEVICE),
    ("anon_inode:dmabuf", Kind.DEVICE),
    ("anon_inode:", Kind.KERNEL),
    ("socket:[", Kind.SOCKET),
    ("/dev/shm/", Kind.SHARED_MEMORY),  # noqa: S108 -- a name to compare with, never opened
    ("/run/shm/", Kind.SHARED_MEMORY),
    ("/dev/ashmem/", Kind.SHARED_MEMORY),
    ("/dev/__properties__/", Kind.SHARED_MEMORY),
    ("/dev/", Kind.DEVICE),
)


def _file_key(mapping: Header) -> tuple[int, int, str]:
    return mapping.dev, mapping.inode, mapping.pathname


def _is_program(mapping: Header) -> bool:
    """Whether this mapping alone shows that its file is run.

    Loaders map programs privately. A shared executable mapping is a JIT's second view of its code
    (memfd, or an unlinked file of libffi).
    """
    return mapping.perms[2:4] == "xp" and mapping.inode != 0


def _by_name(entry: MappingUsage) -> Attribution:
    mapping = entry.mapping
    name = mapping.pathname
    if name.startswith("[") and name.endswith("]") and mapping.inode == 0:
        return _kernel_or_named(name)
    if name.startswith(_OF_HUGE_PAGES) and are_huge(entry.usage) is None:
        return Attribution(Kind.HUGE_PAGES, name.removesuffix(_DELETED))
    if name.startswith("/") and (told := android.by_name(name)):
        return told
    return _shared_memory(name) or _special_file(name) or _file(name)


def _kernel_or_named(name: str) -> Attribution:
    """Names in brackets: the kernel's own, and those given with prctl(PR_SET_VMA)."""
    if name in _NAMED:
        return _NAMED[name]
    if _STACK_NAMES.fullmatch(name):
        return plain(Kind.THREAD_STACK)
    if told := android.by_name(name):
        return told
    if name.startswith("[anon:"):
        return Attribution(Kind.NAMED_ANONYMOUS, _without_number(name))
    if name.startswith("[anon_shmem:"):
        return Attribution(Kind.SHARED_MEMORY, _without_number(name))
    return Attribution(Kind.TOTALS if name == "[rollup]" else Kind.KERNEL, name)


def _shared_memory(name: str) -> Attribution | None:
    """Shared memory that is no file in a folder, and /dev/zero, which is kin to it."""
    if name == "/dev/zero" + _DELETED:
        return Attribution(Kind.SHARED_MEMORY, "shared anonymous")
    if name == "/dev/zero":
        # A private mapping of /dev/zero is anonymous memory in the manner of old programs.
        return Attribution(Kind.NAMED_ANONYMOUS, name)
    if match := _SYSV.fullmatch(name):
        return Attribution(Kind.SHARED_MEMORY, match[1])
    if name.startswith("/memfd:") and name.endswith(_DELETED):
        bare = _UUID.sub("*", name.removesuffix(_DELETED))
        return Attribution(Kind.SHARED_MEMORY, _without_number(bare))
    return None


def _special_file(name: str) -> Attribution | None:
    found = next((row for row in _BEGINNINGS if name.startswith(row[0])), None)
    if found is None:
        return None
    beginning, kind = found
    if kind is Kind.SOCKET:
        return plain(kind)
    if beginning == "/dev/__properties__/":  # Android's: a file for each domain of them
        return Attribution(kind, f"{beginning}*")
    if kind is Kind.SHARED_MEMORY:
        return Attribution(kind, _of_many(name))
    if beginning.startswith("/dev/"):
        return Attribution(kind, name)
    return Attribution(kind, _without_number(name.removesuffix(_DELETED)))


def _file(name: str) -> Attribution:
    """Ordinary files.

    ` (deleted)` is taken at its word: a living file may bear such a name, but a layout alone cannot
    tell, and the group's name shows what the kernel printed.
    """
    if not name.endswith(_DELETED):
        return Attribution(Kind.FILE, name)
    unnamed = _UNNAMED.fullmatch(name)
    if unnamed:
        return Attribution(Kind.DELETED_FILE, f"{unnamed[1]}#*{_DELETED}")
    if name.startswith(_TEMPORARY):
        name = _of_many(name).removesuffix(_DELETED) + _DELETED
    return Attribution(Kind.DELETED_FILE, name)


#: What a file is called that never had a name (O_TMPFILE): by its inode.
_UNNAMED = re.compile(r"(.*/)#\d+ \(deleted\)", re.DOTALL)
_TEMPORARY = ("/tmp/", "/var/tmp/", "/run/")  # noqa: S108 -- names to compare with, never opened
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NUMBERED = re.compile(r"(?<=.)[-_.:@# ]+\d[\d._:-]*(?: \(deleted\))?$")


def _of_many(name: str) -> str:
    """Make one group of the files of which a program makes many.

    A UUID or a random end is written `*`, numbers at the end are cut:
    `/dev/ashmem/gralloc-1332.3 (deleted)` -> `/dev/ashmem/gralloc`.
    """
    if _UUID.search(name):
        return _UUID.sub("*", name.removesuffix(_DELETED))
    shorter = _without_random_end(name)
    if shorter != name:
        return shorter
    folder, _, last = name.rpartition("/")
    cut = _NUMBERED.search(last)
    return f"{folder}/{last[: cut.start()]}" if cut else name


def _without_number(name: str) -> str:
    """Cut a name at the first number that stands by itself, so that numbered ones are one group.

    `[anon:OCaml: minor heap 0]` -> `[anon:OCaml: minor heap]`. A digit behind a letter belongs to a
    word (`[anon:v8]`, `/memfd:x11-shm`) and is kept, as is a name that begins with a number.
    """
    match = re.search(r"(?<![^\W_])\d", name)
    if match is None:
        return name
    kept = name[: match.start()].rstrip(" :.,;#_-/([{<")
    if ":" not in kept and ":" in name[: match.start()]:
        return name  # nothing would be left of what stands behind the colon
    return kept + ("]" if name.startswith("[") else "")


def _without_random_end(name: str) -> str:
    """Make one group of the shared memory that a program unlinks as soon as it is made.

    mkstemp ends such names in six random letters and digits, so each would be a group of its own:
    `/dev/shm/.org.chromium.Chromium.a9Xk2Q (deleted)` -> `/dev/shm/.org.chromium.Chromium.*`. Six
    small letters are taken for a word. Names that are still there are never cut.
    """
    match = re.fullmatch(
        r"(.*[^A-Za-z0-9])(?![a-z]{6} )[A-Za-z0-9]{6} \(deleted\)", name, re.DOTALL
    )
    return match[1] + "*" if match else name
