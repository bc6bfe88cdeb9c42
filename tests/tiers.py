"""Which tier a test belongs to: exactly one, found from its folder and from what it uses.

- unit: neither a database nor a process nor a socket.
- integration: everything else that is no browser.
- model_validation: whether the example models are as good and as steady as they were.
- browser: drives the system's Chromium.

Who is in doubt names the tier: `pytestmark = pytest.mark.integration`. A unit test that starts a process fails and is told so.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

TIERS = ("unit", "integration", "model_validation", "browser")
TESTS = Path(__file__).resolve().parent
# What a test's name begins with, in tests/; the modules and tests of integration start processes through the code under test.
PLACES = {
    "browser/": "browser",
    "model_validation/": "model_validation",
    "examples/test_training.py": "model_validation",
    "examples/test_attrition_data.py": "model_validation",
    "api/": "integration",
    "benchmarks/": "integration",
    "futurisys/test_supervisor.py": "integration",
    "predictions/test_batch_xlsx.py": "integration",
    "registry/test_child.py": "integration",
    "registry/test_conversion_models.py": "integration",
    "registry/test_convnet.py": "integration",
    "registry/test_disagreements.py": "integration",
    "registry/test_examine.py": "integration",
    "registry/test_gate.py::test_clean_pipeline_loads": "integration",
    "registry/test_inferred.py::test_histogram_boosting_keeps_its_categories": "integration",
    "registry/test_isolated.py": "integration",
}
# A module that knows one of these starts processes or servers in some of its tests, and is not cut in two.
PROCESSES = ("subprocess", "multiprocessing", "socket", "LocalHub")
# Fixtures with a database, a server or a process behind them; whatever uses one of them has it in its closure.
INTEGRATION = {
    "attrition_data",
    "browser",
    "chromium",
    "db",
    "django_db_setup",
    "hub",
    "live_server",
    "loopback_hub",
    "mail_server",
    "only_once",
    "receiver",
    "transactional_db",
}


def assign(items: list[pytest.Item]) -> None:
    """Mark each test with its tier."""
    for item in items:
        tier = tier_of(item)
        if not item.get_closest_marker(tier):
            item.add_marker(tier)


def tier_of(item: Any) -> str:
    """The tier that its module names, or its place, or what it uses."""
    named = [tier for tier in TIERS if item.get_closest_marker(tier)]
    if len(named) > 1:
        raise pytest.UsageError(f"{item.nodeid} names more than one tier: {', '.join(named)}.")
    if named:
        return named[0]
    name = f"{item.path.relative_to(TESTS).as_posix()}::{item.name}"
    found = [tier for place, tier in PLACES.items() if name.startswith(place)]
    if found:
        return found[0]
    if item.get_closest_marker("django_db") or INTEGRATION & set(getattr(item, "fixturenames", ())):
        return "integration"
    return "integration" if any(hasattr(item.module, name) for name in PROCESSES) else "unit"


@contextmanager
def no_process(item: pytest.Item) -> Iterator[None]:
    """While a unit test runs nothing may be started: it would be slower than its tier promises."""
    if not item.get_closest_marker("unit"):
        yield
        return

    def refuse(*_args: Any, **_options: Any) -> NoReturn:
        sentence = f"{item.nodeid} starts a process: mark it `pytest.mark.integration` (tests/tiers.py)."
        pytest.fail(sentence, pytrace=False)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess.Popen, "__init__", refuse)
        patch.setattr(os, "fork", refuse)
        patch.setattr(os, "posix_spawn", refuse)
        yield
