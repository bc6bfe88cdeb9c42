"""Two hosts on one database and one RabbitMQ, and a database of their own for the tests that share them."""

import fcntl
import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import psycopg
import pytest
from psycopg import sql

from benchmarks.proxies import socket_of
from tests.once import shared_folder
from tests.scaling.hosts import Host
from tests.scaling.networks import Link, Namespace, may_make_namespaces

RABBITMQ = os.environ.get("RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")
# Leases of seconds, and parts of a file so small that each host gets some.
SHORT = {"BATCH_LEASE_SECONDS": "2", "BATCH_ROWS": "400", "FUTURISYS_ENV": "development"}

# What earlier tests left open, such as the pool of the queue's connections: a database in use is no template.
ALONE = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"


def url_of(alias: str) -> str:
    """The URL of one of Django's databases as it is at this moment."""
    from django.db import connections

    found = connections[alias].settings_dict
    user, password = quote(found["USER"], safe=""), quote(found["PASSWORD"], safe="")
    place = {"host": found["HOST"], "port": found["PORT"]}
    query = urlencode({key: value for key, value in place.items() if value})
    return f"postgresql://{user}:{password}@/{found['NAME']}?{query}"


@pytest.fixture(scope="module")
def own_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, str]]:
    """A copy of the migrated database that Django speaks to while the module runs: other processes keep what is in it."""
    from django.db import connections

    template, name = connections["owner"].settings_dict["NAME"], f"scaling_{secrets.token_hex(4)}"
    names = {"new": sql.Identifier(name), "old": sql.Identifier(template)}
    with django_db_blocker.unblock():
        connections.close_all()
        with psycopg.connect(url_of("owner"), dbname="postgres", autocommit=True) as server:
            server.execute(ALONE, [template])
            server.execute(sql.SQL("CREATE DATABASE {new} TEMPLATE {old}").format(**names))
        _use(name)
        try:
            yield {"DATABASE_URL": url_of("default"), "DATABASE_OWNER_URL": url_of("owner")}
        finally:
            connections.close_all()
            _use(template)
            with psycopg.connect(url_of("owner"), dbname="postgres", autocommit=True) as server:
                server.execute(sql.SQL("DROP DATABASE {new} WITH (FORCE)").format(**names))


def _use(name: str) -> None:
    from django.db import connections

    for alias in ("default", "owner"):
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name


@dataclass
class World:
    """What is in the database: two versions of a model, one who asks and one who promotes."""

    versions: list[Any]
    analyst: Any
    administrator: Any
    key: str
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def model(self) -> Any:
        return self.versions[0].model


@pytest.fixture(scope="module")
def world(own_database: dict[str, str], examined: Callable[[str], Any]) -> World:
    """The iris example twice; the first version answers."""
    from copy import deepcopy

    from django.contrib.auth.models import User
    from knox.models import AuthToken

    from futurisys.accounts import roles
    from registry import actions, promotions
    from registry.importer import run
    from registry.models import ModelVersion
    from tests.worlds import member

    analyst = member("analyst", roles.BUSINESS_USER)
    administrator = User.objects.create_superuser("administrator", password="administrator-pass-1")
    model = actions.track_model(name="iris", endpoint="huggingface", repo_id="demo/iris", default=True)
    versions = [ModelVersion.objects.create(model=model, number=number, commit=f"{number:040x}") for number in (1, 2)]
    for version in versions:
        run.finish(version, deepcopy(examined("iris")))
        version.refresh_from_db()
    promotions.request(model=model, version=versions[0], by=administrator, reason="a test needs it")
    return World(versions, analyst, administrator, f"Token {AuthToken.objects.create(analyst)[1]}", own_database)


def listens(url: str, default: int) -> bool:
    """Whether anybody does at the place of this URL."""
    parts = urlsplit(url)
    with socket.socket() as probe:
        probe.settimeout(2)
        return not probe.connect_ex((parts.hostname or "127.0.0.1", parts.port or default))


@contextmanager
def room_of_our_own(url: str, shared: Path) -> Iterator[str]:
    """The same RabbitMQ without what others send there, where its command may be used; else as it is, one after another."""
    control, name = shutil.which("rabbitmqctl"), f"futurisys-{secrets.token_hex(4)}"
    rights = ["set_permissions", "-p", name, urlsplit(url).username or "guest", ".*", ".*", ".*"]
    for command in (["add_vhost", name], rights):
        if control is None or subprocess.run([control, *command], capture_output=True, check=False).returncode:
            with (shared / "rabbitmq.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield url
            return
    try:
        yield urlsplit(url)._replace(path=f"/{name}").geturl()
    finally:
        subprocess.run([str(control), "delete_vhost", name], capture_output=True, check=False)


@pytest.fixture(scope="module")
def rabbitmq(needs: Callable[[object, str], None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a RabbitMQ."""
    needs(listens(RABBITMQ, 5672), "Start RabbitMQ on 127.0.0.1:5672, or name another one in RABBITMQ_URL.")
    with room_of_our_own(RABBITMQ, shared_folder(tmp_path_factory)) as url:
        yield url


@pytest.fixture(scope="module")
def hosts(world: World, rabbitmq: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Host]]:
    """Two of them; the first one has the beat."""
    parts = urlsplit(rabbitmq)
    database, broker = socket_of(world.environment["DATABASE_URL"]), (parts.hostname or "", parts.port or 5672)
    environment = world.environment | SHORT | {"CELERY_BROKER_URL": rabbitmq}
    apart = may_make_namespaces()
    with ExitStack() as stack:
        found = []
        for number in (1, 2):
            link = Namespace(database, broker, number=number) if apart else Link(database, broker)
            stack.enter_context(link)
            host = Host(link, tmp_path_factory.mktemp(f"host-{number}"), environment, beat=number == 1)
            stack.callback(host.stop)
            host.start()
            found.append(host)
        for host in found:
            host.until_ready()
        yield found
