"""Who may put what in charge, what the ledger then says, and what became of everything that was asked for."""

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections

from registry import automation, promotions, serving
from registry.exceptions import ModelSuspended, NotAllowed, NotPromotable, Superseded, UnknownModel
from registry.facts import canonical
from registry.models import LedgerEntry, ModelVersion, PromotionRequest, RegisteredModel
from tests.registry.people import may

Ready = Callable[..., ModelVersion]


def promote(version: ModelVersion, by: User, reason: str = "it is better") -> LedgerEntry:
    entry = promotions.request(model=version.model, version=version, by=by, reason=reason).entry
    assert entry is not None
    return entry


# -- promotion


def test_promotion_and_rollback_are_in_the_ledger(ready: Ready, administrator: User) -> None:
    one, two = ready("iris"), ready("iris")
    for version in (one, two, one):
        promote(version, administrator, f" because of {version.number} ")
        assert serving.champion("iris").version == version  # also where another one was remembered
    found = [
        (e.number, e.kind, e.from_version, e.to_version, e.by, e.reason) for e in one.model.ledger.order_by("number")
    ]
    assert found == [
        (1, "promote", None, one, administrator, "because of 1"),
        (2, "promote", one, two, administrator, "because of 2"),
        (3, "rollback", two, one, administrator, "because of 1"),
    ]


def test_entry_is_sealed(ready: Ready, administrator: User) -> None:
    version = ready("iris")
    entry = promote(version, administrator)
    entry.refresh_from_db()
    payload = ["iris", 1, "promote", None, version.commit, 1, [administrator.pk, None], "it is better"]
    assert bytes(entry.digest) == hashlib.sha256(bytes(entry.salt) + canonical(payload)).digest()
    assert len(entry.salt) == 16


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": "importing"}, "iris v9 is importing: only a ready version can be promoted"),
        ({"status": "rejected", "reason": "x"}, "iris v9 is rejected: only a ready version"),
        ({"status": "ready", "runtime": "onnx", "is_draft": True}, "The signature of iris v9 was inferred: confirm it"),
    ],
)
def test_version_that_cannot_be_promoted(iris: ModelVersion, administrator: User, changes: dict, said: str) -> None:
    version = ModelVersion.objects.create(model=iris.model, number=9, commit="9" * 40, **changes)
    with pytest.raises(NotPromotable, match=said):
        promote(version, administrator)
    assert serving.champion("iris").version == iris


def test_version_of_another_model(ready: Ready, iris: ModelVersion, administrator: User) -> None:
    other = ready("iris", model="other")
    with pytest.raises(NotPromotable, match="other v1 is no version of iris"):
        promotions.request(model=iris.model, version=other, by=administrator, reason="mistake")


def test_every_verb_wants_a_reason(iris: ModelVersion, ready: Ready, administrator: User) -> None:
    with pytest.raises(NotPromotable, match="Say why"):
        promote(ready("iris"), administrator, "  ")
    with pytest.raises(NotPromotable, match="Say why"):
        promotions.suspend(model=iris.model, by=administrator, reason="\n")
    assert LedgerEntry.objects.count() == 1


def test_suspension_and_resumption(iris: ModelVersion, administrator: User) -> None:
    how = {"model": iris.model, "by": administrator, "reason": "an incident"}
    with pytest.raises(NotPromotable, match="iris is not suspended"):
        promotions.resume(**how)
    promotions.suspend(**how)
    with pytest.raises(ModelSuspended, match="The model “iris” is suspended since 20"):
        serving.champion("iris")
    with pytest.raises(NotPromotable, match="iris is already suspended"):
        promotions.suspend(**how)
    entry = promotions.resume(**how)
    assert (entry.kind, entry.number, entry.from_version, entry.to_version) == ("resume", 3, iris, iris)
    assert serving.champion("iris").version == iris


def test_promotion_ends_a_suspension(iris: ModelVersion, ready: Ready, administrator: User) -> None:
    promotions.suspend(model=iris.model, by=administrator, reason="an incident")
    repaired = ready("iris")
    promote(repaired, administrator)
    assert serving.champion("iris").version == repaired


def test_nothing_to_suspend(ready: Ready, administrator: User) -> None:
    with pytest.raises(NotPromotable, match="iris has no champion"):
        promotions.suspend(model=ready("iris").model, by=administrator, reason="x")


def test_the_one_before_is_found_behind_a_suspension(iris: ModelVersion, ready: Ready, administrator: User) -> None:
    second = ready("iris")
    promote(second, administrator)
    for verb in (promotions.suspend, promotions.resume):
        verb(model=iris.model, by=administrator, reason="an incident")
    before = serving.previous(serving.champion("iris"))
    assert before is not None
    assert before.version == iris
    named = serving.version("iris", 2)
    assert serving.previous(named) is None


def test_the_one_before_with_another_signature_does_not_count(ready: Ready, administrator: User) -> None:
    one = ready("iris")
    other = one.signature | {"outputs": {**one.signature["outputs"], "label": "Another question"}}
    for version in (one, ready("iris", signature_json=other)):
        promote(version, administrator)
    assert serving.previous(serving.champion("iris")) is None


def test_a_version_is_named_by_its_number(iris: ModelVersion, ready: Ready) -> None:
    second, _draft = ready("iris"), ready("iris", is_draft=True)
    assert serving.version("iris", 2).version == second
    for number in (3, 4):
        with pytest.raises(UnknownModel, match=f"has no ready version {number}"):
            serving.version("iris", number)


# -- two people at once


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_wins_and_all_are_kept(ready: Ready, administrator: User) -> None:
    promote(ready("iris"), administrator)
    versions, begin = [ready("iris") for _ in range(6)], threading.Barrier(6)

    def call(version: ModelVersion) -> str:
        begin.wait()
        try:
            promotions.request(model=version.model, version=version, by=administrator, reason="mine", seen=1)
        except Superseded as told:
            return str(told)
        else:
            return ""
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        said = sorted(pool.map(call, versions))
    winner = LedgerEntry.objects.get(number=2).to_version
    assert LedgerEntry.objects.count() == 2
    assert said[0] == ""
    assert all(
        text.startswith(f"administrator was faster: promotion of version {winner.number} at 20") for text in said[1:]
    )
    with pytest.raises(Superseded):  # the same wish, too late
        promotions.request(model=winner.model, version=winner, by=administrator, reason="me too", seen=1)
    kept = PromotionRequest.objects.filter(reason="mine").values_list("version", "status")
    assert dict(kept) == {v.pk: "effective" if v == winner else "superseded" for v in versions}


@pytest.mark.django_db(transaction=True)
def test_promotions_at_once_count_on(ready: Ready, administrator: User) -> None:
    """Without `seen` each takes the state as it finds it."""
    versions, begin = [ready("iris") for _ in range(6)], threading.Barrier(6)

    def call(version: ModelVersion) -> int:
        begin.wait()
        try:
            return promote(version, administrator).number
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(call, versions)) == [1, 2, 3, 4, 5, 6]
    entries = list(LedgerEntry.objects.order_by("number"))
    assert [e.from_version for e in entries[1:]] == [e.to_version for e in entries[:-1]]


# -- what blocks


def changed(version: ModelVersion, feature: int = 0, **members: Any) -> dict[str, Any]:
    """The version's signature with members of one feature changed."""
    features = [dict(each) for each in version.signature["inputs"]["features"]]
    features[feature] |= members
    return {**version.signature, "inputs": {"features": features}}


def test_a_change_that_breaks_callers_blocks(iris: ModelVersion, ready: Ready, administrator: User) -> None:
    other = ready("iris", signature_json=changed(iris, unit="inch"))
    with pytest.raises(NotPromotable, match=r"is given in another unit: .* Track the repository under another name"):
        promote(other, administrator)
    assert not PromotionRequest.objects.filter(version=other).exists()
    assert serving.champion("iris").version == iris


def test_the_way_back_is_never_blocked(iris: ModelVersion, ready: Ready, administrator: User) -> None:
    wider = ready("iris", signature_json=changed(iris, nullable=True))
    promote(wider, administrator)
    assert promote(iris, administrator).kind == "rollback"  # though a value may no longer be missing


def test_promoting_the_champion_again(iris: ModelVersion, administrator: User) -> None:
    with pytest.raises(NotPromotable, match="iris v1 is in charge already"):
        promote(iris, administrator)
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    with pytest.raises(NotPromotable, match="iris v1 is suspended: resume it"):
        promote(iris, administrator)


# -- rights


def test_each_verb_asks_for_its_right(iris: ModelVersion, ready: Ready, analyst: User, administrator: User) -> None:
    second = ready("iris")
    how: dict[str, Any] = {"model": iris.model, "by": analyst, "reason": "x"}
    for verb in (promotions.suspend, promotions.resume, lambda **how: promotions.request(version=second, **how)):
        with pytest.raises(NotAllowed):
            verb(**how)
    assert LedgerEntry.objects.count() == 1
    assert promotions.suspend(**how | {"by": may(analyst, "stop_model")}).kind == "suspend"


def test_ending_a_suspension_by_promotion_takes_both_rights(
    iris: ModelVersion, ready: Ready, analyst: User, administrator: User
) -> None:
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    second = ready("iris")
    with pytest.raises(NotAllowed):
        promote(second, may(analyst, "promote_model"))
    assert promote(second, may(analyst, "stop_model")).to_version == second


# -- two people


@pytest.fixture
def wanted(iris: ModelVersion, ready: Ready, analyst: User) -> PromotionRequest:
    """An open request of the analyst for version 2 of a model that takes two people."""
    RegisteredModel.objects.update(approval="two", is_high_risk=True)
    second = ready("iris")
    by = may(analyst, "promote_model", "approve_promotion")
    return promotions.request(model=iris.model, version=second, by=by, reason="fewer errors")


def test_a_second_person_approves(wanted: PromotionRequest, analyst: User, stranger: User) -> None:
    assert (wanted.status, wanted.entry) == ("open", None)
    assert serving.champion("iris").version.number == 1
    with pytest.raises(NotAllowed, match="somebody else than the requester"):
        promotions.approve(wanted=wanted, by=may(analyst, "approve_promotion"))
    with pytest.raises(NotAllowed, match="You may not"):
        promotions.approve(wanted=wanted, by=stranger)
    entry = promotions.approve(wanted=wanted, by=may(stranger, "approve_promotion"), reason="checked").entry
    assert entry is not None
    assert (entry.by, entry.approved_by, entry.reason, entry.to_version.number) == (
        analyst,
        stranger,
        "fewer errors",
        2,
    )
    wanted.refresh_from_db()
    assert (wanted.status, wanted.decided_by, wanted.decision_reason) == ("effective", stranger, "checked")
    with pytest.raises(NotPromotable, match="This request is effective already"):
        promotions.decline(wanted=wanted, by=may(stranger, "approve_promotion"), reason="late")


def test_what_a_second_person_declines(wanted: PromotionRequest, stranger: User) -> None:
    by = may(stranger, "approve_promotion")
    with pytest.raises(NotPromotable, match="Say why"):
        promotions.decline(wanted=wanted, by=by, reason=" ")
    promotions.decline(wanted=wanted, by=by, reason="recall is worse")
    wanted.refresh_from_db()
    assert (wanted.status, wanted.decision_reason, wanted.entry) == ("declined", "recall is worse", None)
    assert LedgerEntry.objects.count() == 1


def test_only_who_asked_withdraws(wanted: PromotionRequest, analyst: User, administrator: User) -> None:
    with pytest.raises(NotAllowed):
        promotions.withdraw(wanted=wanted, by=administrator)
    assert promotions.withdraw(wanted=wanted, by=analyst).status == "withdrawn"
    again = promotions.request(model=wanted.model, version=wanted.version, by=administrator, reason="after all")
    assert again.status == "open"
    with pytest.raises(NotPromotable, match="Somebody has asked for iris v2 already"):
        promotions.request(model=wanted.model, version=wanted.version, by=administrator, reason="me too")


def test_what_was_approved_closes_the_others(wanted: PromotionRequest, ready: Ready, administrator: User) -> None:
    third = ready("iris")
    other = promotions.request(model=wanted.model, version=third, by=administrator, reason="even better")
    promotions.approve(wanted=wanted, by=administrator)
    other.refresh_from_db()
    assert (other.status, other.entry) == ("superseded", None)


def test_a_suspension_closes_what_waits(wanted: PromotionRequest, administrator: User) -> None:
    """Its comparison is not what would take effect."""
    promotions.suspend(model=wanted.model, by=administrator, reason="a doubt")
    wanted.refresh_from_db()
    assert wanted.status == "superseded"
    with pytest.raises(NotPromotable, match="This request is superseded already"):
        promotions.approve(wanted=wanted, by=administrator)
    assert LedgerEntry.objects.count() == 2


# -- without a person


@pytest.fixture
def automatic(iris: ModelVersion) -> RegisteredModel:
    """A model that promotes by itself from an accuracy of 0.9 on."""
    RegisteredModel.objects.update(auto_promote=True, metric_floors={"accuracy": 0.9})
    return RegisteredModel.objects.get()


def metrics(iris: ModelVersion, *values: float) -> dict[str, Any]:
    return {**iris.metadata, "metrics": [{"name": "accuracy", "value": value} for value in values]}


def test_a_good_candidate_promotes_itself(automatic: RegisteredModel, iris: ModelVersion, ready: Ready) -> None:
    second = ready("iris", metadata=metrics(iris, 0.95))
    assert automation.consider(second).startswith("Promoted by itself. Automatic: ")
    entry = promotions.latest(automatic)
    assert entry is not None
    assert (entry.to_version, entry.by.username, entry.by.has_usable_password()) == (second, "futurisys", False)
    assert "accuracy 0.95 is at least 0.9" in entry.reason


def test_what_keeps_it_from_that(
    automatic: RegisteredModel, iris: ModelVersion, ready: Ready, administrator: User
) -> None:
    def said(**changes: Any) -> str:
        return automation.consider(ready("iris", **{"metadata": metrics(iris, 0.95), **changes}))

    assert "accuracy is 0.85, below 0.9" in said(metadata=metrics(iris, 0.95, 0.85))
    assert "no metric accuracy" in said(metadata=metrics(iris))
    assert "0 golden rows were replayed" in said(report={**iris.report, "golden": {"cases": 0}})
    assert "its signature was inferred" in said(is_draft=True)
    assert "another unit" in said(signature_json=changed(iris, unit="inch"))
    promotions.suspend(model=automatic, by=administrator, reason="a doubt")
    assert "the model is suspended" in said()
    RegisteredModel.objects.update(auto_promote=False)
    assert said() == ""
    assert LedgerEntry.objects.filter(by__username="futurisys").count() == 0


def test_a_first_version_takes_a_person(ready: Ready) -> None:
    version = ready("iris")
    RegisteredModel.objects.update(auto_promote=True, metric_floors={"accuracy": 0.1})
    version.model.refresh_from_db()
    assert "the first version of a model is promoted by a person" in automation.consider(version)
