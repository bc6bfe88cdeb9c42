"""Describing a version in the browser: what is inferred, what may be said better, and that it makes a new version."""

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from registry.importer.package import Package
from registry.models import ModelVersion
from tests.registry.people import browser, person, text

Ready = Callable[..., ModelVersion]
SIGNATURE = "/registry/iris/versions/{}/signature"
INPUT = re.compile(r'<(?:input|select|textarea)[^>]* name="([^"]+)"')


@pytest.fixture
def page(db: None) -> Client:
    """The browser of somebody who may describe versions."""
    return browser(person("manager"))


@pytest.fixture
def draft(ready: Ready, examined: Callable[[str], Package]) -> ModelVersion:
    """A version whose ranges were inferred."""
    report = examined("iris").report | {"inferred": ["sepal_length.train_range"]}
    signature = copy.deepcopy(examined("iris").signature_json)
    for feature in signature["inputs"]["features"]:
        del feature["label"]
    return ready("iris", is_draft=True, report=report, signature_json=signature)


def sent_by(response: Any) -> dict[str, str]:
    """Every field of the form with the text in it, as a browser would send it."""
    found = response.context["page"]
    sections = [*found.features, found.answer, *([found.image] if found.image else [])]
    return {entry.field.key: entry.value for section in sections for entry in section._all()}


def test_a_draft_shows_what_was_inferred(page: Client, draft: ModelVersion) -> None:
    response = page.get(SIGNATURE.format(1))
    content = response.content.decode()
    assert "What this version takes was inferred from its files." in text(response)
    assert 'id="id_f0-train_low_inferred"' in content
    assert 'id="id_f1-train_low_inferred"' not in content
    assert set(sent_by(response)) <= set(INPUT.findall(content))


def test_saving_makes_a_ready_version_that_can_be_promoted(page: Client, draft: ModelVersion) -> None:
    sent = sent_by(page.get(SIGNATURE.format(1))) | {"f0-label_en": "Length <b>of</b> sepal", "f0-label_fr": "Longueur"}
    response = page.post(SIGNATURE.format(1), sent)
    assert (response.status_code, response["Location"]) == (302, "/registry/iris/versions/2/")
    new = ModelVersion.objects.get(number=2)
    assert (new.is_draft, new.status, new.commit) == (False, "ready", draft.commit)
    assert new.signature["inputs"]["features"][0]["label"] == {"en": "Length <b>of</b> sepal", "fr": "Longueur"}
    assert new.report["confirmed_by"] == "manager"
    shown = page.get(response["Location"])
    assert "Version 2 is described and ready: it can be put in charge." in text(shown)
    compared = page.get("/registry/iris/versions/2/promote").content.decode()
    assert ("<b>" in compared, "described by manager, from version 1" in compared) == (False, True)


def test_a_draft_may_be_vouched_for_as_it_stands(page: Client, draft: ModelVersion) -> None:
    assert page.post(SIGNATURE.format(1), sent_by(page.get(SIGNATURE.format(1)))).status_code == 302
    assert ModelVersion.objects.get(number=2).signature == draft.signature


def test_a_ready_version_stays_as_it_is(page: Client, iris: ModelVersion) -> None:
    sent = sent_by(page.get(SIGNATURE.format(1)))
    unchanged = page.post(SIGNATURE.format(1), sent)
    assert (unchanged.status_code, "Nothing was changed" in text(unchanged)) == (400, True)
    assert page.post(SIGNATURE.format(1), sent | {"f0-max": "20", "c0-label_fr": "Iris soyeux"}).status_code == 302
    iris.refresh_from_db()
    new = ModelVersion.objects.get(number=2)
    assert (iris.signature["inputs"]["features"][0]["max"], new.signature["inputs"]["features"][0]["max"]) == (30, 20)
    assert new.signature["outputs"]["classes"][0]["label"] == {"en": "Iris setosa", "fr": "Iris soyeux"}


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"f0-min": "low"}, "id_f0-min"),
        ({"f0-min": "9", "f0-max": "3"}, "id_f0-min"),
        ({"f0-max": "31"}, "id_f0-max"),
        ({"f1-sensitive": "very"}, "id_f1-sensitive"),
        ({"f1-label_en": "x" * 2001}, "id_f1-label_en"),
        ({"f1-label_en": "a\x00b"}, "id_f1-label_en"),
        ({"f2-train_low": ""}, "id_f2-train_low"),
        ({"c1-label_fr": "x" * 2001}, "id_c1-label_fr"),
    ],
)
def test_errors_name_the_field_and_keep_what_was_typed(page, iris, changes: dict[str, str], where: str) -> None:
    response = page.post(SIGNATURE.format(1), sent_by(page.get(SIGNATURE.format(1))) | changes)
    content = response.content.decode()
    assert (response.status_code, f'href="#{where}"' in content, f'id="{where}"' in content) == (400, True, True)
    assert f'aria-describedby="{where}_error"' in content
    typed = [value for value in changes.values() if value and value != "very"]
    assert [value for value in typed if value not in content] == []
    assert ModelVersion.objects.count() == 1


def test_what_the_import_never_saw_is_not_promised(page: Client, draft: ModelVersion) -> None:
    sent = {"f0-nullable": "true", "f0-allow_unknown": "true", "f0-name": "other", "nothing": "x"}
    assert page.post(SIGNATURE.format(1), sent).status_code == 302, "what is no field of the form changes nothing"
    assert ModelVersion.objects.get(number=2).signature == draft.signature


def test_what_was_typed_is_never_markup(page: Client, iris: ModelVersion) -> None:
    sent = {"f0-help_en": "</textarea><b>x</b>", "f0-label_en": '"><b>x</b>', "f0-min": "<b>"}
    assert b"<b>" not in page.post(SIGNATURE.format(1), sent).content


@pytest.mark.parametrize("status", ["importing", "rejected"])
def test_what_is_not_ready_cannot_be_described(page: Client, iris: ModelVersion, status: str) -> None:
    ModelVersion.objects.create(model=iris.model, number=2, commit="2" * 40, status=status, reason="x")
    for response in (page.get(SIGNATURE.format(2)), page.post(SIGNATURE.format(2), {"f0-label_en": "x"})):
        assert (response.status_code, "Only a version whose import went well" in text(response)) == (409, True)


def test_a_picture_model_is_described_too(page: Client, ready: Ready) -> None:
    ready("digits")
    path = "/registry/digits/versions/1/signature"
    response = page.get(path)
    assert "How a picture is read" in text(response)
    assert page.post(path, sent_by(response) | {"o-label_fr": "Chiffre écrit"}).status_code == 302
    assert ModelVersion.objects.get(number=2).signature["outputs"]["label"]["fr"] == "Chiffre écrit"


def test_the_language_button_keeps_what_was_typed(page: Client, iris: ModelVersion) -> None:
    content = page.post(SIGNATURE.format(1), {"f0-label_en": "déjà tapé", "language": "fr"}).content.decode()
    assert ('<html lang="fr">' in content, 'value="déjà tapé"' in content) == (True, True)
    assert ModelVersion.objects.count() == 1


def test_a_reader_sees_and_cannot_send(iris: ModelVersion) -> None:
    content = browser(person("reader")).get(SIGNATURE.format(1)).content.decode()
    assert ("disabled" in content, "Save as a new version" in content) == (True, False)


def test_the_widest_signature_fits_into_one_request(page: Client, iris: ModelVersion, administrator: User) -> None:
    """500 features, the most that the contract takes, half of them lists with more values than one page asks for."""
    signature = copy.deepcopy(iris.signature)
    number = signature["inputs"]["features"][0]
    names = [{"value": f"value {n}"} for n in range(30)]
    lists = [{"name": f"list {n}", "dtype": "category", "categories": names} for n in range(250)]
    signature["inputs"]["features"] = [*({**number, "name": f"number {n}"} for n in range(250)), *lists]
    ModelVersion.objects.create(
        model=iris.model, number=2, commit="2" * 40, status="ready", runtime="onnx", signature=signature
    )
    response = page.get(SIGNATURE.format(2))
    assert "more values are not shown" in text(response)
    sent = sent_by(response)
    assert 9_000 < len(sent) < settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    assert page.post(SIGNATURE.format(2), sent | {"f499-label_en": "The last"}).status_code == 302
    new = ModelVersion.objects.get(number=3)
    assert new.signature["inputs"]["features"][499]["label"] == "The last"
    assert new.signature["inputs"]["features"][499]["categories"] == names
