"""Makes the man pages and the shell completions of all programs, from their own parsers.

    python shell_files.py FOLDER      writes them there, as a wheel holds them: share/…

hatch_build.py calls it when a wheel is built. It needs argparse-manpage and shtab.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

ROOT = os.path.dirname(os.path.abspath(__file__))
#: Where the shells look for the completions of a program.
SHELLS = {
    "bash": "share/bash-completion/completions/{}",
    "zsh": "share/zsh/site-functions/_{}",
    "fish": "share/fish/vendor_completions.d/{}.fish",
}
MAN = "share/man/man1/{}.1"
#: An argument, or an option's value, is a file or a folder if it is called so.
FILES = {"FILE", "FILE_B", "A.db", "B.db", "NEW", "PICTURE", "REPORT", "smaps-file"}
FOLDERS = {"DIR"}

#: The exit status of most commands, and of those that have more to say.
_STATUS = {
    "0": "Done.",
    "1": "It could not be done. One line on standard error says why, and what helps.",
    "2": "The command line is wrong.",
}
_OF_A_LAUNCHED = {
    "126": "The launched command cannot be executed.",
    "127": "There is no such command.",
    "128 + n": "Signal n ended the launched command.",
    "another": "The launched command's own.",
}
_STATUS_OF = {
    "record": _STATUS | _OF_A_LAUNCHED,
    "check": {
        "0": "All is within the budgets; with \\-\\-report\\-only, whatever was found.",
        "1": "Something is over.",
        "2": "Something could not be judged, or the command line or a file is wrong.",
        **_OF_A_LAUNCHED,
    },
    "verify": _STATUS | {"0": "Nothing was found.", "1": "Something was found, and is printed."},
}
_ELSEWHERE = (
    ".PP\nThe pages of \\fBrecord\\fR, \\fBcheck\\fR and \\fBverify\\fR say what theirs is.\n"
)
#: What is completed after `--` in each shell, put into what shtab makes: text there -> text. In
#: bash also the value of `--option=value`, which it hands over as three words, or as two without a
#: value yet. NAME is the program, OURS its name as a function, ONLY a test that it takes a command
#: here.
_BASH = """
OURS() {
  local at
  for ((at = 1; at < COMP_CWORD; at++)); do
    if [[ ${COMP_WORDS[at]} == -- ]]; then
      ONLY || break
      if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset $((at + 1))
      elif declare -F _command_offset >/dev/null; then
        _command_offset $((at + 1))
      else
        compopt -o filenames 2>/dev/null
        local how=-f
        ((at + 1 < COMP_CWORD)) || how=-cf
        mapfile -t COMPREPLY < <(compgen "$how" -- "${COMP_WORDS[COMP_CWORD]}")
      fi
      return
    fi
  done
  local cword=$COMP_CWORD
  local -a words=("${COMP_WORDS[0]}")
  for ((at = 1; at < ${#COMP_WORDS[@]}; at++)); do
    if [[ ${COMP_WORDS[at]} != = || ${COMP_WORDS[at - 1]} != --* ]]; then
      words+=("${COMP_WORDS[at]}")
    elif ((at < COMP_CWORD)); then
      ((cword--))
    elif ((at == COMP_CWORD)); then
      words+=('')
    fi
  done
  local -a COMP_WORDS=("${words[@]}")
  local COMP_CWORD=$cword
  _shtabOURS "$@"
}

complete -o bashdefault -F OURS NAME
"""
_ZSH = """_shtabOURS() {
  integer at=${words[(ie)--]}
  if (( at < CURRENT )) && ONLY; then
    shift $at words
    (( CURRENT -= at ))
    _normal
    return
  fi
"""
_FISH = """
function OURS_takes
  set -l words (commandline -opc)
  contains -- -- $words; and ONLY
end

function OURS_command
  set -l words (commandline -opc)
  set -e words[1..(contains -i -- -- $words)]
  set -l now (commandline -ct)
  complete -C (string join ' ' -- (string escape -- $words) "$now")
end

complete -c NAME -n OURS_takes -xa '(OURS_command)'
"""
#: The options before a description, and after it what is completed: it takes a value.
_ZSH_WITH_VALUE = re.compile(r"""(?m)^(  (?:"\*?|"\*")?(?:--[\w-]+|\{-[^}]*\}"))(?=\[.*[^\]]"$)""")
_MACROS = "TH|SH|SS|TP|PP|B|BR|nf|fi|RS|RE|UR|UE"


def make() -> dict[str, str]:
    """Make all files: path below the prefix of an installation -> text."""
    cli = _command_line()
    files = {}
    with _same_everywhere():
        parsers = {"memory-watcher": cli.overview_parser(whole=True)}
        own = cli.PROGRAMS.items()
        parsers |= {
            program: cli.command_parser(of, program) for program, of in cli.PROGRAMS.items()
        }
        for program, parser in parsers.items():
            launching = [each for each in cli.COMMANDS if cli.takes_command(each)]
            if program in cli.PROGRAMS:
                launching = [""] if cli.PROGRAMS[program] in launching else []
            for shell, path in SHELLS.items():
                files[path.format(program)] = completions(parser, shell, launching)
        files[MAN.format("memory-watcher")] = _overview_page(cli)
        pages = {
            f"memory-watcher-{name}": (name, f"memory-watcher {name}") for name in cli.COMMANDS
        }
        pages |= {program: (of, program) for program, of in own}
        for title, (name, program) in pages.items():
            files[MAN.format(title)] = _command_page(cli, title, name, program)
    return files


def completions(parser: argparse.ArgumentParser, shell: str, launching: list[str]) -> str:
    """Make the completions of a program for one shell.

    `launching` are its subcommands that take a command after `--`; "" is the program itself.
    """
    import shtab

    for each in _all_parsers(parser):
        each.description = (each.description or "").partition("\n")[0]  # fish shows all of it
        for action in each._actions:
            if action.metavar in FILES:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
            elif action.metavar in FOLDERS:
                action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    text: str = shtab.complete(parser, shell=shell)
    if shell == "zsh":  # where several files may stand, shtab's completes the first alone
        text = text.replace('"(*)::', '"*:').replace('"(*):', '"*:')
        text = text.replace("one_or_more='(*)'", "one_or_more='*:'")
        text = _ZSH_WITH_VALUE.sub(_takes_it_in_the_same_word, text)
    if shell == "fish":  # shtab's completes files after `--option=` as if that were part of a name
        text = text.replace(
            "(commandline -ct)", "(commandline -ct | string replace -r '^-[^=]*=' '')"
        )
    if launching or shell == "bash":
        return _with_more(text, parser.prog, shell, launching)
    return text


def _takes_it_in_the_same_word(match: re.Match[str]) -> str:
    """What zsh is told of an option with a value: `--by=kind`, `-p17` are as good as two words."""
    options = re.sub(r"(--[\w-]+)", r"\1=", match[1])
    return re.sub(r"(?<!-)(-\w)(?![\w-])", r"\1+", options)


def _with_more(text: str, program: str, shell: str, launching: list[str]) -> str:
    """Complete the command line after `--`, as the shell completes any; in bash, more."""
    ours = "_" + program.replace("-", "_")
    names = [] if launching == [""] else launching

    def made(template: str, only: str) -> str:
        only = only if names else ("true" if launching else "false")
        return template.replace("ONLY", only).replace("OURS", ours).replace("NAME", program)

    if shell == "bash":
        before, found, _ = text.rpartition(f"\ncomplete -o bashdefault -F _shtab{ours} {program}")
        text = before + made(_BASH, f"[[ ${{COMP_WORDS[1]}} == @({'|'.join(names)}) ]]")
    elif shell == "zsh":
        before, found, after = text.partition(f"\n_shtab{ours}() {{\n")
        text = f"{before}\n{made(_ZSH, f'[[ $words[2] == ({chr(124).join(names)}) ]]')}{after}"
    else:
        using = f'test "$_shtab{ours}_cmdpath" ='
        before, found, after = text.partition(using)
        text = f"{before}not {ours}_takes; and {using}{after}"
        text += made(_FISH, f"contains -- $words[2] {' '.join(names)}")
    if not found:
        raise ValueError(f"{program}: shtab makes other completions for {shell} than expected")
    return text


def _all_parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield from _all_parsers(each)


def _overview_page(cli: Any) -> str:
    parser = argparse.ArgumentParser(
        prog="memory-watcher", description=cli.overview_parser().description
    )
    parser.add_argument("-v", "--version", action="version", help="print the version")
    parser.add_argument("command", metavar="COMMAND", help="one of those below")
    commands = "".join(
        f".TP\n.BR memory\\-watcher\\-{_minus(name)} (1)\n{_minus(_summary(cli, name))}.\n"
        for name in cli.COMMANDS
    )
    names = [*(f"memory-watcher-{name}" for name in cli.COMMANDS), *cli.PROGRAMS]
    return _page(
        parser,
        "memory-watcher",
        "record the memory layouts of Linux processes, and show where memory went",
        {
            "COMMANDS": commands,
            "EXIT STATUS": _exit_status(_STATUS) + _ELSEWHERE,
            "SEE ALSO": _see(names),
        },
        cli.__version__,
    )


def _command_page(cli: Any, title: str, name: str, program: str) -> str:
    others = [each for each, of in cli.PROGRAMS.items() if of == name and each != title]
    others += [f"memory-watcher-{name}"] if program == title else []
    parser = cli.command_parser(name, program)
    parser.description, examples = _without_examples(parser.description)
    sections = {
        "EXAMPLES": examples,
        "EXIT STATUS": _exit_status(_STATUS_OF.get(name, _STATUS)),
        "SEE ALSO": _see(["memory-watcher", *others]),
    }
    return _page(parser, title, _summary(cli, name), sections, cli.__version__)


def _exit_status(meanings: dict[str, str]) -> str:
    return "".join(f".TP\n.B {code}\n{meaning}\n" for code, meaning in meanings.items())


def _without_examples(description: str) -> tuple[str, str]:
    """Part a help text into what it says and the command lines at its end, which stay lines."""
    text, _, examples = description.rstrip().partition("\n\n  ")
    examples = _minus(textwrap.dedent(f"  {examples}").replace("\\", "\\\\"))
    return text, f".nf\n{examples}\n.fi"


def _page(
    parser: argparse.ArgumentParser,
    title: str,
    summary: str,
    sections: dict[str, str],
    version: str,
) -> str:
    from argparse_manpage.manpage import Manpage

    parser._positionals.title = "arguments"
    page = Manpage(
        parser,
        {
            "project_name": "memory-watcher",
            "version": version,
            "manual_title": "memory-watcher",
            "description": summary[:1].lower() + summary[1:],
        },
    )
    page.prog = title
    page.date = ""  # the same page whenever it is built
    # Its first word is the program, which is printed bold by itself.
    page.synopsis = [parser.prog, *map(_minus, page.synopsis[len(parser.prog.split()) :])]
    for heading, content in sections.items():
        page.add_section(heading, "=", content)
    return _as_text(str(page))


def _as_text(page: str) -> str:
    """Keep lines as text that begin as a command of roff does: `.png`, `'postgres*'`."""
    page = re.sub(rf"(?m)^\.(?!(?:{_MACROS})(?:\s|$))", r"\\&.", page)
    return re.sub(r"(?m)^'", r"\\&'", page)


def _summary(cli: Any, name: str) -> str:
    first: str = cli.command_parser(name, name).description.partition("\n")[0]
    return first.removesuffix(".")


def _see(names: list[str]) -> str:
    return ",\n".join(f".BR {_minus(name)} (1)" for name in names) + "\n"


def _minus(text: str) -> str:
    """A hyphen of a command is one to copy."""
    return text.replace("-", r"\-")


def _command_line() -> Any:
    """The package of this source tree, whatever else is installed."""
    source = os.path.join(ROOT, "src")
    if source not in sys.path:
        sys.path.insert(0, source)
    from memory_watcher import cli

    return cli


@contextlib.contextmanager
def _same_everywhere() -> Iterator[None]:
    """The width of the terminal at which this runs is in none of the files."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "100"
    try:
        yield
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


def write(folder: str) -> dict[str, str]:
    """Write all files into a folder: path there -> path below the prefix of an installation."""
    written = {}
    for name, text in make().items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        written[path] = name
    return written


if __name__ == "__main__":
    write(sys.argv[1])
