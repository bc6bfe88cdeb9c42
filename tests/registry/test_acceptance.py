"""The promises about Hubs and model files, and where each is tested. What no other file holds is tested here.

| # | Promise | Tests |
|---|---|---|
| 1 | A pull by tag stores the full commit; moving the tag changes nothing that is served | test_import::test_moving_a_tag_changes_nothing_that_is_served, test_acceptance::test_a_tag_is_stored_as_its_commit |
| 2 | A flipped byte, in large-file storage or in git, is refused; the version before serves | test_hub_faults::test_trouble_while_pulling, test_import::test_trouble_is_said_and_serving_does_not_notice, test_acceptance::test_a_flipped_byte_is_refused_and_the_version_before_serves |
| 3 | Tampering with the local store is noticed at the next load | test_artifacts::test_cache_is_repaired_from_the_database, test_artifacts::test_damaged_database_copy_is_not_loaded, test_artifacts::test_good_cache_outlives_a_damaged_database |
| 4 | A silent Hub ends within the budget | test_hub_faults::test_trouble_while_resolving, test_hub_faults::test_work_that_never_asks_the_clock_is_left_behind, test_acceptance::test_a_silent_hub_ends_within_the_budget |
| 5 | Busy, limited, dropped and truncated are retried or told apart | test_hub_faults::test_a_passing_trouble_is_outlived, test_hub_faults::test_a_limit_of_requests_says_how_long, test_acceptance::test_passing_troubles_are_told_apart |
| 6 | Six states of a repository, six sentences | test_hub::test_each_state_has_its_sentence, test_import::test_a_closed_repository_says_how |
| 7 | No request leaves the endpoint's origin, no token goes elsewhere | test_hub::test_the_token_stays_with_the_endpoint, test_hub::test_the_hub_cannot_send_us_elsewhere, test_hub::test_a_known_hub_does_not_get_the_token_either, test_hub_faults::test_what_may_not_leave |
| 8 | No payload runs | test_hostile_import::test_payload_is_refused_and_does_not_run, test_gate::test_payload_is_refused_and_does_not_run, test_gate::test_second_pass_alone_refuses |
| 9 | A bomb is refused before it inflates, a huge file and a path outwards before they are read | test_hostile_import::test_zip_bomb_is_refused, test_hostile_import::test_zlib_bomb_is_refused, test_hostile_import::test_ten_gigabytes_are_refused_before_a_byte_is_read, test_hostile_import::test_a_path_out_of_the_folder_is_refused_before_anything_is_read |
| 10 | Another version of scikit-learn: both are named | test_child::test_file_of_another_scikit_learn_names_both_versions, test_environments::test_another_minor_names_both_versions |
| 11 | Webhooks: wrong or no secret, replay, pull request, deleted tag, move, unknown scope | test_hooks::test_webhook_table, test_hooks::test_wrong_secret_is_401_and_stores_nothing, test_hooks::test_missing_secret_is_401_and_stores_nothing, test_hooks::test_a_push_becomes_a_version_and_a_replay_does_not, test_acceptance::test_a_deleted_tag_is_said_and_its_version_serves, test_discovery::test_a_renamed_repository_is_followed_and_its_name_learnt |
| 12 | A file without manifest gives the draft that its estimator tells | test_child::test_draft_signature_tells_what_was_inferred, test_child::test_bundle_gives_its_threshold_and_columns, test_published::test_the_answer_is_the_originals |
| 13 | A value means the same, or is refused in the same words, through every door | test_doors::test_a_value_means_the_same_through_every_door, test_doors::test_a_value_is_refused_in_the_same_words |
| 14 | A peer without digests and with longer ids works, and is marked | test_hub_faults::test_a_hub_without_digests_is_pulled_unverified, test_acceptance::test_a_peer_without_digests_and_with_long_ids |
| 15 | Offline: what was imported serves, the sync says so | test_discovery::test_offline_is_said_and_nothing_is_asked, test_acceptance::test_offline_serves_what_was_imported |
"""  # noqa: E501

import ast
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from examples.local_hub import LocalHub
from predictions import actions as predictions
from predictions.models import Source
from registry import actions, artifacts, discovery, promotions, runtimes
from registry.models import Delivery, ModelVersion, RegisteredModel
from tests import hubs
from tests.hubs import REPO, TOKEN, loopback_hub  # noqa: F401  a fixture
from tests.worlds import IRIS

TESTS = Path(__file__).parents[1]
Sync = Callable[[], Delivery]


def named() -> list[str]:
    return re.findall(r"\b(test_\w+::test_\w+)", __doc__ or "")


@pytest.mark.parametrize("name", named())
def test_the_table_names_tests_that_exist(name: str) -> None:
    file, test = name.split("::")
    (path,) = [found for found in TESTS.rglob(f"{file}.py") if found.parent.name in {"registry", "tests"}]
    functions = [node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
    assert test in functions


def test_the_table_has_fifteen_rows() -> None:
    assert re.findall(r"^\| (\d+) \|", __doc__ or "", re.MULTILINE) == [str(number) for number in range(1, 16)]


@pytest.fixture
def tracked(hub: LocalHub, settings: Any, example: Any, promoted: Any) -> RegisteredModel:
    """A model that answers, tracked at a tag of a repository that holds another commit."""
    promoted("iris")
    settings.HUB_ENDPOINTS, settings.HUB_TOKENS = {"loopback": hub.url}, {"loopback": TOKEN}
    settings.HUB_BUDGET_SECONDS = 2
    hubs.publish(hub, example("iris"), tag="v1")
    return actions.track_model(name="iris", endpoint="loopback", repo_id=REPO, ref="v1")


@pytest.fixture
def sync(tracked: RegisteredModel) -> Sync:
    """`sync()`: what came of asking the Hub and importing what is new."""

    def ask() -> Delivery:
        model = RegisteredModel.objects.get(pk=tracked.pk)
        return discovery.sync(discovery.note(model=model, kind=Delivery.Kind.BUTTON), at=timezone.now())

    return ask


def answering(by: User) -> int:
    """The number of the version that answers."""
    columns = {name: [value] for name, value in IRIS.items()}
    answer = predictions.predict(model="iris", columns=columns, rows=1, source=Source.API, by=by)
    assert answer.predictions[0].label == "setosa"
    return answer.version.number


def test_a_tag_is_stored_as_its_commit(hub: LocalHub, tracked: RegisteredModel) -> None:
    first = hub.store.resolve(REPO, "v1")
    found, _new = discovery.follow(discovery.note(model=tracked, kind=Delivery.Kind.POLL))
    hub.store.commit(REPO, "main", changes={"n.json": None}, title="", message="", parent=None)
    hub.store.unpoint(REPO, "tags", "v1")
    hub.store.point(REPO, "tags", "v1", "main")
    assert hub.store.resolve(REPO, "v1") != first
    found.refresh_from_db()
    assert (found.commit, len(first)) == (first, 40)


@pytest.mark.parametrize("file", ["GET .*/objects/", "GET .*/resolve/.*/golden.json"])
def test_a_flipped_byte_is_refused_and_the_version_before_serves(
    hub: LocalHub, sync: Sync, analyst: User, file: str
) -> None:
    hub.fail(file, corrupt=True)
    found = sync()
    assert (found.outcome, "arrived damaged" in found.text) == ("rejected", True)
    assert answering(analyst) == 1
    hub.heal()


def test_a_silent_hub_ends_within_the_budget(hub: LocalHub, sync: Sync) -> None:
    hub.fail("GET", silent=True)
    begun = time.monotonic()
    assert "did not finish" in sync().text
    assert time.monotonic() - begun < 4


def test_passing_troubles_are_told_apart(hub: LocalHub, sync: Sync) -> None:
    troubles = [
        {"status": 503},
        {"status": 429, "headers": {"RateLimit": '"api";r=0;t=55'}},
        {"drop": True},
        {"silent": True},
        {"status": 200},
    ]
    said = set()
    for trouble in troubles:
        hub.fail("GET .*/revision/", **trouble)
        said.add(sync().text)
        hub.heal()
    assert len(said) == len(troubles), said


def test_a_rejection_by_a_passing_trouble_is_made_up_for_by_the_next_poll(
    hub: LocalHub, tracked: RegisteredModel, settings: Any
) -> None:
    hub.fail("GET .*/objects/", status=503)
    for kind, outcome in ((Delivery.Kind.WEBHOOK, "rejected"), (Delivery.Kind.POLL, "imported")):
        found = discovery.sync(discovery.note(model=tracked, kind=kind), at=timezone.now())
        assert found.outcome == outcome, found.text
        hub.heal()
        settings.HUB_BUDGET_SECONDS = 60


def test_a_deleted_tag_is_said_and_its_version_serves(hub: LocalHub, sync: Sync, analyst: User) -> None:
    hub.store.unpoint(REPO, "tags", "v1")
    found = sync()
    assert "has no branch, tag or commit v1" in found.text
    assert found.text.endswith("What was imported goes on serving.")
    assert answering(analyst) == 1
    found.model.refresh_from_db()
    assert "v1" in found.model.sync_error


def test_a_peer_without_digests_and_with_long_ids(
    hub: LocalHub, tracked: RegisteredModel, sync: Sync, example: Any, settings: Any, administrator: User
) -> None:
    hub.store.commit_hash, settings.HUB_BUDGET_SECONDS = "sha256", 60
    hubs.publish(hub, example("iris"), repo_id="peer/iris")
    hub.set_flags("peer/iris", bare=True)
    actions.track_model(name="iris", endpoint="loopback", repo_id="peer/iris")
    found = sync()
    version = found.version
    assert (found.outcome, len(version.commit), version.report["hub_verified"]) == ("imported", 64, False), found.text
    promotions.request(model=version.model, version=version, by=administrator, reason="a peer")
    assert answering(administrator) == version.number
    assert sync().outcome == "known"


def test_offline_serves_what_was_imported(
    hub: LocalHub, sync: Sync, analyst: User, iris: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    runtimes.forget()
    assert artifacts.read(iris, "model.converted.onnx")
    hub.requests.clear()
    found = sync()
    assert (found.outcome, "HF_HUB_OFFLINE is set" in found.text) == ("failed", True)
    assert answering(analyst) >= 1
    assert hub.requests == []
