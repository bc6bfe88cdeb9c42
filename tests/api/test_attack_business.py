"""Schemathesis as a business user: every limit of every value of every operation, then what comes to its mind."""

from collections.abc import Callable

from futurisys.accounts import roles
from tests.api.attack import Report


def test_nothing_that_a_business_user_sends_breaks_the_contract(attacked: Callable[..., Report]) -> None:
    report = attacked(roles.BUSINESS_USER, examples=3)
    print(report)
    assert report.found == {}, "\n\n".join(report.found.values())
    # An empty run finds nothing either.
    assert report.cases >= 2000, report
    assert report.statuses[200] >= 200, report
    assert report.kinds.keys() >= {"coverage negative", "coverage positive", "examples positive", "stateful positive"}
