"""What is known of a PID, from the first listing to its being used again."""

from __future__ import annotations

from memory_watcher.model import ProcessKey
from memory_watcher.record.candidates import OUTSIDE, TAKEN, Candidates, State


def test_who_is_new() -> None:
    """A listing tells who was not in the one before, in order; who has left is forgotten."""
    candidates = Candidates()
    assert [each.pid for each in candidates.note_listed({3, 1, 2})] == [1, 2, 3]
    assert candidates.note_listed({1, 2}) == []
    assert [each.pid for each in candidates.note_listed({1, 3})] == [3]
    assert candidates.state(2) is None


def test_who_is_recorded_stays() -> None:
    """Whatever listings say, until its end is told: nobody else is new under its PID before."""
    candidates = Candidates()
    candidates.note_listed({1, 2})
    candidates.move(1, State.RECORDED)
    candidates.move(2, State.FOUND)
    assert candidates.note_listed(set()) == []
    assert (candidates.state(1), candidates.state(2)) == (State.RECORDED, None)
    assert candidates.note_listed({1}) == []
    candidates.ended(ProcessKey(1, 1000))
    candidates.note_listed(set())
    assert [each.pid for each in candidates.note_listed({1})] == [1]


def test_how_many_are_recorded() -> None:
    """Counted by changes of state: told twice, or of one that is not recorded, changes nothing."""
    candidates = Candidates()
    for pid in (1, 2, 2):
        candidates.move(pid, State.RECORDED)
    assert candidates.recorded == 2
    candidates.ended(ProcessKey(1, 1000))
    candidates.ended(ProcessKey(1, 1000))
    assert candidates.recorded == 1
    candidates.forget(2)
    candidates.forget(3)
    assert candidates.recorded == 0


def test_start_time_tells_a_zombie_from_the_next_with_its_pid() -> None:
    """Only of one that has ended: of all others nothing is known."""
    candidates = Candidates()
    candidates.move(1, State.RECORDED)
    assert not candidates[1].is_still(1000)
    candidates.ended(ProcessKey(1, 1000))
    assert candidates[1].is_still(1000)
    assert not candidates[1].is_still(2000)


def test_states_are_in_or_out() -> None:
    """Each state says whether the PID can still come in."""
    assert set(State) == {*OUTSIDE, *TAKEN}
    candidates = Candidates()
    for pid, state in enumerate(State):
        candidates.move(pid, state)
    assert {each.state for each in candidates.having(*OUTSIDE)} == {State.STRANGER, State.HELD_BACK}
