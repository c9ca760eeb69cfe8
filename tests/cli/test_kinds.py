"""memory-watcher kinds: arguments to output and exit code."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.programs import run

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(name="file", scope="module")
def recording_of_redis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return loaded("runtimes/redis-7.smaps", tmp_path_factory.mktemp("kinds"))


def loaded(name: str, folder: Path) -> Path:
    file = folder / "a.db"
    done = run("memory-load-smaps", DATA / name, "--database-file", file, "--name", "server")
    assert done.returncode == 0, done.stderr
    return file


def page(file: Path, *arguments: str) -> str:
    done = run("memory-watcher", "kinds", file, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def facts(file: Path, *arguments: str) -> Any:
    return json.loads(page(file, *arguments, "--json"))


def extent(file: Path) -> str:
    """The header of the biggest mapping of jemalloc's."""
    shown = json.loads(run("memory-peak", file, "--by", "mapping", "--json").stdout)["groups"]
    found = next(group for group in shown if group["kind"] == "allocator")
    return str(found["name"]).split()[0]


def test_all_of_a_process(file: Path) -> None:
    """A line for each name, the biggest first, with how it is known."""
    head, empty, titles, first, *_ = page(file).splitlines()
    assert re.fullmatch(r"server \(\d+\), \S+: \d+ mappings", head) and not empty
    assert re.split(r"\s{2,}", titles.strip()) == ["PSS", "mappings", "kind", "name", "known by"]
    assert re.match(
        r"57 824 Ki +\d+  allocator +jemalloc +/\S+/libjemalloc\.so\.2 is executed. MAP_NORESERVE",
        first,
    )


def test_groups_add_up(file: Path) -> None:
    """All mappings are in one group, and each group says on what grounds."""
    groups = facts(file)["groups"]
    shown = json.loads(run("memory-peak", file, "--json").stdout)
    assert sum(group["size"]["bytes"] for group in groups) == shown["sum"]["bytes"]
    assert {group["basis"] for group in groups} >= {"runtime", "program", "nothing", "stack"}
    assert all(bool(group["rule"]) == (group["basis"] == "runtime") for group in groups)


def test_why(file: Path) -> None:
    """The mapping that holds an address: its evidence, and what that was compared with."""
    header = extent(file)
    text = page(file, "--why", header.split("-")[0])
    assert f"mapping:          {header} rw-p" in text
    assert "kind:             allocator\nname:             jemalloc\n" in text
    assert re.search(r"^executed: +/\S+/libjemalloc\.so\.2$", text, re.MULTILINE)
    for word in ("it shows", "refuted by", "compared with", "flags"):
        assert re.search(rf"^{word}: +\S", text, re.MULTILINE)
    start, end = (int(edge, 16) for edge in header.split("-"))
    for written in (header, f"0x{start:x}", f"{start:x}", f"{end - 1:X}"):
        found = facts(file, "--why", written)
        assert (found["start"], found["end"], found["name"]) == (start, end, "jemalloc")
    assert found["rule"]["key"] == "jemalloc" and not found["not_proven"]
    assert found["rule"]["compared_with"][0]["figure"] == "allocator_resident"


def test_why_not(file: Path) -> None:
    """Of anonymous memory it says which rule of the process's runtimes does not hold on it."""
    mappings = json.loads(run("memory-peak", file, "--by", "mapping", "--json").stdout)["groups"]
    unknown = next(group for group in mappings if group["kind"] == "anonymous")
    found = facts(file, "--why", unknown["name"].split()[0])
    assert (found["basis"], found["rule"]) == ("nothing", None)
    assert [each["key"] for each in found["not_proven"]] == ["jemalloc"]
    text = page(file, "--why", unknown["name"].split()[0])
    assert re.search(r"^not proven: +jemalloc: /\S+ is executed. MAP_NORESERVE", text, re.MULTILINE)


def test_what_else_is_executed(tmp_path: Path) -> None:
    """Of memory that elimination cannot name it says which other file may have mapped it."""
    text = (DATA / "runtimes" / "python-3.11.smaps").read_bytes()
    changed = tmp_path / "changed.smaps"
    changed.write_bytes(text.replace(b"/libz.so.1.2.13", b"/libopenblas.so.0"))
    assert "Python heap" in page(loaded("runtimes/python-3.11.smaps", tmp_path))
    (folder := tmp_path / "changed").mkdir()
    file = loaded(str(changed), folder)
    assert "Python heap" not in page(file)
    mappings = json.loads(run("memory-peak", file, "--by", "mapping", "--json").stdout)["groups"]
    unknown = next(group for group in mappings if group["kind"] == "anonymous")
    address = unknown["name"].split()[0]
    (rule,) = facts(file, "--why", address)["not_proven"]
    assert (rule["key"], rule["executed"]) == ("python", "/usr/bin/python3.11")
    assert rule["executed_beside"] == "/usr/lib/x86_64-linux-gnu/libopenblas.so.0"
    shown = "".join(page(file, "--why", address).split())  # lines may end within a path
    assert f"Sois{rule['executed_beside']},whichmayhavemappedit." in shown


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--why", "zz"], 2, "--why: 'zz' is no address; write it in hexadecimal"),
        (["--why", "0x"], 2, "--why: '0x' is no address"),
        (["--why", "-"], 2, "is no address"),
        (["--why", "0"], 1, "nothing is mapped at 0 in this measurement; next to it lie"),
        (["--measurement-time", "x"], 2, "--measurement-time: "),
        (["-p", "5"], 1, "5"),
        (["--by", "reservation", "--why", "0"], 2, "--by has no effect beside --why"),
        (["--by", "reservation", "--why", "0"], 2, "--by has no effect beside --why"),
    ],
)
def test_refused(file: Path, arguments: list[str], code: int, said: str) -> None:
    """In one line, with what helps."""
    done = run("memory-watcher", "kinds", file, *arguments)
    assert said in done.stderr and done.stderr.count("\n") == 1 and not done.stdout
    assert done.returncode == code


def test_by_reservation(tmp_path: Path) -> None:
    """The heap with what is reserved for it, beside arenas of malloc and the like."""
    file = loaded("runtimes/java-17.smaps", tmp_path)
    found = facts(file, "--by", "reservation")["reservations"]
    heap = next(each for each in found if each["name"] == "Java heap")
    assert heap["start"] == 0x687400000
    assert heap["end"] - heap["start"] == heap["reserved"] > heap["accessible"] > 0
    groups = facts(file)["groups"]
    (java,) = (group["size"]["bytes"] for group in groups if group["name"] == "Java heap")
    held = sum(each["size"]["bytes"] for each in found if each["name"] == "Java heap")
    assert 0.99 * java <= held <= java, "pieces between archives of classes are not held"
    arenas = [each for each in found if each["kind"] == "malloc arena"]
    assert arenas and all(each["reserved"] == 64 << 20 for each in arenas)
    (space,) = (each for each in found if each["name"] == "anonymous")
    assert (space["reserved"], space["pieces"]) == (1 << 30, 2), "class space"
    titles, first, *_ = page(file, "--by", "reservation").splitlines()[2:]
    assert re.split(r"\s{2,}", titles.strip())[:3] == ["reserved", "accessible", "pieces"]
    assert re.search(r"runtime +Java heap +687400000-", first)


def test_nothing_is_reserved(tmp_path: Path) -> None:
    """It says so."""
    text = page(loaded("proc/6.18-cat/smaps", tmp_path), "--by", "reservation")
    assert text.endswith("\nNothing is proven to have been reserved together.\n")


def test_names_are_escaped(tmp_path: Path) -> None:
    """Whatever a file is called."""
    text = (DATA / "proc" / "names" / "smaps").read_bytes()
    capture = tmp_path / "a.smaps"
    capture.write_bytes(text)
    file = tmp_path / "a.db"
    assert (
        run("memory-load-smaps", capture, "--database-file", file, "--name", "server").returncode
        == 0
    )
    shown = page(file)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", shown)
    for group in facts(file)["groups"]:
        assert group["known_by"].endswith(".")


def with_report(file: Path, folder: Path, *reports: tuple[int, str]) -> Path:
    """A copy of a recording, to which a runtime's words are added: tick and text."""
    copy = folder / "said.db"
    shutil.copyfile(file, copy)
    with closing(sqlite3.connect(copy)) as connection:
        connection.executemany(
            "INSERT INTO runtime_reports VALUES (1, ?, 'jcmd', 1534514283942000000, ?)", reports
        )
        connection.commit()
    return copy


def test_what_the_runtime_says(file: Path, tmp_path: Path) -> None:
    """The answer nearest to the moment, understood as far as it is; in JSON with its text."""
    near = " def new generation   total 9216K, used 1024K\nNative memory tracking is not enabled\n"
    copy = with_report(file, tmp_path, (1, near), (900, near.replace("1024K", "7K")))
    assert page(copy).split("\n\n")[-1].splitlines()[1:] == [
        "  Java heap  committed 9 216 Ki, used 1 024 Ki",
        "Its native memory tracking is off. Start the program with"
        " -XX:NativeMemoryTracking=summary to see more.",
    ]
    told = facts(copy)["runtime_says"]
    assert told["parts"] == [{"name": "Java heap", "committed": 9 << 20, "used": 1 << 20}]
    assert (told["native_memory_tracking"], told["text"]) == (None, near)
    assert told["time_ns"] == 1534514283942000000
    assert run("memory-watcher", "verify", copy).returncode == 0


@pytest.mark.parametrize(
    "text", ["", "\x1b[31m[b]<i>\n" * 9, "- \x1b[0m (reserved=1KB, committed=1KB)"]
)
def test_what_a_program_says_that_lies(file: Path, tmp_path: Path, text: str) -> None:
    """Nothing is made up, and nothing of it reaches the terminal."""
    shown = page(with_report(file, tmp_path, (1, text)))
    assert shown.endswith("\n  Nothing of it is understood. It is in the table runtime_reports.\n")
    assert "\x1b" not in shown


def test_who_was_not_asked_says_nothing(file: Path) -> None:
    """No line of it; null in JSON."""
    assert "own word" not in page(file)
    assert facts(file)["runtime_says"] is None
