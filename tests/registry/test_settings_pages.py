"""How a model is looked after, in the browser: what may be set, what goes together, and who changed what."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from registry import oversight, promotions
from registry.exceptions import NotAllowed
from registry.models import ModelVersion, RegisteredModel
from registry.oversight import Rules
from tests.registry.people import browser, person, text, two_people

SETTINGS = "/registry/iris/settings"
AS_IT_IS = {"approval": "one", "poll_minutes": "15"}


@pytest.fixture
def manager(db: None) -> User:
    return person("manager")


@pytest.fixture
def page(iris: ModelVersion, manager: User) -> Client:
    return browser(manager)


def in_force() -> dict[str, object]:
    names = ("is_high_risk", "approval", "auto_promote", "metric_floors", "poll_minutes", "outcome_days")
    return RegisteredModel.objects.values(*names).get(name="iris")


def test_what_was_set_is_in_force_and_shown_with_who_did_it(page: Client) -> None:
    sent = AS_IT_IS | {"auto_promote": "on", "floor-accuracy": "0,9", "poll_minutes": "5", "outcome_days": "180"}
    saved = page.post(SETTINGS, sent)
    assert (saved.status_code, saved["Location"]) == (302, SETTINGS)
    assert in_force() == {
        "is_high_risk": False,
        "approval": "one",
        "auto_promote": True,
        "metric_floors": {"accuracy": 0.9},
        "poll_minutes": 5,
        "outcome_days": 180,
    }
    response = page.get(SETTINGS)
    found = text(response)
    assert "The settings are saved." in found
    assert "Promotion by itself : no → becomes yes Manager," in found
    assert "Metric floors : none → becomes accuracy 0.9 Manager," in found
    assert "Days until the outcome is known : none → becomes 180 Manager," in found
    assert 'value="0.9"' in response.content.decode()


def test_the_history_of_the_settings_is_set_in_french(page: Client) -> None:
    page.post(SETTINGS, AS_IT_IS | {"poll_minutes": "5"})
    assert "</strong>\u202f: 15" in page.get(SETTINGS, headers={"accept-language": "fr"}).content.decode()


def test_nothing_changed_is_noted_nowhere(page: Client) -> None:
    assert page.post(SETTINGS, AS_IT_IS).status_code == 302
    assert not LogEntry.objects.exists()
    assert "Nothing was changed since the model was tracked." in text(page.get(SETTINGS))


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"approval": ""}, "id_approval_0"),
        ({"approval": "three"}, "id_approval_0"),
        ({"poll_minutes": ""}, "id_poll_minutes"),
        ({"poll_minutes": "-1"}, "id_poll_minutes"),
        ({"poll_minutes": "1.5"}, "id_poll_minutes"),
        ({"poll_minutes": "10081"}, "id_poll_minutes"),
        ({"poll_minutes": "9" * 19}, "id_poll_minutes"),
        ({"outcome_days": "-1"}, "id_outcome_days"),
        ({"outcome_days": "1.5"}, "id_outcome_days"),
        ({"outcome_days": "3651"}, "id_outcome_days"),
        ({"outcome_days": "9" * 21}, "id_outcome_days"),
        ({"floor-accuracy": "high"}, "id_floor-accuracy"),
        ({"floor-accuracy": "1e999"}, "id_floor-accuracy"),
        ({"floor-accuracy": "nan"}, "id_floor-accuracy"),
        ({"auto_promote": "on"}, "id_auto_promote"),
        ({"auto_promote": "on", "floor-accuracy": "0.9", "approval": "two"}, "id_auto_promote"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(page: Client, changes: dict[str, str], where: str) -> None:
    before = in_force()
    response = page.post(SETTINGS, AS_IT_IS | changes)
    content = response.content.decode()
    assert (response.status_code, f'href="#{where}"' in content, f'id="{where}"' in content) == (400, True, True)
    assert in_force() == before
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(("sent", "kept"), [("0", 0), ("3650", 3650), ("", None), (" ", None)])
def test_an_outcome_is_asked_after_days_or_never(page: Client, sent: str, kept: int | None) -> None:
    RegisteredModel.objects.update(outcome_days=7)
    assert page.post(SETTINGS, AS_IT_IS | {"outcome_days": sent}).status_code == 302
    assert in_force()["outcome_days"] == kept


def test_high_risk_proposes_two_people_once(page: Client) -> None:
    response = page.post(SETTINGS, AS_IT_IS | {"is_high_risk": "on"})
    assert "A high-risk model takes two people by default" in text(response)
    assert in_force()["is_high_risk"] is False, "nothing is saved yet"
    proposed = response.context["form"]
    assert (proposed["approval"].value(), proposed["proposed"].value()) == ("two", "1")
    assert page.post(SETTINGS, AS_IT_IS | {"is_high_risk": "on", "proposed": "1"}).status_code == 302
    assert (in_force()["is_high_risk"], in_force()["approval"]) == (True, "one")
    assert page.post(SETTINGS, AS_IT_IS | {"is_high_risk": "on"}).status_code == 302, "it was marked before"


def test_a_reader_sees_and_cannot_send(iris: ModelVersion) -> None:
    reader = browser(person("reader"))
    content = reader.get(SETTINGS).content.decode()
    assert ("<fieldset" in content, "disabled" in content, "Save the settings" in content) == (True, True, False)


def test_names_from_a_repository_are_neither_markup_nor_a_line_of_the_history(page, iris, manager: User) -> None:
    name = "a\nis_high_risk: no → yes <b>"
    oversight.oversee(model=iris.model, rules=Rules(metric_floors={name: 0.5}), by=manager)
    found = page.get(SETTINGS).content.decode()
    assert "<b>" not in found
    assert len(oversight.history(iris.model)) == 1
    assert "High-risk" not in text(page.get(SETTINGS))


def test_other_edits_in_the_admin_are_no_settings(page: Client, iris: ModelVersion, administrator: User) -> None:
    browser(administrator).post(f"/admin/registry/registeredmodel/{iris.model.pk}/change/", {"tracked_ref": "v2"})
    assert LogEntry.objects.count() == 1
    assert oversight.history(iris.model) == []


def test_the_verb_asks_for_the_right(iris: ModelVersion) -> None:
    with pytest.raises(NotAllowed):
        oversight.oversee(model=iris.model, rules=Rules(poll_minutes=1), by=person("approver"))
    assert in_force()["poll_minutes"] == 15


def test_who_asks_cannot_take_the_second_person_away(iris: ModelVersion, manager: User, page: Client) -> None:
    two_people(iris.model)
    with pytest.raises(oversight.Refused, match="Only who may approve promotions"):
        oversight.oversee(model=iris.model, rules=Rules(approval="one"), by=manager)
    iris.model.refresh_from_db()
    assert iris.model.approval == "two"
    both = person("manager", "deputy")
    both.user_permissions.add(Permission.objects.get(codename="approve_promotion"))
    assert oversight.oversee(model=iris.model, rules=Rules(approval="one"), by=both).approval == "one"


def test_no_floor_is_offered_where_less_is_better(page: Client, iris: ModelVersion, ready) -> None:
    metrics = [{"name": "accuracy", "value": 0.9}, {"name": "brier", "value": 0.1}, {"name": "log_loss", "value": 0.2}]
    second = ready("iris", metadata={**iris.metadata, "metrics": metrics})
    promotions.request(model=iris.model, version=second, by=person("requester"), reason="it is better")
    shown = text(page.get(SETTINGS))
    assert "Accuracy" in shown
    assert "brier" not in shown.lower()
    assert "log loss" not in shown.lower()


def test_the_language_button_keeps_what_was_typed(page: Client) -> None:
    sent = {"approval": "two", "poll_minutes": "77", "floor-accuracy": "0.77", "language": "fr"}
    content = page.post(SETTINGS, sent).content.decode()
    wanted = ['<html lang="fr">', 'value="77"', 'value="0.77"']
    assert [words for words in wanted if words not in content] == []
    assert in_force()["poll_minutes"] == 15


def test_a_model_without_versions_has_settings(manager: User) -> None:
    from registry import actions

    actions.track_model(name="iris", endpoint="huggingface", repo_id="demo/iris")
    page = browser(manager)
    assert "The manifest holds no metrics" in text(page.get(SETTINGS))
    assert page.post(SETTINGS, AS_IT_IS | {"poll_minutes": "0"}).status_code == 302
    assert in_force()["poll_minutes"] == 0
