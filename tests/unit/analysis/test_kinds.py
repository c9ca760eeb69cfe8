"""Each mapping's kind and group, by its name and by what stands beside it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.analysis.kinds import Attribution, Bss, Kind, KindHints, attribute
from memory_watcher.model import Mapping, MappingUsage, Usage

from .layouts import PLAIN, anonymous, entry, layout

MIB = 1 << 20
HEAP = 64 * MIB
BASE = 0x7F0000000000
ARENA = "rd wr mr mw me nr"
RESERVE = "mr mw me nr"
STACK = "rd wr mr mw me ac nh"
GUARD = "mr mw me nh"
NOTHING = KindHints()
UUID = "f5dea93b-5e33-4f98-a7b7-affb9e08faa1"


def kind_of(name: str, perms: str = "rw-p", inode: int = 7, flags: str = PLAIN) -> Attribution:
    line = f"{BASE:x}-{BASE + 4096:x} {perms} 00000000 fe:01 {inode} {name} | {flags}"
    return attribute([entry(line)])[0][1]


def kinds(entries: list[MappingUsage], facts: KindHints = NOTHING) -> list[Kind]:
    return [attribution.kind for _, attribution in attribute(entries, facts)]


def pointers(*addresses: int) -> KindHints:
    return KindHints(stack_pointers=dict(enumerate(addresses, start=100)))


class TestNames:
    @pytest.mark.parametrize(
        ("name", "kind", "group"),
        [
            ("[heap]", Kind.HEAP, "heap"),
            ("[stack]", Kind.THREAD_STACK, "thread stack"),
            ("[stack:1234]", Kind.THREAD_STACK, "thread stack"),
            ("[anon: glibc: pthread stack: 77]", Kind.THREAD_STACK, "thread stack"),
            ("[anon: glibc: pthread user stack: 77]", Kind.THREAD_STACK, "thread stack"),
            ("[anon: glibc: unused stack]", Kind.THREAD_STACK, "thread stack"),
            ("[anon:stack_and_tls:77]", Kind.THREAD_STACK, "thread stack"),
            ("[anon:stack_and_tls:main]", Kind.THREAD_STACK, "thread stack"),
            ("[anon: glibc: malloc arena]", Kind.ARENA, "malloc arena"),
            ("[anon: glibc: malloc]", Kind.NAMED_ANONYMOUS, "[anon: glibc: malloc]"),
            ("[anon: glibc: loader malloc]", Kind.NAMED_ANONYMOUS, "[anon: glibc: loader malloc]"),
            ("[anon: Go: heap]", Kind.RUNTIME, "Go heap"),
            ("[anon: Go: heap reservation]", Kind.RUNTIME, "Go heap"),
            ("[anon: Go: gc bits]", Kind.NAMED_ANONYMOUS, "[anon: Go: gc bits]"),
            ("[anon:OCaml: minor heap 0]", Kind.NAMED_ANONYMOUS, "[anon:OCaml: minor heap]"),
            ("[anon:v8]", Kind.NAMED_ANONYMOUS, "[anon:v8]"),
            ("[anon:1234]", Kind.NAMED_ANONYMOUS, "[anon:1234]"),
            ("[anon:a]b] 3]", Kind.NAMED_ANONYMOUS, "[anon:a]b]]"),
            ("[anon_shmem:pool 12]", Kind.SHARED_MEMORY, "[anon_shmem:pool]"),
            ("[vdso]", Kind.KERNEL, "[vdso]"),
            ("[vvar]", Kind.KERNEL, "[vvar]"),
            ("[vvar_vclock]", Kind.KERNEL, "[vvar_vclock]"),
            ("[vsyscall]", Kind.KERNEL, "[vsyscall]"),
            ("[uprobes]", Kind.KERNEL, "[uprobes]"),
        ],
    )
    def test_names_in_brackets(self, name: str, kind: Kind, group: str) -> None:
        """Names that the kernel gives, or that prctl gave: grouped up to a number of their own."""
        assert kind_of(name, inode=0) == (kind, group)

    @pytest.mark.parametrize(
        ("name", "kind", "group"),
        [
            ("/SYSV00000000 (deleted)", Kind.SHARED_MEMORY, "/SYSV00000000"),
            ("/SYSV0052e2c1 (deleted)", Kind.SHARED_MEMORY, "/SYSV0052e2c1"),
            ("/dev/zero (deleted)", Kind.SHARED_MEMORY, "shared anonymous"),
            ("/dev/zero", Kind.NAMED_ANONYMOUS, "/dev/zero"),
            ("/dev/shm/pool", Kind.SHARED_MEMORY, "/dev/shm/pool"),
            ("/dev/shm/pool.a9Xk2Q", Kind.SHARED_MEMORY, "/dev/shm/pool.a9Xk2Q"),
            (
                "/dev/shm/.org.chromium.Chromium.a9Xk2Q (deleted)",
                Kind.SHARED_MEMORY,
                "/dev/shm/.org.chromium.Chromium.*",
            ),
            ("/dev/shm/app.buffer (deleted)", Kind.SHARED_MEMORY, "/dev/shm/app.buffer (deleted)"),
            ("/memfd:mozilla-ipc (deleted)", Kind.SHARED_MEMORY, "/memfd:mozilla-ipc"),
            (f"/memfd:{UUID} (deleted)", Kind.SHARED_MEMORY, "/memfd:*"),
            (f"/dev/ashmem/{UUID} (deleted)", Kind.SHARED_MEMORY, "/dev/ashmem/*"),
            ("/dev/ashmem/lab-ashmem-16 (deleted)", Kind.SHARED_MEMORY, "/dev/ashmem/lab-ashmem"),
            ("/dev/ashmem/gralloc-1332.3 (deleted)", Kind.SHARED_MEMORY, "/dev/ashmem/gralloc"),
            ("/dev/shm/PostgreSQL.1337120334", Kind.SHARED_MEMORY, "/dev/shm/PostgreSQL"),
            ("/dev/shm/pulse-shm-39 (deleted)", Kind.SHARED_MEMORY, "/dev/shm/pulse-shm"),
            (f"/dev/shm/{UUID}", Kind.SHARED_MEMORY, "/dev/shm/*"),
            ("/dev/shm/4711", Kind.SHARED_MEMORY, "/dev/shm/4711"),
            ("/dev/__properties__/u:object_r:x:s0", Kind.SHARED_MEMORY, "/dev/__properties__/*"),
            ("/tmp/#1310743 (deleted)", Kind.DELETED_FILE, "/tmp/#* (deleted)"),
            ("/srv/db/#77 (deleted)", Kind.DELETED_FILE, "/srv/db/#* (deleted)"),
            ("/tmp/part-0012 (deleted)", Kind.DELETED_FILE, "/tmp/part (deleted)"),
            ("/srv/libz.so.1.2 (deleted)", Kind.DELETED_FILE, None),
            ("/tmp/part-0012", Kind.FILE, None),
            ("/memfd:wl_shm-12 (deleted)", Kind.SHARED_MEMORY, "/memfd:wl_shm"),
            ("/memfd:x11-shm (deleted)", Kind.SHARED_MEMORY, "/memfd:x11-shm"),
            ("/memfd:4711 (deleted)", Kind.SHARED_MEMORY, "/memfd:4711"),
            ("/dev/dri/renderD128", Kind.DEVICE, "/dev/dri/renderD128"),
            ("/dev/nvidia0", Kind.DEVICE, "/dev/nvidia0"),
            ("/i915 (deleted)", Kind.DEVICE, "/i915"),
            ("/drm mm object (deleted)", Kind.DEVICE, "/drm mm object"),
            ("anon_inode:i915.gem", Kind.DEVICE, "anon_inode:i915.gem"),
            ("/dmabuf:scanout", Kind.DEVICE, "/dmabuf:scanout"),
            ("anon_inode:[io_uring]", Kind.KERNEL, "anon_inode:[io_uring]"),
            ("anon_inode:kvm-vcpu:3", Kind.KERNEL, "anon_inode:kvm-vcpu"),
            ("socket:[4711]", Kind.SOCKET, "socket"),
            ("/usr/share/a b.dat", Kind.FILE, "/usr/share/a b.dat"),
            ("/tmp/gone (deleted)", Kind.DELETED_FILE, "/tmp/gone (deleted)"),
            (
                "/tmp/x (deleted) (deleted)",
                Kind.DELETED_FILE,
                "/tmp/x (deleted) (deleted)",
            ),
        ],
    )
    def test_names_of_files_and_objects(self, name: str, kind: Kind, group: str | None) -> None:
        """Shared memory, devices, files: told by the whole beginning or end of the name.

        Files of which a program makes many are one group; without a group, the name is one.
        """
        assert kind_of(name) == (kind, name if group is None else group)

    def test_android(self) -> None:
        """Properties are no device; ashmem's UUIDs and numbered names are a group each."""
        names = [f"/dev/ashmem/{each} (deleted)" for each in (UUID, UUID.replace("7", "0"))]
        names += [f"/dev/ashmem/gralloc-1332.{number} (deleted)" for number in (3, 4)]
        names += [f"/dev/__properties__/u:object_r:{name}_prop:s0" for name in ("a", "b")]
        groups = {kind_of(name, "rw-s") for name in names}
        assert groups == {
            (Kind.SHARED_MEMORY, "/dev/ashmem/*"),
            (Kind.SHARED_MEMORY, "/dev/ashmem/gralloc"),
            (Kind.SHARED_MEMORY, "/dev/__properties__/*"),
        }

    @pytest.mark.parametrize(
        ("name", "kind", "group"),
        [
            ("[anon:scudo:primary]", Kind.ALLOCATOR, "scudo"),
            ("[anon:scudo:secondary]", Kind.ALLOCATOR, "scudo"),
            ("[anon:libc_malloc]", Kind.ALLOCATOR, "libc_malloc"),
            ("/dev/ashmem/libc_malloc (deleted)", Kind.ALLOCATOR, "libc_malloc"),
            ("[anon:GWP-ASan Metadata]", Kind.ALLOCATOR, "GWP-ASan"),
            ("[anon:dalvik-main space (region space)]", Kind.RUNTIME, "ART heap"),
            ("[anon:dalvik-zygote space]", Kind.RUNTIME, "ART heap"),
            ("[anon:dalvik-free list large object space]", Kind.RUNTIME, "ART heap"),
            ("/dev/ashmem/dalvik-main space 1 (deleted)", Kind.RUNTIME, "ART heap"),
            ("/dev/ashmem/dalvik-heap (deleted)", Kind.RUNTIME, "ART heap"),
            ("[anon:dalvik-zygote-data-code-cache]", Kind.RUNTIME, "ART, beside its heap"),
            ("[anon:dalvik-LinearAlloc]", Kind.RUNTIME, "ART, beside its heap"),
            ("[anon:dalvik-data-code-cache]", Kind.RUNTIME, "ART, beside its heap"),
            ("[anon:dalvik-jit-code-cache]", Kind.JIT_CODE, "ART code cache"),
            ("/dev/ashmem/dalvik-jit-code-cache (deleted)", Kind.JIT_CODE, "ART code cache"),
            ("[anon:scudoku]", Kind.NAMED_ANONYMOUS, "[anon:scudoku]"),
            ("[anon:libc_malloc_debug]", Kind.NAMED_ANONYMOUS, "[anon:libc_malloc_debug]"),
            ("/srv/dalvik-heap", Kind.FILE, "/srv/dalvik-heap"),
            ("anon_inode:dmabuf", Kind.DEVICE, "anon_inode:dmabuf"),
        ],
    )
    def test_what_android_names(self, name: str, kind: Kind, group: str) -> None:
        """Its malloc and its runtime are found by the names that they give to their memory."""
        inode = 0 if name.startswith("[") else 7
        assert kind_of(name, inode=inode) == (kind, group)

    def test_huge_pages(self) -> None:
        """By the flag or the page size; by the name only where the kernel says neither."""
        names = {"/anon_hugepage (deleted)": "/anon_hugepage", "/dev/hugepages/guest": None}
        for name, group in names.items():
            told = (Kind.HUGE_PAGES, group or name)
            assert kind_of(name, flags="rd wr ht sd") == told
            header = entry(f"1000-2000 rw-s 0 00:0f 7 {name} | -").mapping
            for usage in (Usage(), Usage(kernel_page_size=2 * MIB)):
                assert attribute([MappingUsage(header, usage)])[0][1] == told
            small = attribute([MappingUsage(header, Usage(kernel_page_size=65536))])
            assert small[0][1].kind is not Kind.HUGE_PAGES
            assert kind_of(name).kind is not Kind.HUGE_PAGES, "flags that lack ht"

    @pytest.mark.parametrize(
        "name",
        [
            "/tmp/[heap]",
            "/tmp/[stack:12]",
            "/srv/[anon:x]",
            "/srv/anon_inode:[x]",
            "/srv/socket:[1]",
            "/srv/SYSV00000000",
            "/SYSV00000000x",
            "/memfd:not-a-memfd",
            "/srv/dev/shm/x",
            "/devices/x",
            "/srv/x (deleted).txt",
        ],
    )
    def test_names_that_only_look_special(self, name: str) -> None:
        """A file whose name contains such text somewhere is an ordinary file."""
        assert kind_of(name) == (Kind.FILE, name)

    def test_brackets_with_an_inode_are_a_file(self) -> None:
        """What has an inode is a file, whatever it is called."""
        assert kind_of("[heap]", inode=9).kind is Kind.FILE

    def test_huge_page_flag_goes_before_the_name(self) -> None:
        """Shared memory on huge pages is outside RSS and PSS, and so a kind of its own."""
        flags = "rd wr sh mr mw me ms de ht"
        assert kind_of("/SYSV00000001 (deleted)", "rw-s", flags=flags).kind is Kind.HUGE_PAGES


class TestPrograms:
    def test_all_mappings_of_an_executed_file_are_one_group(self) -> None:
        """Text, constants, relro and data of a library are together under its path."""
        entries = layout(
            """
            7f0000000000-7f0000001000 r--p 00000000 fe:01 7 /usr/lib/liba.so | rd mr mw me
            7f0000001000-7f0000002000 r-xp 00001000 fe:01 7 /usr/lib/liba.so | rd ex mr mw me
            7f0000002000-7f0000003000 ---p 00002000 fe:01 7 /usr/lib/liba.so | mr mw me
            7f0000003000-7f0000004000 rw-p 00002000 fe:01 7 /usr/lib/liba.so
            7f0000005000-7f0000006000 r--p 00000000 fe:01 8 /usr/lib/liba.so.txt | rd mr mw me
            """
        )
        found = [attribution for _, attribution in attribute(entries)]
        assert [(kind.family, name) for kind, name in found] == [
            *[(Kind.LIBRARY, "/usr/lib/liba.so")] * 4,
            (Kind.FILE, "/usr/lib/liba.so.txt"),
        ]

    PARTS = """
        555500000000-555500001000 r--p 00000000 fe:01 5 /usr/bin/a
        555500001000-555500002000 r-xp 00001000 fe:01 5 /usr/bin/a | rd ex mr mw me
        555500002000-555500003000 r--p 00002000 fe:01 5 /usr/bin/a
        555500003000-555500004000 r--p 00002000 fe:01 5 /usr/bin/a
        555500004000-555500005000 rw-p 00003000 fe:01 5 /usr/bin/a
        555500005000-555500006000 rw-p 00000000 00:00 0 [anon:.bss]
        7f0000000000-7f0000001000 r-xp 00000000 fe:01 7 /usr/lib/liba.so | rd ex mr mw me
        7f0000001000-7f0000002000 ---p 00001000 fe:01 7 /usr/lib/liba.so
        7f0000002000-7f0000003000 rw-p 00001000 fe:01 7 /usr/lib/liba.so
        7f0000003000-7f0000004000 rw-p 00000000 00:00 0 [anon:.bss]
        """

    @pytest.mark.parametrize("exe", ["/usr/bin/a", None, "/usr/bin/b"])
    def test_code_data_and_bss_are_apart(self, exe: str | None) -> None:
        """Relro is data: the loader wrote it. The program is what the process runs, if told."""
        found = kinds(layout(self.PARTS), KindHints(exe=exe))
        of_library = [Kind.LIBRARY_CODE] * 3 + [Kind.LIBRARY_DATA] * 2 + [Kind.LIBRARY_BSS]
        of_program = [Kind.PROGRAM_CODE] * 3 + [Kind.PROGRAM_DATA] * 2 + [Kind.PROGRAM_BSS]
        assert found[:6] == (of_program if exe == "/usr/bin/a" else of_library)
        assert found[6:] == [
            *(Kind.LIBRARY_CODE, Kind.LIBRARY_CODE, Kind.LIBRARY_DATA, Kind.LIBRARY_BSS)
        ]

    def test_a_program_that_was_replaced_is_the_program_still(self) -> None:
        """It was deleted after its path was read; but not another file that took its name."""
        gone = self.PARTS.replace("/usr/bin/a", "/usr/bin/a (deleted)")
        assert kinds(layout(gone), KindHints(exe="/usr/bin/a"))[0] is Kind.PROGRAM_CODE
        both = gone.replace("/usr/lib/liba.so", "/usr/bin/a")
        found = kinds(layout(both), KindHints(exe="/usr/bin/a (deleted)"))
        assert (found[0], found[6]) == (Kind.PROGRAM_CODE, Kind.LIBRARY_CODE)

    def test_relro_lies_before_data_of_the_same_file(self) -> None:
        """Constants before the data of another file are constants."""
        entries = layout(
            """
            7f0000000000-7f0000001000 r-xp 00000000 fe:01 7 /usr/lib/liba.so | rd ex mr mw me
            7f0000001000-7f0000002000 r--p 00001000 fe:01 7 /usr/lib/liba.so
            7f0000002000-7f0000003000 rw-p 00002000 fe:01 8 /usr/lib/libb.so
            7f0000003000-7f0000004000 r-xp 00000000 fe:01 8 /usr/lib/libb.so | rd ex mr mw me
            """
        )
        assert kinds(entries)[:3] == [Kind.LIBRARY_CODE, Kind.LIBRARY_CODE, Kind.LIBRARY_DATA]

    def test_a_replaced_library_stays_a_library(self) -> None:
        """After an upgrade the old file is deleted, but still what runs: its name tells so."""
        assert kind_of("/usr/lib/liba.so (deleted)", "r-xp") == (
            Kind.LIBRARY_CODE,
            "/usr/lib/liba.so (deleted)",
        )

    def test_another_file_of_the_same_name_is_judged_by_itself(self) -> None:
        """A data file that took the name of a deleted program is no program."""
        entries = layout(
            """
            7f0000000000-7f0000001000 r-xp 00000000 fe:01 7 /srv/a (deleted) | rd ex mr mw me
            7f0000001000-7f0000002000 r--p 00001000 fe:01 8 /srv/a (deleted) | rd mr mw me
            """
        )
        assert kinds(entries) == [Kind.LIBRARY_CODE, Kind.DELETED_FILE]

    def test_shared_executable_mappings_are_a_jit_not_a_program(self) -> None:
        """Loaders map privately; a shared executable view is how a JIT gets at its code."""
        assert kind_of("/memfd:doublemapper (deleted)", "r-xs").kind is Kind.SHARED_MEMORY
        assert kind_of("/tmp/ffiAbCdEf (deleted)", "r-xs").kind is Kind.DELETED_FILE

    def test_program_run_from_a_memfd(self) -> None:
        """A memfd that is executed privately is a program (fexecve)."""
        assert kind_of("/memfd:runc (deleted)", "r-xp").kind is Kind.LIBRARY_CODE


class TestNameless:
    def test_the_rest_is_anonymous(self) -> None:
        """Nothing is known: anonymous, also for executable memory where all may be that."""
        assert (
            kinds([anonymous(BASE, 4096), anonymous(BASE + 8192, 4096, "rwxp")])
            == [Kind.ANONYMOUS] * 2
        )

    @pytest.mark.parametrize(("stack", "kind"), [("rw-p", Kind.JIT_CODE), ("rwxp", Kind.ANONYMOUS)])
    def test_executable_memory(self, stack: str, kind: Kind) -> None:
        """It is code that the program made, unless the stack is executable as well."""
        line = f"7ffd00000000-7ffd00021000 {stack} 0 00:00 0 [stack] | rd wr mr mw me gd ac"
        assert kinds([anonymous(BASE, 4096, "rwxp"), *layout(line)])[0] is kind

    def test_no_access_is_guard(self) -> None:
        """A private nameless mapping without access is a guard or a reserve."""
        assert kinds([anonymous(BASE, 4096, "---p", "mr mw me")]) == [Kind.GUARD]

    def test_memory_mapped_registers(self) -> None:
        """The flag `io` without a name: device memory."""
        assert kinds([anonymous(BASE, 4096, "rw-s", "rd wr sh mr mw me ms pf io de dd")]) == [
            Kind.DEVICE
        ]

    def test_without_flags(self) -> None:
        """Captures of kernels before 3.8 have no VmFlags; nothing fails."""
        assert kinds([entry("1000-2000 rw-p 0 00:00 0 | -")]) == [Kind.ANONYMOUS]


#: Shows that the process has heaps of arenas.
_HEAP_FAR_AWAY = (
    anonymous(BASE + 99 * HEAP, MIB, "rw-p", ARENA),
    anonymous(BASE + 99 * HEAP + MIB, HEAP - MIB, "---p", RESERVE),
)


class TestArenas:
    def test_heap_with_reserve(self) -> None:
        """Both parts of an arena's heap are arena, at a multiple of 64 MiB."""
        entries = [
            anonymous(BASE, MIB, "rw-p", ARENA),
            anonymous(BASE + MIB, HEAP - MIB, "---p", RESERVE),
        ]
        assert kinds(entries) == [Kind.ARENA] * 2

    @pytest.mark.parametrize("size", [2 * HEAP, 1024 * MIB])
    def test_gigabytes_without_a_reserve(self, size: int) -> None:
        """Heaps that are all full show as one mapping; so does what any program maps: anonymous."""
        entries = [anonymous(BASE, size, "rw-p", ARENA)]
        assert kinds(entries) == [Kind.ANONYMOUS]
        apart = anonymous(BASE + size + HEAP, HEAP, "rw-p", ARENA)
        assert kinds([*entries, apart]) == [Kind.ANONYMOUS] * 2
        assert kinds([*entries, apart, *_HEAP_FAR_AWAY])[:2] == [Kind.ANONYMOUS, Kind.ARENA]

    def test_full_heaps_beside_a_heap(self) -> None:
        """Full heaps in one mapping are known by a heap right below or above, or by each other."""
        heap = [
            anonymous(BASE, MIB, "rw-p", ARENA),
            anonymous(BASE + MIB, HEAP - MIB, "---p", ARENA),
        ]
        above = [
            anonymous(BASE + HEAP, 2 * HEAP, "rw-p", ARENA + " hg"),
            anonymous(BASE + 3 * HEAP, 2 * HEAP, "rw-p", ARENA),
        ]
        below = [
            anonymous(BASE - 4 * HEAP, 2 * HEAP, "rw-p", ARENA),
            anonymous(BASE - 2 * HEAP, 2 * HEAP, "rw-p", ARENA + " hg"),
        ]
        assert kinds([*heap, *above]) == [Kind.ARENA] * 4
        assert kinds([*below, *heap]) == [Kind.ARENA] * 4
        assert kinds([*below, *heap, *above]) == [Kind.ARENA] * 6
        assert Kind.ARENA not in kinds([*below, *above])

    def test_full_heap_and_two_merged_heaps(self) -> None:
        """A full heap has no reserve; if the one above follows, both show as one mapping."""
        full = [anonymous(BASE, HEAP, "rw-p", ARENA)]
        merged = [
            anonymous(BASE, HEAP + MIB, "rw-p", ARENA),
            anonymous(BASE + HEAP + MIB, HEAP - MIB, "---p", RESERVE),
        ]
        assert kinds([*full, *_HEAP_FAR_AWAY]) == [Kind.ARENA] * 3
        assert kinds(merged) == [Kind.ARENA] * 2

    def test_64_mib_alone(self) -> None:
        """A program's own 64 MiB without reserve are no arena where no heap has a reserve."""
        assert kinds([anonymous(BASE, HEAP, "rw-p", ARENA)]) == [Kind.ANONYMOUS]

    @pytest.mark.parametrize("libc", ["libc.so.6", "libc-2.41.so"])
    def test_heap_of_newer_glibc(self, libc: str) -> None:
        """From glibc 2.41 on a heap bears no `nr`: it needs its reserve, and glibc itself."""
        heap = [
            anonymous(BASE, MIB, "rw-p", PLAIN),
            anonymous(BASE + MIB, HEAP - MIB, "---p", "mr mw me"),
        ]
        full = [anonymous(BASE + 4 * HEAP, HEAP, "rw-p", PLAIN)]
        below = [anonymous(BASE - HEAP, HEAP, "rw-p", PLAIN)]
        file = layout(f"7fffff000000-7fffff200000 r-xp 0 fe:01 7 /usr/lib/{libc}")
        assert kinds([*heap, *file]) == [Kind.ARENA, Kind.ARENA, Kind.LIBRARY_CODE]
        assert kinds([*below, *heap, *file])[:3] == [Kind.ARENA] * 3
        assert kinds([*heap, *full, *file])[2] is Kind.ANONYMOUS
        assert kinds(heap) == [Kind.ANONYMOUS, Kind.GUARD]
        alone = [*heap[:1], *file]
        assert kinds(alone) == [Kind.ANONYMOUS, Kind.LIBRARY_CODE]

    @pytest.mark.parametrize("flags", [(ARENA, RESERVE), (PLAIN, "mr mw me")])
    @pytest.mark.parametrize(
        "library", ["libjemalloc.so.2", "libmimalloc.so.2.0", "libtcmalloc_minimal.so.4.5.11"]
    )
    def test_another_malloc(self, flags: tuple[str, str], library: str) -> None:
        """Where another malloc is mapped, what has the shape of a heap is not glibc's."""
        entries = [
            anonymous(BASE, MIB, "rw-p", flags[0]),
            anonymous(BASE + MIB, HEAP - MIB, "---p", flags[1]),
            *layout(
                f"""
                7ffffe000000-7ffffe200000 r-xp 0 fe:01 6 /usr/lib/{library}
                7fffff000000-7fffff200000 r-xp 0 fe:01 7 /usr/lib/libc.so.6
                """
            ),
        ]
        assert Kind.ARENA not in kinds(entries)

    def test_heap_in_pieces(self) -> None:
        """Advice (madvise) splits the mapping; all pieces up to the boundary belong to the heap."""
        entries = [
            anonymous(BASE, MIB, "rw-p", ARENA + " hg"),
            anonymous(BASE + MIB, MIB, "rw-p", ARENA),
            anonymous(BASE + 2 * MIB, HEAP - 2 * MIB, "---p", RESERVE),
        ]
        assert kinds(entries) == [Kind.ARENA] * 3

    def test_reserve_behind_a_decorated_heap(self) -> None:
        """What glibc names is the writable part; its nameless reserve is arena as well."""
        entries = layout(
            f"""
            {BASE:x}-{BASE + MIB:x} rw-p 0 00:00 0 [anon: glibc: malloc arena] | {ARENA}
            {BASE + MIB:x}-{BASE + HEAP:x} ---p 0 00:00 0 | {RESERVE}
            """
        )
        assert kinds(entries) == [Kind.ARENA] * 2

    @pytest.mark.parametrize(
        "entries",
        [
            [
                anonymous(BASE + 4096, MIB, "rw-p", ARENA),
                anonymous(BASE + 4096 + MIB, HEAP - MIB - 4096, "---p", RESERVE),
            ],
            [
                anonymous(BASE, MIB, "rw-p", ARENA),
                anonymous(BASE + MIB + 4096, HEAP - MIB - 4096, "---p", RESERVE),
            ],
            [
                anonymous(BASE, MIB, "rw-p", PLAIN),
                anonymous(BASE + MIB, HEAP - MIB, "---p", "mr mw me"),
            ],
            [
                anonymous(BASE, MIB, "rw-p", ARENA),
                anonymous(BASE + MIB, 4 * HEAP - MIB, "---p", RESERVE),
            ],
            [anonymous(BASE, MIB, "rw-p", ARENA)],
        ],
        ids=["not aligned", "gap", "no nr", "reserve beyond the boundary", "no reserve"],
    )
    def test_what_is_no_arena(self, entries: list[MappingUsage]) -> None:
        """Each part of the rule is needed."""
        assert Kind.ARENA not in kinds(entries)

    def test_without_flags_the_geometry_has_to_do(self) -> None:
        """Before 3.8 there is no `nr`: start, reserve and boundary tell, but not for Go's heap."""

        def at(start: int) -> list[MappingUsage]:
            return [
                anonymous(start, 4 * MIB, "rw-p", "-"),
                anonymous(start + 4 * MIB, HEAP - 4 * MIB, "---p", "-"),
            ]

        assert kinds(at(BASE)) == [Kind.ARENA] * 2
        assert kinds(at(0xC000000000)) == [Kind.ANONYMOUS, Kind.GUARD]
        assert kinds([anonymous(BASE, HEAP, "rw-p", "-")]) == [Kind.ANONYMOUS]


class TestStacks:
    def test_glibc_stack_by_pointer(self) -> None:
        """The mapping that MAP_STACK marked and a pointer points into is a stack."""
        entries = [anonymous(BASE, 8 * MIB, flags=STACK)]
        assert kinds(entries, pointers(BASE + 8 * MIB - 3000)) == [Kind.THREAD_STACK]

    def test_one_mapping_with_several_stacks(self) -> None:
        """Stacks without guards merge: with or without the mark of MAP_STACK."""
        facts = pointers(BASE + 8 * MIB - 3000, BASE + 16 * MIB - 3000)
        for flags in (STACK, PLAIN, STACK + " gu"):
            assert kinds([anonymous(BASE, 16 * MIB, flags=flags)], facts) == [Kind.THREAD_STACK]

    def test_stack_given_by_the_user(self) -> None:
        """Plain memory of a stack's size with a pointer near its end."""
        entries = [anonymous(BASE, MIB)]
        assert kinds(entries, pointers(BASE + MIB - 5000)) == [Kind.THREAD_STACK]

    def test_deep_recursion_behind_a_guard(self) -> None:
        """A pointer far down is a stack's if a guard lies below."""
        entries = [anonymous(BASE, 4096, "---p", "mr mw me"), anonymous(BASE + 4096, 4 * MIB)]
        assert kinds(entries, pointers(BASE + 2 * MIB)) == [Kind.GUARD, Kind.THREAD_STACK]

    def test_stack_that_merged_with_other_memory(self) -> None:
        """Before 6.7: a guard, a stack, and 200 MiB of something else above it: not a stack."""
        entries = [anonymous(BASE, 4096, "---p", "mr mw me"), anonymous(BASE + 4096, 208 * MIB)]
        assert kinds(entries, pointers(BASE + 8 * MIB)) == [Kind.GUARD, Kind.ANONYMOUS]

    def test_pointer_into_a_large_block(self) -> None:
        """A stack inside a large piece of plain memory does not make all of it a stack."""
        assert kinds([anonymous(BASE, 4096 * MIB)], pointers(BASE + 70 * MIB)) == [Kind.ANONYMOUS]

    def test_pointer_into_an_arenas_reserve_neighbour(self) -> None:
        """The reserve of an arena is no guard of the mapping above it."""
        entries = [
            anonymous(BASE - MIB, MIB, "---p", RESERVE),
            anonymous(BASE, 8 * MIB),
        ]
        assert kinds(entries, pointers(BASE + MIB)) == [Kind.GUARD, Kind.ANONYMOUS]

    @pytest.mark.parametrize("flags", [PLAIN, PLAIN + " nh"])
    def test_go_heap(self, flags: str) -> None:
        """Go's threads make system calls on stacks inside its heap: the heap is no stack."""
        entries = [
            anonymous(0xC000000000, 4 * MIB, flags=flags),
            anonymous(0xC000400000, 60 * MIB, "---p", "mr mw me"),
        ]
        facts = pointers(0xC000400000 - 4000, 0xC000001000)
        assert kinds(entries, facts) == [Kind.ANONYMOUS, Kind.GUARD]

    def test_pointer_into_what_is_known_to_be_something_else(self) -> None:
        """Heap, arena, .bss, files and named memory keep their kind (sigaltstack, coroutines)."""
        entries = layout(
            f"""
            1000000-1021000 rw-p 0 00:00 0 [heap]
            2000000-2001000 rw-p 0 fe:01 7 /usr/bin/a
            2001000-2003000 rw-p 0 00:00 0
            3000000-3001000 rw-p 0 00:00 0 [anon: Go: heap]
            4000000-7000000 rw-p 0 00:00 0 | {ARENA}
            7000000-8000000 ---p 0 00:00 0 | {RESERVE}
            """
        )
        facts = KindHints(
            {tid: entries[tid].mapping.end - 64 for tid in range(5)},
            (Bss(0x2001000, 0x2003000, "/usr/bin/a"),),
        )
        assert kinds(entries, facts) == [
            Kind.HEAP,
            Kind.FILE,
            Kind.LIBRARY_BSS,
            Kind.RUNTIME,
            Kind.ARENA,
            Kind.ARENA,
        ]

    def test_made_as_a_stack_without_any_pointer(self) -> None:
        """MAP_STACK's mark on guard and mapping: of ended threads, or no pointer was read."""
        entries = [anonymous(BASE, 4096, "---p", GUARD), anonymous(BASE + 4096, MIB, flags=STACK)]
        assert kinds(entries) == [Kind.GUARD, Kind.THREAD_STACK]

    def test_guards_inside(self) -> None:
        """Stacks of glibc 2.42 need no pointer: MAP_STACK's mark and guard markers in one mapping.

        Either of them alone proves nothing.
        """
        size = 16 * MIB + 2 * 4096  # two, each with its guard
        assert kinds([anonymous(BASE, size, flags=STACK + " gu")]) == [Kind.THREAD_STACK]
        assert kinds([anonymous(BASE, size, flags=PLAIN + " gu")]) == [Kind.ANONYMOUS]
        assert kinds([anonymous(BASE, size, flags=STACK)]) == [Kind.ANONYMOUS]

    @pytest.mark.parametrize("flags", ["-", PLAIN])
    @pytest.mark.parametrize("size", [8 * MIB, 8 * MIB - 4096])
    def test_default_stack_of_kernels_before_6_7(self, size: int, flags: str) -> None:
        """Without marks only glibc's exact default size behind one guard page is a stack."""
        guard = anonymous(BASE, 4096, "---p", flags)
        assert kinds([guard, anonymous(BASE + 4096, size, flags=flags)])[1] is Kind.THREAD_STACK
        larger = anonymous(BASE + 4096, size + 8192, flags=flags)
        assert kinds([guard, larger])[1] is Kind.ANONYMOUS

    def test_size_proves_nothing_where_stacks_are_marked(self) -> None:
        """A buffer of 8 MiB behind a closed page is no stack if others bear MAP_STACK's mark."""
        guard = anonymous(BASE, 4096, "---p")
        buffer = anonymous(BASE + 4096, 8192 * 1024)
        marked = anonymous(BASE + (64 << 20), 4096, flags=f"{PLAIN} nh")
        assert kinds([guard, buffer, marked])[1] is Kind.ANONYMOUS

    def test_shadow_stack(self) -> None:
        """`ss` needs no pointer: the processor lets nothing but return addresses be in it."""
        assert kinds([anonymous(BASE, MIB, flags=PLAIN + " ss")]) == [Kind.THREAD_STACK]

    def test_grows_down_without_a_thread(self) -> None:
        """Any program may map with MAP_GROWSDOWN: it is a stack once a pointer is in it."""
        entries = [anonymous(BASE, 64 * MIB, flags=PLAIN + " gd")]
        assert kinds(entries) == [Kind.ANONYMOUS]
        assert kinds(entries, pointers(BASE - 64)) == [Kind.ANONYMOUS]
        assert kinds(entries, pointers(BASE + 32 * MIB)) == [Kind.THREAD_STACK]

    def test_pieces_of_the_main_stack(self) -> None:
        """Below [stack], without a gap, what grows down is the same stack, whatever it permits."""
        entries = layout(
            f"""
            7ff000000000-7ff000010000 rw-p 0 00:00 0 | {PLAIN} gd
            7ff000100000-7ff000120000 rw-p 0 00:00 0 | {PLAIN}
            7ff000120000-7ff000140000 rw-p 0 00:00 0 | {PLAIN} gd
            7ff000140000-7ff000141000 ---p 0 00:00 0 | mr mw me gd ac
            7ff000141000-7ff000150000 rwxp 0 00:00 0 | {PLAIN} gd
            7ff000150000-7ff000160000 rw-p 0 00:00 0 [stack] | {PLAIN} gd
            """
        )
        stack, other = Kind.THREAD_STACK, Kind.ANONYMOUS
        assert kinds(entries) == [other, other, stack, stack, stack, stack]
        alone = [each for each in entries if not each.mapping.pathname]
        assert Kind.THREAD_STACK not in kinds(alone)

    def test_pointer_into_nothing(self) -> None:
        """A pointer of a thread that ended meanwhile points nowhere; nothing follows from it."""
        assert kinds([anonymous(BASE, MIB, flags=STACK)], pointers(BASE + MIB)) == [Kind.ANONYMOUS]


class TestBss:
    FACTS = KindHints(bss=(Bss(BASE + 4096, BASE + 3 * 4096, "/usr/lib/liba.so"),))

    def test_inside_the_bounds(self) -> None:
        """A mapping wholly inside belongs to the library, also a piece of it."""
        entries = [anonymous(BASE + 4096, 8192)]
        found = attribute(entries, self.FACTS)[0][1]
        assert found == (Kind.LIBRARY_BSS, "/usr/lib/liba.so")
        assert kinds([anonymous(BASE + 2 * 4096, 4096)], self.FACTS) == [Kind.LIBRARY_BSS]

    @pytest.mark.parametrize(("start", "size"), [(1, 3), (0, 3), (3, 1), (0, 1)])
    def test_not_wholly_inside(self, start: int, size: int) -> None:
        """A merged mapping's figures cannot be split: it stays anonymous, as what is outside."""
        entries = [anonymous(BASE + start * 4096, size * 4096)]
        assert kinds(entries, self.FACTS) == [Kind.ANONYMOUS]

    def test_adjacency_is_no_evidence(self) -> None:
        """Without headers, memory behind a library's data is anonymous."""
        entries = layout(
            """
            7f0000000000-7f0000001000 r-xp 00000000 fe:01 7 /usr/lib/liba.so | rd ex mr mw me
            7f0000001000-7f0000002000 rw-p 00001000 fe:01 7 /usr/lib/liba.so
            7f0000002000-7f0000003000 rw-p 00000000 00:00 0
            """
        )
        assert kinds(entries)[2] is Kind.ANONYMOUS

    @pytest.mark.parametrize("name", ["[anon: glibc: .bss /usr/lib/lib]", "[anon:.bss]"])
    def test_named_by_the_loader(self, name: str) -> None:
        """The loader's own name for .bss, right behind a file, needs no headers."""
        entries = layout(
            f"""
            7f0000001000-7f0000002000 rw-p 00001000 fe:01 7 /usr/lib/liba.so
            7f0000002000-7f0000003000 rw-p 00000000 00:00 0 {name}
            7f0000005000-7f0000006000 rw-p 00000000 00:00 0 {name}
            """
        )
        found = [attribution for _, attribution in attribute(entries)]
        assert found[1] == (Kind.LIBRARY_BSS, "/usr/lib/liba.so")
        assert found[2].kind is Kind.NAMED_ANONYMOUS


_NAMES = st.one_of(
    st.sampled_from(["", "", "", "[heap]", "[stack]", "[anon:x 1]", "/a (deleted)", "/memfd:a"]),
    st.text(max_size=30),
)
_ENTRIES = st.builds(
    lambda start, size, perms, inode, name, flags: MappingUsage(
        Mapping(start << 12, (start + size) << 12, perms, 0, 1, inode, name),
        Usage(vm_flags=flags),
    ),
    st.integers(0, 200) | st.integers(0, 2**52 - 1),
    st.integers(0, 40),
    st.sampled_from(["rw-p", "---p", "r-xp", "rw-s", "rwxp"]),
    st.integers(0, 3),
    _NAMES,
    st.sampled_from([None, "", PLAIN, STACK, GUARD, ARENA, "zz ??"]),
)


@given(
    st.lists(_ENTRIES, max_size=30),
    st.dictionaries(st.integers(1, 9), st.integers(0, 2**64 - 1) | st.integers(0, 240 << 12)),
    st.lists(st.tuples(st.integers(0, 240), st.integers(0, 40)), max_size=4),
)
def test_any_layout_gets_one_kind_per_mapping(
    entries: list[MappingUsage], stack_pointers: dict[int, int], ranges: list[tuple[int, int]]
) -> None:
    """Torn layouts (overlapping, backwards) and odd names fail nowhere and lose no mapping.

    No byte outside of the bounds is ever booked as .bss.
    """
    bss = tuple(Bss(start << 12, (start + size) << 12, "/bss") for start, size in ranges)
    found = attribute(entries, KindHints(stack_pointers, bss))
    assert [each for each, _ in found] == entries
    for each, attribution in found:
        assert attribution.name or each.mapping.pathname
        if attribution == (Kind.LIBRARY_BSS, "/bss"):
            assert any(
                one.start <= each.mapping.start and each.mapping.end <= one.end for one in bss
            )
