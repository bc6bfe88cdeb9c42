"""What comes back of a file: the answers, the rows without one, in the words and the dialect of the file."""

import csv
import io
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.http import HttpResponseBase
from django.test import Client

from predictions.batches import reasons, running, verbs
from predictions.models import Batch, Prediction, RejectedRow
from predictions.spreadsheets import FORMULA, safe_cell
from registry.models import ModelVersion
from tests.predictions.test_pages import browser
from tests.predictions.whole_files import FLOWER, body, checked, finished, flowers_csv, submitted
from tests.worlds import IRIS, member

BAD = {1: {"sepal_length": "long"}, 4: {"petal_width": "", "sepal_width": "99"}}


def lines(response: HttpResponseBase, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(body(response), newline=""), delimiter=delimiter))


def answers(user: User, batch: Batch, **headers: str) -> HttpResponseBase:
    return browser(user, **headers).get(f"/batches/{batch.pk}/results")


def refused(user: User, batch: Batch, **headers: str) -> HttpResponseBase:
    return browser(user, **headers).get(f"/batches/{batch.pk}/rejected")


# The answers


def test_every_answer_comes_back_in_the_order_of_the_file(iris: ModelVersion, analyst: User, settings: Any) -> None:
    settings.BATCH_ROWS = 4  # several calls
    found = lines(answers(analyst, finished(analyst, iris, flowers_csv(10, BAD))))
    titles = ["Sepal length", "Sepal width", "Petal length", "Petal width"]
    assert found[0] == ["Key of the record", "Answer", "Probability", "Warnings", "Number of the answer", *titles]
    assert [line[0] for line in found[1:]] == [f"F-{row}" for row in range(10) if row not in BAD]
    assert found[2][5:] == [str(value) for value in IRIS.values()]
    stored = {str(answer.pk): answer.key for answer in Prediction.objects.all()}
    assert [stored[line[4]] for line in found[1:]] == [line[0] for line in found[1:]]


def test_without_a_key_rows_have_their_number_in_the_file(iris: ModelVersion, analyst: User, settings: Any) -> None:
    settings.BATCH_ROWS = 4
    content = flowers_csv(10, BAD).replace(b"id,", b"name,")
    found = lines(answers(analyst, finished(analyst, iris, content)))
    assert [line[0] for line in found[1:]] == [str(row + 1) for row in range(10) if row not in BAD]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_answers_are_written_like_the_file(iris: ModelVersion, analyst: User, language: str) -> None:
    content = flowers_csv(2, delimiter=";").replace(b".", b",")
    text = body(answers(analyst, finished(analyst, iris, content), accept_language=language))
    assert text.splitlines()[2].endswith(";5,1;3,5;1,4;0,2")
    assert text.startswith({"en": "Key of the record;Answer;", "fr": "Clé de la fiche;Réponse;"}[language])


def test_a_workbook_comes_back_in_the_readers_language(iris: ModelVersion, analyst: User) -> None:
    batch = finished(analyst, iris, flowers_csv(3, BAD))
    Batch.objects.filter(pk=batch.pk).update(kind="xlsx")
    assert body(answers(analyst, batch, accept_language="fr")).splitlines()[1].endswith(";5,1;3,5;5,8;2,3")
    assert body(refused(analyst, batch, accept_language="fr")).splitlines()[1].startswith("F-1;long;3,5;1,4;0,2;")


def test_a_file_that_runs_has_no_answers_to_download_yet(iris: ModelVersion, analyst: User) -> None:
    batch = submitted(analyst, iris, flowers_csv(3))
    assert answers(analyst, batch)["Location"] == f"/batches/{batch.pk}/"


def test_what_was_answered_before_a_cancellation_comes_back(iris: ModelVersion, analyst: User, settings: Any) -> None:
    settings.BATCH_ROWS = 2
    batch = submitted(analyst, iris, flowers_csv(6))
    running.work(seconds=0)  # one piece
    verbs.cancel(batch=batch, by=analyst)
    running.work(seconds=60)
    assert [line[0] for line in lines(answers(analyst, batch))[1:]] == ["F-0", "F-1"]


def test_downloads_are_told_as_files_and_kept_nowhere(iris: ModelVersion, analyst: User) -> None:
    batch = finished(analyst, iris, flowers_csv(3, BAD), name='x"\r\ny;.csv')
    for response, what in ((answers(analyst, batch), "results"), (refused(analyst, batch), "rejected")):
        name = f"iris-{batch.created_at:%Y-%m-%d}-{what}.csv"
        assert response["Content-Disposition"] == f'attachment; filename="{name}"'
        assert (response["Cache-Control"], response["X-Content-Type-Options"]) == ("no-store", "nosniff")


def test_downloads_are_for_those_who_see_the_page(
    iris: ModelVersion, analyst: User, stranger: User, auditor: User
) -> None:
    batch = finished(analyst, iris, flowers_csv(3, BAD))
    for path in ("results", "rejected"):
        statuses = [
            browser(user).get(f"/batches/{batch.pk}/{path}").status_code for user in (analyst, stranger, auditor)
        ]
        assert statuses == [200, 404, 200]
        assert Client().get(f"/batches/{batch.pk}/{path}").status_code == 302


# The rows without one


def test_rejected_rows_are_those_of_the_file_with_why_and_where(iris: ModelVersion, analyst: User) -> None:
    found = lines(refused(analyst, finished(analyst, iris, flowers_csv(6, BAD))))
    assert found[0] == [*FLOWER, "Reason", "Field"]
    assert found[1] == ["F-1", "long", "3.5", "1.4", "0.2", "Enter a number.", "sepal_length"]
    assert found[2][:5] == ["F-4", "5.1", "99", "1.4", ""]
    assert found[2][6] == "sepal_width, petal_width"
    assert "Enter “Sepal width” between 0 and 30." in found[2][5]
    assert "Enter a value for “Petal width”." in found[2][5]
    assert len(found) == 3


def test_the_reason_is_in_the_readers_language(iris: ModelVersion, analyst: User) -> None:
    found = lines(refused(analyst, finished(analyst, iris, flowers_csv(6, BAD)), accept_language="fr"))
    assert found[0][-2:] == ["Motif", "Champ"]
    assert found[1][-2] == "Saisissez un nombre."


def test_rejected_rows_come_back_before_the_good_ones_are_run(iris: ModelVersion, analyst: User) -> None:
    assert len(lines(refused(analyst, checked(analyst, iris, flowers_csv(6, BAD))))) == 3


def test_without_rejected_rows_there_is_no_file_of_them(iris: ModelVersion, analyst: User) -> None:
    batch = finished(analyst, iris, flowers_csv(3))
    assert refused(analyst, batch)["Location"] == f"/batches/{batch.pk}/"


def test_a_mended_file_is_taken_whole(iris: ModelVersion, analyst: User) -> None:
    content = flowers_csv(6, BAD, delimiter=";").replace(b".", b",")
    back = body(refused(analyst, finished(analyst, iris, content)))
    mended = back.replace("long", "5,1").replace(";99;1,4;;", ";3,5;1,4;0,2;")
    again = finished(analyst, iris, mended.encode())
    assert (again.status, again.rows, RejectedRow.objects.filter(batch=again).count()) == ("done", 2, 0)


def test_sent_again_unmended_the_columns_are_not_there_twice(iris: ModelVersion, analyst: User) -> None:
    back = body(refused(analyst, finished(analyst, iris, flowers_csv(6, BAD)), accept_language="fr"))
    again = lines(refused(analyst, checked(analyst, iris, back.encode())))
    assert again[0] == [*FLOWER, "Reason", "Field"]
    assert [line[0] for line in again[1:]] == ["F-1", "F-4"]


def test_a_column_of_the_file_that_is_called_reason_stays(iris: ModelVersion, analyst: User) -> None:
    content = flowers_csv(2, {1: {"sepal_length": "long"}}).replace(b"id,", b"reason,")
    assert lines(refused(analyst, finished(analyst, iris, content)))[0] == ["reason", *IRIS, "Reason 2", "Field"]


def test_too_many_cells_are_behind_the_reason_and_too_few_filled_up(iris: ModelVersion, analyst: User) -> None:
    content = flowers_csv(1) + b"F-1,5,3,1,0.2,more,=even\r\nF-2,5\r\n"
    found = lines(refused(analyst, finished(analyst, iris, content)))
    assert found[1] == [
        "F-1",
        "5",
        "3",
        "1",
        "0.2",
        "The row has more cells than there are headings.",
        "",
        "more",
        "'=even",
    ]
    assert found[2] == ["F-2", "5", "", "", "", "The row has fewer cells than there are headings.", ""]


def test_every_code_has_a_sentence(iris: ModelVersion, analyst: User) -> None:
    batch = finished(analyst, iris, flowers_csv(1))
    for first, code in enumerate([*reasons.SENTENCES, "of_tomorrow"], 10):
        row = {"cells": ["F-0", "5.1"], "errors": [{"field": "", "code": code}]}
        RejectedRow.objects.create(batch=batch, first=first, line=first + 2, **row)
    said = [line[5] for line in lines(refused(analyst, batch))[1:]]
    assert (all(said), len(set(said))) == (True, len(reasons.SENTENCES) + 1)


def test_thousands_of_rejected_rows_all_come_back(iris: ModelVersion, analyst: User, monkeypatch: Any) -> None:
    monkeypatch.setattr("predictions.batches.downloads.AT_ONCE", 7)
    bad = {row: {"sepal_length": "long"} for row in range(40)}
    found = lines(refused(analyst, finished(analyst, iris, flowers_csv(45, bad))))
    assert [line[0] for line in found[1:]] == [f"F-{row}" for row in range(40)]


# What may not be seen


@pytest.fixture
def sensitive(promoted: Callable[..., ModelVersion], examined: Callable[[str], Any]) -> ModelVersion:
    """The iris model, whose width of petals is personal."""
    described = deepcopy(examined("iris").signature_json)
    described["inputs"]["features"][3]["sensitive"] = "personal"
    return promoted("iris", signature_json=described)


def test_who_sent_a_file_sees_all_of_it_and_others_what_they_may(sensitive: ModelVersion, analyst: User) -> None:
    batch = finished(analyst, sensitive, flowers_csv(3, BAD).replace(b"id,", b"name,"))
    looker, decider = User.objects.create_user("looker"), member("decider", "decision maker")
    looker.user_permissions.add(Permission.objects.get(codename="view_prediction"))
    for user, sees in ((analyst, True), (decider, True), (looker, False)):
        assert ("Petal width" in lines(answers(user, batch))[0]) is sees
        own = lines(refused(user, batch))
        # Nobody said what the column “name” means.
        assert ("petal_width" in own[0], "name" in own[0], "F-1" in own[1]) == (sees, sees, sees)


# No formula


TEXTS = ["=1+1", "+1", "-x", "@x", '=HYPERLINK("x")', "-1+2", "- 1", "-", "--1", "-1e", "=-0.3", "+33 1"]


@pytest.mark.parametrize("text", TEXTS)
def test_no_text_of_a_cell_becomes_a_formula(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-0.3", "-1,5", "-1 234,5", "-1e-7", "7", "a=b", ""])
def test_numbers_stay_numbers(text: str) -> None:
    assert safe_cell(text) == text


def test_no_cell_of_any_download_is_a_formula(iris: ModelVersion, analyst: User) -> None:
    evil = {
        row: {"id": f'"{text}"', "sepal_length": "5"} for row, text in enumerate(t.replace('"', '""') for t in TEXTS)
    }
    worse = {row + len(TEXTS): {"id": "F", "sepal_length": cells["id"]} for row, cells in evil.items()}
    content = flowers_csv(2 * len(TEXTS), evil | worse).replace(b"petal_width\r", b'petal_width,=evil,"@worse"\r', 1)
    content = content.replace(b"0.2\r", b"0.2,=1,-2\r").replace(b"2.3\r", b"2.3,+1,@x\r")
    batch = finished(analyst, iris, content)
    cells = [cell for get in (answers, refused) for line in lines(get(analyst, batch)) for cell in line]
    assert [cell for cell in cells if cell.startswith(FORMULA)] == ["-2"] * cells.count("-2")
    assert "'=1+1" in cells
