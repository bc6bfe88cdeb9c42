"""What the product is for, from the login to an answer that says what it means, in every way that people use a page."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from examples.attrition import synthetic
from predictions.imports import verbs
from predictions.models import Prediction, Source
from registry.models import ModelVersion
from tests.browser.hands import Somebody

pytestmark = pytest.mark.browser

FIRST = ["Ada", "Bo", "Chloé", "Dan", "Eve", "Finn", "Gaïa", "Hugo", "Ida", "Jean"]
LAST = ["Arnaud", "Blanc", "Caron", "Durand", "Étienne", "Faure"]


@dataclass(frozen=True)
class Words:
    """What pages, links and buttons of the journeys are called. Spaces stand for every kind of space."""

    people: str = "Employees"
    open_set: str = "Open “Employees”"
    search: str = "Search"
    model: str = "Attrition"
    ask_one: str = "Ask Attrition about E-17"
    filled_in: str = "Filled in from record E-17 of Employees."
    trainings: str = "Trainings last year"
    send: str = "Predict and record"
    answers: str = "The model answers"
    about: str = "About the record {} of Employees"
    leaving: str = r"Of 100 people with this profile, about \d+ can be expected to leave within a year."
    factors: str = "Main factors"
    tick: str = "Tick {}"
    ask_ticked: str = "Ask Attrition about the ticked records"
    sure: str = "Ask Attrition about these records?"
    send_many: str = "Predict and record {} answers"
    columns: tuple[str, str] = ("Choose columns", "Show these columns")
    filters: tuple[str, str] = ("Filter and sort", "Apply")
    bonus: tuple[str, str, str] = ("From", "1,234.5", "Prime: at least 1\u202f234.5")
    all_found: str = "All 55 records that were found"
    digits: str = "Digits"
    picture: str = "Picture"


ENGLISH = Words()
FRENCH = Words(
    people="Salariés",
    open_set="Ouvrir « Salariés »",
    search="Rechercher",
    model="Départs",
    ask_one="Interroger le modèle Départs au sujet de E-17",
    filled_in="Rempli à partir de la fiche E-17 de « Salariés ».",
    trainings="Formations suivies l’an dernier",
    send="Prédire et enregistrer",
    answers="Le modèle répond",
    about="Au sujet de la fiche {} de « Salariés »",
    leaving=r"Sur 100 personnes .* on peut s’attendre à en voir partir environ \d+ dans l’année.",
    factors="Principaux facteurs",
    tick="Cocher {}",
    ask_ticked="Demander une prédiction au modèle Départs pour les fiches cochées",
    sure="Demander une prédiction au modèle Départs pour ces fiches ?",
    send_many="Prédire et enregistrer {} réponses",
    columns=("Choisir les colonnes", "Afficher ces colonnes"),
    filters=("Filtrer et trier", "Appliquer"),
    bonus=("De", "1 234,5", "Prime : au moins 1\u202f234,5"),
    all_found="Les 55 fiches trouvées",
    digits="Chiffres",
    picture="Image",
)


@pytest.fixture
def employees(promoted: Callable[..., ModelVersion], analyst: User) -> None:
    """The model about employees, and sixty of the synthetic company, as a French spreadsheet writes them."""
    version = promoted("attrition")
    people = synthetic.generate().head(60).drop(columns="outcome")
    people["id_employee"] = [f"E-{number}" for number in range(1, 61)]
    people["nom"] = [f"{first} {last}" for first in FIRST for last in LAST]
    people["prime"] = [round(1000.5 + 46.8 * number, 1) for number in range(60)]
    file = io.StringIO()
    people.to_csv(file, sep=";", decimal=",", index=False)
    named = {"name": "employees", "title": "Employees", "key_column": "id_employee"}
    verbs.import_records(content=file.getvalue().encode(), by=analyst, model=version.model, **named)


@pytest.fixture
def one(promoted: Callable[..., ModelVersion], tmp_path: Path) -> Path:
    """A drawing of a 1, and the model to ask about it."""
    promoted("digits")
    drawing = Image.new("L", (120, 120), "white")
    ImageDraw.Draw(drawing).line([(62, 15), (58, 105)], fill="black", width=14)
    drawing.save(tmp_path / "one.png")
    return tmp_path / "one.png"


@pytest.fixture
def somebody(come_in: Callable[..., Somebody], way: str) -> Somebody:
    """The analyst, on the home page."""
    return come_in("analyst", way)


def words_of(somebody: Somebody) -> Words:
    return FRENCH if somebody.language == "fr" else ENGLISH


def test_from_the_table_to_the_answer_about_one_person(employees: None, somebody: Somebody) -> None:
    page, words, hands = somebody.page, words_of(somebody), somebody.hands
    somebody.press("link", words.open_set)
    hands.arrive(words.people)
    hands.enter(page.get_by_role("searchbox", name=words.search), "chloe etienne")
    somebody.press("button", words.search, exact=True)
    somebody.press("link", words.ask_one)
    hands.arrive(words.model)
    somebody.says(words.filled_in)
    hands.enter(page.get_by_label(words.trainings), "3")
    somebody.press("button", words.send)
    hands.arrive(re.compile(words.answers))
    somebody.says(words.about.format("E-17"))
    expect(page.locator("main .lead")).to_have_text(re.compile(words.leaving))
    expect(page.get_by_role("region", name=words.factors).get_by_role("img")).to_have_count(5)
    assert Prediction.objects.get().inputs["nb_formations_suivies"] == 3


def expect_an_answer_of_the_list(somebody: Somebody, records: int) -> None:
    """The confirmation, all the answers, and the page of the first one."""
    page, words, hands = somebody.page, words_of(somebody), somebody.hands
    hands.arrive(words.sure)
    somebody.press("button", words.send_many.format(records))
    hands.arrive(re.compile(str(records)))
    rows = page.locator("tbody").last.get_by_role("row")
    expect(rows).to_have_count(min(records, 50))
    key = rows.first.get_by_role("rowheader").inner_text()
    hands.press(rows.first.get_by_role("cell").first.get_by_role("link"))
    hands.arrive(re.compile(words.answers))
    somebody.says(words.about.format(key))
    asked = Prediction.objects.values_list("source", "record__key")
    assert (len(asked), {source for source, _key in asked}) == (records, {Source.RECORDS})


def test_from_ticked_records_to_their_answers(employees: None, somebody: Somebody) -> None:
    somebody.press("link", words_of(somebody).open_set)
    somebody.hands.arrive(words_of(somebody).people)
    for key in ("E-2", "E-3", "E-5"):
        somebody.hands.tick(somebody.page.get_by_role("checkbox", name=words_of(somebody).tick.format(key), exact=True))
    somebody.press("button", words_of(somebody).ask_ticked)
    expect_an_answer_of_the_list(somebody, 3)


def test_from_a_filter_to_the_answers_about_all_it_finds(employees: None, somebody: Somebody) -> None:
    page, words, hands = somebody.page, words_of(somebody), somebody.hands
    somebody.press("link", words.open_set)
    somebody.unfold(words.columns[0])
    hands.tick(page.get_by_role("checkbox", name="Prime"))
    somebody.press("button", words.columns[1])
    somebody.unfold(words.filters[0])
    label, typed, chip = words.bonus
    hands.enter(page.get_by_role("group", name="Prime").get_by_label(label), typed)
    somebody.press("button", words.filters[1])
    expect(page.get_by_role("listitem").filter(has_text=chip)).to_be_visible()
    hands.arrive(words.people)
    hands.tick(page.get_by_role("checkbox", name=words.all_found))
    somebody.press("button", words.ask_ticked)
    expect_an_answer_of_the_list(somebody, 55)


def test_from_a_picture_to_the_answer(one: Path, somebody: Somebody) -> None:
    page, words, hands = somebody.page, words_of(somebody), somebody.hands
    somebody.press("link", words.digits)
    hands.arrive(words.digits)
    hands.choose(page.get_by_label(words.picture), one)
    expect(page.locator("canvas")).to_be_visible(visible=somebody.runs_scripts)
    somebody.press("button", words.send)
    hands.arrive(f"{words.answers} 1")
    expect(page.locator("main .lead")).to_contain_text(re.compile(r"\d\s?%"))
