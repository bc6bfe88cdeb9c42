"""Schemathesis in each role, and in none: examples, what comes to its mind, and steps that follow one another.

Every limit of every value of every operation is tried by the long form, `make schemathesis`.
"""

from collections.abc import Callable

import pytest

from futurisys.accounts import roles
from tests.api.attack import Report

AT_LEAST = 200


@pytest.mark.parametrize("role", [roles.BUSINESS_USER, roles.DECISION_MAKER, roles.AUDITOR, roles.VISITOR])
def test_nothing_that_a_role_sends_breaks_the_contract(attacked: Callable[..., Report], role: str) -> None:
    report = attacked(role, examples=4, coverage=False)
    print(report)
    assert report.found == {}, "\n\n".join(report.found.values())
    assert report.cases >= AT_LEAST, report
    assert report.statuses[200] >= AT_LEAST / 5, report
    assert report.kinds.keys() >= {"examples positive", "stateful positive"}


def test_without_a_token_there_are_no_answers(attacked: Callable[..., Report]) -> None:
    report = attacked(None, examples=4, coverage=False)
    print(report)
    assert report.found == {}, "\n\n".join(report.found.values())
    assert report.cases >= AT_LEAST / 2, report
    assert report.statuses[401] > report.cases / 2, report
