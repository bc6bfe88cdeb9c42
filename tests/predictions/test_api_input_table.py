"""Every line of the table of hostile inputs, at every door that takes JSON: status, code and field, and nothing stored.

What stock DRF does with each is beside it. More of them, at the doors that predict: test_bad_input.py.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse

from predictions.api import parsers
from predictions.models import Decision, Outcome, Prediction, PredictionFailure
from registry import actions
from registry.models import ModelVersion
from tests.worlds import IRIS

FACTS = (Prediction, PredictionFailure, Decision, Outcome)
UTF8 = "application/json"
RAW = "<raw>"


@dataclass(frozen=True)
class Door:
    """A body whose `field` holds RAW, in `row` or outside of all rows."""

    path: str
    body: str
    field: str
    row: int | None

    def sent(self, raw: str) -> str:
        return self.body.replace(f'"{RAW}"', raw)


@pytest.fixture
def doors(iris: ModelVersion, flowers: Callable[..., Any], call: Callable[..., HttpResponse]) -> dict[str, Door]:
    """All doors that take JSON, each with something to speak about."""
    actions.make_default(iris.model)
    flowers(1)
    answer = call({"model": "iris", "inputs": IRIS}).json()["request_id"]
    row, bad = IRIS, IRIS | {"petal_width": RAW}
    decided = {"verdict": "disagree", "reason": "other", "comment": RAW}
    happened = {"label": RAW, "observed_date": "2026-01-01"}
    about, told = "/api/v1/predictions/" + answer, {"prediction": answer}
    found = {
        "one row": ("/api/v1/predict", {"model": "iris", "inputs": bad}, "petal_width", 0),
        "rows": ("/api/v1/predict", {"model": "iris", "inputs": [row, bad]}, "petal_width", 1),
        "partial": ("/api/v1/predict", {"model": "iris", "inputs": [row, bad], "partial": True}, "petal_width", 1),
        "model": ("/api/v1/models/iris/predict", {"inputs": [bad]}, "petal_width", 0),
        "seeds": ("/predict", bad, "petal_width", 0),
        "records": ("/api/v1/datasets/flowers/records/predict", {"keys": ["F-0", RAW]}, "keys", 1),
        "decision": (f"{about}/decision", decided, "comment", None),
        "outcome": (f"{about}/outcome", happened, "label", None),
        "decisions": ("/api/v1/decisions", {"decisions": [told | decided]}, "comment", 0),
        "outcomes": ("/api/v1/outcomes", {"outcomes": [told | happened]}, "label", 0),
    }
    return {name: Door(path, json.dumps(body), field, at) for name, (path, body, field, at) in found.items()}


@pytest.fixture
def answered(
    doors: dict[str, Door], call: Callable[..., HttpResponse], problem: Any, administrator: User, token: Any
) -> Callable[..., dict[str, list[tuple[Any, ...]]]]:
    """`answered(body_of, status, code)`: what each door names, by door; `body_of(door)` is the body it gets."""
    key = token(administrator)

    def at_each(body_of: Callable[[Door], str | bytes], status: int, code: str, **options: str) -> dict[str, Any]:
        before, found = [fact.objects.count() for fact in FACTS], {}
        for name, door in doors.items():
            response = call(body_of(door), door.path, authorization=key, **options)
            body = problem(response, status, code)  # with its content type
            assert body["instance"] == door.path
            found[name] = [(error["row"], error["field"], error["code"]) for error in body["errors"]]
        assert [fact.objects.count() for fact in FACTS] == before
        return found

    return at_each


def each(doors: dict[str, Door], code: str, field: str = "{}") -> dict[str, list[tuple[Any, ...]]]:
    """The same error at every door, in its own field."""
    return {name: [(door.row, field.format(door.field), code)] for name, door in doors.items()}


# One value. Stock: 500, 200 and stored, 200, 400 by accident

VALUES = {
    'a lone surrogate, "\\ud800" (stock: 500)': ('"\\ud800"', "bad_character"),
    "a lone surrogate, upper case": ('"x\\uDFFFy"', "bad_character"),
    "half of a pair": ('"\\ud83d"', "bad_character"),
    "NUL (stock: accepted, and PostgreSQL fails)": ('"a\\u0000b"', "bad_character"),
    "NUL inside a list": ('["\\u0000"]', "bad_character"),
    "an integer of 900 digits (stock: accepted)": ("9" * 900, "out_of_bounds"),
    "an integer of 5 000 digits": ("9" * 5000, "out_of_bounds"),
    "a negative one": ("-" + "9" * 5000, "out_of_bounds"),
    "an integer beyond 64 bits": (str(2**63), "out_of_bounds"),
    "NaN": ("NaN", "not_a_number"),
    "Infinity": ("Infinity", "not_a_number"),
    "-Infinity": ("-Infinity", "not_a_number"),
    "1e999": ("1e999", "not_a_number"),
    "-1e999": ("-1e999", "not_a_number"),
    "1 and 400 zeros, with a point": ("1" + "0" * 400 + ".0", "not_a_number"),
}


@pytest.mark.parametrize("line", VALUES)
def test_a_value(doors: dict[str, Door], answered, line: str) -> None:
    raw, code = VALUES[line]
    field = "{}.0" if raw.startswith("[") else "{}"
    assert answered(lambda door: door.sent(raw), 400, "invalid_input") == each(doors, code, field)


# Keys twice. Stock: the last one wins, silently


def test_a_key_twice(doors: dict[str, Door], answered) -> None:
    def twice(door: Door) -> str:
        return f'"{door.field}": 1, "{door.field}": '.join(door.body.rsplit(f'"{door.field}": ', 1))

    found = answered(twice, 400, "invalid_input")
    wanted = each(doors, "duplicate_field")
    assert found == wanted | {"records": [(None, "keys", "duplicate_field")]}


def test_a_key_twice_inside_a_value(doors: dict[str, Door], answered) -> None:
    nested = answered(lambda door: door.sent('{"i": 1, "i": 1}'), 400, "invalid_input")
    assert nested == each(doors, "duplicate_field", "{}.i")
    deeper = answered(lambda door: door.sent('{"a": {"i": 1, "j": 2, "i": 3}}'), 400, "invalid_input")
    assert deeper == each(doors, "duplicate_field", "{}.a.i")


@pytest.mark.parametrize("written", ['"k": 1, "\\u006b": 2', '"k": null, "k": null', '"": 1, "": 2'])
def test_a_key_twice_however_it_is_written(answered, written: str) -> None:
    found = answered(lambda door: "{" + written + ", " + door.sent("1")[1:], 400, "invalid_input")
    assert {error[2] for errors in found.values() for error in errors} == {"duplicate_field"}


@pytest.mark.parametrize("key", ["\\u0000", "\\ud800", "x\\u0000"])
def test_a_key_that_cannot_be_stored(answered, key: str) -> None:
    found = answered(lambda door: f'{{"{key}": 1, ' + door.sent("1")[1:], 400, "invalid_input")
    assert all(len(errors) == 1 and errors[0][2] == "bad_character" for errors in found.values())


# Depth. Stock: 500, with a page of HTML

DEEP = {
    "20 000 brackets": lambda door: "[" * 20_000,
    "20 000 brackets and their ends": lambda door: "[" * 20_000 + "]" * 20_000,
    "100 000 brackets and their ends": lambda door: "[" * 100_000 + "]" * 100_000,
    "20 000 objects": lambda door: '{"a":' * 20_000 + "1" + "}" * 20_000,
    "20 000 brackets in a value": lambda door: door.sent("[" * 20_000 + "]" * 20_000),
    "33 levels": lambda door: "[" * 33 + "]" * 33,
    "900 levels and NaN": lambda door: "[NaN," * 900 + "1" + "]" * 900,
}


@pytest.mark.parametrize("line", DEEP)
def test_depth(answered, line: str) -> None:
    assert set(map(len, answered(DEEP[line], 400, "parse_error").values())) == {0}


def test_32_levels_are_read() -> None:
    assert parsers.loads(b"[" * 32 + b"]" * 32)
    assert parsers.loads(b'{"a":' * 31 + b"[1]" + b"}" * 31)


# Encodings. Stock: UTF-16 is accepted, an unknown charset ignored

CHARSETS = ["utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "nonsense", "hex", "idna", "%00", "utf-8-sig"]


@pytest.mark.parametrize("charset", CHARSETS)
def test_another_charset_is_415(answered, charset: str) -> None:
    def encoded(door: Door) -> bytes:
        known = charset if charset in {"utf-16", "utf-16-le", "utf-32", "utf-8-sig"} else "utf-8"
        return door.sent("1").encode(known)

    answered(encoded, 415, "unsupported_media_type", content_type=f"{UTF8}; charset={charset}")


ENCODED = {
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16 without its mark": lambda text: text.encode("utf-16-be"),
    "UTF-32": lambda text: text.encode("utf-32"),
    "a mark of UTF-8": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "Latin-1": lambda text: text.replace("1", '"é"').encode("latin-1"),
    "a surrogate as bytes": lambda text: text.encode().replace(b"{", b'{"\xed\xa0\x80": 1, ', 1),
    "NUL as a byte": lambda text: text.encode().replace(b"{", b'{"\x00": 1, ', 1),
    "NUL behind it": lambda text: text.encode() + b"\x00",
    "an overlong form": lambda text: text.encode().replace(b"{", b'{"\xc0\x80": 1, ', 1),
}


@pytest.mark.parametrize("line", ENCODED)
def test_bytes_that_are_no_utf8_json(answered, line: str) -> None:
    answered(lambda door: ENCODED[line](door.sent("1")), 400, "parse_error")


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "x"])
def test_another_kind_of_body_is_415(answered, content_type: str) -> None:
    answered(lambda door: door.sent("1"), 415, "unsupported_media_type", content_type=content_type)


@pytest.mark.parametrize("document", ["", "[]", "null", "1", '"x"', "{", '{"a": 1,}', "{'a': 1}", "{} {}", "//"])
def test_what_is_no_json_object(doors: dict[str, Door], call, administrator: User, token, document: str) -> None:
    key, before = token(administrator), [fact.objects.count() for fact in FACTS]
    for door in doors.values():
        response = call(document, door.path, authorization=key)
        assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json"), door.path
    assert [fact.objects.count() for fact in FACTS] == before


# What only looks dangerous


def test_text_of_any_kind_is_kept(doors: dict[str, Door], call, administrator: User, token) -> None:
    text = "é 漢 🙂 \u202e ’ [{ \u2028 \\ud800 \\u0000"  # the last two are backslashes and letters
    response = call(
        doors["decision"].sent(json.dumps(text)), doors["decision"].path, authorization=token(administrator)
    )
    assert (response.status_code, response.json()["comment"]) == (201, text)


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63) + 1, 1.7976931348623157e308, 5e-324, -0.0])
def test_the_largest_numbers_that_can_be_held_are_read(number: float) -> None:
    (found,) = parsers.loads(json.dumps([number]).encode())
    assert repr(found) == repr(number)


# Names beside the body


@pytest.mark.parametrize(
    "path", ["/api/v1/models/%00/predict", "/api/v1/models/a%ED%A0%80/predict", "/api/v1/datasets/%00/records/predict"]
)
def test_a_path_that_cannot_be_stored_is_404(iris: ModelVersion, call, problem, path: str) -> None:
    problem(call({"inputs": IRIS}, path), 404, "not_found")


@pytest.mark.parametrize("field", ["model", "version", "explain", "partial", "colour", "\x00", "csrfmiddlewaretoken"])
def test_a_form_has_the_same_rules(promoted, analyst: User, client, token, drawing, problem, field: str) -> None:
    promoted("digits")
    sent = {"headers": {"authorization": token(analyst)}}
    known = field in {"model", "version", "explain", "partial"}
    response = client.post("/api/v1/predict", {"file": drawing(), field: "a\x00b"}, **sent)
    problem(response, *(404, "unknown_model") if field == "model" else (400, "invalid_input"))
    if known:
        twice = client.post("/api/v1/predict", {"file": drawing(), field: ["1", "1"]}, **sent)
        found = problem(twice, 400, "invalid_input")
        assert [(error["field"], error["code"]) for error in found["errors"]] == [(field, "duplicate_field")]
    assert not Prediction.objects.exists()


def test_a_form_with_two_pictures_or_none_is_refused(promoted, analyst: User, client, token, drawing, problem) -> None:
    promoted("digits")
    for upload in ({}, {"image": drawing(), "file": drawing()}, {"picture": drawing()}, {"image": [drawing()] * 2}):
        response = client.post("/api/v1/predict", upload, headers={"authorization": token(analyst)})
        assert [error["field"] for error in problem(response, 400, "invalid_input")["errors"]] == ["image"]
    assert not Prediction.objects.exists()
