"""What people really publish, each from a Hub to an answer that equals the original's.

Published on a loopback Hub, imported, its draft confirmed where there is no manifest, promoted, asked through the waist.
"""

import contextlib
import json
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from examples.local_hub import LocalHub
from predictions import actions as predictions
from predictions.models import Source
from registry import actions, hub, promotions
from registry.models import ModelVersion, RegisteredModel
from tests.registry.published import (
    Published,
    bundle,
    bundle_with_the_encoder_of_its_labels,
    classes_of,
    encoder_beside_the_model,
    estimator_on_arrays,
    estimator_on_frames,
    graph_of_a_regressor,
    graph_of_one_matrix,
    graph_with_an_input_for_each_feature,
    grid_search,
    managed_graph_of_one_matrix,
    named_by_card,
    named_by_config,
    pipeline_of_mixed_columns,
    randomized_search,
    regressor,
    saved,
    seal_with,
    search_over_a_fixed_threshold,
    skops_file,
    steps,
    steps_in_folders,
    target,
    three,
    tuned_threshold,
)
from tests.registry.repositories import bare, found, graph_of_matrix, named, numbers

TOKEN = "hf_loopback_secret"

PUBLISHED = [
    estimator_on_arrays,
    estimator_on_frames,
    pipeline_of_mixed_columns,
    skops_file,
    bundle,
    bundle_with_the_encoder_of_its_labels,
    grid_search,
    randomized_search,
    tuned_threshold,
    search_over_a_fixed_threshold,
    regressor,
    pytest.param(classes_of(np.array(["low", "mid", "high"])[three()]), id="three texts"),
    pytest.param(classes_of(three() * 10), id="three numbers"),
    pytest.param(classes_of(target().astype(bool)), id="true and false"),
    named_by_config,
    named_by_card,
    graph_with_an_input_for_each_feature,
    graph_of_one_matrix,
    graph_of_a_regressor,
    encoder_beside_the_model,
    steps_in_folders,
    managed_graph_of_one_matrix,
]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub"), token=TOKEN) as hub:
        yield hub


@pytest.fixture(autouse=True)
def _one_hub(local: LocalHub, settings: Any, db: None) -> None:
    settings.HUB_ENDPOINTS = {"loopback": local.url}
    settings.HUB_TOKENS = {"loopback": TOKEN}
    settings.ISOLATED_DEADLINE_SECONDS = 30


def published(folder: Path) -> RegisteredModel:
    """The model, tracked; its repository holds every file of the folder."""
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    values = {"endpoint": settings.HUB_ENDPOINTS["loopback"], "token": TOKEN, "tag": None, "message": "x"}
    repo = f"acme/{folder.name}"
    hub.publish(repo_id=repo, directory=folder, files=files, **values)
    return actions.track_model(name="published", endpoint="loopback", repo_id=repo)


def imported(model: RegisteredModel) -> ModelVersion:
    """The version of the repository's head, however its import ended."""
    with contextlib.suppress(CommandError):
        call_command("sync_models", model.name, verbosity=0)
    return model.versions.order_by("-number").first()


def answer(version: ModelVersion, row: dict[str, Any], by: User) -> Any:
    """What the model answers to a row, after a person vouched for an inferred signature."""
    if version.is_draft:
        version = actions.confirm_signature(version=version, signature=None, by=by)
    promotions.request(model=version.model, version=version, by=by, reason="a test")
    columns = {name: [value] for name, value in row.items()}
    answered = predictions.predict(model="published", columns=columns, rows=1, source=Source.API, by=by)
    assert answered.version == version
    return answered.predictions[0]


@pytest.mark.parametrize("publish", PUBLISHED, ids=lambda publish: publish.__name__)
def test_the_answer_is_the_originals(
    publish: Callable[[Path], Published], tmp_path: Path, administrator: User, request: pytest.FixtureRequest
) -> None:
    what = publish(tmp_path / request.node.callspec.id.replace(" ", "-"))
    version = imported(published(what.folder))
    assert version.status == "ready", version.reason
    given = answer(version, what.row, administrator)
    if what.label is None:
        assert given.score == pytest.approx(what.scores, rel=1e-5)
    else:
        assert given.label == what.label
        assert list(given.outputs["probabilities"].values()) == pytest.approx(list(what.scores), abs=1e-5)
    check_description(version, what.expect)


def check_description(version: ModelVersion, expect: dict[str, Any]) -> None:
    signature = version.parsed_signature()
    assert signature.threshold == pytest.approx(expect.get("threshold"))
    if "positive" in expect:
        assert signature.positive == expect["positive"]
    if "titles" in expect:
        assert [signature.class_title(name) for name in signature.class_names] == expect["titles"]
    assert expect.get("warning", "There is no manifest") in " ".join(version.report["warnings"]) or not version.is_draft
    if "reason" in expect:
        assert version.reason.startswith(expect["reason"])


# -- what is refused, with what to do


def te_encoder_beside_the_model(folder: Path) -> None:
    bare(folder, LogisticRegression().fit(numbers(), target()))
    bare(folder, StandardScaler().fit(numbers()), "te_encoder.joblib")


def scaler_in_the_bundle(folder: Path) -> None:
    scaler = StandardScaler().fit(numbers())
    bare(folder, {"model": LogisticRegression().fit(numbers(), target()), "scaler": scaler})


def dictionaries(folder: Path) -> None:
    model = LogisticRegression().fit(numbers(), target())
    saved(folder, graph_of_matrix(model, 3, zipmap=True))


def matrix_of_any_width(folder: Path) -> None:
    saved(folder, graph_of_matrix(LogisticRegression().fit(numbers(), target()), None))


def manifest_that_forgot_a_file(folder: Path) -> None:
    encoder_beside_the_model(folder)
    manifest = json.loads((folder / "model_manifest.json").read_text())
    del manifest["files"]["te_encoder.joblib"]
    (folder / "model_manifest.json").write_text(json.dumps(manifest))


def column_nobody_enters(folder: Path) -> None:
    encoder_beside_the_model(folder)
    seal_with(folder, steps({"file": "te_encoder.joblib", "columns": ["department", "wage"]}))


REFUSED = {
    te_encoder_beside_the_model: (
        r"Several files may be the model: model.joblib, te_encoder.joblib. .* name it in the front matter of README.md "
        r"\(model_file: model.joblib\). .* in model.steps: {\"file\": \"te_encoder.joblib\", \"format\": \"joblib\"}"
    ),
    scaler_in_the_bundle: r"a model and what may prepare its inputs \(scaler\): put them into one Pipeline",
    dictionaries: r'a list of dictionaries \(ZipMap\), not numbers: .*{"zipmap": False}',
    matrix_of_any_width: "does not tell how many numbers its input float_input takes",
    manifest_that_forgot_a_file: r"model.steps\[0\].file: te_encoder.joblib is not listed in files",
    column_nobody_enters: "model.steps: columns names wage, which the model does not take",
}


@pytest.mark.parametrize("publish", REFUSED, ids=lambda publish: publish.__name__)
def test_what_would_be_a_guess_is_refused(publish: Callable[[Path], None], tmp_path: Path) -> None:
    publish(tmp_path / publish.__name__)
    version = imported(published(tmp_path / publish.__name__))
    assert version.status == "rejected"
    assert found(REFUSED[publish], version.reason), version.reason


# -- what else makes a version, or none


def test_a_model_in_a_folder_makes_a_version_when_it_changes(tmp_path: Path) -> None:
    named_by_card(tmp_path / "moves")
    model = published(tmp_path / "moves")
    assert imported(model).number == imported(published(tmp_path / "moves")).number == 1
    bare(tmp_path / "moves" / "models", LogisticRegression(C=0.5).fit(named(numbers()), target()), "clf.sav")
    assert imported(published(tmp_path / "moves")).number == 2


def picture(kind: str = "PNG", side: int = 8) -> bytes:
    content = BytesIO()
    Image.new("RGB", (side, side), "red").save(content, kind)
    return content.getvalue()


def test_pictures_of_the_card_come_with_the_version(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    saved(folder, graph_of_matrix(LogisticRegression().fit(numbers(), target()), 3))
    (folder / "docs").mkdir()
    files = {"docs/curve.png": picture(), "photo.jpg": picture("WEBP"), "broken.gif": b"GIF89a", "other.png": picture()}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "README.md").write_text("# M\n![a](docs/curve.png) ![b](./photo.jpg)\n![c](broken.gif) ![d](gone.png)\n")
    version = imported(published(folder))
    assert version.status == "ready", version.reason
    kept = {file.path: bytes(file.artifact.content) for file in version.files.all()}
    assert set(kept) == {"README.md", "model.onnx", "docs/curve.png", "photo.jpg"}
    assert kept["docs/curve.png"] == files["docs/curve.png"]
    assert version.report["pictures"]["photo.jpg"] == {"type": "image/webp", "width": 8, "height": 8}
    said = " ".join(version.report["warnings"])
    assert "broken.gif: it is no PNG, JPEG, WebP or GIF picture, or a damaged one." in said
    assert "gone.png: is not in the folder." in said
