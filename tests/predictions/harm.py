"""What the tests need that harm a real web server on the test database."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def web_environment(database_environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The environment of a web server that is like `make run`'s, and leaves nothing outside the test's folder."""
    own = {"ARTIFACT_CACHE": tmp_path / "cache", "METRICS_FOLDER": tmp_path / "metrics", "HOME": tmp_path}
    quiet = {"LOG_LEVEL": "ERROR", "OMP_NUM_THREADS": "1", "PATH": os.environ["PATH"], "FUTURISYS_ENV": "development"}
    return database_environment | quiet | {name: str(path) for name, path in own.items()}


@pytest.fixture
def owner_address(database_environment: dict[str, str]) -> str:
    """Address of the test database, as the one who may see everything."""
    return database_environment["DATABASE_OWNER_URL"]
