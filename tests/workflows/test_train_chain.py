"""From a training to a served version, by the very step of train.yml (train_and_publish.sh): trained, checked, published;
the Hub rings, a worker imports, somebody promotes, and the web server answers with the new version.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from huggingface_hub import HfApi, set_client_factory

from benchmarks.killing import Worker
from examples.local_hub import LocalHub
from registry.hub import use_limited_client
from registry.models import Delivery, ModelVersion
from tests.hubs import TOKEN, loopback_hub  # noqa: F401  fixtures
from tests.servers import Server
from tests.workflows.github import step_named
from tests.worlds import IRIS, ROOT

REPOSITORY = "demo/iris"
SECRET = "the-secret-of-the-webhook"
BREAKS_THE_CONTRACT = """
from pathlib import Path
import sys

out = Path(sys.argv[sys.argv.index("--out") + 1])
(out / "golden.json").write_text((out / "golden.json").read_text().replace("setosa", "tulip"))
"""


@pytest.fixture(autouse=True)
def _plain_client() -> Iterator[None]:
    """Here we are the person at the Hub, not the product with its limits."""
    set_client_factory(lambda: httpx2.Client(follow_redirects=True, timeout=5))
    yield
    use_limited_client()


@pytest.fixture
def model_repository(tmp_path: Path) -> Path:
    """A model repository made from the iris example, and Futurisys checked out inside, as train.yml does."""
    command = [sys.executable, ROOT / "scripts/ci/new_model_repository.py", "iris", tmp_path / "flowers"]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path, timeout=30)
    (tmp_path / "flowers" / "futurisys").symlink_to(ROOT)
    return tmp_path / "flowers"


@pytest.fixture
def push(model_repository: Path, hub: LocalHub) -> Callable[..., Any]:
    """`push(tag="")`: what a push makes GitHub run."""

    def run(tag: str = "", **secrets: str) -> Any:
        known = {
            "vars.HUB_REPOSITORY": REPOSITORY,
            "secrets.HF_TOKEN": TOKEN,
            "github.ref_type == 'tag' && github.ref_name || ''": tag,
        } | secrets
        step = step_named(model_repository / ".github/workflows/train.yml", "Train, check, publish")
        here = {"HF_ENDPOINT": hub.url, "PYTHON": sys.executable, "COMPARISON_ROWS": "1000", "GITHUB_SHA": "5" * 40}
        return step.run(model_repository, known, **here)

    return run


@pytest.fixture
def futurisys(database_environment: dict[str, str], hub: LocalHub, tmp_path: Path) -> Iterator[Server]:
    """A running Futurisys: two web processes, and a worker that imports from the Hub."""
    own = {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_WEBHOOK_SECRET": SECRET, "COMPARISON_ROWS": "1000"}
    folders = {"ARTIFACT_CACHE": str(tmp_path / "cache"), "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    environment = database_environment | own | {"OMP_NUM_THREADS": "1", "FUTURISYS_ENV": "development"}
    (tmp_path / "web").mkdir()
    server, worker = Server(environment, tmp_path / "web"), Worker(environment | folders, tmp_path / "worker.log")
    try:
        worker.start()
        server.until_ready()
        yield server
    finally:
        worker.kill()  # nothing is at work, and it would wait
        worker.stop()
        server.process.terminate()
        server.process.wait(20)


def answer(server: Server, header: str) -> dict[str, Any]:
    """What the model that is in charge says about one flower."""
    headers = {"Authorization": header, "Content-Type": "application/json"}
    body = json.dumps({"model": "iris", "inputs": IRIS}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}/api/v1/predict", body, headers)
    with urllib.request.urlopen(request, timeout=20) as response:
        found: dict[str, Any] = json.load(response)
    return found


def until(happened: Callable[[], object], log: Path) -> None:
    """Wait for what another process does."""
    ends = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < ends, log.read_text()
        time.sleep(0.05)


@pytest.mark.django_db(transaction=True)
def test_a_push_becomes_the_version_that_answers(
    iris: ModelVersion, analyst: User, administrator: User, token: Any, hub: LocalHub, futurisys: Server, push: Any,
    tmp_path: Path,
) -> None:  # fmt: skip
    api, header = HfApi(endpoint=hub.url, token=TOKEN), token(analyst)
    api.create_webhook(
        url=f"http://127.0.0.1:{futurisys.port}/api/v1/hooks/huggingface",
        secret=SECRET,
        watched=[{"type": "model", "name": REPOSITORY}],
        domains=["repo"],
    )
    assert answer(futurisys, header)["version"] == 1
    done = push(tag="model-v1.2.0")
    assert done.returncode == 0, done.stderr
    # The delivery is closed after the version is ready.
    imported = Delivery.objects.filter(kind="webhook", outcome="imported", version__number=2)
    until(imported.exists, tmp_path / "worker.log")
    candidate = iris.model.versions.get(number=2)
    (tag,) = api.list_repo_refs(REPOSITORY).tags
    assert (tag.name, tag.target_commit) == ("model-v1.2.0", candidate.commit)
    assert api.list_repo_commits(REPOSITORY)[0].title == f"Train at {'5' * 40}"
    assert iris.model.versions.count() == 2
    assert iris.model.versions.ready().filter(pk=candidate.pk).exists()
    assert answer(futurisys, header)["version"] == 1  # a candidate answers nobody

    call_command("promote", "iris", "--reason", "trained on this season's flowers", "--by", administrator.username)
    time.sleep(1)  # the promise: every process serves it within a second
    found = answer(futurisys, header)
    assert (found["version"], found["commit"]) == (2, candidate.commit)
    assert found["predictions"][0]["label"] == "setosa"


def commits(hub: LocalHub) -> list[str]:
    """Titles of the commits on the Hub, none without a repository."""
    api = HfApi(endpoint=hub.url, token=TOKEN)
    return [commit.title for commit in api.list_repo_commits(REPOSITORY)] if api.repo_exists(REPOSITORY) else []


def test_a_model_that_breaks_the_contract_is_not_published(push: Any, model_repository: Path, hub: LocalHub) -> None:
    with (model_repository / "train.py").open("a") as file:
        file.write(BREAKS_THE_CONTRACT)
    done = push()
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "The contract is not kept: nothing is published.")
    assert "golden.json" in done.stderr
    assert commits(hub) == []


def test_a_training_that_fails_publishes_nothing_and_knows_no_secret(
    push: Any, model_repository: Path, hub: LocalHub
) -> None:
    code = "import os, sys\nsys.exit(f\"token: {os.environ.get('HF_TOKEN')}\")\n"
    (model_repository / "train.py").write_text(code)
    done = push()
    assert (done.returncode, done.stderr) == (1, "token: None\nThe training failed: nothing is published.\n")
    assert commits(hub) == []


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("vars.HUB_REPOSITORY", "HUB_REPOSITORY is not set: name the repository on the Hub, like acme/iris."),
        ("secrets.HF_TOKEN", "HF_TOKEN is not set: the Hub needs a token that may write to demo/iris."),
    ],
)
def test_what_is_not_set_is_a_sentence(push: Any, hub: LocalHub, missing: str, sentence: str) -> None:
    done = push(**{missing: ""})
    assert (done.returncode, done.stdout, done.stderr) == (1, "", sentence + "\n")


@pytest.mark.parametrize("name", ["attrition", "digits", "iris"])
def test_an_example_is_whole_in_a_repository_of_its_own(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "own"
    command = [sys.executable, ROOT / "scripts/ci/new_model_repository.py", name, folder]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    assert (folder / ".github/workflows/train.yml").exists()
    left = [
        path.name
        for path in folder.rglob("*.py")
        if f"examples.{name}" in path.read_text() or "sys.path" in path.read_text()
    ]
    assert left == []
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "MPLCONFIGDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.path.insert(0, '.'); import train; print(*sys.modules)"],
        cwd=folder, env=environment, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert not [module for module in done.stdout.split() if module.startswith(f"examples.{name}")]
    again = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    assert (again.returncode, again.stderr) == (1, f"{folder} is not empty: name a new folder.\n")
