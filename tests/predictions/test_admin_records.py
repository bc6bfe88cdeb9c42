"""Records in the admin: found and read, never changed, and without what somebody may not see."""

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from predictions.imports.verbs import import_records, keep_upload
from predictions.models import Record

RECORDS = "/admin/predictions/record/"


def audit(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def bring(by: User, rows: int, **more: object) -> None:
    text = "id;genre\n" + "".join(f"K{n};{'FM'[n % 2]}\n" for n in range(rows))
    import_records(name="people", title="People", content=text.encode(), key_column="id", by=by, **more)


def test_the_list_is_paged_by_number_with_as_many_queries(auditor: User, analyst: User) -> None:
    asked = []
    for rows in (10, 120):
        bring(analyst, rows)
        with CaptureQueriesContext(connection) as queries:
            page = audit(auditor).get(RECORDS)
        asked.append(len(queries))
    assert asked[0] == asked[1]
    older = audit(auditor).get(f"{RECORDS}{page.context['cl'].older}").context["cl"]
    assert older.result_list[0].key == "K69"


@pytest.mark.parametrize("query", ["?q=K7", "?dataset=people&q=K7", "?q=K7&before=99999999999"])
def test_a_record_is_found_by_its_key(auditor: User, analyst: User, query: str) -> None:
    bring(analyst, 10)
    assert [record.key for record in audit(auditor).get(RECORDS + query).context["cl"].result_list] == ["K7"]


@pytest.mark.parametrize("query", ["?before=x", "?before=" + "9" * 400, "?dataset=nothing", "?q=nothing"])
def test_nonsense_finds_nothing(auditor: User, analyst: User, query: str) -> None:
    bring(analyst, 3)
    response = audit(auditor).get(RECORDS + query)
    assert (response.status_code, list(response.context["cl"].result_list)) == (200, [])


def test_sensitive_values_take_the_right_to_see_them(promoted, auditor: User, analyst: User) -> None:
    bring(analyst, 1, model=promoted("attrition").model)
    address = f"{RECORDS}{Record.objects.get().pk}/change/"
    assert "&quot;genre&quot;: &quot;F&quot;" in audit(auditor).get(address).content.decode()
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_record"))
    shown = audit(clerk).get(address).content.decode()
    assert "•••" in shown
    assert "&quot;F&quot;" not in shown


def test_nothing_is_changed_here(auditor: User, administrator: User, analyst: User) -> None:
    bring(analyst, 1)
    for person in (auditor, administrator):
        for path in ("record", "dataset", "upload"):
            assert audit(person).get(f"/admin/predictions/{path}/add/").status_code == 403
        address = f"{RECORDS}{Record.objects.get().pk}/"
        assert audit(person).post(f"{address}change/", {"key": "x"}).status_code == 403
        assert audit(person).post(f"{address}delete/", {"post": "yes"}).status_code == 403


def test_what_an_upload_holds_is_not_shown(auditor: User, analyst: User) -> None:
    kept = keep_upload(name="people.csv", content=b"id;secret", by=analyst)
    for path in ("", f"{kept.pk}/change/"):
        page = audit(auditor).get(f"/admin/predictions/upload/{path}")
        assert page.status_code == 200
        assert "people.csv" in page.content.decode()
        assert "secret" not in page.content.decode()


def test_sets_are_listed(auditor: User, analyst: User) -> None:
    bring(analyst, 3)
    assert "People" in audit(auditor).get("/admin/predictions/dataset/").content.decode()
