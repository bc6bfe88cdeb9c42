"""Verbs of the registry: what is tracked, and who imports."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from registry import actions, serving
from registry.exceptions import RegistryError, UnknownModel
from registry.models import LEASE, MAX_ATTEMPTS, QUIET, ModelVersion, RegisteredModel

Ready = Callable[..., ModelVersion]


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
        ({"name": "requests"}, "“requests” is the address of a page of the registry."),
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
