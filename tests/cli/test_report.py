"""memory-watcher report: argv -> a file, what is said, exit code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.browser.stories import family, one_process, pair
from tests.programs import run


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    return one_process(tmp_path / "fire.db")


def report(*arguments: str | Path, cwd: Path | None = None) -> tuple[int, str]:
    """Run it; returns exit code and what it said, which is one line."""
    done = run("memory-watcher", "report", *arguments, cwd=cwd)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    return done.returncode, done.stderr


def test_a_report_stands_beside_its_recording(recorded: Path) -> None:
    """Without -o it has the recording's name and .html; its name and size are said."""
    code, said = report(recorded)
    path = recorded.with_suffix(".html")
    assert code == 0
    assert said.startswith(f"{path}: ")
    assert "KiB" in said
    assert path.read_text().startswith("<!doctype html>")
    assert path.stat().st_mode & 0o777 == 0o600  # it holds address layouts


def test_output_file(recorded: Path, tmp_path: Path) -> None:
    """-o names another file; one that is there is replaced."""
    path = tmp_path / "other"
    path.write_text("old")
    assert report(recorded, "-o", path)[0] == 0
    assert path.read_text().startswith("<!doctype html>")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["fire.db", "other"]


def test_an_empty_name_is_no_default(recorded: Path, tmp_path: Path) -> None:
    """-o "" (an unset variable of a shell) is refused; nothing is written."""
    code, said = report(recorded, "-o", "", cwd=tmp_path)
    words = "--output: its value is empty; give one, or leave it out"
    assert (code, said) == (2, f"memory-watcher report: {words}\n")
    assert [each.name for each in tmp_path.iterdir()] == ["fire.db"]


def test_to_a_pipe(recorded: Path) -> None:
    """-o /dev/stdout writes there, and says how much on stderr."""
    done = run("memory-watcher", "report", recorded, "-o", "/dev/stdout")
    assert done.returncode == 0
    assert done.stdout.startswith("<!doctype html>")
    assert done.stdout.rstrip().endswith("</html>")


def test_some_processes(tmp_path: Path) -> None:
    """-p may be given several times; all others are left out."""
    recorded = family(tmp_path / "family.db")
    sizes = []
    for options in ((), ("-p", "101", "-p", "103"), ("-p", "102")):
        assert report(recorded, *options)[0] == 0
        text = recorded.with_suffix(".html").read_text()
        sizes.append(re.findall(r"<title>(.*) · family.db</title>", text)[0])
    assert sizes == ["4 processes", "2 processes", "part2 (102)"]


def test_it_asks_for_nothing(recorded: Path) -> None:
    """No address of anything outside stands where a browser would follow it, and none may."""
    report(recorded)
    text = recorded.with_suffix(".html").read_text()
    policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert len(policy) == 1
    rules = dict(rule.split(" ", 1) for rule in policy[0].split("; "))
    assert rules["default-src"] == "'none'"
    assert re.fullmatch(r"'sha256-[^']+'", rules["script-src"])
    assert re.fullmatch(r"'sha256-[^']+'", rules["style-src"])
    assert not set(rules) & {"connect-src", "font-src", "frame-src", "object-src"}
    head = text[: text.index("<style>")]
    assert re.findall(r"(?:src|href)=\"([^\"]*)\"", head) == ["data:,"]
    assert "url(" not in text[: text.index('id="data"')]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["missing.db"], 1, ["missing.db", "no such recording"]),
        (["{file}", "-p", "7"], 1, ["no process with PID 7"]),
        (["{file}", "-p", "x"], 2, ["-p/--pid"]),
        (["{file}", "-o", "{file}"], 2, ["recording itself"]),
        (["{file}", "-o", "nowhere/x.html"], 1, ["nowhere/x.html", "cannot write"]),
        (["{file}", "-o", "."], 1, ["cannot write"]),
        ([], 2, ["FILE"]),
    ],
)
def test_bad_input(
    recorded: Path, tmp_path: Path, arguments: list[str], code: int, words: list[str]
) -> None:
    """One line that says what is wrong; nothing is left behind."""
    before = recorded.read_bytes()
    given = [argument.format(file=recorded) for argument in arguments]
    told, said = report(*given, cwd=tmp_path)
    assert told == code
    assert all(word in said for word in words), said
    assert [each.name for each in tmp_path.iterdir()] == ["fire.db"]
    assert recorded.read_bytes() == before


def test_a_full_disk_leaves_no_half_report(recorded: Path, tmp_path: Path) -> None:
    """What could not be written whole is removed; what was there before stays."""
    path = tmp_path / "kept.html"
    path.write_text("old")
    done = run(
        "memory-watcher",
        "report",
        recorded,
        "-o",
        path,
        before=["sh", "-c", 'ulimit -f 8; trap "" XFSZ; exec "$@"', "sh"],
    )
    assert done.returncode == 1
    assert "cannot write" in done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted(each.name for each in tmp_path.iterdir()) == ["fire.db", "kept.html"]
    assert path.read_text() == "old"


def test_hostile_names_stay_in_the_data(tmp_path: Path) -> None:
    """The file's name is all of a recording that stands in the page as text, and it is escaped."""
    recorded = one_process(tmp_path / "a<b>\"'&.db")
    assert report(recorded)[0] == 0
    text = recorded.with_suffix(".html").read_text()
    assert "<title>fire&lt;fox&gt; (100) · a&lt;b&gt;&quot;&#x27;&amp;.db</title>" in text
    assert "a<b>" not in text
    assert "window.hacked" not in text


def test_two_recordings(recorded: Path, tmp_path: Path) -> None:
    """The page about both stands beside the first, by default of all processes."""
    other = one_process(tmp_path / "later.db")
    code, said = report(recorded, other)
    assert code == 0, said
    page = recorded.with_suffix(".html").read_text()
    assert "<title>fire.db → later.db</title>" in page
    assert "window.hacked" not in page
    assert report(recorded, other, "-p", "100", "-o", tmp_path / "one.html")[0] == 0


def test_processes_of_two_recordings(tmp_path: Path) -> None:
    """--process and --process-b say who is compared with whom, if names differ."""
    one, other = family(tmp_path / "a.db"), pair(tmp_path)[1]
    code, said = report(one, other)
    assert (code, "have no process name in common" in said) == (1, True)
    assert "choose a process of each with --process and --process-b" in said
    options = ("--process", "part1", "--process-b", "fire<fox>")
    assert report(one, other, *options)[0] == 0
    assert "a.db → after.db" in one.with_suffix(".html").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["fire.db", "fire.db"], 2, ["fire.db and fire.db are the same recording; name two"]),
        (["fire.db", "b.db", "-o", "b.db"], 2, ["recording itself"]),
        (["fire.db", "b.db", "b.db"], 2, ["unrecognized arguments: b.db"]),
        (["fire.db", "missing.db"], 1, ["missing.db", "no such recording"]),
        (["fire.db", "b.db", "-p", "100", "-p", "2"], 2, ["--pid: with two recordings choose one"]),
        (["fire.db", "b.db", "--process", "no"], 1, ["no process 'no'; there is: 'fire<fox>'"]),
        (["fire.db", "--process", "x"], 2, ["--process has no effect without FILE_B"]),
        (["fire.db", "--process-b", "x"], 2, ["--process-b has no effect without FILE_B"]),
    ],
)
def test_bad_input_of_two(
    recorded: Path, tmp_path: Path, arguments: list[str], code: int, words: list[str]
) -> None:
    """One line that says what is wrong; nothing is left behind."""
    (tmp_path / "b.db").write_bytes(recorded.read_bytes())
    told, said = report(*arguments, cwd=tmp_path)
    assert told == code, said
    assert all(word in said for word in words), said
    assert sorted(each.name for each in tmp_path.iterdir()) == ["b.db", "fire.db"]
