"""What tests of the demo's history share: two small versions, trained and examined once for all workers."""

import pickle
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from futurisys.accounts import roles
from predictions.demo_history import loading, versions
from predictions.demo_history.users import Users
from predictions.demo_history.versions import Pair
from registry import actions
from registry.importer import examine, run
from registry.models import ModelVersion
from tests.worlds import member

SMALL = {1: {"rows": 200, "seed": 6}, 2: {"rows": 300, "seed": 3}}
DAYS, A_DAY = 64, 10


def _train(folder: Path) -> None:
    folder.mkdir()
    kept, versions.TRAININGS = versions.TRAININGS, SMALL
    try:
        versions._train(folder)
    finally:
        versions.TRAININGS = kept


@pytest.fixture(scope="session", name="trained")
def trained_versions(only_once: Callable[..., Path]) -> Path:
    """A folder with both versions, as an interrupted loading leaves it."""
    return only_once("demo-history", _train)


@pytest.fixture(scope="session", name="examined_history")
def examined_versions(trained: Path, only_once: Callable[..., Path]) -> Callable[[int], Any]:
    """`examined_history(1)`: a version after everything an import does but storing it."""

    def examine_into(file: Path) -> None:
        package = run.read_package(trained / file.stem, trusted=False)
        examine.examine(package, progress=actions.silent)
        file.write_bytes(pickle.dumps(package))

    @cache
    def package(number: int) -> Any:
        return pickle.loads(only_once(f"{versions.NAME}-{number}.package", examine_into).read_bytes())

    return package


@pytest.fixture(name="place")
def a_demo(settings: Any, tmp_path: Path, trained: Path) -> Path:
    """A demo whose versions are trained."""
    settings.ENVIRONMENT, settings.VAR_DIR = "demo", tmp_path
    shutil.copytree(trained, tmp_path / "examples")
    return tmp_path


@pytest.fixture(name="users")
def the_cast(db: None) -> Users:
    """The cast of the demo."""
    member("business", roles.BUSINESS_USER)
    member("decider", roles.DECISION_MAKER)
    member("admin", roles.ADMINISTRATOR, is_superuser=True, is_staff=True)
    return Users.called()


@pytest.fixture(name="pair")
def both_versions(place: Path, users: Users, settings: Any, examined_history: Callable[[int], Any]) -> Pair:
    """Both versions, imported."""
    settings.HUB_ENDPOINTS = settings.HUB_ENDPOINTS | {versions.HUB: "http://127.0.0.1:9"}
    model = actions.track_model(name=versions.NAME, endpoint=versions.HUB, repo_id=versions.REPO, poll_minutes=0)
    for number in SMALL:
        made = ModelVersion.objects.create(model=model, number=number, commit=f"{number:040x}")
        run.finish(made, examined_history(number))
    found = versions.found()
    assert found is not None
    return found


def load(users: Users, say: Callable[[str], None] = actions.silent, **shape: int) -> loading.Loaded:
    """A small history."""
    return loading.load(users=users, say=say, **{"days": DAYS, "a_day": A_DAY} | shape)
