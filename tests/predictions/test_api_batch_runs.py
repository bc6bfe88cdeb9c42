"""Files that a program has checked first: they wait for its word, and say so."""

import json
from typing import Any

from django.contrib.auth.models import User

from predictions.models import Batch, Prediction
from tests.predictions import files
from tests.predictions.files import work_off
from tests.predictions.programs import PATH, Program, rows
from tests.worlds import ROOT


def test_a_file_that_was_only_checked_is_run(program: Program, taken: Any, problem: Any) -> None:
    path = taken(files.content(5, {1: {"petal_width": "wide"}}), start="check")["links"]["self"]
    early = program.run(path)
    assert "not checked yet" in problem(early, 409, "not_now")["detail"]
    assert early["Retry-After"] == "5"
    assert program.get(path).json()["links"]["run"] is None
    work_off()
    assert program.get(path).json()["links"]["run"] == f"{path}/run"
    waits = program.get(f"{path}/results.csv")
    assert problem(waits, 409, "not_run")["detail"] == f"The file waits to be run: POST {path}/run"
    assert "Retry-After" not in waits
    first, again = program.run(path), program.run(path)
    assert (first.status_code, first["Location"], first.json()["status"]) == (202, path, "running")
    assert (first.json()["links"]["run"], "Idempotent-Replayed" in first) == (None, False)
    assert (again.status_code, again["Idempotent-Replayed"], again.json()) == (200, "true", first.json())
    work_off()
    over = program.run(path)
    assert (over.status_code, over["Idempotent-Replayed"], over.json()["status"]) == (200, "true", "done")
    assert len(rows(program.get(over.json()["links"]["results"]))) == 4
    assert Prediction.objects.count() == 4


def test_a_file_that_runs_by_itself_offers_no_run(program: Program, taken: Any) -> None:
    path = taken()["links"]["self"]
    work_off(until=lambda: Batch.objects.get().status == "checked")
    assert program.get(path).json()["links"]["run"] is None
    assert program.get(f"{path}/results.csv")["Retry-After"] == "5"
    assert program.run(path).status_code == 202
    work_off()
    assert program.get(path).json()["status"] == "done"


def test_another_version_in_between_is_said_and_waited_for(
    program: Program, taken: Any, promoted: Any, problem: Any
) -> None:
    path = taken(start="check")["links"]["self"]
    work_off()
    promoted("iris")
    assert "Another version" in problem(program.run(path), 409, "version_changed")["detail"]
    work_off()
    assert program.run(path).json()["version"] == 2
    work_off()
    assert program.get(path).json()["status"] == "done"


def test_nothing_good_is_not_run(program: Program, taken: Any, problem: Any) -> None:
    path = taken(files.content(2, {row: {"petal_width": "wide"} for row in range(2)}), start="check")["links"]["self"]
    work_off()
    assert "nothing to run" in problem(program.run(path), 409, "not_now")["detail"]
    assert program.get(path).json()["links"]["run"] is None
    waits = program.get(f"{path}/results.csv")
    assert ("nothing to run" in problem(waits, 409, "not_run")["detail"], "Retry-After" in waits) == (True, False)


def test_what_was_stopped_is_not_run(program: Program, taken: Any, problem: Any, settings: Any) -> None:
    settings.BATCH_ROWS = 2
    path = taken(files.content(6), start="check")["links"]["self"]
    work_off()
    program.run(path)
    program.cancel(path)
    problem(program.run(path), 409, "not_now")
    work_off()
    problem(program.run(path), 409, "not_now")


def test_columns_to_choose_are_said(program: Program, taken: Any, problem: Any) -> None:
    path = taken(start="check")["links"]["self"]
    Batch.objects.update(status="mapping", wishes=None)
    waits = program.get(f"{path}/results.csv")
    assert ("on its page" in problem(waits, 409, "not_run")["detail"], "Retry-After" in waits) == (True, False)
    response = program.run(path)
    assert ("Retry-After" in response, problem(response, 409, "not_now")["status"]) == (False, 409)


def test_only_who_sent_a_file_runs_it(
    program: Program, taken: Any, token: Any, problem: Any, stranger: User, auditor: User, administrator: User
) -> None:
    path = taken(start="check")["links"]["self"]
    work_off()
    problem(Program(token(stranger)).run(path), 404, "not_found")
    for other in (auditor, administrator):
        problem(Program(token(other)).run(path), 403, "permission_denied")
    problem(program.run(f"{PATH}/01938f6d-93b2-7e11-8f2a-0c4de51b7a10"), 404, "not_found")
    assert Batch.objects.get().status == "checked"


def test_every_header_that_is_sent_is_in_the_document(program: Program, taken: Any) -> None:
    paths = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))["paths"]
    path = taken(start="check")["links"]["self"]
    answers = [
        ("", "post", program.send(files.content(3), key="k-1")),
        ("", "post", program.send(files.content(3), key="k-1")),
        ("/{id}/run", "post", program.run(path)),
        ("/{id}/results.csv", "get", program.get(f"{path}/results.csv")),
    ]
    work_off()
    answers += [
        ("/{id}/run", "post", program.run(path)),
        ("/{id}/run", "post", program.run(path)),
    ]
    work_off()
    answers += [
        ("/{id}/results.csv", "get", program.get(f"{path}/results.csv")),
        ("/{id}/rejected.csv", "get", program.get(f"{path}/rejected.csv")),
    ]
    assert [answer.status_code for _at, _verb, answer in answers] == [202, 200, 409, 409, 202, 200, 200, 200]
    told = {"Location", "Retry-After", "Content-Disposition", "Idempotent-Replayed"}
    sent = [told & {*answer.headers} for _at, _verb, answer in answers]
    named = [
        {*paths[f"{PATH}{at}"][verb]["responses"][str(answer.status_code)]["headers"]} for at, verb, answer in answers
    ]
    assert all(one <= known for one, known in zip(sent, named, strict=True))
    assert set().union(*sent) == told
