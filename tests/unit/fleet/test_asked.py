"""Questions: what their heads may say, and that no value becomes SQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory_watcher.errors import UsageError
from memory_watcher.fleet import asked
from memory_watcher.fleet.asked import PACKAGED, available, folders, load, parse, read

HEAD = """-- A title
--
-- What it answers.
-- set top integer = 20 -- how many rows
-- set least size = 16M
-- set after duration = 10m -- start-up
-- set who text =
-- column grown bytes -- how much more
-- chart grown
SELECT :top, ':no', "a:no", x::int, -- :no
  /* :no */ :who, :top, :least, :after
"""
PACKAGED_QUESTIONS = sorted(available([PACKAGED]))


def test_a_head() -> None:
    """Title, prose, parameters with values of their types, units, the column of a chart."""
    question = parse("q", "q.sql", HEAD)
    assert (question.title, question.description) == ("A title", "What it answers.")
    assert question.values({}) == {"top": 20, "least": 16 << 20, "after": 600 * 10**9, "who": ""}
    assert (question.units, question.chart) == ({"grown": "bytes"}, "grown")
    assert question.meaning_of("grown") == "grown: how much more"
    assert question.parameters[0].meaning == "how many rows"
    assert question.sql == HEAD


def test_names_are_found_where_sql_has_them() -> None:
    """Not in texts, quoted names, comments and casts."""
    assert asked.names_in(HEAD) == ["top", "who", "least", "after"]
    renamed = asked.renamed(HEAD, "$")
    assert renamed.count("$top") == 2
    assert all(kept in renamed for kept in ("':no'", '"a:no"', "x::int", "-- :no", "/* :no */"))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("top", "1; DROP TABLE x", "not a whole number"),
        ("top", "1.5", "not a whole number"),
        ("least", "much", "not a size"),
        ("after", "soon", "not a duration"),
        ("who", "\udcff", "UTF-8"),
        ("nix", "1", "takes top, least, after, who"),
    ],
)
def test_values_of_another_type(name: str, text: str, said: str) -> None:
    """They are refused with a line that names the parameter."""
    with pytest.raises(UsageError, match=said) as error:
        parse("q", "q.sql", HEAD).values({name: text}, "--set: ")
    assert str(error.value).startswith("--set: ")


@pytest.mark.parametrize(
    "text",
    [
        "-- t\n-- set top\nSELECT 1",
        "-- t\n-- set top letters = x\nSELECT 1",
        "-- t\n-- set top integer = x\nSELECT 1",
        "-- t\n-- column a miles\nSELECT 1",
        "-- t\nSELECT :top",
    ],
)
def test_heads_that_say_nothing(text: str) -> None:
    """The error names the file."""
    with pytest.raises(UsageError, match=r"^q\.sql: "):
        parse("q", "q.sql", text)


def test_a_later_folder_goes_first(tmp_path: Path) -> None:
    """Questions of a dataset replace those of the package, those of a folder both."""
    own, further = tmp_path / "data" / "questions", tmp_path / "more"
    for folder in (own, further):
        folder.mkdir(parents=True)
    (own / "cost.sql").write_text("-- own\nSELECT 1")
    (own / "new.sql").write_text("-- new\nSELECT 1")
    (own / "Not a name.sql").write_text("")
    places = folders(str(tmp_path / "data"), None)
    assert sorted({*PACKAGED_QUESTIONS, "new"}) == list(available(places))
    assert load("cost", places).title == "own"
    (further / "cost.sql").write_text("-- further\nSELECT 1")
    assert load("cost", folders(str(tmp_path / "data"), str(further))).title == "further"
    with pytest.raises(UsageError, match=r"there are .*growth-programs"):
        load("nix", places)
    with pytest.raises(UsageError, match="not a folder"):
        folders(None, str(tmp_path / "nix"))


def test_files_that_are_no_question(tmp_path: Path) -> None:
    """One line for what is no text, too large, or cannot be read."""
    path = tmp_path / "a.sql"
    for data in (b"\xff", b"-" * (1 << 21)):
        path.write_bytes(data)
        with pytest.raises(UsageError, match=r"a\.sql"):
            read(path)
    with pytest.raises(UsageError, match="No such file"):
        read(tmp_path / "b.sql")


@pytest.mark.parametrize("name", PACKAGED_QUESTIONS)
def test_packaged_questions_say_what_they_are(name: str) -> None:
    """A title, a meaning for each parameter and each column with a unit, all parameters used."""
    question = load(name, [PACKAGED])
    assert question.title != name
    assert all(each.meaning for each in question.parameters)
    assert all(each.meaning for each in question.columns)
    assert {each.name for each in question.parameters} == set(asked.names_in(question.sql))


@pytest.mark.parametrize("dialect", ["trino", "clickhouse", "bigquery", "spark"])
@pytest.mark.parametrize("name", PACKAGED_QUESTIONS)
def test_packaged_questions_translate(name: str, dialect: str) -> None:
    """Sqlglot writes each for other engines, with values in place, and reads the result again."""
    sqlglot = pytest.importorskip("sqlglot")
    question = load(name, [PACKAGED])
    tree = sqlglot.parse_one(question.sql, read="duckdb")
    values = question.values({})

    def filled(node: object) -> object:
        if isinstance(node, sqlglot.exp.Placeholder):
            return sqlglot.exp.convert(values[node.name])
        return node

    text = tree.transform(filled).sql(
        dialect=dialect, unsupported_level=sqlglot.ErrorLevel.RAISE, comments=False
    )
    again = sqlglot.parse_one(text, read=dialect)
    assert again.named_selects == tree.named_selects
    assert not list(again.find_all(sqlglot.exp.Placeholder))
