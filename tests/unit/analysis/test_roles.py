"""What tells processes of one name apart, from command lines as real programs have them."""

from __future__ import annotations

import shlex
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.analysis.roles import (
    LONGEST,
    Program,
    Role,
    roles,
    roles_at,
    shown_command_line,
    split,
)
from memory_watcher.recorded import RecordedImage, RecordedProcess

CHROMIUM = "/usr/lib/chromium/chromium"
EXTENSION = f"{CHROMIUM} --type=renderer --extension-process --lang=en-US --renderer-client-id=5"
JAVA = "java -Xmx4g -XX:+UseG1GC"


def alone(name: str, *arguments: str) -> Role:
    """The role of a process without namesakes."""
    return roles({0: Program(name, arguments)})[0]


def of_lines(name: str, *lines: str) -> list[Role]:
    """The roles of processes of one name; lines as in a shell."""
    return list(roles({n: Program(name, split(line)) for n, line in enumerate(lines)}).values())


@pytest.mark.parametrize(
    ("name", "arguments", "label", "group"),
    [
        # Titles: the program wrote them over its arguments; what follows is the room that was left.
        ("postgres", ["postgres: checkpointer ", *[""] * 40], "postgres: checkpointer", None),
        (
            "postgres",
            ["postgres: alice shop 10.0.0.7(52144) SELECT waiting"],
            "postgres: alice shop 10.0.0.7(52144) SELECT waiting",
            "postgres: alice shop",
        ),
        (
            "postgres",
            ["postgres: 15/main: bob bench [local] idle in transaction"],
            "postgres: 15/main: bob bench [local] idle in transaction",
            "postgres: 15/main: bob bench",
        ),
        (
            "postgres",
            ["postgres: parallel worker for PID 4711 "],
            "postgres: parallel worker for PID 4711",
            "postgres: parallel worker for PID",
        ),
        ("nginx", ["nginx: worker process", "", "", "", ""], "nginx: worker process", None),
        (
            "nginx",
            ["nginx: master process /usr/sbin/nginx -g daemon on; master_process on;"],
            "nginx: master process /usr/sbin/nginx -g daemon on; master_process on;",
            None,
        ),
        ("sshd", ["sshd: root@pts/3"], "sshd: root@pts/3", "sshd: root@pts"),
        (
            "sshd",
            ["sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"],
            "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups",
            "sshd: /usr/sbin/sshd -D [listener] of startups",
        ),
        ("php-fpm8.2", ["php-fpm: pool www"], "php-fpm: pool www", None),
        (
            "redis-server",
            ["redis-rdb-bgsave *:6379"],
            "redis-rdb-bgsave *:6379",
            "redis-rdb-bgsave *",
        ),
        ("gunicorn", ["gunicorn: worker [shop]"], "gunicorn: worker [shop]", None),
        (
            "avahi-daemon",
            ["avahi-daemon: running [a.local]"],
            "avahi-daemon: running [a.local]",
            None,
        ),
        ("ray::IDLE", ["ray::IDLE"], "ray::IDLE", None),
        (
            "celery",
            ["[celeryd: a@host:ForkPoolWorker-3]"],
            None,
            "[celeryd: a@host:ForkPoolWorker]",
        ),
        ("ruby", ["puma: cluster worker 1: 8231 [shop]"], None, "puma: cluster worker [shop]"),
        # Interpreters.
        ("python3", ["python3", "server.py", "--port", "80"], "python3 server.py", None),
        ("python3", ["/usr/bin/python3.11", "-u", "/srv/a/job.py"], "python3 job.py", None),
        ("python3", ["python3", "-m", "http.server", "8000"], "python3 -m http.server", None),
        ("python3", ["python3", "-Im", "pip", "install"], "python3 -m pip", None),
        ("python3", ["python3", "-W", "ignore", "-X", "dev", "a.py"], "python3 a.py", None),
        ("python3", ["python3", "-Wignore", "a.py"], "python3 a.py", None),
        ("python3", ["python3", "-c", "import a\nprint(1)"], "python3 -c import a print(1)", None),
        ("python3", ["python3"], "python3", None),
        ("python", ["python", "/srv/shop/manage.py", "runserver"], "python shop/manage.py", None),
        ("python", ["python", "/opt/tool/__main__.py"], "python tool/__main__.py", None),
        (
            "python3",
            [
                "/usr/bin/python3",
                "-c",
                "from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=5)",
                "--multiprocessing-fork",
            ],
            "python3 multiprocessing worker",
            None,
        ),
        (
            "python3",
            ["python3", "-c", "from multiprocessing.resource_tracker import main;main(4)"],
            "python3 multiprocessing resource tracker",
            None,
        ),
        ("gunicorn", ["/usr/bin/python3", "/usr/bin/gunicorn", "shop:app"], "gunicorn", None),
        (
            "unattended-upgr",
            ["/usr/bin/python3", "/usr/bin/unattended-upgrade-shutdown", "--wait"],
            "unattended-upgr",
            None,
        ),
        ("node", ["node", "--max-old-space-size=4096", "dist/worker.js"], "node worker.js", None),
        ("node", ["node", "-r", "dotenv/config", "/srv/api/index.js"], "node api/index.js", None),
        ("node", ["/usr/bin/node", "--inspect", "-e", "run()"], "node -e run()", None),
        ("deno", ["deno", "run", "--allow-net", "serve.ts"], "deno serve.ts", None),
        ("perl", ["/usr/bin/perl", "-w", "-I", "lib", "bin/spamd.pl"], "perl spamd.pl", None),
        ("perl", ["perl", "-Mstrict", "-e", "print 1"], "perl -e print 1", None),
        ("ruby", ["ruby", "-Ilib", "-r", "bundler", "job.rb"], "ruby job.rb", None),
        ("php", ["php", "-d", "memory_limit=-1", "artisan", "queue:work"], "php artisan", None),
        ("php", ["php", "-f", "cron.php"], "php cron.php", None),
        ("bash", ["/bin/bash", "-e", "./deploy.sh", "prod"], "bash deploy.sh", None),
        ("bash", ["bash", "-o", "pipefail", "-c", "a | b"], "bash -c a | b", None),
        ("sh", ["sh", "-ec", "pg_dump shop"], "sh -c pg_dump shop", None),
        ("sh", ["/bin/sh", "-c", "--", "make all"], "sh -c make all", None),
        ("bash", ["-bash"], "bash login", None),
        ("R", ["/usr/lib/R/bin/exec/R", "--no-echo", "--file=fit.R"], "R fit.R", None),
        ("Rscript", ["Rscript", "--vanilla", "fit.R"], "Rscript fit.R", None),
        ("dotnet", ["dotnet", "/app/Shop.Api.dll", "--urls"], "dotnet Shop.Api.dll", None),
        # Java.
        ("java", ["java", "-Xmx1g", "-jar", "/opt/app/app.jar", "-v"], "java app.jar", None),
        (
            "java",
            ["/usr/lib/jvm/bin/java", "-cp", "a.jar:b.jar", "-Dx=y", "org.apache.kafka.Kafka", "c"],
            "java org.apache.kafka.Kafka",
            None,
        ),
        ("java", ["java", "-p", "mods", "-m", "shop/shop.Main"], "java shop/shop.Main", None),
        ("java", ["java", "--add-opens", "a/b=ALL-UNNAMED", "Main"], "java Main", None),
        (
            "beam.smp",
            ["/usr/lib/erlang/beam.smp", "-W", "w", "-sname", "rabbit"],
            "beam.smp rabbit",
            None,
        ),
        # Browsers.
        ("chromium", [CHROMIUM, "--type=renderer", "--lang=en"], "chromium renderer", None),
        ("chromium", [f"{CHROMIUM} --type=renderer --lang=en-US"], "chromium renderer", None),
        ("chromium", [EXTENSION], "chromium extension renderer", None),
        ("code", ["/opt/My App/code --type=zygote --no-sandbox"], "code zygote", None),
        ("chromium", [CHROMIUM, "--type=gpu-process"], "chromium gpu-process", None),
        (
            "chromium",
            [CHROMIUM, "--type=utility", "--utility-sub-type=network.mojom.NetworkService"],
            "chromium utility NetworkService",
            None,
        ),
        (
            "Isolated Web Co",
            ["/usr/lib/firefox/firefox", "-contentproc", "-childID", "3", "1234", "tab"],
            "Isolated Web Co tab",
            None,
        ),
        # Nothing to tell.
        ("kworker/0:1", [], "kworker/0:1", None),
        ("cron", ["/usr/sbin/cron", "-f"], "cron", None),
        ("sleep", ["sleep", "60"], "sleep", None),
        ("my prog", ["/opt/my folder/my prog"], "my prog", None),
        ("", [], "", None),
    ],
)
def test_label(name: str, arguments: list[str], label: str | None, group: str | None) -> None:
    """The label names the process with its role; the group leaves out what is only its own."""
    found = alone(name, *arguments)
    if label is not None:
        assert found.label == label
    assert found.group == (group if group is not None else found.label)
    assert found.text or found.label == name


def test_browser() -> None:
    """The main process of a browser is told apart by its parts."""
    found = of_lines(
        "chromium",
        f"{CHROMIUM} --user-data-dir=/tmp/x",
        f"{CHROMIUM} --type=zygote --no-zygote-sandbox",
        *(f"{CHROMIUM} --type=renderer --renderer-client-id={n}" for n in range(5)),
    )
    labels = [role.label for role in found]
    assert labels == ["chromium browser", "chromium zygote", *["chromium renderer"] * 5]
    electron = of_lines("code", "/opt/code/code .", "/opt/code/code --type=gpu-process")
    assert electron[0].label == "code main"


def test_arguments_that_differ() -> None:
    """Else it is what not all processes of the name have; a value with its option."""
    found = of_lines("redis-server", *(f"redis-server --save '' --port {n}" for n in (7000, 7001)))
    assert [role.label for role in found] == [
        "redis-server --port 7000",
        "redis-server --port 7001",
    ]
    assert {role.group for role in found} == {"redis-server"}
    shims = of_lines("containerd-shim", "containerd-shim -id abc", "containerd-shim -id def")
    assert shims[1].text == "-id def"
    same = of_lines("gunicorn", *["python3 /usr/bin/gunicorn -w 3 app"] * 3)
    assert {role.label for role in same} == {"gunicorn"}


def test_scripts_that_differ_by_their_arguments() -> None:
    """The same script with several ports is one group, and each row tells its port."""
    found = of_lines("python3", *(f"python3 server.py --port={n}" for n in (1, 2)), "python3 x.py")
    assert [role.text for role in found] == ["server.py --port=1", "server.py --port=2", "x.py"]
    assert [role.group for role in found] == ["python3 server.py"] * 2 + ["python3 x.py"]


def test_server_among_its_titled_children() -> None:
    """The one without a title is told by its own arguments."""
    found = of_lines(
        "postgres", "/usr/bin/postgres -D /data", "'postgres: walwriter '", "'postgres: a b'"
    )
    assert [role.label for role in found] == [
        "postgres -D /data",
        "postgres: walwriter",
        "postgres: a b",
    ]


def test_server_among_forks_without_a_title_yet() -> None:
    """A fork that still has the server's arguments takes no role from the server."""
    server = "/usr/bin/postgres -D /data"
    found = of_lines("postgres", server, "'postgres: walwriter '", server, server)
    assert {found[n].label for n in (0, 2, 3)} == {"postgres -D /data"}
    assert found[0].group == "postgres"


def test_long_and_hostile() -> None:
    """A role is short whatever the arguments are; their bytes come through for others to escape."""
    role = alone("python3", "python3", "-c", "x" * 100_000)
    assert len(role.text) == LONGEST
    assert role.text.startswith("-c xxx")
    assert "…" in role.text
    hostile = alone("\x1b[31m", "a: \x1b[2J<script>\udcff")
    assert hostile.label == "a: \x1b[2J<script>\udcff"


def test_split() -> None:
    """What was quoted as for a shell comes back."""
    for arguments in (["a", "b c", "it's", "", "x\ny", "ü$"], ["'\"'", '"', "a=b'c'"]):
        assert split(shlex.join(arguments)) == tuple(arguments)
    assert split(None) == ()


@given(st.lists(st.text(max_size=20), max_size=10))
def test_split_any(arguments: list[str]) -> None:
    """Whatever the arguments hold."""
    assert split(shlex.join(arguments)) == tuple(arguments)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["python3", "bash", "java", "x"]),
            st.lists(
                st.sampled_from(
                    ["-", "--", "-c", "-m", "-jar", "python3", "java", "/bin/sh", "a: b", "", "-W"]
                )
                | st.text(max_size=8),
                max_size=6,
            ),
        ),
        max_size=6,
    )
)
def test_any_command_line(lines: list[tuple[str, list[str]]]) -> None:
    """No command line is refused, and every process has its name in its label."""
    found = roles({n: Program(name, tuple(rest)) for n, (name, rest) in enumerate(lines)})
    assert len(found) == len(lines)
    for n, (name, _) in enumerate(lines):
        assert found[n].label == found[n].text or found[n].label.startswith(name)
        assert len(found[n].text) <= LONGEST


def test_many_long_ones_are_quick() -> None:
    """A browser with 300 processes of 3 kB of switches each: well below a second."""
    switches = " ".join(f"--enable-feature-{n}=Some,Thing" for n in range(90))
    lines = [f"{CHROMIUM} --type=renderer {switches} --id={n}" for n in range(300)]
    began = time.process_time()
    of_lines("chromium", *lines)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("'postgres: writer '" + " ''" * 60, "'postgres: writer '"),
        ("'postgres: writer ' ''", "'postgres: writer '"),
        ("nginx" + " ''" * 9, "nginx"),
        ("grep ''", "grep ''"),
        ("a '' b", "a '' b"),
    ],
)
def test_shown_command_line(stored: str, shown: str) -> None:
    """The room behind a title, as older recordings hold it, is not printed."""
    assert shown_command_line(stored) == shown


def test_title_that_was_set_after_a_fork() -> None:
    """Until its title is known a fork has its parent's arguments: the title counts from the start.

    What execve puts there later is another program.
    """

    def process(number: int, *images: RecordedImage) -> RecordedProcess:
        return RecordedProcess(number, 1, 1, 1, 0, None, None, 0, 0, images)

    server = RecordedImage(1, "postgres", "postgres -D /data", "/usr/bin/postgres")
    fork = server._replace(first_tick=3)
    writer = RecordedImage(5, "postgres", "'postgres: walwriter '", "/usr/bin/postgres")
    other = RecordedImage(7, "cat", "cat", "/usr/bin/cat")
    found = roles_at([process(1, server), process(2, fork, writer, other)], 3)
    assert [role.label for role in found.values()] == ["postgres -D /data", "postgres: walwriter"]
    assert roles_at([process(2, fork, writer, other)], 8)[2].label == "cat"
