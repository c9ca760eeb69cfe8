"""memory-watcher export otlp: what a collector gets, and what is said when it does not take it."""

from __future__ import annotations

import socket
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.model import Reading
from memory_watcher.render.escape import escape
from tests.exports import HOSTILE, PID, PROGRAM, hard_recording, peak
from tests.otlp_receiver import Receiver, receiver, rejecting, value
from tests.programs import run
from tests.recordings import KI, MI, SECOND, START, RecordingBuilder

#: A quiet layout, a torn one, the peak: their times.
MOMENTS = {tick: START + (tick - 1) * SECOND for tick in (1, 2, 3)}
OWN = "memory_watcher"


@pytest.fixture(name="path", scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hard_recording(tmp_path_factory.mktemp("export") / "hard.db")


def send(
    path: Path, to: Receiver, *options: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    environment["NO_PROXY"] = "127.0.0.1"
    line = ("export", "otlp", str(path), "--endpoint", to.endpoint, *options)
    return run("memory-watcher", *line, **environment)  # type: ignore[arg-type]


@pytest.fixture(name="sent", scope="module")
def sent_by_kind(path: Path) -> Receiver:
    """All that a collector got."""
    with receiver() as got:
        done = send(path, got)
    assert (done.returncode, done.stdout) == (0, "")
    count = sum(1 for _ in got.points())
    assert done.stderr == f"{got.endpoint}/v1/metrics: {count} points sent\n"
    return got


def told_until(got: Receiver, name: str, time_ns: int) -> dict[tuple[tuple[str, Any], ...], Any]:
    """What each series of a metric told last at a time."""
    found: dict[tuple[tuple[str, Any], ...], tuple[int, Any]] = {}
    for _, metric, attributes, point in got.points():
        if metric.name == name and point.time_unix_nano <= time_ns:
            key = tuple(sorted(attributes.items()))
            found[key] = max(found.get(key, (0, 0)), (point.time_unix_nano, value(point)))
    return {key: last for key, (_, last) in found.items()}


@pytest.mark.parametrize("tick", MOMENTS)
def test_each_moment_has_the_figures_of_memory_peak(path: Path, sent: Receiver, tick: int) -> None:
    """Of each kind PSS, RSS, USS and swap to the byte; the sums; RSS and size by their names."""
    shown = peak(path, "--by", "kind", "--measurement-time", f"#{tick}")
    expected = {
        (group["kind"], figure): group["figures"][figure]
        for group in shown["groups"]
        for figure in ("pss", "rss", "uss", "swap")
    }
    kinds = told_until(sent, f"{OWN}.mapping.usage", MOMENTS[tick])
    found = {
        (dict(key)[f"{OWN}.kind"], dict(key)[f"{OWN}.figure"]): each for key, each in kinds.items()
    }
    assert found == expected
    for figure, size in shown["measurement"]["totals"].items():
        assert list(told_until(sent, f"{OWN}.layout.{figure}", MOMENTS[tick]).values()) == [size]
    reading = shown["measurement"]["reading"]
    for name, figure in (("process.memory.usage", "resident"), ("process.memory.virtual", "size")):
        assert list(told_until(sent, name, MOMENTS[tick]).values()) == [reading[figure]]


def test_points_have_the_times_of_the_recording_and_are_sent_once(sent: Receiver) -> None:
    """Never that of the sending; no series has a time twice; what is not reported is not sent."""
    times = defaultdict(list)
    for resource, metric, attributes, point in sent.points():
        assert point.time_unix_nano in {START + n * SECOND for n in range(5)}
        key = (str(resource), metric.name, str(sorted(attributes.items())))
        times[key].append(point.time_unix_nano)
    for name, of_series in times.items():
        assert of_series == sorted(set(of_series)), name
    assert not any("minor_faults" in name for _, name, _ in times)


def test_shapes_units_and_resources(sent: Receiver) -> None:
    """Sizes under OpenTelemetry's names may be added up, our own are gauges; all are bytes."""
    metrics = {metric.name: metric for _, metric, _, _ in sent.points()}
    usage = metrics["process.memory.usage"]
    assert (usage.unit, usage.sum.is_monotonic, usage.sum.aggregation_temporality) == (
        "By",
        False,
        2,
    )
    own = metrics[f"{OWN}.mapping.usage"]
    assert (own.unit, own.WhichOneof("data")) == ("By", "gauge")
    (each,) = {str(of): of for of, *_ in sent.points()}.values()
    assert each["process.pid"] == PID
    assert each[f"{OWN}.process.name"] == escape(PROGRAM)
    assert each["host.name"] == "host"
    assert set(sent.paths) == {"/v1/metrics"}


def test_machine_memory_has_the_names_of_the_conventions(tmp_path: Path) -> None:
    """MemFree is a state of system.memory.usage; a line without a name there is one of ours."""
    builder = RecordingBuilder(tmp_path / "a.db")
    process = builder.process(7)
    for number, free in enumerate((64, 32), 1):
        builder.tick()
        builder.reading(process)
        for field, (name, size) in enumerate(
            (("MemFree", free), ("MemTotal", 128), ("Dirty", 1), ("Slab", 9)), 1
        ):
            builder.execute("INSERT OR IGNORE INTO meminfo_fields VALUES (?, ?)", field, name)
            builder.execute("INSERT INTO meminfo VALUES (?, ?, ?)", field, number, size * MI)
    with receiver() as got:
        assert send(builder.close(), got).returncode == 0
    free_key = (("system.memory.state", "free"),)
    assert told_until(got, "system.memory.usage", START) == {free_key: 64 * MI}
    assert told_until(got, "system.memory.usage", START + SECOND) == {free_key: 32 * MI}
    assert told_until(got, "system.memory.limit", START) == {(): 128 * MI}
    assert told_until(got, f"{OWN}.system.memory", START) == {
        ((f"{OWN}.line", "Dirty"),): MI,
        ((f"{OWN}.line", "Slab"),): 9 * MI,
    }


def test_names_are_escaped_or_redacted(path: Path) -> None:
    """By name any name comes through; redacted none is in what was sent, nor that of the host."""
    with receiver() as got:
        assert send(path, got, "--by", "name").returncode == 0
    names = {attributes.get(f"{OWN}.name") for _, _, attributes, _ in got.points()}
    assert {escape(HOSTILE[0]), escape(HOSTILE[2])} <= names
    with receiver() as hidden:
        assert send(path, hidden, "--by", "name", "--redact").returncode == 0
    body = b"".join(hidden.bodies)
    for word in ("srv", "HYPERLINK", "secret", "cmd", "libc", "server", "user.slice", '"host"'):
        assert word.encode() not in body, word
    assert {resource["host.name"] for resource, *_ in hidden.points()} != {"host"}


def failed(done: subprocess.CompletedProcess[str], *said: str) -> None:
    """One line, exit code 1."""
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1), done.stderr
    for each in said:
        assert each in done.stderr


def test_nobody_listens(path: Path) -> None:
    """The address is named, and the option; nothing arrived."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        to = Receiver(chosen.getsockname()[1])
        done = send(path, to)
    failed(done, f"{to.endpoint}/v1/metrics: the collector cannot be reached; check its address")
    assert "nothing arrived before" in done.stderr


@pytest.mark.parametrize("status", [302, 400, 401, 404, 500])
def test_a_collector_that_refuses(path: Path, status: int) -> None:
    """It is asked once; a redirection is no success either."""
    with receiver(lambda number: (status, b"no")) as got:
        failed(send(path, got), f"the collector answered {status}")
    assert len(got.bodies) == 1


def test_a_collector_that_takes_a_part(path: Path) -> None:
    """What it says is told, harmless to a terminal."""
    with receiver(lambda number: (200, rejecting(3, "too \x1b[31mold"))) as got:
        failed(send(path, got), "refused 3 points (too \\x1b[31mold)")


@pytest.mark.parametrize("status", [502, 504])
def test_what_a_gateway_may_have_passed_on_is_not_sent_again(path: Path, status: int) -> None:
    """It is said that nobody knows."""
    with receiver(lambda number: (status, b"")) as got:
        failed(send(path, got), f"answered {status}", "arrived is not known")
    assert len(got.bodies) == 1


def test_a_collector_that_closes(path: Path) -> None:
    """Sent once, though the connection broke; it is said that nobody knows what arrived."""
    with receiver(lambda number: None) as got:
        failed(send(path, got), "the collector closed the connection", "arrived is not known")
    assert len(got.bodies) == 1


def test_a_slow_collector(path: Path) -> None:
    """The time that it gets is that of OpenTelemetry's own variable, 10 s without it."""
    with receiver(slow=60) as got:
        done = send(path, got, OTEL_EXPORTER_OTLP_TIMEOUT="1")
        failed(done, "did not answer within 1 s", "arrived is not known")
        assert len(got.bodies) == 1


def test_a_busy_collector_is_asked_again_and_that_is_said(path: Path) -> None:
    """429 and 503 say that nothing was taken: the same points come again, and once in the end."""
    with receiver(lambda number: (503, b"") if number == 1 else (200, b"")) as got:
        done = send(path, got)
    assert done.returncode == 0
    first, last = done.stderr.splitlines()
    assert first.endswith("the collector is busy (503); the same points are sent again")
    assert last.endswith(" points sent")
    assert got.bodies[0] == got.bodies[1]
    assert len(got.requests) == 1


def test_a_collector_that_stays_busy(path: Path) -> None:
    """The last line says why it failed."""
    with receiver(lambda number: (429, b"")) as got:
        done = send(path, got, OTEL_EXPORTER_OTLP_TIMEOUT="1.5")
    assert done.returncode == 1
    assert "the collector is busy (429); nothing arrived before" in done.stderr.splitlines()[-1]


def test_many_points_go_in_several_requests_and_those_that_arrived_are_told(tmp_path: Path) -> None:
    """Of a long recording: 5 000 points a request; when the second fails the first is told."""
    builder = RecordingBuilder(tmp_path / "a.db")
    process = builder.process(7)
    for number in range(6_000):
        builder.tick()
        builder.reading(process, Reading(resident=number * KI))
    path = builder.close()
    with receiver(lambda number: (200, b"") if number == 1 else (500, b"")) as got:
        failed(send(path, got), "answered 500", "5000 points arrived before")
    with receiver() as got:
        assert send(path, got).returncode == 0
    assert [sum(1 for _ in Receiver.points(of)) for of in _each(got)] == [5_000, 1_000]


def _each(got: Receiver) -> list[Receiver]:
    found = []
    for request in got.requests:
        one = Receiver(0)
        one.requests = [request]
        found.append(one)
    return found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name the collector with --endpoint"),
        (("--endpoint", "localhost:4318"), "write http://localhost:4318"),
        (("--endpoint", "ftp://a"), "write http://localhost:4318"),
        (("--endpoint", "http://a:99999999"), "write http://localhost:4318"),
        (("--endpoint", "http://a", "-o", "x"), "--output has no effect on otlp"),
        (("--endpoint", "http://a", "--by", "mapping"), "--by mapping"),
    ],
)
def test_what_cannot_be_meant(path: Path, arguments: tuple[str, ...], said: str) -> None:
    """One line with the option, exit code 2."""
    done = run("memory-watcher", "export", "otlp", path, *arguments)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert said in done.stderr


def test_a_password_in_the_address_is_not_shown(path: Path) -> None:
    """Neither in errors."""
    with receiver(lambda number: (401, b"")) as got:
        to = Receiver(0)
        to.endpoint = got.endpoint.replace("http://", "http://me:hidden@")
        done = send(path, to)
    failed(done, f"{got.endpoint}/v1/metrics: the collector answered 401")
    assert "hidden" not in done.stderr
