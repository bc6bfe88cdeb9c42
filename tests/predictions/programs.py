"""Programs that hand in files of rows by API, for tests."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from registry.models import ModelVersion
from tests.predictions import files

PATH = "/api/v1/batches"


class Program:
    """Somebody's token at work."""

    def __init__(self, key: str) -> None:
        self.key, self.client = key, Client(raise_request_exception=False)

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.client.get(path, headers={"authorization": self.key} | headers)

    def cancel(self, path: str) -> HttpResponse:
        return self.client.post(f"{path}/cancel", headers={"authorization": self.key})

    def run(self, path: str) -> HttpResponse:
        return self.client.post(f"{path}/run", headers={"authorization": self.key})

    def send(self, content: bytes | None, *, key: str = "", name: str = "flowers.csv", **form: Any) -> HttpResponse:
        """A file for the iris model; `key`: an idempotency key, `key_column`: the form's own `key`."""
        said = {"model": "iris", "key": form.pop("key_column", "flower")} | form
        said = {field: value for field, value in said.items() if value is not None}
        file = {} if content is None else {"file": SimpleUploadedFile(name, content)}
        headers = {"authorization": self.key} | ({"idempotency-key": key} if key else {})
        return self.client.post(PATH, file | said, headers=headers)


@pytest.fixture
def program(analyst: User, token: Callable[[User], str]) -> Program:
    return Program(token(analyst))


@pytest.fixture
def taken(program: Program, iris: ModelVersion) -> Callable[..., dict[str, Any]]:
    """`taken(content)`: the body of a file that was taken."""

    def body(content: bytes | None = None, **form: Any) -> dict[str, Any]:
        response = program.send(files.content(5) if content is None else content, **form)
        assert response.status_code == 202, response.content
        return response.json()

    return body


def rows(response: HttpResponse) -> list[dict[str, str]]:
    assert (response.status_code, response["Content-Type"]) == (200, "text/csv; charset=utf-8")
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))
