"""scripts/ci/postgres_client.sh: where the programs are there already nothing is installed. The rest runs on GitHub's machines."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "ci" / "postgres_client.sh"
INSTALLED = sorted(path.parents[1].name for path in Path("/usr/lib/postgresql").glob("*/bin/pg_restore"))


def run(folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The script, where whoever installs something is told on."""
    for name in ("apt-get", "sudo"):
        (folder / name).write_text('#!/bin/sh\necho "$0 $*"\nexit 7\n')
        (folder / name).chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    return subprocess.run([SCRIPT], env={"PATH": path, **environment}, capture_output=True, text=True, check=False)


def test_programs_that_are_there_are_not_installed(tmp_path: Path) -> None:
    if not INSTALLED:
        pytest.skip("Install postgresql-client to see this one.")
    done = run(tmp_path, POSTGRES_MAJOR=INSTALLED[0])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_programs_that_are_missing_are_asked_for(tmp_path: Path) -> None:
    done = run(tmp_path, POSTGRES_MAJOR="9")
    assert (done.returncode, "apt-get update" in done.stdout) == (7, True)


def test_without_a_version_it_says_which_one_it_needs(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode != 0
    assert re.search(r"POSTGRES_MAJOR is not set: name the major version", done.stderr)
