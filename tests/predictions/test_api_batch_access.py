"""Files of rows by API: who sees and stops whose, what downloads hide, and the list."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from futurisys.accounts import roles
from predictions.models import Batch, BatchPart, Prediction, RejectedRow
from registry.models import ModelVersion
from tests.predictions import files
from tests.predictions.files import work_off
from tests.predictions.programs import PATH, Program, rows
from tests.worlds import member

# Who may, and who sees what


def test_who_may_not_send_files_is_not_read(
    iris: ModelVersion, token: Any, problem: Any, settings: Any, tmp_path: Path
) -> None:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE, settings.FILE_UPLOAD_TEMP_DIR = 10, "/nowhere"
    manager = Program(token(member("manager", roles.MODEL_MANAGER)))
    sent = problem(manager.send(files.content(3)), 403, "permission_denied")
    assert sent["detail"] == "You may not do that: ask an administrator for the right “predictions.add_batch”."
    asked = problem(manager.get(PATH), 403, "permission_denied")
    assert asked["detail"] == "You may not do that: ask an administrator."


def test_files_of_others_are_not_there(taken: Any, stranger: User, auditor: User, token: Any, problem: Any) -> None:
    path = taken()["links"]["self"]
    work_off()
    other = Program(token(stranger))
    for address in (path, f"{path}/results.csv", f"{path}/rejected.csv"):
        problem(other.get(address), 404, "not_found")
        assert Program(token(auditor)).get(address).status_code == 200
    problem(other.cancel(path), 404, "not_found")
    assert other.get(PATH).json()["results"] == []
    assert len(Program(token(auditor)).get(PATH).json()["results"]) == 1
    problem(Program(token(auditor)).cancel(path), 403, "permission_denied")
    problem(other.get(f"{PATH}/01938f6d-93b2-7e11-8f2a-0c4de51b7a10"), 404, "not_found")


def test_sensitive_columns_are_left_out_for_who_may_not_see_them(
    promoted: Callable[..., ModelVersion], examined: Callable[[str], Any], program: Program, token: Any
) -> None:
    described = deepcopy(examined("iris").signature_json)
    described["inputs"]["features"][0]["sensitive"] = "personal"
    promoted("iris", signature_json=described)
    path = program.send(files.content(3, {2: {"sepal_length": "long"}})).json()["links"]["self"]
    work_off()
    looker = User.objects.create_user("looker")
    looker.user_permissions.add(Permission.objects.get(codename="view_prediction"))
    for caller, sees in ((program, True), (Program(token(looker)), False)):
        for file in ("results", "rejected"):
            (line, *_others) = rows(caller.get(f"{path}/{file}.csv"))
            assert ("sepal_length" in line) is sees
        assert "long" not in json.dumps(caller.get(path).json())


def test_formulas_come_back_as_texts(taken: Any, program: Program) -> None:
    path = taken(files.content(3, {1: {"flower": "=1+1"}, 2: {"flower": "@x", "petal_width": "-"}}))["links"]["self"]
    work_off()
    assert [row["flower"] for row in rows(program.get(f"{path}/results.csv"))] == ["F-0", "'=1+1"]
    assert [row["flower"] for row in rows(program.get(f"{path}/rejected.csv"))] == ["'@x"]


def test_reasons_are_in_the_callers_language_and_codes_in_none(taken: Any, program: Program) -> None:
    path = taken(files.content(3, {1: {"petal_width": "wide"}}))["links"]["self"]
    work_off()
    (line,) = rows(program.get(f"{path}/rejected.csv", accept_language="fr"))
    assert (line["code"], line["reason"]) == ("not_a_number", "Saisissez un nombre.")
    assert program.get(f"{path}/rejected.csv", accept="text/csv").status_code == 200


# Stopping


def test_stopping_before_the_run_keeps_nothing(taken: Any, program: Program, problem: Any) -> None:
    path = taken()["links"]["self"]
    first, again = program.cancel(path), program.cancel(path)
    assert (first.status_code, first.json()["status"], first.json()["is_over"]) == (200, "cancelled", True)
    assert (again.status_code, again["Idempotent-Replayed"], again.json()) == (200, "true", first.json())
    problem(program.get(f"{path}/results.csv"), 410, "gone")
    assert not BatchPart.objects.exists()
    assert not RejectedRow.objects.exists()
    assert work_off() == 0


def test_stopping_in_the_middle_keeps_the_answers(taken: Any, program: Program, settings: Any) -> None:
    settings.BATCH_ROWS = 5
    path = taken(files.content(20))["links"]["self"]
    work_off(until=Prediction.objects.exists)
    assert program.cancel(path).json()["is_cancelled"] is True
    assert program.cancel(path)["Idempotent-Replayed"] == "true"
    work_off()
    assert program.get(path).json()["rows"] == {"total": 20, "checked": 20, "predicted": 5, "rejected": 0}
    assert len(rows(program.get(f"{path}/results.csv"))) == 5


def test_what_is_over_cannot_be_stopped(taken: Any, program: Program, problem: Any) -> None:
    path = taken()["links"]["self"]
    work_off()
    problem(program.cancel(path), 409, "not_now")


def test_a_stranger_to_files_of_others_may_not_stop_them(taken: Any, token: Any, problem: Any) -> None:
    path = taken()["links"]["self"]
    problem(Program(token(member("decider", roles.DECISION_MAKER))).cancel(path), 403, "permission_denied")
    assert Program(token(member("chief", roles.ADMINISTRATOR))).cancel(path).status_code == 200


# The list


def test_the_list_is_newest_first_by_cursor(taken: Any, program: Program) -> None:
    sent = [taken(files.content(number + 1))["id"] for number in range(5)]
    Batch.objects.update(created_at=Batch.objects.latest("created_at").created_at)  # all of one moment
    found, address = [], f"{PATH}?page_size=2"
    while address:
        page = program.get(address).json()
        found += [one["id"] for one in page["results"]]
        last, address = address, page["next"]
    assert found == sorted(sent, reverse=True)
    assert [one["id"] for one in program.get(program.get(last).json()["previous"]).json()["results"]] == found[2:4]


def test_filters_narrow_the_list(taken: Any, program: Program) -> None:
    first = taken()
    work_off()
    second = taken(files.content(6))
    for query, ids in (
        ("status=done", [first["id"]]),
        ("status=checking", [second["id"]]),
        ("model=iris", [second["id"], first["id"]]),
        ("model=digits", []),
        (f"created_after={second['created_at']}", [second["id"]]),
        (f"created_before={second['created_at']}", [first["id"]]),
    ):
        address = f"{PATH}?{query}".replace("+", "%2B")
        assert [one["id"] for one in program.get(address).json()["results"]] == ids, query


@pytest.mark.parametrize(
    "query",
    [
        "status=lost",
        "created_after=yesterday",
        "created_before=2026-01-01",
        "of=all",
        "status=done&status=done",
        "cursor=x",
        "cursor=KzIwMjY",
        "page_size=0",
        "page_size=201",
        "cursor=KzAwMDEtMDEtMDFUMDA6MDA6MDArMjM6NTkvMDE5MzhmNmQtOTNiMi03ZTExLThmMmEtMGM0ZGU1MWI3YTEx",
    ],
)
def test_what_is_no_filter_is_refused(taken: Any, program: Program, query: str) -> None:
    taken()
    response = program.get(f"{PATH}?{query}")
    assert response.status_code in ({200} if query.startswith("cursor=KzAwMDEt") else {400}), response.content


def test_the_list_asks_as_often_for_one_file_as_for_many(taken: Any, program: Program) -> None:
    taken()
    with CaptureQueriesContext(connection) as one:
        program.get(PATH)
    for number in range(6, 9):
        taken(files.content(number))
    work_off()
    with CaptureQueriesContext(connection) as many:
        assert len(program.get(PATH).json()["results"]) == 4
    assert len(many) == len(one)
