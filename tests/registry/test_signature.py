"""The contract of inputs: one value means the same through every door, or is refused in the same words."""

import io
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import background, coercion
from registry.coercion import Refused
from registry.signature import InvalidInput, Signature, SignatureError, columns_of, text_in

FEATURES: list[dict[str, Any]] = [
    {
        "name": "age",
        "dtype": "integer",
        "min": 16,
        "max": 99,
        "train_range": [18, 70],
        "label": {"en": "Age", "fr": "Âge"},
    },
    {"name": "years", "dtype": "integer", "nullable": True},
    {"name": "pay", "dtype": "number", "nullable": True, "min": 0},
    {"name": "rate", "dtype": "number"},
    {"name": "remote", "dtype": "boolean"},
    {"name": "moved", "dtype": "boolean", "nullable": True},
    {"name": "job", "dtype": "category", "categories": [{"value": "law"}, {"value": "shop"}]},
    {"name": "level", "dtype": "category", "categories": [{"value": 1}, {"value": 2}], "allow_unknown": True},
    {"name": "share", "dtype": "category", "categories": [{"value": 0.5}, {"value": 1}]},
    {"name": "gift", "dtype": "category", "categories": [{"value": True}, {"value": False}], "nullable": True},
    {"name": "note", "dtype": "string", "nullable": True},
]
ROW = {
    "age": 40, "years": None, "pay": 12.5, "rate": 0.25, "remote": True, "moved": None,
    "job": "law", "level": 2, "share": 0.5, "gift": False, "note": "a text",
}  # fmt: skip
SIGNATURE = Signature.parse({"task": "tabular-regression", "inputs": {"features": FEATURES}})


def clean(**changes: Any) -> Any:
    row = {**ROW, **changes}
    return SIGNATURE.clean({name: [value] for name, value in row.items()}, 1)


def value(feature: str, raw: Any) -> Any:
    """What is stored of a raw value, or the code of the refusal."""
    try:
        return clean(**{feature: raw}).records[0][feature]
    except InvalidInput as error:
        (only,) = error.errors
        return only["code"] if only["field"] == feature else only


NUMBERS = [
    (12, 12.0), ("12", 12.0), (" 12 ", 12.0), ("12.5", 12.5), ("12,5", 12.5), ("-3", -3.0), ("+3", 3.0), (".5", 0.5),
    ("5.", 5.0), ("1e3", 1000.0), ("1 234,5", 1234.5), ("1\u202f234,5", 1234.5), ("1,234.5", 1234.5),
    ("1,234,567.25", 1234567.25), ("0,123", 0.123), ("12,3456", 12.3456), (-0.0, 0.0),
    ("1,234", "ambiguous_number"), ("12,345,678", "ambiguous_number"),
    ("", "missing"), ("  ", "missing"), (None, "missing"),
    ("twelve", "not_a_number"), (True, "not_a_number"), ([1], "not_a_number"), ("1.2.3", "not_a_number"),
    ("nan", "not_a_number"), ("inf", "not_a_number"), (float("nan"), "not_a_number"), (float("inf"), "not_a_number"),
    ("1e999", "not_a_number"), ("1,2,3", "not_a_number"), ("0x10", "not_a_number"), ("1_000", "not_a_number"),
    ("\u0661", "not_a_number"), ("9" * 500, "out_of_bounds"), ("5 1", "not_a_number"), ("12 34", "not_a_number"),
    (10**400, "out_of_bounds"), ("11 %", "not_a_number"),
]  # fmt: skip
INTEGERS = [
    (20, 20), (20.0, 20), ("20", 20), ("20,0", 20), ("2e1", 20), (20.5, "not_an_integer"), ("20,5", "not_an_integer"),
    (15, "out_of_bounds"), (100, "out_of_bounds"), ("1,234", "ambiguous_number"), (False, "not_a_number"),
    ("20.000", "ambiguous_number"), ("1.000.000", "ambiguous_number"), ("20.00", 20), ("0020.000", 20),
]  # fmt: skip
BOOLEANS = [
    (True, True), (False, False), ("True", True), ("false", False), (1, True), (0, False), ("1", True), ("oui", True),
    (" NON ", False), ("vrai", True), ("faux", False), ("yes", True), ("no", False), (2, "not_a_boolean"),
    ("maybe", "not_a_boolean"), (0.0, "not_a_boolean"), ([], "not_a_boolean"), ("", "missing"),
]  # fmt: skip
CATEGORIES = [("law", "law"), (" law ", "law"), ("Law", "unknown_category"), ("", "missing"), (True, "not_text")]
TEXTS = [
    ("x", "x"), (" x ", "x"), (7, "7"), ("", None), (None, None), (1.5, "not_text"), ("a\x00b", "bad_character"),
    ("\ud800", "bad_character"), ("x" * 10_001, "too_long"), (10**20, "not_text"), ({}, "not_text"),
]  # fmt: skip
TABLE = [
    *(("rate", *case) for case in NUMBERS),
    *(("age", *case) for case in INTEGERS),
    *(("remote", *case) for case in BOOLEANS),
    *(("job", *case) for case in CATEGORIES),
    *(("note", *case) for case in TEXTS),
    ("years", 2**53 - 1, 2**53 - 1), ("years", 2**53 + 1, "out_of_bounds"),
    ("years", "9007199254740993", "out_of_bounds"), ("years", "", None),
    ("pay", -1, "out_of_bounds"), ("pay", "", None), ("moved", "", None), ("moved", "oui", True),
    ("level", "2", 2), ("level", 7, 7), ("level", "high", "not_a_number"), ("level", 1.5, "not_an_integer"),
    ("share", "0,5", 0.5), ("share", 1, 1.0), ("share", 2, "unknown_category"),
    ("gift", "true", True), ("gift", "", None),
]  # fmt: skip


@pytest.mark.parametrize(("feature", "raw", "expected"), TABLE)
def test_one_value(feature: str, raw: Any, expected: Any) -> None:
    found = value(feature, raw)
    assert found == expected
    assert isinstance(expected, (str, float)) or type(found) is type(expected)


def test_types_of_cleaned_columns() -> None:
    kinds = {name: column.dtype.kind for name, column in clean().columns.items()}
    assert list(kinds) == list(ROW)
    assert "".join(kinds.values()) == "ifffbOOifOO"
    assert np.isnan(clean(pay=None).columns["pay"][0])
    assert clean(note=None).columns["note"].tolist() == [None]


def test_every_error_is_told_with_its_row() -> None:
    columns = columns_of([ROW, ROW | {"age": "old", "job": "x"}, {k: v for k, v in ROW.items() if k != "rate"}])
    with pytest.raises(InvalidInput) as refused:
        SIGNATURE.clean(columns | {"extra": [None, None, 1]}, 3)
    found = [(error["row"], error["field"], error["code"]) for error in refused.value.errors]
    assert sorted(found) == [
        (1, "age", "not_a_number"),
        (1, "job", "unknown_category"),
        (2, "extra", "unknown_field"),
        (2, "rate", "missing"),
    ]
    assert [row for row, _, _ in found] == sorted(row for row, _, _ in found)


REFUSED = [case for case in TABLE if isinstance(case[2], str) and isinstance(case[1], str) and len(case[1].strip()) > 3]


@pytest.mark.parametrize(("feature", "raw", "code"), [case for case in REFUSED if case[0] != "note"])
def test_no_message_holds_a_value(feature: str, raw: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        clean(**{feature: raw})
    assert raw.strip() not in json.dumps(refused.value.errors, ensure_ascii=False)


def test_unseen_values_are_warnings() -> None:
    warnings = clean(age=90, level=7).warnings
    assert [(each["row"], each["field"], each["code"]) for each in warnings] == [
        (0, "age", "out_of_range"),
        (0, "level", "unknown_category"),
    ]
    assert warnings[0]["message"] == "The model saw “Age” from 18 to 70. Outside it guesses."
    assert clean(age=70).warnings == []


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({"min": 1, "max": 2}, "Enter “x” between 1 and 2."),
        ({"min": 1.5}, "Enter “x” of at least 1.5."),
        ({"max": 1e6}, "Enter “x” of at most 1\u202f000\u202f000."),
    ],
)
def test_bounds_are_said(bounds: dict[str, float], said: str) -> None:
    features = [{"name": "x", "dtype": "number", **bounds}]
    found = Signature.parse({"task": "tabular-regression", "inputs": {"features": features}})
    with pytest.raises(InvalidInput) as refused:
        found.clean({"x": [1e9 if "max" in bounds else -1e9]}, 1)
    assert refused.value.errors[0]["message"] == said


def test_odd_names_from_outside_can_be_answered() -> None:
    with pytest.raises(InvalidInput) as refused:
        clean(**{"x\ud800\x07" + "y" * 200: 1})
    field = refused.value.errors[0]["field"]
    assert (field[:4], len(field)) == ("x\ufffd\ufffdy", 80)


# -- parsing


@pytest.mark.parametrize(
    "data", [{}, {"task": "x"}, {"task": "x", "inputs": {"features": [{"name": "a"}]}}, {"inputs": 1}]
)
def test_what_is_no_signature(data: dict[str, Any]) -> None:
    with pytest.raises(SignatureError, match="This is no signature"):
        Signature.parse(data)


def test_two_languages() -> None:
    assert text_in({"en": "Age", "fr": "Âge"}, "fr-CA") == "Âge"
    assert text_in({"fr": "Âge"}, "en") == "Âge"
    assert text_in("Age", "fr") == "Age"
    assert text_in(None) == ""


def test_positive_and_titles() -> None:
    classes = [{"value": True, "positive": True, "label": "Leaves"}, {"value": False}]
    data = {"task": "tabular-classification", "inputs": {"features": []}, "outputs": {"classes": classes}}
    found = Signature.parse(data)
    assert (found.positive, found.class_names) == (0, ["True", "False"])
    assert (found.class_title("True"), found.class_title("False")) == ("Leaves", "False")
    assert Signature.parse(data | {"outputs": {"classes": [{"value": 0}, {"value": 1}]}}).positive == 1


# -- what was stored means the same for ever

RAW = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["12,5", "oui", "law", "1"]),
)
GOOD = st.fixed_dictionaries(
    {
        "age": st.integers(16, 99) | st.integers(16, 99).map(str),
        "years": st.none() | st.integers(-(2**53) + 1, 2**53 - 1),
        "pay": st.none() | st.floats(0, allow_infinity=False),
        "rate": st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["1 234,5", "-.5", "1e-7"]),
        "remote": st.sampled_from([True, 0, "oui", "FALSE"]),
        "moved": st.sampled_from([None, "", True, "no"]),
        "job": st.sampled_from(["law", " shop "]),
        "level": st.integers(-(2**53) + 1, 2**53 - 1),
        "share": st.sampled_from([0.5, 1, "0,5"]),
        "gift": st.sampled_from([True, None, "faux"]),
        "note": st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=50),
    }
)


@given(st.lists(GOOD, min_size=1, max_size=4))
def test_cleaning_twice_is_cleaning_once(rows: list[dict[str, Any]]) -> None:
    first = SIGNATURE.clean(columns_of(rows), len(rows))
    stored = json.loads(json.dumps(first.records))
    second = SIGNATURE.clean(columns_of(stored), len(rows))
    assert second.records == first.records == stored
    assert second.warnings == first.warnings


@given(st.lists(GOOD, min_size=1, max_size=4))
def test_columns_of_stored_rows_are_the_cleaned_ones(rows: list[dict[str, Any]]) -> None:
    table = SIGNATURE.clean(columns_of(rows), len(rows))
    again = SIGNATURE.arrays(json.loads(json.dumps(table.records)))
    for name, column in table.columns.items():
        assert again[name].dtype == column.dtype
        assert np.array_equal(again[name], column, equal_nan=column.dtype.kind == "f")


@given(st.sampled_from([each["name"] for each in FEATURES]), RAW)
def test_anything_is_typed_or_refused(feature: str, raw: Any) -> None:
    found = value(feature, raw)
    json.dumps(found, allow_nan=False)
    if not isinstance(found, str):
        assert value(feature, found) == found


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_read_back_from_its_text(number: float) -> None:
    assert coercion.number(repr(number)) == number
    assert coercion.number(repr(number).replace(".", ",")) == number or "," in repr(number)


def test_a_refusal_has_a_code() -> None:
    with pytest.raises(Refused) as refused:
        coercion.integer("x")
    assert refused.value.code == "not_a_number"


# -- background.csv


def sample(text: str) -> Any:
    return background.parse(text.encode("utf-8"), SIGNATURE)


HEAD = ",".join(ROW)
LINE = "40,,12.5,0.25,True,,law,2,0.5,false,a text"


def test_background_is_cleaned_like_any_input() -> None:
    columns = sample(f"\ufeff{HEAD},extra\n{LINE},1\n{LINE},2\n")
    assert set(columns) == set(ROW)
    again = SIGNATURE.arrays([ROW, ROW])
    assert all(np.array_equal(columns[n], again[n], equal_nan=again[n].dtype.kind == "f") for n in ROW)


def test_background_beyond_the_limit_is_not_read() -> None:
    assert len(sample(f"{HEAD}\n" + f"{LINE}\n" * 300)["age"]) == background.MAX_ROWS


def test_background_in_another_order() -> None:
    names = list(reversed(ROW))
    values = ",".join(reversed(LINE.split(",")))
    assert sample(f"{','.join(names)}\n{values}\n")["age"].tolist() == [40]


def test_background_that_is_none() -> None:
    with pytest.raises(ValueError, match=r"background\.csv holds no row"):
        sample(f"{HEAD}\n")
    with pytest.raises(InvalidInput):
        sample(f"{HEAD}\n{LINE.replace('law', 'sea')}\n")
    with pytest.raises(InvalidInput):
        sample("age\n40\n")


def test_background_of_pictures() -> None:
    image = {"width": 2, "height": 3, "mode": "L", "layout": "nhw"}
    found = Signature.parse({"task": "image-classification", "inputs": {"image": image}})
    text = io.StringIO()
    np.savetxt(text, np.arange(12).reshape(2, 6), delimiter=",", header="a,b,c,d,e,f", comments="")
    columns = background.parse(text.getvalue().encode(), found)
    assert columns["image"].shape == (2, 3, 2)
    for odd in (b"a,b,c,d,e,f\n", b"a\n1,2\n"):
        with pytest.raises(ValueError, match=r"holds no row|reshape"):
            background.parse(odd, found)


@pytest.mark.parametrize("text", ["5 000 €", "12 %", "7km", "12,5 m²", "-3 °C"])
def test_who_enters_a_unit_is_told_to_leave_it_out(text: str) -> None:
    with pytest.raises(Refused, match="without its unit"):
        coercion.number(text)


@pytest.mark.parametrize("text", ["twelve", "0x10", "1_000", "5 1", "1e9999", "km 7"])
def test_what_is_no_number_before_a_unit_is_no_number(text: str) -> None:
    with pytest.raises(Refused, match=r"Enter a (finite )?number\."):
        coercion.number(text)


# As programs send them: most are clean as they come, and the short way for these must say what the long one says.
SENT = [
    *[True, False, 0, 1, 2, 12, 16, 40, 70, 71, 99, 100, -1, 2**53, 10**15, 10**16, -(10**400)],
    *[
        0.0,
        -0.0,
        0.5,
        12.5,
        1e300,
        float("inf"),
        float("nan"),
        None,
        "",
        " ",
        "law",
        " law",
        "shop",
        "12",
        "True",
        "other",
    ],
]


@given(
    st.sampled_from([feature["name"] for feature in FEATURES]), st.lists(st.sampled_from(SENT), min_size=1, max_size=4)
)
def test_the_short_way_for_a_clean_column_says_what_the_long_one_says(name: str, raw: list[Any]) -> None:
    feature = next(feature for feature in SIGNATURE.features if feature.name == name)
    short = feature.untouched(raw)
    if short is None:
        return
    assert [(type(each), each) for each in short] == [(type(each), each) for each in map(feature.clean, raw)]
    assert not any(map(feature.warning, short))


@pytest.mark.parametrize("name", ["age", "years", "pay", "rate", "remote", "job", "level", "gift"])
def test_what_programs_send_goes_the_short_way(name: str) -> None:
    raw = ROW[name] if ROW[name] is not None else 3
    feature = next(feature for feature in SIGNATURE.features if feature.name == name)
    assert feature.untouched([raw, raw]) == [raw, raw]
