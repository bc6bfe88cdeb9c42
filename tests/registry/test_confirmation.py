"""A person vouches for an inferred signature: a new version that can be promoted, and promises no more than was seen."""

import io
import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from registry import actions, confirmation, promotions, runtimes
from registry.exceptions import NotPromotable, RegistryError
from registry.models import ModelVersion
from tests.registry import pipelines
from tests.registry.repositories import bare, examined

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
    with pytest.raises(NotPromotable, match=r"was inferred: confirm it first \(confirm_signature\)"):
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
    (feature("overtime", dtype="number"), "overtime: the model takes true or false."),
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


def test_only_a_ready_draft_is_confirmed(draft: ModelVersion, iris: ModelVersion, administrator: User) -> None:
    waiting = ModelVersion.objects.create(model=draft.model, number=7, commit="7" * 40, is_draft=True)
    for version in (iris, waiting):
        with pytest.raises(NotPromotable, match="has no inferred signature to confirm"):
            actions.confirm_signature(version=version, signature=None, by=administrator)


def test_command(draft: ModelVersion, administrator: User, tmp_path: Path) -> None:
    out = io.StringIO()
    call_command("confirm_signature", "staff", "1", "--by", "administrator", "--show", stdout=out)
    signature = json.loads(out.getvalue())
    assert signature == draft.signature
    signature["inputs"]["features"][0]["label"] = {"en": "Age", "fr": "Âge"}
    (tmp_path / "edited.json").write_text(json.dumps(signature))
    how = ["--by", "administrator", "--signature", str(tmp_path / "edited.json")]
    call_command("confirm_signature", "staff", "1", *how, stdout=out)
    assert "staff v2 has the confirmed signature of version 1" in out.getvalue()
    assert draft.model.versions.get(number=2).parsed_signature().features[0].title == "Age"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["staff", "1", "--by", "nobody"], "There is no active user “nobody”"),
        (["nothing", "1", "--by", "administrator"], "No model named “nothing” is tracked"),
        (["staff", "9", "--by", "administrator"], "staff has no version 9"),
        (["staff", "1", "--by", "administrator", "--signature", "/nothing.json"], "nothing.json: No such file"),
        (["staff", "1", "--by", "administrator", "--signature", "/dev/null"], "/dev/null: is not strict JSON"),
    ],
)
def test_command_that_is_refused(draft: ModelVersion, administrator: User, command: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("confirm_signature", *command)
