"""Worlds that tests begin in: example models that went through the product's own import, and a small cast.

Training and importing take seconds, so both are done once for all workers; each test gets fresh rows of them.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.utils import translation

from futurisys.accounts import roles
from predictions import fallbacks
from predictions.monitoring.drift import limits
from predictions.monitoring.drift.gauges import DRIFT
from predictions.monitoring.rollups import layout
from registry import actions, background, promotions, runtimes, serving
from registry.importer import examine, run
from registry.importer.package import Package
from registry.models import ModelVersion, RegisteredModel

ROOT = Path(__file__).resolve().parent.parent
IRIS = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}


@pytest.fixture(scope="session")
def example(only_once: Callable[..., Path]) -> Callable[[str], Path]:
    """`example("iris")`: the repository folder that examples/iris/train.py writes, trained once for all workers."""
    return lambda name: only_once(f"{name}-example", partial(_train, name))


@pytest.fixture(scope="session")
def real_attrition(only_once: Callable[..., Path], attrition_data: Path) -> Path:
    """The attrition repository, trained on the three HR extracts."""
    return only_once("real-attrition", partial(_train, "attrition", data=attrition_data))


def _train(name: str, out: Path, data: Path | None = None) -> None:
    command = [sys.executable, ROOT / "examples" / name / "train.py", "--out", out]
    command += ["--data", data.resolve()] if data else []
    environment = {**os.environ, "MPLCONFIGDIR": str(out.parent / "matplotlib")}
    done = subprocess.run(command, check=False, capture_output=True, env=environment, timeout=120, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def examined(example: Callable[[str], Path], only_once: Callable[..., Path]) -> Callable[[str], Package]:
    """`examined("iris")`: the example after everything an import does but storing it."""

    def examine_into(file: Path) -> None:
        package = run.read_package(example(file.stem), trusted=False)
        examine.examine(package, progress=actions.silent)
        file.write_bytes(pickle.dumps(package))

    @cache
    def package(name: str) -> Package:
        found: Package = pickle.loads(only_once(f"{name}.package", examine_into).read_bytes())
        return found

    return package


@pytest.fixture(autouse=True)
def _fresh_process(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What a web process remembers belongs to one test: ids are used again in the next one."""
    translation.activate("en")  # a request leaves its language to the thread
    yield
    serving.forget()
    runtimes.forget()
    background.forget()
    fallbacks.forget()
    layout.forget()
    limits.forget()
    DRIFT.forget()


@pytest.fixture(autouse=True, scope="session")
def _artifact_cache(tmp_path_factory: pytest.TempPathFactory, django_test_environment: None) -> Iterator[None]:
    from django.test import override_settings

    # A password is hashed a million times, and every test makes its own cast.
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache, environments = tmp_path_factory.mktemp("artifacts"), tmp_path_factory.mktemp("environments")
    places = {"ARTIFACT_CACHE": cache, "ENVIRONMENT_CACHE": environments}
    with override_settings(**places, COMPARISON_ROWS=2_000, PASSWORD_HASHERS=hashers):
        yield


def member(name: str, role: str, **more: Any) -> User:
    """A user who has a role; the password is `<name>-pass-1`."""
    user = User.objects.create_user(name, password=f"{name}-pass-1", **more)
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def analyst(db: None) -> User:
    """A business user."""
    return member("analyst", roles.BUSINESS_USER)


@pytest.fixture
def stranger(db: None) -> User:
    """Another business user."""
    return member("stranger", roles.BUSINESS_USER)


@pytest.fixture
def auditor(db: None) -> User:
    """May see everything of both apps in the admin, and change nothing."""
    return member("auditor", roles.AUDITOR, is_staff=True)


@pytest.fixture
def administrator(db: None) -> User:
    """A superuser: promotes in tests."""
    return User.objects.create_superuser("administrator", password="administrator-pass-1")


@pytest.fixture
def token() -> Callable[[User], str]:
    """`token(user)`: the value of an Authorization header."""
    from knox.models import AuthToken

    return lambda user: f"Token {AuthToken.objects.create(user)[1]}"


@pytest.fixture
def ready(examined: Callable[[str], Package], db: None) -> Callable[..., ModelVersion]:
    """`ready("iris", model="iris", **changes)`: a ready version; changes are set on a copy of the package first."""

    def version(name: str, *, model: str | None = None, **changes: Any) -> ModelVersion:
        package = deepcopy(examined(name))
        for key, value in changes.items():
            setattr(package, key, value)
        tracked = RegisteredModel.objects.filter(name=model or name).first() or actions.track_model(
            name=model or name, endpoint="huggingface", repo_id=f"demo/{name}", default=name != "iris"
        )
        number = tracked.versions.count() + 1
        created = ModelVersion.objects.create(model=tracked, number=number, commit=f"{number:040x}")
        run.finish(created, package)
        created.refresh_from_db()
        return created

    return version


@pytest.fixture
def promoted(ready: Callable[..., ModelVersion], administrator: User) -> Callable[..., ModelVersion]:
    """`promoted("iris")`: a version that answers."""

    def version(name: str, **changes: Any) -> ModelVersion:
        found = ready(name, **changes)
        promotions.request(model=found.model, version=found, by=administrator, reason="a test needs it")
        return found

    return version


@pytest.fixture
def iris(promoted: Callable[..., ModelVersion]) -> ModelVersion:
    """The iris example, promoted."""
    return promoted("iris")


@pytest.fixture
def iris_world(live_server: Any, iris: ModelVersion, analyst: User) -> Any:
    """A live server with the iris model and the analyst."""
    return live_server
