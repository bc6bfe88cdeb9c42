"""smoke_image.sh starts an image and asks it; what stands in for Docker, which is not everywhere, writes down what it is
told. That smoke.sh itself asks right is shown where the image's steps are tested.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.services import free_port
from tests.worlds import ROOT

DOCKER = """#!/bin/bash
echo "$*" >>"$(dirname "$0")/told"
"""
ANSWERED = """#!/bin/bash
echo "asked $1" >>"$(dirname "$0")/../../told"
"""


@pytest.fixture
def smoke(tmp_path: Path) -> Callable[..., tuple["subprocess.CompletedProcess[str]", list[str]]]:
    """`smoke(script, port)`: what came of it, and what Docker and smoke.sh were told."""
    docker = tmp_path / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)

    def run(script: Path, port: int) -> tuple["subprocess.CompletedProcess[str]", list[str]]:
        own = {"PATH": os.environ["PATH"], "DOCKER": str(docker), "PORT": str(port)}
        done = subprocess.run(
            [script, "futurisys:ci"], env=own | {"SECONDS_TO_WAIT": "0.3", "TOKEN": "fut_x"},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        return done, (tmp_path / "told").read_text().splitlines()

    return run


def test_an_image_that_answers(smoke: Callable[..., tuple], tmp_path: Path) -> None:
    for name in ("ci", "image"):
        (tmp_path / "scripts" / name).mkdir(parents=True)
    script = Path(shutil.copy2(ROOT / "scripts/ci/smoke_image.sh", tmp_path / "scripts/ci"))
    (tmp_path / "scripts/image/smoke.sh").write_text(ANSWERED)
    (tmp_path / "scripts/image/smoke.sh").chmod(0o755)
    done, told = smoke(script, 8123)
    assert done.returncode == 0, done.stderr
    name = told[-1].split()[-1]
    assert told == [
        f"run --detach --init --name {name} --publish 127.0.0.1:8123:8000 futurisys:ci demo",
        "asked http://127.0.0.1:8123",
        f"rm --force --volumes {name}",
    ]


def test_an_image_that_does_not_answer_shows_its_log_and_leaves_nothing(smoke: Callable[..., tuple]) -> None:
    port = free_port()
    done, told = smoke(ROOT / "scripts/ci/smoke_image.sh", port)
    assert (done.returncode, done.stderr.startswith(f"http://127.0.0.1:{port}/health/ready did not answer")) == (
        1,
        True,
    )
    assert [line.split()[0] for line in told] == ["run", "logs", "rm"]
