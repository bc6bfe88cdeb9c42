"""Pictures, forms, bodies and addresses that nobody should send: an error in the shape of the door, nothing stored."""

import base64
import contextlib
import socket
import struct
import subprocess
import sys
import zlib
from io import BytesIO
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from PIL import Image

from predictions.models import Prediction, PredictionFailure
from registry.models import ModelVersion
from tests.worlds import IRIS, ROOT

API = "/api/v1/models/digits/predict"
FORM = {f"x-{name}": str(value) for name, value in IRIS.items()}
COMMITTED = pytest.mark.django_db(transaction=True)


def png(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG of one bit a pixel that claims a size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def animated() -> bytes:
    frames, file = [Image.new("L", (9, 9), shade) for shade in (0, 99, 200)], BytesIO()
    frames[0].save(file, "PNG", save_all=True, append_images=frames[1:])
    return file.getvalue()


def saved(kind: str, size: tuple[int, int] = (9, 9)) -> bytes:
    file = BytesIO()
    Image.new("RGB", size).save(file, kind)
    return file.getvalue()


UPLOADS = {
    "text": b"no picture at all",
    "empty": b"",
    "gif": saved("GIF"),
    "bmp": saved("BMP"),
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "half a png": saved("PNG", (400, 400))[:60],
    "half a jpeg": saved("JPEG", (400, 400))[:400],
    "a bomb": png(30_000, 30_000, zlib.compress(bytes(30_000 * 300))),
    "too many pixels": png(6_000, 6_000, zlib.compress(bytes(6_000 * 751))),
    "a liar": png(2**31 - 1, 2**31 - 1),
    "animated": animated(),
    "nothing inside": png(40, 40),
    "no pixels": png(0, 0),
    "too many bytes": saved("PNG") + bytes(5 * 1024**2 + 1),
}


CODES = {
    "gif": "format",
    "half a png": "truncated",
    "a bomb": "too_many_pixels",
    "too many pixels": "too_many_pixels",
    "animated": "frames",
    "too many bytes": "too_many_bytes",
}


@pytest.fixture
def page(analyst: User) -> Client:
    """The analyst's browser."""
    client = Client(raise_request_exception=False)
    client.force_login(analyst)
    return client


def nothing_stored() -> bool:
    return not Prediction.objects.exists() and not PredictionFailure.objects.exists()


@pytest.mark.parametrize("name", UPLOADS)
def test_an_upload_that_is_no_usable_picture(promoted, page, analyst, token, problem, name: str) -> None:
    promoted("digits")
    found = []
    for field in ("image", "file"):
        response = page.post(API, {field: named(name)}, headers={"authorization": token(analyst)})
        (error,) = problem(response, 400, "invalid_input")["errors"]
        found.append((error["field"], error["code"], error["message"]))
    assert found[0] == found[1]
    assert found[0][0] == "image"
    assert name not in CODES or found[0][1] == CODES[name]
    response = page.post("/predict/digits/", {"image": named(name), "idempotency_key": "k"})
    assert response.status_code == 400
    assert found[0][2] in response.context["form"].errors["image"]
    assert nothing_stored()


def named(name: str) -> BytesIO:
    file = BytesIO(UPLOADS[name])
    file.name = "../../etc/passwd.png"
    return file


@pytest.mark.parametrize("name", [name for name in UPLOADS if UPLOADS[name] and len(UPLOADS[name]) < 4_000_000])
def test_the_same_inside_json(promoted, call, problem, name: str) -> None:
    promoted("digits")
    body = {"inputs": {"image": base64.b64encode(UPLOADS[name]).decode()}}
    (error,) = problem(call(body, API), 400, "invalid_input")["errors"]
    assert error["field"] == "image"
    assert nothing_stored()


PARTS = {
    "no file": {},
    "another field": {"photo": "x"},
    "text for a file": {"image": "text"},
}


@pytest.mark.parametrize("name", PARTS)
def test_a_multipart_body_without_a_picture(promoted, page, analyst, token, problem, name: str) -> None:
    promoted("digits")
    response = page.post(API, PARTS[name] | {"x": "1"}, headers={"authorization": token(analyst)})
    assert [error["field"] for error in problem(response, 400, "invalid_input")["errors"]] == ["image"]


def test_two_pictures_in_one_body(promoted, page, analyst, token, problem, drawing) -> None:
    promoted("digits")
    for fields in ({"image": drawing(), "file": drawing()}, {"image": [drawing(), drawing()]}):
        problem(page.post(API, fields, headers={"authorization": token(analyst)}), 400, "invalid_input")
    assert page.post("/predict/digits/", {"image": [drawing(), drawing()], "idempotency_key": "k"}).status_code == 400
    assert nothing_stored()


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"model": "a\0b"}, 404), ({"version": "\0"}, 400), ({"explain": "\0"}, 400), ({"model": "x" * 99}, 404)],
)
def test_text_in_a_multipart_body_is_checked(promoted, page, analyst, token, drawing, fields, status) -> None:
    promoted("digits")
    response = page.post("/api/v1/predict", {"image": drawing()} | fields, headers={"authorization": token(analyst)})
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")


RAW = b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\n+2AA-\r\n--x\r\nContent-Disposition: form-data; \
name="image"; filename="a.png"\r\n\r\nx\r\n--x--\r\n'


@pytest.mark.parametrize("charset", ["utf-7", "utf-16", "hex", "idna", "raw_unicode_escape", "nonsense"])
def test_a_multipart_body_in_another_charset(promoted, page, analyst, token, charset: str) -> None:
    promoted("digits")
    headers = {"authorization": token(analyst)}
    kind = f"multipart/form-data; boundary=x; charset={charset}"
    for path in (API, "/api/v1/predict", "/predict/digits/"):
        response = page.generic("POST", path, RAW, kind, headers=headers)
        assert response.status_code == 415, (path, response.content)


@pytest.mark.parametrize("body", [b"", b"--x", b"--x\r\n\r\n", RAW[:80], RAW * 400])
def test_a_damaged_multipart_body(promoted, page, analyst, token, body: bytes) -> None:
    promoted("digits")
    for kind in ("multipart/form-data; boundary=x", "multipart/form-data"):
        response = page.generic("POST", API, body, kind, headers={"authorization": token(analyst)})
        assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
        assert page.generic("POST", "/predict/digits/", body, kind).status_code == 400


# The form


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"x-petal_width": "1\x002"}, "Remove the character that cannot be stored."),
        ({"x-petal_width": "9" * 1_000_000}, "Enter a smaller number."),
        ({"x-petal_width": ["1", "2"]}, "This field is there twice. Send it once."),
        ({"x-petal_width": "1e999"}, "Enter a finite number."),
        ({"x-colour": "red"}, "colour: This model has no such field. Remove it."),
        ({"idempotency_key": ""}, "The form came back incomplete. Check it and send it again."),
        ({"idempotency_key": "a\x00b"}, "Null characters are not allowed."),
        ({"idempotency_key": "k" * 256}, "Ensure this value has at most 255 characters (it has 256)."),
    ],
)
def test_bad_form_fields(iris: ModelVersion, page: Client, change: dict, sentence: str) -> None:
    response = page.post("/predict/iris/", FORM | {"idempotency_key": "k"} | change)
    assert response.status_code == 400
    assert sentence in [why for _where, _title, why in response.context["form"].problems()]
    assert nothing_stored()


@pytest.mark.parametrize("key", [None, "", "a\x00b", "k" * 256])
def test_a_form_with_a_bad_key_can_be_sent_again(iris: ModelVersion, page: Client, key: str | None) -> None:
    response = page.post("/predict/iris/", FORM | ({} if key is None else {"idempotency_key": key}))
    fresh = response.context["form"]["idempotency_key"].value()
    assert page.post("/predict/iris/", FORM | {"idempotency_key": fresh}).status_code == 302


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded; charset=utf-16", "application/json", "text/plain"]
)
def test_a_form_of_another_content_type(iris: ModelVersion, page: Client, kind: str) -> None:
    assert page.generic("POST", "/predict/iris/", b"x-petal_width=1", kind).status_code in {400, 415}
    assert nothing_stored()


def test_more_text_than_a_form_can_hold_is_413(iris: ModelVersion, page: Client) -> None:
    response = page.post("/predict/iris/", FORM | {"idempotency_key": "k", "x-petal_width": "9" * 3_000_000})
    assert (response.status_code, response["Content-Type"]) == (413, "text/html; charset=utf-8")
    response = page.post("/predict/iris/", dict.fromkeys(map(str, range(1001)), "1"))
    assert response.status_code == 400


# Addresses


@pytest.mark.parametrize(
    "path",
    [
        "/history/?before=x",
        "/history/?before=%00",
        "/history/?before=" + "f" * 33,
        "/history/not-a-number/",
        "/history/%00/",
        "/predict/iris/?from=x",
        "/predict/iris/?from=%00",
        "/predict/nothing/",
        "/predict/iris%00/",
        "/predict/%ff/",
    ],
)
def test_bad_addresses_are_pages_not_faults(iris: ModelVersion, page: Client, path: str) -> None:
    response = page.get(path)
    assert response.status_code in {400, 404}
    assert b"<h1" in response.content


def test_a_session_cookie_that_cannot_be_one_is_no_session(iris: ModelVersion) -> None:
    client = Client(raise_request_exception=False)
    for cookie in ('session="aaaaaaaa\\000bbbb"', "session=" + "x" * 4000, "session=é"):
        response = client.get("/", headers={"cookie": cookie})
        assert response.status_code in {302, 400}, cookie


# Bodies too large


def send(address: str, head: str, body: bytes = b"") -> bytes:
    """What a server answers to raw bytes; the writing side is closed after them."""
    found = urlsplit(address)
    with socket.create_connection((found.hostname, found.port), timeout=20) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        received = b""
        with contextlib.suppress(OSError):  # a server that answers before it has read everything resets the line
            connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(65536):
                received += part
        return received


def head(path: str, *lines: str, key: str = "Token x") -> str:
    first = [f"POST {path} HTTP/1.1", "Host: localhost", "Connection: close", "Content-Type: application/json"]
    return "\n".join([*first, f"Authorization: {key}", *lines])


@pytest.mark.parametrize("path", ["/api/v1/predict", "/predict", "/predict/iris/", "/login", "/nowhere"])
def test_a_body_over_the_limit_is_refused_before_it_is_read(path: str, db: None, client: Client) -> None:
    class Unread(BytesIO):
        def read(self, *size: int) -> bytes:
            raise AssertionError("the body was read")

    sent = {"CONTENT_LENGTH": str(settings.MAX_BODY_BYTES + 1), "wsgi.input": Unread()}
    response = client.generic("POST", path, content_type="application/json", **sent)
    assert response.status_code == 413
    assert ("problem+json" in response["Content-Type"]) == (path in {"/api/v1/predict", "/predict"})


@pytest.mark.parametrize(
    ("length", "status"), [("-1", 400), ("x", 400), ("1e3", 400), ("²", 400), ("9" * 5000, 413), (" 1", 400)]
)
def test_a_content_length_that_lies(iris, client, length: str, status: int) -> None:
    assert client.generic("POST", "/api/v1/predict", b"{}", CONTENT_LENGTH=length).status_code == status


def test_the_limit_speaks_the_callers_language(iris: ModelVersion, page: Client) -> None:
    page.get("/", headers={"accept-language": "fr"})
    large = {"CONTENT_LENGTH": "100000000", "headers": {"accept-language": "en"}}
    assert b'<html lang="en"' in page.generic("POST", "/predict/iris/", **large).content


@pytest.fixture(scope="module")
def gunicorn_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def server(database_environment: dict[str, str], gunicorn_port: int):
    """A real gunicorn in front of the test database."""
    address = f"127.0.0.1:{gunicorn_port}"
    command = [sys.executable, "-m", "gunicorn", "--bind", address, "--no-control-socket", "futurisys.wsgi"]
    process = subprocess.Popen(command, cwd=ROOT, env=database_environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert any("Listening at" in line for line in process.stderr)
    yield f"http://{address}"
    process.terminate()
    process.wait(20)
    process.stderr.close()


@COMMITTED
def test_gunicorn_refuses_100_mb_however_they_are_announced(server: str, analyst: User, token) -> None:
    key = token(analyst)
    announced = send(server, head("/api/v1/predict", "Content-Length: 100000000", key=key), b"{" * 1000)
    assert b" 413 " in announced.split(b"\r\n")[0]
    assert b"application/problem+json" in announced
    chunk = b"%x\r\n%s\r\n" % (100_000, b"[" * 100_000)
    chunked = send(server, head("/api/v1/predict", "Transfer-Encoding: chunked", key=key), chunk * 5 + b"0\r\n\r\n")
    assert b" 411 " in chunked.split(b"\r\n")[0]
    assert b'"code": "length_required"' in chunked
    short = send(server, head("/api/v1/predict", "Content-Length: 5000", key=key), b'{"inputs": {')
    assert b" 400 " in short.split(b"\r\n")[0]
