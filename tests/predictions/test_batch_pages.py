"""The pages of files: the list, how far one is, what came of it, and stopping it."""

import re
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from futurisys.accounts import roles
from predictions.batches import running
from predictions.batches.listing import waiting_for
from predictions.models import Batch, BatchChunk, Prediction, RejectedRow
from registry.models import ModelVersion
from tests.predictions.test_pages import browser, text
from tests.predictions.whole_files import checked, finished, flowers_csv, sent, submitted
from tests.worlds import member

BAD = {1: {"sepal_length": "long"}, 4: {"petal_width": "", "sepal_width": "99"}}


@pytest.fixture
def office(iris: ModelVersion, analyst: User) -> Client:
    return browser(analyst)


def shown(office: Client, batch: Batch, **headers: str) -> str:
    response = office.get(f"/batches/{batch.pk}/", headers=headers)
    assert response.status_code == 200
    return text(response)


def lacks(found: str, *wanted: str) -> list[str]:
    return [words for words in wanted if words not in found]


def many(count: int, by: User, version: ModelVersion, **more: Any) -> None:
    """As many files that are done, with three chunks each."""
    kept = {"model": version.model, "version": version, "rows": 30, "size": 1, "status": "done", **more}
    batches = Batch.objects.bulk_create(Batch(user=by, name=f"{row}.csv", **kept) for row in range(count))
    chunk = {"rows": 10, "offset": 0, "length": 1, "line": 2, "status": "done", "predicted": 9, "rejected": 1}
    BatchChunk.objects.bulk_create(
        BatchChunk(batch=one, first=first, **chunk) for one in batches for first in (0, 10, 20)
    )


# The list


def test_without_a_file_the_list_says_why_and_what_to_do(office: Client) -> None:
    response = office.get("/batches/")
    assert "You have sent no file yet." in text(response)
    assert 'href="/batches/new/">Ask about a file' in response.content.decode()


def test_a_file_is_told_by_its_name_state_counts_and_model(office: Client, analyst: User, iris: ModelVersion) -> None:
    finished(analyst, iris, flowers_csv(6, BAD), name="june.csv")
    found = text(office.get("/batches/"))
    assert lacks(found, "june.csv", "done", "4 answered and 2 rejected of 6", "Iris", "version 1") == []


def test_files_that_wait_for_the_person_say_where(office: Client, analyst: User, iris: ModelVersion) -> None:
    mapping, ready = sent(analyst, iris, flowers_csv(3)), checked(analyst, iris, flowers_csv(3, BAD))
    content = office.get("/batches/").content.decode()
    assert f'href="/batches/{mapping.pk}/columns/">Choose the columns' in content
    assert f'href="/batches/{ready.pk}/check/">See what was found, and run it' in content
    assert "1 rejected of 3" in content


def test_the_list_holds_ones_own_and_on_demand_everybodys(
    iris: ModelVersion, analyst: User, stranger: User, auditor: User
) -> None:
    finished(analyst, iris, flowers_csv(1), name="theirs.csv")
    decider = member("decider", roles.DECISION_MAKER)
    seen = {
        (user.username, query): "theirs.csv" in text(browser(user).get(f"/batches/{query}"))
        for user in (stranger, decider, auditor)
        for query in ("", "?of=all")
    }
    assert [key for key, found in seen.items() if found] == [
        ("decider", "?of=all"),
        ("auditor", ""),
        ("auditor", "?of=all"),
    ]
    assert "analyst" in text(browser(decider).get("/batches/?of=all"))


def test_pages_of_the_list_follow_each_other(
    office: Client, analyst: User, iris: ModelVersion, monkeypatch: Any
) -> None:
    monkeypatch.setattr("predictions.batches.listing.PAGE", 2)
    many(5, analyst, iris)
    address, found = "/batches/", []
    while address:
        response = office.get(address)
        found.append(re.findall(r">(\d)\.csv</a>", response.content.decode()))
        address = response.context["page"].older
    assert found == [["4", "3"], ["2", "1"], ["0"]]


@pytest.mark.parametrize("before", ["x", "9" * 5000, "00000000-0000-0000-0000-000000000000"])
def test_an_odd_place_in_the_list_is_its_end(office: Client, before: str) -> None:
    assert "There are no older files." in text(office.get("/batches/", {"before": before}))


def test_as_many_queries_for_a_thousand_files_as_for_ten(office: Client, analyst: User, iris: ModelVersion) -> None:
    counts = []
    for count in (10, 990):
        many(count, analyst, iris)
        office.get("/batches/")
        with CaptureQueriesContext(connection) as queries:
            office.get("/batches/")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10


def test_who_may_neither_send_files_nor_see_others_is_told_so(iris: ModelVersion, db: None) -> None:
    assert browser(member("visitor", roles.VISITOR)).get("/batches/").status_code == 403


def test_the_home_page_is_told_what_waits(analyst: User, stranger: User, iris: ModelVersion) -> None:
    finished(analyst, iris, flowers_csv(1))
    waits, runs = sent(analyst, iris, flowers_csv(1)), submitted(analyst, iris, flowers_csv(1))
    assert [line.batch for line in waiting_for(analyst)] == [runs, waits]
    assert [line.batch for line in waiting_for(analyst, 1)] == [runs]
    assert waiting_for(stranger) == []


# The page of one


def test_a_file_leads_its_sender_to_its_step(office: Client, analyst: User, iris: ModelVersion, auditor: User) -> None:
    mapping, ready = sent(analyst, iris, flowers_csv(3)), checked(analyst, iris, flowers_csv(3))
    assert office.get(f"/batches/{mapping.pk}/")["Location"] == f"/batches/{mapping.pk}/columns/"
    assert office.get(f"/batches/{ready.pk}/")["Location"] == f"/batches/{ready.pk}/check/"
    assert "analyst is still preparing this file" in shown(browser(auditor), ready)


def test_a_file_is_its_senders_and_of_those_who_may_see_all(
    iris: ModelVersion, analyst: User, stranger: User, auditor: User
) -> None:
    path = f"/batches/{finished(analyst, iris, flowers_csv(3)).pk}/"
    assert [browser(user).get(path).status_code for user in (analyst, stranger, auditor)] == [200, 404, 200]
    unknown = browser(stranger).get("/batches/00000000-0000-0000-0000-000000000000/")
    assert text(unknown) == text(browser(stranger).get(path))


def test_while_it_runs_numbers_and_the_time_left_are_told(
    office: Client, analyst: User, iris: ModelVersion, settings: Any
) -> None:
    settings.BATCH_ROWS = 10
    batch = submitted(analyst, iris, flowers_csv(40, BAD))
    found = shown(office, batch)
    assert lacks(found, "0 of 40 rows", "not known yet", "You can close this page", "Refresh", "Cancel…") == []
    running.work(seconds=0)
    Batch.objects.update(submitted_at=timezone.now() - timedelta(seconds=10), resumed=2)
    found = shown(office, batch)
    wanted = ["10 of 40 rows", "Rows answered 8", "Rows rejected 2", "Rows a second 1", "Time left less than a minute"]
    assert lacks(found, *wanted, "Resumed 2 times") == []
    assert 'value="25"' in office.get(f"/batches/{batch.pk}/").content.decode()


def test_the_part_that_changes_is_fetched_alone_until_it_is_over(
    office: Client, analyst: User, iris: ModelVersion
) -> None:
    batch = submitted(analyst, iris, flowers_csv(3))
    before = office.get(f"/batches/{batch.pk}/progress")
    assert ("<html" in before.content.decode(), "data-over" in before.content.decode()) == (False, False)
    running.work(seconds=60)
    after = office.get(f"/batches/{batch.pk}/progress")
    assert ("data-over" in after.content.decode(), after["Cache-Control"]) == (True, "no-store")


def test_a_file_that_waits_for_its_model_says_so(office: Client, analyst: User, iris: ModelVersion) -> None:
    batch = submitted(analyst, iris, flowers_csv(3))
    Batch.objects.update(reason="The model is suspended.")
    assert "The model is suspended." in shown(office, batch)


def test_at_the_end_the_counts_add_up(office: Client, analyst: User, iris: ModelVersion) -> None:
    found = shown(office, finished(analyst, iris, flowers_csv(6, BAD)))
    wanted = ["4 of 6 rows were answered", "4 answered + 2 rejected = 6 rows in the file"]
    wanted += [
        "How often each answer was given",
        "Download the answers",
        "Download the rejected rows",
        "Look at the answers",
    ]
    assert lacks(found, *wanted) == []


def test_a_file_without_errors_has_no_rejected_rows(office: Client, analyst: User, iris: ModelVersion) -> None:
    found = shown(office, finished(analyst, iris, flowers_csv(6)))
    assert lacks(found, "All 6 rows were answered", "6 answered = 6 rows in the file") == []
    assert "rejected" not in found.lower()


def test_the_first_rejected_rows_are_shown_with_the_reason(office: Client, analyst: User, iris: ModelVersion) -> None:
    found = shown(office, finished(analyst, iris, flowers_csv(6, BAD)))
    assert (
        lacks(found, "3 F-1 sepal_length long Enter a number.", "6 F-4 sepal_width 99 Enter “Sepal width” between")
        == []
    )
    bad = {row: {"sepal_length": "long"} for row in range(20)}
    many_bad = finished(analyst, iris, flowers_csv(21, bad))
    assert shown(office, many_bad).count("Enter a number.") == 10
    assert "The first rejected rows" in shown(office, many_bad)


def test_where_the_answers_come_from_is_said(office: Client, analyst: User, iris: ModelVersion) -> None:
    batch = finished(analyst, iris, flowers_csv(2))
    found = shown(office, batch)
    wanted = [str(batch.pk), "by analyst", "version 1", iris.commit[:12], batch.sha256[:12], "by administrator"]
    assert lacks(found, *wanted, "Comma ( , ) · Point, as in 1234.5 · UTF-8") == []


def test_two_classes_are_drawn_with_the_threshold(
    promoted: Callable[..., ModelVersion], analyst: User, example: Callable[[str], Any]
) -> None:
    version = promoted("attrition")
    content = b"".join((example("attrition") / "test_set.csv").read_bytes().splitlines(keepends=True)[:31])
    batch = finished(analyst, version, content)
    found = shown(browser(analyst), batch)
    assert lacks(found, "All 30 rows were answered", "Scores for “Leaves”", "Threshold:", "30 cases") == []
    signature = version.parsed_signature()
    positive = signature.class_names[signature.positive]
    leaves = Prediction.objects.filter(label=positive).count()
    url = f"/history/search/?batch={batch.pk}&answer={positive}"
    assert f"See who: Leaves ({leaves})" in found
    assert f'href="{url.replace("&", "&amp;")}"' in browser(analyst).get(f"/batches/{batch.pk}/").content.decode()
    assert browser(analyst).get(url).content.decode().count('class="found__key"') == leaves


def test_values_are_told_by_their_ends(price: ModelVersion, analyst: User) -> None:
    found = shown(browser(analyst), finished(analyst, price, b"surface,rooms\n100,1\n20,1\n500,1\n"))
    wanted = ["Lowest 25 000 EUR", "Mean 211 667 EUR", "Highest 505 000 EUR"]
    assert lacks(found.replace("\u202f", " "), *wanted) == []
    assert "because of a value that the model never saw: 1" in found


def test_what_is_missing_is_said(office: Client, analyst: User, iris: ModelVersion) -> None:
    batch = finished(analyst, iris, flowers_csv(6, BAD))
    Batch.objects.update(status="incomplete", rows=9, reason="Some were lost.")
    found = shown(office, batch)
    wanted = ["Incomplete: 3 of 9 rows have neither an answer nor a reason", "Some were lost."]
    assert lacks(found, *wanted, "4 answered + 2 rejected + 3 missing = 9 rows in the file") == []


def test_a_refused_file_says_why_and_what_to_do(office: Client, analyst: User, iris: ModelVersion) -> None:
    batch = sent(analyst, iris, flowers_csv(2))
    Batch.objects.update(status="refused", reason="A quotation mark is never closed. Row 7.")
    found = shown(office, batch)
    assert lacks(found, "The file was refused", "Row 7.", "Ask about another file") == []
    assert "Download" not in found


def test_hidden_values_are_masked_for_others(
    promoted: Callable[..., ModelVersion], examined: Callable[[str], Any], analyst: User
) -> None:
    described = deepcopy(examined("iris").signature_json)
    described["inputs"]["features"][0]["sensitive"] = "personal"
    batch = finished(analyst, promoted("iris", signature_json=described), flowers_csv(6, BAD))
    looker = User.objects.create_user("looker")
    looker.user_permissions.add(*_permissions("view_prediction"))
    for user, sees in ((analyst, True), (looker, False)):
        found = shown(browser(user), batch)
        assert ("sepal_length long" in found, "sepal_length •••" in found) == (sees, not sees)
        assert ("columns that you may not see" in found) is not sees


def _permissions(*names: str) -> Any:
    from django.contrib.auth.models import Permission

    return Permission.objects.filter(codename__in=names)


# In other languages, and with odd texts


def test_the_page_speaks_french(office: Client, analyst: User, iris: ModelVersion) -> None:
    batch = finished(analyst, iris, flowers_csv(6, BAD))
    found = shown(office, batch, accept_language="fr")
    assert lacks(found, "4 avec réponse + 2 refusées = 6 lignes dans le fichier", "Saisissez un nombre.") == []


def test_names_and_cells_are_texts_and_no_markup(office: Client, analyst: User, iris: ModelVersion) -> None:
    content = flowers_csv(2, {1: {"sepal_length": "<b>x</b>", "id": "<i>"}})
    batch = finished(analyst, iris, content, name="<script>.csv")
    for path in ("/batches/", f"/batches/{batch.pk}/"):
        content = office.get(path).content
        assert [tag for tag in (b"<script>.csv", b"<b>x", b"<i>") if tag in content] == []


# Stopping it


def test_cancelling_is_confirmed_and_keeps_the_answers(
    office: Client, analyst: User, iris: ModelVersion, settings: Any
) -> None:
    settings.BATCH_ROWS = 2
    batch = submitted(analyst, iris, flowers_csv(6, BAD))
    running.work(seconds=0)
    assert "2 of 6 rows are done. Their answers are kept" in text(office.get(f"/batches/{batch.pk}/cancel"))
    assert Batch.objects.get().is_cancelled is False
    assert office.post(f"/batches/{batch.pk}/cancel")["Location"] == f"/batches/{batch.pk}/"
    assert "It is being cancelled." in (found := shown(office, batch))
    assert "the file goes on" not in found
    running.work(seconds=60)
    found = shown(office, batch)
    wanted = [
        "Cancelled: one of 6 rows was answered before",
        "1 answered + 2 rejected + 3 not asked = 6 rows in the file",
    ]
    assert lacks(found, *wanted) == []
    assert Prediction.objects.count() == 1


def test_a_file_of_which_nothing_was_asked_is_forgotten(office: Client, analyst: User, iris: ModelVersion) -> None:
    batch = checked(analyst, iris, flowers_csv(6, BAD))
    assert "Nothing has been asked yet." in text(office.get(f"/batches/{batch.pk}/cancel"))
    office.post(f"/batches/{batch.pk}/cancel")
    assert "Cancelled before any row was answered" in shown(office, batch)
    assert not RejectedRow.objects.exists()


def test_what_is_over_cannot_be_cancelled(office: Client, analyst: User, iris: ModelVersion) -> None:
    batch = finished(analyst, iris, flowers_csv(2))
    assert office.get(f"/batches/{batch.pk}/cancel")["Location"] == f"/batches/{batch.pk}/"
    assert "That is not possible any more" in text(office.post(f"/batches/{batch.pk}/cancel", follow=True))


def test_who_only_looks_cannot_cancel(iris: ModelVersion, analyst: User, stranger: User, auditor: User) -> None:
    batch = submitted(analyst, iris, flowers_csv(2))
    path = f"/batches/{batch.pk}/cancel"
    assert [browser(user).post(path).status_code for user in (stranger, auditor)] == [404, 403]
    assert "Cancel…" not in shown(browser(auditor), batch)
    assert Batch.objects.get().is_cancelled is False
