"""Schemathesis as who asks, and as nobody: examples, what comes to its mind, and steps that follow one another.

Every limit of every value of every operation, in every role, is tried by the long form, `make schemathesis`.
"""

from collections.abc import Callable

from futurisys.accounts import roles
from tests.api.attack import Report

AT_LEAST = 200


def test_nothing_that_is_sent_breaks_the_contract(attacked: Callable[..., Report]) -> None:
    report = attacked(roles.BUSINESS_USER, examples=2, coverage=False)
    print(report)
    assert report.found == {}, "\n\n".join(report.found.values())
    assert report.cases >= AT_LEAST, report
    assert report.statuses[200] >= AT_LEAST / 5, report
    assert report.kinds.keys() >= {"examples positive", "stateful positive"}


def test_without_a_token_there_are_no_answers(attacked: Callable[..., Report]) -> None:
    report = attacked(None, examples=2, coverage=False)
    print(report)
    assert report.found == {}, "\n\n".join(report.found.values())
    assert report.cases >= AT_LEAST / 2, report
    assert report.statuses[401] > report.cases / 2, report
