"""Models of other environments than the server's: trained there, in a process that has nothing of this project.

Each environment is built once for all workers, by the product, which expects other builders.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn
from django.test import override_settings

from registry.environments import builds, locks, uv
from registry.environments.requirements import Choice, Evidence, choose
from registry.environments.uv import EnvironmentFailed
from tests.conftest import skip_unless

OLD = "1.6.1"
SERVER = {"python": ".".join(map(str, sys.version_info[:3])), "scikit-learn": sklearn.__version__}
FOUND: dict[str, dict[str, Any]] = {  # what the import finds in the files that legacy_training writes
    "forest": {"saved_by": OLD},
    "bundle": {
        "saved_by": sklearn.__version__,
        "names": ["lightgbm.sklearn.LGBMClassifier", "imblearn.pipeline.Pipeline"],
    },
    "zoo": {"names": ["lightgbm", "xgboost", "imblearn", "category_encoders"]},
}


def evidence(**found: Any) -> Evidence:
    """What is known of a model: nothing but what is said here."""
    return Evidence(**({"pins": {}, "python": "", "saved_by": None, "names": [], "form": "joblib"} | found))


def chosen(**found: Any) -> Choice:
    """The choice for a model on a server that holds nothing beside scikit-learn."""
    return choose(evidence(**found), server=SERVER)


def soon(seconds: float = 200) -> float:
    """A moment on the clock that limits builds."""
    return time.monotonic() + seconds


@pytest.fixture(scope="session")
def environment_cache(only_once: Callable[..., Path], django_test_environment: None) -> Iterator[Path]:
    """The workers' place for environments and for what uv downloads."""
    cache = only_once("environments", Path.mkdir)
    with override_settings(ENVIRONMENT_CACHE=cache):
        yield cache


@pytest.fixture(scope="session")
def python_of(environment_cache: Path, only_once: Callable[..., Path]) -> Callable[[str], str]:
    """`python_of("forest")`: the interpreter of the environment that such a model gets."""

    @cache
    def built(kind: str) -> str:
        lock, _left_out = resolved(chosen(**FOUND[kind]))
        if kind == "zoo":  # it is asked once: its bytecode is not worth the wait
            return str(only_once("zoo-environment", partial(_quickly, lock)) / "bin" / "python")
        return builds.build(lock, ends=soon()).python

    return built


def resolved(choice: Choice) -> tuple[str, list[str]]:
    """Its lock; skips the test where there is no package index to ask."""
    try:
        return locks.resolve(choice, ends=soon())
    except EnvironmentFailed as failed:
        skip_unless(not failed.temporary, f"These tests need the package index that pip is configured for. {failed}")
        raise


def _quickly(lock: str, folder: Path) -> None:
    wanted, python = folder.with_suffix(".txt"), folder / "bin" / "python"
    wanted.write_text(lock)
    uv.run(["venv", "--quiet", "--python", sys.executable, str(folder)], ends=soon())
    uv.run(["pip", "sync", "--quiet", "--require-hashes", "--python", str(python), str(wanted)], ends=soon())


@pytest.fixture(scope="session")
def legacy(python_of: Callable[[str], str], only_once: Callable[..., Path]) -> Callable[[str], Path]:
    """`legacy("forest")`: the folder that legacy_training wrote in that model's own environment."""

    def train(folder: Path) -> None:
        folder.mkdir()
        script = Path(__file__).with_name("legacy_training.py")
        subprocess.run(
            [python_of(folder.name), script, folder.name, folder], check=True, capture_output=True, timeout=200
        )

    return lambda kind: only_once(kind, train)


def asked(folder: Path) -> tuple[dict[str, list[Any]], np.ndarray]:
    """The 1000 rows as a caller would send them, and what the original answered where it was trained."""
    found = json.loads((folder / "rows.json").read_text())
    return found["columns"], np.array(found["scores"])
