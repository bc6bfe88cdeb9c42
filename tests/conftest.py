"""What every test may count on: the database with its two roles, and skips that say what is missing.

The database is the bundled PostgreSQL, started for the session in a temporary folder, or the server that
DATABASE_URL names (a superuser's URL). `owner` is the role that owns the tables, `default` the application's;
a test that speaks as the owner says `@pytest.mark.django_db(databases=["default", "owner"])`.
Each of pytest's workers has a database of its own; what takes long to make is made for all of them (tests/once.py).
"""

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import hypothesis
import psycopg
import pytest
from django.core.servers.basehttp import WSGIRequestHandler
from psycopg import sql

from tests import tiers
from tests.once import WORKER, once, one_thread_each, shared_folder

one_thread_each()
# On a busy machine the first example of a test takes seconds of waiting; how long things take is measured elsewhere.
hypothesis.settings.register_profile("futurisys", deadline=None)
hypothesis.settings.load_profile("futurisys")
pytest_plugins = ["tests.worlds"]
APP_ROLE = f"futurisys_app_test{WORKER and '_' + WORKER}"

# What migrations inserted is copied once, and put back after each test that commits.
KEEP = """
DO $$ DECLARE t regclass; BEGIN
  CREATE SCHEMA kept;
  FOR t IN SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
      WHERE relkind IN ('r', 'p') AND NOT relispartition
      AND nspname = 'public' LOOP
    EXECUTE format('CREATE TABLE kept.%I AS TABLE %s', t::oid, t);
  END LOOP;
END $$
"""
# As a replica no trigger fires and no foreign key is checked: only a superuser may say so.
PUT_BACK = """
SET session_replication_role = replica;
SET lock_timeout = '20s';
DO $$ DECLARE copy regclass; t regclass; BEGIN
  FOR copy, t IN SELECT oid, relname::text::oid FROM pg_class
      WHERE relnamespace = 'kept'::regnamespace AND relkind = 'r' LOOP
    EXECUTE format('DELETE FROM %s', t);
    EXECUTE format('INSERT INTO %s OVERRIDING SYSTEM VALUE TABLE %s', t, copy);
  END LOOP;
  DELETE FROM pgmq.q_futurisys;
END $$
"""


@pytest.hookimpl(tryfirst=True)  # before -m looks at the markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test has a tier (tests/tiers.py)."""
    tiers.assign(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """A unit test needs no process either."""
    with tiers.no_process(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A unit test starts no process."""
    with tiers.no_process(item):
        return (yield)


def skip_unless(found: object, sentence: str) -> None:
    """Skip the test with a sentence that says how to get what it needs; with CI=true that is a failure."""
    if found:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must run this test. {sentence}", pytrace=False)
    pytest.skip(sentence)


@pytest.fixture(scope="session")
def needs() -> Callable[[object, str], None]:
    """`needs(found, sentence)` skips the test when `found` is false; with CI=true it fails."""
    return skip_unless


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the system's Chromium; the one without a window draws the same pages in less time."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    skip_unless(path, "Install Chromium (apt-get install chromium) or name its path in CHROMIUM.")
    return str(path)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], chromium: str) -> dict[str, Any]:
    """Playwright drives the system's Chromium, which as root runs only without its own sandbox."""
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    return {**browser_type_launch_args, "executable_path": chromium, "args": sandbox}


@pytest.fixture(scope="session")
def playwright(playwright: Any) -> Iterator[Any]:
    """From its start to the end of the session its loop runs in this thread, where Django takes our queries for a mistake."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield playwright


@pytest.fixture(scope="session", autouse=True)
def _live_server_answers_at_once() -> None:
    """It writes head and body apart: Nagle's algorithm holds the body until the other side says, 40 ms later, it got the head."""
    WSGIRequestHandler.disable_nagle_algorithm = True


@pytest.fixture(scope="session")
def attrition_data() -> Path:
    """Folder of the three HR extracts, which are never committed."""
    folder = os.environ.get("FUTURISYS_ATTRITION_DATA", "")
    if not folder:  # not even CI has to have these
        pytest.skip("Name the folder of the three HR extracts in FUTURISYS_ATTRITION_DATA.")
    return Path(folder)


@pytest.fixture(scope="session")
def only_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """`only_once(name, make)`: the folder that `make(folder)` filled, for all workers of this run."""
    return partial(once, shared_folder(tmp_path_factory))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Point both aliases at this session's server, in place: other threads share the dictionaries."""
    if os.environ.get("DATABASE_URL"):
        _give_app_role_a_password()
        yield
        return
    from futurisys.embedded import Cluster

    cluster = Cluster(tmp_path_factory.mktemp("postgres"))
    try:
        cluster.start(durable=False)
        _connect_to(cluster.app_url, cluster.owner_url)
        yield
    finally:
        cluster.remove()


def _connect_to(app_url: str, owner_url: str) -> None:
    from django.db import connections

    from futurisys.database_url import connection_settings

    for alias, url in (("default", app_url), ("owner", owner_url)):
        found = connection_settings(url)
        wanted = {key: found[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
        connections[alias].settings_dict.update(wanted)


def _give_app_role_a_password() -> None:
    from django.db import connections

    owner, password = connections["owner"].settings_dict, secrets.token_urlsafe(24)
    wanted = {key: owner[key] for key in ("NAME", "HOST", "PORT")}
    connections["default"].settings_dict.update(wanted, USER=APP_ROLE, PASSWORD=password)
    with _superuser() as connection:
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE]).fetchone()
        verb = "ALTER" if known else "CREATE"
        statement = sql.SQL(verb + " ROLE {} LOGIN PASSWORD {}")
        connection.execute(statement.format(sql.Identifier(APP_ROLE), sql.Literal(password)))


def _superuser(**changes: str) -> "psycopg.Connection[Any]":
    """A connection of our own as the owner, outside Django and its transactions."""
    from django.db import connections

    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    found = connections["owner"].settings_dict
    wanted = {name: found[key] for key, name in names.items() if found[key]}
    return psycopg.connect(**(wanted | changes), autocommit=True)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: Any, django_db_modify_db_settings: None
) -> Iterator[None]:
    """Create and migrate the test database as the owner; the application's alias mirrors it."""
    from django.db import connections
    from django.test import TransactionTestCase
    from django.test.utils import setup_databases

    original = connections["owner"].settings_dict["NAME"]
    with django_db_blocker.unblock():
        setup_databases(0, interactive=False, aliases={"default", "owner"}, serialized_aliases=set())
    with _superuser() as connection:
        connection.execute(KEEP)
    # Django would TRUNCATE, which facts refuse, and skips mirrors.
    TransactionTestCase._fixture_teardown = _put_back
    _point_the_broker_here()
    yield
    connections.close_all()
    with _superuser(dbname=original) as connection:
        name = sql.Identifier(connections["owner"].settings_dict["NAME"])
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def _put_back(case: Any) -> None:
    from django.db import connections

    connections.close_all()
    with _superuser() as connection:
        connection.execute(PUT_BACK)


def _point_the_broker_here() -> None:
    from django.conf import settings
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    options = getattr(settings, "CELERY_BROKER_TRANSPORT_OPTIONS", {})
    if "conn_string" in options:  # pgmq understands no host in the query of a URL, and wants a port
        options["conn_string"] = make_conninfo(**{"port": "5432", **conninfo_to_dict(_url("default"))})


@pytest.fixture
def database_environment(transactional_db: None) -> dict[str, str]:
    """Environment variables with which another process speaks to the test database."""
    return {"DATABASE_URL": _url("default"), "DATABASE_OWNER_URL": _url("owner")}


def _url(alias: str) -> str:
    from django.db import connections

    found = connections[alias].settings_dict
    user, password = quote(found["USER"], safe=""), quote(found["PASSWORD"], safe="")
    place = {"host": found["HOST"], "port": found["PORT"]}
    query = urlencode({key: value for key, value in place.items() if value})
    return f"postgresql://{user}:{password}@/{found['NAME']}?{query}"
