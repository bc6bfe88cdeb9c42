"""A file of outcomes: how it is read, which answers it means, what cannot be taken, and all of it or nothing."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from predictions.imports import csv_files
from predictions.imports.verbs import keep_upload
from predictions.models import Awaited, Dataset, Outcome, Prediction, Record, Source, Upload
from predictions.outcomes import verbs
from predictions.outcomes.files import OutcomeReading
from predictions.outcomes.planning import Plan
from predictions.outcomes.template import Template
from predictions.outcomes.verbs import Meanwhile, PlanChanged, Reported, record_outcome, report_file
from predictions.outcomes.writing import payload
from registry.exceptions import NotAllowed
from registry.facts import canonical
from registry.models import ModelVersion
from tests.predictions.past import answered, today

HEAD = "prediction id;key;outcome;observed\n"


@pytest.fixture
def read(analyst: User) -> Callable[..., OutcomeReading]:
    """`read(text, **choices)`: a file that the analyst sent, as it is read."""

    def reading(text: str | bytes, by: User = analyst, **chosen: str) -> OutcomeReading:
        content = text if isinstance(text, bytes) else text.encode()
        upload = Upload.objects.create(user=by, name="outcomes.csv", content=content)
        return OutcomeReading(upload, chosen, by)

    return reading


@pytest.fixture
def answer(iris: ModelVersion, analyst: User) -> Prediction:
    """The analyst's, ten days old, due since two."""
    return answered(iris, analyst, 10, due=2, key="F-1")


def row(answer: Prediction | str = "", key: str = "", outcome: str = "setosa", ago: int = 1) -> str:
    number = answer.pk if isinstance(answer, Prediction) else answer
    return f"{number};{key};{outcome};{today(ago):%d/%m/%Y}\n"


def send(reading: OutcomeReading, by: User, *, corrects: bool = False) -> Reported:
    """What the button does."""
    assert reading.sheet is not None
    assert reading.plan is not None
    return report_file(
        sheet=reading.sheet, choices=reading.choices(), by=by, agreed=reading.plan.digest, corrects=corrects
    )


def problems(plan: Plan | None) -> list[str]:
    assert plan is not None
    return [str(problem) for problem in plan.problems]


# Which answers


def test_a_number_means_its_answer(read, answer: Prediction, analyst: User) -> None:
    reading = read(HEAD + row(answer))
    assert (reading.plan.by_number, reading.plan.by_key, problems(reading.plan)) == (1, 0, [])
    assert send(reading, analyst) == Reported(recorded=1, corrected=0, unchanged=0, left=0)
    kept = Outcome.objects.get()
    assert (kept.prediction, kept.label, kept.observed_date, kept.origin) == (answer, "setosa", today(1), "file")
    assert (kept.by, kept.comment) == (analyst, "")
    assert not Awaited.objects.exists()


def test_what_a_file_says_is_sealed_like_the_rest(read, answer: Prediction, analyst: User) -> None:
    send(read(HEAD + row(answer)), analyst)
    kept = Outcome.objects.get()
    assert bytes(kept.digest) == hashlib.sha256(bytes(kept.salt) + canonical(payload(kept))).digest()


def test_a_key_means_the_latest_answer_of_that_day_or_before(read, iris, analyst: User) -> None:
    made = {ago: answered(iris, analyst, ago, key="F-7") for ago in (30, 20, 10)}
    reading = read(HEAD + row(key="F-7", ago=15) + row(key="F-7", ago=10))
    assert (reading.model, reading.plan.by_key) == (iris.model, 2)
    assert {report.prediction for report in reading.plan.fresh} == {made[20].pk, made[10].pk}


def test_a_key_may_be_that_of_the_record(read, iris, analyst: User, flowers) -> None:
    record = flowers(2)[1]
    asked = answered(iris, analyst, 5, record=record)
    assert [report.prediction for report in read(HEAD + row(key="F-1")).plan.fresh] == [asked.pk]


def test_answers_to_changed_values_have_no_key(read, iris, analyst: User) -> None:
    asked = answered(iris, analyst, 5, key="F-7")
    answered(iris, analyst, 4, key="F-7", source=Source.CHANGED)
    assert [report.prediction for report in read(HEAD + row(key="F-7")).plan.fresh] == [asked.pk]


def test_a_key_of_two_sets_needs_the_set(read, iris, analyst: User, administrator: User, flowers) -> None:
    record = flowers(2)[1]
    other = Dataset.objects.create(name="others", title="Others", key_column="flower", updated_by=administrator)
    twin = Record.objects.create(dataset=other, key="F-1")
    asked = answered(iris, analyst, 5, record=record, key="F-1")
    answered(iris, analyst, 4, record=twin, key="F-1")
    assert problems(read(HEAD + row(key="F-1")).plan) == [
        "Several sets of records have this key: choose the set. Row 2."
    ]
    assert [report.prediction for report in read(HEAD + row(key="F-1"), set="flowers").plan.fresh] == [asked.pk]


def test_others_see_neither_the_number_nor_the_key(read, answer: Prediction, stranger: User, auditor: User) -> None:
    text = HEAD + row(answer) + row(key="F-1")
    assert problems(read(text, stranger).plan) == [
        "You see no answer of this model about this key. Check the key and the model. Row 3.",
        "There is no answer of this number, or you may not see it. Row 2.",
    ]
    assert len(read(HEAD + row(answer), auditor).plan.fresh) == 1
    with pytest.raises(NotAllowed):
        send(read(HEAD + row(answer), auditor), auditor)


# What cannot be taken


NUMBER = "0199c3e0-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (f";;setosa;{today():%d/%m/%Y}", "The row says neither a number of an answer nor a key."),
        (f"12;;setosa;{today():%d/%m/%Y}", "This is no number of an answer: copy it from the page or the file"),
        (f"{NUMBER};;setosa;{today():%d/%m/%Y}", "There is no answer of this number, or you may not see it."),
        (f";X;setosa;{today():%d/%m/%Y}", "You see no answer of this model about this key"),
        (f";F-1;setosa;{today(11):%d/%m/%Y}", "The model answered about this key only after the day it was observed."),
        (f";F-1;;{today():%d/%m/%Y}", "The outcome is missing."),
        (";F-1;setosa;", "The day on which it was observed is missing."),
        (";F-1;setosa;soon", "The day cannot be read: write it as 31/12/2025 or 2025-12-31."),
        (f";F-1;setosa;{today(-1):%d/%m/%Y}", "The day on which it was observed lies in the future."),
        (f"#;;setosa;{today(11):%d/%m/%Y}", "The day it was observed lies before the answer"),
        (f"#;F-2;setosa;{today():%d/%m/%Y}", "The number and the key are of different answers."),
        (
            f";F-1;rose;{today():%d/%m/%Y}",
            "The outcome is no answer of this model. It may be: Iris setosa, Iris versicolor, Iris virginica.",
        ),
    ],
)
def test_what_cannot_be_taken_is_said_by_row(read, answer: Prediction, line: str, sentence: str) -> None:
    plan = read(HEAD + "\n" + line.replace("#", str(answer.pk)) + "\n").plan
    (found,) = problems(plan)
    assert found.startswith(sentence)
    assert found.endswith(" Row 3."), "the row of the spreadsheet, where an empty line counts"
    assert (plan.refused, plan.fresh) == (1, [])


def test_a_key_alone_needs_the_model(read, answer: Prediction, price: ModelVersion) -> None:
    reading = read(HEAD + row(key="F-1"))
    assert problems(reading.plan) == [
        "A key alone does not say which answer is meant: choose the model that was asked. Row 2."
    ]
    assert problems(read(HEAD + row(answer)).plan) == []
    assert problems(read(HEAD + row(key="F-1"), model="iris").plan) == []


def test_two_things_about_one_answer_are_none(read, answer: Prediction) -> None:
    plan = read(HEAD + row(answer) + row(key="F-1", outcome="virginica")).plan
    assert problems(plan) == [
        "The file says different things about the same answer: keep one of these rows. Rows 2, 3."
    ]


def test_the_same_thing_twice_is_one(read, answer: Prediction, analyst: User) -> None:
    reading = read(HEAD + row(answer) + row(key="F-1") + row(answer, outcome="Iris setosa"))
    assert (reading.plan.twice, len(reading.plan.fresh)) == (2, 1)
    assert send(reading, analyst).recorded == 1


def test_the_good_rows_come_in_without_the_others(read, answer: Prediction, analyst: User) -> None:
    reading = read(HEAD + row(answer) + row(key="nobody"))
    assert reading.plan.refused == 1
    assert send(reading, analyst).recorded == 1


def test_numbers_of_a_regression_are_read_as_the_file_writes_them(read, price: ModelVersion, analyst: User) -> None:
    asked = [answered(price, analyst, 5, label="", key=f"H-{number}") for number in range(3)]
    plan = read(HEAD + row(asked[0], outcome="1 234,5") + row(asked[1], outcome="12") + row(asked[2], outcome="x")).plan
    assert sorted(report.said.value for report in plan.fresh) == [12, 1234.5]
    assert problems(plan) == ["The outcome is no number that can be read in one way. Row 4."]


# Again, and otherwise


def test_the_same_file_again_changes_nothing(read, answer: Prediction, analyst: User) -> None:
    text = HEAD + row(answer)
    first = read(text)
    send(first, analyst)
    again = read(text)
    assert (again.plan.unchanged, again.plan.fresh, again.plan.corrections) == (1, [], [])
    agreed = {"choices": first.choices(), "by": analyst, "agreed": first.plan.digest, "corrects": True}
    assert report_file(sheet=first.sheet, **agreed) == Reported(0, 0, 1, 0), "a second click"
    assert Outcome.objects.count() == 1


def test_what_was_reported_otherwise_needs_a_tick(read, answer: Prediction, analyst: User) -> None:
    send(read(HEAD + row(answer)), analyst)
    text = HEAD + row(answer, outcome="virginica")
    assert send(read(text), analyst) == Reported(0, 0, 0, 1)
    assert send(read(text), analyst, corrects=True) == Reported(0, 1, 0, 0)
    first, second = Outcome.objects.order_by("id")
    assert (second.label, second.replaces) == ("virginica", first)


def test_another_day_is_a_correction_and_so_is_what_was_withdrawn(read, answer: Prediction, analyst: User) -> None:
    send(read(HEAD + row(answer, ago=2)), analyst)
    assert len(read(HEAD + row(answer, ago=1)).plan.corrections) == 1
    said = {"prediction": answer, "by": analyst, "origin": "hand"}
    record_outcome(**said, replaces=Outcome.objects.get(), withdrawn=True)
    assert len(read(HEAD + row(answer, ago=2)).plan.corrections) == 1


def test_what_nobody_agreed_to_is_not_written(read, answer: Prediction, analyst: User, administrator: User) -> None:
    reading = read(HEAD + row(answer, outcome="virginica"))
    agreed = reading.plan.digest
    record_outcome(prediction=answer, by=administrator, origin="hand", label="setosa", observed_date=today(1))
    with pytest.raises(PlanChanged):
        report_file(sheet=reading.sheet, choices=reading.choices(), by=analyst, agreed=agreed, corrects=True)
    assert Outcome.objects.count() == 1


def test_half_a_file_is_never_written(read, iris, answer: Prediction, analyst: User, monkeypatch) -> None:
    other = answered(iris, analyst, 10, due=2)
    reading = read(HEAD + row(answer) + row(other))
    before = reading.plan
    record_outcome(prediction=other, by=analyst, origin="hand", label="virginica", observed_date=today(1))
    monkeypatch.setattr(verbs, "plan", lambda *_a, **_k: before)  # as it was before the other one committed
    with pytest.raises(Meanwhile):
        send(reading, analyst)
    assert (Outcome.objects.count(), Awaited.objects.filter(prediction=answer).count()) == (1, 1)


# How it is read


FRENCH = "Matricule;Résultat réel;Constaté le\nF-1;Iris virginica;{day:%d/%m/%Y}\nF-é;Iris setosa;{day:%d/%m/%Y}\n"


def test_a_french_spreadsheet_is_read(read, iris, answer: Prediction, analyst: User) -> None:
    other = answered(iris, analyst, 10, key="F-é")
    reading = read(FRENCH.format(day=today(1)).encode("cp1252"))
    assert (reading.dialect.delimiter, reading.dialect.encoding) == ("semicolon", "cp1252")
    assert reading.columns == {"number": "", "key": "Matricule", "outcome": "Résultat réel", "observed": "Constaté le"}
    assert send(reading, analyst).recorded == 2
    assert dict(Outcome.objects.values_list("prediction", "label")) == {answer.pk: "virginica", other.pk: "setosa"}


def test_columns_are_known_by_what_they_hold(read, answer: Prediction) -> None:
    reading = read(f"a;b;outcome\n{answer.pk};31/12/2025;setosa\n")
    assert reading.columns == {"number": "a", "key": "", "outcome": "outcome", "observed": "b"}


def test_the_key_may_be_called_as_the_records_call_it(read, iris, flowers) -> None:
    flowers(1)
    assert read("Flower;outcome;date\nF-0;setosa;31/12/2025\n").columns["key"] == "Flower"


def test_columns_that_nobody_knows_have_to_be_chosen(read, answer: Prediction) -> None:
    reading = read("a;b;c\nx;y;z\n")
    assert reading.plan is None
    assert reading.missing == [
        "Choose the column with the numbers of the answers, or the one with the keys.",
        "Choose the column that says what really happened.",
        "Choose the column with the days on which it was observed.",
    ]
    chosen = read("a;b;c\nx;y;z\n", number="", key="a", outcome="b", observed="b")
    assert chosen.missing == ["Choose another column for each."]


@pytest.mark.parametrize(
    ("days", "first"),
    [(["12/31/2025", "1/2/2025"], "month"), (["31/12/2025", "1/2/2025"], "day"), (["1/2/2025"], "day"), (["x"], "day")],
)
def test_days_of_american_spreadsheets_are_told_apart(read, db: None, days: list[str], first: str) -> None:
    lines = "".join(f"F-1,setosa,{day}\n" for day in days)
    assert read(f"key,outcome,observed\n{lines}").dates == first


def test_days_can_be_read_the_other_way(read, iris, analyst: User) -> None:
    answered(iris, analyst, 3000, key="F-7")
    found = {
        dates: read("key,outcome,observed\nF-7,setosa,1/2/2025\n", dates=dates).plan.fresh for dates in ("day", "month")
    }
    assert [found[dates][0].observed.isoformat() for dates in ("day", "month")] == ["2025-02-01", "2025-01-02"]


# The file to fill in


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_file_to_fill_in_comes_back(read, iris, analyst: User, stranger: User, language: str) -> None:
    made = [answered(iris, analyst, 10, due=ago, key=f"=F-{ago}") for ago in (1, 2, 3)]
    answered(iris, stranger, 10, due=5)
    with translation.override(language):
        lines = list(Template(analyst).lines())
        assert len(lines) == 4
        mark = ";" if language == "fr" else ","
        day = f"{today(1):%d/%m/%Y}" if language == "fr" else today(1).isoformat()
        filled = [line.removesuffix(f"{mark}\r\n") + f"Iris setosa{mark}{day}\r\n" for line in lines[1:3]]
    reading = read("".join([lines[0], *filled, lines[3]]).encode())
    assert (reading.plan.empty, len(reading.plan.fresh), problems(reading.plan)) == (1, 2, [])
    assert send(reading, analyst).recorded == 2
    assert list(Awaited.objects.filter(user=analyst).values_list("prediction", flat=True)) == [made[0].pk]
    assert read("".join([lines[0], *filled, lines[3]]).encode()).plan.unchanged == 2


# Many


def test_as_many_statements_for_a_thousand_rows_as_for_ten(read, iris, analyst: User) -> None:
    counts = []
    for count in (10, 1000):
        first = answered(iris, analyst, 10, count=count, keys=[f"{count}-{place}" for place in range(count)])
        numbers = Prediction.objects.filter(request_id=first.request_id).order_by("row").values_list("pk", flat=True)
        text = HEAD + "".join(row(str(number)) for number in numbers[: count // 2])
        text += "".join(row(key=f"{count}-{place}") for place in range(count // 2, count))
        reading = read(text)
        assert reading.plan  # which model is in charge is looked up once a second
        with CaptureQueriesContext(connection) as queries:
            assert send(reading, analyst).recorded == count
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_file_of_another_kind_is_refused(analyst: User) -> None:
    with pytest.raises(csv_files.FileRefused, match="picture"):
        keep_upload(name="x.png", content=b"\x89PNG\r\n\x1a\n", by=analyst, right=verbs.RIGHT)


def test_a_file_is_kept_for_who_may_report(auditor: User) -> None:
    sent: dict[str, Any] = {"name": "x.csv", "content": b"a;b\n1;2\n", "by": auditor}
    with pytest.raises(NotAllowed):
        keep_upload(**sent, right=verbs.RIGHT)
