"""In French a page of the registry holds no English sentence, other than what is marked as English."""

import re
from html.parser import HTMLParser

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import translation

from registry import automation, promotions, said, serving
from registry.exceptions import ModelSuspended
from registry.models import Delivery, ModelVersion, PromotionRequest, RegisteredModel
from tests.futurisys.test_translations import catalogue
from tests.registry.people import asked, browser, person

VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "wbr"}
SPOKEN = {"alt", "aria-label", "data-label", "placeholder", "title"}
PAGES = [
    "",
    "iris/",
    "iris/settings",
    "iris/stop",
    "iris/versions/1/",
    "iris/versions/2/",
    "iris/versions/2/promote",
    "iris/versions/2/signature",
    "iris/versions/3/",
    "iris/versions/3/promote",
    "iris/versions/4/",
    "deliveries/",
    "requests/",
    "requests/{request}/",
]
REASON = "There is no manifest, and the estimator does not tell its inputs. Add a manifest."


class French(HTMLParser):
    """What a page says, without what is marked as another language."""

    def __init__(self) -> None:
        super().__init__()
        self.languages = ["fr"]
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        language = given.get("lang") or self.languages[-1]
        if language == "fr":
            self.found += [text or "" for name, text in attributes if name in SPOKEN]
        if tag not in VOID:
            self.languages.append("code" if tag in ("script", "style") else language)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Of SVG: it holds no text."""

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self.languages.pop()

    def handle_data(self, data: str) -> None:
        if self.languages[-1] == "fr":
            self.found.append(data)


def french_words(html: str) -> str:
    page = French()
    page.feed(html)
    return " ".join(" ".join(page.found).split())


def english_sentences() -> list[str]:
    """Of each message the longest part without a hole, where that is a sentence: more than three words."""
    parts = [
        max(re.split(r"%\(\w+\)[sd]|</?\w+>", message), key=len)
        for message, french in catalogue().items()
        if message != french
    ]
    return [" ".join(part.split()) for part in parts if len(part.split()) > 3]


@pytest.fixture
def reader(iris: ModelVersion, ready, administrator: User) -> Client:
    """Who may do everything, and reads French, while the model is in every state at once."""
    second = ready("iris")
    model, rows = iris.model, ModelVersion.objects
    rows.create(model=model, number=3, commit="3" * 40, status="rejected", reason=REASON)
    rows.create(model=model, number=4, commit="4" * 40, progress="replaying golden rows")
    RegisteredModel.objects.filter(pk=model.pk).update(
        sync_error="The Hub “huggingface” is no longer in HUB_ENDPOINTS.", synced_at=iris.created_at
    )
    text = f"Version 3 (33333333) was rejected. {REASON} What was imported goes on serving."
    Delivery.objects.create(model=model, kind="poll", outcome="rejected", text=text)
    asked(second, by=person("requester"), reason="elle est meilleure")
    return browser(administrator, accept_language="fr")


def test_no_sentence_of_a_page_is_english(reader: Client) -> None:
    request, english = PromotionRequest.objects.get(status="open").pk, {}
    sentences = english_sentences()
    for path in PAGES:
        response = reader.get("/registry/" + path.format(request=request))
        assert response.status_code == 200, path
        found = french_words(response.content.decode())
        english[path] = [sentence for sentence in sentences if sentence in found]
    assert {path: found for path, found in english.items() if found} == {}


def test_what_a_worker_stored_is_read_in_french(reader: Client) -> None:
    found = french_words(reader.get("/registry/iris/versions/3/").content.decode())
    assert "l’estimateur n’indique pas ses entrées" in found


def test_the_admin_reads_it_in_french_too(reader: Client) -> None:
    for path in ("modelversion/", "delivery/", "registeredmodel/"):
        found = french_words(reader.get(f"/admin/registry/{path}").content.decode())
        assert ("n’indique pas ses entrées" in found) or ("n’est plus dans HUB_ENDPOINTS" in found), path


def test_what_the_robot_is_refused_is_stored_in_english(iris: ModelVersion) -> None:
    RegisteredModel.objects.update(auto_promote=True, metric_floors={"accuracy": 0.1})
    with translation.override("fr"):
        came_of_it = automation.consider(ModelVersion.objects.get(pk=iris.pk))
    assert came_of_it == "Not promoted by itself: iris v1 is in charge already."
    assert said.is_known(came_of_it)


def test_a_refusal_that_was_remembered_is_said_in_the_language_of_who_asks_next(iris: ModelVersion) -> None:
    promotions.suspend(model=iris.model, by=person("approver"), reason="a test")
    for language, words in (("fr", "est suspendu depuis le"), ("en", "is suspended since")):
        with translation.override(language), pytest.raises(ModelSuspended, match=words):
            serving.champion("iris")
