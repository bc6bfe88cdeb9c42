"""scripts/serve: every role of the image for real, in production, as another user who may write into one folder."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.contrib.auth.models import User

from futurisys.backup import programs as installed
from futurisys.embedded_programs import MAJOR, binaries
from predictions.models import Prediction
from registry.models import ModelVersion
from tests.images import Image, other, other_user, port, python_for, status, until
from tests.worlds import ROOT

pytestmark = pytest.mark.integration
# Keeps a PostgreSQL that may lose nothing, until its input ends.
KEEP = """
import sys; sys.path.insert(0, sys.argv[1])
from pathlib import Path
from futurisys.embedded import Cluster
cluster = Cluster(Path(sys.argv[2])); cluster.start(); print(cluster.app_url, cluster.owner_url, flush=True)
sys.stdin.read(); cluster.stop()
"""
STOPS_WITHIN = 20  # seconds; nothing runs


@pytest.fixture(scope="module")
def image(needs: Callable[[object, str], None]) -> Iterator[Image]:
    whom = other_user()
    python = python_for(whom)
    needs(python, "Install a Python >= 3.11 with venv that every user may run (apt-get install python3-venv).")
    made = Image(str(python), whom)
    yield made
    made.remove()


@pytest.fixture(scope="module")
def durable(image: Image) -> Iterator[dict[str, str]]:
    """URLs of an empty PostgreSQL with fsync on: in memory, where that costs nothing."""
    memory = Path("/dev/shm")
    is_large = memory.is_dir() and shutil.disk_usage(memory).free > 500_000_000
    folder = Path(tempfile.mkdtemp(prefix="futurisys-", dir=memory if is_large else None))
    if image.whom:
        os.chown(folder, image.whom["user"], image.whom["group"])
    command = [image.python, "-c", KEEP, image.code, folder / "postgres"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd="/", env=image.environment(), **pipes, **image.whom) as keeper:
        app, owner = keeper.stdout.readline().split()
        yield {"DATABASE_URL": app, "DATABASE_OWNER_URL": owner}
        keeper.stdin.close()
        keeper.wait(30)
    shutil.rmtree(folder, ignore_errors=True)


def copied(source: str, target: str) -> None:
    """Everything of the test's database, without its rights: `migrate` gives those."""
    programs = binaries(other())
    with psycopg.connect(source) as server:
        begins = installed.for_dump(server.info.server_version // 10_000)
    pg_dump = programs / "pg_dump" if begins.major == int(MAJOR) else begins.path
    dump = ["--format=custom", "--no-owner", "--no-privileges", "--exclude-schema=kept", "--compress=0", source]
    whom = other_user()
    with subprocess.Popen([pg_dump, *dump], stdout=subprocess.PIPE, cwd="/", **whom) as begun:
        restore = [programs / "pg_restore", "--no-owner", "--exit-on-error", "--dbname", target]
        subprocess.run(restore, stdin=begun.stdout, check=True, cwd="/", **whom)
    assert begun.returncode == 0


def production(image: Image, urls: dict[str, str], number: int) -> dict[str, str]:
    """Environment of a safe production server behind a proxy that only passes HTTP on."""
    own = {"FUTURISYS_ENV": "production", "SECRET_KEY": secrets.token_urlsafe(60), "ALLOWED_HOSTS": "127.0.0.1"}
    own |= {"BEHIND_PROXY": "yes", "NUM_PROXIES": "1", "SECURE_SSL_REDIRECT": "no", "BIND": f"127.0.0.1:{number}"}
    return image.environment(**own, **urls, WEB_WORKERS="1", WORKER_PROCESSES="1", OMP_NUM_THREADS="1")


def smoke(number: int, **more: str) -> "subprocess.CompletedProcess[str]":
    command = [ROOT / "scripts" / "image" / "smoke.sh", f"http://127.0.0.1:{number}"]
    own = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "SECONDS_TO_WAIT": "60", **more}
    return subprocess.run(command, check=False, cwd="/", env=own, capture_output=True, text=True, timeout=90)


@pytest.mark.django_db(transaction=True)
def test_every_role_serves_and_stops(
    image: Image,
    durable: dict[str, str],
    database_environment: dict[str, str],
    iris: ModelVersion,
    analyst: User,
    token: Callable[[User], str],
) -> None:
    key, number = token(analyst).removeprefix("Token "), port()
    copied(database_environment["DATABASE_OWNER_URL"], durable["DATABASE_OWNER_URL"])
    environment = production(image, durable, number)
    assert image.start("migrate", environment).wait(120) == 0, image.log("migrate").read_text()
    running = {"web": image.start("web", environment)}
    until(lambda: status(number, "/health/ready") == 200, process=running["web"], log=image.log("web"))
    pulses = {role: environment | {"PULSE_FILE": str(image.var / f"pulse-{role}")} for role in ("worker", "beat")}
    for role, own in pulses.items():
        running[role] = image.start(role, own)
    try:
        asked = smoke(number, TOKEN=key)
        assert asked.returncode == 0, asked.stderr
        assert "iris, version 1, answered setosa, recorded as" in asked.stdout.replace("versicolor", "setosa")
        assert not Prediction.objects.exists(), "it was recorded elsewhere"
        for role, own in pulses.items():
            until(Path(own["PULSE_FILE"]).exists, process=running[role], log=image.log(role))
            assert image.is_healthy(own) == (True, "")
        assert image.is_healthy(environment) == (True, "")
    finally:
        ended = {role: stopped(process) for role, process in running.items()}
    assert ended == dict.fromkeys(running, (0, True)), {role: image.log(role).read_text()[-1500:] for role in running}
    assert image.is_healthy(environment)[0] is False
    assert image.written() == []


def stopped(process: "subprocess.Popen[bytes]") -> tuple[int, bool]:
    """Exit code after SIGTERM, and whether it came soon."""
    begun = time.monotonic()
    process.terminate()
    try:
        code = process.wait(60)
    finally:
        process.kill()
    return code, time.monotonic() - begun < STOPS_WITHIN


def test_a_worker_without_a_sign_of_life_is_not_healthy(image: Image, tmp_path: Path) -> None:
    pulse = image.var / "pulse-old"
    pulse.touch()
    os.utime(pulse, (time.time() - 100,) * 2)
    is_healthy, said = image.is_healthy(image.environment(PULSE_FILE=str(pulse)))
    assert (is_healthy, said.startswith("No sign of life for 10")) == (False, True)


def test_the_server_does_not_start_on_a_forgetful_database(image: Image, durable: dict[str, str]) -> None:
    forgetful = durable["DATABASE_URL"] + "&options=-c%20synchronous_commit%3Doff"
    # The application's role is made by migrate, which may not have run here.
    urls = {
        "DATABASE_URL": forgetful.replace(urlsplit(forgetful).netloc, urlsplit(durable["DATABASE_OWNER_URL"]).netloc)
    }
    web = image.start("web", production(image, {**durable, **urls}, port()))
    assert web.wait(60) == 1
    said = image.log("web").read_text()
    assert "PostgreSQL runs with synchronous_commit=off: a committed record could be lost." in said
    assert "web does not start" in said


def test_the_demo_says_what_it_misses(image: Image) -> None:
    demo = image.start("demo", image.environment())
    assert demo.wait(60) == 1
    assert "needs requirements/run.txt" in image.log("demo").read_text()


@pytest.mark.parametrize(
    ("role", "more", "sentence"),
    [
        ("cook", {}, "knows web, worker, beat, migrate and demo, not “cook”"),
        ("web", {"FUTURISYS_VAR": "/proc/none"}, "/proc/none/tmp cannot be written"),
    ],
)
def test_it_says_what_it_cannot_do(role: str, more: dict[str, str], sentence: str) -> None:
    own = {"PATH": os.environ["PATH"], "PYTHON": sys.executable, **more}
    command = [ROOT / "scripts" / "serve", role]
    done = subprocess.run(command, check=False, cwd="/", env=own, capture_output=True, text=True, timeout=60)
    assert (done.returncode, sentence in done.stderr) == (1, True), done.stderr


# Says how it was called; collects one style sheet and the list of all.
COLLECTS = """#!/bin/sh
echo $* >>$FUTURISYS_VAR/called
[ $2 != collectstatic ] || {
    mkdir $STATIC_ROOT/css && touch $STATIC_ROOT/css/page.new.css && printf new >$STATIC_ROOT/staticfiles.json
}
"""


@pytest.fixture
def lasting() -> Iterator[tuple[Path, list[str], dict[str, Any]]]:
    """A folder of static files as without containers, the command of a web server, and how another user runs it."""
    whom = other_user()
    place = Path(tempfile.mkdtemp(prefix="futurisys-"))
    place.chmod(0o755)
    (place / "code" / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "serve", place / "code" / "scripts")
    (place / "python").write_text(COLLECTS)
    (place / "python").chmod(0o755)
    static = place / "site" / "static"
    (static / "css").mkdir(parents=True)
    (static / "css" / "page.old.css").touch()
    (static / "staticfiles.json").write_text("old")
    (place / "var").mkdir()
    for path in (place / "var", static, static / "css"):
        os.chown(path, whom.get("user", -1), whom.get("group", -1))
    own = {"PATH": os.environ["PATH"], "PYTHON": str(place / "python"), "FUTURISYS_VAR": str(place / "var")}
    how = {"env": own | {"STATIC_ROOT": str(static)}, "cwd": "/", "timeout": 60, "capture_output": True, "text": True}
    yield static, [str(place / "code" / "scripts" / "serve"), "web"], how | whom
    static.parent.chmod(0o755)
    shutil.rmtree(place)


@pytest.mark.parametrize("beside", [True, False])
def test_static_files_of_the_release_before_are_replaced(lasting: tuple[Path, list[str], Any], beside: bool) -> None:
    """What another server still serves from there stays; nobody need be able to write `beside` the folder."""
    static, command, how = lasting
    static.parent.chmod(0o777 if beside else 0o555)
    done = subprocess.run(command, check=False, **how)
    assert done.returncode == 0, done.stderr
    called = (static.parents[1] / "var" / "called").read_text().splitlines()
    assert [line.split()[1] for line in called] == ["check", "collectstatic", "gunicorn"]
    assert {path.name for path in (static / "css").iterdir()} == {"page.old.css", "page.new.css"}
    assert (static / "staticfiles.json").read_text() == "new"
    assert [*static.parent.glob("static.*"), *(static.parents[1] / "var" / "tmp").iterdir()] == []


def test_a_static_file_that_cannot_be_put_in_stops_the_start(lasting: tuple[Path, list[str], Any]) -> None:
    static, command, how = lasting
    (static / "css").chmod(0o555)
    if how.get("user"):
        os.chown(static / "css", 0, 0)
    done = subprocess.run(command, check=False, **how)
    (static / "css").chmod(0o755)
    assert (done.returncode != 0, "page.new.css" in done.stderr) == (True, True), done.stderr
    assert (static / "staticfiles.json").read_text() == "old"


def test_smoke_says_who_does_not_answer() -> None:
    done = smoke(port(), SECONDS_TO_WAIT="0")
    assert done.returncode == 1
    assert "did not answer 200 within 0 s, but 0" in done.stderr
