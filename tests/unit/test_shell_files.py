"""The man pages and completions that go into a wheel, against each program's own help."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from memory_watcher import cli
from memory_watcher.cli.fleet import ACTIONS

from ..modules import module_at
from ..programs import environment, run

pytest.importorskip("shtab", reason="the extra dev brings it")
pytest.importorskip("argparse_manpage", reason="the extra dev brings it")

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ["memory-watcher", *cli.PROGRAMS]
#: The title of each man page -> the command line whose help it tells.
PAGES = {
    "memory-watcher": ["memory-watcher"],
    **{program: [program] for program in cli.PROGRAMS},
    **{f"memory-watcher-{name}": ["memory-watcher", name] for name in cli.COMMANDS},
}
#: What values are called that are neither a file nor a folder.
WORDS = {
    *(
        "ADDRESS",
        "DURATION",
        "ID",
        "ID|NAME",
        "ISO",
        "MOMENT",
        "MS",
        "N",
        "NAME",
        "NAME|UID",
        "PATH",
        "PATTERN",
        "ZONE",
        "URL",
    ),
    *("PERCENT", "PID", "PID [PERIOD]", "PIXELS", "REGEX", "SIZE", "TIME"),
}
#: How each shell checks a script without running it.
CHECKS = {"bash": ["bash", "-n"], "zsh": ["zsh", "-n"], "fish": ["fish", "--no-execute"]}
#: Completes the words that it is given, and prints what bash would offer.
IN_BASH = """
. "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
how=$(complete -p "$1"); how=${how##*-F }; how=${how%% *}
"$how" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""
#: Completes a line in a zsh on a terminal, and writes what zsh would offer into a file.
IN_ZSH = """
fpath=($SITE $fpath); autoload -U compinit; compinit -u -D
compadd() {
  [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]] && { builtin compadd "$@"; return }
  local -a hits
  builtin compadd -A hits "$@"
  print -rl -- $hits >> $OFFERED
}
finished() { exit }
ends-here() { comppostfuncs=(finished); zle complete-word; exit }
zle -N ends-here; bindkey '^I' ends-here
"""


@pytest.fixture(scope="module")
def share(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tell the folder share/ of an installation, as hatch_build.py makes it."""
    folder = tmp_path_factory.mktemp("installed")
    written = module_at(ROOT / "hatch_build.py")._write_shell_files(str(folder))
    assert all(str(folder / name) == path for path, name in written.items())
    return folder / "share"


def script(share: Path, shell: str, program: str) -> Path:
    places = {
        "bash": f"bash-completion/completions/{program}",
        "zsh": f"zsh/site-functions/_{program}",
        "fish": f"fish/vendor_completions.d/{program}.fish",
    }
    return share / places[shell]


def help_of(*words: str) -> str:
    return run(*words, "--help").stdout


def options_of(*words: str) -> set[str]:
    """All options that stand at the start of a line of help, and those beside them."""
    lines = re.findall(r"^  (-.*?)(?:  |$)", help_of(*words), re.MULTILINE)
    return {option for line in lines for option in re.findall(r"(?<![\w-])--?[a-z][\w-]*", line)}


def shown(page: Path) -> str:
    """A page as `man` shows it, without emphasis, in wide lines."""
    text = subprocess.run(
        ["groff", "-man", "-Tascii", "-ww", "-P-cbou", "-rLL=400n", str(page)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert text.stderr == ""
    return text.stdout


def test_every_program_has_them(share: Path) -> None:
    assert {path.name.removesuffix(".1") for path in (share / "man/man1").iterdir()} == set(PAGES)
    for shell in CHECKS:
        scripts = {script(share, shell, program) for program in PROGRAMS}
        assert set(script(share, shell, "memory-watcher").parent.iterdir()) == scripts


def test_programs_are_those_of_the_package() -> None:
    scripts = (ROOT / "pyproject.toml").read_text().partition("[project.scripts]\n")[2]
    names = re.findall(r"^([\w-]+) = ", scripts.partition("\n\n")[0], re.MULTILINE)
    assert sorted(names) == sorted(PROGRAMS)


@pytest.mark.parametrize("title", PAGES)
def test_a_page_tells_all_options(share: Path, title: str) -> None:
    """Each option of the help stands in bold at its own entry; --help is left to the synopsis."""
    page = (share / "man/man1" / f"{title}.1").read_text(encoding="utf-8")
    actions = ACTIONS if PAGES[title][-1] == "fleet" else ()
    helps = [options_of(*PAGES[title], *words) for words in ((), *((each,) for each in actions))]
    expected = set().union(*helps) - {"-h", "--help"}
    assert {"-v", "--version"} <= expected
    entries = "\n".join(re.findall(r"^\.TP\n(.*)$", page, re.MULTILINE))
    told = set(re.findall(r"\\fB(-[\w\\-]*|\\-[\w\\-]*)\\fR", entries))
    assert {option.replace("\\", "") for option in told} == expected


def test_the_first_page_tells_all_commands(share: Path) -> None:
    page = (share / "man/man1/memory-watcher.1").read_text(encoding="utf-8")
    for name in cli.COMMANDS:
        assert f".BR memory\\-watcher\\-{name.replace('-', chr(92) + '-')} (1)\n" in page


@pytest.mark.parametrize("title", PAGES)
@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_a_page_shows_all_words_of_the_help(share: Path, title: str) -> None:
    """No line is taken for a command of the page's language: `.png`, `'postgres*'`."""
    if title == "memory-watcher":
        return  # its commands are told in other words
    text = " ".join(shown(share / "man/man1" / f"{title}.1").split())
    described = help_of(*PAGES[title]).partition("\n\n")[2]
    described = described.replace("positional arguments:", "arguments")
    for word in re.sub(r"-h, --help +show this help message and exit", "", described).split():
        assert not word.isascii() or word.rstrip(":").lower() in text.lower(), word


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_examples_are_lines_to_copy(share: Path) -> None:
    text = shown(share / "man/man1/memory-record.1")
    assert re.search(r"^ +memory-record --name 'postgres\*' {2,}by name", text, re.MULTILINE)
    assert re.search(r"^ +memory-record -p 1234 --period 200ms --output server.db$", text, re.M)


def test_a_page_is_the_same_on_every_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    module = module_at(ROOT / "shell_files.py")
    monkeypatch.setenv("COLUMNS", "40")
    narrow = module.make()
    monkeypatch.setenv("COLUMNS", "200")
    assert module.make() == narrow


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("shell", CHECKS)
def test_completions_know_every_option(share: Path, shell: str, program: str) -> None:
    text = script(share, shell, program).read_text(encoding="utf-8")
    commands = [[program, name] for name in cli.COMMANDS] if program == "memory-watcher" else []
    commands += [[program, "fleet", action] for action in ACTIONS if commands]
    for words in [[program], *commands]:
        for option in options_of(*words):
            written = option
            if shell == "fish":
                written = f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}"
            assert re.search(rf"(?<![\w-]){re.escape(written)}(?![\w-])", text), option
    if commands:
        assert all(name in text for name in cli.COMMANDS)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("shell", CHECKS)
def test_the_shell_takes_its_script(share: Path, shell: str, program: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    path = script(share, shell, program)
    done = subprocess.run([*CHECKS[shell], str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


#: A command line, and all that is offered for its last word; None are the files of the folder.
OFFERED: dict[tuple[str, ...], list[str] | None] = {
    ("memory-watcher", ""): [*cli.COMMANDS],
    ("memory-watcher", "re"): ["record", "repair", "replay", "report"],
    ("memory-watcher", "chart", "--by", ""): ["kind", "mapping", "name", "process"],
    ("memory-chart", "--process-memory", "s"): ["swap"],
    ("memory-record", "--max-"): ["--max-cpu", "--max-size", "--max-stall"],
    ("memory-watcher", "report", ""): None,
    ("memory-record", "--output", ""): None,
    ("memory-load-smaps", "--database-file", ""): None,
    ("memory-peak", ""): None,
    ("memory-watcher", "repair", "a.db", "-o", ""): None,
    ("memory-watcher", "diff", ""): None,
    ("memory-watcher", "diff", "a.db", ""): None,
    ("memory-watcher", "diff", "--runs", "a.db", ""): None,
    ("memory-watcher", "report", "a.db", ""): None,
    ("memory-watcher", "check", "a.db", ""): None,
    ("memory-watcher", "budget", "init", "a.db", ""): None,
    ("memory-watcher", "check", "--bud"): ["--budget"],
    ("memory-watcher", "budget", ""): ["init"],
    ("memory-watcher", "record", "--", "only-th"): ["only-this-program"],
    ("memory-watcher", "check", "--runs", "3", "--", "cat", ""): None,
    ("memory-record", "-q", "--", "only-th"): ["only-this-program"],
}
IN_TOP = ("memory-watcher", "top", "--proc", "")


@pytest.mark.parametrize("words", OFFERED, ids=" ".join)
@pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
def test_completing(share: Path, tmp_path: Path, shell: str, words: tuple[str, ...]) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "a.db").touch()
    (tmp_path / "folder").mkdir()
    offered = (
        in_zsh(share, words, tmp_path)
        if shell == "zsh"
        else in_others(share, shell, words, tmp_path)
    )
    expected = OFFERED[words]
    assert offered == ({"a.db", "folder"} if expected is None else set(expected))


#: What is typed before Tab, and what the program gets then.
TYPED = {
    ("memory-chart", "--by=k"): ["--by=kind"],
    ("memory-chart", "--top=3", "--align=a"): ["--top=3", "--align=age"],
    ("memory-chart", "--database-file=a"): ["--database-file=a.db"],
    ("memory-watcher", "chart", "--by=map"): ["chart", "--by=mapping"],
    ("memory-watcher", "chart", "--by=kind", "--al"): ["chart", "--by=kind", "--align"],
    ("memory-record", "--proc=fol"): ["--proc=folder"],
    ("memory-record", "--max-cpu=3", "--", "cat", "a"): ["--max-cpu=3", "--", "cat", "a.db"],
}


@pytest.mark.parametrize("words", TYPED, ids=" ".join)
@pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
def test_values_in_the_same_word(
    share: Path, tmp_path: Path, shell: str, words: tuple[str, ...]
) -> None:
    """`--option=value` is completed as `--option value` is: in a shell on a terminal."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    folder = tmp_path / "here"
    (folder / "folder").mkdir(parents=True)
    (folder / "a.db").touch()
    got = typed(share, shell, words, folder)
    assert [each.rstrip("/") for each in got] == TYPED[words]


def typed(share: Path, shell: str, words: tuple[str, ...], folder: Path) -> list[str]:
    """The arguments that a program gets when the last word is completed and the line is sent."""
    variables, got = with_programs(folder), folder.parent / "got"
    program = folder.parent / f"{folder.name}.bin" / words[0]
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {got}.part && mv {got}.part {got}\n')
    program.chmod(0o755)
    path = script(share, shell, words[0])
    if shell == "fish":  # what it completes, it tells by itself
        line = ["fish", "--no-config", "-c", 'source $argv[1]; complete -C "$argv[2]"', str(path)]
        done = subprocess.run(
            [*line, " ".join(words)],
            capture_output=True, text=True, check=True, cwd=folder, env=variables,
        )  # fmt: skip
        (offered,) = [each.partition("\t")[0] for each in done.stdout.splitlines()]
        return [*words[1:-1], offered]
    setup = f"fpath=({path.parent} $fpath); autoload -U compinit; compinit -u -D"
    options = ["-f", "-i"]
    if shell == "bash":
        setup, options = f". {path}", ["--norc", "--noprofile", "-i"]
    ours, its = pty.openpty()
    try:
        started = subprocess.Popen(
            [shell, *options], stdin=its, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd=folder, env={**variables, "HOME": str(folder.parent), "TERM": "dumb"},
            start_new_session=True,
        )  # fmt: skip
        os.write(ours, f"{setup}\n{' '.join(words)}\t\nexit\n".encode())
        started.wait(60)
    finally:
        os.close(ours)
        os.close(its)
    return got.read_text().splitlines()


def in_others(share: Path, shell: str, words: tuple[str, ...], folder: Path) -> set[str]:
    path = str(script(share, shell, words[0]))
    if shell == "bash":
        line = ["bash", "--norc", "-c", IN_BASH, "-", path, *words]
    else:
        line = ["fish", "--no-config", "-c", 'source $argv[1]; complete -C "$argv[2]"', path]
        line.append(" ".join(words))
    done = subprocess.run(
        line, capture_output=True, text=True, check=True, cwd=folder, env=with_programs(folder)
    )
    assert done.stderr == ""
    return {each.partition("\t")[0].rstrip("/") for each in done.stdout.split("\n") if each}


def in_zsh(share: Path, words: tuple[str, ...], folder: Path) -> set[str]:
    setup, offered = folder.parent / f"{folder.name}.zshrc", folder.parent / f"{folder.name}.out"
    (home := folder.parent / f"{folder.name}.home").mkdir()
    setup.write_text(IN_ZSH)
    offered.touch()
    more = {"SITE": str(share / "zsh/site-functions"), "OFFERED": str(offered)}
    ours, its = pty.openpty()
    try:
        shell = subprocess.Popen(
            ["zsh", "-f", "-i"], stdin=its, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd=folder, env={**with_programs(folder), **more, "HOME": str(home), "TERM": "dumb"},
            start_new_session=True,
        )  # fmt: skip
        os.write(ours, f". {setup}\n{' '.join(words)}\t".encode())
        shell.wait(60)
    finally:
        os.close(ours)
        os.close(its)
    return {each.rstrip("/") for each in offered.read_text().split("\n") if each}


def with_programs(folder: Path) -> dict[str, str]:
    """An environment with one program more, whose name begins as no other's."""
    programs = folder.parent / f"{folder.name}.bin"
    programs.mkdir()
    (programs / "only-this-program").touch(0o755)
    return {**environment(), "PATH": f"{programs}:{os.environ['PATH']}"}


@pytest.mark.parametrize("words", [("memory-record", "--proc", ""), IN_TOP], ids=" ".join)
def test_a_folder_is_completed_where_one_is_meant(
    share: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "a.db").touch()
    (tmp_path / "folder").mkdir()
    line = ["bash", "--norc", "-c", IN_BASH, "-", str(script(share, "bash", words[0])), *words]
    done = subprocess.run(line, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.split() == ["folder"]


def test_every_value_is_a_file_a_folder_or_a_word() -> None:
    """A new name of a value is put where it belongs, so that files are always completed."""
    module = module_at(ROOT / "shell_files.py")
    known = module.FILES | module.FOLDERS | WORDS
    for name in cli.COMMANDS:
        parser = cli.command_parser(name, f"memory-watcher {name}")
        for action in parser._actions:
            if action.nargs != 0 and action.choices is None:
                assert (action.metavar or action.dest.upper()) in known, f"{name} {action.dest}"


def test_exit_statuses_are_those_of_the_command(share: Path) -> None:
    """What `check` returns is not what most commands return."""
    pages = {title: (share / "man/man1" / f"{title}.1").read_text() for title in PAGES}
    launching = {title for title, page in pages.items() if "\n.B 127\n" in page}
    assert launching == {"memory-record", "memory-watcher-record", "memory-watcher-check"}
    of_check = pages["memory-watcher-check"].partition(".SH EXIT STATUS")[2]
    assert "\n.B 1\nSomething is over." in of_check
    assert "\n.B 2\nSomething could not be judged" in of_check
    assert "It could not be done" not in of_check
    assert "\n.B 1\nSomething was found" in pages["memory-watcher-verify"]
    assert "\n.B 1\nIt could not be done" in pages["memory-peak"]
