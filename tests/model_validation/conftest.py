"""The example models as they are served: imported, stored, loaded by the product's own runtime."""

import csv
import pickle
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from registry import actions, runtimes
from registry.importer import examine, run
from registry.models import ModelVersion
from registry.signature import columns_of

Row = dict[str, Any]


class Served:
    """A version that answers, and the people or flowers that its author kept for the test."""

    def __init__(self, version: ModelVersion, folder: Path) -> None:
        self.version, self.folder = version, folder
        self.signature = version.parsed_signature()
        with (folder / "test_set.csv").open(encoding="utf-8", newline="") as file:
            self.cases = list(csv.DictReader(file))
        self.truth = [case["outcome"] for case in self.cases]

    @cached_property
    def rows(self) -> list[Row]:
        """The inputs of the held-out rows, as the file spells them."""
        return [{feature.name: case[feature.name] for feature in self.signature.features} for case in self.cases]

    def scores(self, rows: Sequence[Row]) -> NDArray[np.float64]:
        """Scores of rows, one column for each class."""
        return self.columns(columns_of(rows), len(rows))

    def columns(self, columns: dict[str, list[Any]], rows: int) -> NDArray[np.float64]:
        """Scores of columns."""
        return runtimes.load(self.version).predict(self.signature.clean(columns, rows).columns, rows)

    def positive(self, rows: Sequence[Row]) -> NDArray[np.float64]:
        """Scores of the positive class."""
        return self.scores(rows)[:, self.signature.positive]


@pytest.fixture
def served(ready: Callable[..., ModelVersion], example: Callable[[str], Path]) -> Callable[[str], Served]:
    """`served("iris")`: an example as it is served."""
    return lambda name: Served(ready(name), example(name))


@pytest.fixture
def real(real_attrition: Path, only_once: Callable[..., Path], db: None) -> Served:
    """The model of the three HR extracts, imported as any other."""

    def examine_into(file: Path) -> None:
        package = run.read_package(real_attrition, trusted=False)
        examine.examine(package, progress=actions.silent)
        file.write_bytes(pickle.dumps(package))

    package = pickle.loads(only_once("real-attrition.package", examine_into).read_bytes())
    model = actions.track_model(name="attrition", endpoint="huggingface", repo_id="acme/attrition")
    version = ModelVersion.objects.create(model=model, number=1, commit="1" * 40)
    run.finish(version, package)
    version.refresh_from_db()
    return Served(version, real_attrition)


@pytest.fixture(params=["iris", "synthetic", "real"])
def tabular(request: pytest.FixtureRequest, served: Callable[[str], Served]) -> Served:
    """Each example about a table; the real people only where their extracts are."""
    if request.param == "real":
        return request.getfixturevalue("real")
    return served({"iris": "iris", "synthetic": "attrition"}[request.param])


@pytest.fixture(params=["synthetic", "real"])
def attrition(request: pytest.FixtureRequest, served: Callable[[str], Served]) -> Served:
    """Both companies."""
    return request.getfixturevalue("real") if request.param == "real" else served("attrition")
