"""`manage.py backup` and `restore`: what the file is, and what is refused. The drill is in test_backup_drill.py."""

import io
import json
import stat
import tarfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connections
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from futurisys.backup import archive, manifest, programs, restoring, taking
from futurisys.backup.archive import Archive
from futurisys.backup.programs import BackupError, Program

pytestmark = pytest.mark.django_db(databases=["default", "owner"], transaction=True)
NOW = datetime(2026, 11, 22, 7, tzinfo=UTC)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any) -> Path:
    """A backup of the test's database as migrations left it."""
    file = tmp_path_factory.mktemp("kept") / "kept.backup"
    with django_db_blocker.unblock():
        taking.take(file, at=NOW)
    return file


@pytest.fixture
def empty(transactional_db: None) -> Iterator[Callable[[str], Any]]:
    """The settings mean an empty database; `empty(query)` asks it as the owner."""
    names = {alias: connections[alias].settings_dict["NAME"] for alias in ("default", "owner")}
    connections.close_all()
    with programs.connect() as connection:
        name = sql.Identifier(f"{names['owner']}_empty")
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        _mean(dict.fromkeys(names, f"{names['owner']}_empty"))
        yield _ask
        _mean(names)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def _mean(names: dict[str, str]) -> None:
    connections.close_all()
    for alias, name in names.items():
        connections[alias].settings_dict["NAME"] = name


def _ask(query: str) -> Any:
    with programs.connect() as connection:
        return connection.execute(query).fetchone()[0]


def things(ask: Callable[[str], Any]) -> int:
    return int(ask(restoring.THINGS))


def changed(file: Path, **said: Any) -> Path:
    """A copy with something else in its manifest."""
    new = file.with_name(f"{'-'.join(said)}.backup")
    with Archive(file) as opened, new.open("w+b") as stream:
        archive.write(stream, opened.manifest | said, io.BytesIO(b"".join(opened.chunks())))
    return new


def told_by(file: Path) -> dict[str, Any]:
    with Archive(file) as opened:
        return dict(opened.manifest)


def restore(file: Path) -> restoring.Restored:
    return restoring.restore(file, say=lambda text: None)


def test_it_is_a_private_file_that_tar_and_pg_restore_read(tmp_path: Path) -> None:
    file, out = tmp_path / "all.backup", io.StringIO()
    call_command("backup", file, stdout=out)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["all.backup"]
    with tarfile.open(file) as opened:
        assert opened.getnames() == ["manifest.json", "database.dump", "database.dump.sha256"]
        told = json.load(opened.extractfile("manifest.json"))
        assert opened.extractfile("database.dump").read(5) == b"PGDMP"
    assert told["release"] == django_settings.VERSION
    assert told["rows"]["public.predictions_prediction"] == 0
    assert told["rows"]["public.auth_group"] > 3
    assert "0 recorded answers" in out.getvalue()
    assert "MB in " in out.getvalue()


def test_what_is_there_is_replaced_only_when_told(tmp_path: Path) -> None:
    file = tmp_path / "all.backup"
    file.write_text("precious")
    with pytest.raises(CommandError, match="is there already"):
        call_command("backup", file)
    assert file.read_text() == "precious"
    call_command("backup", file, force=True, stdout=io.StringIO())
    assert told_by(file)["product"] == "futurisys"


def test_a_dump_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = programs.place()
    monkeypatch.setattr(taking.programs, "connect", lambda: _connection(place))
    monkeypatch.setattr(taking.programs, "place", lambda: place + " dbname=nowhere")
    with pytest.raises(BackupError, match=r'pg_dump failed: .*"nowhere" does not exist'):
        taking.take(tmp_path / "all.backup", at=NOW)
    assert list(tmp_path.iterdir()) == []


def _connection(place: str) -> "psycopg.Connection[Any]":
    return psycopg.connect(place, password=programs.environment().get("PGPASSWORD"), autocommit=True)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="cannot be written"):
        taking.take(tmp_path / "no" / "all.backup", at=NOW)


def test_two_at_once_do_not_write_the_same_file(tmp_path: Path) -> None:
    with archive.part_of(tmp_path / "all.backup"), pytest.raises(BackupError, match="being written by another"):
        taking.take(tmp_path / "all.backup", at=NOW)


def test_one_that_ended_while_the_next_began_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted, lock = tmp_path / "all.backup", archive.fcntl.flock

    def end_and_lock(*how: Any) -> None:
        wanted.with_name("all.backup.part").rename(wanted)
        wanted.write_text("whole")
        lock(*how)

    monkeypatch.setattr(archive.fcntl, "flock", end_and_lock)
    with pytest.raises(BackupError, match="was written by another"):
        taking.take(wanted, at=NOW)
    assert wanted.read_text() == "whole"


def test_the_password_is_on_no_command_line() -> None:
    assert "password" not in conninfo_to_dict(programs.place())
    assert programs.environment()["PGPASSWORD"] == connections["owner"].settings_dict["PASSWORD"]


def test_the_counts_are_of_the_moment_of_the_dump(
    tmp_path: Path, empty: Any, monkeypatch: pytest.MonkeyPatch, django_user_model: type[User]
) -> None:
    """Somebody who comes after the rows were counted is in neither; the restore compares."""
    names = {alias: connections[alias].settings_dict["NAME"] for alias in ("default", "owner")}
    _mean(dict.fromkeys(names, names["owner"].removesuffix("_empty")))
    describe = manifest.describe

    def and_somebody_comes(*args: Any, **options: Any) -> manifest.Manifest:
        told = describe(*args, **options)
        django_user_model.objects.create_user("late")
        return told

    monkeypatch.setattr(taking.manifest, "describe", and_somebody_comes)
    taking.take(tmp_path / "all.backup", at=NOW)
    assert django_user_model.objects.filter(username="late").exists()
    _mean(names)
    restore(tmp_path / "all.backup")
    assert empty("SELECT count(*) FROM auth_user") == 0


@pytest.mark.parametrize(
    ("have", "server", "chosen"), [([15, 18], 15, 15), ([15, 18], 16, 18), ([18], 15, 18), ([18], 18, 18)]
)
def test_the_pg_dump_of_the_server_is_taken_or_the_next_newer(
    monkeypatch: pytest.MonkeyPatch, have: list[int], server: int, chosen: int
) -> None:
    monkeypatch.setattr(programs, "found", lambda name: [Program(Path(name), major) for major in have])
    assert programs.for_dump(server).major == chosen


def test_programs_of_debian_are_found_beside_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each version has a folder there, and what the PATH has is only one of them."""
    for major in (14, 97):
        program = tmp_path / str(major) / "bin" / "pg_dump"
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {major}.1'\n")
        program.chmod(0o755)
    monkeypatch.setattr(programs, "DEBIAN", tmp_path)
    majors = [program.major for program in programs.found("pg_dump")]
    assert majors[0] == 14
    assert majors[-1] == 97
    assert programs.for_dump(97).path == tmp_path / "97" / "bin" / "pg_dump"


def test_each_version_that_is_there_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "found", lambda name: [Program(Path(name), major) for major in (15, 18, 18)])
    with pytest.raises(BackupError, match=r"and pg_dump is 15 and 18: an older one"):
        programs.for_dump(99)


def test_an_older_pg_dump_is_refused() -> None:
    with pytest.raises(BackupError, match=r"The server is PostgreSQL 99, and pg_dump is .*: an older one cannot"):
        programs.for_dump(99)


@pytest.mark.parametrize(
    ("dump", "server", "sentence"),
    [
        (18, 15, "made by the programs of PostgreSQL 18, and this server is PostgreSQL 15: restore it into"),
        (98, 99, "need pg_restore of PostgreSQL 98 to 99, and there is "),
    ],
)
def test_a_pg_restore_that_does_not_fit_is_refused(dump: int, server: int, sentence: str) -> None:
    with pytest.raises(BackupError, match=sentence):
        programs.for_restore(dump, server)


def test_a_restored_database_has_its_rows_and_rights(kept: Path, empty: Any) -> None:
    """Here of an older release, which says what to do then."""
    out, known = io.StringIO(), told_by(kept)["migrations"]
    call_command("restore", changed(kept, migrations=known[:-1]), stdout=out)
    assert "as many as it was taken with" in out.getvalue()
    assert f"Rights granted to {connections['default'].settings_dict['USER']}." in out.getvalue()
    assert "This release has 1 migrations more: run manage.py migrate." in out.getvalue()
    assert empty("SELECT to_regclass('futurisys_restore') IS NULL")
    assert empty("SELECT count(*) FROM django_migrations") == len(known)


def test_a_role_that_is_missing_is_made(kept: Path, empty: Any) -> None:
    said = connections["default"].settings_dict
    before = said["USER"]
    said["USER"] = f"{before}_new"
    try:
        assert restore(kept).role == f"{before}_new"
        assert empty(f"SELECT has_table_privilege('{before}_new', 'predictions_prediction', 'INSERT')")
        assert not empty(f"SELECT has_table_privilege('{before}_new', 'predictions_prediction', 'UPDATE')")
    finally:
        with programs.connect() as connection:
            connection.execute(f"DROP OWNED BY {before}_new; DROP ROLE {before}_new")
        said["USER"] = before


@pytest.mark.parametrize("content", [b"", b"SELECT 1;", b"PGDMP" + bytes(5000)])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(BackupError, match="no backup of Futurisys"):
        restore(tmp_path / "other")


def test_another_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    with tarfile.open(tmp_path / "other.tar", "w") as other:
        other.add(tmp_path / "a", "a")
    with pytest.raises(BackupError, match="no backup of Futurisys"):
        restore(tmp_path / "other.tar")


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no file"):
        call_command("restore", tmp_path / "none")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.98])
def test_a_file_that_was_cut_off_is_refused(kept: Path, tmp_path: Path, share: float) -> None:
    content = kept.read_bytes()
    (tmp_path / "cut").write_bytes(content[: int(len(content) * share)])
    with pytest.raises(BackupError, match=r"not complete|no backup"):
        restore(tmp_path / "cut")


def test_a_damaged_file_restores_nothing(kept: Path, tmp_path: Path, empty: Any) -> None:
    content = bytearray(kept.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "damaged").write_bytes(content)
    with pytest.raises(BackupError, match="damaged"):
        restore(tmp_path / "damaged")
    assert things(empty) == 0


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"release": "99.0.0"}, "of release 99.0.0, this is .*: restore it with the release that made it"),
        ({"migrations": ["registry.0099_more"]}, r"does not know \(registry.0099_more\)"),
        ({"format": 2}, "has format 2, this release reads 1"),
        ({"product": "other"}, "no backup of Futurisys"),
        ({"surprise": 1}, "manifest is damaged"),
    ],
)
def test_what_this_release_does_not_know_is_refused(kept: Path, said: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BackupError, match=sentence):
        restore(changed(kept, **said))


def test_a_full_database_is_left_alone(kept: Path) -> None:
    with pytest.raises(BackupError, match="is not empty"):
        restore(kept)
    with programs.connect() as connection:
        assert connection.execute("SELECT to_regclass('futurisys_restore')").fetchone() == (None,)


def test_an_interrupted_restore_leaves_nothing(kept: Path, empty: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Archive, "chunks", _most)
        patch.setattr(Archive, "check", lambda self: None)
        with pytest.raises(KeyboardInterrupt):
            restore(kept)
    assert things(empty) == 0
    assert empty("SELECT to_regclass('futurisys_restore') IS NULL")
    with programs.connect() as connection:  # what a killed one leaves
        connection.execute(restoring.MAKE_MARK)
    assert restore(kept).manifest.taken_at == NOW.isoformat()
    assert empty("SELECT to_regclass('futurisys_restore') IS NULL")


def _most(opened: Archive) -> Iterator[bytes]:
    """All but the end, with enough time for all before it."""
    with opened._tar.extractfile(opened._dump) as stream:
        content = stream.read()
    yield content[:-300]
    time.sleep(1)
    raise KeyboardInterrupt


def test_a_restore_that_was_not_verified_says_so_and_lets_nobody_in(kept: Path, empty: Any) -> None:
    rows = told_by(kept)["rows"]
    less = changed(kept, rows=rows | {"public.auth_group": rows["public.auth_group"] + 1})
    with pytest.raises(BackupError, match=r"public.auth_group has .* rows, the backup says"):
        restore(less)
    with pytest.raises(BackupError, match="did not come to its end: drop this database"):
        restore(kept)
    role = connections["default"].settings_dict["USER"]
    assert not empty(f"SELECT has_table_privilege('{role}', 'auth_group', 'SELECT')")


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        ("ALTER TABLE predictions_decision DISABLE TRIGGER fact_row", "Facts could be changed in predictions_decision"),
        (
            "INSERT INTO registry_artifact (sha256, size, content, created_at) VALUES (repeat('0', 64), 1, 'x', now())",
            "not as they were",
        ),
    ],
)
def test_what_could_not_be_trusted_is_refused(
    kept: Path, empty: Any, monkeypatch: pytest.MonkeyPatch, harm: str, sentence: str
) -> None:
    def and_harm(wanted: Any, there: Any) -> None:
        with programs.connect() as connection:
            connection.execute(harm)

    monkeypatch.setattr(restoring, "_compare", and_harm)
    with pytest.raises(BackupError, match=sentence):
        restore(kept)
