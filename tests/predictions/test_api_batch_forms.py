"""What is sent with a file by API: the same thing twice is taken once, nonsense is refused and nothing is half there."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.http import HttpResponse

from predictions.batches import parts, xlsx
from predictions.models import Batch, BatchChunk, BatchPart
from registry import promotions, serving
from registry.models import ModelVersion
from tests.predictions import files
from tests.predictions.files import work_off
from tests.predictions.programs import PATH, Program
from tests.predictions.test_bad_uploads import UPLOADS
from tests.predictions.test_batch_xlsx import saved

# Sent again


def test_the_same_key_finds_the_same_file(program: Program, iris: ModelVersion, problem: Any) -> None:
    first = program.send(files.content(5), key="k-1")
    again = program.send(files.content(5), key="k-1", name="other.csv")
    assert (first.status_code, again.status_code) == (202, 200)
    assert (again["Idempotent-Replayed"], again["Location"]) == ("true", first["Location"])
    assert "Idempotent-Replayed" not in first
    work_off()
    assert program.send(files.content(5), key="k-1").json()["status"] == "done"
    problem(program.send(files.content(6), key="k-1"), 422, "idempotency_key_reused")
    problem(program.send(files.content(5), key="k-1", start="check"), 422, "idempotency_key_reused")
    assert Batch.objects.count() == 1


def test_a_replay_needs_no_model_in_service(
    program: Program, iris: ModelVersion, administrator: User, problem: Any
) -> None:
    program.send(files.content(5), key="k-1")
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    serving.forget()
    assert program.send(files.content(5), key="k-1").status_code == 200
    problem(program.send(files.content(5), key="k-2"), 503, "model_suspended")


def test_a_key_is_its_senders_alone(program: Program, iris: ModelVersion, stranger: User, token: Any) -> None:
    assert program.send(files.content(5), key="k-1").status_code == 202
    assert Program(token(stranger)).send(files.content(5), key="k-1").status_code == 202


def test_a_refused_file_leaves_its_key_free(program: Program, iris: ModelVersion) -> None:
    assert program.send(b"flower\n1\n", key="k-1").status_code == 400
    assert program.send(files.content(5), key="k-1").status_code == 202


def test_the_same_content_again_is_another_file_and_says_so(taken: Any) -> None:
    first = taken()
    second = taken()
    assert first["id"] != second["id"]
    assert (first["same_file_as"], second["same_file_as"]) == (None, first["id"])
    work_off()
    assert taken()["same_file_as"] == second["id"]


@pytest.mark.django_db(transaction=True)
def test_one_key_from_eight_sides_is_one_file(iris: ModelVersion, analyst: User, token: Any) -> None:
    key = token(analyst)

    def send(number: int) -> int:
        try:
            return Program(key).send(files.content(2_000), key=f"k-{number // 8}").status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(send, range(40)))
    assert statuses.count(202) == Batch.objects.count() == 5
    assert set(statuses) <= {200, 202, 409}
    assert BatchPart.objects.values("batch").distinct().count() == 5


# What nobody should send


def raw(program: Program, body: bytes, content_type: str = "multipart/form-data; boundary=x") -> HttpResponse:
    return program.client.generic("POST", PATH, body, content_type, headers={"authorization": program.key})


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    file = "" if filename is None else f'; filename="{filename}"'
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content + b"\r\n"


FLOWERS = part("file", files.content(2), "f.csv")
MODEL = part("model", b"iris")
FORMS = {
    "nothing": (b"", 400),
    "no end": (FLOWERS + MODEL, 202),  # Django takes what came
    "no boundary in it": (b"flower,sepal_length\n", 400),
    "two files": (FLOWERS + FLOWERS + MODEL + b"--x--\r\n", 400),
    "two models": (FLOWERS + MODEL + MODEL + b"--x--\r\n", 400),
    "another part": (FLOWERS + MODEL + part("rows", b"1") + b"--x--\r\n", 400),
    "another file": (FLOWERS + MODEL + part("image", b"1", "i.png") + b"--x--\r\n", 400),
    "the file as text": (part("file", b"a,b\n1,2\n") + MODEL + b"--x--\r\n", 400),
    "a file and a text": (FLOWERS + part("file", b"a,b\n") + MODEL + b"--x--\r\n", 400),
    "a model as file": (FLOWERS + part("model", b"iris", "iris") + b"--x--\r\n", 400),
    "a NUL in the model": (FLOWERS + part("model", b"ir\x00is") + b"--x--\r\n", 400),
    "no UTF-8 in the model": (FLOWERS + part("model", b"\xff\xfe") + b"--x--\r\n", 404),
    "a NUL in the mapping": (FLOWERS + MODEL + part("mapping", b'{"a": "\\u0000"}') + b"--x--\r\n", 400),
    "a surrogate in the mapping": (FLOWERS + MODEL + part("mapping", b'{"a": "\\ud800"}') + b"--x--\r\n", 400),
    "a list for a mapping": (FLOWERS + MODEL + part("mapping", b"[1]") + b"--x--\r\n", 400),
    "numbers in the mapping": (FLOWERS + MODEL + part("mapping", b'{"sepal_width": 3}') + b"--x--\r\n", 400),
    "a field twice": (FLOWERS + MODEL + part("mapping", b'{"a": "b", "a": "c"}') + b"--x--\r\n", 400),
    "a deep mapping": (FLOWERS + MODEL + part("mapping", b"[" * 5_000) + b"--x--\r\n", 400),
    "half a mapping": (FLOWERS + MODEL + part("mapping", b'{"a"') + b"--x--\r\n", 400),
    "an odd delimiter": (FLOWERS + MODEL + part("delimiter", b"|") + b"--x--\r\n", 400),
    "an odd encoding": (FLOWERS + MODEL + part("encoding", b"utf-7") + b"--x--\r\n", 400),
    "an odd header": (FLOWERS + MODEL + part("header", b"perhaps") + b"--x--\r\n", 400),
    "an odd start": (FLOWERS + MODEL + part("start", b"now") + b"--x--\r\n", 400),
    "an empty model": (FLOWERS + part("model", b"") + b"--x--\r\n", 400),
    "a model that is not there": (FLOWERS + part("model", b"nothing") + b"--x--\r\n", 404),
    "an empty file": (part("file", b"", "f.csv") + MODEL + b"--x--\r\n", 400),
    "only headings": (part("file", b",".join([b"a"]), "f.csv") + MODEL + b"--x--\r\n", 400),
    "a PDF": (part("file", b"%PDF-1.7 x", "f.csv") + MODEL + b"--x--\r\n", 400),
    "UTF-16": (part("file", "flower,a\n1,2".encode("utf-16"), "f.csv") + MODEL + b"--x--\r\n", 400),
    "no name": (part("file", files.content(2), "") + MODEL + b"--x--\r\n", 400),
    "a name that climbs": (part("file", files.content(2), "../../../etc/passwd") + MODEL + b"--x--\r\n", 202),
    "a name with a NUL": (part("file", files.content(2), "a\x00b.csv") + MODEL + b"--x--\r\n", 202),
    "a name of markup": (part("file", files.content(2), "<script>.csv") + MODEL + b"--x--\r\n", 202),
    "a long name": (part("file", files.content(2), "n" * 900 + ".csv") + MODEL + b"--x--\r\n", 202),
    "many fields": (FLOWERS + b"".join(part(f"f{n}", b"") for n in range(20_001)) + b"--x--\r\n", 400),
    "a long field": (FLOWERS + part("model", b"a" * 3_000_000) + b"--x--\r\n", 413),
    "a long mapping": (FLOWERS + MODEL + part("mapping", b'{"a": "' + b"b" * 300_000 + b'"}') + b"--x--\r\n", 400),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_taken_or_refused_and_never_half(program: Program, iris: ModelVersion, name: str) -> None:
    body, status = FORMS[name]
    response = raw(program, body)
    assert response.status_code == status, response.content[:500]
    kept = Batch.objects.count()
    assert kept == BatchChunk.objects.count() + (status == 202)
    assert BatchPart.objects.count() == kept
    if status != 202:
        assert response["Content-Type"] == "application/problem+json"
        assert set(response.json()) == {"type", "title", "status", "detail", "instance", "code", "errors"}
        return
    assert not {"/", "\x00"} & set(response.json()["name"])
    work_off()
    assert Batch.objects.get().status == "done"


@pytest.mark.parametrize("name", UPLOADS)
def test_what_is_no_table_is_no_fault(program: Program, iris: ModelVersion, name: str) -> None:
    response = program.send(UPLOADS[name])
    assert response.status_code == 400
    assert not Batch.objects.exists()


@pytest.mark.parametrize("kind", ["application/json", "text/csv", "application/x-www-form-urlencoded", "x"])
def test_only_a_form_with_a_file_is_taken(program: Program, iris: ModelVersion, problem: Any, kind: str) -> None:
    problem(raw(program, b"{}", kind), 415, "unsupported_media_type")


def test_a_member_that_has_no_place_is_called_as_elsewhere(program: Program, iris: ModelVersion, problem: Any) -> None:
    (error,) = problem(program.send(files.content(2), colour="red"), 400, "invalid_input")["errors"]
    assert (error["row"], error["field"], error["code"]) == (None, "colour", "unknown_field")


def test_a_form_without_its_boundary_is_damaged(program: Program, iris: ModelVersion, problem: Any) -> None:
    problem(raw(program, FLOWERS, "multipart/form-data"), 400, "parse_error")


def test_a_model_of_pictures_takes_no_rows(program: Program, promoted: Any, problem: Any) -> None:
    promoted("digits")
    told = problem(program.send(files.content(2), model="digits"), 400, "invalid_input")
    assert (told["errors"][0]["field"], told["errors"][0]["code"]) == ("model", "not_tabular")


def test_a_file_has_a_limit_of_its_own(program: Program, iris: ModelVersion, problem: Any, settings: Any) -> None:
    settings.MAX_BODY_BYTES, settings.MAX_BATCH_BYTES = 10_000, 50_000
    assert program.send(files.content(1_000)).status_code == 202
    problem(program.send(files.content(3_000)), 413, "too_large")  # told by its bytes
    problem(program.send(files.content(10_000)), 413, "too_large")  # told by its headers
    assert Batch.objects.count() == 1


def test_a_workbook_has_one_too(program: Program, iris: ModelVersion, problem: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(xlsx, "MOST_BYTES", 1_000)
    problem(program.send(saved([["a", "b"], [1, 2]])), 413, "too_large")


def test_no_room_for_a_file_is_said(program: Program, iris: ModelVersion, problem: Any, settings: Any) -> None:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE, settings.FILE_UPLOAD_TEMP_DIR = 10, "/nowhere"
    assert "Retry-After" in program.send(files.content(3))
    problem(program.send(files.content(3)), 503, "no_room")
    assert not Batch.objects.exists()


def test_a_large_file_goes_through_the_disk(
    program: Program, iris: ModelVersion, settings: Any, tmp_path: Path
) -> None:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE, settings.FILE_UPLOAD_TEMP_DIR = 10, str(tmp_path)
    body = program.send(files.content(3), key="k-1").json()
    assert program.send(files.content(3), key="k-1").json()["id"] == body["id"]
    assert b"".join(parts.stream(Batch.objects.get().pk)) == files.content(3)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256])
def test_a_key_that_is_none(program: Program, iris: ModelVersion, problem: Any, key: str) -> None:
    headers = {"authorization": program.key, "idempotency-key": key}
    file = SimpleUploadedFile("f.csv", files.content(2))
    response = program.client.post(PATH, {"file": file, "model": "iris"}, headers=headers)
    assert [error["field"] for error in problem(response, 400, "invalid_input")["errors"]] == ["Idempotency-Key"]
    assert not Batch.objects.exists()
