"""A file of ten thousand rows, a decision and what became of it, an audit: from the home page, in every way there is."""

import csv
import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from benchmarks.killing import Worker
from examples.attrition import synthetic
from futurisys.accounts import roles
from predictions import actions
from predictions.batches import running
from predictions.models import Decision, Estimate, Outcome, Prediction, Source
from predictions.presenters import RecordPage
from registry.models import ModelVersion, RegisteredModel
from tests.browser.hands import Somebody
from tests.predictions.employees import PERSON, ask_about, dataset
from tests.worlds import member

pytestmark = pytest.mark.browser

ROWS, BAD, KINDS = 10_000, 300, 4
GOOD, EACH = ROWS - BAD, BAD // KINDS
WORKING = 120_000  # milliseconds that a worker may take to start and to do its work
# Pages that name the answer to others. What may be chosen names every answer.
ELSEWHERE = [
    *["/", "/decisions/", "/outcomes/", "/history/search/", "/history/person/?key=E-7", "/history/{answer}/outcome"],
    "/answers/{answer}/",
]
READ = """() => {
  const body = document.body.cloneNode(true);
  body.querySelectorAll("select, .choices").forEach(one => one.remove());
  return body.textContent;
}"""
WHY = "She moves to another department in June."


# A file


@cache
def people() -> str:
    """Employees as a French spreadsheet writes them; again and again four rows have four kinds of errors."""
    frame = synthetic.generate(rows=ROWS).drop(columns="outcome").astype({"age": object})
    frame["prime"] = [f"{1000 + number / 8:.2f}".replace(".", ",") for number in range(ROWS)]
    frame["paie"] = frame.pop("revenu_mensuel").map("{},00".format)
    wrong = [number * (ROWS // EACH) for number in range(EACH)]
    frame.loc[wrong, "age"] = "jeune"
    frame.loc[[row + 1 for row in wrong], "paie"] = ""
    frame.loc[[row + 2 for row in wrong], "departement"] = "Plage"
    lines = frame.to_csv(sep=";", index=False).splitlines()
    for row in wrong:
        lines[row + 4] += ";one too many"
    return "\r\n".join([*lines, ""])


@pytest.fixture
def file(tmp_path: Path, promoted: Callable[..., ModelVersion], analyst: User) -> Path:
    """The file of employees, and the model that it is for."""
    promoted("attrition")
    path = tmp_path / "salaries.csv"
    path.write_text(people(), "cp1252", newline="")
    return path


@pytest.fixture
def work(way: str, request: pytest.FixtureRequest) -> Callable[[], object]:
    """`work()`: what waits is done. With a mouse by a worker as it runs in production, else in this process."""
    if way != "mouse":
        return lambda: running.work(seconds=60)
    request.getfixturevalue("worker")
    return lambda: None


@pytest.fixture
def worker(database_environment: dict[str, str], tmp_path: Path) -> Iterator[Worker]:
    """A Celery worker, which is still starting."""
    own = {"ARTIFACT_CACHE": str(tmp_path / "cache"), "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    worker = Worker(database_environment | own | {"OMP_NUM_THREADS": "1"}, tmp_path / "log")
    worker.start()
    yield worker
    worker.stop()


def test_from_a_file_with_bad_rows_to_its_answers(
    file: Path, work: Callable[[], object], come_in: Callable[..., Somebody], way: str
) -> None:
    somebody = come_in("analyst", way)
    page, hands, word = somebody.page, somebody.hands, somebody.word
    somebody.press("link", word("Files"), exact=True)
    hands.arrive(word("Files"))
    somebody.press("link", word("Ask about a file"))
    hands.choose(page.locator("input[type=file]"), file)
    somebody.press("button", word("Upload and choose columns"))
    hands.arrive(word("Choose the columns"))
    for guessed in ("Semicolon ( ; )", "Windows-1252 (older spreadsheets)", "Comma, as in 1234,5"):
        expect(page.locator(".read-as")).to_contain_text(word(guessed))
    hands.pick(page.get_by_label("Revenu mensuel" if somebody.language == "fr" else "Monthly income"), "paie")
    somebody.press("button", word("Check the rows"))
    hands.arrive(word("The rows are being checked"))
    work()
    wait_for(somebody, word("%(good)s of %(rows)s rows can be run", good=GOOD, rows=ROWS))
    expect(page.locator(".repair--error h3")).to_have_text([re.compile(f"^{EACH} ")] * KINDS)
    somebody.press("button", word("Run the %(count)s good rows", count=GOOD))
    expect(page.locator("#run-title")).to_be_visible()
    work()
    wait_for(somebody, word("%(answered)s of %(rows)s rows were answered", answered=GOOD, rows=ROWS))
    parts = " + ".join([word("%(count)s answered", count=GOOD), word("%(count)s rejected", count=BAD)])
    expect(page.locator("#sum-text")).to_have_text(
        word("%(parts)s = %(rows)s rows in the file", parts=parts, rows=ROWS)
    )
    expect_the_files(somebody)


def wait_for(somebody: Somebody, title: str) -> None:
    """What the worker made of it: the page comes by itself, or by the link that is there."""
    if not somebody.runs_scripts:
        somebody.press("link", somebody.word("Refresh"))
    expect(somebody.page.get_by_role("heading", level=1)).to_have_text(title, timeout=WORKING)
    somebody.hands.arrive(title)


def expect_the_files(somebody: Somebody) -> None:
    """Every good row with its answer, and every other one as it was, with the reason."""
    answers = list(csv.reader(somebody.fetch(somebody.word("Download the answers")).splitlines(), delimiter=";"))
    refused = list(csv.reader(somebody.fetch(somebody.word("Download the rejected rows")).splitlines(), delimiter=";"))
    assert (len(answers), len({len(line) for line in answers})) == (GOOD + 1, 1)
    assert (Prediction.objects.count(), len(refused)) == (GOOD, BAD + 1)
    place = refused[0].index(somebody.word("Reason"))  # what a row has beyond the headings comes after it
    reasons = [tuple(line[place : place + 2]) for line in refused[1:]]
    assert sorted(reasons.count(one) for one in {*reasons}) == [EACH] * KINDS
    assert all(reason for reason, _field in reasons)
    assert sum(not field for _reason, field in reasons) == EACH  # a cell too many is no field's


# A decision, and what became of it


@pytest.fixture
def answer(promoted: Callable[..., ModelVersion], analyst: User) -> Prediction:
    """The analyst's, about an employee, of a high-risk model; a decision maker is there."""
    version = promoted("attrition")
    RegisteredModel.objects.filter(pk=version.model_id).update(is_high_risk=True)
    member("decider", roles.DECISION_MAKER)
    record = dataset(version, analyst, [{"key": "E-7"}]).record_set.get()
    columns = {name: [record.data[name]] for name in PERSON}
    how = {"source": Source.FORM, "by": analyst, "rows": 1, "records": [record.pk], "cases": ["E-7"], "explain": True}
    return actions.predict(model="attrition", columns=columns, **how).predictions[0]


def decide(somebody: Somebody) -> None:
    """Disagree, on the page of the answer."""
    form, hands, word = somebody.page.locator("#decide"), somebody.hands, somebody.word
    hands.mark(form.get_by_role("radio", name=word("I disagree")))
    hands.mark(form.get_by_role("radio", name=word("The model does not know something important")))
    hands.enter(form.get_by_role("textbox", name=word("Comment")), WHY)
    somebody.press("button", word("Record the decision"))
    somebody.says(word("Your decision is recorded."))


def report(somebody: Somebody) -> None:
    """What really happened, on the same page; seen today."""
    form, hands, word = somebody.page.locator("#report"), somebody.hands, somebody.word
    somebody.unfold(word("Report what happened"))
    hands.mark(form.get_by_role("radio").last)
    hands.date(form.get_by_label(word("Observed on")), timezone.localdate())
    somebody.press("button", word("Record the outcome"))
    somebody.says(word("The outcome is recorded."))


def to_the_answer(somebody: Somebody) -> None:
    """From the home page by the queue."""
    hands, word = somebody.hands, somebody.word
    somebody.press("link", f"{word('Decide')} – {word('1 answer waits for a decision')}")
    hands.arrive(word("To be decided"))
    somebody.press("link", "E-7")


def test_from_the_queue_to_a_decision_and_its_outcome(
    answer: Prediction, come_in: Callable[..., Somebody], way: str
) -> None:
    somebody = come_in("decider", way)
    page, hands, word = somebody.page, somebody.hands, somebody.word
    to_the_answer(somebody)
    hands.arrive(heading(somebody))
    decide(somebody)
    expect(page.get_by_role("region", name=word("Decision"), exact=True)).to_contain_text(WHY)
    report(somebody)
    hands.arrive(heading(somebody))
    wrong = word("The answer was wrong: it said “%(answer)s”.").partition("%")[0].rstrip("“« \u202f\xa0")
    for part, text in (("What was entered", "41"), ("Decision", WHY), ("What really happened", wrong)):
        expect(page.get_by_role("region", name=word(part), exact=True)).to_contain_text(text)
    expect(page.get_by_role("region", name=word("Main factors")).get_by_role("img")).not_to_have_count(0)
    kept = Decision.objects.values_list("verdict", "reason", "comment").get()
    assert kept == ("disagree", "missing_context", WHY)
    assert Outcome.objects.get().observed_date == timezone.localdate()


def heading(somebody: Somebody) -> re.Pattern[str]:
    """What the page of an answer is headed by."""
    return re.compile(re.escape(somebody.word("The model answers <strong>%(answer)s</strong>").partition("<")[0]))


def test_nothing_of_an_answer_is_seen_before_the_own_estimate(
    answer: Prediction, come_in: Callable[..., Somebody]
) -> None:
    somebody = come_in("decider", "keyboard")
    page, hands, word = somebody.page, somebody.hands, somebody.word
    somebody.press("link", word("Decisions"), exact=True)
    somebody.press("button", word("Turn on"))
    expect(page.locator(".queue")).to_contain_text("hidden")
    seen = {}
    for path in ELSEWHERE:
        page.goto(path.format(answer=answer.pk, record=answer.record_id))
        seen[path] = [text for text in told(answer) if text in page.evaluate(READ)]
    assert {path for path, texts in seen.items() if texts} == set()
    page.goto("/")
    to_the_answer(somebody)
    hands.arrive(word("Say first what you expect"))
    assert [text for text in told(answer) if text in page.evaluate(READ)] == []
    assert RecordPage(answer).shown_score not in page.content()
    assert page.locator("main figure").count() == 0
    hands.mark(page.locator("#estimate").get_by_role("radio").last)
    somebody.press("button", word("Record my estimate and show the answer"))
    hands.arrive(heading(somebody))
    expect(page.locator(".decision__expected")).to_be_visible()
    decide(somebody)
    assert Decision.objects.get().estimate == Estimate.objects.get()


def told(answer: Prediction) -> list[str]:
    """The texts that tell what was answered: its class, and how likely."""
    page = RecordPage(answer)
    return [page.label, page.shown_score]


# An audit


@pytest.fixture
def asked(promoted: Callable[..., ModelVersion], analyst: User, auditor: User) -> list[Prediction]:
    """About one employee by two versions, the second time with other values; and about somebody else."""
    first = promoted("attrition")
    record, other = dataset(first, analyst, [{"key": "E-7"}, {"key": "E-8"}]).record_set.order_by("pk")
    before = ask_about(record, analyst)
    promoted("attrition")
    found = [before, ask_about(record, analyst, age=45, heure_supplementaires="Non"), ask_about(other, analyst)]
    return [answer.predictions[0] for answer in found]


def look_for(somebody: Somebody, text: str) -> None:
    """On the home page."""
    somebody.hands.enter(
        somebody.page.get_by_label(somebody.word("Number of the answer, or key of the person or case")), text
    )
    somebody.press("button", somebody.word("Find"), exact=True)


def test_an_auditor_finds_an_answer_and_the_story_of_a_person(
    asked: list[Prediction], come_in: Callable[..., Somebody], way: str
) -> None:
    somebody = come_in("auditor", way)
    page, hands, word = somebody.page, somebody.hands, somebody.word
    look_for(somebody, str(asked[0].pk))
    hands.arrive(heading(somebody))
    somebody.says(str(asked[0].pk))
    somebody.press("link", word("Home"), exact=True)
    hands.arrive(word("Hello"))
    look_for(somebody, "E-7")
    hands.arrive(word("All answers"))
    expect(page.locator(".table--found tbody").get_by_role("row")).to_have_count(2)
    for box in (0, 1):
        hands.tick(page.locator(".table--found").get_by_role("checkbox").nth(box))
    assert len(somebody.fetch(word("Download as CSV")).splitlines()) == 3
    somebody.press("button", word("Compare"), exact=True)
    hands.arrive(word("Two answers side by side"))
    differing = page.get_by_role("table", name=word("Fields that differ")).locator("tbody").get_by_role("row")
    expect(differing).to_have_count(2)
    page.go_back()
    somebody.press("link", "E-7", exact=True)
    hands.arrive(word("All answers about %(key)s", key="E-7"))
    for number in (1, 2):
        somebody.says(word("version %(number)s", number=number))
    somebody.press("link", word("Compare with the one before"))
    hands.arrive(word("Two answers side by side"))
