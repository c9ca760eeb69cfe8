"""Ask a dataset: a question that comes with this program, one of your own, or plain SQL.

Questions are files of SQL, in this package, in DIR/questions and in the folder of --questions. A
file's head says what it answers and takes. DuckDB answers, or a Spark cluster; docs/fleet.md has
examples.

  memory-watcher fleet ask list                                    the questions
  memory-watcher fleet ask growth-programs /srv/fleet --set after=1h --set top=5
  memory-watcher fleet ask releases /srv/fleet -o releases.png     a chart of it
  memory-watcher fleet ask hosts /srv/fleet --engine spark://10.0.0.7:7077
  memory-watcher fleet ask hosts --show                            its SQL
  memory-watcher fleet ask --sql 'SELECT count(*) FROM changes' /srv/fleet
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING

from ..errors import UsageError
from .console import say, write_text
from .progress import ProgressLine

if TYPE_CHECKING:
    from ..fleet.ask import Asked
    from ..fleet.asked import Question
    from ..fleet.engines.base import Engine

LIST = "list"
_PICTURES = ("png", "svg", "pdf")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what this action takes."""
    parser.add_argument(
        "question",
        metavar="QUESTION",
        nargs="?",
        help=f"its name; {LIST} shows what there is. It is left out with --sql",
    )
    parser.add_argument("dataset", metavar="DIR", nargs="?", help="the dataset")
    parser.add_argument("--sql", metavar="SELECT", help="ask this instead of a question")
    parser.add_argument("--show", action="store_true", help="print the question, and ask nothing")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the question; may be given several times. Sizes are written as 16M,"
        " times as 10m or 1h",
    )
    parser.add_argument("--questions", metavar="FOLDER", help="a folder with further questions")
    parser.add_argument(
        "--engine",
        default="duckdb",
        metavar="ENGINE",
        help="duckdb, or the address of a Spark cluster as spark://HOST:PORT; its workers must"
        " have DIR under the same path (default %(default)s)",
    )
    parser.add_argument(
        "--memory",
        default="700M",
        metavar="SIZE",
        help="how much DuckDB may take; beyond it, it writes to a temporary folder (default"
        " %(default)s)",
    )
    parser.add_argument(
        "--format",
        choices=("table", "csv", "json"),
        default="table",
        help="how the answer is printed (default %(default)s)",
    )
    parser.add_argument(
        *("-o", "--output"),
        metavar="FILE",
        help="draw the answer as bars into a .png, .svg or .pdf, and print nothing",
    )


def run(args: argparse.Namespace) -> int:
    """Ask, and print the answer; errors are raised as MemoryWatcherError."""
    from ..fleet.dataset import reading

    _sort_out(args)
    if args.question == LIST:
        _list(args)
        return 0
    question = _question(args)
    if args.show:
        write_text(question.sql if question.sql.endswith("\n") else f"{question.sql}\n")
        return 0
    if args.dataset is None:
        raise UsageError("DIR is missing: which dataset is to be asked?")
    values = question.values(_settings(args.set), "--set: ")
    ending = _ending(args)
    with closing(_engine(args)) as engine, reading(args.dataset):
        asked = _ask(args, engine, question, values)
        for path, reason in asked.left_out.items():
            say(f"{path}: damaged, left out: {reason}")
        if ending is None:
            _print(args, question, values, asked)
        else:
            _draw(args.output, ending, question, asked)
    return 0


def _sort_out(args: argparse.Namespace) -> None:
    """With --sql, and with `list`, the only name is that of the dataset. Raises UsageError."""
    if args.sql is not None:
        if args.dataset is not None:
            raise UsageError("--sql asks instead of a question; give DIR alone")
        if args.set or args.show or args.questions:
            raise UsageError("--set, --show and --questions have no effect with --sql")
        args.question, args.dataset = None, args.question
    elif args.question is None:
        raise UsageError(f"name a question, or give --sql; {LIST} shows the questions")


def _list(args: argparse.Namespace) -> None:
    from ..fleet.asked import PACKAGED, available, folders, read
    from ..render.escape import escape, pad, width

    known = available(folders(args.dataset, args.questions))
    wide = max(width(name) for name in known)
    for name, path in known.items():
        own = "" if path.parent == PACKAGED else f"  ({escape(str(path))})"
        write_text(f"{pad(name, wide)}  {escape(read(path).title)}{own}\n")


def _question(args: argparse.Namespace) -> Question:
    """Raises UsageError."""
    from ..fleet.asked import PACKAGED, folders, load, parse

    if args.sql is not None:
        return parse("sql", "--sql", args.sql)
    question = load(args.question, folders(args.dataset, args.questions))
    if not args.show and not question.path.startswith(str(PACKAGED)):
        say(f"question {question.name}: {question.path}")
    return question


def _settings(given: list[str]) -> dict[str, str]:
    """Raises UsageError."""
    settings = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--set: {text!r} has no value; write NAME=VALUE")
        settings[name] = value
    return settings


def _ending(args: argparse.Namespace) -> str | None:
    """Of the picture to draw; None for none. Raises UsageError."""
    if args.output is None:
        return None
    if args.format != "table":
        raise UsageError("--format has no effect with -o, which draws a chart")
    ending: str = args.output.rpartition(".")[2].lower()
    if ending not in _PICTURES:
        raise UsageError(f"-o: {args.output!r} must end in .png, .svg or .pdf")
    return ending


def _engine(args: argparse.Namespace) -> Engine:
    """Raises UsageError, MissingExtra."""
    from ..fleet.engines.duck import Duck
    from ..fleet.engines.spark import Spark, is_address
    from ..units import parse_size

    if args.engine == "duckdb":
        return Duck(args.dataset, parse_size(args.memory, "--memory"))
    if is_address(args.engine):
        return Spark(args.engine)
    raise UsageError(f"--engine: {args.engine!r} is none; write duckdb or spark://HOST:PORT")


def _ask(
    args: argparse.Namespace, engine: Engine, question: Question, values: Mapping[str, object]
) -> Asked:
    from ..fleet.ask import ask

    with ProgressLine(f"asking {args.dataset}"):
        return ask(args.dataset, engine, question.sql, values)


def _print(
    args: argparse.Namespace, question: Question, values: Mapping[str, object], asked: Asked
) -> None:
    from ..fleet import shown

    units = question.units
    if args.format == "csv":
        _write(shown.csv_pieces(asked.answer, units))
    elif args.format == "json":
        head = {
            "question": None if args.sql else question.name,
            "title": question.title,
            "engine": args.engine,
            "parameters": values,
            "left_out": sorted(asked.left_out),
        }
        _write(shown.json_pieces(asked.answer, units, head))
    else:
        text, is_cut = shown.table(asked.answer, units)
        write_text(text)
        if is_cut:
            say(f"only {shown.MOST_ROWS} rows are shown; --format csv has all")


def _write(pieces: Iterable[str]) -> None:
    """Names are escaped in them; the ends of lines stay as they are."""
    from ..render.output import whole_output

    with whole_output("/dev/stdout") as out:
        for piece in pieces:
            out.write(piece.encode())


def _draw(path: str, ending: str, question: Question, asked: Asked) -> None:
    from ..fleet.shown import bars
    from ..render.bar_chart import render
    from ..render.output import write_whole

    write_whole(path, render(bars(asked.answer, question), ending))
