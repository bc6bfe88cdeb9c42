"""The benchmark of roll-ups: that it fills, counts and looks at the pages as it says, with few answers."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from benchmarks import filling, filling_rollups, pages, rollups
from predictions.models import DailyRollup, Decision, Outcome, Prediction
from predictions.monitoring.rollups.layout import FIXED
from predictions.monitoring.rollups.tally import array
from registry.models import ModelVersion

ENTRY = {"page": "dashboard", "status": 200, "few_ms": 20.0, "many_ms": 25.0, "ratio": 1.25, "queries": 12}
ENTRY |= {"few_cpu_ms": 18.0, "many_cpu_ms": 19.5}


@pytest.fixture
def end(
    database_environment: dict[str, str],
    promoted: Callable[..., ModelVersion],
    example: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> datetime:
    """As the benchmark prepares it, but for the versions, which were imported already. Before all of it."""
    User.objects.filter(username="administrator").update(username="promoter")
    end = datetime.now(UTC) - timedelta(hours=1)
    filling.people()
    monkeypatch.setattr(filling_rollups, "ASKED", 30)
    for _ in range(2):
        promoted("attrition")
        filling_rollups._asked(example("attrition") / "test_set.csv")
    return end


@pytest.mark.long
def test_the_same_pages_with_few_answers_and_with_more(
    end: datetime, database_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollups, "DAYS", 8)
    monkeypatch.setattr(pages, "WARM", 1)
    monkeypatch.setattr(pages, "TIMES", 1)
    found = []
    for first, last in ((0, 200), (200, 600)):
        rollups.fill(database_environment["DATABASE_OWNER_URL"], first + 1, last, end)
        rollups.rebuilt()
        found.append(list(rollups.measured()))
    entries = rollups.compared(*found)
    assert [(entry["page"], entry["status"]) for entry in entries if entry["status"] != 200] == []
    assert Prediction.objects.count() == 600 + 60
    assert len(set(DailyRollup.objects.values_list("day", flat=True))) >= 9
    assert counted() == (660, Decision.objects.count(), Outcome.objects.count())
    versions = Prediction.objects.filter(created_at__lt=end).values_list("version__number", flat=True)
    assert 250 < list(versions).count(2) < 350


def counted() -> tuple[int, int, int]:
    """Answers, decisions and outcomes, as the days say."""
    rows = DailyRollup.objects.filter(source="", field="").values_list("counts", flat=True)
    total = sum(array("counts", row).astype(int)[: len(FIXED)] for row in rows)
    told = dict(zip(FIXED, total, strict=True))
    return told["answers"], told["agree"] + told["disagree"] + told["need_more"], told["outcomes"]


def test_an_hour_is_counted(end: datetime, database_environment: dict[str, str]) -> None:
    hour = end.replace(minute=0, second=0, microsecond=0) - timedelta(days=100)
    url = database_environment["DATABASE_OWNER_URL"]
    filling_rollups.answers(url, 1, 300, begin=hour, end=hour + timedelta(hours=1))
    entry = rollups.counted(hour, profile=True)
    assert (entry["answers"], entry["rows"] > 50) == (300, True)
    assert Decision.objects.count() > 10
    assert Outcome.objects.count() > 20


@pytest.mark.parametrize(
    ("change", "mark"),
    [({}, ""), ({"many_ms": 100.1}, "slow"), ({"ratio": 1.51}, "slow"), ({"status": 500}, "500")],
)
def test_what_is_bad_is_marked(change: dict[str, Any], mark: str) -> None:
    entry = ENTRY | change
    assert rollups.is_bad(entry, 100, 1.5) is bool(mark)
    assert rollups.line(entry, 100, 1.5).partition("<- ")[2] == mark
    json.dumps(entry)
