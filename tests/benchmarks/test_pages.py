"""The benchmark of pages: that it fills what it says, and that every page it names is there, with few rows."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from benchmarks import filling, page_list, pages
from predictions.models import Dataset, Prediction, PredictionFailure, Record
from registry.models import ModelVersion

SIZE = filling.Size(answers=3_000, records=1_200)
ENTRY = {"page": "home", "reader": "business", "status": 200, "median_ms": 12.0, "slowest_ms": 20.0, "queries": 4}
ENTRY |= {"python_cpu_ms": 10.0, "database_cpu_ms": 1.0, "bytes": 6000}


@pytest.fixture
def filled(
    database_environment: dict[str, str],
    promoted: Callable[..., ModelVersion],
    example: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The tables, filled as the benchmark does, but for the models, which are there already."""
    User.objects.filter(username="administrator").update(username="promoter")
    promoted("iris")
    promoted("attrition")
    monkeypatch.setattr(filling, "CALLS", (60, 100))
    monkeypatch.setattr(filling, "EXPLAINED", 1)
    monkeypatch.setattr(page_list, "CALLS", (60, 100))
    url = database_environment["DATABASE_OWNER_URL"]
    filling.people()
    filling.records(url, SIZE, example("attrition") / "test_set.csv")
    filling.asked(example("iris") / "test_set.csv")
    filling.answers(url, SIZE)
    filling.calls()


@pytest.mark.long
def test_it_fills_what_it_says_and_every_page_is_there(filled: None) -> None:
    assert (Prediction.objects.count(), Record.objects.count(), Dataset.objects.get().size) == (3_000, 1_200, 1_200)
    assert PredictionFailure.objects.count() >= 20
    askers = Counter(Prediction.objects.values_list("user__username", flat=True))
    assert 0.4 < askers["business"] / 3_000 < 0.7
    assert not askers["newcomer"]
    assert Prediction.objects.filter(record__isnull=False).values("record").distinct().count() > 300
    days = Prediction.objects.dates("created_at", "day")
    assert len(days) > 390
    assert not [page for page in map(seen, page_list.pages()) if page["status"] != 200]


def seen(page: page_list.Page) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "WARM", 1)
        patch.setattr(pages, "TIMES", 1)
        return pages._measured(page)


def test_a_slow_page_and_one_that_is_none_fail() -> None:
    slow, gone = ENTRY | {"median_ms": 100.1}, ENTRY | {"status": 500}
    assert [pages.is_slow(entry, 100) for entry in (ENTRY, slow, gone)] == [False, True, True]
    assert [pages.line(entry, 100).partition("<- ")[2] for entry in (ENTRY, slow, gone)] == ["", "slow", "500"]


def test_json_is_a_list_of_objects(capsys: pytest.CaptureFixture[str]) -> None:
    pages.report([ENTRY], 100, as_json=True)
    assert json.loads(capsys.readouterr().out) == [ENTRY]
