"""/history/search/: found by number and key, filtered, paged; each person sees what they may."""

import re
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from futurisys.accounts import roles
from predictions.history import search
from predictions.models import Batch, BatchChunk, Prediction, Source
from tests.predictions.histories import VIRGINICA, ask, awaited, decide, happened, made_at
from tests.predictions.test_pages import browser, text
from tests.worlds import member

PATH = "/history/search/"


def shown(client: Client, query: str = "") -> list[str]:
    """Numbers of the answers in the table, in its order."""
    response = client.get(PATH + query)
    assert response.status_code == 200, response.status_code
    return re.findall(r'<a href="/history/([0-9a-f-]{36})/">', response.content.decode())


def numbers(answers: list[Prediction]) -> list[str]:
    return [str(answer.pk) for answer in answers][::-1]


@pytest.fixture
def audit(iris, auditor: User) -> Client:
    return browser(auditor)


@pytest.fixture
def office(iris, analyst: User) -> Client:
    return browser(analyst)


# Who sees what


def test_each_person_sees_their_own_and_who_may_sees_all(office, audit, analyst, stranger) -> None:
    mine, theirs = ask(analyst), ask(stranger)
    assert shown(office) == numbers(mine)
    assert shown(audit) == numbers(mine + theirs)
    assert shown(office, f"?by=stranger&q={theirs[0].pk}") == []


def test_a_number_leads_to_its_answer_for_who_may_see_it(office, audit, analyst, stranger) -> None:
    (answer,) = ask(stranger)
    typed = f" {str(answer.pk).upper()[:20]} {str(answer.pk)[20:]} "
    assert audit.get(PATH, {"q": typed})["Location"] == f"/history/{answer.pk}/"
    assert "No answer, call or file" in text(office.get(PATH, {"q": typed}))


def test_the_number_of_a_call_finds_its_rows(audit, analyst) -> None:
    before, call, _after = ask(analyst), ask(analyst, 3), ask(analyst)
    page = audit.get(PATH, {"q": call[0].pk})
    assert [line.prediction for line in page.context["page"].lines] == call[::-1]
    assert f'href="/answers/{call[0].pk}/"' in page.content.decode()
    assert audit.get(PATH, {"q": call[1].pk}).status_code == 302
    assert audit.get(PATH, {"q": before[0].pk}).status_code == 302


def test_the_number_of_a_file_finds_its_answers(office, audit, analyst, stranger, iris) -> None:
    made, batch = of_file(analyst, iris)
    others, _other = of_file(stranger, iris)
    for query in (f"?q={batch.pk}", f"?batch={batch.pk}"):
        assert shown(audit, query) == shown(office, query) == numbers(made)
    assert "staff.csv" in text(audit.get(PATH, {"batch": batch.pk}))
    theirs = others[0].batch_id
    assert shown(office, f"?batch={theirs}") == shown(office, f"?q={theirs}") == []
    assert shown(audit, f"?batch={uuid.uuid4()}") == []


def of_file(user: User, version: Any) -> tuple[list[Prediction], Batch]:
    """Two answers of a file."""
    pinned = {"version": version, "ledger_entry": None, "model": version.model, "status": "running"}
    batch = Batch.objects.create(user=user, name="staff.csv", size=1, sha256="0" * 64, **pinned)
    place = {"first": 0, "rows": 2, "offset": 0, "length": 1, "line": 2, "status": "checked"}
    chunk = BatchChunk.objects.create(batch=batch, lease=uuid.uuid4(), **place)
    made = ask(user, 2, chunk=chunk, source=Source.BATCH, cases=["E-1", "E-2"])
    return made, batch


def test_a_key_finds_its_answers_and_those_of_before_keys_were_kept(audit, analyst, flowers) -> None:
    first, second = flowers(2)
    old = ask(analyst, records=[first.pk])
    new = ask(analyst, records=[first.pk], cases=["F-0"])
    _other = ask(analyst, records=[second.pk], cases=["F-1"])
    assert shown(audit, "?q=F-0") == numbers(old + new)
    assert shown(audit, "?q=%20F-0%20&source=form") == []
    assert shown(audit, "?q=f-0") == []


def test_who_may_not_ask_lands_on_the_search(audit, office) -> None:
    assert audit.get("/history/")["Location"] == PATH
    assert office.get("/history/").status_code == 200
    assert "My questions" not in text(audit.get(PATH))


# Filters


def test_filters_of_the_answers_themselves(audit, analyst, stranger, promoted, iris) -> None:
    first = ask(analyst)
    second = ask(stranger, source=Source.FORM, **VIRGINICA)
    promoted("iris")
    third = ask(analyst, petal_width=9, confirmed=True)
    everything = numbers(first + second + third)
    expected = {
        "": everything,
        "?model=iris": everything,
        "?model=iris&version=1": numbers(first + second),
        "?model=iris&version=2": numbers(third),
        "?model=iris&version=3": [],
        "?answer=setosa": numbers(first),
        "?source=form": numbers(second),
        "?by=stranger": numbers(second),
        "?by=nobody": [],
        "?warned=on": numbers(third),
        "?model=iris&answer=setosa&source=api&by=analyst&version=1": numbers(first),
        "?nothing=x&score__gt=1": everything,
    }
    assert {query: shown(audit, query) for query in expected} == expected


@pytest.mark.parametrize("name", ["fatou", "BERNARD", "Fatou Bernard", " fatou  bernard ", "analyst", "Analyst"])
def test_who_asked_is_found_by_any_of_their_names(audit, analyst, stranger, name: str) -> None:
    User.objects.filter(pk=analyst.pk).update(first_name="Fatou", last_name="Bernard")
    mine = ask(analyst)
    ask(stranger)
    assert shown(audit, f"?by={name}") == numbers(mine)


def test_a_name_of_several_people_asks_for_a_user_name(audit, analyst, stranger) -> None:
    User.objects.filter(pk__in=[analyst.pk, stranger.pk]).update(last_name="Bernard")
    ask(analyst)
    page = text(audit.get(f"{PATH}?by=bernard"))
    assert "Several people are called so. Enter a user name: analyst, stranger." in page


@pytest.mark.parametrize(("query", "is_said"), [("?by=nobody", False), ("?q=nobody", True)])
def test_how_a_key_is_found_is_said_where_one_was_typed(audit, analyst, query: str, is_said: bool) -> None:
    ask(analyst)
    page = text(audit.get(PATH + query))
    assert "No answer matches." in page
    assert ("Numbers and keys are found as a whole only." in page) == is_said


def test_days_are_ranges_of_numbers(audit, analyst, settings) -> None:
    settings.TIME_ZONE = "UTC"
    (answer,) = ask(analyst)
    moments = [datetime(2026, 1, day, hour, tzinfo=UTC) for day, hour in ((1, 0), (1, 23), (2, 0))]
    made = [made_at(answer, moment) for moment in moments]
    assert shown(audit, "?from=2026-01-01&to=2026-01-01") == numbers(made[:2])
    assert shown(audit, "?to=2026-01-01") == numbers(made[:2])
    assert shown(audit, "?from=2026-01-02") == numbers([made[2], answer])
    assert shown(audit, "?from=0001-01-01&to=9999-12-31") == numbers([*made, answer])


def test_decisions_are_told_and_found(audit, analyst, auditor) -> None:
    agreed, turned, waits, alone = (ask(analyst)[0] for _ in range(4))
    decide(agreed, auditor)
    first = decide(turned, auditor)
    decide(turned, auditor, "disagree", replaces=first)
    awaited(waits)
    expected = {"agree": [agreed], "disagree": [turned], "waiting": [waits], "none": [alone], "need_more": []}
    found = {state: shown(audit, f"?decision={state}") for state in expected}
    assert found == {state: numbers(answers) for state, answers in expected.items()}
    assert "to be decided" in text(audit.get(PATH))


def test_outcomes_are_told_and_found(audit, analyst, auditor) -> None:
    known, withdrawn, due, later = (ask(analyst)[0] for _ in range(4))
    happened(known, auditor, "virginica")
    first = happened(withdrawn, auditor)
    happened(withdrawn, auditor, "", is_withdrawn=True, replaces=first)
    awaited(due, "outcome", -1)
    awaited(later, "outcome", 1)
    expected = {"known": [known], "due": [due], "none": [withdrawn, later]}
    found = {state: shown(audit, f"?outcome={state}") for state in expected}
    assert found == {state: numbers(answers) for state, answers in expected.items()}


@pytest.mark.parametrize("decision", ["", "agree", "waiting", "none"])
@pytest.mark.parametrize("outcome", ["", "known", "due", "none"])
def test_filters_go_together(audit, office, analyst, stranger, auditor, decision: str, outcome: str) -> None:
    made = []
    for who in (analyst, stranger):
        for state in ("agree", "waiting", "none"):
            for end in ("known", "due", "none"):
                for flower in ({}, VIRGINICA):
                    (answer,) = ask(who, **flower)
                    made.append((answer, who, state, end))
                    _becomes(answer, auditor, state, end)
    wanted = [row for row in made if decision in {"", row[2]} and outcome in {"", row[3]} and row[0].label == "setosa"]
    query = f"?decision={decision}&outcome={outcome}&answer=setosa&model=iris"
    assert shown(audit, query) == numbers([row[0] for row in wanted])
    assert shown(office, query) == numbers([row[0] for row in wanted if row[1] == analyst])
    assert shown(audit, f"{query}&by=stranger") == numbers([row[0] for row in wanted if row[1] == stranger])


def _becomes(answer: Prediction, by: User, decision: str, outcome: str) -> None:
    if decision == "agree":
        decide(answer, by)
    elif decision == "waiting":
        awaited(answer)
    if outcome == "known":
        happened(answer, by)
    elif outcome == "due":
        awaited(answer, "outcome")


def test_chips_say_what_is_filtered_and_take_it_away(audit, analyst) -> None:
    ask(analyst)
    page = audit.get(f"{PATH}?model=iris&version=1&decision=none&from=2026-01-02&q=F-1").context["page"]
    assert [chip.text for chip in page.chips] == [
        "Key: F-1",
        "Model: Iris, version 1",
        "Decision: No decision, none awaited",
        "From 2 January 2026 on",
    ]
    assert page.chips[1].url == f"{PATH}?q=F-1&from=2026-01-02&decision=none"


# Paging


@pytest.mark.parametrize("query", ["", "&model=iris", "&answer=setosa", "&decision=agree", "&q=K-1"])
def test_pages_follow_each_other_without_gaps_or_doubles(audit, analyst, auditor, monkeypatch, query: str) -> None:
    monkeypatch.setattr("predictions.history.pages.PAGE", 2)
    made = [answer for size in (1, 3, 1) for answer in ask(analyst, size, cases=["K-1"] * size)]
    for answer in made:
        decide(answer, auditor)
    found, address = [], f"?{query}"
    while address:
        page = audit.get(PATH + address if address.startswith("?") else address).context["page"]
        found += [str(line.prediction.pk) for line in page.lines]
        address = page.older_url
    assert found == numbers(made)


def test_as_many_queries_for_a_thousand_rows_as_for_ten(audit, analyst, auditor) -> None:
    counts = []
    for rows in (10, 1000):
        for answer in ask(analyst, rows)[-5:]:
            decide(answer, auditor)
            happened(answer, auditor)
        audit.get(f"{PATH}?model=iris")
        with CaptureQueriesContext(connection) as queries:
            audit.get(f"{PATH}?model=iris")
        counts.append(len(queries))
        assert not [query for query in queries if re.search(r"\bCOUNT\(|OFFSET", query["sql"])]
    assert counts[0] == counts[1]


# What cannot be answered


def test_too_much_to_look_through_is_said(audit, analyst, monkeypatch) -> None:
    ask(analyst)
    monkeypatch.setattr(search, "_PLAIN", "SELECT pg_sleep(5) WHERE {conditions}")
    monkeypatch.setattr(search, "MILLISECONDS", 50)
    response = audit.get(PATH)
    assert (response.status_code, "Too many answers to look through" in text(response)) == (200, True)
    assert Prediction.objects.count() == 1  # the connection goes on


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?model=nothing", "Choose again"),
        ("?version=1", "Choose the model"),
        ("?model=iris&version=x", "number of a version"),
        ("?from=x", "Enter a day"),
        ("?from=2026-02-01&to=2026-01-01", "must not be after"),
        ("?before=x", "a wrong number"),
        ("?batch=x", "a wrong number"),
        ("?decision=x", "Choose again"),
        (f"?q={'x' * 201}", "no key is as long"),
    ],
)
def test_what_makes_no_sense_is_explained(audit, analyst, query: str, said: str) -> None:
    ask(analyst)
    response = audit.get(PATH + query)
    assert (response.status_code, said in text(response)) == (400, True)
    assert "<title>Error:" in response.content.decode()


NAMES = ["q", "model", "version", "answer", "source", "by", "from", "to", "decision", "outcome", "warned", "batch"]
NAMES += ["before", "format", "page", "%00"]
ODD = ["", "%00", "%ED%A0%80", "1" * 40, "1000000000", "-1", "²", "iris", "9999-12-31", "0001-01-01", "%F0%9F%99%82"]
ODD += ["'", "%25s", "{}", str(uuid.UUID(int=0)), str(uuid.UUID(int=2**128 - 1)), "csv", "none", "agree"]


@given(parts=st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(ODD) | st.text(max_size=20)), max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_no_address_is_a_fault(audit, parts: list[tuple[str, str]]) -> None:
    query = "&".join(f"{name}={value if value in ODD else _quoted(value)}" for name, value in parts)
    for path in (PATH, "/history/compare/", "/history/person/"):
        assert audit.get(f"{path}?{query}").status_code in {200, 302, 400, 404}, query


def _quoted(value: str) -> str:
    return "".join(f"%{byte:02X}" for byte in value.encode("utf-8", "surrogatepass"))


def test_a_day_may_be_written_as_in_files(audit, analyst) -> None:
    made = ask(analyst)
    page = audit.get(f"{PATH}?from=31/12/2025")
    assert shown(audit, "?from=31/12/2025") == numbers(made)
    assert 'value="2025-12-31"' in page.content.decode()
    assert "From 31 December 2025 on" in text(page)


# What it looks like


def test_each_box_has_a_name_of_its_own(audit, analyst) -> None:
    ask(analyst, 3)
    ask(analyst, 2, cases=["F-1", "F-2"])
    page = audit.get(PATH).context["page"]
    assert len({line.tick for line in page.lines}) == 5
    assert "F-2, row 2" in page.lines[0].tick


def test_models_are_called_as_pages_call_them(promoted, examined, auditor) -> None:
    metadata = {**examined("iris").metadata, "name": {"en": "Flowers", "fr": "Fleurs"}}
    promoted("iris", metadata=metadata)
    client = browser(auditor, **{"accept-language": "fr"})
    choices = dict(client.get(PATH).context["page"].form.fields["model"].choices)
    assert choices["iris"] == "Fleurs"


def test_the_answer_waits_for_an_own_estimate(iris, analyst) -> None:
    decider = member("decider", roles.DECISION_MAKER)
    first, second = ask(analyst)[0], ask(analyst)[0]
    decide(second, decider)
    client = browser(decider)
    client.cookies["estimate_first"] = "1"
    lines = client.get(PATH).context["page"].lines
    assert [(line.label, bool(line.share)) for line in lines] == [
        ("Iris setosa", True),
        ("Kept back until you estimate", False),
    ]
    compared = client.get("/history/compare/", {"a": first.pk, "b": second.pk})
    assert compared["Location"] == f"/history/{first.pk}/"


def test_it_speaks_french(audit, analyst, auditor) -> None:
    (answer,) = ask(analyst)
    decide(answer, auditor)
    page = browser(auditor, **{"accept-language": "fr"}).get(f"{PATH}?decision=agree&from=2026-01-01")
    assert "Toutes les réponses" in text(page)
    for word in ("Filter", "Search", "Asked by", "agree", "Newest", "Download"):
        assert word not in text(page)


def test_only_gets_are_answered(audit) -> None:
    for path in (PATH, "/history/compare/", "/history/person/"):
        assert audit.post(path).status_code == 405
