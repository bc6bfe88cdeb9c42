"""The first start of the demo loads the records to ask about."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from futurisys import demo
from futurisys.accounts import roles
from predictions.models import Awaited, Dataset, Prediction
from registry.models import ModelVersion
from tests.worlds import member


@pytest.fixture
def first(tmp_path: Path, promoted: Callable[..., ModelVersion]) -> demo.FirstStart:
    promoted("attrition")
    User.objects.create_superuser("admin")
    for folder in ("log", "examples"):
        (tmp_path / folder).mkdir()
    supervisor: Any = None
    return demo.FirstStart(supervisor, tmp_path, lambda name: nullcontext())


def test_the_employees_can_be_asked_about(first: demo.FirstStart, example: Callable[[str], Path]) -> None:
    first.employees.write_bytes((example("attrition") / "test_set.csv").read_bytes())
    with first._quietly():
        first._import_employees()
    dataset = Dataset.objects.get(name="employees")
    assert (dataset.title, dataset.key_column, dataset.model.name) == ("Employees", "id_employee", "attrition")
    assert dataset.size == 300


def test_one_employee_has_a_whole_story(first: demo.FirstStart, example: Callable[[str], Path]) -> None:
    first.employees.write_bytes((example("attrition") / "test_set.csv").read_bytes())
    member("business", roles.BUSINESS_USER)
    member("decider", roles.DECISION_MAKER)
    with first._quietly():
        first._import_employees()
        first._record_case()
    told = Prediction.objects.get(decisions__isnull=False)
    assert told.explanation
    assert told.estimates.get().label == told.outcomes.get().label != told.label
    assert Awaited.objects.decisions().count() == 3
    assert not Awaited.objects.filter(prediction=told).exists()


def test_everybody_in_the_company_is_written_beside_the_model(first: demo.FirstStart) -> None:
    assert ["--people", str(first.employees)] == first._data("attrition")[:2]
    assert first._data("iris") == []
