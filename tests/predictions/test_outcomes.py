"""What became of an answer: reported, corrected and taken back, and never overwritten."""

import hashlib

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.utils import translation

from predictions.models import Awaited, Outcome, Prediction
from predictions.outcomes import due, verbs
from predictions.outcomes.panels import OutcomePanel, shown
from predictions.outcomes.verbs import Meanwhile, OutcomeRefused, record_outcome
from predictions.outcomes.words import Said, Vocabulary, day
from predictions.outcomes.writing import payload
from registry.exceptions import NotAllowed
from registry.facts import canonical
from registry.models import ModelVersion
from registry.signature import Signature
from tests.predictions.past import answered, today


@pytest.fixture
def answer(iris: ModelVersion, analyst: User) -> Prediction:
    """The analyst's, ten days old, due since two."""
    return answered(iris, analyst, 10, due=2, key="F-1")


def report(answer: Prediction, by: User, **more) -> Outcome:
    said = {"label": "setosa", "observed_date": today(1), "origin": "hand"} | more
    return record_outcome(prediction=answer, by=by, **said)


def test_an_outcome_is_kept_as_it_was_said(answer: Prediction, analyst: User) -> None:
    report(answer, analyst, comment="seen in the garden")
    kept = Outcome.objects.get()
    assert (kept.label, kept.value, kept.observed_date, kept.by) == ("setosa", None, today(1), analyst)
    assert (kept.origin, kept.comment, kept.replaces, kept.is_withdrawn) == ("hand", "seen in the garden", None, False)


def test_its_digest_is_of_all_that_it_says(answer: Prediction, analyst: User) -> None:
    kept = Outcome.objects.get(pk=report(answer, analyst).pk)
    told = [str(kept.pk), str(answer.pk), analyst.pk, "hand", "setosa", None, False, today(1).isoformat(), "", None]
    assert payload(kept) == told
    assert bytes(kept.digest) == hashlib.sha256(bytes(kept.salt) + canonical(told)).digest()


def test_it_is_awaited_no_more(answer: Prediction, analyst: User) -> None:
    assert due.due_count(analyst) == 1
    report(answer, analyst)
    assert not Awaited.objects.filter(prediction=answer).exists()


def test_what_is_not_stored_is_still_awaited(answer: Prediction, analyst: User) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        report(answer, analyst)
        raise RuntimeError
    assert (due.due_count(analyst), Outcome.objects.count()) == (1, 0)


@pytest.mark.parametrize(
    ("said", "field", "sentence"),
    [
        ({"label": "rose"}, "label", "Choose what happened, one of: setosa, versicolor, virginica."),
        ({"label": ""}, "label", "one of: setosa, versicolor, virginica."),
        ({"label": "setosa", "value": 1.0}, "label", "one of: setosa, versicolor, virginica."),
        ({"observed_date": None}, "observed_date", "Enter the day on which it was observed."),
        ({"observed_date": today(-1)}, "observed_date", "The day on which it was observed lies in the future."),
        ({"observed_date": today(11)}, "observed_date", "enter that day or a later one."),
        ({"comment": "x" * 2001}, "comment", "Shorten the comment to 2000 characters."),
        ({"withdrawn": True}, "withdrawn", "There is nothing to withdraw."),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(answer, analyst, said, field: str, sentence: str) -> None:
    with pytest.raises(OutcomeRefused) as refused:
        report(answer, analyst, **said)
    assert list(refused.value.problems) == [field]
    assert refused.value.problems[field].endswith(sentence)
    assert not Outcome.objects.exists()


@pytest.mark.parametrize(("classes", "named"), [(20, True), (21, False)])
def test_classes_are_named_as_far_as_they_are_few(classes: int, named: bool) -> None:
    signature = Signature(task="tabular-classification", classes=tuple({"value": f"c{n}"} for n in range(classes)))
    found = verbs.impossible(signature, Said("rose"), today(), today())
    assert ("c19" in found["label"]) is named


@pytest.mark.parametrize("ago", [0, 10])
def test_today_and_the_day_of_the_answer_are_allowed(answer: Prediction, analyst: User, ago: int) -> None:
    assert report(answer, analyst, observed_date=today(ago)).observed_date == today(ago)


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_a_value_is_a_finite_number(price: ModelVersion, analyst: User, value: float | None) -> None:
    asked = answered(price, analyst, 3, label="")
    with pytest.raises(OutcomeRefused, match="as a number"):
        report(asked, analyst, label="", value=value)
    assert report(asked, analyst, label="", value=-1.5).value == -1.5


def test_who_may_not_report_or_see_is_refused(answer: Prediction, stranger: User, auditor: User) -> None:
    with pytest.raises(NotAllowed, match="You may not see this answer"):
        report(answer, stranger)
    with pytest.raises(NotAllowed, match="ask an administrator"):
        report(answer, auditor)
    assert not Outcome.objects.exists()


def test_who_sees_everybodys_answers_reports_about_them(answer: Prediction, administrator: User) -> None:
    assert report(answer, administrator).by == administrator


# A chain: nothing is overwritten


def test_a_correction_is_a_new_row_that_points_back(answer: Prediction, analyst: User, administrator: User) -> None:
    first = report(answer, analyst)
    second = report(answer, administrator, label="virginica", replaces=first)
    third = report(answer, analyst, replaces=second, withdrawn=True)
    fourth = report(answer, analyst, label="versicolor", replaces=third)
    assert list(Outcome.objects.order_by("id").values_list("label", "is_withdrawn", "replaces")) == [
        ("setosa", False, None),
        ("virginica", False, first.pk),
        ("", True, second.pk),
        ("versicolor", False, third.pk),
    ]
    assert list(Outcome.objects.latest_only()) == [fourth]


def test_the_database_changes_none(answer: Prediction, analyst: User) -> None:
    report(answer, analyst)
    with pytest.raises(DatabaseError), transaction.atomic():
        Outcome.objects.update(label="virginica")


def test_a_withdrawal_leaves_the_answer_unawaited(answer: Prediction, analyst: User) -> None:
    first = report(answer, analyst)
    withdrawn = report(answer, analyst, replaces=first, withdrawn=True, comment="it was another flower")
    assert (withdrawn.observed_date, withdrawn.label) == (first.observed_date, "")
    assert due.due_count(analyst) == 0


def test_the_same_sent_twice_is_one_row(answer: Prediction, analyst: User) -> None:
    first = report(answer, analyst)
    assert report(answer, analyst) == first
    second = report(answer, analyst, label="virginica", replaces=first)
    assert report(answer, analyst, label="virginica", replaces=first) == second
    gone = report(answer, analyst, replaces=second, withdrawn=True)
    assert report(answer, analyst, replaces=second, withdrawn=True) == gone
    assert Outcome.objects.count() == 3


def test_who_comes_too_late_is_told(answer: Prediction, analyst: User, administrator: User) -> None:
    first = report(answer, analyst)
    with pytest.raises(Meanwhile, match="Somebody reported this outcome meanwhile"):
        report(answer, administrator, label="virginica")
    report(answer, administrator, label="virginica", replaces=first)
    with pytest.raises(Meanwhile):
        report(answer, analyst, label="versicolor", replaces=first)
    assert Outcome.objects.count() == 2


def test_two_at_once_make_one(answer: Prediction, analyst: User, administrator: User, monkeypatch) -> None:
    report(answer, analyst)
    found = verbs.latest_of
    seen = iter([None, None])  # as it was before the other one committed
    monkeypatch.setattr(verbs, "latest_of", lambda one: next(seen, found(one)))
    with pytest.raises(Meanwhile):
        report(answer, administrator, label="virginica")
    assert Outcome.objects.count() == 1


def test_an_outcome_of_another_answer_is_not_replaced(answer, iris, analyst: User) -> None:
    other = report(answered(iris, analyst, 5), analyst)
    with pytest.raises(Meanwhile):
        report(answer, analyst, replaces=other)


# Words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-12-31", "2025-12-31"),
        (" 31/12/2025 ", "2025-12-31"),
        ("1/2/2025", "2025-02-01"),
        ("31.12.2025", "2025-12-31"),
        ("31-12-2025", "2025-12-31"),
        ("2025-12-31 00:00:00", "2025-12-31"),
        ("31/12/25", None),
        ("31/13/2025", None),
        ("30/02/2025", None),
        ("31/12-2025", None),
        ("0000-01-01", None),
        ("yesterday", None),
        ("٣١/١٢/٢٠٢٥", None),
    ],
)
def test_days_as_people_write_them(text: str, expected: str | None) -> None:
    found = day(text)
    assert (found and found.isoformat()) == expected


LEAVES = {
    "task": "tabular-classification",
    "inputs": {"features": []},
    "outputs": {
        "classes": [
            {"value": 0, "label": {"en": "Stays", "fr": "Reste"}},
            {"value": 1, "label": {"en": "Left", "fr": "Départ"}},
        ]
    },
}


@pytest.mark.parametrize("text", ["1", "left", "Départ", "DEPART", " départ "])
def test_a_class_is_called_as_pages_do_in_any_language(text: str) -> None:
    found = Vocabulary(Signature.parse(LEAVES)).meant(text)
    assert found is not None
    assert found.label == "1"
    assert Vocabulary(Signature.parse(LEAVES)).meant("2") is None


@pytest.mark.parametrize(
    ("text", "decimal", "value"), [("1 234,5", "comma", 1234.5), ("1,234", "point", None), ("7", "comma", 7.0)]
)
def test_a_value_is_read_with_the_decimal_sign_of_the_file(text: str, decimal: str, value: float | None) -> None:
    regression = Signature.parse({"task": "tabular-regression", "inputs": {"features": []}})
    found = Vocabulary(regression, decimal).meant(text)
    assert (found and found.value) == value


# What pages say


def panel(answer: Prediction, by: User) -> OutcomePanel:
    return OutcomePanel(Prediction.objects.for_page().get(pk=answer.pk), by)


def test_the_panel_says_whether_the_answer_was_right(answer: Prediction, analyst: User) -> None:
    first = report(answer, analyst)
    assert (panel(answer, analyst).was_right, panel(answer, analyst).verdict) == (True, "The answer was right.")
    report(answer, analyst, label="virginica", replaces=first)
    found = panel(answer, analyst)
    assert (found.was_right, found.current and found.current.what) == (False, "Iris virginica")
    assert found.verdict == "The answer was wrong: it said “Iris setosa”."
    assert [line.what for line in found.earlier] == ["Iris setosa"]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [(0.4, "The answer was 0.5 EUR too high."), (1.9, "The answer was 1 EUR too low."), (0.9, "exactly right")],
)
def test_of_a_value_it_says_how_far_it_was_off(price: ModelVersion, analyst: User, value: float, sentence: str) -> None:
    asked = answered(price, analyst, 3, label="")
    report(asked, analyst, label="", value=value)
    assert sentence in panel(asked, analyst).verdict
    assert panel(asked, analyst).was_right is None


def test_the_panel_says_when_it_will_be_known(iris: ModelVersion, analyst: User) -> None:
    waiting = [panel(answered(iris, analyst, 9, due=ago), analyst).waiting for ago in (0, 3, -3)]
    assert [text.split(" on ")[0].split(" since ")[0] for text in waiting] == [
        "It has been due",
        "It has been due",
        "It will be due",
    ]
    assert panel(answered(iris, analyst), analyst).waiting == "Not known yet."


def test_a_withdrawn_outcome_is_not_known(answer: Prediction, analyst: User) -> None:
    report(answer, analyst, replaces=report(answer, analyst), withdrawn=True)
    found = panel(answer, analyst)
    assert (found.current, found.verdict, found.waiting) == (None, "", "")
    assert found.withdrawal is not None


def test_in_french_the_classes_are_said_in_french() -> None:
    with translation.override("fr"):
        assert shown(Signature.parse(LEAVES), Outcome(label="1")) == "Départ"
    assert shown(Signature.parse(LEAVES), Outcome(label="1")) == "Left"


# What is due


def test_what_waits_longest_comes_first(iris: ModelVersion, analyst: User) -> None:
    made = {ago: answered(iris, analyst, 30, due=ago).pk for ago in (1, 5, 3, -2)}
    assert [line.row.prediction.pk for line in due.due(analyst)] == [made[5], made[3], made[1]]


def test_pages_of_what_is_due_follow_each_other(iris: ModelVersion, analyst: User) -> None:
    answered(iris, analyst, 30, due=5, count=3)
    answered(iris, analyst, 30, due=4, count=2)
    whole = [line.row.prediction.pk for line in due.due(analyst)]
    first = due.due(analyst, most=2)
    rest = due.due(analyst, after=due.cursor(first[-1].cursor))
    assert [line.row.prediction.pk for line in (*first, *rest)] == whole


def test_others_see_what_is_due_of_their_own_answers(answer, analyst, stranger: User, auditor: User) -> None:
    assert [due.due_count(user) for user in (analyst, stranger, auditor)] == [1, 0, 1]
    assert due.due(stranger) == []


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (0, "No outcome is due"),
        (1, "Outcome due for 1 case"),
        (41, "Outcome due for 41 cases"),
        (1001, "Outcome due for more than 1\u202f000 cases"),
    ],
)
def test_how_many_are_due_is_a_sentence(db: None, count: int, sentence: str) -> None:
    assert due.said_count(count) == sentence


def test_counting_ends(iris: ModelVersion, analyst: User, monkeypatch) -> None:
    monkeypatch.setattr(due, "MOST", 2)
    answered(iris, analyst, 30, due=5, count=5)
    assert due.due_count(analyst) == 3


@pytest.mark.parametrize("text", ["", "x", "2025-01-01", "2025-01-01.x", "2025-13-01." + "0" * 32, "\0"])
def test_an_odd_cursor_is_none(text: str) -> None:
    assert due.cursor(text) is None


def test_what_was_reported_last_is_ones_own(answer, analyst, stranger: User, auditor: User) -> None:
    told = report(answer, analyst)
    assert (due.latest(analyst), due.latest(stranger), due.latest(auditor)) == ([told], [], [told])
