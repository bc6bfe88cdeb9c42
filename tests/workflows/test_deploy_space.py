"""The demo goes to a Space: what space.yml uploads, to a Hub on this machine by the real client."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from examples.local_hub import LocalHub
from tests.hubs import TOKEN, loopback_hub  # noqa: F401  fixtures
from tests.workflows.github import steps
from tests.worlds import ROOT

SPACE = "acme/demo"
FILES = {
    "Dockerfile": 'FROM scratch\nENTRYPOINT ["scripts/serve"]\n',
    "README.md": "# Futurisys\n",
    "deploy/space/README.md": (ROOT / "deploy/space/README.md").read_text("utf-8"),
    "CHANGELOG.md": "# Changelog\n",
    "futurisys/wsgi.py": "application = None\n",
    "tests/test_wsgi.py": "assert True\n",
    ".github/workflows/ci.yml": "name: ci\n",
    ".gitignore": "var/\n",
}


@pytest.fixture
def spaces(hub: LocalHub) -> LocalHub:
    """The Hub answers for Spaces what it answers for models: the public one does so too, under another name."""
    for server in (hub._api,):
        moved = [
            (methods, re.compile(path.pattern.replace("/api/models/", "/api/spaces/", 1)), function)
            for methods, path, function in server.routes
            if path.pattern.startswith("/api/models/")
        ]
        large = [
            (methods, re.compile(f"/spaces{path.pattern}"), function)
            for methods, path, function in server.routes
            if ".git/" in path.pattern
        ]
        server.routes = [*moved, *large, *server.routes]
    return hub


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small check-out, with files that git does not know."""
    folder = tmp_path / "checkout"
    for name, text in {**FILES, "var/secret": "not for the world"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/python").symlink_to(sys.executable)
    (folder / "scripts").symlink_to(ROOT / "scripts")
    for command in (["init", "--quiet"], ["add", *FILES]):
        subprocess.run(["git", *command], cwd=folder, check=True, capture_output=True)
    return folder


def deploy(folder: Path, hub: LocalHub, **known: str) -> "subprocess.CompletedProcess[str]":
    (step,) = [step for step in steps(ROOT / ".github/workflows/space.yml") if "deploy_space.py" in step.command]
    command = step.about | {"run": step.command.replace(".venv/bin/python", sys.executable)}
    given = {"vars.SPACE": SPACE, "secrets.HF_TOKEN": TOKEN} | known
    return type(step)(step.workflow, step.job, command).run(folder, given, HF_ENDPOINT=hub.url, GITHUB_SHA="5" * 40)


def held(hub: LocalHub) -> dict[str, str]:
    """What the Space holds."""
    _sha, commit = hub.store.commit_of(SPACE, "main")
    return {path: hub.store.path(file["sha256"]).read_text() for path, file in commit["files"].items()}


def test_the_demo_is_deployed_again_and_again(spaces: LocalHub, checkout: Path) -> None:
    done = deploy(checkout, spaces)
    assert done.returncode == 0, done.stderr
    found = held(spaces)
    assert set(found) - {".gitattributes"} == {
        "Dockerfile",
        "README.md",
        "deploy/space/README.md",
        "CHANGELOG.md",
        "futurisys/wsgi.py",
        ".gitignore",
    }
    _, header, text = found["README.md"].split("---\n", 2)
    about = yaml.safe_load(header)
    assert (about["sdk"], about["app_port"]) == ("docker", 7860)
    assert text.startswith("\n# Futurisys\n")
    assert len(about["short_description"]) <= 60  # the Hub refuses a longer one
    assert found["Dockerfile"].startswith(FILES["Dockerfile"])
    assert "ENV FUTURISYS_SPACE=true" in found["Dockerfile"]

    subprocess.run(["git", "rm", "--quiet", "--cached", "CHANGELOG.md"], cwd=checkout, check=True)
    done = deploy(checkout, spaces)
    assert done.returncode == 0, done.stderr
    assert "CHANGELOG.md" not in held(spaces)
    commit, _ = spaces.store.commit_of(SPACE, "main")
    assert done.stdout == f"{SPACE} is at {commit}.\n"


def test_what_is_missing_is_a_sentence(spaces: LocalHub, checkout: Path) -> None:
    done = deploy(checkout, spaces, **{"vars.SPACE": ""})
    assert (done.returncode, done.stderr) == (1, "SPACE is not set: name the Space, like acme/futurisys.\n")
    done = deploy(checkout, spaces, **{"secrets.HF_TOKEN": ""})
    sentence = f"HF_TOKEN is not set: the Hub needs a token that may write to {SPACE}.\n"
    assert (done.returncode, done.stderr) == (1, sentence)
    done = deploy(checkout, spaces, **{"secrets.HF_TOKEN": "hf_stranger"})
    assert done.returncode == 1
    assert done.stderr.startswith(f"The Space {SPACE} was not changed: ")
    subprocess.run(["git", "rm", "--quiet", "--cached", "Dockerfile"], cwd=checkout, check=True)
    done = deploy(checkout, spaces)
    assert (done.returncode, done.stderr.split(":")[0]) == (1, "There is no Dockerfile here")
    assert os.path.exists(checkout / "Dockerfile")  # noqa: PTH110
