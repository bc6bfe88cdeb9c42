"""Every test has exactly one tier, and a unit test that starts a process is told so."""

import os
import subprocess
from types import SimpleNamespace
from typing import Any

import pytest

from tests import tiers
from tests.tiers import TIERS, no_process, tier_of


def item(name: str, *markers: str, fixtures: tuple[str, ...] = (), **module: object) -> Any:
    """What pytest knows about a test."""
    path, _, function = name.partition("::")
    return SimpleNamespace(
        path=tiers.TESTS / path, name=function, nodeid=name, fixturenames=fixtures, module=SimpleNamespace(**module),
        get_closest_marker=lambda marker: marker if marker in markers else None,
    )  # fmt: skip


def test_every_test_has_exactly_one_tier(request: pytest.FixtureRequest) -> None:
    found = {test.nodeid: [tier for tier in TIERS if test.get_closest_marker(tier)] for test in request.session.items}
    assert request.node.nodeid in found
    assert {name: named for name, named in found.items() if len(named) != 1} == {}


@pytest.mark.parametrize(
    ("test", "tier"),
    [
        (item("registry/test_x.py::test_a"), "unit"),
        (item("registry/test_x.py::test_a", fixtures=("tmp_path", "db")), "integration"),
        (item("registry/test_x.py::test_a", fixtures=("hub",)), "integration"),
        (item("registry/test_x.py::test_a", "django_db"), "integration"),
        (item("registry/test_x.py::test_a", subprocess=subprocess), "integration"),
        (item("registry/test_x.py::test_a", "unit", subprocess=subprocess), "unit"),
        (item("browser/test_x.py::test_a", "browser", fixtures=("db",)), "browser"),
        (item("browser/test_x.py::test_a", fixtures=("db",)), "browser"),
        (item("model_validation/test_x.py::test_a", "django_db"), "model_validation"),
        (item("examples/test_training.py::test_a"), "model_validation"),
        (item("registry/test_gate.py::test_clean_pipeline_loads[0]"), "integration"),
        (item("registry/test_gate.py::test_another"), "unit"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_tier_follows_from_place_and_use(test: Any, tier: str) -> None:
    assert tier_of(test) == tier


def test_two_tiers_are_refused() -> None:
    with pytest.raises(pytest.UsageError, match=r"test_x.py::test_a names more than one tier: unit, browser\."):
        tier_of(item("test_x.py::test_a", "unit", "browser"))


def test_every_place_of_the_table_is_there() -> None:
    for place in tiers.PLACES:
        file, _, function = place.partition("::")
        assert (tiers.TESTS / file).exists(), place
        assert f"def {function}" in (tiers.TESTS / file).read_text() if function else True


def test_a_unit_test_starts_no_process() -> None:
    told = pytest.raises(pytest.fail.Exception, match="test_a starts a process: mark it")
    with told, no_process(item("test_x.py::test_a", "unit")):
        subprocess.run(["true"], check=True)
    with told, no_process(item("test_x.py::test_a", "unit")):
        os.fork()
    with no_process(item("test_x.py::test_a", "integration")):
        subprocess.run(["true"], check=True)
