"""Models of other environments, from a Hub to an answer: each answers here as it did where it was trained."""

import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from examples.local_hub import LocalHub
from predictions import actions as predictions
from predictions.actions import Answer
from predictions.models import Source
from registry import actions, promotions, runtimes
from registry.environments import builds
from registry.environments.locks import LOCK
from registry.importer.process import JailedChild, encode_columns, memory_for
from registry.models import ModelVersion
from registry.runtimes.base import RuntimeFailed
from tests.hubs import TOKEN, publish
from tests.registry import repositories
from tests.registry.legacy import OLD, asked
from tests.registry.repositories import ASK
from tests.worlds import IRIS

HERE = sklearn.__version__
FEATURES: list[dict[str, Any]] = [
    {"name": "age", "dtype": "integer", "min": 16, "max": 80},
    {"name": "income", "dtype": "number", "nullable": True, "min": 0, "train_range": [500, 20000]},
    {"name": "years", "dtype": "integer", "min": 0, "max": 60},
    {"name": "distance", "dtype": "number", "nullable": True, "min": 0, "train_range": [0, 60]},
    {
        "name": "department",
        "dtype": "category",
        "nullable": True,
        "categories": [{"value": each} for each in ("Sales", "Research & Development", "Ressources humaines")],
    },
    {"name": "travel", "dtype": "category", "categories": [{"value": each} for each in ("no", "rarely", "often")]},
]


@pytest.fixture(name="hub")
def a_hub(tmp_path: Path, settings: Any, db: None) -> Iterator[LocalHub]:
    settings.ISOLATED_DEADLINE_SECONDS = 30  # other tests may share the machine
    with LocalHub(tmp_path / "hub", token=TOKEN) as hub:
        settings.HUB_ENDPOINTS = {"loopback": hub.url}
        settings.HUB_TOKENS = {"loopback": TOKEN}
        yield hub


@pytest.fixture
def unconverted(monkeypatch: pytest.MonkeyPatch) -> None:
    """No model has an ONNX form: each must be served where it was trained."""

    def call(child: JailedChild, op: str, payload: dict[str, Any], **how: Any) -> dict[str, Any]:
        if op == "convert":
            raise RuntimeFailed("Not in this test.", kind="refused")
        return ASK(child, op, payload, **how)

    monkeypatch.setattr(JailedChild, "call", call)


def managed(source: Path, target: Path, **packages: str) -> Path:
    """The forest's folder as a repository that keeps the contract."""
    target.mkdir()
    shutil.copy(source / "model.joblib", target)
    manifest = {
        "schema_version": "1.0",
        "model": {
            "name": "attrition",
            "version": "1",
            "task": "tabular-classification",
            "file": "model.joblib",
            "format": "joblib",
        },
        "runtime": {"python": "3.11", "packages": json.loads((source / "versions.json").read_text()) | packages},
        "inputs": {"features": FEATURES},
        "outputs": {"classes": repositories.CLASSES},
    }
    return repositories.seal(target, manifest)


def imported(hub: LocalHub, folder: Path, name: str) -> ModelVersion:
    """Published, tracked and synced. Raises CommandError with what was said when it is not ready."""
    publish(hub, folder, repo_id=f"acme/{name}")
    actions.track_model(name=name, endpoint="loopback", repo_id=f"acme/{name}")
    said = io.StringIO()
    try:
        call_command("sync_models", name, stdout=said, stderr=said)
    except CommandError as error:
        raise CommandError(said.getvalue()) from error
    return ModelVersion.objects.get(model__name=name)


def promoted(version: ModelVersion, by: User) -> ModelVersion:
    if version.is_draft:
        version = actions.confirm_signature(version=version, signature=None, by=by)
    promotions.request(model=version.model, version=version, by=by, reason="a test needs it")
    return version


def predict(name: str, columns: dict[str, list[Any]], by: User) -> Answer:
    rows = len(next(iter(columns.values())))
    return predictions.predict(model=name, columns=columns, rows=rows, source=Source.API, by=by)


def difference(name: str, folder: Path, by: User) -> float:
    """The largest one between a thousand recorded answers and those of the original."""
    columns, expected = asked(folder)
    answer = predict(name, columns, by)
    found = np.array([[row.outputs["probabilities"][key] for key in ("0", "1")] for row in answer.predictions])
    assert found.shape == (1000, 2)
    return float(np.abs(found - expected).max())


@pytest.mark.parametrize("how", [pytest.param("as it comes", marks=pytest.mark.long), "unconverted"])
def test_three_environments_answer_side_by_side(
    how: str, hub: LocalHub, legacy: Any, tmp_path: Path, example: Any, administrator: User, request: Any
) -> None:
    """scikit-learn 1.6.1, LightGBM inside an imblearn pipeline inside a dict, and the server's own."""
    if how == "unconverted":
        request.getfixturevalue("unconverted")
    old = promoted(imported(hub, managed(legacy("forest"), tmp_path / "old"), "old"), administrator)
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    shutil.copy(legacy("bundle") / "model.joblib", bundle)
    boosted = promoted(imported(hub, bundle, "boosted"), administrator)
    promoted(imported(hub, example("iris"), "flowers"), administrator)
    for _ in range(2):  # the second time all children are there
        assert difference("old", legacy("forest"), administrator) < 1e-6
        assert difference("boosted", legacy("bundle"), administrator) < 1e-6
        flower = {name: [value] for name, value in IRIS.items()}
        assert predict("flowers", flower, administrator).predictions[0].label == "setosa"
    found = old.report["environment"]
    assert found["why"] == f"The model was trained with scikit-learn {OLD}; this server has {HERE}."
    assert (found["packages"]["scikit-learn"], found["server"]["scikit-learn"]) == (OLD, HERE)
    assert boosted.report["environment"]["packages"].keys() >= {"lightgbm", "imbalanced-learn", "skl2onnx"}
    assert boosted.parsed_signature().threshold == 0.37
    assert boosted.files.filter(path=LOCK).exists()
    runtime = "isolated" if how == "unconverted" else "onnx"
    assert (old.runtime, boosted.runtime) == (runtime, runtime)
    assert old.report["latency"].keys() == {"runtime_ms", "original_ms"}
    assert old.report["size"] > 0


def test_samplers_are_left_out_and_it_is_said(hub: LocalHub, legacy: Any, tmp_path: Path, unconverted: None) -> None:
    (tmp_path / "bundle").mkdir()
    shutil.copy(legacy("bundle") / "model.joblib", tmp_path / "bundle")
    version = imported(hub, tmp_path / "bundle", "boosted")
    (warning,) = version.report["estimator"]["warnings"]
    assert warning.startswith("BorderlineSMOTE acts in training alone and is not part of what answers. It keeps rows")


def test_a_machine_without_the_environment_names_the_command(
    hub: LocalHub, legacy: Any, tmp_path: Path, administrator: User, unconverted: None
) -> None:
    version = promoted(imported(hub, managed(legacy("forest"), tmp_path / "old"), "old"), administrator)
    elsewhere = builds.find(runtimes.lock_of(version))
    assert elsewhere is not None
    (elsewhere.folder / builds.MARKER).rename(tmp_path / "marker")
    try:
        with pytest.raises(RuntimeFailed, match=r"run manage\.py build_environments old --number 1") as caught:
            runtimes.load(version)
        assert caught.value.kind == "load"
    finally:
        (tmp_path / "marker").rename(elsewhere.folder / builds.MARKER)
    said = io.StringIO()
    call_command("build_environments", stdout=said)
    assert said.getvalue() == "old v1: is there.\n1 ready; 0 need none but the server's own.\n"
    assert runtimes.load(version).name == "isolated"


def test_the_command_for_what_needs_none(promoted: Any, ready: Any) -> None:
    promoted("iris")
    for arguments in ([], ["--all"], ["iris"], ["iris", "--number", "1"]):
        said = io.StringIO()
        call_command("build_environments", *arguments, stdout=said)
        assert said.getvalue() == "0 ready; 1 need none but the server's own.\n"
    for arguments, text in ((["iris", "--number", "9"], "no ready version 9"), (["nothing"], "No model named")):
        with pytest.raises(CommandError, match=text):
            call_command("build_environments", *arguments)
    with pytest.raises(CommandError, match="Name the model"):
        call_command("build_environments", "--number", "1")


def test_a_lock_that_was_lost_is_named(ready: Any) -> None:
    found = ready("iris", runtime="isolated", report={"serving": {"files": [], "environment": "x"}})
    said = io.StringIO()
    with pytest.raises(CommandError, match=r"Not built: iris v1\."):
        call_command("build_environments", "iris", "--all", stdout=said, stderr=said)
    assert f"{found}: {found} has no environment.lock." in said.getvalue()


@pytest.mark.parametrize(
    ("packages", "reason"),
    [
        ({"scikit-learn": OLD, "numpy": "99.0"}, "The package index has no numpy 99.0 for Python"),
        (
            {"lightgbm": "~4"},
            "model_manifest.json: runtime.packages: lightgbm is pinned to “~4”, which is no plain version",
        ),
    ],
)
def test_a_rejected_version_keeps_its_report(
    packages: dict[str, str], reason: str, hub: LocalHub, legacy: Any, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match=reason):
        imported(hub, managed(legacy("forest"), tmp_path / "old", **packages), "old")
    version = ModelVersion.objects.get()
    assert version.status == "rejected"
    assert "model.joblib" in version.report["files"]
    assert version.report["jail"]["limits"].startswith("files limited:")
    assert version.progress == ""
    assert not version.report.get("temporary")


def test_progress_is_in_the_row(hub: LocalHub, legacy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def call(child: JailedChild, op: str, payload: dict[str, Any], **how: Any) -> dict[str, Any]:
        seen.append(ModelVersion.objects.get().progress)
        return ASK(child, op, payload, **how)

    monkeypatch.setattr(JailedChild, "call", call)
    version = imported(hub, managed(legacy("forest"), tmp_path / "old"), "old")
    assert seen[:2] == ["looking at the model file in the jailed child", "opening the model in the jailed child"]
    assert seen[-1] == "converting and comparing"
    assert version.progress == ""


# -- the names that may be loaded where their library is


@pytest.fixture(scope="module")
def zoo(legacy: Callable[[str], Path], python_of: Callable[[str], str]) -> Iterator[tuple[JailedChild, dict[str, Any]]]:
    folder = legacy("zoo")
    child = JailedChild(folder=folder, python=python_of("zoo"), memory=memory_for(0), cpu=120)
    yield child, json.loads((folder / "zoo.json").read_text())
    child.close()


@pytest.mark.parametrize(
    "name",
    [
        "LGBMClassifier", "LGBMRegressor", "XGBClassifier", "XGBRegressor", "BalancedRandomForestClassifier",
        "EasyEnsembleClassifier", "TargetEncoder", "CatBoostEncoder", "SMOTE", "BorderlineSMOTE", "SVMSMOTE", "ADASYN",
        "RandomOverSampler", "SMOTETomek", "SMOTEENN", "RandomUnderSampler", "NearMiss", "TomekLinks", "GridSearchCV",
    ],
)  # fmt: skip
def test_each_library_loads_through_the_gate(name: str, zoo: Any) -> None:
    child, found = zoo
    request = {"file": f"{name}.joblib", "format": "joblib", "trusted": False}
    assert child.call("scan", request, deadline=60)["globals"]
    child.call("load", request, deadline=60)
    columns = {each: found["columns"][each] for each in found["answers"][name]["columns"]}
    arrays = {key: np.array(value, dtype=object if key == "department" else float) for key, value in columns.items()}
    answer = child.call("predict", {"columns": encode_columns(arrays), "rows": 1000}, deadline=60)
    scores = np.frombuffer(answer["scores"]).reshape(answer["shape"])
    assert np.abs(scores - np.array(found["answers"][name]["scores"])).max() < 1e-9
    inspected = child.call("inspect", {}, deadline=60)
    assert "imblearn.pipeline" not in inspected["class"]
    assert (child.jail["files"], child.jail["network"]) != (None, None)


CALLS = {
    "REDUCE": b"clightgbm.basic\nBooster\n(tR.",
    "INST": b"(ilightgbm.basic\nBooster\n.",
    "OBJ": b"(clightgbm.basic\nBooster\no.",
}


@pytest.mark.parametrize("opcode", CALLS)
def test_a_booster_is_never_called(opcode: str, zoo: Any, legacy: Callable[[str], Path]) -> None:
    """Its constructor reads any file that it is told to; its state alone may be set."""
    (legacy("zoo") / opcode).write_bytes(CALLS[opcode])
    with pytest.raises(RuntimeFailed, match=r"would call lightgbm\.basic\.Booster, which may read files") as caught:
        zoo[0].call("load", {"file": opcode, "format": "pickle", "trusted": False}, deadline=60)
    assert caught.value.kind == "refused"


def test_the_servers_own_environment_refuses_them(zoo: Any, legacy: Callable[[str], Path]) -> None:
    """They are on the list of the environment that holds the library, and of no other."""
    child = JailedChild(folder=legacy("zoo"), memory=memory_for(0), cpu=60)
    try:
        request = {"file": "LGBMClassifier.joblib", "format": "joblib", "trusted": False}
        assert "lightgbm.sklearn.LGBMClassifier" in child.call("scan", request, deadline=60)["globals"]
        with pytest.raises(RuntimeFailed, match=r"Not on the list of allowed names: lightgbm\."):
            child.call("load", request, deadline=60)
    finally:
        child.close()
