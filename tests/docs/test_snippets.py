"""Every snippet of the documentation of the API is run as it stands, against a server and a worker of its own.

A fenced block of `bash` or `python` is run in the order of its page, with the address and a token in the environment;
Python blocks of a page are one program. A comment `<!-- not run: why -->` above a block leaves it out.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User

from benchmarks.killing import Worker
from futurisys.accounts import roles
from tests.servers import Server
from tests.worlds import ROOT

PAGES = [
    "docs/api.md",
    "docs/clients.md",
    "docs/how-to/answer-an-auditor.md",
    "docs/how-to/call-the-api.md",
    "docs/how-to/run-a-batch.md",
    "docs/inference-protocol.md",
]
BLOCK = re.compile(
    r"(?P<left_out><!-- not run: .+? -->\n)?^```(?P<language>bash|python)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
MOST_LEFT_OUT = 4


@dataclass(frozen=True)
class Block:
    line: int
    language: str
    text: str
    is_left_out: bool


def blocks(page: str) -> list[Block]:
    text = (ROOT / page).read_text("utf-8")
    return [
        Block(text[: found.start("text")].count("\n"), found["language"], found["text"], bool(found["left_out"]))
        for found in BLOCK.finditer(text)
    ]


@pytest.fixture
def environment(database_environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    own = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    return {**own, "ARTIFACT_CACHE": str(tmp_path / "cache"), "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1"}


@pytest.fixture
def server(database_environment: dict[str, str], environment: dict[str, str], tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "server").mkdir()
    server = Server(database_environment, tmp_path / "server")
    worker = Worker(database_environment | environment, tmp_path / "worker.log")
    worker.start()
    server.until_ready()
    yield server
    server.process.terminate()
    worker.stop()
    server.process.wait(20)


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_the_snippets_work(
    promoted, analyst: User, token, server: Server, environment: dict[str, str], tmp_path: Path
) -> None:
    for model in ("iris", "digits"):
        promoted(model)
    analyst.groups.add(Group.objects.get(name=roles.DECISION_MAKER))
    here = {"FUTURISYS": f"http://127.0.0.1:{server.port}", "TOKEN": token(analyst).removeprefix("Token ")}
    for page in PAGES:
        run(page, environment | here, tmp_path / Path(page).stem)


def run(page: str, environment: dict[str, str], folder: Path) -> None:
    found = blocks(page)
    ran = [block for block in found if not block.is_left_out]
    assert ran, "a page without a snippet is not to be in PAGES"
    assert len(found) - len(ran) <= MOST_LEFT_OUT
    folder.mkdir()
    program = ""
    for block in ran:
        if block.language == "bash":
            command = ["bash", "-euo", "pipefail", "-c", block.text]
        else:  # what an earlier block made is still there in this one
            program += block.text
            command = [sys.executable, "-c", program]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{page}:{block.line}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr


def test_every_page_with_a_call_is_run() -> None:
    calling = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "docs").rglob("*.md"))
        if any(re.search(r"\bcurl\b|httpx|tritonclient|/api/v1/|/v2", block.text) for block in blocks(str(path)))
    ]
    assert calling == PAGES
