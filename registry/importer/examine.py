"""From a package to a runtime: open it in the jail, replay its golden rows, convert it, compare both."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry import artifacts
from registry.actions import Progress
from registry.exceptions import ImportRejected
from registry.importer import comparison, describe, golden, graph_drafts, graphs, latency
from registry.importer.opening import WALL_SECONDS, opened
from registry.importer.package import Package
from registry.importer.process import JailedChild, encode_columns
from registry.runtimes.base import Columns, Runtime, RuntimeFailed
from registry.runtimes.onnx import OnnxRuntime
from registry.signature import Feature

PROBES = 8


def examine(package: Package, *, progress: Progress) -> None:
    """Fill in the package's signature, runtime and report. Raises ImportRejected, RuntimeFailed."""
    _check_steps(package)
    if package.model_file.format == "onnx":
        _examine_graph(package, progress)
        _measure_graph(package)
        return
    with opened(package, progress) as child:
        describe.describe(package, child.call("inspect", {}, deadline=WALL_SECONDS))
        original = _ChildRuntime(child)
        progress("replaying golden rows")
        golden.replay(package, original)
        questions = _questions(package, child)
        package.report["serving"] = _isolated_serving(package, merge=_probe(package, original, *questions))
        original_ms = latency.one_row(original, *questions)  # now: the child may not survive what comes next
        progress("converting and comparing")
        candidate = _convert(package, child, original, *questions)
        served_ms = original_ms if candidate is None else latency.one_row(candidate, *questions)
        package.report["latency"] = {"runtime_ms": served_ms, "original_ms": original_ms}
        package.report["size"] = package.size if package.graph is None else len(package.graph)


def _measure_graph(package: Package) -> None:
    """A repository's own graph is asked its golden rows: there is no original beside it."""
    graph, spec, known = package.graph or b"", package.report["serving"], golden.inputs(package)
    package.report["size"] = len(graph)
    if known is not None:
        runtime = OnnxRuntime(graph, inputs=spec["inputs"], scores=spec["scores"])
        took = latency.one_row(runtime, known, len(next(iter(known.values()))))
        package.report["latency"] = {"runtime_ms": took, "original_ms": None}


def _check_steps(package: Package) -> None:
    steps = package.steps or []
    if steps and package.model_file.format == "onnx":
        raise ImportRejected("model.steps: an ONNX graph holds its preprocessing itself; take the steps away.")
    if any(step["format"] != package.model_file.format for step in steps):
        raise ImportRejected(f"model.steps: every step must be a {package.model_file.format} file, as the model is.")
    names = {feature.name for feature in package.signature.features} if steps else set()
    if odd := sorted({name for step in steps for name in step.get("columns", ())} - names):
        raise ImportRejected(f"model.steps: columns names {', '.join(odd[:5])}, which the model does not take.")


def _isolated_serving(package: Package, *, merge: bool) -> dict[str, Any]:
    signature = package.signature
    return {
        "files": package.model_paths,
        "file": package.model_path,
        "format": package.model_file.format,
        "trusted": package.trusted,
        "steps": package.step_requests,
        "scores": package.report["estimator"]["scores"],
        "n_outputs": 1 if signature.is_regression else len(signature.classes),
        "merge": merge,
        "environment": package.report["environment"]["key"],
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


def _convert(package: Package, child: JailedChild, original: Runtime, columns: Columns, rows: int) -> Runtime | None:
    """The ONNX runtime when it was converted and agrees; None and the reason why, in every other case."""
    package.runtime = "isolated"
    try:
        answer = child.call("convert", _convert_request(package), deadline=WALL_SECONDS)
        graphs.check(answer["onnx"])
        candidate = OnnxRuntime(answer["onnx"], inputs=answer["inputs"], scores=answer["scores"])
    except (RuntimeFailed, ImportRejected) as failed:
        package.why_isolated = f"Served by the isolated runtime: no ONNX form. {failed}"
        return None
    try:
        report = comparison.compare(package.signature, columns, rows, original=original, candidate=candidate)
    except RuntimeFailed as failed:
        package.why_isolated = f"Served by the isolated runtime: the ONNX form could not be compared. {failed}"
        return None
    package.report["comparison"] = report
    if report["misses"]:
        largest = report["largest_difference"]
        by = "" if largest is None else f", by up to {largest:.2g}"
        package.why_isolated = (
            f"Served by the isolated runtime: on {report['misses']} of {rows} rows the ONNX form differs{by}."
        )
        return None
    package.runtime = "onnx"
    package.graph, package.graph_path = answer["onnx"], artifacts.CONVERTED
    package.report["serving"] = {
        "graph": artifacts.CONVERTED,
        "inputs": answer["inputs"],
        "scores": answer["scores"],
    }
    return candidate


def _convert_request(package: Package) -> dict[str, Any]:
    signature = package.signature
    if signature.image is not None:
        return {"image": list(signature.picture_shape)}
    features = [{"name": each.name, "t": _wire_type(each), "kind": each.kind} for each in signature.features]
    return {"features": features}


def _wire_type(feature: Feature) -> str:
    return {"f": "f8", "i": "i8", "b": "b1", "O": "o"}[feature.array_dtype.kind]


def _examine_graph(package: Package, progress: Progress) -> None:
    """A repository that ships its own graph: nothing is compared, the golden rows must come out as promised.

    Without a manifest nothing is promised: the graph is asked rows that its inferred signature allows.
    """
    if package.golden is None and not package.is_draft:
        raise ImportRejected("A graph without golden.json cannot be checked against anything: add golden rows.")
    progress("loading the graph")
    content = package.model_file.path.read_bytes()
    if package.is_draft:
        package.signature_json, spec = graph_drafts.draft(content)
        describe.check_draft(package.signature_json)
        package.report["inferred"] = graph_drafts.inferred(package.signature_json)
    else:
        spec = graphs.describe(content, package.signature)
    package.report["graph"] = graphs.summary(content)
    runtime = OnnxRuntime(content, inputs=spec["inputs"], scores=spec["scores"])
    if package.is_draft:
        progress("asking the graph generated rows")
        golden.probe(package, runtime)
    else:
        progress("replaying golden rows")
        golden.replay(package, runtime)
    package.runtime, package.graph, package.graph_path = "onnx", content, package.model_path
    package.report["serving"] = {"graph": package.model_path, **spec}
