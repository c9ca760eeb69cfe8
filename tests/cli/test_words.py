"""Words that users read are plain: help texts, figures, the states of a layout, and the pages."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import markdown_it
import pytest

from memory_watcher import metrics
from memory_watcher.analysis.basis import Basis
from memory_watcher.analysis.kinds import Kind
from memory_watcher.analysis.runtimes import RULES
from memory_watcher.cli import COMMANDS, command_parser, overview_parser
from memory_watcher.model import LayoutState
from memory_watcher.tui.keys import KEYS

#: Words of the house's glossary that plain ones replace.
FORBIDDEN = re.compile(
    r"\b(?:told|tells?|dear|behind|looks?|gone|cheap figures|so (?:many|much)|nobody)\b"
    r"|\bis like this\b|, for (?:it|they|he|a|the|in) ",
    re.IGNORECASE,
)
#: Those that a page may not have either, where more is said.
FORBIDDEN_IN_PAGES = re.compile(
    r"\b(?:told|tells?|dear|behind|whom|cheap figures)\b|, for (?:it|they|he) ", re.IGNORECASE
)
#: The label of a state is stored in recordings, so it stays.
ALLOWED = {"LayoutState.GONE label": "gone"}

_ROOT = Path(__file__).parents[2]
PAGES = sorted([*_ROOT.glob("docs/*.md"), _ROOT / "README.md", _ROOT / "CHANGELOG.md"])

#: The longest sentence, in words.
LONGEST = 30


def _commands() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Each command, and each action of one that has actions of their own."""
    for name in COMMANDS:
        command = command_parser(name, f"memory-watcher {name}")
        yield name, command
        for action in command._actions:
            if isinstance(action, argparse._SubParsersAction):
                yield from ((f"{name} {each}", own) for each, own in action.choices.items())


def texts_of_commands() -> Iterator[tuple[str, str]]:
    """Where each text of a help is, and the text."""
    parser = overview_parser(whole=True)
    yield "memory-watcher", parser.description or ""
    yield "memory-watcher", parser.epilog or ""
    (commands,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    for choice in commands._choices_actions:
        yield choice.dest, choice.help or ""
    for name, command in _commands():
        prose = [line for line in (command.description or "").split("\n") if line[:2] != "  "]
        for number, paragraph in enumerate("\n".join(prose).split("\n\n")):
            yield f"{name} description {number}", " ".join(paragraph.split())
        for group in command._action_groups:
            yield name, group.title or ""
        for action in command._actions:
            if action.help:
                option = "/".join(action.option_strings) or action.dest
                yield f"{name} {option}", command._get_formatter()._expand_help(action)


def texts() -> Iterator[tuple[str, str]]:
    """Where each text is, and the text."""
    yield from texts_of_commands()
    for state in LayoutState:
        yield f"LayoutState.{state.name} label", state.label
        yield f"LayoutState.{state.name}", state.meaning
    for kind in Kind:
        yield f"Kind.{kind.name}", kind.meaning
    for metric in (
        *(*metrics.USAGE, *metrics.READING, *metrics.DERIVED, *metrics.TOTALS),
        *(*metrics.CGROUP, *metrics.MEMINFO, metrics.STATM, metrics.MEM_AVAILABLE_COMPUTED),
    ):
        yield f"metric {metric.name}", metric.meaning
    for rule in RULES:
        yield f"rule {rule.key} evidence", rule.evidence
        yield f"rule {rule.key} contradiction", rule.contradiction
    for basis in Basis:
        yield f"Basis.{basis.name}", basis.meaning
    for key in KEYS:
        yield f"key {key.keys}", key.meaning


TEXTS = list(texts())


def test_there_are_texts() -> None:
    """Those of every command are walked, or the tests below say nothing."""
    assert len(TEXTS) > 200
    assert len([where for where, _ in TEXTS if " description " in where]) > 2 * len(COMMANDS)
    for name in ("record", "peak", "chart", "report", "replay", "top", "load-smaps", "ls", "show"):
        assert any(where.startswith(f"{name} -") for where, _ in TEXTS), name


def test_words() -> None:
    """None is of those that have a plainer word."""
    found = {where: match[0] for where, text in TEXTS if (match := FORBIDDEN.search(text))}
    assert found == ALLOWED


def test_sentences_are_short() -> None:
    """Thirty words at most; what is in brackets is not counted."""
    too_long = [
        (where, sentence)
        for where, text in TEXTS
        for sentence in re.split(r"[.;:] ", re.sub(r"\([^)]*\)", "", text))
        if len(sentence.split()) > LONGEST
    ]
    assert too_long == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_words_of_pages(page: Path) -> None:
    """None is of those that have a plainer word wherever they are used."""
    found = [sentence for sentence in sentences(page) if FORBIDDEN_IN_PAGES.search(sentence)]
    assert found == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_sentences_of_pages_are_short(page: Path) -> None:
    """As those of help texts; the names of tables are a list."""
    too_long = [sentence for sentence in sentences(page) if len(sentence.split()) > LONGEST]
    assert [each for each in too_long if not each.startswith("machines ,")] == []


def sentences(page: Path) -> Iterator[str]:
    """Those of the prose of a page; code is one word, what is in brackets is left out."""
    parser = markdown_it.MarkdownIt("commonmark").enable("table")
    for token in parser.parse(page.read_text(encoding="utf-8")):
        parts = [
            "CODE" if part.type == "code_inline" else part.content or " "
            for part in token.children or []
        ]
        text = re.sub(r"\([^)]*\)", "", "".join(parts))
        yield from (" ".join(each.split()) for each in re.split(r"(?<=[.!?:;])\s+", text))


@pytest.mark.parametrize(
    "text", ["as the kernel tells", "what has gone", "a page, for it is shared"]
)
def test_what_is_found(text: str) -> None:
    """The pattern finds what it is for."""
    assert FORBIDDEN.search(text)
