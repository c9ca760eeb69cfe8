"""The questions on a real Spark: a master and two workers on loopback give DuckDB's answers."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.fleet.asked import PACKAGED, available
from tests import small_fleet
from tests.programs import command, environment, wait_until

pytestmark = [
    pytest.mark.live,
    pytest.mark.timeout(2400),
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("pyspark", "duckdb", "pyarrow")),
        reason="pyspark, duckdb or pyarrow is not installed: make spark installs them",
    ),
    pytest.mark.skipif(
        shutil.which("java") is None, reason="Java is not installed (openjdk-17-jre-headless)"
    ),
]
#: Java starts slowly on a busy machine.
PATIENCE = 900
_MEMORY = {"SPARK_DAEMON_MEMORY": "192m", "SPARK_LOCAL_IP": "127.0.0.1"}


@contextmanager
def spark_daemon(folder: Path, kind: str, *arguments: str) -> Iterator[Path]:
    """A part of a cluster, which is ended by its PID; its log."""
    home = Path(pytest.importorskip("pyspark").__file__).parent
    log = folder / f"{kind}-{len(list(folder.iterdir()))}.log"
    with log.open("wb") as out:
        daemon = subprocess.Popen(
            [
                home / "bin" / "spark-class",
                f"org.apache.spark.deploy.{kind.lower()}.{kind}",
                *("--host", "127.0.0.1", "--webui-port", "0", *arguments),
            ],
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **_MEMORY, "SPARK_HOME": str(home), "SPARK_WORKER_DIR": str(folder)},
        )
    try:
        yield log
    finally:
        daemon.terminate()
        daemon.wait(60)


@pytest.fixture(name="cluster", scope="module")
def started_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a master that has two workers."""
    folder = tmp_path_factory.mktemp("spark")
    with spark_daemon(folder, "Master", "--port", "0") as log:
        wait_until(lambda: "Starting Spark master at" in log.read_text(), "a master", PATIENCE)
        found = re.search(r"spark://127\.0\.0\.1:\d+", log.read_text())
        assert found is not None
        worker = ("--cores", "1", "--memory", "600m", found[0])
        with spark_daemon(folder, "Worker", *worker), spark_daemon(folder, "Worker", *worker):
            wait_until(
                lambda: log.read_text().count("Registering worker") == 2, "two workers", PATIENCE
            )
            yield found[0]


@pytest.fixture(name="fleet", scope="module")
def written_fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Under a name that is a pattern to who does not take care."""
    return small_fleet.write(tmp_path_factory.mktemp("fleet") / "a [b] {c}")


def asked(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("memory-watcher", "fleet", "ask", *map(str, arguments), "--format", "json"),
        capture_output=True,
        text=True,
        env=environment(),
        timeout=PATIENCE,
        check=False,
    )


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) or isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9)
    return bool(one == other)


def test_every_question_has_the_same_answer(cluster: str, fleet: Path) -> None:
    """Row by row and column by column what DuckDB says, from the same text of SQL."""
    from memory_watcher.fleet.ask import ask
    from memory_watcher.fleet.asked import read
    from memory_watcher.fleet.engines.duck import Duck
    from memory_watcher.fleet.engines.spark import Spark
    from memory_watcher.fleet.shown import plain

    spark, duck = Spark(cluster), Duck(str(fleet), 500 << 20)
    try:
        for path in available([PACKAGED]).values():
            question = read(path)
            answers = [
                ask(str(fleet), engine, question.sql, question.values({})).answer
                for engine in (spark, duck)
            ]
            names = [answer.columns for answer in answers]
            rows = [[tuple(map(plain, row)) for row in answer.rows] for answer in answers]
            assert names[0] == names[1]
            assert len(rows[0]) == len(rows[1]) > 0, question.name
            for one, other in zip(*rows, strict=True):
                assert all(map(same, one, other)), (question.name, one, other)
        with pytest.raises(Exception, match=r"Spark: .*INSERT"):
            ask(str(fleet), spark, "WITH x AS (SELECT 1) INSERT INTO y SELECT * FROM x", {})
    finally:
        duck.close()
        spark.close()


def test_the_command_asks_the_cluster(cluster: str, fleet: Path, tmp_path: Path) -> None:
    """Nothing of what Java says comes through; a damaged file is named, and the others count."""
    damaged = tmp_path / "fleet"
    shutil.copytree(fleet, damaged)
    part = small_fleet.part(damaged, "hosts", "h3")
    data = bytearray(part.read_bytes())
    data[4 : len(data) // 2] = bytes(len(data) // 2 - 4)
    part.write_bytes(data)
    hostile = "'; DROP TABLE hosts; --"
    done = asked("percentiles", fleet, "--engine", cluster, "--set", f"program={hostile}")
    assert (done.returncode, done.stderr, json.loads(done.stdout)["rows"]) == (0, "", [])
    done = asked("cost", damaged, "--engine", cluster)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(f"{part}: damaged, left out: ")
    assert len(done.stderr.splitlines()) == 1
    days = {row["hostname"]: row["days"] for row in json.loads(done.stdout)["rows"]}
    assert days == {"h0": 2, "h1": 2, "h2": 2, "h3": 1, "h4": 2, "h5": 2}


def test_a_cluster_that_is_not_there(fleet: Path) -> None:
    """One line that names it, exit code 1."""
    done = asked("cost", fleet, "--engine", "spark://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (1, "")
    assert "spark://127.0.0.1:9" in done.stderr
    assert len(done.stderr.splitlines()) == 1
