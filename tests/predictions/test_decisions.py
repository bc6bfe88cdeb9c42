"""To decide about an answer and to estimate first: who may, the chain, the double click, the race, what waits."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connections, transaction
from django.db.utils import DatabaseError

from futurisys.accounts import roles
from predictions import actions
from predictions.decisions import reasons, verbs
from predictions.models import Awaited, Decision, Estimate, Prediction, Source
from registry.exceptions import NotAllowed
from registry.models import ModelVersion, RegisteredModel
from tests.worlds import IRIS, member

AGREE = {"verdict": "agree", "reason": "fits"}
DISAGREE = {"verdict": "disagree", "reason": "unusual_case"}
NEED_MORE = {"verdict": "need_more", "reason": "second_look"}


@pytest.fixture
def decider(db: None) -> User:
    """Somebody whose role it is."""
    return member("decider", roles.DECISION_MAKER)


@pytest.fixture
def high_risk(iris: ModelVersion) -> ModelVersion:
    """The iris model, marked so."""
    RegisteredModel.objects.filter(pk=iris.model_id).update(is_high_risk=True)
    iris.model.refresh_from_db()
    return iris


def asks(by: User, rows: int = 1, source: str = Source.FORM, **more: Any) -> list[Prediction]:
    columns = {name: [value] * rows for name, value in IRIS.items()}
    asked = actions.predict(model="iris", columns=columns, rows=rows, source=source, by=by, **more)
    return list(Prediction.objects.of_request(asked.request_id, rows))


@pytest.fixture
def answer(high_risk: ModelVersion, analyst: User) -> Prediction:
    """An answer that waits for a decision."""
    return asks(analyst)[0]


def waits(answer: Prediction) -> bool:
    return Awaited.objects.decisions().filter(prediction=answer).exists()


# Who may


@pytest.mark.parametrize("role", [roles.DECISION_MAKER, roles.ADMINISTRATOR])
def test_these_roles_may_decide_and_estimate(answer: Prediction, role: str) -> None:
    user = member("somebody", role)
    verbs.estimate(prediction=answer, by=user, label="setosa")
    assert verbs.decide(prediction=answer, by=user, **AGREE).verdict == "agree"


@pytest.mark.parametrize(
    "role", [roles.BUSINESS_USER, roles.MODEL_MANAGER, roles.APPROVER, roles.AUDITOR, roles.VISITOR]
)
def test_other_roles_may_neither(answer: Prediction, role: str) -> None:
    user = member("somebody", role)
    with pytest.raises(NotAllowed):
        verbs.decide(prediction=answer, by=user, **AGREE)
    with pytest.raises(NotAllowed):
        verbs.estimate(prediction=answer, by=user, label="setosa")
    assert (Decision.objects.count(), Estimate.objects.count()) == (0, 0)


def test_the_right_without_sight_of_the_answer_is_none(answer: Prediction, stranger: User) -> None:
    stranger.user_permissions.add(*Permission.objects.filter(codename__in=["add_decision", "add_estimate"]))
    somebody = User.objects.get(pk=stranger.pk)
    with pytest.raises(NotAllowed):
        verbs.decide(prediction=answer, by=somebody, **AGREE)
    with pytest.raises(NotAllowed):
        verbs.estimate(prediction=answer, by=somebody, label="setosa")


# What is said


@pytest.mark.parametrize("verdict", Decision.Verdict.values)
@pytest.mark.parametrize("reason", Decision.Reason.values)
def test_a_reason_goes_with_some_decisions(answer: Prediction, decider: User, verdict: str, reason: str) -> None:
    said: dict[str, Any] = {"verdict": verdict, "reason": reason, "comment": "so"}
    if reason in reasons.SUITING[verdict]:
        assert verbs.decide(prediction=answer, by=decider, **said).reason == reason
        return
    with pytest.raises(verbs.Refused) as refused:
        verbs.decide(prediction=answer, by=decider, **said)
    assert list(refused.value.problems) == ["reason"]
    assert waits(answer)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"verdict": "maybe", "reason": "fits"}, "verdict"),
        ({"verdict": "agree", "reason": ""}, "reason"),
        ({"verdict": "agree", "reason": "because"}, "reason"),
        ({"verdict": "agree", "reason": "other"}, "comment"),
        ({"verdict": "agree", "reason": "other", "comment": " \r\n "}, "comment"),
        (AGREE | {"comment": "x" * 2001}, "comment"),
        (AGREE | {"comment": "a\x00b"}, "comment"),
        (AGREE | {"comment": "\ud800"}, "comment"),
    ],
)
def test_what_cannot_be_kept_is_refused(answer: Prediction, decider: User, said: dict[str, str], field: str) -> None:
    with pytest.raises(verbs.Refused) as refused:
        verbs.decide(prediction=answer, by=decider, **said)
    assert (list(refused.value.problems), Decision.objects.count()) == ([field], 0)


def test_a_comment_counts_its_lines_as_the_page_does(answer: Prediction, decider: User) -> None:
    made = verbs.decide(prediction=answer, by=decider, comment="\r\n".join(["x" * 999] * 2), **AGREE)
    assert len(made.comment) == 1999


# The chain


def test_a_correction_is_a_new_row_and_the_old_one_stays(answer: Prediction, decider: User) -> None:
    first = verbs.decide(prediction=answer, by=decider, **AGREE)
    second = verbs.decide(prediction=answer, by=decider, replaces=first, **DISAGREE)
    assert (second.replaces_id, Decision.objects.get(pk=first.pk).verdict) == (first.pk, "agree")
    assert verbs.latest(answer) == second


@pytest.mark.parametrize("change", ["update", "delete"])
def test_nothing_changes_a_decision(answer: Prediction, decider: User, change: str) -> None:
    made = verbs.decide(prediction=answer, by=decider, **AGREE)
    found = Decision.objects.filter(pk=made.pk)
    with pytest.raises(DatabaseError), transaction.atomic():
        found.update(verdict="disagree") if change == "update" else found.delete()
    assert Decision.objects.get().verdict == "agree"


def test_sent_twice_it_is_one_decision(answer: Prediction, decider: User) -> None:
    first = verbs.decide(prediction=answer, by=decider, **AGREE)
    assert verbs.decide(prediction=answer, by=decider, **AGREE) == first
    second = verbs.decide(prediction=answer, by=decider, replaces=first, **DISAGREE)
    assert verbs.decide(prediction=answer, by=decider, replaces=first, **DISAGREE) == second
    assert Decision.objects.count() == 2


def test_the_same_said_by_somebody_else_is_another_decision(answer: Prediction, decider: User) -> None:
    other = member("other", roles.DECISION_MAKER)
    first = verbs.decide(prediction=answer, by=decider, **NEED_MORE)
    second = verbs.decide(prediction=answer, by=other, replaces=first, **NEED_MORE)
    assert second.replaces == first


def test_who_did_not_see_the_latest_decides_nothing(answer: Prediction, decider: User) -> None:
    other = member("other", roles.DECISION_MAKER)
    first = verbs.decide(prediction=answer, by=decider, **AGREE)
    with pytest.raises(verbs.DecidedMeanwhile):
        verbs.decide(prediction=answer, by=other, **AGREE)
    verbs.decide(prediction=answer, by=decider, replaces=first, **DISAGREE)
    with pytest.raises(verbs.DecidedMeanwhile):
        verbs.decide(prediction=answer, by=other, replaces=first, **AGREE)
    assert Decision.objects.count() == 2


def test_a_decision_about_another_answer_cannot_be_replaced(answer: Prediction, analyst: User, decider: User) -> None:
    elsewhere = verbs.decide(prediction=asks(analyst)[0], by=decider, **AGREE)
    with pytest.raises(verbs.DecidedMeanwhile):
        verbs.decide(prediction=answer, by=decider, replaces=elsewhere, **AGREE)
    with pytest.raises(verbs.DecidedMeanwhile):
        verbs.seen(answer, elsewhere.pk)
    assert waits(answer)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """`at_once(people, verb, **said)`: what came of it when each had looked before anybody stored anything."""
    begin, seal = Barrier(2), verbs.seal

    def seal_together(payload: Any) -> Any:
        begin.wait(10)
        return seal(payload)

    def sent(people: list[User], verb: Callable[..., Any], **said: Any) -> list[str]:
        def send(user: User) -> str:
            try:
                return str(verb(by=user, **said).pk)
            except verbs.DecidedMeanwhile:
                return "meanwhile"
            finally:
                connections.close_all()

        monkeypatch.setattr(verbs, "seal", seal_together)
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(send, people))

    return sent


def twice(user: User) -> list[User]:
    return [User.objects.get(pk=user.pk) for _ in range(2)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("corrects", [False, True])
def test_of_two_people_at_once_one_decides(answer: Prediction, decider: User, at_once: Any, *, corrects: bool) -> None:
    first = verbs.decide(prediction=answer, by=decider, **NEED_MORE) if corrects else None
    people = [decider, member("other", roles.DECISION_MAKER)]
    found = at_once(people, verbs.decide, prediction=answer, replaces=first, **AGREE)
    assert (found.count("meanwhile"), Decision.objects.count()) == (1, 2 if corrects else 1)
    assert not waits(answer)


@pytest.mark.django_db(transaction=True)
def test_a_double_click_at_once_is_one_decision(answer: Prediction, decider: User, at_once: Any) -> None:
    found = at_once(twice(decider), verbs.decide, prediction=answer, **AGREE)
    assert (len(set(found)), Decision.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_a_double_click_at_once_is_one_estimate(answer: Prediction, decider: User, at_once: Any) -> None:
    found = at_once(twice(decider), verbs.estimate, prediction=answer, label="setosa")
    assert (len(set(found)), Estimate.objects.count()) == (1, 1)


# What waits


def test_a_decision_ends_the_waiting(answer: Prediction, decider: User) -> None:
    assert waits(answer)
    verbs.decide(prediction=answer, by=decider, **DISAGREE)
    assert not waits(answer)


def test_who_needs_more_leaves_it_waiting(answer: Prediction, decider: User) -> None:
    first = verbs.decide(prediction=answer, by=decider, **NEED_MORE)
    assert waits(answer)
    verbs.decide(prediction=answer, by=decider, replaces=first, **AGREE)
    assert not waits(answer)


def test_taking_a_decision_back_lets_it_wait_again_in_its_old_place(answer: Prediction, decider: User) -> None:
    before = Awaited.objects.decisions().values("prediction", "model", "user", "due_date").get()
    first = verbs.decide(prediction=answer, by=decider, **AGREE)
    verbs.decide(prediction=answer, by=decider, replaces=first, **NEED_MORE)
    assert Awaited.objects.decisions().values("prediction", "model", "user", "due_date").get() == before


def test_an_answer_that_nobody_has_to_decide_about_never_waits(
    iris: ModelVersion, analyst: User, decider: User
) -> None:
    answer = asks(analyst)[0]
    first = verbs.decide(prediction=answer, by=decider, **AGREE)
    verbs.decide(prediction=answer, by=decider, replaces=first, **NEED_MORE)
    assert not waits(answer)


def test_what_fails_to_be_stored_leaves_it_waiting(answer: Prediction, decider: User, monkeypatch: Any) -> None:
    def fail(_made: Decision) -> None:
        raise RuntimeError

    monkeypatch.setattr(verbs, "await_again", fail)
    with pytest.raises(RuntimeError):
        verbs.decide(prediction=answer, by=decider, **AGREE)
    assert (waits(answer), Decision.objects.count()) == (True, 0)


# An estimate first


def test_an_estimate_is_kept_with_the_decision(answer: Prediction, decider: User) -> None:
    expected = verbs.estimate(prediction=answer, by=decider, label="virginica")
    assert verbs.decide(prediction=answer, by=decider, **AGREE).estimate == expected


def test_the_first_estimate_counts(answer: Prediction, decider: User) -> None:
    first = verbs.estimate(prediction=answer, by=decider, label="virginica")
    assert verbs.estimate(prediction=answer, by=decider, label="setosa") == first
    assert Estimate.objects.get().label == "virginica"


def test_after_the_own_decision_it_is_too_late(answer: Prediction, decider: User) -> None:
    verbs.decide(prediction=answer, by=decider, **AGREE)
    with pytest.raises(verbs.TooLate):
        verbs.estimate(prediction=answer, by=decider, label="setosa")


@pytest.mark.parametrize("said", [{"label": "rose"}, {"label": ""}, {"value": 3.0}, {"label": "setosa", "value": 1.0}])
def test_an_estimate_is_a_class_of_the_model(answer: Prediction, decider: User, said: dict[str, Any]) -> None:
    with pytest.raises(verbs.Refused):
        verbs.estimate(prediction=answer, by=decider, **said)


def test_of_a_value_it_is_a_finite_number(price: ModelVersion, analyst: User, decider: User) -> None:
    columns = {"surface": [155], "rooms": [3]}
    asked = actions.predict(model="house", columns=columns, rows=1, source=Source.FORM, by=analyst)
    answer = Prediction.objects.get(pk=asked.request_id)
    for said in ({"label": "cheap"}, {"value": float("inf")}, {"value": 1.0, "label": "x"}, {}):
        with pytest.raises(verbs.Refused):
            verbs.estimate(prediction=answer, by=decider, **said)
    assert verbs.estimate(prediction=answer, by=decider, value=170_000.0).value == 170_000.0
