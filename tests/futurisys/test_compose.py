"""compose.yaml and compose.scale.yaml: their shape, their variables, their locks; and the application behind PgBouncer."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from django.contrib.auth.models import User
from django.test import Client

from registry.models import ModelVersion
from scripts.docs import settings_table
from tests.pools import Pool
from tests.servers import Server
from tests.worlds import IRIS, ROOT

pytestmark = pytest.mark.integration
FILES = ("compose.yaml", "compose.scale.yaml")
ROLES = {"migrate", "web", "worker", "beat"}
ROWS = 2_000


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / name).read_text("utf-8"))
    return found


def services(name: str = "compose.yaml") -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = read(name)["services"]
    return found


def test_they_fit_the_specification_of_compose() -> None:
    check = Path(sys.executable).with_name("check-jsonschema")
    command = [check, "--builtin-schema", "vendor.compose-spec", *FILES]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", FILES)
def test_every_variable_of_a_role_is_a_setting(name: str) -> None:
    known = {row.name for row in settings_table.rows()}
    for role in ROLES & services(name).keys():
        assert {*services(name)[role]["environment"]} <= known, role


@pytest.mark.parametrize("name", FILES)
def test_no_secret_has_a_default(name: str) -> None:
    asked = dict(re.findall(r"\$\{(\w+)(:\?|:-)", (ROOT / name).read_text("utf-8")))
    secret = {variable for variable in asked if re.search("PASSWORD|SECRET_KEY", variable)}
    assert secret
    assert {asked[variable] for variable in secret} == {":?"}


def test_the_example_names_everything_that_is_asked() -> None:
    text = "".join((ROOT / name).read_text("utf-8") for name in FILES)
    asked = {name for name, how in re.findall(r"\$\{(\w+)(:\?|:-)", text) if how == ":?"}
    example = dict(re.findall(r"^#?(\w+)=(.*)$", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE))
    assert asked <= example.keys()
    assert {example[name] for name in asked} == {""}
    assert ".env\n" in (ROOT / ".gitignore").read_text()


def test_every_role_reads_the_other_settings_and_none_the_secrets_of_compose() -> None:
    example = re.findall(r"^#?(\w+)=", (ROOT / "settings.env.example").read_text("utf-8"), re.MULTILINE)
    assert {*example} <= {row.name for row in settings_table.rows()}
    for role in ROLES:
        assert services()[role]["env_file"] == [{"path": "settings.env", "required": False}]
        assert not {*example} & services()[role]["environment"].keys(), "compose.yaml would win"
    assert "settings.env\n" in (ROOT / ".gitignore").read_text()


def test_every_container_of_ours_is_locked() -> None:
    for name in ROLES | {"proxy"}:
        found = services()[name]
        assert (found["init"], found["read_only"], found["cap_drop"]) == (True, True, ["ALL"]), name
        assert (found["security_opt"], "mem_limit" in found) == (["no-new-privileges:true"], True), name
    assert "cap_add" not in services()["web"]
    pool = services("compose.scale.yaml")["pgbouncer"]
    assert (pool["read_only"], pool["cap_drop"]) == (True, ["ALL"])


def test_only_migrate_knows_the_password_of_the_owner() -> None:
    knows = {name for name, found in services().items() if "OWNER_PASSWORD" in json.dumps(found)}
    assert knows == {"migrate", "postgres"}


def test_nothing_answers_before_the_migrations_and_one_beat_beats() -> None:
    for role in ROLES - {"migrate"}:
        waits = services()[role]["depends_on"]
        assert waits["migrate"] == {"condition": "service_completed_successfully"}
    assert services()["migrate"]["depends_on"]["postgres"] == {"condition": "service_healthy"}
    scaled = services("compose.scale.yaml")
    assert [name for name in scaled if scaled[name].get("deploy", {}).get("replicas", 1) > 1] == ["web", "worker"]
    assert scaled["web"]["environment"]["PREPARED_STATEMENTS"] == "no"


def test_what_is_mounted_and_built_is_here() -> None:
    for found in [*services().values(), *services("compose.scale.yaml").values()]:
        mounted = [volume.split(":")[0] for volume in found.get("volumes", []) if volume.startswith(".")]
        for path in [*mounted, *([found["build"]] if "build" in found else [])]:
            assert (ROOT / path).exists(), path


def test_a_worker_may_end_its_task_before_it_is_killed(settings: Any) -> None:
    patience = int(services()["worker"]["stop_grace_period"].removesuffix("s"))
    assert patience > settings.CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT


def test_the_roles_of_the_procfile_are_known() -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()
    assert {line.split("scripts/serve ")[1] for line in lines} == ROLES


# Behind PgBouncer


@pytest.fixture
def pool(database_environment: dict[str, str], tmp_path: Path, needs: Callable[[object, str], None]) -> Iterator[Pool]:
    path = f"{os.environ['PATH']}:/usr/sbin"
    needs(shutil.which("pgbouncer", path=path), "Install PgBouncer (apt-get install pgbouncer).")
    found = Pool(database_environment["DATABASE_URL"], tmp_path)
    found.until_ready()
    yield found
    found.stop()


@pytest.fixture
def pooled(database_environment: dict[str, str], pool: Pool, tmp_path: Path) -> Iterator[Server]:
    """A web server and a worker, whose queue lies in the same database, through PgBouncer in transaction mode."""
    own = {**database_environment, "DATABASE_URL": pool.url, "PREPARED_STATEMENTS": "no"}
    own["FUTURISYS_VAR"] = str(tmp_path)  # where no demo left a key of its own for sessions
    server = Server(own, tmp_path)
    more = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHON": sys.executable}
    with (tmp_path / "worker.log").open("wb") as log:
        command = [ROOT / "scripts" / "serve", "worker"]
        environment = own | more | {"FUTURISYS_ENV": "development", "WORKER_PROCESSES": "1"}
        worker = subprocess.Popen(command, cwd="/", env=environment, stdout=log, stderr=log)
    server.until_ready()
    yield server
    for process in (server.process, worker):
        process.terminate()
        process.wait(30)


def form(**fields: str) -> tuple[bytes, str]:
    """multipart/form-data; the field `file` is a file."""
    parts = []
    for name, value in fields.items():
        file = '; filename="rows.csv"\r\nContent-Type: text/csv' if name == "file" else ""
        parts.append(f'--x\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n{value}\r\n')
    return ("".join(parts) + "--x--\r\n").encode(), "multipart/form-data; boundary=x"


@pytest.mark.django_db(transaction=True)
def test_a_prediction_a_page_and_a_file_behind_pgbouncer(
    pooled: Server, pool: Pool, iris: ModelVersion, analyst: User, token: Callable[[User], str]
) -> None:
    known, client = {"Authorization": token(analyst)}, Client()
    client.force_login(analyst)
    cookies = {"Cookie": f"session={client.cookies['session'].value}"}

    def ask(path: str, body: bytes | None = None, **headers: str) -> bytes:
        request = urllib.request.Request(f"http://127.0.0.1:{pooled.port}{path}", body, {**known, **headers})
        with urllib.request.urlopen(request, timeout=30) as answer:
            content: bytes = answer.read()
            return content

    pool.until_restless()  # one session for all would hide what is lost between two
    # More than psycopg's five, after which it would prepare; and more calls than the server has threads.
    assert {pooled.post({"model": "iris", "inputs": IRIS}, known["Authorization"]) for _ in range(12)} == {200}
    assert b"analyst" in ask("/history/", **cookies)
    lines = [",".join(IRIS), *[",".join(map(str, IRIS.values()))] * ROWS]
    body, kind = form(model="iris", file="\n".join(lines))
    link = json.loads(ask("/api/v1/batches", body, **{"Content-Type": kind}))["links"]["self"].split(f":{pooled.port}")[
        -1
    ]
    deadline = time.monotonic() + 60
    while not (found := json.loads(ask(link)))["is_over"]:
        assert time.monotonic() < deadline, (pooled.folder / "worker.log").read_text()[-3000:]
        time.sleep(0.2)
    assert (found["status"], found["rows"]["predicted"]) == ("done", ROWS)
    assert len(ask(f"{link}/results.csv").splitlines()) == ROWS + 1
    assert "ERROR" not in pool.log()


@pytest.mark.django_db(transaction=True)
def test_rows_are_read_to_their_end_behind_pgbouncer(database_environment: dict[str, str], pool: Pool) -> None:
    """In parts, outside of a transaction: a cursor on the server would be left behind in another session."""
    pool.until_restless()
    with psycopg.connect(pool.url, options="-c statement_timeout=1") as connection:  # which no pool can pass on
        assert connection.execute("SHOW statement_timeout").fetchone() == ("30s",)
    code = "import django; django.setup(); from django.contrib.auth.models import Permission as P\n"
    code += "assert sum(1 for _ in P.objects.iterator(chunk_size=10)) == P.objects.count() > 50"
    own = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "futurisys.settings", "PREPARED_STATEMENTS": "no"}
    environment = {**database_environment, **own, "DATABASE_URL": pool.url}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
