"""Of the house what comes after asking: files in every state, decisions, outcomes, and the history of all of it."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from futurisys.accounts import roles
from predictions.batches import running, verbs
from predictions.imports.verbs import keep_upload
from predictions.models import Batch, Prediction
from predictions.outcomes.verbs import RIGHT
from registry.models import ModelVersion
from tests.predictions.histories import ask, awaited, decide, happened
from tests.predictions.whole_files import checked, finished, flowers_csv, sent, submitted

BUSINESS, DECIDER, AUDITOR = roles.BUSINESS_USER, roles.DECISION_MAKER, roles.AUDITOR
ESTIMATOR = "estimator"  # a decision maker who says first what they expect
BAD = {
    1: {"sepal_length": "long"},
    4: {"petal_width": "", "sepal_width": "99"},
    7: {"id": "A flower " * 8, "petal_length": "?"},
}
LONG_NAME = f"{'a file whose name never comes to its end ' * 3}.csv"
# (who, path) or (who, path, button to press)
Way = tuple[str, ...]


def files(by: User, iris: ModelVersion) -> dict[str, Batch]:
    """A file in each state; parts of files must be small here, for one of them to stay half done."""
    how: dict[str, Any] = {"by": by, "version": iris}
    made = {
        "done": finished(content=flowers_csv(12, BAD), name=LONG_NAME, **how),
        "whole": finished(content=flowers_csv(3), **how),
        "incomplete": finished(content=flowers_csv(6), **how),
        "checked": checked(content=flowers_csv(12, BAD), name=LONG_NAME, **how),
        "hopeless": checked(content=flowers_csv(1, {0: {"sepal_length": "long"}}), **how),
        "stopped": submitted(content=flowers_csv(12, BAD), **how),
    }
    running.work(seconds=0)
    verbs.cancel(batch=made["stopped"], by=by)
    running.work(seconds=60)
    made["running"] = submitted(content=flowers_csv(12, BAD), name=LONG_NAME, **how)
    running.work(seconds=0)
    made["columns"] = sent(content=flowers_csv(3, delimiter=";"), name=LONG_NAME, **how)
    made["strange"] = sent(content=b"a;b;c\n1,5;2;3\n", **how)
    made["forgotten"] = sent(content=flowers_csv(2), **how)
    verbs.cancel(batch=made["forgotten"], by=by)
    made["checking"] = sent(content=flowers_csv(2), **how)
    verbs.start_check(
        batch=made["checking"], mapping={"fields": {}, "key": None} | _all(made["checking"]), dataset=None, by=by
    )
    made["reading"], made["refused"] = sent(content=flowers_csv(4), **how), sent(content=flowers_csv(5), **how)
    _are(made["incomplete"], status="incomplete", rows=8, resumed=2)
    _are(made["running"], resumed=1, reason="The model cannot answer at the moment. It is asked again.")
    _are(made["reading"], status="reading", kind="xlsx", name="book.xlsx")
    _are(made["refused"], status="refused", reason="A quote is never closed. Look at row 7.")
    return made


def _all(batch: Batch) -> dict[str, Any]:
    return {"fields": {name: place for place, name in enumerate(batch.headings) if name != "id"}, "key": 0}


def _are(batch: Batch, **values: Any) -> None:
    Batch.objects.filter(pk=batch.pk).update(**values)


def of_files(made: dict[str, Batch]) -> Iterator[Way]:
    """Each of them, where its owner is led, and what the wizard does not take."""
    yield from ((BUSINESS, f"/batches/{batch.pk}/") for batch in made.values())
    yield (BUSINESS, f"/batches/{made['running'].pk}/cancel")
    yield (BUSINESS, f"/batches/{made['checked'].pk}/cancel")
    yield (BUSINESS, f"/batches/{made['checked'].pk}/columns/")
    yield (BUSINESS, f"/batches/{made['strange'].pk}/columns/", ".send button")
    yield (BUSINESS, f"/batches/new/?model=iris&file={made['columns'].pk}")
    yield (BUSINESS, "/batches/new/", ".send button")
    yield (BUSINESS, "/batches/")
    yield (DECIDER, "/batches/")
    yield (DECIDER, "/batches/?of=all")
    yield (DECIDER, f"/batches/{made['done'].pk}/")
    yield (DECIDER, f"/batches/{made['columns'].pk}/")


class Story:
    """An answer about which everything was said, some of it twice; another that waits; a file of outcomes."""

    def __init__(self, told: Prediction, waits: Prediction, flower: Prediction, decider: User) -> None:
        self.told, self.waits, self.flower = told, waits, flower
        first = decide(told, decider, "need_more", reason="second_look", comment="Who knows her better?")
        decide(told, decider, "disagree", reason="other", comment="A long story.\n\nIn parts.", replaces=first)
        seen = happened(told, decider, "leaves", comment="By letter.")
        happened(told, decider, "stays", observed_date=date(2026, 4, 1), replaces=seen)
        self.call = ask(decider, rows=3, cases=["F-1", "F-2", "F-3"])
        self.again = ask(decider, cases=["F-1"], sepal_length=6.5, explain=True)[0]
        awaited(self.call[0], "outcome", days=-3)
        wrong = f"{self.call[1].pk};;setosa;tomorrow\n{self.call[2].pk};;a rose;2026-01-01\n;F-9;setosa;2026-01-01\n"
        fine = f"{flower.pk};;setosa;{timezone.localdate():%Y-%m-%d}\n"
        texts = {"outcomes": f"prediction id;key;outcome;observed\n{fine}{wrong}", "riddle": "a;b\n1;2\n"}
        how: dict[str, Any] = {"by": decider, "right": RIGHT}
        self.files = {
            name: keep_upload(name=f"{name}.csv", content=text.encode(), **how) for name, text in texts.items()
        }


def of_decisions(story: Story) -> Iterator[Way]:
    """The queue, the answer before and after, and who wants to estimate first."""
    told, waits = f"/history/{story.told.pk}/", f"/history/{story.waits.pk}/"
    yield from ((DECIDER, f"/decisions/{query}") for query in ("", "?who=me", "?model=digits"))
    yield from ((AUDITOR, path) for path in ("/decisions/", told))
    yield from ((DECIDER, path) for path in (told, waits))
    yield (BUSINESS, told)
    yield (DECIDER, waits, "#decide button")
    yield (ESTIMATOR, "/decisions/", ".first button")
    yield from ((ESTIMATOR, path) for path in (waits, "/history/search/", "/history/person/?key=F-1"))
    yield (ESTIMATOR, waits, "#estimate button")


def of_outcomes(story: Story) -> Iterator[Way]:
    """What is due, the form by itself, and files."""
    yield from ((who, "/outcomes/") for who in (DECIDER, BUSINESS, AUDITOR))
    yield from ((DECIDER, f"/history/{one.pk}/outcome") for one in (story.told, story.waits))
    yield (DECIDER, f"/history/{story.waits.pk}/outcome", "#report button")
    yield (DECIDER, "/outcomes/import/", ".send button")
    yield from ((DECIDER, f"/outcomes/import/?file={file.pk}") for file in story.files.values())


def of_history(story: Story, picture: Prediction, batch: Batch) -> Iterator[Way]:
    """Searches, found or not; two answers of one kind, of two kinds, and the same twice; a story."""
    words = [
        "q=nobody",
        "q=F-1",
        f"q={story.call[0].pk}",
        "model=attrition&decision=disagree&outcome=known",
        "model=nothing",
    ]
    yield from ((AUDITOR, f"/history/search/?{query}") for query in [*words, f"batch={batch.pk}", "from=2999-01-01"])
    yield (BUSINESS, "/history/search/")
    pairs = [(story.call[0], story.again), (story.told, story.waits), (story.told, story.again), (picture, picture)]
    yield from ((AUDITOR, f"/history/compare/?a={one.pk}&b={other.pk}") for one, other in pairs)
    yield (AUDITOR, "/history/compare/?answer=1")
    yield from ((AUDITOR, f"/history/person/?key={key}") for key in ("F-1", "E-1", "nobody"))
