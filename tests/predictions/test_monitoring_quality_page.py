"""The page "Is it right?": every state in words, who sees what, and its cost."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from futurisys.accounts import roles
from predictions.models import DailyRollup
from predictions.monitoring.rollups import layout, reading
from predictions.monitoring.rollups.reading import Wanted
from predictions.monitoring.rollups.tally import Tally
from registry import promotions
from registry.models import ModelVersion
from tests.predictions.test_pages import browser, text
from tests.worlds import member

PATH = "/monitoring/models/{}/quality/"


def outcomes(version: ModelVersion, cells: dict[tuple[str, str], int], *, answers: int | None = None) -> Tally:
    """A tally of a model of classes with so many cases by (answer, outcome); scores lie in the middle of their half."""
    tally = Tally.empty(layout.of(version))
    names, signature = tally.layout.count_names, tally.layout.signature
    positive = signature.class_names[signature.positive]
    for (answer, actual), count in cells.items():
        tally.counts[names[f"actual:{answer}:{actual}"]] += count
        tally.counts[names[f"label:{answer}"]] += count
        step = 75 if answer == positive else 25
        tally.scores[:2, step] += count
        tally.scores[2, step] += count if actual == positive else 0
        error = (step / 100 - (actual == positive)) ** 2
        tally.sums += np.array([step / 100, error, error**2]) * count
    known = sum(cells.values())
    tally.counts[names["outcomes"]] = known
    tally.counts[names["answers"]] = known if answers is None else answers
    return tally


def keep(version: ModelVersion, tally: Tally, *, day: date | None = None, field: str = "", key: str = "") -> None:
    """Store it as a roll-up of a day; of a part of the answers where a field is named."""
    place = layout.of(version).segment_names[field].places[key] if field else 0
    DailyRollup.objects.create(
        day=day or reading.today(), version=version, source="", field=field, place=place, **tally.columns()
    )


def shown(client: Client, name: str, query: str = "", *, status: int = 200) -> str:
    response = client.get(PATH.format(name) + query)
    assert response.status_code == status, response.content[:2000]
    return re.sub(r"\s+", " ", text(response))


@pytest.fixture
def staff(promoted: Callable[..., ModelVersion]) -> ModelVersion:
    """The attrition model: two classes, sensitive fields, metrics in its manifest."""
    return promoted("attrition")


@pytest.fixture
def audit(auditor: User) -> Client:
    """May see everything."""
    return browser(auditor)


@pytest.fixture
def manager(db: None) -> Client:
    """May see monitoring, and neither sensitive values nor other people's answers."""
    return browser(member("manager", roles.MODEL_MANAGER))


def answered(version: ModelVersion) -> tuple[str, str]:
    """The two classes, the positive one first."""
    signature = layout.of(version).signature
    names = signature.class_names
    return names[signature.positive], names[1 - signature.positive]


def typical(version: ModelVersion, times: int = 1, **more: Any) -> Tally:
    """84 of 100 right."""
    yes, no = answered(version)
    cells = {(yes, yes): 10, (yes, no): 8, (no, yes): 8, (no, no): 74}
    return outcomes(version, {pair: count * times for pair, count in cells.items()}, **more)


# States


def test_a_model_without_answers_says_so(staff, audit) -> None:
    assert "There are no answers in this period, or none with these filters." in shown(audit, "attrition")


def test_a_model_without_a_ready_version_says_so(staff, audit) -> None:
    from registry import actions

    actions.track_model(name="new", endpoint="huggingface", repo_id="demo/new")
    assert "No version of this model is ready yet" in shown(audit, "new")
    assert audit.get(PATH.format("nobody")).status_code == 404


def test_seven_outcomes_are_too_few_for_anything(staff, audit) -> None:
    yes, _no = answered(staff)
    keep(staff, outcomes(staff, {(yes, yes): 7}, answers=90))
    page = shown(audit, "attrition")
    assert "Not known yet: needs 20 outcomes, has 7." in page
    assert "7 of 90 answers have a known outcome (8%)." in page
    assert page.count("20 outcomes, has 7") == 1
    today = reading.today()
    longer = f'href="?from={today - timedelta(days=182)}&amp;to={today}"'
    found = audit.get(PATH.format("attrition")).content.decode()
    assert longer in found.split("In short")[1]
    assert "Look at the last 6 months" not in shown(audit, "attrition", f"?from={today - timedelta(days=182)}")
    keep(staff, typical(staff), day=today - timedelta(days=1))
    assert "Look at the last 6 months" not in shown(audit, "attrition")


def test_a_version_of_few_outcomes_says_so_once(ready, audit) -> None:
    yes, few = ready("attrition"), ready("attrition")
    keep(yes, typical(yes))
    keep(few, outcomes(few, {answered(few): 7}))
    table = shown(audit, "attrition").split("Version 2 Its page")[1].split("Version 1 Its page")[0]
    assert "Needs 20 outcomes, has 7" in table
    assert "Measure" not in table


def test_less_is_said_to_be_better_where_it_is(staff, audit) -> None:
    keep(staff, typical(staff))
    page = shown(audit, "attrition")
    assert "Brier score (lower is better)" in page
    assert "Recall (lower" not in page


def test_no_outcome_at_all_says_when_they_come(staff, audit) -> None:
    staff.model.outcome_days = 365
    staff.model.save()
    keep(staff, outcomes(staff, {}, answers=90))
    page = shown(audit, "attrition")
    assert "0 of 90 answers have a known outcome." in page
    assert "What really happened is asked 365 days after the answer." in page


def test_the_headline_says_how_many_of_a_hundred_and_what_no_model_would_be(staff, audit) -> None:
    keep(staff, typical(staff, 5, answers=2_000))
    page = shown(audit, "attrition")
    assert "Of 100 answers whose outcome is known, 84 were right (81 to 87)." in page
    assert "To answer “Stays” every time would have been right in 82 of 100." in page
    assert "500 of 2 000 answers have a known outcome (25%)." in page
    assert "When it was tested (cross-validation," in page


def test_several_classes_and_versions_stand_side_by_side(ready, administrator, audit) -> None:
    versions = [ready("iris"), ready("iris")]
    for version, right in zip(versions, (20, 30), strict=True):
        cells = {(one, one): right for one in layout.of(version).classes}
        keep(version, outcomes(version, cells | {("setosa", "virginica"): 5}))
    page = shown(audit, "iris")
    assert "Version 1: Of 100 answers whose outcome is known, 92 were right (83 to 97). When it was tested: 9" in page
    assert "Version 2: Of 100 answers whose outcome is known, 95 were right" in page
    assert "Recall: Iris virginica" in page
    assert "Version 1" not in shown(audit, "iris", "?version=2").split("In short")[1].split("Along time")[0]


def test_a_model_of_values_is_measured_by_how_far_off_it_is(price, audit) -> None:
    tally = Tally.empty(layout.of(price))
    errors = np.tile([-2000.0, 1000.0, 4000.0], 20)
    actual = np.linspace(1e5, 3e5, 60)
    tally.sums[:] = [one.sum() for one in (errors, abs(errors), errors**2, actual, actual**2, errors**4)]
    for name in ("answers", "outcomes"):
        tally.counts[tally.layout.count_names[name]] = 60
    keep(price, tally)
    page = shown(audit, "house")
    assert "Answers whose outcome is known were off by 2 330 EUR on average (2 030 to 2 680)." in page
    assert "Mean error (bias)" in page
    assert "Answered, and what happened" not in page
    assert "Do scores come true" not in page


def test_a_suspended_model_keeps_its_page(staff, audit, administrator) -> None:
    keep(staff, typical(staff))
    promotions.suspend(model=staff.model, by=administrator, reason="a test")
    assert "84 were right" in shown(audit, "attrition")


# Against what was promised


def test_what_lies_outside_the_live_interval_is_said_in_words(staff, audit) -> None:
    yes, no = answered(staff)
    keep(staff, outcomes(staff, {(yes, yes): 100, (yes, no): 400, (no, yes): 400, (no, no): 100}))
    page = shown(audit, "attrition")
    assert "worse than promised" in page
    assert "test set" in page


# Filters


def test_a_wrong_address_is_answered_with_what_is_wrong(staff, audit) -> None:
    keep(staff, typical(staff))
    for query in ("?by=nothing", "?from=yesterday", "?version=99", "?segment=x:y"):
        page = shown(audit, "attrition", query, status=400)
        assert "There is a problem" in page
    for query in ("?from=yesterday", "?version=99", "?segment=x:y", "?from=2026-03-02&to=2026-03-01"):
        assert "In short" not in shown(audit, "attrition", query, status=400), "figures of another period"
    assert audit.get(PATH.format("attrition") + "?by=%00").status_code == 400


def test_only_the_period_counts(staff, audit) -> None:
    today = reading.today()
    keep(staff, typical(staff), day=today - timedelta(days=40))
    assert "no answers in this period" in shown(audit, "attrition")
    assert "84 were right" in shown(audit, "attrition", f"?from={today - timedelta(days=50)}")


# Parts


def plain_field(version: ModelVersion) -> tuple[str, tuple[str, ...]]:
    found = next(one for one in layout.of(version).segments if not one.feature.sensitive)
    return found.name, found.keys


def sensitive_field(version: ModelVersion) -> tuple[str, tuple[str, ...]]:
    found = next(one for one in layout.of(version).segments if one.feature.sensitive and not one.edges)
    return found.name, found.keys


def test_parts_are_read_in_one_query_and_added_up_over_days(staff) -> None:
    name, keys = plain_field(staff)
    today = reading.today()
    for back in range(3):
        keep(staff, typical(staff), day=today - timedelta(days=back), field=name, key=keys[0])
    keep(staff, typical(staff, 2), field=name, key="~missing")
    wanted = Wanted(model=staff.model, since=today - timedelta(days=1), until=today)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = reading.parts(wanted, [name, "other"], [staff])
    assert len(queries) == 1
    assert {key: tallies[staff.pk]["answers"] for key, tallies in found[name].items()} == {
        keys[0]: 200,
        "~missing": 200,
    }
    assert found["other"] == {}
    assert found[name][keys[0]][staff.pk].sum("brier") == pytest.approx(2 * typical(staff).sum("brier"))


def test_a_field_parts_the_answers(staff, audit) -> None:
    name, keys = plain_field(staff)
    keep(staff, typical(staff, 3))
    keep(staff, typical(staff, 2), field=name, key=keys[0])
    yes, _no = answered(staff)
    keep(staff, outcomes(staff, {(yes, yes): 5}, answers=100), field=name, key=keys[1])
    page = shown(audit, "attrition", f"?by={name}")
    assert "84% (78% to 88%) 200" in page
    assert "needs 20, has 5" in page


def test_the_field_stays_when_the_filters_change(staff, audit) -> None:
    name, _keys = plain_field(staff)
    keep(staff, typical(staff))
    page = audit.get(PATH.format("attrition") + f"?by={name}&version=1").content.decode()
    assert f'<input type="hidden" name="by" value="{name}">' in page
    links = re.findall(r'href="(\?[^"]*)"', page)
    assert len(links) >= 6  # four periods, a chip and "Clear all"
    assert all(f"by={name}" in one for one in links if "#" not in one)


def groups_of(page: str) -> str:
    return page.split("Is it as right for all?")[1].split("How to read this page", maxsplit=1)[0]


def test_groups_are_held_against_the_largest(staff, audit) -> None:
    name, keys = sensitive_field(staff)
    yes, no = answered(staff)
    keep(staff, typical(staff, 3))
    keep(staff, typical(staff, 2), field=name, key=keys[0])
    keep(staff, outcomes(staff, {(yes, yes): 9, (no, no): 91}), field=name, key=keys[1])
    groups = groups_of(shown(audit, "attrition"))
    assert "18% (13% to 24%) largest group" in groups
    assert "9% (5% to 16%) 0.50 (0.25 to 0.98)" in groups
    assert "needs 10, has 9" in groups


def test_a_small_group_has_no_figures(staff, audit, manager) -> None:
    name, keys = sensitive_field(staff)
    yes, _no = answered(staff)
    keep(staff, typical(staff, 3))
    keep(staff, typical(staff, 2, answers=204), field=name, key=keys[0])
    keep(staff, outcomes(staff, {(yes, yes): 19}), field=name, key=keys[1])
    exact, rounded = groups_of(shown(audit, "attrition")), groups_of(shown(manager, "attrition"))
    assert "fewer than 20" in exact
    assert "19 " not in exact
    assert "204" in exact
    assert "fewer than 20" in rounded
    assert "kept back: a smaller group could be worked out from it" in rounded
    assert "204" not in rounded


def test_who_may_not_see_sensitive_values_sees_groups_in_tens(staff, manager) -> None:
    name, keys = sensitive_field(staff)
    keep(staff, typical(staff, 3))
    for place in (0, 1):
        keep(staff, typical(staff, answers=104), field=name, key=keys[place])
    page = shown(manager, "attrition")
    assert "about 100" in groups_of(page)
    assert "104" not in groups_of(page)
    assert f'value="{name}:' not in manager.get(PATH.format("attrition")).content.decode()


def test_of_one_part_no_parts_are_counted(staff, audit) -> None:
    name, keys = plain_field(staff)
    keep(staff, typical(staff), field=name, key=keys[0])
    page = shown(audit, "attrition", f"?segment={name}:{keys[0]}&by={name}")
    assert "84 were right" in page
    assert "These pages count by one field at a time, and one is chosen above." in page


# Who sees what, and what it costs


def test_numbers_lead_to_rows_only_for_who_may_see_them(staff, audit, manager) -> None:
    keep(staff, typical(staff))
    path = PATH.format("attrition")
    links = [client.get(path).content.decode().count("/history/search/?model=attrition") for client in (audit, manager)]
    assert links[0] >= 2
    assert links[1] == 0


def test_who_may_not_see_monitoring_is_refused(staff, analyst) -> None:
    assert browser(analyst).get(PATH.format("attrition")).status_code == 403
    assert Client().get(PATH.format("attrition")).status_code == 302


def test_it_takes_as_many_queries_for_half_a_year_as_for_a_day(staff, audit) -> None:
    counts, today = [], reading.today()
    audit.get("/")  # who is logged in is known from here on
    name = plain_field(staff)[0]
    for days in (range(1), range(1, 180)):
        for back in days:
            keep(staff, typical(staff), day=today - timedelta(days=back))
        with CaptureQueriesContext(connection) as queries:
            shown(audit, "attrition", f"?by={name}&from={today - timedelta(days=182)}")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12, counts


def test_it_speaks_french(staff, audit) -> None:
    keep(staff, typical(staff, 3))
    page = text(audit.get(PATH.format("attrition"), headers={"accept-language": "fr"}))
    assert "Ce qui est mesuré ici, ce qui était promis" in page
