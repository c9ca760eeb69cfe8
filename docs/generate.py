"""Write the parts of docs/ that repeat what the code declares.

    python docs/generate.py           write docs/schema.md, and tables in other pages
    python docs/generate.py --check   write nothing; exit 1 if a file is not as it would be written

docs/schema.md is made whole from store/schema.py: its SQL, and the comments in it. The pages of
GENERATED are written by hand, but for the tables between `<!-- generated: NAME -->` and
`<!-- end -->`, which come from metrics.py, fleet/schema.py, model.LayoutState, analysis.kinds.Kind,
the rules of analysis.runtimes, the options of `record`, and what `make bench-kinds` measured.
"""

from __future__ import annotations

import argparse
import json
import re
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from memory_watcher import metrics
from memory_watcher.analysis.kinds import Kind
from memory_watcher.analysis.runtimes import RULES, Proof
from memory_watcher.cli import policy_options
from memory_watcher.export.columns import FIGURE_COLUMNS
from memory_watcher.fleet import schema as fleet
from memory_watcher.model import VOLATILE_FIELDS, LayoutState
from memory_watcher.store import schema

DOCS = Path(__file__).resolve().parent
#: What `make bench-kinds` wrote.
MEASURED = DOCS / "measured-kinds.json"


class SchemaError(Exception):
    """The SQL of schema.py is written in a way that this script does not understand."""


# Reading the SQL ----------------------------------------------------------------------------------


class Column(NamedTuple):
    """One column of a table, as its line in the schema says."""

    name: str
    type: str
    constraint: str
    comment: str


class Table(NamedTuple):
    """One table: `rules` are the constraints that stand on lines of their own."""

    name: str
    comment: str
    columns: list[Column]
    rules: list[str]
    indexes: list[str]


class View(NamedTuple):
    """One view: each column with the expression that it shows."""

    name: str
    comment: str
    columns: list[tuple[str, str, str]]
    source: str


class Statement(NamedTuple):
    """One CREATE statement, and the comment lines right before it."""

    comment: str
    sql: str


_COLUMN = re.compile(r'"?(?P<name>\w+)"?\s+(?P<type>[A-Z]+)\b\s*(?P<constraint>[^,]*?),?')
_RULE = re.compile(r"(PRIMARY KEY|UNIQUE|FOREIGN KEY|CHECK|CONSTRAINT)\b.*")


def statements(sql: str) -> Iterator[Statement]:
    """Split a schema into its statements; a statement starts in the first column of a line."""
    comments: list[str] = []
    lines: list[str] = []
    for line in sql.splitlines():
        if lines:
            lines.append(line)
        elif line.startswith("--"):
            comments.append(line[2:].strip())
            continue
        elif line.strip():
            lines = [line]
        else:
            comments = []
            continue
        if sqlite3.complete_statement("\n".join(lines)):
            yield Statement(" ".join(comments), "\n".join(lines))
            comments, lines = [], []
    if lines:
        raise SchemaError(f"no end of: {lines[0]}")


def split_comment(line: str) -> tuple[str, str]:
    """Split a line into its SQL and the comment behind it."""
    code, _, comment = line.partition("--")
    return code.strip(), comment.strip()


def parse_table(statement: Statement, indexes: list[str]) -> Table:
    """Read one CREATE TABLE: one column or rule a line, a comment behind it or on lines below."""
    name = re.match(r"CREATE TABLE (\w+)", statement.sql)
    if name is None:
        raise SchemaError(statement.sql)
    columns: list[Column] = []
    rules: list[str] = []
    *body, last = statement.sql.splitlines()[1:]
    for line in body:
        code, comment = split_comment(line)
        if not code:
            columns[-1] = columns[-1]._replace(comment=f"{columns[-1].comment} {comment}".strip())
        elif _RULE.match(code):
            rules.append(code.rstrip(","))
        elif match := _COLUMN.fullmatch(code):
            columns.append(Column(match["name"], match["type"], match["constraint"], comment))
        else:
            raise SchemaError(f"{name[1]}: {line}")
    if "WITHOUT ROWID" in last:
        rules.append("WITHOUT ROWID")
    return Table(name[1], statement.comment, columns, rules, indexes)


def split_select(select: str) -> tuple[list[str], str]:
    """Split `SELECT a, b FROM c` into its expressions and `c`; brackets are left whole."""
    words = re.findall(r"'[^']*'|\"[^\"]*\"|\w+|\s+|.", select, re.DOTALL)
    expressions, depth = [""], 0
    for position, word in enumerate(words):
        depth += (word == "(") - (word == ")")
        if depth == 0 and word == ",":
            expressions.append("")
        elif depth == 0 and word.upper() == "FROM":
            return [flat(text) for text in expressions], flat("".join(words[position + 1 :]))
        else:
            expressions[-1] += word
    raise SchemaError(f"no FROM in: {select}")


def flat(sql: str) -> str:
    """Put SQL on one line."""
    return re.sub(r"\(\s+", "(", " ".join(sql.split())).rstrip(";")


def parse_view(statement: Statement, names: list[str]) -> View:
    """Read one CREATE VIEW; `names` are its columns as SQLite tells them."""
    match = re.match(r"CREATE VIEW (\w+) AS\s+SELECT\s+(.*)", statement.sql, re.DOTALL)
    if match is None:
        raise SchemaError(statement.sql)
    expressions, source = split_select(match[2])
    if len(expressions) != len(names):
        raise SchemaError(f"{match[1]}: {len(names)} columns, {len(expressions)} expressions")
    shown = [split_cast(re.sub(r'\s+AS\s+"?\w+"?$', "", text)) for text in expressions]
    columns = [(name, *cast) for name, cast in zip(names, shown, strict=True)]
    return View(match[1], statement.comment, columns, source)


def split_cast(expression: str) -> tuple[str, str]:
    """Take the type off `CAST(x AS TYPE)`; the type of anything else is that of its column."""
    match = re.fullmatch(r"CAST\((.*) AS (BIGINT|TEXT)\)", expression)
    return (match[2].lower(), match[1]) if match else ("", expression)


def read_schema(tables_sql: str, views_sql: str) -> tuple[list[Table], list[View]]:
    """Parse the schema, and compare what was found with what SQLite makes of it."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(tables_sql + views_sql)
        indexes: dict[str, list[str]] = {}
        for table, sql in connection.execute(
            "SELECT tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        ):
            indexes.setdefault(table, []).append(flat(sql))
        tables, views = [], []
        for statement in [*statements(tables_sql), *statements(views_sql)]:
            if statement.sql.startswith("CREATE TABLE"):
                name = statement.sql.split()[2]
                tables.append(parse_table(statement, indexes.get(name, [])))
            elif statement.sql.startswith("CREATE VIEW"):
                name = statement.sql.split()[2]
                views.append(parse_view(statement, column_names(connection, name)))
        for table in tables:
            if [column.name for column in table.columns] != column_names(connection, table.name):
                raise SchemaError(f"{table.name}: columns missed")
        known = {table.name for table in tables} | {view.name for view in views}
        found = {
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
                " AND name NOT LIKE 'sqlite_%'"
            )
        }
    if known != found:
        raise SchemaError(f"tables or views missed: {', '.join(sorted(known ^ found))}")
    return tables, views


def column_names(connection: sqlite3.Connection, table: str) -> list[str]:
    """Ask SQLite for the columns of a table or view."""
    return [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]


# Writing Markdown ---------------------------------------------------------------------------------


def markdown_table(heading: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a table; a bar in a cell would end the cell, so it is escaped."""
    heading = list(heading)
    lines = [heading, ["---"] * len(heading), *(list(row) for row in rows)]
    return "".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines
    )


def code(text: str) -> str:
    """Text as code, nothing for nothing."""
    return f"`{text}`" if text else ""


def link_references(constraint: str) -> str:
    """Write a constraint in lower case, the table that it refers to as a link."""
    *words, reference = re.split(r"\bREFERENCES (\w+)\((\w+)\)", constraint)[:3]
    if not words:
        return reference.strip().lower()
    before, table = words
    text = before.strip().lower()
    return f"{text}{', ' if text else ''}[{table}.{reference}](#{table})"


#: Where the figures that a table stores are declared.
DECLARED = {"usage_rows": metrics.USAGE, "details": metrics.USAGE, "readings": metrics.READING}


def declared_meaning(table: str, column: str) -> str:
    """Look up in metrics.py what a column without a comment means."""
    meanings = {metric.name: metric.meaning for metric in DECLARED.get(table, ())}
    return meanings.get(column, "")


def render_table(table: Table) -> str:
    """Write the section of one table."""
    parts = [f"### {table.name}\n", f"{escape(table.comment)}\n"]
    parts.append(
        markdown_table(
            ("column", "type", "constraint", "meaning"),
            (
                (
                    code(column.name),
                    column.type.lower(),
                    link_references(column.constraint),
                    escape(column.comment or declared_meaning(table.name, column.name)),
                )
                for column in table.columns
            ),
        )
    )
    parts += [f"{code(rule)}\n" for rule in [*table.rules, *table.indexes]]
    return "\n".join(parts)


def render_view(view: View) -> str:
    """Write the section of one view."""
    parts = [f"### {view.name}\n"]
    if view.comment:
        parts.append(f"{escape(view.comment)}\n")
    parts.append(
        markdown_table(
            ("column", "type", "shows"),
            ((code(name), kind, code(shown)) for name, kind, shown in view.columns),
        )
    )
    parts.append(f"From {code(view.source)}\n")
    return "\n".join(parts)


def escape(text: str) -> str:
    """Write a comment as Markdown: nothing in it is meant as a mark."""
    return re.sub(r"([\\*<\[\]])", r"\\\1", text)


def render_schema() -> str:
    """docs/schema.md."""
    tables, views = read_schema(schema.TABLES, schema.VIEWS)
    introduction = f"""\
<!-- generated by docs/generate.py from src/memory_watcher/store/schema.py: do not edit -->

# The schema of a recording

A recording is one SQLite file: `PRAGMA application_id` is 0x{schema.APPLICATION_ID:08X},
`PRAGMA user_version` is {schema.VERSION}. [sql.md](sql.md) shows how to ask it;
[figures.md](figures.md) says what each figure means.

Sizes are bytes, times are nanoseconds, NULL is "not reported" and never 0. Only the views that
carry the names of the original's tables use KiB and local time.

Tables: {links(table.name for table in tables)}.

Views: {links(view.name for view in views)}.
"""
    parts = [introduction, "## Tables\n"]
    parts += [render_table(table) for table in tables]
    parts.append("## Views\n")
    parts += [render_view(view) for view in views]
    return "\n".join(parts)


def links(names: Iterable[str]) -> str:
    """Links to the sections of that name."""
    return ", ".join(f"[{name}](#{name})" for name in names)


def usage_table() -> str:
    """List the figures of one mapping; the first ones are stored in another table than the rest."""
    return markdown_table(
        ("figure", "unit", "line of smaps", "column", "meaning"),
        (
            (
                code(metric.name),
                metric.unit,
                code(metric.source),
                code(f"{'usages' if position < VOLATILE_FIELDS else 'details'}.{metric.name}"),
                metric.meaning,
            )
            for position, metric in enumerate(metrics.USAGE)
        ),
    )


def reading_table() -> str:
    """List the cheap figures of one process."""
    return markdown_table(
        ("figure", "unit", "file and field", "column", "meaning"),
        (
            (
                code(metric.name),
                metric.unit,
                code(metric.source),
                code(f"readings.{metric.name}"),
                metric.meaning,
            )
            for metric in metrics.READING
        ),
    )


def derived_table() -> str:
    """List what is computed from the figures of a mapping."""
    return markdown_table(
        ("figure", "unit", "computed as", "over processes", "meaning"),
        (
            (
                code(metric.name),
                metric.unit,
                metric.source,
                over(metric),
                metric.meaning,
            )
            for metric in metrics.DERIVED
        ),
    )


def totals_table() -> str:
    """List the sums over a layout."""
    return markdown_table(
        ("figure", "unit", "over processes", "meaning"),
        (
            (
                code(metric.name),
                metric.unit,
                over(metric),
                metric.meaning,
            )
            for metric in metrics.TOTALS
        ),
    )


def over(metric: metrics.Metric) -> str:
    """Whether a figure of a layout may be added up over processes, or what stands for it."""
    if metric.over_processes:
        return "adds up"
    summed = metrics.over_processes(metric.name)
    return "" if summed == metric.name else f"take {code(summed)}"


def meminfo_table() -> str:
    """List the lines of /proc/meminfo that outputs show."""
    return markdown_table(
        ("name", "meaning"), ((metric.name, metric.meaning) for metric in metrics.MEMINFO)
    )


def cgroup_table() -> str:
    """List what is recorded of a cgroup."""
    v1 = {name: file for file, name in metrics.CGROUP_V1_FILES.items()}
    return markdown_table(
        ("name", "unit", "file and line", "in version 1", "meaning"),
        (
            (
                code(metric.name),
                metric.unit,
                code(metric.source),
                code(v1.get(metric.name, "")),
                metric.meaning,
            )
            for metric in metrics.CGROUP
        ),
    )


def state_table() -> str:
    """List the states of a layout."""
    return markdown_table(
        ("number", "state", "has a layout", "meaning"),
        (
            (str(state.value), state.label, "yes" if state.has_layout else "no", state.meaning)
            for state in LayoutState
        ),
    )


def kind_table() -> str:
    """List the kinds of mappings."""
    return markdown_table(
        ("kind", "what it is"), ((code(kind.value), escape(kind.meaning)) for kind in Kind)
    )


def runtime_table() -> str:
    """List the rules of runtimes and allocators, each with where it was proven."""
    return markdown_table(
        ("name", "of", "kind", "what it must show", "what refutes it", "compared with"),
        (
            (
                code(rule.name),
                escape(rule.runtime),
                code(rule.kind.value),
                escape(rule.evidence),
                escape(rule.contradiction),
                escape("; ".join(map(compared, rule.proofs))),
            )
            for rule in RULES
        ),
    )


def compared(proof: Proof) -> str:
    """What a rule named, beside what the runtime said."""
    named, own = mebibytes(proof.named), mebibytes(proof.own)
    return f"{proof.program}: {named} named, {proof.figure} {own}"


def measured_table() -> str:
    """List the real programs whose kinds were measured (`make bench-kinds`)."""
    results = json.loads(MEASURED.read_text(encoding="utf-8"))
    return markdown_table(
        ("program", "with", "PSS", "anonymous without the rules", "with them", "named, and beside"),
        (
            (
                each["title"],
                each["does"],
                mebibytes(each["pss"]),
                f"{each['without_rules']:.1%}".replace("%", " %"),
                f"{each['anonymous']:.1%}".replace("%", " %"),
                "; ".join(map(compared_with, each["compared"])),
            )
            for each in results.values()
        ),
    )


def compared_with(claim: Mapping[str, Any]) -> str:
    """What was named, beside what the runtime said."""
    names = ", ".join(claim["names"])
    return f"{names} {mebibytes(claim['named'])}, {claim['figure']} {mebibytes(claim['own'])}"


def mebibytes(size: int) -> str:
    """A size for the tables of what was measured."""
    return f"{size / (1 << 20):.1f} MiB"


def policy_table() -> str:
    """List the options of `record` about cost and peaks, as its --help tells them."""
    parser = argparse.ArgumentParser(add_help=False)
    policy_options.add_arguments(parser)
    # argparse has no public list of a parser's options.
    options = parser._actions
    return markdown_table(
        ("option", "what it does"),
        (
            (
                code(" ".join(filter(None, (option.option_strings[0], metavar(option))))),
                told(option),
            )
            for option in options
        ),
    )


def metavar(option: argparse.Action) -> str:
    """The word for an option's value."""
    return option.metavar if isinstance(option.metavar, str) else ""


def told(option: argparse.Action) -> str:
    """An option's help."""
    return escape((option.help or "").replace("%%", "%"))


def fleet_tables() -> str:
    """The tables of a dataset, column by column; the figures of mappings in one line."""
    types = {"int32": "integer", "int64": "integer", "date32": "date"}
    figures = {column.name for column in FIGURE_COLUMNS}
    parts = []
    for table, about in fleet.ABOUT.items():
        rows = [
            [code(column.name), types.get(column.type, column.type), column.unit, column.meaning]
            for column in fleet.TABLES[table]
            if column.name not in figures
        ]
        if figures <= {column.name for column in fleet.TABLES[table]}:
            names = ", ".join(code(column.name) for column in FIGURE_COLUMNS)
            rows.append([names, "integer", "bytes", "The figures of these mappings"])
        text = markdown_table(["column", "type", "unit", "meaning"], rows)
        parts.append(f"### {table}\n\n{about}.\n\n{text}")
    return "\n".join(parts).rstrip("\n")


#: The pages that have generated tables, and which.
GENERATED: dict[str, dict[str, Callable[[], str]]] = {
    "figures.md": {
        "usage": usage_table,
        "derived": derived_table,
        "reading": reading_table,
        "totals": totals_table,
        "meminfo": meminfo_table,
        "cgroup": cgroup_table,
        "layout states": state_table,
    },
    "kinds.md": {"kinds": kind_table, "runtimes": runtime_table, "measured": measured_table},
    "recording.md": {"policy": policy_table},
    "fleet.md": {"fleet": fleet_tables},
}


def fill_in(text: str, tables: Mapping[str, Callable[[], str]]) -> str:
    """Put every generated table between its marks; raises SchemaError unless each has one place."""
    for name, render in tables.items():
        mark = f"<!-- generated: {name} -->\n"
        before, *places = text.split(mark)
        if len(places) != 1:
            raise SchemaError(f"not exactly one place for the table {name!r}")
        _, end, after = places[0].partition("<!-- end -->")
        if not end:
            raise SchemaError(f"no end of the table {name!r}")
        text = f"{before}{mark}\n{render()}\n{end}{after}"
    return text


# The command --------------------------------------------------------------------------------------


def generate(docs: Path) -> dict[Path, str]:
    """Make what each generated file should hold."""
    pages = {
        docs / page: fill_in((docs / page).read_text(encoding="utf-8"), tables)
        for page, tables in GENERATED.items()
    }
    return {docs / "schema.md": render_schema(), **pages}


def outdated(docs: Path) -> list[Path]:
    """Find the files that are not as they would be written."""
    return [
        path
        for path, text in generate(docs).items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    """Write the files, or check them."""
    parser = argparse.ArgumentParser(description="Write the generated parts of docs/.")
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if outdated")
    options = parser.parse_args(arguments)
    stale = outdated(DOCS)
    for path in stale:
        if options.check:
            print(f"{path.name} is outdated: run python docs/generate.py", file=sys.stderr)
        else:
            path.write_text(generate(DOCS)[path], encoding="utf-8")
            print(f"{path.name} written")
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
