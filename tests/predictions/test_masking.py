"""Which values of a record a person may not see."""

import pytest

from futurisys.accounts import roles
from predictions import masking
from predictions.models import Dataset, Prediction
from registry import promotions
from tests.worlds import member

PROTECTED = {"age", "genre", "statut_marital"}


@pytest.fixture
def attrition(promoted):
    return promoted("attrition")


def test_what_the_signature_calls_sensitive_is_hidden(attrition, analyst) -> None:
    hidden = masking.hidden(attrition.parsed_signature(), analyst)
    assert hidden >= PROTECTED
    assert "departement" not in hidden


@pytest.mark.parametrize(
    ("role", "sees"), [(roles.DECISION_MAKER, True), (roles.AUDITOR, True), (roles.VISITOR, False)]
)
def test_the_role_decides(attrition, role: str, sees: bool) -> None:
    assert (not masking.hidden(attrition.parsed_signature(), member("somebody", role))) is sees


def test_a_suspended_model_hides_what_it_hid_before(attrition, analyst, administrator) -> None:
    promotions.suspend(model=attrition.model, by=administrator, reason="a test needs it")
    assert masking.hidden_in_set(Dataset(model=attrition.model), analyst) >= PROTECTED


def test_a_model_that_is_not_in_service_yet_hides_as_well(ready, analyst) -> None:
    assert masking.hidden_in_set(Dataset(model=ready("attrition").model), analyst) >= PROTECTED


def test_in_a_set_without_a_model_every_model_in_service_counts(attrition, analyst) -> None:
    assert masking.hidden_in_set(Dataset(), analyst) >= PROTECTED


def test_who_asked_without_a_record_sees_what_was_typed(attrition, analyst, stranger) -> None:
    signature, typed = attrition.parsed_signature(), Prediction(user=analyst)
    assert masking.hidden_in_answer(typed, signature, analyst) == frozenset()
    assert masking.hidden_in_answer(typed, signature, stranger) >= PROTECTED
