"""The auditor's admin: every record found and readable, nothing changed, nothing counted."""

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Permission, User
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from django.utils.formats import date_format

from predictions import actions
from predictions.admin import PredictionAdmin
from predictions.history.moments import first_id_of
from predictions.models import Dataset, IdempotencyKey, Prediction, PredictionFailure, Record, Source
from registry import promotions
from registry.models import LedgerEntry, ModelVersion
from tests.predictions.test_predict import damage
from tests.worlds import IRIS

LIST = "/admin/predictions/prediction/"
LISTS = [LIST, "/admin/predictions/predictionfailure/", "/admin/predictions/idempotencykey/"]
Ask = Callable[..., actions.Answer]


@pytest.fixture
def ask(analyst: User) -> Ask:
    """`ask(60)`: rows that the waist stored in one call."""

    def asked(
        rows: int = 1,
        *,
        by: User = analyst,
        source: Source = Source.API,
        records: list[int | None] | None = None,
        **changes: object,
    ) -> actions.Answer:
        columns = {name: [value] * rows for name, value in (IRIS | changes).items()}
        return actions.predict(model="iris", columns=columns, rows=rows, source=source, by=by, records=records)

    return asked


def browser(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


@pytest.fixture
def audit(auditor: User) -> Client:
    """The auditor's browser."""
    return browser(auditor)


def shown(client: Client, query: str = "", path: str = LIST) -> list[str]:
    """Record numbers of a list, in its order."""
    response = client.get(path + query)
    assert response.status_code == 200, response.status_code
    return re.findall(r'<th class="field-id"><a href="[^"]*">([0-9a-f-]{36})</a>', response.content.decode())


def numbers(answer: actions.Answer) -> list[str]:
    return [str(row.pk) for row in answer.predictions]


# Finding


def test_the_list_says_who_asked_what_and_when(iris: ModelVersion, ask: Ask, audit: Client) -> None:
    answer = ask()
    page = audit.get(LIST).content.decode()
    for text in (str(answer.request_id), "analyst", "iris", "setosa", "API"):
        assert text in page


def test_filters_choose(iris: ModelVersion, promoted, ask: Ask, audit: Client, stranger: User) -> None:
    first = numbers(ask())
    second = numbers(ask(by=stranger, source=Source.FORM, petal_length=6, petal_width=2.2))
    promoted("iris")
    third = numbers(ask())
    newest = ModelVersion.objects.get(number=2)
    expected = {
        "?model=iris": third + second + first,
        "?model=nothing": [],
        f"?version={iris.pk}": second + first,
        f"?version={newest.pk}": third,
        "?label=virginica": second,
        "?source=form": second,
        "?user=stranger": second,
        "?user=nobody": [],
        "?date=1": third + second + first,
        f"?user=analyst&version={iris.pk}&label=setosa&source=api&date=7": first,
    }
    assert {query: shown(audit, query) for query in expected} == expected


def test_the_date_filter_reads_the_time_in_the_number(iris: ModelVersion, ask: Ask, audit: Client) -> None:
    (old,) = ask().predictions
    old.pk = uuid.UUID(int=first_id_of(timezone.now() - timedelta(days=3)).int + 1)
    old.save(force_insert=True)
    assert len(shown(audit)) == 2
    assert len(shown(audit, "?date=1")) == 1
    assert len(shown(audit, "?date=7")) == 2


def test_search_finds_a_record_and_a_call(iris: ModelVersion, ask: Ask, audit: Client) -> None:
    before, call, after = numbers(ask()), numbers(ask(3)), numbers(ask())
    assert shown(audit, f"?q={call[0]}") == call[::-1]
    assert shown(audit, f"?q={call[1]}") == [call[1]]
    assert shown(audit, f"?q=%20{before[0].upper()}%20") == before
    assert shown(audit, f"?q={uuid.uuid4()}") == []
    assert shown(audit, "?q=setosa") == []
    assert after[0] not in shown(audit, f"?q={call[0]}")


@pytest.mark.parametrize("number", [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), uuid.UUID(int=2**127)])
def test_search_reads_a_range_and_not_the_table(iris: ModelVersion, ask: Ask, audit: Client, number) -> None:
    ask(60)
    with CaptureQueriesContext(connection) as queries:
        assert shown(audit, f"?q={number}") == []
    (sql,) = [query["sql"] for query in queries if "LIMIT 51" in query["sql"]]
    assert re.search(r'"id" >= .* AND .*"id" < ', sql)


# Paging


def test_paging_by_cursor_shows_each_record_once(iris: ModelVersion, ask: Ask, audit: Client) -> None:
    made = [number for _ in range(3) for number in numbers(ask(40))]
    found, query = [], ""
    while query is not None:
        response = audit.get(LIST + query)
        page = re.findall(r'field-id"><a href="[^"]*">([0-9a-f-]{36})<', response.content.decode())
        assert 0 < len(page) <= 50
        found += page
        query = response.context["cl"].older
    assert found == made[::-1]


def test_a_page_keeps_its_filters(iris: ModelVersion, ask: Ask, audit: Client, stranger: User) -> None:
    mine, _other = numbers(ask(60)), ask(60, by=stranger)
    response = audit.get(LIST + "?user=analyst")
    older = response.context["cl"].older
    assert "user=analyst" in older
    assert shown(audit, older) == mine[::-1][50:]
    assert audit.get(LIST + older).context["cl"].newest == "?user=analyst"


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("query", ["", "?_facets=True", "?all=", "?p=3", "?o=1", "?model=iris&date=7", "?q=x"])
def test_nothing_is_counted_and_no_row_is_skipped(iris, ask: Ask, audit: Client, path: str, query: str) -> None:
    ask(110)
    with CaptureQueriesContext(connection) as queries:
        audit.get(path + query)
    told = [query["sql"] for query in queries]
    assert told
    assert not [sql for sql in told if re.search(r"\bCOUNT\(|\bOFFSET\b|DISTINCT", sql, re.IGNORECASE)]


@pytest.mark.parametrize("path", LISTS)
def test_as_many_queries_for_60_records_as_for_10(iris: ModelVersion, analyst: User, audit: Client, path: str) -> None:
    counts = []
    for many in (10, 50):
        fill(analyst, many)
        with CaptureQueriesContext(connection) as queries:
            assert audit.get(path).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12


def fill(analyst: User, many: int) -> None:
    """So many predictions, failures and keys."""
    for number in range(many):
        columns = {name: [value] for name, value in IRIS.items()}
        key = f"{many}-{number}"
        actions.predict(model="iris", columns=columns, rows=1, source=Source.API, by=analyst, idempotency_key=key)
    row = Prediction.objects.latest("id")
    shared = {"version": row.version, "inputs": row.inputs, "user": analyst, "source": "api", "duration": 0.0}
    failure = {"salt": b"", "digest": b"", "kind": "deadline", "reason": "late", "request_id": row.pk} | shared
    PredictionFailure.objects.bulk_create(PredictionFailure(**failure) for _ in range(many))


BAD = ["x", "-1", "1" * 30, "²", "٣", "%00", "%ff", "a%27b", "%F0%9F%99%82", ""]
NAMES = [
    "model",
    "version",
    "label",
    "source",
    "user",
    "date",
    "before",
    "q",
    "p",
    "o",
    "e",
    "all",
    "_facets",
    "_popup",
]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("name", NAMES)
def test_a_bad_value_in_the_address_is_no_fault(iris: ModelVersion, ask: Ask, audit: Client, name, path: str) -> None:
    ask()
    for value in BAD:
        assert audit.get(f"{path}?{name}={value}").status_code in {200, 302, 400}, value


@pytest.mark.parametrize(
    "query",
    ["label__regex=(", "inputs__petal_width=0.2", "score__gt=0.5", "user__password__startswith=p", "salt=x", "x=1"],
)
def test_other_lookups_are_refused(iris: ModelVersion, ask: Ask, audit: Client, query: str) -> None:
    ask()
    for path in LISTS:
        assert audit.get(f"{path}?{query}").status_code in {302, 400}


def test_a_filter_that_means_nothing_shows_nothing(iris: ModelVersion, ask: Ask, audit: Client) -> None:
    ask()
    for query in ("version=x", "date=x", "before=x", "user=x", "label=x", "model=x", "source=x"):
        assert shown(audit, f"?{query}") == []


# Reading


def test_a_record_is_readable(iris: ModelVersion, analyst: User, audit: Client) -> None:
    columns = {name: [value] for name, value in (IRIS | {"petal_width": 9}).items()}
    asked = {"model": "iris", "columns": columns, "rows": 1, "source": Source.FORM, "by": analyst, "explain": True}
    (record,) = actions.predict(**asked, trace_id="ab" * 16).predictions
    page = audit.get(f"{LIST}{record.pk}/change/").content.decode()
    entry = LedgerEntry.objects.get()
    wanted = ["Petal width", "9 cm", "Sepal length", "5.1 cm", "analyst", "Form", iris.commit, str(entry), "ab" * 16]
    wanted += [record.outputs["label"], record.warnings[0]["message"], str(record.pk), "permutations"]
    assert [text for text in wanted if text not in page] == []


def test_a_picture_record_and_a_failure_are_readable(promoted, audit: Client, analyst: User, drawing) -> None:
    digits = promoted("digits")
    asked = {"model": "digits", "rows": 1, "source": Source.API, "by": analyst}
    (record,) = actions.predict(columns={"image": [drawing().read()]}, **asked).predictions
    assert record.inputs["image"]["sha256"] in audit.get(f"{LIST}{record.pk}/change/").content.decode()
    damage(digits)
    from registry import runtimes

    runtimes.forget()
    with pytest.raises(actions.NotAnswered) as failed:
        actions.predict(columns={"image": [drawing().read()]}, **asked)
    page = audit.get(f"{LISTS[1]}{failed.value.failure_id}/change/").content.decode()
    assert record.inputs["image"]["sha256"] in page
    assert "load" in page


def test_a_failure_tells_its_inputs_and_reason(iris: ModelVersion, ask: Ask, audit: Client) -> None:
    damage(iris)
    with pytest.raises(actions.NotAnswered) as failed:
        ask()
    page = audit.get(f"{LISTS[1]}{failed.value.failure_id}/change/").content.decode()
    assert [text for text in ("Petal width", "0.2 cm", "load", "analyst") if text not in page] == []


def test_a_number_without_a_record_is_no_fault(iris: ModelVersion, audit: Client) -> None:
    for number in (uuid.uuid4(), "x", "%00", "1"):
        assert audit.get(f"{LIST}{number}/change/").status_code in {302, 400, 404}


# Changing nothing


@pytest.mark.parametrize("who", ["auditor", "administrator"])
def test_nobody_adds_changes_or_deletes_a_fact(iris: ModelVersion, ask: Ask, request, analyst: User, who: str) -> None:
    client = browser(request.getfixturevalue(who))
    columns = {name: [value] for name, value in IRIS.items()}
    actions.predict(model="iris", columns=columns, rows=1, source=Source.API, by=analyst, idempotency_key="k")
    facts = [Prediction.objects.get(), IdempotencyKey.objects.get(), LedgerEntry.objects.get()]
    for fact in facts:
        path = f"/admin/{fact._meta.app_label}/{fact._meta.model_name}/"
        for verb in (client.get, client.post):
            assert verb(f"{path}add/").status_code == 403
            assert verb(f"{path}{fact.pk}/delete/").status_code == 403
        assert client.post(f"{path}{fact.pk}/change/", {"label": "virginica", "reason": "x"}).status_code == 403
        client.post(path, {"action": "delete_selected", "_selected_action": [str(fact.pk)], "post": "yes"})
        assert b"delete_selected" not in client.get(path).content
    assert [type(fact).objects.get() for fact in facts] == facts


@pytest.mark.parametrize("path", [*LISTS, "/admin/", "/admin/registry/modelversion/", "/admin/registry/ledgerentry/"])
def test_a_business_user_sees_no_admin(iris: ModelVersion, ask: Ask, analyst: User, path: str) -> None:
    ask()
    for client, login in ((browser(analyst), "/admin/login/"), (Client(), "/login")):
        response = client.get(path)
        assert (response.status_code, response["Location"].split("?")[0]) == (302, login)


def test_staff_without_the_right_sees_no_record(iris: ModelVersion, ask: Ask, analyst: User) -> None:
    (record,) = ask().predictions
    User.objects.filter(pk=analyst.pk).update(is_staff=True)
    client = browser(User.objects.get(pk=analyst.pk))
    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}{record.pk}/change/").status_code == 403


# The registry


def test_a_version_page_tells_reason_limits_and_comparison(ready, audit: Client) -> None:
    version = ready("iris", why_isolated="Served by the isolated runtime: a test says so.")
    page = audit.get(f"/admin/registry/modelversion/{version.pk}/change/").content.decode()
    wanted = ["a test says so", str(version.report["comparison"]["rows"]), version.report["jail"]["limits"]]
    assert [text for text in wanted if text.replace("'", "&#x27;") not in page] == []


def test_a_rejected_version_tells_its_reason(iris: ModelVersion, audit: Client) -> None:
    values = {"status": "rejected", "reason": "It would run a command.", "commit": "f" * 40}
    rejected = ModelVersion.objects.create(model=iris.model, number=2, **values)
    assert b"It would run a command." in audit.get("/admin/registry/modelversion/").content
    assert b"It would run a command." in audit.get(f"/admin/registry/modelversion/{rejected.pk}/change/").content


def test_the_ledger_tells_who_and_why(iris: ModelVersion, administrator: User, audit: Client) -> None:
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    page = audit.get("/admin/registry/ledgerentry/").content.decode()
    assert [text for text in ("administrator", "a doubt", "a test needs it") if text not in page] == []


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_sync_now_needs_the_right_to_change(iris: ModelVersion, auditor: User, administrator: User) -> None:
    auditor.user_permissions.add(Permission.objects.get(codename="view_registeredmodel"))
    path, chosen = "/admin/registry/registeredmodel/", {"action": "sync_now", "_selected_action": [iris.model_id]}
    for user, queued in ((auditor, 0), (administrator, 1)):
        client = browser(user)
        assert (b"sync_now" in client.get(path).content) == bool(queued)
        client.post(path, chosen)
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pgmq.q_futurisys")
            assert cursor.fetchone() == (queued,)


def test_models_are_neither_added_nor_deleted_here(iris: ModelVersion, administrator: User, auditor: User) -> None:
    path = "/admin/registry/registeredmodel/"
    for user in (administrator, auditor):
        client = browser(user)
        assert client.post(f"{path}add/", {"name": "x"}).status_code == 403
        assert client.post(f"{path}{iris.model_id}/delete/", {"post": "yes"}).status_code == 403
    assert browser(auditor).post(f"{path}{iris.model_id}/change/", {"tracked_ref": "x"}).status_code == 403
    iris.model.refresh_from_db()
    assert iris.model.tracked_ref == "main"


@pytest.mark.parametrize(("language", "said"), [("en", "21 Nov 2026, 18:36"), ("fr", "21 nov. 2026, 18:36")])
def test_dates_are_written_as_on_other_pages(language: str, said: str) -> None:
    with translation.override(language):
        assert date_format(datetime(2026, 11, 21, 18, 36, tzinfo=UTC), "DATETIME_FORMAT") == said


@pytest.mark.parametrize(("score", "said"), [(5.766e-13, "0.0000"), (1234.5, "1234.5000"), (1e300, "1e+300")])
def test_scores_have_four_decimals(score: float, said: str) -> None:
    assert PredictionAdmin(Prediction, site).shown_score(Prediction(score=score)) == said


def test_the_list_names_the_record(iris: ModelVersion, audit: Client, ask: Ask, analyst: User) -> None:
    flowers = Dataset.objects.create(name="flowers", title="Flowers", key_column="id", columns=[], updated_by=analyst)
    record = Record.objects.create(dataset=flowers, key="E-1", data={})
    ask(records=[record.pk])
    ask()
    page = audit.get(LIST).content.decode()
    assert re.findall(r'class="field-case_key">(.*?)<', page) == ["–", "E-1"]
