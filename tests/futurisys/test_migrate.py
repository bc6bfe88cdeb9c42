"""Before `manage.py migrate` writes anything."""

import os
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import psycopg
import pytest

from futurisys import roles
from tests.worlds import ROOT

pytestmark = pytest.mark.django_db(databases=["default", "owner"], transaction=True)
MADE = "CREATE DATABASE {} ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0"
TABLES = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"


def test_a_database_that_lacks_letters_is_refused(database_environment: dict[str, str]) -> None:
    """As initdb makes it where no locale is set."""
    url = urlsplit(database_environment["DATABASE_OWNER_URL"])
    name = f"{url.path[1:]}_ascii"
    other = {key: urlsplit(there)._replace(path=f"/{name}").geturl() for key, there in database_environment.items()}
    with psycopg.connect(url.geturl(), autocommit=True) as owner:
        owner.execute(MADE.format(name))
        try:
            done = subprocess.run(
                [sys.executable, "manage.py", "migrate"],
                check=False,
                cwd=ROOT,
                env={**os.environ, **other},
                capture_output=True,
                text=True,
            )
            with psycopg.connect(other["DATABASE_OWNER_URL"]) as there:
                assert there.execute(TABLES).fetchone() == (0,)
        finally:
            owner.execute(f"DROP DATABASE {name} WITH (FORCE)")
    assert done.returncode == 1
    assert "The database is encoded in SQL_ASCII, which lacks letters" in done.stderr


def test_who_answers_keeps_its_rights_meanwhile(database_environment: dict[str, str]) -> None:
    """An upgrade migrates while the old processes answer."""
    begun, ended, asked = threading.Event(), threading.Event(), 0

    def ask() -> None:
        nonlocal asked
        with psycopg.connect(database_environment["DATABASE_URL"], autocommit=True) as application:
            while not ended.is_set():
                application.execute("SELECT 1 FROM predictions_prediction LIMIT 1")
                asked += 1
                begun.set()

    failed: list[BaseException] = []
    hook = threading.excepthook
    threading.excepthook = lambda how: failed.append(how.exc_value or SystemExit()) or begun.set()
    try:
        asker = threading.Thread(target=ask)
        asker.start()
        begun.wait(20)
        for _ in range(5):
            roles.grant()
        ended.set()
        asker.join(20)
    finally:
        threading.excepthook = hook
    assert (failed, asked > 5) == ([], True)
