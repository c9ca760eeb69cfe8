"""What was recorded that tells the kinds of mappings."""

from __future__ import annotations

from ...model import ElfSegment, KindEvidence
from ...recorded import RuntimeReport
from ..readonly import ReadOnlyDatabase

_PAGE_SIZE = 4096


class Files:
    """The paths of all files that were mapped: read anew only when there are more."""

    def __init__(self, database: ReadOnlyDatabase) -> None:
        self._database = database
        self._last: int | None = None
        self._known: frozenset[str] = frozenset()

    def all(self) -> frozenset[str]:
        """Give them; the same object as long as there are no more."""
        (last,) = self._database.row("SELECT max(id) FROM paths") or (None,)
        if last != self._last:
            rows = self._database.rows(
                "SELECT pathname FROM paths WHERE substr(pathname, 1, 1) = '/'"
            )
            self._last, self._known = last, frozenset(name for (name,) in rows)
        return self._known


def kind_evidence(
    database: ReadOnlyDatabase, process_id: int, tick: int, files: Files
) -> KindEvidence:
    """Stack pointers of the threads that lived at a tick, what it ran then, and all ELF segments.

    A pointer that was found only after the tick counts too, if its thread was seen before: a stack
    does not move, and a thread that ran when it was asked was asked again.
    """
    machine = database.row(
        "SELECT m.id, m.page_size FROM processes AS p JOIN machines AS m ON m.id = p.machine_id"
        " WHERE p.id = ?",
        process_id,
    )
    machine_id, page_size = machine or (0, None)
    pointers = database.rows(
        "SELECT tid, stack_pointer FROM stack_pointers WHERE process_id = ? AND first_tick <= ?"
        " AND (last_tick IS NULL OR last_tick >= ?)",
        *(process_id, tick, tick),
    )
    return KindEvidence(
        {tid: _unsigned(pointer) for tid, pointer in pointers},
        _segments(database, machine_id),
        page_size or _PAGE_SIZE,
        _marks(database, machine_id),
        _exe(database, process_id, tick),
        files.all(),
    )


def _exe(database: ReadOnlyDatabase, process_id: int, tick: int) -> str | None:
    """The file that a process ran at a tick; before its first image that of this."""
    row = database.row(
        "SELECT exe FROM images WHERE process_id = ?"
        " ORDER BY first_tick > ?, CASE WHEN first_tick > ? THEN first_tick ELSE -first_tick END"
        " LIMIT 1",
        *(process_id, tick, tick),
    )
    return row[0] if row else None


def _segments(
    database: ReadOnlyDatabase, machine_id: int
) -> dict[tuple[int, int], tuple[ElfSegment, ...]]:
    found: dict[tuple[int, int], list[ElfSegment]] = {}
    for dev, inode, offset, address, *rest in database.rows(
        'SELECT dev, inode, "offset", address, file_size, memory_size, flags FROM elf_segments'
        " WHERE machine_id = ? ORDER BY dev, inode, number",
        machine_id,
    ):
        segment = ElfSegment(offset, _unsigned(address), *rest)
        found.setdefault((dev, _unsigned(inode)), []).append(segment)
    return {file: tuple(segments) for file, segments in found.items()}


def _marks(database: ReadOnlyDatabase, machine_id: int) -> dict[tuple[int, int], list[str]]:
    if not database.has_table("file_marks"):
        return {}
    found: dict[tuple[int, int], list[str]] = {}
    for dev, inode, mark in database.rows(
        "SELECT dev, inode, mark FROM file_marks WHERE machine_id = ? ORDER BY dev, inode, mark",
        machine_id,
    ):
        found.setdefault((dev, _unsigned(inode)), []).append(mark)
    return found


def build_ids(database: ReadOnlyDatabase, process_id: int) -> dict[tuple[int, int], str]:
    """Build IDs of files of the machine of a process, in hexadecimal, by (dev, inode)."""
    if not database.has_table("build_ids"):
        return {}
    rows = database.rows(
        "SELECT dev, inode, build_id FROM build_ids AS b JOIN processes AS p USING (machine_id)"
        " WHERE p.id = ?",
        process_id,
    )
    return {(dev, _unsigned(inode)): build_id for dev, inode, build_id in rows}


def builds_by_path(database: ReadOnlyDatabase) -> dict[str, frozenset[str]]:
    """The build IDs that files of a name had, by the name; several if it was replaced."""
    if not database.has_table("build_ids"):
        return {}
    found: dict[str, set[str]] = {}
    for pathname, build_id in database.rows(
        "SELECT DISTINCT p.pathname, b.build_id FROM build_ids AS b"
        " JOIN files AS f ON f.dev = b.dev AND f.inode = b.inode"
        " JOIN paths AS p ON p.id = f.path_id"
    ):
        found.setdefault(pathname, set()).add(build_id)
    return {pathname: frozenset(builds) for pathname, builds in found.items()}


def runtime_report(database: ReadOnlyDatabase, process_id: int, tick: int) -> RuntimeReport | None:
    """What the runtime of a process said nearest to a tick, before it or after it."""
    if not database.has_table("runtime_reports"):
        return None
    row = database.row(
        "SELECT time_ns, source, substr(report, 1, 1048576) AS report FROM runtime_reports"
        " WHERE process_id = ? ORDER BY abs(tick - ?), tick, source LIMIT 1",
        *(process_id, tick),
    )
    return RuntimeReport(*row) if row else None


def _unsigned(number: int) -> int:
    return number % (1 << 64)
