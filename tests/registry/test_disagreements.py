"""A folder whose parts contradict each other is refused, and the sentence says which ones."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression

from registry.contract import ContractError
from registry.exceptions import ImportRejected
from registry.importer import run
from registry.importer.package import Package
from registry.importer.process import JailedChild
from registry.runtimes.base import RuntimeFailed
from tests.registry import pipelines
from tests.registry.repositories import (
    ASK,
    NUMBERS,
    bare,
    changed,
    changed_answers,  # noqa: F401  fixtures
    damaged,
    examined,
    good_repository,  # noqa: F401
    named,
    numbers,
    numeric,
    scaled,
    write,
)

Change = Callable[[dict[str, Any]], None]


def rename(manifest: dict[str, Any]) -> None:
    manifest["inputs"]["features"][0]["name"] = "years"
    manifest["artifacts"] = {}


def drop(manifest: dict[str, Any]) -> None:
    del manifest["inputs"]["features"][3]
    manifest["artifacts"] = {}


def swap(manifest: dict[str, Any]) -> None:
    manifest["outputs"]["classes"].reverse()


def other_classes(manifest: dict[str, Any]) -> None:
    manifest["outputs"]["classes"] = [{"value": "no"}, {"value": "yes"}]
    manifest["artifacts"] = {}


def regression(manifest: dict[str, Any]) -> None:
    manifest["model"]["task"], manifest["outputs"], manifest["artifacts"] = "tabular-regression", {}, {}


def picture(manifest: dict[str, Any]) -> None:
    manifest["model"]["task"], manifest["artifacts"] = "image-classification", {}
    manifest["inputs"] = {"image": {"width": 8, "height": 8, "mode": "L", "layout": "flat"}}


def step(**wrong: Any) -> Change:
    def add(manifest: dict[str, Any]) -> None:
        manifest["model"]["steps"] = [{"file": "model.joblib", "format": "joblib"} | wrong]

    return add


DISAGREEMENTS = {
    "names": (rename, "name different features: age, years"),
    "number": (drop, "name different features: overtime"),
    "order of classes": (swap, "classes are not the model's classes in the model's order: 0, 1"),
    "classes": (other_classes, "classes are not the model's classes"),
    "task": (regression, "The manifest says tabular-regression; the model is a tabular-classification"),
    "picture": (picture, "The manifest's pictures have 64 values; the model was fitted with 4"),
    "step of another format": (step(format="skops"), "every step must be a joblib file"),
    "step of columns that are not there": (step(columns=["years"]), "columns names years, which the model does not"),
}


@pytest.mark.parametrize("name", DISAGREEMENTS)
def test_manifest_that_disagrees_with_the_model(logistic: Path, tmp_path: Path, name: str) -> None:
    change, said = DISAGREEMENTS[name]
    with pytest.raises(ImportRejected, match=said):
        examined(changed(logistic, tmp_path / "changed", change))


def test_number_of_features_of_a_model_without_names(tmp_path: Path) -> None:
    estimator = LogisticRegression().fit(numbers(), numbers()[:, 0] > 0)
    folder = write(tmp_path / "a", scaled(LogisticRegression()), **numeric())
    bare(folder, estimator)
    with pytest.raises(ImportRejected, match="lists 2 features; the model was fitted with 3"):
        examined(changed(folder, tmp_path / "b", lambda m: m.update(inputs={"features": NUMBERS[:2]}, artifacts={})))


def with_golden(source: Path, target: Path, change: Change) -> Path:
    folder = changed(source, target)
    cases = json.loads((folder / "golden.json").read_text())
    change(cases["cases"][4])
    (folder / "golden.json").write_text(json.dumps(cases))
    return changed(folder, folder)


def test_wrong_golden_row_is_named(logistic: Path, tmp_path: Path) -> None:
    def shift(case: dict[str, Any]) -> None:
        case["expected"]["proba"] = {key: 1 - value for key, value in case["expected"]["proba"].items()}

    with pytest.raises(ImportRejected, match="Golden row “case-4” comes out differently here: by 0"):
        examined(with_golden(logistic, tmp_path / "wrong", shift))


def test_golden_label_alone_is_held_too(logistic: Path, tmp_path: Path) -> None:
    def only(flip: bool) -> Change:
        def change(case: dict[str, Any]) -> None:
            label = case["expected"]["label"]
            case["expected"] = {"label": 1 - label if flip else label}

        return change

    assert examined(with_golden(logistic, tmp_path / "right", only(False))).report["golden"]["cases"] == 6
    with pytest.raises(ImportRejected, match=r"Golden row “case-4” comes out as [01] here; [01] was promised"):
        examined(with_golden(logistic, tmp_path / "wrong", only(True)))


def test_model_that_answers_nothing_its_signature_allows(tmp_path: Path) -> None:
    texts = [{"name": name, "dtype": "string"} for name in ("a", "b", "c")]
    folder = write(tmp_path, scaled(LogisticRegression()), table=named(numbers()), features=texts, artifacts=None)
    with pytest.raises(ImportRejected, match=r"answers none of 8 rows that its signature allows. The model raised Val"):
        examined(folder)


def test_several_values_at_once(tmp_path: Path) -> None:
    estimator = LinearRegression().fit(named(numbers()), numbers()[:, :2])
    folder = write(tmp_path / "a", scaled(LogisticRegression()), **numeric())
    bare(folder, estimator)
    with pytest.raises(ImportRejected, match="answers 2 numbers a row; its signature wants 1"):
        examined(changed(folder, tmp_path / "b", regression))


def test_rows_that_depend_on_each_other_are_not_merged(logistic: Path, answer: Any) -> None:
    def more_of_the_last(found: dict[str, Any]) -> dict[str, Any]:
        scores = np.frombuffer(found["scores"]).reshape(found["shape"]).copy()
        scores[-1] = scores[-1, ::-1] if len(scores) == 8 else scores[-1]
        return found | {"scores": scores.tobytes()}

    assert examined(logistic).report["serving"].get("merge") is None  # served by onnx
    answer(predict=more_of_the_last, convert=damaged(1))
    assert examined(logistic).report["serving"]["merge"] is False


def test_step_that_dies_leaves_the_original_to_serve(logistic: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def call(child: JailedChild, op: str, payload: dict[str, Any], **how: Any) -> dict[str, Any]:
        if op == "convert":
            child.close()
            raise RuntimeFailed("The child used up its processor time.", kind="cpu")
        return ASK(child, op, payload, **how)

    monkeypatch.setattr(JailedChild, "call", call)
    package: Package = examined(logistic)
    assert (package.runtime, package.graph) == ("isolated", None)
    assert package.why_isolated.endswith("no ONNX form. The child used up its processor time.")


def test_companions_are_kept_under_their_usual_names(logistic: Path, tmp_path: Path) -> None:
    folder = changed(logistic, tmp_path / "folder")
    (folder / "data").mkdir()
    (folder / "golden.json").rename(folder / "data" / "promises.json")
    table = pipelines.employees().head(9).assign(overtime="true")
    table.to_csv(folder / "data" / "rows.csv", index=False)
    places = {"golden": "data/promises.json", "background": "data/rows.csv"}
    package = examined(changed(folder, folder, lambda manifest: manifest.update(artifacts=places)))
    assert package.report["comparison"]["rows"] == 2_000 + 6 + 9
    kept = dict(package.contents())
    assert {"golden.json", "background.csv"} < set(kept)
    assert kept["background.csv"] == (folder / "data" / "rows.csv").read_bytes()


def test_wrong_background_names_its_line(logistic: Path, tmp_path: Path) -> None:
    folder = changed(logistic, tmp_path / "folder")
    rows = "age,income,department,overtime\n20,1,law,true\n10,1,law,true\n"
    (folder / "background.csv").write_text(rows)
    with pytest.raises(ContractError, match=r"background.csv: line 3.*age.* min"):
        run.read_package(
            changed(folder, folder, lambda manifest: manifest["artifacts"].update(background="background.csv")),
            trusted=False,
        )


def test_dummy_is_a_model_too(tmp_path: Path) -> None:
    estimator = DummyClassifier().fit(named(numbers()), numbers()[:, 0] > 0)
    classes = [{"value": False}, {"value": True}]
    assert examined(write(tmp_path, estimator, classes=classes, **numeric())).runtime in {"onnx", "isolated"}
