"""What the child can be asked for. One model at a time, loaded by the first message."""

import sys
import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.importer.child import gate
from registry.importer.child.serving import Model, Unusable

Payload = dict[str, Any]

PACKAGES = (
    "scikit-learn", "numpy", "scipy", "pandas", "joblib", "skops", "skl2onnx",
    "lightgbm", "xgboost", "imbalanced-learn", "category-encoders",
)  # fmt: skip
WIRE_TYPES = {"f8": np.float64, "i8": np.int64, "b1": np.bool_}


class Failed(Exception):
    """An answer to the parent: `kind` is one of RuntimeFailed's."""

    def __init__(self, text: str, *, kind: str) -> None:
        super().__init__(text)
        self.kind = kind


class Operations:
    """The child's state: the model, once loaded."""

    def __init__(self) -> None:
        self.model: Model | None = None
        warnings.simplefilter("ignore")  # nobody reads them here; versions are compared by the parent

    def run(self, op: str, payload: Payload) -> Payload:
        """Dispatch one message. Raises Failed, or whatever the model raises."""
        operations: dict[str, Callable[[Payload], Payload]] = {
            "scan": self.scan,
            "load": self.load,
            "inspect": self.inspect,
            "edges": self.edges,
            "convert": self.convert,
            "predict": self.predict,
        }
        if op not in operations:
            raise Failed(f"Unknown operation {op!r}.", kind="protocol")
        return operations[op](payload)

    @property
    def _loaded(self) -> Model:
        if self.model is None:
            raise Failed("No model is loaded.", kind="protocol")
        return self.model

    def scan(self, payload: Payload) -> Payload:
        """What the files name and which scikit-learn wrote them, before anything of them is constructed."""
        names: set[str] = set()
        trained_with = None
        for name in [*(name for name, _columns in _steps(payload)), payload["file"]]:
            used, trained_with = _scan_one(Path(name), payload["format"], trusted=bool(payload.get("trusted")))
            names.update(used)
        return {"globals": sorted(names), "trained_with": trained_with, "versions": versions()}

    def load(self, payload: Payload) -> Payload:
        """Read the file, and the `steps` chained before it, through the gate."""
        trusted = bool(payload.get("trusted"))
        if trusted:  # the repository's own modules lie beside the model
            sys.path.insert(0, str(Path.cwd()))
        names: set[str] = set()
        trained: list[str | None] = []
        objects = []
        steps = [(name, columns) for name, columns in _steps(payload) if name != payload["file"]]
        for name in [*(name for name, _columns in steps), payload["file"]]:
            found, used, trained_with = _load_one(Path(name), payload["format"], trusted=trusted)
            names.update(used)
            trained.append(trained_with)
            objects.append(found)
        try:
            self.model = Model(objects[-1], objects[:-1], [columns for _name, columns in steps])
        except Unusable as error:
            raise Failed(str(error), kind="load") from error
        return {"globals": sorted(names), "trained_with": trained[-1], "versions": versions()}

    def inspect(self, _payload: Payload) -> Payload:
        from registry.importer.child.inspection import inspect

        found = inspect(self._loaded)
        return {**found, "warnings": [*found["warnings"], *self._loaded.dropped]}

    def edges(self, payload: Payload) -> Payload:
        from registry.importer.child.edges import edges

        return {"edges": edges(self._loaded.first, self._loaded.names or payload["features"])}

    def convert(self, payload: Payload) -> Payload:
        from registry.importer.child.conversion import NotConvertible, convert

        try:
            return convert(self._loaded, payload)
        except NotConvertible as error:
            raise Failed(str(error), kind="refused") from error

    def predict(self, payload: Payload) -> Payload:
        columns = {name: _column(each) for name, each in payload["columns"].items()}
        scores = self._loaded.predict(columns)
        return {"scores": scores.tobytes(), "shape": list(scores.shape)}


def _scan_one(path: Path, form: str, *, trusted: bool) -> tuple[list[str], str | None]:
    from registry.importer.child.inspection import trained_with as search

    try:
        if form == "skops":
            return gate.scan_skops(path), _trained_with_skops(path)
        data = gate.read(path)
        return gate.scan_pickle(data, trusted=trusted), search(data)
    except gate.Refused as error:
        raise Failed(str(error), kind="refused") from error
    except MemoryError:
        raise
    except Exception as error:
        raise Failed(_why_not_loaded(error, None), kind="load") from error


def _steps(payload: Payload) -> list[tuple[str, list[str] | None]]:
    """Path and columns of each step; None is all columns."""
    given = payload.get("steps") or ()
    return [(each, None) if isinstance(each, str) else (each["file"], list(each["columns"])) for each in given]


def _load_one(path: Path, form: str, *, trusted: bool) -> tuple[Any, list[str], str | None]:
    trained_with = None
    try:
        if form == "skops":
            trained_with = _trained_with_skops(path)
            return *gate.load_skops(path, trusted=trusted), trained_with
        data = gate.read(path)
        from registry.importer.child.inspection import trained_with as search

        trained_with = search(data)
        return *gate.load_pickle(data, trusted=trusted), trained_with
    except gate.Refused as error:
        raise Failed(str(error), kind="refused") from error
    except MemoryError:
        raise
    except Exception as error:
        raise Failed(_why_not_loaded(error, trained_with), kind="load") from error


def _trained_with_skops(path: Path) -> str | None:
    import zipfile

    from registry.importer.child.inspection import trained_with as search

    with zipfile.ZipFile(path) as archive:
        schema = archive.getinfo("schema.json")
        return search(archive.read(schema)) if schema.file_size <= gate.inflated_limit() else None


def _why_not_loaded(error: Exception, trained_with: str | None) -> str:
    here = versions().get("scikit-learn")
    text = f"The file could not be loaded: {type(error).__name__}: {error}"[:200]
    if trained_with and trained_with.split(".")[:2] != str(here).split(".")[:2]:
        text += f" It was trained with scikit-learn {trained_with}; this environment has {here}."
    return text


def versions() -> dict[str, str]:
    """Python and the libraries that decide what a model answers, as far as they are installed."""
    found = {"python": ".".join(str(each) for each in sys.version_info[:3])}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _column(wire: Payload) -> NDArray[Any]:
    if wire["t"] == "o":
        values = np.empty(len(wire["v"]), dtype=object)
        values[:] = wire["v"]
        return values
    return np.frombuffer(wire["v"], dtype=WIRE_TYPES[wire["t"]]).reshape(wire["s"])
