"""From a package to a runtime: open it in the jail, replay its golden rows, convert it, compare both."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry import artifacts
from registry.actions import Progress
from registry.exceptions import ImportRejected
from registry.importer import comparison, describe, golden, graphs
from registry.importer.package import Package
from registry.importer.process import JailedChild, encode_columns, limits, may_load, memory_for
from registry.runtimes.base import Columns, Runtime, RuntimeFailed
from registry.runtimes.onnx import OnnxRuntime
from registry.signature import Feature

CPU_SECONDS = 120
WALL_SECONDS = 180.0
PROBES = 8
MERGED_ROWS = 16


def examine(package: Package, *, progress: Progress) -> None:
    """Fill in the package's signature, runtime and report. Raises ImportRejected, RuntimeFailed."""
    _check_steps(package)
    if package.model_file.format == "onnx":
        _examine_graph(package, progress)
        return
    with _child(package) as child:
        progress("opening the model in the jailed child")
        _load(package, child)
        describe.describe(package, child.call("inspect", {}, deadline=WALL_SECONDS))
        original = _ChildRuntime(child)
        progress("replaying golden rows")
        golden.replay(package, original)
        questions = _questions(package, child)
        package.report["serving"] = _isolated_serving(package, merge=_probe(package, original, *questions))
        progress("converting and comparing")
        _convert(package, child, original, *questions)


def _check_steps(package: Package) -> None:
    steps = package.steps or []
    if steps and package.model_file.format == "onnx":
        raise ImportRejected("model.steps: an ONNX graph holds its preprocessing itself; take the steps away.")
    if any(step["format"] != package.model_file.format for step in steps):
        raise ImportRejected(f"model.steps: every step must be a {package.model_file.format} file, as the model is.")
    if any("columns" in step for step in steps):
        raise ImportRejected("model.steps: a step takes all columns; put one for some of them into the pipeline.")


@contextlib.contextmanager
def _child(package: Package) -> Iterator[JailedChild]:
    with tempfile.TemporaryDirectory(prefix="futurisys-child-") as folder:
        for path in package.model_paths:
            target = Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((package.directory / path).read_bytes())
        child = JailedChild(folder=Path(folder), memory=memory_for(package.size), cpu=CPU_SECONDS)
        try:
            yield child
        finally:
            child.close()


def _load(package: Package, child: JailedChild) -> None:
    package.report["jail"] = {"in_force": child.jail, "limits": limits(child.jail)}
    model_format = package.model_file.format
    may_load(child.jail, model_format, package.trusted)
    request = {
        "file": package.model_path,
        "format": model_format,
        "trusted": package.trusted,
        "steps": package.step_files,
    }
    answer = child.call("load", request, deadline=WALL_SECONDS)
    package.report |= {key: answer.get(key) for key in ("globals", "trained_with", "versions")}
    _check_versions(answer.get("trained_with"), answer["versions"])


def _check_versions(trained_with: str | None, versions: dict[str, str]) -> None:
    here = versions["scikit-learn"]
    if trained_with and trained_with.split(".")[:2] != here.split(".")[:2]:
        raise ImportRejected(
            f"The model was trained with scikit-learn {trained_with}; this server has {here}. Train it with "
            f"scikit-learn {'.'.join(here.split('.')[:2])} or install that version here."
        )


def _isolated_serving(package: Package, *, merge: bool) -> dict[str, Any]:
    signature = package.signature
    return {
        "files": package.model_paths,
        "file": package.model_path,
        "format": package.model_file.format,
        "trusted": package.trusted,
        "steps": package.step_files,
        "scores": package.report["estimator"]["scores"],
        "n_outputs": 1 if signature.is_regression else len(signature.classes),
        "merge": merge,
    }


class _ChildRuntime:
    """The original, as the import asks it: one request at a time with the import's patience."""

    name = "isolated"

    def __init__(self, child: JailedChild) -> None:
        self._child = child

    def predict(self, columns: Columns, rows: int) -> NDArray[np.float64]:
        """See Runtime."""
        parts = [
            self._part({name: array[start : start + comparison.CHUNK] for name, array in columns.items()})
            for start in range(0, rows, comparison.CHUNK)
        ]
        return np.concatenate(parts)

    def _part(self, columns: Columns) -> NDArray[np.float64]:
        rows = len(next(iter(columns.values())))
        request = {"columns": encode_columns(columns), "rows": rows}
        answer = self._child.call("predict", request, deadline=WALL_SECONDS)
        return np.frombuffer(answer["scores"], dtype=np.float64).reshape(answer["shape"])

    def close(self) -> None:
        """The child belongs to the import."""


def _questions(package: Package, child: JailedChild) -> tuple[Columns, int]:
    """The rows that both forms of the model are asked; the known ones come first."""
    signature = package.signature
    edges: dict[str, list[float]] = {}
    if signature.image is None:
        names = [feature.name for feature in signature.features if feature.kind in {"number", "integer"}]
        try:
            edges = child.call("edges", {"features": names}, deadline=WALL_SECONDS)["edges"]
        except RuntimeFailed:
            if not child.alive:
                raise
    return comparison.rows(signature, background=package.background, golden=golden.inputs(package), edges=edges)


def _probe(package: Package, original: Runtime, columns: Columns, rows: int) -> bool:
    """Whether a few rows come out the same alone and together. Raises ImportRejected when none comes out at all."""
    alone, failed = [], ""
    count = min(PROBES, rows)
    for row in range(count):
        try:
            scores = original.predict({name: array[row : row + 1] for name, array in columns.items()}, 1)
        except RuntimeFailed as error:
            if error.kind != "model":
                raise
            failed = str(error)
            continue
        golden.check(package.signature, scores)
        alone.append(scores)
    if not alone:
        raise ImportRejected(f"The model answers none of {count} rows that its signature allows. {failed}")
    if failed:
        return False
    together = original.predict({name: array[:count] for name, array in columns.items()}, count)
    return bool(np.allclose(together, np.concatenate(alone), rtol=1e-9, atol=1e-9))


def _convert(package: Package, child: JailedChild, original: Runtime, columns: Columns, rows: int) -> None:
    """ONNX when it was converted and agrees; the isolated runtime, and why, in every other case."""
    package.runtime = "isolated"
    try:
        answer = child.call("convert", _convert_request(package), deadline=WALL_SECONDS)
        graphs.check(answer["onnx"])
        candidate = OnnxRuntime(answer["onnx"], inputs=answer["inputs"], scores=answer["scores"])
    except (RuntimeFailed, ImportRejected) as failed:
        package.why_isolated = f"Served by the isolated runtime: no ONNX form. {failed}"
        return
    try:
        report = comparison.compare(package.signature, columns, rows, original=original, candidate=candidate)
    except RuntimeFailed as failed:
        package.why_isolated = f"Served by the isolated runtime: the ONNX form could not be compared. {failed}"
        return
    package.report["comparison"] = report
    if report["misses"]:
        largest = report["largest_difference"]
        by = "" if largest is None else f", by up to {largest:.2g}"
        package.why_isolated = (
            f"Served by the isolated runtime: on {report['misses']} of {rows} rows the ONNX form differs{by}."
        )
        return
    package.runtime = "onnx"
    package.graph, package.graph_path = answer["onnx"], artifacts.CONVERTED
    package.report["serving"] = {
        "graph": artifacts.CONVERTED,
        "inputs": answer["inputs"],
        "scores": answer["scores"],
    }


def _convert_request(package: Package) -> dict[str, Any]:
    signature = package.signature
    if signature.image is not None:
        return {"image": list(signature.picture_shape)}
    return {"features": [{"name": feature.name, "t": _wire_type(feature)} for feature in signature.features]}


def _wire_type(feature: Feature) -> str:
    return {"f": "f8", "i": "i8", "b": "b1", "O": "o"}[feature.array_dtype.kind]


def _examine_graph(package: Package, progress: Progress) -> None:
    """A repository that ships its own graph: nothing is compared, the golden rows must come out as promised."""
    if package.is_draft:
        raise ImportRejected("A repository that holds only an ONNX file needs a model_manifest.json: add one.")
    if package.golden is None:
        raise ImportRejected("A graph without golden.json cannot be checked against anything: add golden rows.")
    progress("loading the graph")
    content = package.model_file.path.read_bytes()
    spec = graphs.describe(content, package.signature)
    runtime = OnnxRuntime(content, inputs=spec["inputs"], scores=spec["scores"])
    progress("replaying golden rows")
    golden.replay(package, runtime)
    package.runtime, package.graph, package.graph_path = "onnx", content, package.model_path
    package.report["serving"] = {"graph": package.model_path, **spec}
