"""Verbs of the registry: who may put what in charge, what the ledger then says, and who imports."""

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from registry import actions, serving
from registry.exceptions import ModelSuspended, NotPromotable, RegistryError, UnknownModel
from registry.facts import canonical
from registry.models import LEASE, MAX_ATTEMPTS, QUIET, LedgerEntry, ModelVersion, RegisteredModel

Ready = Callable[..., ModelVersion]


def promote(version: ModelVersion, by: User, reason: str = "it is better") -> LedgerEntry:
    return actions.promote(model=version.model, version=version, by=by, reason=reason)


# -- tracking


def test_tracking_again_changes_what_is_followed(db: None) -> None:
    first = actions.track_model(name="a", endpoint="huggingface", repo_id="x/y", trusted=True)
    second = actions.track_model(name="a", endpoint="huggingface", repo_id="x/z", ref="v1")
    assert first.pk == second.pk
    assert (second.repo_id, second.tracked_ref, second.trusted) == ("x/z", "v1", False)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"endpoint": "elsewhere"}, "“elsewhere” is no Hub of this instance. Choose one of: huggingface."),
        ({"repo_id": "y"}, "repo_id: Write the repository as namespace/name."),
        ({"repo_id": "../../etc/x"}, "repo_id: Write the repository as namespace/name."),
        ({"name": "no slug!"}, "name: Enter a valid “slug”"),
        ({"ref": ""}, "tracked_ref: This field cannot be blank."),
    ],
)
def test_what_cannot_be_tracked(db: None, values: dict[str, str], said: str) -> None:
    with pytest.raises(RegistryError) as refused:
        actions.track_model(**{"name": "a", "endpoint": "huggingface", "repo_id": "x/y", **values})
    assert str(refused.value).startswith(said)
    assert not RegisteredModel.objects.exists()


def test_one_default_for_each_kind(ready: Ready) -> None:
    ready("iris")  # not a default
    ready("digits")
    model = actions.track_model(name="other", endpoint="huggingface", repo_id="x/y", default=True)
    ready("iris", model="other")
    assert (serving.default_name("tabular"), serving.default_name("image")) == ("other", "digits")
    actions.make_default(RegisteredModel.objects.get(name="iris"))
    assert serving.default_name("tabular") == "iris"
    model.refresh_from_db()
    assert not model.is_default


def test_an_unknown_model(db: None) -> None:
    with pytest.raises(UnknownModel, match="No model named “nothing” is tracked"):
        actions.get_model("nothing")


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
    payload = ["iris", 1, "promote", None, version.commit, 1, administrator.pk, "it is better"]
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
        actions.promote(model=iris.model, version=other, by=administrator, reason="mistake")


def test_every_verb_wants_a_reason(iris: ModelVersion, administrator: User) -> None:
    with pytest.raises(NotPromotable, match="Say why"):
        promote(iris, administrator, "  ")
    with pytest.raises(NotPromotable, match="Say why"):
        actions.suspend(model=iris.model, by=administrator, reason="\n")
    assert LedgerEntry.objects.count() == 1


def test_suspension_and_resumption(iris: ModelVersion, administrator: User) -> None:
    how = {"model": iris.model, "by": administrator, "reason": "an incident"}
    with pytest.raises(NotPromotable, match="iris is not suspended"):
        actions.resume(**how)
    actions.suspend(**how)
    with pytest.raises(ModelSuspended, match="The model “iris” is suspended since 20"):
        serving.champion("iris")
    with pytest.raises(NotPromotable, match="iris is already suspended"):
        actions.suspend(**how)
    entry = actions.resume(**how)
    assert (entry.kind, entry.number, entry.from_version, entry.to_version) == ("resume", 3, iris, iris)
    assert serving.champion("iris").version == iris


def test_promotion_ends_a_suspension(iris: ModelVersion, ready: Ready, administrator: User) -> None:
    actions.suspend(model=iris.model, by=administrator, reason="an incident")
    repaired = ready("iris")
    promote(repaired, administrator)
    assert serving.champion("iris").version == repaired


def test_nothing_to_suspend(ready: Ready, administrator: User) -> None:
    with pytest.raises(NotPromotable, match="iris has no champion"):
        actions.suspend(model=ready("iris").model, by=administrator, reason="x")


def test_the_one_before_is_found_behind_a_suspension(iris: ModelVersion, ready: Ready, administrator: User) -> None:
    second = ready("iris")
    promote(second, administrator)
    for verb in (actions.suspend, actions.resume):
        verb(model=iris.model, by=administrator, reason="an incident")
    before = serving.previous(serving.champion("iris"))
    assert before is not None
    assert before.version == iris
    named = serving.version("iris", 2)
    assert serving.previous(named) is None


def test_the_one_before_with_another_signature_does_not_count(ready: Ready, administrator: User) -> None:
    one = ready("iris")
    other = one.signature | {"outputs": {"classes": one.signature["outputs"]["classes"][::-1]}}
    for version in (one, ready("iris", signature_json=other)):
        promote(version, administrator)
    assert serving.previous(serving.champion("iris")) is None


def test_a_version_is_named_by_its_number(iris: ModelVersion, ready: Ready) -> None:
    second, _draft = ready("iris"), ready("iris", is_draft=True)
    assert serving.version("iris", 2).version == second
    for number in (3, 4):
        with pytest.raises(UnknownModel, match=f"has no ready version {number}"):
            serving.version("iris", number)


@pytest.mark.django_db(transaction=True)
def test_promotions_at_once_count_on(ready: Ready, administrator: User) -> None:
    versions, begin = [ready("iris"), ready("iris")] * 3, threading.Barrier(6)

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


# -- claims and leases


@pytest.fixture
def waiting(iris: ModelVersion) -> ModelVersion:
    """A version nobody imports yet."""
    return ModelVersion.objects.create(model=iris.model, number=2, commit="2" * 40)


def test_a_version_is_claimed_once(waiting: ModelVersion) -> None:
    now = timezone.now()
    assert ModelVersion.objects.claim(pk=waiting.pk, at=now)
    assert not ModelVersion.objects.claim(pk=waiting.pk, at=now + LEASE - timedelta(seconds=1))
    assert ModelVersion.objects.claim(pk=waiting.pk, at=now + LEASE + timedelta(seconds=1))
    waiting.refresh_from_db()
    assert waiting.attempts == 2


def test_what_is_finished_is_not_claimed(iris: ModelVersion) -> None:
    assert not actions.import_version(version=iris, at=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_one_of_many_gets_the_claim(waiting: ModelVersion) -> None:
    begin, now = threading.Barrier(6), timezone.now()

    def claim(_number: int) -> bool:
        begin.wait()
        try:
            return ModelVersion.objects.claim(pk=waiting.pk, at=now)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(claim, range(6))) == [False] * 5 + [True]


def test_what_is_abandoned(waiting: ModelVersion) -> None:
    def abandoned(later: timedelta) -> bool:
        return ModelVersion.objects.abandoned(at=timezone.now() + later).exists()

    assert not abandoned(timedelta(0))
    assert abandoned(QUIET + timedelta(seconds=1))
    ModelVersion.objects.claim(pk=waiting.pk, at=timezone.now())
    assert not abandoned(QUIET + timedelta(seconds=1))
    assert abandoned(LEASE + timedelta(seconds=1))


def test_third_loss_rejects(waiting: ModelVersion) -> None:
    for attempt in range(MAX_ATTEMPTS):
        assert actions.give_up_or_retry(version=waiting)
        ModelVersion.objects.claim(pk=waiting.pk, at=timezone.now() + attempt * 2 * LEASE)
        waiting.refresh_from_db()
    assert not actions.give_up_or_retry(version=waiting)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.reason[:41]) == ("rejected", "The import was begun 3 times and never fi")
