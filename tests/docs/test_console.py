"""Every command of the tutorial and of the how-tos is run, as it stands, against a loopback Hub and the test's database.

A `console` block is a session: what stands behind `$` is run, a line that ends with a backslash goes on. A `python` block
below "Save this as `path`" is that file. `make run` is left out: tests/futurisys/test_run.py starts it.
"""

import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from examples.local_hub import LocalHub
from registry.models import LedgerEntry
from tests.hubs import TOKEN
from tests.worlds import ROOT

PAGES = [
    "docs/tutorial.md",
    "docs/how-to/publish-a-model.md",
    "docs/how-to/roll-back.md",
    "docs/how-to/write-a-manifest.md",
]
FILE = re.compile(r"Save this as\s`(?P<path>var/\w+\.py)`.*?^```python\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
SESSION = re.compile(r"^```console\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (?P<text>(?:.*\\\n)*.*)", re.MULTILINE)
PYTHON = ".venv/bin/python "
MANAGE = f"{PYTHON}manage.py "
LEFT_OUT = {"make run"}


class Terminal:
    """A terminal beside a running instance; `manage.py` runs in this process, which has the test's database."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder, self.address = folder, address
        self.variables = {**os.environ, "MPLCONFIGDIR": str(folder / "matplotlib"), "OMP_NUM_THREADS": "1"}
        self.said: list[str] = []

    def run(self, command: str) -> None:
        """Type a command; what it says is added to `said`."""
        assigned = re.fullmatch(r"(\w+)=\$\((.+)\)", command)
        if assigned:
            self.variables[assigned[1]] = self._said(assigned[2]).strip()
        else:
            self.said.append(self._said(command))

    def _said(self, command: str) -> str:
        if command.startswith(MANAGE):
            said = io.StringIO()
            words = shlex.split(command.removeprefix(MANAGE))
            # The import that follows examines the same folder again, which takes seconds.
            words += ["--no-check"] if words[0] == "publish_model" else []
            call_command(*words, stdout=said)
            return said.getvalue()
        own = command.replace("http://127.0.0.1:8000", self.address).replace("curl -s ", "curl -sS --fail-with-body ")
        own = own.replace("PYTHONPATH=.", f"PYTHONPATH={ROOT}").replace(PYTHON, f"{shlex.quote(sys.executable)} ")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", own],
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def commands(page: str) -> list[str]:
    """What a reader of this page types."""
    text = (ROOT / page).read_text("utf-8")
    return [typed["text"] for session in SESSION.finditer(text) for typed in COMMAND.finditer(session["text"])]


@pytest.fixture
def terminal(live_server: Any, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "var").mkdir()
    monkeypatch.chdir(tmp_path)
    with LocalHub(tmp_path / "hub", token=TOKEN) as hub:
        settings.HUB_ENDPOINTS, settings.HUB_TOKENS = {"loopback": hub.url}, {"loopback": TOKEN}
        settings.VAR_DIR = tmp_path / "var"
        call_command("create_demo_users", stdout=io.StringIO())
        yield Terminal(tmp_path, live_server.url)


def test_a_reader_gets_what_the_pages_promise(terminal: Terminal) -> None:
    for page in PAGES:
        for file in FILE.finditer((ROOT / page).read_text("utf-8")):
            (terminal.folder / file["path"]).write_text(file["text"], "utf-8")
        if page.endswith("roll-back.md"):  # it begins with a version 2 that answers wrongly
            terminal.run(f'{MANAGE}promote wine --number 2 --reason "again" --by manager')
        typed = [command for command in commands(page) if command not in LEFT_OUT]
        assert typed, f"{page} has no command: it is not to be in PAGES"
        for command in typed:
            terminal.run(command)
    everything = "".join(terminal.said)
    for promised in (
        "var/wine can be served: runtime onnx, 8 golden rows replayed.",
        "var/sugar can be served: runtime onnx, 5 golden rows replayed.",
        "flowers v1",
    ):
        assert promised in everything
    [answer] = [json.loads(said) for said in terminal.said if said.startswith('{"request_id"')]
    assert (answer["model"], answer["version"], answer["predictions"][0]["label"]) == ("wine", 1, "north")
    story = LedgerEntry.objects.filter(model__name="wine").order_by("pk").values_list("kind", "to_version__number")
    assert list(story) == [("promote", 1), ("promote", 2), ("rollback", 1), ("promote", 2), ("rollback", 1)]


def test_every_guide_with_a_session_is_run() -> None:
    guides = [ROOT / "docs" / "tutorial.md", *sorted((ROOT / "docs" / "how-to").glob("*.md"))]
    assert [str(path.relative_to(ROOT)) for path in guides if SESSION.search(path.read_text("utf-8"))] == PAGES
