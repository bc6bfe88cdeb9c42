"""Files in the admin: counts, chunks, rejected rows; what somebody may not see is masked."""

import uuid

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from predictions.masking import MASK
from predictions.models import Batch, BatchChunk, RejectedRow
from tests.predictions.test_pages import browser, text
from tests.worlds import member

ADMIN = "/admin/predictions/"


@pytest.fixture
def staff(promoted, analyst: User) -> Batch:
    """A file about people, of which a row of 500 was rejected."""
    version = promoted("attrition")
    batch = Batch.objects.create(
        user=analyst,
        name="staff.csv",
        size=2048,
        sha256="a" * 64,
        status="done",
        model=version.model,
        version=version,
        headings=["Person", "How old", "Note"],
        mapping={"fields": {"age": 1}, "key": 0},
        rows=500,
    )
    place = {"offset": 0, "length": 2048, "line": 2, "status": "done"}
    error = {"field": "age", "code": "out_of_bounds", "count": 1, "lines": [7], "examples": ["199"]}
    findings = {"errors": [error], "columns": {"age": {"low": 18, "high": 199}, "poste": {"low": 1}}}
    more = {"predicted": 499, "rejected": 1, "findings": findings}
    BatchChunk.objects.create(batch=batch, first=0, rows=500, **place, **more)
    RejectedRow.objects.create(
        batch=batch, first=5, line=7, cells=["E-7", "199", "tall"], errors=[{"field": "age", "code": "out_of_bounds"}]
    )
    return batch


@pytest.fixture
def audit(staff: Batch, auditor: User) -> Client:
    return browser(auditor)


@pytest.fixture
def half(staff: Batch) -> Client:
    """Staff who may look at files, and not at sensitive values."""
    user = User.objects.create_user("half", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_batchchunk", "view_rejectedrow"]))
    return browser(user)


def test_a_file_tells_its_counts_and_leads_to_its_rows(audit: Client, staff: Batch) -> None:
    page = text(audit.get(f"{ADMIN}batch/"))
    assert [word for word in ("staff.csv", "analyst", "attrition", "499") if word not in page] == []
    shown = audit.get(f"{ADMIN}batch/{staff.pk}/change/").content.decode()
    for link in (f"batchchunk/?batch={staff.pk}", f"rejectedrow/?batch={staff.pk}", f"search/?batch={staff.pk}"):
        assert link in shown
    assert [word for word in ("1 / 1", "How old", "2.0") if word not in shown] == []


def test_files_are_found_by_number_and_name(audit: Client, staff: Batch) -> None:
    for query, found in ((f"q={staff.pk}", True), ("q=staff", True), (f"q={uuid.uuid4()}", False), ("q=%00", False)):
        assert ("staff.csv" in text(audit.get(f"{ADMIN}batch/?{query}"))) == found


@pytest.mark.parametrize("kind", ["batchchunk", "rejectedrow"])
def test_the_parts_of_one_file_are_listed(audit: Client, staff: Batch, kind: str) -> None:
    for query, count in (
        (f"?batch={staff.pk}", 1),
        (f"?batch={uuid.uuid4()}", 0),
        ("?batch=x", 0),
        (f"?q={staff.pk}", 1),
    ):
        assert audit.get(f"{ADMIN}{kind}/{query}").context["cl"].result_count == count
    assert audit.get(f"{ADMIN}{kind}/x/change/").status_code == 302


def test_sensitive_cells_are_masked(audit: Client, half: Client, staff: Batch) -> None:
    row, chunk = RejectedRow.objects.get(), BatchChunk.objects.get()
    rejected, found = f"{ADMIN}rejectedrow/{row.pk}/change/", f"{ADMIN}batchchunk/{chunk.pk}/change/"
    seen = [text(client.get(path)) for client in (audit, half) for path in (rejected, found)]
    assert ["199" in page for page in seen] == [True, True, False, False]
    assert [MASK in page for page in seen] == [False, False, True, True]
    assert "tall" in seen[2]


@pytest.mark.parametrize("kind", ["batch", "batchchunk", "rejectedrow"])
def test_as_many_queries_for_many_as_for_few(audit: Client, staff: Batch, kind: str) -> None:
    counts = []
    for many in (1, 30):
        fill(staff, many)
        audit.get(f"{ADMIN}{kind}/")
        with CaptureQueriesContext(connection) as queries:
            assert audit.get(f"{ADMIN}{kind}/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def fill(like: Batch, many: int) -> None:
    """More files of other people, each with a chunk and a rejected row."""
    for number in range(many):
        user = member(f"person-{many}-{number}", "business user")
        fields = {"name": "more.csv", "size": 1, "sha256": "b" * 64, "model": like.model, "version": like.version}
        batch = Batch.objects.create(user=user, **fields)
        BatchChunk.objects.create(batch=batch, first=0, rows=1, offset=0, length=1, line=2)
        RejectedRow.objects.create(batch=batch, first=0, line=2, cells=["x"], errors=[])


def test_nobody_changes_a_file(staff: Batch, administrator: User) -> None:
    client = browser(administrator)
    for name, found in (
        ("batch", staff),
        ("batchchunk", BatchChunk.objects.get()),
        ("rejectedrow", RejectedRow.objects.get()),
    ):
        path = f"{ADMIN}{name}/"
        assert client.get(f"{path}add/").status_code == 403
        assert client.post(f"{path}{found.pk}/change/", {"name": "x"}).status_code == 403
        assert client.post(f"{path}{found.pk}/delete/", {"post": "yes"}).status_code == 403
