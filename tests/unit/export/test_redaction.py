"""--redact: no format holds what names a file, a user or a machine, in whichever packing."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.export.names import names_of
from memory_watcher.export.otlp_collector import Collector
from memory_watcher.export.registry import FORMATS, folder_exporter, sender
from memory_watcher.export.request import Request
from memory_watcher.model import Reading, Usage
from memory_watcher.store.recording import Recording
from tests.exports import exported
from tests.otlp_receiver import receiver
from tests.recordings import KI, RecordingBuilder, mapping

#: Large enough that no figure has these digits or bytes by chance.
START_TIME, INODE, DEVICE, UID = 0x0123_4567_89AB, 0x1234_5678_9ABC_DEF0, 0x7ABC_DEF1, 0x6BCD_EF12
WORDS = (
    *(
        "hidden-host",
        "6.1.99-hidden",
        "hidden-boot",
        "hidden-program",
        "hidden-file",
        "hidden-build",
    ),
    *("hidden-argument", "hidden.slice", "hidden-exe", "hidden-recording", "hidden-name"),
)
BUILD_ID = "abcdef0123456789abcdef0123456789abcdef01"


@pytest.fixture(name="path", scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of which nothing may be known outside but sizes, kinds, addresses and times."""
    builder = RecordingBuilder(tmp_path_factory.mktemp("redact") / "hidden-recording.db")
    builder.execute("UPDATE machines SET boot_id = ?, hostname = ?, kernel = ?", *_machine())
    process = builder.process(4711, "hidden-program", START_TIME)
    builder.command_line(process, "hidden-program --password hidden-argument")
    builder.execute("UPDATE processes SET uid = ?, cgroup = '0::/hidden.slice'", UID)
    builder.execute("UPDATE paths SET pathname = '/usr/bin/hidden-exe'")
    header = mapping(0x1000, pathname="/srv/hidden-file", inode=INODE)._replace(dev=DEVICE)
    usage = Usage(rss=4 * KI, pss=4 * KI, private_clean=0, private_dirty=4 * KI, private_hugetlb=0)
    named = mapping(0x9000_0000, pathname="[anon:hidden-name]")
    builder.tick()
    builder.layout(process, [(header, usage), (named, usage)], Reading(resident=8 * KI, size=KI))
    builder.execute("INSERT INTO build_ids VALUES (1, ?, ?, ?)", DEVICE, INODE, BUILD_ID)
    builder.end_run()
    return builder.close()


def _machine() -> tuple[str, str, str]:
    return "hidden-boot", "hidden-host", "6.1.99-hidden"


def sent(path: Path) -> bytes:
    """What goes over the wire, unpacked."""
    with receiver() as got, Recording(path) as recording:
        request = Request(recording, recording.processes(), names_of(recording, True), "name")
        collector = Collector(f"{got.endpoint}/v1/metrics", "0", lambda text: None)
        with closing(collector):
            sender("otlp").send(request, collector)
    return b"".join(got.bodies)


def tables(path: Path, folder: Path) -> Iterator[bytes]:
    """The files of Parquet as they are, and all that a reader finds in them, unpacked."""
    parquet: Any = pytest.importorskip("pyarrow.parquet")
    with Recording(path) as recording:
        request = Request(recording, recording.processes(), names_of(recording, True), "mapping")
        folder_exporter("parquet").write_folder(request, str(folder))
    for file in sorted(folder.iterdir()):
        yield file.read_bytes()
        table = parquet.read_table(file)
        yield repr((table.to_pylist(), table.schema.metadata)).encode()


def database(data: bytes, file: Path) -> bytes:
    """A database as it is, and as SQL."""
    file.write_bytes(data)
    with closing(sqlite3.connect(file)) as connection:
        return data + "\n".join(connection.iterdump()).encode()


def unpacked(form: str, path: Path, tmp_path: Path) -> bytes:
    """All bytes of a redacted export, unpacked as well."""
    told = FORMATS[form]
    if told.makes == "requests":
        return sent(path)
    if told.makes == "folder":
        (tmp_path / "folder").mkdir()
        found = b"".join(tables(path, tmp_path / "folder"))
        return found + exported(form, path, redact=True, by="mapping")
    if told.makes == "database":
        return database(exported(form, path, redact=True), tmp_path / "file")
    data = exported(form, path, redact=True, by=told.by[-1])
    return data + gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data


def written(number: int) -> Iterator[bytes]:
    """A number as any of these formats would have it."""
    yield str(number).encode()
    yield f"{number:x}".encode()
    for size in (8, (number.bit_length() + 7) // 8):
        yield number.to_bytes(size, "little")
        yield number.to_bytes(size, "big")
    septets = []
    while number:
        septets.append(number & 0x7F | (0x80 if number > 0x7F else 0))
        number >>= 7
    yield bytes(septets)


@pytest.mark.parametrize("form", [name for name, each in FORMATS.items() if each.by])
def test_no_format_tells_a_name_or_a_machine(path: Path, form: str, tmp_path: Path) -> None:
    """Host, kernel, boot, inode, device, start time, user, build, paths, names, arguments."""
    data = unpacked(form, path, tmp_path)
    assert len(data) > 40
    for word in WORDS:
        assert word.encode() not in data, word
    assert BUILD_ID.encode() not in data
    assert bytes.fromhex(BUILD_ID) not in data
    for what, number in (
        *(("start time", START_TIME), ("inode", INODE), ("device", DEVICE), ("uid", UID)),
    ):
        for each in written(number):
            assert each not in data, what


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_the_same_is_told_without_it(path: Path, form: str) -> None:
    """So the test above looks for what is there."""
    assert str(INODE).encode() in exported(form, path, by="mapping") or form == "parquet"
    assert b"hidden-file" in exported(form, path, by="mapping")
