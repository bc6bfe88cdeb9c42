"""What comes back of a file: the answers, the rows without one, in the words and the dialect of the file."""

import csv
import io
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.http import HttpResponseBase
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.formats import date_format

from predictions.batches import own_columns, parts, reasons, running, splitting, turns, verbs
from predictions.batches.downloads import style_of
from predictions.models import Batch, BatchChunk, Prediction, RejectedRow
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


def forgotten(by: User, version: ModelVersion, content: bytes) -> Batch:
    """One that is over for so long that its file is not kept any more."""
    batch = finished(by, version, content)
    parts.remove(batch.pk)
    return batch


# The answers beside the file's own columns


TOLD = ["Answer", "Probability", "Warnings", "Number of the answer"]


def by_hand(count: int, changes: dict[int, dict[str, Any]] | None = None) -> bytes:
    """Flowers with two columns that the model does not take."""
    rows = flowers_csv(count, changes).decode().splitlines()
    more = ["Gardener,warnings", *(f"Zoë {row},{row / 4}" for row in range(count))]
    return "".join(f"{end},{start}\r\n" for start, end in zip(rows, more, strict=True)).encode()


def test_the_file_comes_back_with_its_answers(iris: ModelVersion, analyst: User, settings: Any) -> None:
    settings.BATCH_ROWS = 4  # several calls
    batch = finished(analyst, iris, by_hand(10, BAD))
    sent = list(csv.reader(io.StringIO(by_hand(10, BAD).decode(), newline="")))
    found = lines(answers(analyst, batch))
    assert found[0] == ["Gardener", "warnings", *FLOWER, "Answer", "Probability", "Warnings 2", "Number of the answer"]
    assert [line[:7] for line in found[1:]] == [line for row, line in enumerate(sent[1:]) if row not in BAD]
    stored = {str(answer.pk): (answer.key, f"iris {answer.label}") for answer in Prediction.objects.all()}
    assert [stored[line[10]] for line in found[1:]] == [(line[2], line[7].lower()) for line in found[1:]]


def test_a_file_of_answers_can_be_sent_again_and_again(iris: ModelVersion, analyst: User) -> None:
    first = lines(answers(analyst, again := finished(analyst, iris, by_hand(5))))
    for number in (2, 3):
        again = finished(analyst, iris, body(answers(analyst, again)).encode())
        found = lines(answers(analyst, again))
        assert (again.status, [line[:11] for line in found]) == ("done", [line[:11] for line in first])
        assert found[0][-4:] == [
            f"Answer {number}",
            f"Probability {number}",
            f"Warnings {number + 1}",
            f"{TOLD[3]} {number}",
        ]
        first = found


def test_own_columns_are_written_as_they_were(iris: ModelVersion, analyst: User) -> None:
    content = "id;sepal_length;sepal_width;petal_length;petal_width;=salary;bébé\r\n"
    content += "7;5,10;3,5;1,4;,2;-1 234,50;=1+1\r\n\r\n8;5,1;3,5;1,4;0,20;+33 1;'@x\r\n"
    found = lines(answers(analyst, finished(analyst, iris, content.encode("cp1252"))), delimiter=";")
    assert found[0][:7] == ["id", *IRIS, "'=salary", "bébé"]
    assert found[1][:7] == ["7", "5,10", "3,5", "1,4", ",2", "-1 234,50", "'=1+1"]
    assert found[2][:7] == ["8", "5,1", "3,5", "1,4", "0,20", "'+33 1", "'@x"]


def test_numbers_of_a_workbook_have_the_readers_sign_and_texts_stay(iris: ModelVersion, analyst: User) -> None:
    content = flowers_csv(1).replace(b"\r\n", b",pay,version,day\r\n", 1)
    content = content.replace(b"2.3\r\n", b"2.3,1234.5,1.10,01.5\r\n").replace(b"F-0", b"1.5")
    batch = finished(analyst, iris, content)
    Batch.objects.filter(pk=batch.pk).update(kind="xlsx")
    found = lines(answers(analyst, batch, accept_language="fr"), delimiter=";")
    assert found[1][:8] == ["1.5", "5,1", "3,5", "5,8", "2,3", "1234,5", "1.10", "01.5"]


def test_a_file_without_headings_gets_some(iris: ModelVersion, analyst: User) -> None:
    batch = finished(analyst, iris, flowers_csv(2))
    Batch.objects.filter(pk=batch.pk).update(headings=[f"column_{number}" for number in range(1, 6)])
    assert lines(answers(analyst, batch))[0] == [*(f"column_{number}" for number in range(1, 6)), *TOLD]


def test_parts_of_a_split_chunk_are_read_once(iris: ModelVersion, analyst: User, monkeypatch: Any) -> None:
    batch = submitted(analyst, iris, by_hand(12, BAD))
    splitting.split(turns.take(batch.submitted_at).chunk, code="crashed")
    running.work(seconds=60)
    assert BatchChunk.objects.count() == 12
    slices: list[int] = []
    read = own_columns.read_chunk
    monkeypatch.setattr(own_columns, "read_chunk", lambda chunk: slices.append(chunk.rows) or read(chunk))
    assert [line[2] for line in lines(answers(analyst, batch))[1:]] == [
        f"F-{row}" for row in range(12) if row not in BAD
    ]
    assert slices == [12]


@pytest.mark.parametrize("lost", ["a reason", "the file"])
def test_a_chunk_whose_rows_do_not_match_has_what_was_asked(
    iris: ModelVersion, analyst: User, settings: Any, lost: str
) -> None:
    settings.BATCH_ROWS = 4
    batch = finished(analyst, iris, by_hand(8, {1: BAD[1]}))
    if lost == "a reason":
        RejectedRow.objects.all().delete()
    else:
        BatchChunk.objects.filter(first=0).update(length=1)
    found = lines(answers(analyst, batch))[1:]
    assert [line[2] for line in found] == ["F-0", "F-2", "F-3", "F-4", "F-5", "F-6", "F-7"]
    assert [line[0] for line in found] == ["", "", "", *(f"Zoë {row}" for row in range(4, 8))]
    assert found[1][3:7] == [str(value) for value in IRIS.values()]
    keys = {str(answer.pk): answer.key for answer in Prediction.objects.all()}
    assert [keys[line[10]] for line in found] == [line[2] for line in found]


def test_as_many_queries_for_any_number_of_rows(iris: ModelVersion, analyst: User, settings: Any) -> None:
    settings.BATCH_ROWS = 40
    counted = []
    for rows in (3, 40, 120):
        batch = finished(analyst, iris, by_hand(rows, BAD if rows > 5 else {1: BAD[1]}))
        with CaptureQueriesContext(connection) as asked:
            assert sum(1 for _line in own_columns.OwnFile(batch, iris.parsed_signature(), style_of(batch)).lines())
        counted.append(len(asked))
    assert counted == [4, 4, 1 + 3 * 3]


def test_the_page_says_which_columns_come_back(iris: ModelVersion, analyst: User, auditor: User, settings: Any) -> None:
    batch = finished(analyst, iris, by_hand(3))
    page = browser(analyst).get(f"/batches/{batch.pk}/").content.decode()
    until = date_format(timezone.localtime(batch.finished_at + timedelta(days=30)), "j F Y")
    assert f"which are kept until {until}." in page
    parts.remove(batch.pk)
    assert "with the fields that they were made from" in browser(analyst).get(f"/batches/{batch.pk}/").content.decode()
    Batch.objects.filter(pk=batch.pk).update(finished_at="2026-01-01T12:00Z")
    assert "were kept until 31 January 2026" in browser(analyst).get(f"/batches/{batch.pk}/").content.decode()


# The answers without the file


def test_every_answer_comes_back_in_the_order_of_the_file(iris: ModelVersion, analyst: User, settings: Any) -> None:
    settings.BATCH_ROWS = 4  # several calls
    found = lines(answers(analyst, forgotten(analyst, iris, flowers_csv(10, BAD))))
    titles = ["Sepal length", "Sepal width", "Petal length", "Petal width"]
    assert found[0] == ["Key of the record", "Answer", "Probability", "Warnings", "Number of the answer", *titles]
    assert [line[0] for line in found[1:]] == [f"F-{row}" for row in range(10) if row not in BAD]
    assert found[2][5:] == [str(value) for value in IRIS.values()]
    stored = {str(answer.pk): answer.key for answer in Prediction.objects.all()}
    assert [stored[line[4]] for line in found[1:]] == [line[0] for line in found[1:]]


def test_without_a_key_rows_have_their_number_in_the_file(iris: ModelVersion, analyst: User, settings: Any) -> None:
    settings.BATCH_ROWS = 4
    content = flowers_csv(10, BAD).replace(b"id,", b"name,")
    found = lines(answers(analyst, forgotten(analyst, iris, content)))
    assert [line[0] for line in found[1:]] == [str(row + 1) for row in range(10) if row not in BAD]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_answers_are_written_like_the_file(iris: ModelVersion, analyst: User, language: str) -> None:
    content = flowers_csv(2, delimiter=";").replace(b".", b",")
    text = body(answers(analyst, forgotten(analyst, iris, content), accept_language=language))
    assert text.splitlines()[2].endswith(";5,1;3,5;1,4;0,2")
    assert text.startswith({"en": "Key of the record;Answer;", "fr": "Clé de la fiche;Réponse;"}[language])


def test_a_workbook_comes_back_in_the_readers_language(iris: ModelVersion, analyst: User) -> None:
    batch = forgotten(analyst, iris, flowers_csv(3, BAD))
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
    assert found[2][5].startswith("sepal_width: Enter “Sepal width” between 0 and 30; petal_width: Enter a value for")
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


def test_every_line_has_as_many_cells_and_too_many_are_in_the_reason(iris: ModelVersion, analyst: User) -> None:
    content = flowers_csv(1) + b"F-1,5,3,1,0.2,more,=even\r\nF-2,5\r\n" + b"F-3,5,3,1,0.2" + 2000 * b",x" + b"\r\n"
    found = lines(refused(analyst, finished(analyst, iris, content)))
    why = "The row has more cells than there are headings. Cells without a heading:"
    assert found[1] == ["F-1", "5", "3", "1", "0.2", f"{why} more | =even", ""]
    assert found[2] == ["F-2", "5", "", "", "", "The row has fewer cells than there are headings.", ""]
    assert (found[3][5].startswith(f"{why} x | x"), found[3][5][-1], len(found[3][5]) < 1100) == (True, "…", True)
    assert {len(line) for line in found} == {7}


def test_a_row_with_too_many_cells_is_mended_and_taken(iris: ModelVersion, analyst: User) -> None:
    back = body(refused(analyst, finished(analyst, iris, flowers_csv(1) + b"F-1,oops,5,3,1,0.2\r\n")))
    mended = back.replace("F-1,oops,5,3,1,", "F-1,5,3,1,0.2,")
    again = finished(analyst, iris, mended.encode())
    assert (again.status, again.rows, RejectedRow.objects.filter(batch=again).count()) == ("done", 1, 0)
    assert Prediction.objects.get(batch=again).inputs == {**IRIS, **dict(zip(IRIS, (5.0, 3.0, 1.0, 0.2), strict=True))}


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
        assert ("petal_width" in lines(answers(user, batch))[0]) is sees
        assert "Petal width" not in lines(answers(user, batch))[0]
        own = lines(refused(user, batch))
        # Nobody said what the column “name” means.
        assert ("petal_width" in own[0], "name" in own[0], "F-1" in own[1]) == (sees, sees, sees)


@pytest.mark.parametrize("model", ["sensitive", "iris"])
def test_columns_that_mean_no_field_are_for_who_may_see_what_is_sensitive(
    request: pytest.FixtureRequest, model: str, analyst: User
) -> None:
    batch = finished(analyst, request.getfixturevalue(model), by_hand(3, BAD))
    looker, decider = User.objects.create_user("looker"), member("decider", "decision maker")
    looker.user_permissions.add(Permission.objects.get(codename="view_prediction"))
    for user, sees in ((analyst, True), (decider, True), (looker, False)):
        for get in (answers, refused):
            found = lines(get(user, batch))
            assert ("Gardener" in found[0], any("Zoë" in cell for line in found for cell in line)) == (sees, sees)
        page = browser(user).get(f"/batches/{batch.pk}/").content.decode()
        assert ("own columns" in page, "columns that you may not see are left out" in page) == (sees, not sees)
    assert lines(answers(looker, batch))[0][0] == "Key of the record"


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
    assert {"'=1+1", "'=evil", "'@worse", "'+1", "'@x"} <= {*cells}
