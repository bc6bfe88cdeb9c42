"""A person vouches for an inferred signature: a new version that can be promoted, and promises no more than was seen."""

import io
import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from registry import actions, confirmation, promotions, runtimes
from registry.exceptions import NotPromotable, RegistryError
from registry.models import ModelVersion
from tests.registry import pipelines
from tests.registry.repositories import bare, examined, found
from tests.worlds import IRIS

Signature = dict[str, Any]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return examined(bare(tmp_path_factory.mktemp("bare"), pipelines.fitted("logistic")))


@pytest.fixture
def draft(ready: Callable[..., ModelVersion], package: Any) -> ModelVersion:
    """A ready version with an inferred signature."""
    return ready("iris", model="staff", **vars(deepcopy(package)))


def edited(draft: ModelVersion, **changes: dict[str, Any]) -> Signature:
    """The draft's signature with changes by feature."""
    signature: Signature = deepcopy(draft.signature)
    for item in signature["inputs"]["features"]:
        item.update(changes.get(item["name"], {}))
    return signature


def test_draft_is_confirmed_and_promoted(draft: ModelVersion, administrator: User) -> None:
    with pytest.raises(NotPromotable, match="was inferred: confirm it first"):
        promotions.request(model=draft.model, version=draft, by=administrator, reason="x")
    version = actions.confirm_signature(version=draft, signature=None, by=administrator)
    assert (version.number, version.commit, version.is_draft) == (2, draft.commit, False)
    assert (version.status, version.runtime, version.signature) == ("ready", draft.runtime, draft.signature)
    assert set(version.files.values_list("path", "artifact_id")) == set(draft.files.values_list("path", "artifact_id"))
    promotions.request(model=draft.model, version=version, by=administrator, reason="x")
    assert runtimes.load(version).predict(pipelines.columns(0, 2), 2).shape == (2, 2)
    draft.refresh_from_db()
    assert draft.is_draft


def test_report_says_who_confirmed(draft: ModelVersion, administrator: User) -> None:
    report = actions.confirm_signature(version=draft, signature=None, by=administrator).report
    assert report["confirmed_at"].startswith("20")
    added = {"confirmed_by": "administrator", "confirmed_at": report["confirmed_at"], "confirmed_from": 1}
    assert report == draft.report | added


def test_signature_is_edited(draft: ModelVersion, administrator: User) -> None:
    age = {"dtype": "integer", "label": "Age", "unit": "years", "min": 16, "train_range": [18, 79], "default": 50}
    better = edited(draft, age=age)
    better["outputs"]["classes"][1] |= {"label": "leaves", "positive": True}
    better["outputs"]["threshold"] = {"value": 0.4}
    signature = actions.confirm_signature(version=draft, signature=better, by=administrator).parsed_signature()
    assert (signature.features[0].title, signature.features[0].kind, signature.threshold) == ("Age", "integer", 0.4)
    assert signature.class_title("1") == "leaves"


def without(signature: Signature) -> None:
    del signature["inputs"]["features"][1]


def reorder(signature: Signature) -> None:
    signature["inputs"]["features"].reverse()


def other_classes(signature: Signature) -> None:
    signature["outputs"]["classes"] = [{"value": "no"}, {"value": "yes"}]


def swapped(signature: Signature) -> None:
    signature["outputs"]["classes"].reverse()


def other_task(signature: Signature) -> None:
    signature["task"] = "tabular-regression"


def more(signature: Signature) -> None:
    signature["trusted"] = True


def feature(name: str, **changes: Any) -> Callable[[Signature], None]:
    def change(signature: Signature) -> None:
        next(each for each in signature["inputs"]["features"] if each["name"] == name).update(changes)

    return change


WRONG = [
    (without, "The features must stay, in this order: age, income, department, overtime."),
    (reorder, "The features must stay, in this order"),
    (other_classes, "The classes must stay, in this order: 0, 1."),
    (swapped, "The classes must stay, in this order: 0, 1."),
    (other_task, "The task must stay tabular-classification."),
    (more, "must hold task, inputs and outputs, and nothing else"),
    (feature("age", dtype="decimal"), "inputs.features[0].dtype: 'decimal' is not one of"),
    (feature("age", min=50, max=20), "inputs.features: 'age': min is greater than max."),
    (feature("age", dtype="string", train_range=None), "inputs.features[0].train_range"),
    (feature("overtime", dtype="number"), "overtime: dtype: the model takes true or false."),
    (feature("overtime", nullable=True), "overtime: nullable: the model was not asked with this value missing."),
]


@pytest.mark.parametrize(("change", "said"), WRONG)
def test_signature_that_is_refused(draft: ModelVersion, administrator: User, change: Any, said: str) -> None:
    signature = edited(draft)
    change(signature)
    with pytest.raises(RegistryError) as refused:
        actions.confirm_signature(version=draft, signature=signature, by=administrator)
    assert said in str(refused.value)
    assert draft.model.versions.count() == 1


NARROW = {"name": "c", "dtype": "category", "categories": [{"value": "x"}, {"value": "y"}]}
WIDER = [
    (NARROW | {"allow_unknown": True}, "it must stay a category without allow_unknown"),
    ({"name": "c", "dtype": "string"}, "it must stay a category without allow_unknown"),
    (NARROW | {"categories": [{"value": "x"}, {"value": "z"}]}, "the model does not know the categories z."),
    (NARROW | {"categories": [{"value": 1}]}, "the model takes text."),
]


@pytest.mark.parametrize(("after", "said"), WIDER)
def test_category_that_is_widened(after: Signature, said: str) -> None:
    def signature(item: Signature) -> Signature:
        return {"task": "tabular-regression", "inputs": {"features": [item]}, "outputs": {}}

    assert said in " ".join(confirmation.problems(signature(NARROW), signature(after)))
    fewer = NARROW | {"categories": [{"value": "y", "label": "Y"}]}
    assert confirmation.problems(signature(NARROW), signature(fewer)) == []


def test_integers_stay_integers() -> None:
    """A graph fed 2.5 where it takes whole numbers would answer for 2."""

    def signature(dtype: str) -> Signature:
        return {"task": "tabular-regression", "inputs": {"features": [{"name": "n", "dtype": dtype}]}, "outputs": {}}

    assert confirmation.problems(signature("integer"), signature("number")) == [
        "n: dtype: the model takes whole numbers."
    ]
    assert confirmation.problems(signature("number"), signature("integer")) == []


def test_true_is_not_one(draft: ModelVersion, administrator: User) -> None:
    signature = edited(draft)
    signature["outputs"]["classes"] = [{"value": False}, {"value": True}]
    with pytest.raises(RegistryError, match="The classes must stay, in this order: 0, 1"):
        actions.confirm_signature(version=draft, signature=signature, by=administrator)


def test_only_a_ready_version_is_described(draft: ModelVersion, administrator: User) -> None:
    waiting = ModelVersion.objects.create(model=draft.model, number=7, commit="7" * 40, is_draft=True)
    with pytest.raises(NotPromotable, match="staff v7 is importing: only a ready version can be described"):
        actions.confirm_signature(version=waiting, signature=None, by=administrator)


# -- a version that was confirmed, or has a manifest


@pytest.fixture
def attrition(ready: Callable[..., ModelVersion]) -> ModelVersion:
    """A managed version with two classes, a threshold, golden rows and a background sample."""
    return ready("attrition")


@pytest.mark.parametrize("signature", [None, "its own"])
def test_nothing_changed_makes_no_version(iris: ModelVersion, administrator: User, signature: str | None) -> None:
    given = None if signature is None else deepcopy(iris.signature)
    with pytest.raises(RegistryError, match="Nothing was changed: iris v1 is described so already"):
        actions.confirm_signature(version=iris, signature=given, by=administrator)
    assert iris.model.versions.count() == 1


def test_managed_version_is_described_anew(iris: ModelVersion, administrator: User) -> None:
    better = edited(iris, sepal_length={"label": {"en": "Sepal", "fr": "Sépale"}, "min": 2, "train_range": [5, 7]})
    version = actions.confirm_signature(version=iris, signature=better, by=administrator)
    assert (version.number, version.commit, version.is_draft, version.signature) == (2, iris.commit, False, better)
    assert version.manifest_digest == iris.manifest_digest
    assert set(version.files.values_list("path", "artifact_id")) == set(iris.files.values_list("path", "artifact_id"))
    assert version.report["confirmed_from"] == 1
    assert runtimes.load(version).predict({name: np.ones(1) for name in IRIS}, 1).shape == (1, 3)
    iris.refresh_from_db()
    assert iris.signature != better


def test_a_confirmed_version_is_described_anew(draft: ModelVersion, administrator: User) -> None:
    confirmed = actions.confirm_signature(version=draft, signature=None, by=administrator)
    better = edited(confirmed, age={"label": "Age"})
    assert actions.confirm_signature(version=confirmed, signature=better, by=administrator).number == 3


WIDER_THAN_MANAGED = [
    ({"min": -1}, "sepal_length: min: it must be at least 0, the smallest value that was checked."),
    ({"max": 31}, "sepal_length: max: it must be at most 30, the largest value that was checked."),
    ({"max": None}, "sepal_length: max: it must be at most 30"),
    ({"train_range": [4, 9]}, "sepal_length: train_range: it must lie within 4.3 to 7.9, where the model was trained."),
    ({"min": 5}, "sepal_length: line 3 of background.csv, a row of the training data, would be refused."),
]


@pytest.mark.parametrize(("changes", "said"), WIDER_THAN_MANAGED)
def test_managed_version_promises_no_more(iris: ModelVersion, administrator: User, changes: Any, said: str) -> None:
    wanted = edited(iris, sepal_length=changes)
    if None in changes.values():
        del wanted["inputs"]["features"][0]["max"]
    with pytest.raises(RegistryError) as refused:
        actions.confirm_signature(version=iris, signature=wanted, by=administrator)
    assert found(said, str(refused.value)), refused.value
    assert iris.model.versions.count() == 1


def test_range_of_the_training_data_may_not_go(iris: ModelVersion, administrator: User) -> None:
    wanted = deepcopy(iris.signature)
    del wanted["inputs"]["features"][0]["train_range"]
    with pytest.raises(RegistryError, match="train_range: it must stay: beyond it the answer is marked as a guess"):
        actions.confirm_signature(version=iris, signature=wanted, by=administrator)


def test_golden_rows_go_on_being_true(attrition: ModelVersion, administrator: User) -> None:
    wanted = deepcopy(attrition.signature)
    wanted["outputs"]["threshold"]["value"] += 1e-4
    assert actions.confirm_signature(version=attrition, signature=wanted, by=administrator).number == 2
    wanted["outputs"]["threshold"]["value"] = 1.0
    with pytest.raises(RegistryError, match=r"threshold: golden row “.*” promises .* and would come out as"):
        actions.confirm_signature(version=attrition, signature=wanted, by=administrator)


def test_golden_rows_without_probabilities(attrition: ModelVersion) -> None:
    wanted = deepcopy(attrition.signature)
    wanted["outputs"]["threshold"]["value"] += 1e-4
    golden = {"cases": [{"id": "a", "input": {}, "expected": {"label": "Oui"}}]}
    said = confirmation.problems(attrition.signature, wanted, is_draft=False, golden=golden)
    assert said == ["threshold: golden.json promises labels without probabilities, so it must stay."]


IMAGE = {"width": 8, "height": 8, "mode": "L", "layout": "nchw", "scale": 1}


@pytest.mark.parametrize(
    ("changes", "is_draft", "said"),
    [
        ({"invert": "auto", "fit": "ink"}, False, ""),
        ({"scale": 255}, True, ""),
        ({"scale": 255}, False, "image: scale: it must stay 1."),
        ({"width": 16}, True, "image: width: it must stay 8."),
        ({"layout": "nhwc"}, False, "image: layout: it must stay nchw."),
    ],
)
def test_description_of_a_picture(changes: Signature, is_draft: bool, said: str) -> None:
    def signature(image: Signature) -> Signature:
        outputs = {"classes": [{"value": 0}, {"value": 1}]}
        return {"task": "image-classification", "inputs": {"image": image}, "outputs": outputs}

    found = confirmation.problems(signature(IMAGE), signature(IMAGE | changes), is_draft=is_draft)
    assert " ".join(found) == said


# -- the command


def test_command(draft: ModelVersion, administrator: User, tmp_path: Path) -> None:
    out = io.StringIO()
    call_command("confirm_signature", "staff", "--show", stdout=out)
    signature = json.loads(out.getvalue())
    assert signature == draft.signature
    signature["inputs"]["features"][0]["label"] = {"en": "Age", "fr": "Âge"}
    (tmp_path / "edited.json").write_text(json.dumps(signature))
    how = ["--number", "1", "--by", "administrator", "--signature", str(tmp_path / "edited.json")]
    call_command("confirm_signature", "staff", *how, stdout=out)
    assert "staff v2 has the signature of version 1, as described now" in out.getvalue()
    assert draft.model.versions.get(number=2).parsed_signature().features[0].title == "Age"


BY = ["--by", "administrator"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["staff", "--by", "nobody"], "There is no active user “nobody”: name one with --by"),
        (["staff"], "There is no active user “”: name one with --by"),
        (["nothing", *BY], "No model named “nothing” is tracked"),
        (["staff", "--number", "9", *BY], "staff has no version 9"),
        (["staff", "--signature", "/nothing.json", *BY], "nothing.json: No such file"),
        (["staff", "--signature", "/dev/null", *BY], "/dev/null: is not strict JSON"),
    ],
)
def test_command_that_is_refused(draft: ModelVersion, administrator: User, command: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("confirm_signature", *command)


def test_command_needs_a_ready_version(draft: ModelVersion, administrator: User) -> None:
    actions.track_model(name="empty", endpoint="huggingface", repo_id="a/b")
    with pytest.raises(CommandError, match="empty has no ready version"):
        call_command("confirm_signature", "empty", *BY)
