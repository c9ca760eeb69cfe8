"""Exports in the programs that they are for: go tool pprof, and a real Prometheus."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.render.escape import escape
from tests.exports import HOSTILE, PROGRAM, exported, hard_recording, peak
from tests.programs import PATIENCE, wait_until
from tests.recordings import MI

pytestmark = pytest.mark.live
needs_go = pytest.mark.skipif(shutil.which("go") is None, reason="go is not installed (golang-go)")
needs_prometheus = pytest.mark.skipif(
    shutil.which("promtool") is None or shutil.which("prometheus") is None,
    reason="Prometheus is not installed (prometheus)",
)

#: A quiet layout, a torn one, the peak; one second apart.
MOMENTS = {1: 1_534_514_283.942, 2: 1_534_514_284.942, 3: 1_534_514_285.942}


@pytest.fixture(name="path", scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hard_recording(tmp_path_factory.mktemp("export") / "hard.db")


def figures(path: Path, tick: int) -> dict[str, dict[str, int]]:
    """The figures of each kind, as memory-peak has them."""
    shown = peak(path, "--by", "kind", "--measurement-time", f"#{tick}")
    return {group["kind"]: group["figures"] for group in shown["groups"]}


def pprof(*arguments: str | Path) -> str:
    done = subprocess.run(
        ["go", "tool", "pprof", "-symbolize=none", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def top(text: str) -> dict[str, tuple[str, str]]:
    """Flat and cumulative sizes by the name of a frame."""
    lines = re.findall(r"^ *(\S+) +\S+% +\S+% +(\S+) +\S+% +(.+)$", text, re.MULTILINE)
    return {name: (flat, cumulative) for flat, cumulative, name in lines}


@needs_go
@pytest.mark.parametrize("tick", MOMENTS)
@pytest.mark.parametrize("figure", ["pss", "rss", "uss", "swap"])
def test_pprof_has_the_figures_of_memory_peak(
    path: Path, tmp_path: Path, tick: int, figure: str
) -> None:
    """`go tool pprof -top` shows each kind's bytes, whichever sample it is asked for."""
    file = tmp_path / "a.pb.gz"
    file.write_bytes(exported("pprof", path, at=f"#{tick}"))
    options = (f"-sample_index={figure}", "-unit=b", "-nodefraction=0")
    shown = top(pprof("-top", *options, file))
    expected = figures(path, tick)
    for kind, told in expected.items():
        if told[figure]:
            name = next(name for name in shown if name == kind)
            assert shown[name][1] == f"{told[figure]}B"


@needs_go
def test_pprof_has_every_name(path: Path, tmp_path: Path) -> None:
    """Hostile names come through, escaped for a terminal."""
    file = tmp_path / "a.pb.gz"
    file.write_bytes(exported("pprof", path))
    raw = pprof("-raw", file)
    for name in (*HOSTILE, PROGRAM):
        assert escape(name.removesuffix(" (deleted)")) in raw
    assert raw.isascii() or "\ufffd" not in raw


@needs_go
def test_pprof_compares_two_profiles(path: Path, tmp_path: Path) -> None:
    """-diff_base of two exports, and an export with a base, say what memory-peak's figures say."""
    files = {tick: tmp_path / f"{tick}.pb.gz" for tick in MOMENTS}
    for tick, file in files.items():
        file.write_bytes(exported("pprof", path, at=f"#{tick}", by="kind"))
    options = ("-top", "-sample_index=pss", "-unit=b", "-nodefraction=0")
    shown = top(pprof(*options, f"-diff_base={files[1]}", files[3]))
    assert shown["heap"][1] == f"{2 * MI}B"
    both = tmp_path / "both.pb.gz"
    both.write_bytes(exported("pprof", path, at="#3", base="#1", by="kind"))
    assert top(pprof(*options, both))["heap"][1] == f"{2 * MI}B"


needs_influx = pytest.mark.skipif(
    shutil.which("influxd") is None, reason="InfluxDB is not installed (influxdb)"
)


@contextmanager
def influx(folder: Path) -> Iterator[str]:
    """A server with an empty database `memory`; its address."""
    ports = []
    for _ in range(2):
        with socket.socket() as chosen:
            chosen.bind(("127.0.0.1", 0))
            ports.append(chosen.getsockname()[1])
    http, own = ports
    (folder / "influx.conf").write_text(
        f'bind-address = "127.0.0.1:{own}"\nreporting-disabled = true\n'
        f'[meta]\n  dir = "{folder}/meta"\n'
        f'[data]\n  dir = "{folder}/data"\n  wal-dir = "{folder}/wal"\n'
        f'[http]\n  bind-address = "127.0.0.1:{http}"\n'
    )
    server = subprocess.Popen(
        ["influxd", "-config", folder / "influx.conf"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{http}"
    make = f"{address}/query?q=CREATE%20DATABASE%20memory"
    try:
        wait_until(lambda: posted(make, b""), "InfluxDB is ready")
        yield address
    finally:
        server.terminate()
        server.wait()


def posted(url: str, data: bytes) -> bool:
    try:
        with urllib.request.urlopen(url, data=data, timeout=PATIENCE) as answer:
            return bool(answer.status in (200, 204))
    except OSError:
        return False


@needs_influx
def test_influx_shows_the_figures_of_memory_peak(path: Path, tmp_path: Path) -> None:
    """A real server takes every line, and answers with the bytes of each moment."""
    with influx(tmp_path) as server:
        for by in ("kind", "name"):
            assert posted(f"{server}/write?db=memory", exported("influx", path, by=by))
        for tick, time in MOMENTS.items():
            for figure in ("pss", "rss", "uss", "swap"):
                query = urllib.parse.urlencode(
                    {
                        "db": "memory",
                        "q": f"SELECT {figure} FROM memory_watcher"
                        f" WHERE time = {round(time * 1000)}ms AND \"name\" = '' GROUP BY kind",
                    }
                )
                found = json.loads(answers(f"{server}/query?{query}"))["results"][0]["series"]
                assert {each["tags"]["kind"]: each["values"][0][1] for each in found} == {
                    kind: told[figure] for kind, told in figures(path, tick).items()
                }
        query = urllib.parse.urlencode(
            {"db": "memory", "q": 'SHOW TAG VALUES WITH KEY IN ("name", "process")'}
        )
        shown = json.loads(answers(f"{server}/query?{query}"))["results"][0]["series"][0]["values"]
        values = {value for _, value in shown}
        assert {escape(name) for name in (*HOSTILE[:4], PROGRAM)} <= values


@contextmanager
def prometheus(folder: Path) -> Iterator[str]:
    """A server on the blocks in a folder; its address."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{chosen.getsockname()[1]}"
    (folder / "prometheus.yml").write_text("{}")
    server = subprocess.Popen(
        [
            "prometheus",
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            "--storage.tsdb.retention.time=100y",
            f"--web.listen-address={address}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: answers(f"http://{address}/-/ready"), "Prometheus is ready")
        yield f"http://{address}"
    finally:
        server.terminate()
        server.wait()


def answers(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return bytes(answer.read())
    except OSError:
        return b""


def asked(server: str, query: str, time: float) -> list[dict[str, Any]]:
    """What a query gives at a time."""
    words = urllib.parse.urlencode({"query": query, "time": time})
    answer = json.loads(answers(f"{server}/api/v1/query?{words}"))
    assert answer["status"] == "success"
    found: list[dict[str, Any]] = answer["data"]["result"]
    return found


@needs_prometheus
def test_prometheus_shows_the_figures_of_memory_peak(path: Path, tmp_path: Path) -> None:
    """Promtool takes the file as it is; the server answers with the bytes of each moment."""
    for by in ("kind", "name"):
        file = tmp_path / f"{by}.om"
        file.write_bytes(exported("openmetrics", path, by=by))
        done = subprocess.run(
            ["promtool", "tsdb", "create-blocks-from", "openmetrics", file, tmp_path / by / "data"],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    with prometheus(tmp_path / "kind") as server:
        for tick, time in MOMENTS.items():
            for figure in ("pss", "rss", "uss", "swap"):
                query = f'memory_watcher_mapping_bytes{{figure="{figure}"}}'
                found = {
                    each["metric"]["kind"]: int(each["value"][1])
                    for each in asked(server, query, time)
                }
                assert found == {kind: told[figure] for kind, told in figures(path, tick).items()}
        (mark,) = asked(server, "memory_watcher_process_high_water_mark_bytes", MOMENTS[3])
        assert int(mark["value"][1]) == 4 * MI
        assert mark["metric"]["process"] == escape(PROGRAM)
    with prometheus(tmp_path / "name") as server:
        series = asked(server, 'memory_watcher_mapping_bytes{figure="pss"}', MOMENTS[3])
        names = {each["metric"]["name"] for each in series}
        assert {escape(name) for name in HOSTILE[:3]} <= names
