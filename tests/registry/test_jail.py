"""The attack list: entered in a process of its own, as this user and as an ordinary one."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from registry.exceptions import ImportRejected
from registry.importer.child import jail
from registry.importer.process import limits, may_load
from tests.registry.attacks import ATTACKS

HERE = Path(__file__).parent
NOBODY = 65534
NETWORK = {"tcp", "udp", "unix_socket", "name_lookup"}
RLIMITS = {"raise_memory_limit", "allocate_4_gib"}
FILES = {name for name in ATTACKS if name.startswith(("read_", "own_", "list_"))} | {"parents_environment"}
FILES |= {"write_outside", "rename_outside", "remove_outside"}


def run_attacks(folder: Path, *more: str) -> dict[str, Any]:
    """Everything the attackers need lies within their reach but for the jail: also as another user."""
    (folder / "jail").mkdir()
    (folder / "jail" / "jail.py").write_bytes(Path(jail.__file__).read_bytes())
    (folder / "attacks.py").write_bytes((HERE / "attacks.py").read_bytes())
    (folder / "inside").mkdir()
    (folder / "secret").write_text("password")
    for path in (folder, folder / "inside", folder / "secret"):
        path.chmod(0o777)
    arguments = [folder / "inside", folder / "secret", folder / "socket", folder / "jail", *more]
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket"))
        (folder / "socket").chmod(0o777)
        server.listen()
        command = [sys.executable, "-I", "-B", folder / "attacks.py", *arguments]
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def as_this_user():
    with tempfile.TemporaryDirectory() as folder:
        return run_attacks(Path(folder))


@pytest.fixture(scope="session")
def as_nobody():
    if os.geteuid() != 0:
        pytest.skip("Only root can become another user; as this user the list has run.")
    with tempfile.TemporaryDirectory() as folder:
        return run_attacks(Path(folder), str(NOBODY))


@pytest.mark.parametrize("user", ["as_this_user", "as_nobody"])
@pytest.mark.parametrize("attack", ATTACKS)
def test_attack_is_refused(attack, user, request):
    found = request.getfixturevalue(user)
    report = found["report"]
    layer = "files" if attack in FILES else "network"
    if attack not in RLIMITS and report[layer] is None:
        pytest.skip(f"This kernel does not limit {layer}: {report[f'{layer}_why']}.")
    assert found["outcome"][attack] != "done"


@pytest.mark.parametrize("user", ["as_this_user", "as_nobody"])
def test_own_folder_stays_usable(user, request):
    assert request.getfixturevalue(user)["outcome"]["work inside"] == "done"


def test_the_projects_folder_is_not_readable():
    project = Path(jail.__file__).resolve().parents[3]
    assert not [path for path in jail.readable_paths() if project.is_relative_to(path.resolve())]


IN_FORCE = {"files": 7, "network": 144, "memory": 1 << 30, "cpu": 120}


def test_limits_are_one_sentence():
    assert limits(IN_FORCE) == "files limited: yes, network: off, memory 1 GiB, CPU 120 s"
    without = IN_FORCE | {"files": None, "files_why": "Function not implemented"}
    assert limits(without).startswith("files limited: no (Function not implemented), network: off")


def test_trusted_file_needs_every_layer():
    may_load(IN_FORCE, "joblib", trusted=True)
    for missing in ({"files": None}, {"network": None}, {"limits_failed": {"RLIMIT_AS": "no"}}):
        may_load(IN_FORCE | missing, "joblib", trusted=False)
        with pytest.raises(ImportRejected):
            may_load(IN_FORCE | missing, "joblib", trusted=True)
