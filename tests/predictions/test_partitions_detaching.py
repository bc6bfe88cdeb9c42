"""A month of answers leaves its table: who may do that, what is left of it, and what pages say afterwards."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from predictions import actions
from predictions.exceptions import KeyReused
from predictions.models import (
    Awaited,
    DailyRollup,
    Decision,
    DetachedPartition,
    Estimate,
    HourlyRollup,
    HourToCount,
    Outcome,
    Prediction,
    PredictionFailure,
    Source,
)
from predictions.monitoring.rollups import rebuilding, rounds, verifying
from predictions.partitions import detaching
from registry.models import ModelVersion
from tests.predictions import files
from tests.predictions.compared import asked_for, finished
from tests.predictions.histories import SEALED, ask, awaited, decide, happened, made_at
from tests.predictions.months import ANSWERS, begin, months_of_partitions, name_of, names, within  # noqa: F401
from tests.registry.people import browser
from tests.worlds import IRIS, ROOT

pytestmark = pytest.mark.django_db(databases=["default", "owner"], transaction=True)
Months = Callable[[int], None]
LATER = timedelta(days=200)


def detach(name: str, now: datetime) -> str:
    """As the command does, at another moment; the table that it is then."""
    plan = detaching.plan(connections["owner"], name, now)
    detaching.detach(connections["owner"], plan)
    return plan.table


def count_at(moment: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the worker does for monitoring."""
    with monkeypatch.context() as then:
        then.setattr(timezone, "now", lambda: moment)
        while rounds.work(seconds=60):
            pass


def as_owner(statement: str) -> list[Any]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


# Who may, and when


def test_what_is_young_needed_or_none_stays(
    months: Months, iris: ModelVersion, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    months(5)
    old = made_at(ask(analyst)[0], within(4))

    def refused(name: str) -> str:
        with pytest.raises(CommandError) as why:
            call_command("detach_partition", name, "--yes")
        return str(why.value)

    assert "is the default partition" in refused(f"{ANSWERS}_default")
    assert "There is no partition auth_user" in refused("auth_user")
    assert f"it may be detached from {begin(-1) + timedelta(days=90):%Y-%m-%d} on" in refused(name_of(0))
    assert "it may be detached from" in refused(name_of(2))
    assert "Hours of that time wait to be counted" in refused(name_of(4))
    count_at(timezone.now(), monkeypatch)
    HourToCount.objects.create(hour=old.created_at.replace(minute=0))
    assert "Hours of that time wait to be counted" in refused(name_of(4))
    HourToCount.objects.all().delete()
    draft = files.checked(iris, analyst, 5)
    type(draft).objects.filter(pk=draft.pk).update(created_at=begin(4))
    assert "1 files of that time are not over" in refused(name_of(4))
    type(draft).objects.filter(pk=draft.pk).update(status="cancelled")
    assert name_of(4) in names()


def test_nothing_is_done_without_yes_nor_by_the_application(
    months: Months, iris: ModelVersion, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    months(5)
    made_at(ask(analyst)[0], within(4))
    count_at(timezone.now(), monkeypatch)
    with pytest.raises(CommandError, match=f"{name_of(4)} has 1 rows. Detached, they are on no page"):
        call_command("detach_partition", name_of(4))
    assert name_of(4) in names()
    owner, application = connections["owner"].settings_dict, connections["default"].settings_dict
    connections["owner"].close()
    with monkeypatch.context() as other:
        for key in ("USER", "PASSWORD"):
            other.setitem(owner, key, application[key])
        with pytest.raises(CommandError, match="Only the owner of the tables"):
            call_command("detach_partition", name_of(4), "--yes")
        connections["owner"].close()
    said = StringIO()
    call_command("detach_partition", name_of(4), "--yes", stdout=said)
    assert f"futurisys_detached.{name_of(4)}" in said.getvalue()
    assert name_of(4) not in names()
    listed = StringIO()
    call_command("list_partitions", stdout=listed)
    assert re.search(rf"{name_of(4)} .* 1 rows   detached on ", listed.getvalue())


# What is left


def test_it_stays_append_only_and_out_of_reach_also_after_a_migration(
    months: Months, iris: ModelVersion, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    months(1)
    ask(analyst)
    later = timezone.now() + LATER
    count_at(later, monkeypatch)
    table = detach(name_of(0), later)
    call_command("migrate", verbosity=0)
    for change in (f"UPDATE {table} SET key = 'x'", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with pytest.raises(DatabaseError, match="holds facts"):
            as_owner(change)
    with pytest.raises(DatabaseError, match="permission denied"), connections["default"].cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
    assert as_owner(f"SELECT count(*) FROM {table}") == [(1,)]
    # Nobody is kept from deleting what an archived answer was about.
    assert as_owner(f"SELECT count(*) FROM pg_constraint WHERE conrelid = '{table}'::regclass AND contype = 'f'") == [
        (0,)
    ]


def test_it_is_attached_again_as_the_documentation_says(
    months: Months, iris: ModelVersion, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    months(1)
    answers = ask(analyst, rows=3)
    later = timezone.now() + LATER
    count_at(later, monkeypatch)
    detach(name_of(0), later)
    gone = DetachedPartition.objects.get()
    assert (gone.name, gone.table, gone.rows) == (name_of(0), ANSWERS, 3)
    assert not Prediction.objects.exists()
    (lines,) = re.findall(
        r"<!-- A test runs this. -->\n```sql\n(.*?)```", (ROOT / "docs/partitions.md").read_text("utf-8"), re.DOTALL
    )
    low, high = re.findall(r"FROM \('(.*)'\) TO \('(.*)'\)", lines)[0]
    told = {"predictions_prediction_2026_12": gone.name, low: str(gone.low), high: str(gone.high)}
    for known, now in told.items():
        assert known in lines
        lines = lines.replace(known, now)
    as_owner(lines)
    assert set(Prediction.objects.values_list("pk", flat=True)) == {answer.pk for answer in answers}
    assert not DetachedPartition.objects.exists()
    keys = "SELECT count(*) FROM pg_constraint WHERE conrelid = '{}'::regclass AND contype = 'f' AND conparentid <> 0"
    assert as_owner(keys.format(gone.name)) == [(6,)]
    assert detaching.plan(connections["owner"], gone.name, later).rows == 3  # and again, if need be


# What pages and callers are told


def test_no_page_breaks(
    months: Months,
    iris: ModelVersion,
    ready: Any,
    analyst: User,
    administrator: User,
    token: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    months(1)
    client = browser(administrator)
    answer, other = ask(administrator), ask(administrator)
    answer = answer[0]
    estimate = Estimate.objects.create(prediction=answer, by=administrator, label="setosa", **SEALED)
    decision = decide(answer, administrator)
    outcome = happened(answer, administrator)
    awaited(other[0], "decision")
    awaited(other[0], "outcome", days=-1)
    batch = files.submitted(iris, administrator, 5)
    files.work_off()
    second = ready("iris")
    compared = finished(asked_for(administrator, iris, second))
    assert compared.status == "done", compared.reason
    pages = [
        reverse("home"),
        reverse("history"),
        reverse("history-search"),
        reverse("decisions"),
        reverse("outcomes"),
        reverse("outcomes-template"),
        reverse("batches"),
        reverse("batch", args=[batch.pk]),
        reverse("batch-results", args=[batch.pk]),
        reverse("comparison", args=[compared.pk]),
        reverse("admin:predictions_prediction_changelist"),
        *(reverse(f"admin:predictions_{kind}_changelist") for kind in ("decision", "estimate", "outcome")),
        reverse("admin:predictions_decision_change", args=[decision.pk]),
        reverse("admin:predictions_estimate_change", args=[estimate.pk]),
        reverse("admin:predictions_outcome_change", args=[outcome.pk]),
        reverse("monitoring"),
        "/api/v1/predictions",
        f"/api/v1/batches/{batch.pk}",
        f"/api/v1/batches/{batch.pk}/results.csv",
    ]
    addresses = [
        reverse("record", args=[answer.pk]),
        f"/api/v1/predictions/{answer.pk}",
        f"/answers/{answer.request_id}/",
    ]
    assert [status(client, address) for address in addresses] == [200, 200, 302]
    later = timezone.now() + LATER
    count_at(later, monkeypatch)
    detach(name_of(0), later)

    for page in pages:
        assert status(client, page) == 200, page
    assert [status(client, address) for address in addresses] == [404, 404, 404]
    assert "Page not found" in client.get(addresses[0]).text
    facts = "setosa" in client.get(pages[15]).text, "setosa" in client.get(pages[16]).text
    assert facts == (True, True)
    assert (Decision.objects.count(), Outcome.objects.count(), Awaited.objects.count()) == (1, 1, 0)
    key = {"authorization": token(administrator)}
    said = {"decisions": [{"prediction": str(answer.pk), "verdict": "agree", "reason": "fits"}]}
    reply = Client().post("/api/v1/decisions", said, "application/json", headers=key)
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (400, "unknown_number")
    for act in ("decide", "estimate", "outcome"):
        assert client.post(f"/history/{answer.pk}/{act}").status_code == 404
    assert ask(administrator)  # and questions are answered as before
    assert status(client, reverse("history")) == 200


def status(client: Client, address: str) -> int:
    response = client.get(address)
    if response.streaming:
        b"".join(response.streaming_content)
    return int(response.status_code)


def test_an_idempotency_key_is_not_answered_a_second_time(
    months: Months, iris: ModelVersion, analyst: User, monkeypatch: pytest.MonkeyPatch, token: Any
) -> None:
    months(1)
    asked = {"model": "iris", "columns": {name: [value] for name, value in IRIS.items()}, "rows": 1, "by": analyst}
    actions.predict(**asked, source=Source.API, idempotency_key="k")
    later = timezone.now() + LATER
    count_at(later, monkeypatch)
    detach(name_of(0), later)
    with pytest.raises(KeyReused, match="is archived"):
        actions.predict(**asked, source=Source.API, idempotency_key="k")
    assert not Prediction.objects.exists()


# What monitoring counted stays


@pytest.mark.parametrize("table", ["predictions_prediction", "predictions_predictionfailure"])
def test_roll_ups_stay_as_they_were(
    months: Months, iris: ModelVersion, analyst: User, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    months(5)
    made_at(ask(analyst)[0], within(4))
    kept = made_at(ask(analyst)[0], within(3))
    fields = ("request_id", "version", "inputs", "source", "user", "salt", "digest")
    failed = {"duration": 0, "kind": "deadline", "reason": "Late.", **{name: getattr(kept, name) for name in fields}}
    PredictionFailure.objects.create(id=made_at(kept, within(4) + timedelta(hours=3)).pk, **failed)
    now = timezone.now()
    count_at(now, monkeypatch)
    before = list(HourlyRollup.objects.order_by("pk").values()), list(DailyRollup.objects.order_by("pk").values())
    assert len(before[0]) > 2
    detach(name_of(4, table), now)
    assert verifying.differing(within(4).date()) == []
    assert verifying.mark_differing(now + timedelta(minutes=1)) == []
    rebuilding.mark(begin(4).date(), begin(3).date(), now)
    count_at(now, monkeypatch)
    assert not HourToCount.objects.exists()
    assert (
        list(HourlyRollup.objects.order_by("pk").values()),
        list(DailyRollup.objects.order_by("pk").values()),
    ) == before
    HourToCount.objects.create(hour=within(4))  # somebody marked it by hand
    count_at(now, monkeypatch)
    assert list(HourlyRollup.objects.order_by("pk").values()) == before[0]
    # What is not detached is still looked after.
    HourlyRollup.objects.filter(hour__gte=begin(3), hour__lt=begin(2)).delete()
    assert verifying.differing(within(3).date()) == [within(3)]
