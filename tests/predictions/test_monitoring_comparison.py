"""Asking for a comparison: who may, which versions, and what stands against it."""

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from futurisys.accounts import roles
from predictions.models import ComparedVersion, Comparison
from predictions.monitoring.comparison import alike, verbs
from registry.models import ModelVersion
from registry.signature import Signature
from tests.predictions.compared import asked_for, finished, with_threshold
from tests.worlds import member

BASE = {
    "task": "tabular-classification",
    "inputs": {
        "features": [
            {"name": "age", "dtype": "integer", "unit": "years"},
            {"name": "team", "dtype": "category", "categories": [{"value": "a"}, {"value": "b"}]},
        ]
    },
    "outputs": {"classes": [{"value": 0}, {"value": 1, "positive": True}]},
}


def changed(where: str, **more: Any) -> Signature:
    """The signature with members of a feature, or of the outputs, changed."""
    found = deepcopy(BASE)
    at = found["outputs"] if where == "outputs" else {f["name"]: f for f in found["inputs"]["features"]}[where]
    at.update(more)
    return Signature.parse(found)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (changed("age", dtype="string"), "“age” is of another type."),
        (changed("age", unit="months"), "“age” is given in another unit."),
        (changed("age", name="years"), "It does not take: age."),
        (changed("age", name="years"), "It also wants: years."),
        (changed("team", categories=[{"value": "a"}]), "“team” does not take: b."),
        (changed("outputs", classes=[{"value": 0}, {"value": 2}]), "Their answers differ: 0, 1 and 0, 2."),
        (changed("outputs", classes=[{"value": 0, "positive": True}, {"value": 1}]), "The score is that of “1”"),
        (Signature.parse(BASE | {"task": "tabular-regression"}), "Their tasks differ"),
    ],
)
def test_what_hinders_a_comparison_is_said_in_words(other: Signature, said: str) -> None:
    assert said in " ".join(alike.differences(Signature.parse(BASE), other))


@pytest.mark.parametrize(
    "other",
    [
        changed("age", min=18, max=60, nullable=True, label="Age", train_range=[20, 50]),
        changed("team", categories=[{"value": "a"}, {"value": "b"}, {"value": "c"}]),
        changed("team", categories=[{"value": "a"}], allow_unknown=True),
        changed("outputs", threshold={"value": 0.3}),
        changed("outputs", classes=[{"value": 1, "positive": True}, {"value": 0}]),
    ],
)
def test_what_a_version_merely_refuses_hinders_nothing(other: Signature) -> None:
    assert alike.differences(Signature.parse(BASE), other) == []


def test_what_is_clean_for_the_one_need_not_be_for_the_other() -> None:
    base = Signature.parse(BASE)
    assert alike.takes_the_same(base, changed("age", label="Age"))
    assert not alike.takes_the_same(base, changed("age", max=60))
    assert not alike.takes_the_same(base, changed("age", nullable=True))


@pytest.fixture
def manager(db: None) -> User:
    return member("manager", roles.MODEL_MANAGER)


@pytest.fixture
def second(iris: ModelVersion, ready: Any) -> ModelVersion:
    return ready("iris")


def test_a_comparison_waits_with_its_versions_in_order(iris: ModelVersion, second: ModelVersion, manager: User) -> None:
    made = asked_for(manager, second, iris)
    found = ComparedVersion.objects.filter(comparison=made).order_by("place").values_list("place", "version")
    assert (list(found), made.status) == ([(0, second.pk), (1, iris.pk)], "waiting")


@pytest.mark.parametrize("role", [roles.DECISION_MAKER, roles.APPROVER, roles.AUDITOR, roles.BUSINESS_USER])
def test_who_merely_looks_cannot_ask_for_one(iris: ModelVersion, second: ModelVersion, role: str) -> None:
    with pytest.raises(verbs.NotAllowed):
        asked_for(member("looker", role), iris, second)


def test_one_person_has_one_comparison_at_a_time(iris: ModelVersion, second: ModelVersion, manager: User) -> None:
    made = asked_for(manager, iris, second)
    with pytest.raises(verbs.NotNow, match="not over yet"):
        asked_for(manager, iris, second)
    asked_for(member("other", roles.MODEL_MANAGER), iris, second)
    verbs.cancel(comparison=made, by=manager)
    asked_for(manager, iris, second)


def test_mistakes_are_sentences_and_nothing_is_stored(iris: ModelVersion, second: ModelVersion, manager: User) -> None:
    today = timezone.localdate()
    wrong: list[tuple[list[ModelVersion], dict[str, Any], str]] = [
        ([iris], {}, "at least two"),
        ([iris, iris], {}, "at least two"),
        ([iris, second], {"most": 7}, "how many"),
        ([iris, second], {"source": "telex"}, "ways of asking"),
        ([iris, second], {"since": today + timedelta(days=1)}, "must not be after"),
        ([iris, second], {"since": today - timedelta(days=800)}, "two years"),
    ]
    for versions, how, said in wrong:
        with pytest.raises(verbs.NotComparable, match=said):
            asked_for(manager, *versions, **how)
    assert not Comparison.objects.exists()


def test_a_draft_is_not_compared(iris: ModelVersion, second: ModelVersion, manager: User, db: None) -> None:
    second.is_draft = True  # as it would have been read: a ready version never changes
    with pytest.raises(verbs.NotComparable, match="confirm its signature"):
        asked_for(manager, iris, second)


def test_versions_of_other_models_are_compared_when_their_signature_is_one(
    iris: ModelVersion, ready: Any, manager: User, examined: Any
) -> None:
    inches = deepcopy(examined("iris").signature_json)
    inches["inputs"]["features"][0]["unit"] = "inch"
    twin, foreign = ready("iris", model="flowers"), ready("iris", model="inches", signature_json=inches)
    assert asked_for(manager, iris, twin).model == iris.model
    with pytest.raises(
        verbs.NotComparable, match=r"Version 1 of inches cannot be held against Version 1 of iris.*unit"
    ):
        asked_for(member("other", roles.MODEL_MANAGER), iris, foreign)


def test_nothing_recorded_is_no_mistake(iris: ModelVersion, second: ModelVersion, manager: User) -> None:
    made = finished(asked_for(manager, iris, second))
    assert (made.status, made.rows, made.done) == ("done", 0, 0)
    assert made.summary["against"]["1"]["rows"] == 0


def test_what_is_over_cannot_be_cancelled(iris: ModelVersion, second: ModelVersion, manager: User) -> None:
    made = finished(asked_for(manager, iris, second))
    with pytest.raises(verbs.NotNow, match="is over"):
        verbs.cancel(comparison=made, by=manager)


def test_the_threshold_is_no_difference(examined: Any, iris: ModelVersion) -> None:
    package = examined("attrition")
    one, two = (Signature.parse(with_threshold(package, value)) for value in (0.2, 0.8))
    assert alike.differences(one, two) == []
