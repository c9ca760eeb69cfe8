"""JVMs are asked in time, one after the other, within the budget, and nobody waits for them."""

from __future__ import annotations

import json

import pytest

from memory_watcher.model import (
    Image,
    LayoutState,
    Mapping,
    MappingUsage,
    ProcessKey,
    Reading,
    Sample,
    Usage,
    WholeLayout,
)
from memory_watcher.record.ask_runtime import Answer, RuntimeAsker, answer_in
from memory_watcher.record.notices import Notice, RuntimeSilent, Silence
from memory_watcher.units import MILLISECOND, SECOND

LIBJVM = Mapping(0x7F0000000000, 0x7F0000001000, "r-xp", 0, 1, 7, "/jdk/lib/server/libjvm.so")
SAID = Answer(None, 99, "heap", 150 * MILLISECOND)


class Scripted:
    """A question that is answered when the test says so."""

    def __init__(self, key: ProcessKey) -> None:
        self.key = key
        self.answer: Answer | None = None
        self.is_given_up = False

    def poll(self) -> Answer | None:
        return self.answer

    def give_up(self) -> None:
        self.is_given_up = True


class Scene:
    """An asker whose clock, questions and listeners are the test's."""

    def __init__(self, max_cpu: float | None = 0.10) -> None:
        self.now_ns = 0
        self.asked: list[Scripted] = []
        self.stored: list[tuple[int, int, str, str]] = []
        self.notices: list[Notice] = []
        self.paid_ns = 0
        self.asker = RuntimeAsker(
            lambda *row: self.stored.append(row),
            self.pay,
            self.notices.append,
            max_cpu,
            ask=self.ask,
            now=lambda: self.now_ns,
        )

    def ask(self, key: ProcessKey) -> Scripted:
        self.asked.append(Scripted(key))
        return self.asked[-1]

    def pay(self, cpu_ns: int) -> None:
        self.paid_ns += cpu_ns

    def add(self, number: int, *mappings: Mapping, image: Image | None = None) -> None:
        self.asker.add(number, ProcessKey(number + 100, 5))
        self.see(number, *mappings, image=image)

    def see(self, number: int, *mappings: Mapping, image: Image | None = None) -> None:
        layout = WholeLayout([MappingUsage(each, Usage(4096)) for each in mappings])
        sample = Sample(Reading(), LayoutState.EXACT, layout, image=image)
        self.asker.see(number, sample)

    def at(self, seconds: float) -> int:
        """Let passes go by until then; how many questions there were so far."""
        while self.now_ns < seconds * SECOND:
            self.now_ns += SECOND // 2
            self.asker.after_pass()
        return len(self.asked)

    def answer(self, answer: Answer = SAID) -> None:
        self.asked[-1].answer = answer
        self.asker.after_pass()


def test_when_a_jvm_is_asked() -> None:
    """At once, 10 s after its answer, then every minute; what it says is stored and paid."""
    scene = Scene()
    scene.add(1, LIBJVM)
    scene.asker.after_pass()
    assert [each.key for each in scene.asked] == [ProcessKey(101, 5)]
    scene.answer()
    assert scene.stored == [(1, 99, "jcmd", "heap")]
    assert scene.paid_ns == 150 * MILLISECOND
    assert (scene.at(9.5), scene.at(10)) == (1, 2)
    scene.answer()
    assert (scene.at(69.5), scene.at(70)) == (2, 3)
    scene.answer()
    assert (scene.at(129.5), scene.at(130)) == (3, 4)
    assert not scene.notices


@pytest.mark.parametrize(
    "mapping",
    [
        LIBJVM._replace(perms="r--p"),
        LIBJVM._replace(inode=0),
        LIBJVM._replace(pathname="/x/libjvm.so.bak"),
        LIBJVM._replace(pathname="/libjvm.so/x"),
    ],
)
def test_what_is_not_proven_a_jvm_is_never_asked(mapping: Mapping) -> None:
    """The rules that name Java's memory would not speak either."""
    scene = Scene()
    scene.add(1, mapping)
    assert scene.at(120) == 0


def test_after_execve_or_its_end_it_is_not_asked() -> None:
    """Until a layout proves it again."""
    scene = Scene()
    scene.add(1, LIBJVM, image=Image("java"))
    scene.see(1, LIBJVM._replace(pathname="/bin/sh"), image=Image("sh"))
    assert scene.at(5) == 0
    scene.see(1, LIBJVM)
    scene.asker.end(1)
    assert scene.at(10) == 0


def test_one_at_a_time_and_a_quarter_of_the_budget() -> None:
    """Of 10 % of a core: a question of 150 ms every 6 s, whoever's turn it is."""
    scene = Scene()
    for number in range(1, 41):
        scene.add(number, LIBJVM)
    scene.asker.after_pass()
    assert scene.at(5) == 1  # no answer yet
    scene.answer()
    while scene.now_ns < 300 * SECOND:
        scene.at(scene.now_ns / SECOND + 0.5)
        scene.answer()
    assert 45 <= len(scene.asked) <= 51
    assert scene.paid_ns <= 0.25 * 0.10 * 310 * SECOND
    assert len({each.key for each in scene.asked}) == 40


def test_without_a_budget_nothing_is_held_back() -> None:
    """--max-cpu 0."""
    scene = Scene(max_cpu=None)
    for number in (1, 2, 3):
        scene.add(number, LIBJVM)
    for _ in range(3):
        scene.asker.after_pass()
        scene.answer()
    assert len(scene.asked) == 3


def test_why_it_is_silent_is_said_once() -> None:
    """And it is asked again a minute later."""
    scene = Scene()
    scene.add(1, LIBJVM)
    scene.asker.after_pass()
    for minute in (1, 2, 3):
        scene.answer(Answer(Silence.STOPPED, 0, "", 0))
        assert scene.at(60 * minute) == minute + 1
    assert scene.notices == [RuntimeSilent(101, Silence.STOPPED)]
    assert not scene.stored


def test_one_that_starts_is_asked_again_soon() -> None:
    """It does not catch SIGQUIT yet; one that never does has -Xrs, which is said."""
    scene = Scene()
    scene.add(1, LIBJVM)
    scene.asker.after_pass()
    deaf = Answer(Silence.DEAF, 0, "", 0)
    for count in range(1, 6):
        scene.answer(deaf)
        assert not scene.notices
        assert scene.at(2 * count) == count + 1
    scene.answer(deaf)
    assert scene.notices == [RuntimeSilent(101, Silence.DEAF)]
    assert scene.at(60) == 6


def test_one_that_ended_meanwhile_is_no_news() -> None:
    """Also when the helper broke off because of that."""
    scene = Scene()
    scene.add(1, LIBJVM)
    scene.asker.after_pass()
    scene.asker.end(1)
    scene.answer(Answer(Silence.FAILED, 0, "", 0))
    scene.add(2, LIBJVM)
    scene.asker.after_pass()
    scene.answer(Answer(Silence.ENDED, 0, "", 0))
    assert not scene.notices


def test_a_helper_that_hangs_is_given_up() -> None:
    """It ends by itself after 10 s; one that does not is told to."""
    scene = Scene()
    scene.add(1, LIBJVM)
    scene.asker.after_pass()
    scene.at(15)
    assert not scene.asked[0].is_given_up
    scene.at(16)
    assert scene.asked[0].is_given_up


def test_the_end_takes_an_answer_that_is_there_and_gives_up_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And asks nobody any more."""
    scene = Scene()
    scene.add(1, LIBJVM)
    scene.asker.after_pass()
    scene.asked[0].answer = SAID
    scene.asker.close()
    assert len(scene.stored) == len(scene.asked) == 1
    scene = Scene()
    scene.add(1, LIBJVM)
    scene.asker.after_pass()
    monkeypatch.setattr("memory_watcher.record.ask_runtime._AT_END_S", 0.0)
    scene.asker.close()
    assert scene.asked[0].is_given_up and not scene.stored


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"problem": null, "cpu_ns": 5}', b"\xff"])
def test_a_helper_that_broke_off(text: bytes) -> None:
    """It wrote nothing, or nothing whole."""
    assert answer_in(text).problem is Silence.FAILED


def test_what_the_helper_writes() -> None:
    """Texts and problems, each with what it cost."""
    told = {"problem": None, "time_ns": 9, "text": "a\n", "cpu_ns": 7}
    assert answer_in(json.dumps(told).encode()) == Answer(None, 9, "a\n", 7)
    told = {"problem": "stopped", "cpu_ns": 7}
    assert answer_in(json.dumps(told).encode()) == Answer(Silence.STOPPED, 0, "", 7)
