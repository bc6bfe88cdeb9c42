"""The long form: ten thousand cases and more, in every role. `make schemathesis` prints what each run did."""

from collections import Counter
from collections.abc import Callable

import pytest

from futurisys.accounts import roles
from tests.api.attack import Report

EXAMPLES = dict.fromkeys((roles.BUSINESS_USER, roles.DECISION_MAKER, roles.AUDITOR, roles.VISITOR), 25) | {None: 8}
AT_LEAST = 2_000
# Every limit of every value of every operation, examples, and steps that follow one another.
KINDS = {"coverage negative", "coverage positive", "examples positive", "stateful positive"}
done: Counter[str] = Counter()


@pytest.mark.long
@pytest.mark.parametrize("role", EXAMPLES)
def test_in_every_role(attacked: Callable[..., Report], role: str | None) -> None:
    report = attacked(role, examples=EXAMPLES[role])
    print(f"{role or 'nobody'}: {report}")
    assert report.found == {}, "\n\n".join(report.found.values())
    # An empty run finds nothing either.
    assert report.cases >= AT_LEAST, report
    assert role is None or report.kinds.keys() >= KINDS, report
    assert role != roles.BUSINESS_USER or report.statuses[200] >= AT_LEAST / 10, report
    done["cases"] += report.cases


@pytest.mark.long
def test_ten_thousand_were_sent() -> None:
    print(f"{done['cases']} cases; none of so many: at most {3 / max(done['cases'], 1):.3%} of them break the contract")
    assert done["cases"] >= 10_000
