"""A signature as a browser form and back: nothing edited is nothing changed, and each wrong text is said at its field."""

from copy import deepcopy
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from registry import confirmation, sensitivity
from registry.drafting import Form, Item, editable, rebuilt
from registry.signature import Signature

JSON = dict[str, Any]
STAFF: JSON = {
    "task": "tabular-classification",
    "inputs": {
        "features": [
            {"name": "age", "dtype": "number", "train_range": [18.000000000000004, 79], "default": 30.5, "min": 16},
            {"name": "income", "dtype": "integer", "nullable": True, "unit": {"fr": "euros"}, "max": 90_000},
            {
                "name": "department",
                "dtype": "category",
                "categories": [{"value": "law", "label": {"en": "Law", "fr": "Droit"}}, {"value": "sales"}],
                "allow_unknown": True,
                "default": "sales",
                "help": "One\nor two lines",
            },
            {"name": "overtime", "dtype": "boolean", "label": " spaced ", "sensitive": "proxy", "actionable": True},
            {"name": "note", "dtype": "string", "group": {"en": "Rest"}},
        ]
    },
    "outputs": {
        "classes": [{"value": 0, "label": "stays"}, {"value": 1, "positive": True}],
        "threshold": {"value": 0.30000000000000004, "chosen_by": "F1"},
        "label": "Leaves",
    },
}
VALUE: JSON = {
    "task": "tabular-regression",
    "inputs": {"features": [{"name": "x0", "dtype": "number"}]},
    "outputs": {"unit": "€", "minimum": 0},
}
PICTURE: JSON = {
    "task": "image-classification",
    "inputs": {"image": {"width": 8, "height": 8, "mode": "L", "layout": "flat", "scale": 1}},
    "outputs": {"classes": [{"value": "cat"}, {"value": "dog"}, {"value": "cow"}]},
}
ALL = {"staff": STAFF, "value": VALUE, "picture": PICTURE}


def posted(form: Form) -> dict[str, str]:
    """What a browser sends when nobody touches the form: every line ends in two characters."""

    def of(item: Item) -> dict[str, str]:
        inner = {key: text for each in item.categories for key, text in of(each).items()}
        return {field.key: field.value.replace("\n", "\r\n") for field in item.fields} | inner

    items = [*form.features, *form.classes, form.outputs, *([form.image] if form.image else [])]
    return {key: text for item in items for key, text in of(item).items()}


@pytest.mark.parametrize("is_draft", [True, False])
@pytest.mark.parametrize("name", ALL)
def test_nothing_edited_is_nothing_changed(name: str, is_draft: bool) -> None:
    form = editable(ALL[name], is_draft=is_draft)
    edited, problems = rebuilt(ALL[name], posted(form), is_draft=is_draft)
    assert problems == {}
    assert confirmation.same(edited, ALL[name])
    assert rebuilt(ALL[name], {}, is_draft=is_draft) == (ALL[name], {})


def test_examples_survive_the_way(ready: Any) -> None:
    for name in ("iris", "attrition", "digits"):
        signature = ready(name).signature
        assert rebuilt(signature, posted(editable(signature)), is_draft=False) == (signature, {})


def test_keys_are_different(ready: Any) -> None:
    form = editable(ready("attrition").signature)
    items = [*form.features, *form.classes, form.outputs]
    keys = [field.key for item in items for field in item.fields]
    assert len(keys) == len(set(keys)) > 100


EDITS: list[tuple[str, dict[str, str], Any]] = [
    ("age", {"f0-label_en": "Age"}, {"label": "Age"}),
    ("age", {"f0-label_en": "Age", "f0-label_fr": "Âge"}, {"label": {"en": "Age", "fr": "Âge"}}),
    ("age", {"f0-label_fr": "Âge"}, {"label": {"fr": "Âge"}}),
    ("age", {"f0-max": "1 200,5"}, {"max": 1200.5}),
    ("age", {"f0-max": "90", "f0-step": "0.5"}, {"max": 90, "step": 0.5}),
    ("age", {"f0-train_high": "80"}, {"train_range": [18, 80]}),
    ("age", {"f0-default": "41"}, {"default": 41}),
    ("age", {"f0-dtype": "integer", "f0-default": "30"}, {"dtype": "integer", "default": 30}),
    ("age", {"f0-sensitive": "protected", "f0-actionable": "true"}, {"sensitive": "protected", "actionable": True}),
    ("age", {"f0-group_en": "Person", "f0-help_en": "In\r\nyears"}, {"group": "Person", "help": "In\nyears"}),
    ("age", {"f0-unit_en": "years"}, {"unit": "years"}),
    ("income", {"f1-unit_en": "euro"}, {"unit": {"en": "euro", "fr": "euros"}}),
    ("department", {"f2-default": "0"}, {"default": "law"}),
    ("overtime", {"f3-default": "false"}, {"default": False}),
    ("note", {"f4-default": "12"}, {"default": "12"}),
]


@pytest.mark.parametrize(("name", "texts", "changes"), EDITS)
def test_edit_of_a_feature(name: str, texts: dict[str, str], changes: JSON) -> None:
    edited, problems = rebuilt(STAFF, texts)
    expected = deepcopy(STAFF)
    next(each for each in expected["inputs"]["features"] if each["name"] == name).update(changes)
    assert problems == {}
    assert confirmation.same(edited, expected)


TAKEN_AWAY = {
    "f0-min": ("age", "min"),
    "f0-default": ("age", "default"),
    "f1-unit_fr": ("income", "unit"),
    "f1-max": ("income", "max"),
    "f2-default": ("department", "default"),
    "f2-help_en": ("department", "help"),
    "f3-sensitive": ("overtime", "sensitive"),
}


@pytest.mark.parametrize("key", TAKEN_AWAY)
def test_empty_text_takes_a_member_away(key: str) -> None:
    name, member = TAKEN_AWAY[key]
    expected = deepcopy(STAFF)
    del next(each for each in expected["inputs"]["features"] if each["name"] == name)[member]
    assert rebuilt(STAFF, {key: " "}) == (expected, {})


@pytest.mark.parametrize(
    ("key", "name", "member"),
    [("f1-nullable", 1, "nullable"), ("f2-allow_unknown", 2, "allow_unknown"), ("f3-actionable", 3, "actionable")],
)
def test_no_takes_a_mark_away(key: str, name: int, member: str) -> None:
    edited, problems = rebuilt(STAFF, {key: "false"})
    assert problems == {}
    assert member not in edited["inputs"]["features"][name]


def test_range_is_taken_away_by_both_ends() -> None:
    edited, problems = rebuilt(STAFF, {"f0-train_low": "", "f0-train_high": ""})
    assert problems == {}
    assert "train_range" not in edited["inputs"]["features"][0]


def test_edit_of_labels_of_categories_and_classes() -> None:
    edited, problems = rebuilt(STAFF, {"f2-v1-label_fr": "Ventes", "f2-v0-label_fr": "", "c1-label_en": "leaves"})
    assert problems == {}
    assert edited["inputs"]["features"][2]["categories"] == [
        {"value": "law", "label": "Law"},
        {"value": "sales", "label": {"fr": "Ventes"}},
    ]
    assert edited["outputs"]["classes"][1] == {"value": 1, "positive": True, "label": "leaves"}


def test_edit_of_the_decision() -> None:
    texts = {"o-positive": "0", "o-threshold": "0,45", "o-chosen_by_fr": "F1 encore", "o-label_fr": "Part"}
    edited, problems = rebuilt(STAFF, texts)
    assert problems == {}
    outputs = edited["outputs"]
    assert outputs["threshold"] == {"value": 0.45, "chosen_by": {"en": "F1", "fr": "F1 encore"}}
    assert [each.get("positive") for each in outputs["classes"]] == [True, None]
    assert outputs["label"] == {"en": "Leaves", "fr": "Part"}
    without, problems = rebuilt(STAFF, {"o-threshold": "", "o-positive": "", "o-chosen_by_en": ""})
    assert (problems, "threshold" in without["outputs"]) == ({}, False)


def test_edit_of_a_value_and_of_a_picture() -> None:
    edited, problems = rebuilt(VALUE, {"o-unit_en": "$", "o-maximum": "9", "o-minimum": "", "o-label_en": "Pay"})
    assert (problems, edited["outputs"]) == ({}, {"unit": "$", "maximum": 9, "label": "Pay"})
    edited, problems = rebuilt(PICTURE, {"i-scale": "255", "i-invert": "auto", "i-fit": "ink"})
    assert (problems, edited["inputs"]["image"]["scale"]) == ({}, 255)
    assert edited["inputs"]["image"] | {"scale": 1} == PICTURE["inputs"]["image"] | {"invert": "auto", "fit": "ink"}
    assert rebuilt(PICTURE, {"i-invert": "true"})[0]["inputs"]["image"]["invert"] is True


WRONG: list[tuple[dict[str, str], str, str]] = [
    ({"f0-min": "tall"}, "f0-min", "Enter a number."),
    ({"f0-min": "1,234"}, "f0-min", "Write the number without a point or comma"),
    ({"f0-min": "50", "f0-max": "20", "f0-default": ""}, "f0-min", "not above the largest value"),
    ({"f0-step": "0"}, "f0-step", "above 0"),
    ({"f0-train_low": ""}, "f0-train_low", "Enter both ends of the range, or none"),
    ({"f0-train_low": "90"}, "f0-train_low", "not above the largest value"),
    ({"f0-default": "12"}, "f0-default", "must begin with a value that may be entered"),
    ({"f0-min": "31"}, "f0-default", "must begin with a value that may be entered"),
    ({"f0-dtype": "integer"}, "f0-default", "must begin with a value"),
    ({"f0-dtype": "string"}, "f0-dtype", "Choose one of the values offered"),
    ({"f2-default": "7"}, "f2-default", "Choose one of the values offered"),
    ({"f3-sensitive": "very"}, "f3-sensitive", "Choose one of the values offered"),
    ({"f0-label_en": "x" * 2001}, "f0-label_en", "Shorten the text."),
    ({"f0-help_fr": "a\x00b"}, "f0-help_fr", "Remove the character that cannot be stored"),
    ({"f2-v0-label_en": "\ud800"}, "f2-v0-label_en", "Remove the character"),
    ({"o-threshold": "1.5"}, "o-threshold", "from 0 to 1"),
    ({"o-threshold": "half"}, "o-threshold", "Enter a number."),
    ({"o-positive": ""}, "o-positive", "Say which class the threshold is for"),
    ({"o-threshold": "", "o-chosen_by_en": "F2"}, "o-threshold", "Enter the threshold that was chosen so"),
]


@pytest.mark.parametrize(("texts", "key", "said"), WRONG)
def test_wrong_text_is_said_at_its_field(texts: dict[str, str], key: str, said: str) -> None:
    _edited, problems = rebuilt(STAFF, texts)
    assert said in problems[key]
    assert set(problems) == {key}


@pytest.mark.parametrize(
    ("texts", "key", "said"),
    [
        ({"f0-min": "3"}, "f0-min", "It must be at least 16, the smallest value that was checked."),
        ({"f1-max": ""}, "f1-max", "It must be at most 90000"),
        ({"f0-train_high": "99"}, "f0-train_low", "It must lie within 18 to 79"),
        ({"f0-train_high": "", "f0-train_low": ""}, "f0-train_low", "It must stay"),
    ],
)
def test_more_than_was_checked_is_said_at_its_field(texts: dict[str, str], key: str, said: str) -> None:
    _edited, problems = rebuilt(STAFF, texts, is_draft=False)
    assert said in problems[key]
    assert rebuilt(STAFF, texts, is_draft=True)[1] == {}


def test_what_belongs_to_no_field() -> None:
    wrong = deepcopy(PICTURE)
    wrong["outputs"]["classes"][0]["value"] = 0.5
    _edited, problems = rebuilt(wrong, {"i-fit": "ink"})
    assert "outputs.classes" in problems[""]


@given(st.dictionaries(st.sampled_from(sorted(posted(editable(STAFF)))), st.text(max_size=12)))
def test_whatever_is_posted_is_a_signature_or_a_problem(texts: dict[str, str]) -> None:
    edited, problems = rebuilt(STAFF, texts)
    if not problems:
        Signature.parse(edited)
        assert confirmation.problems(STAFF, edited) == []


def test_words_are_in_the_readers_language_and_guesses_are_marked() -> None:
    form = editable(STAFF, inferred=["age.train_range", "age.dtype", "income.label"])
    age = form.features[0]
    assert (age["train_low"].inferred, age["min"].inferred, age["dtype"].inferred) == (True, False, True)
    assert age["label_en"].title == "Label, English"
    assert dict(form.features[2]["default"].choices) == {"": "Nothing", "0": "law", "1": "sales"}
    with translation.override("fr"):
        assert isinstance(age["label_en"].title, str)


def test_only_what_can_be_narrowed_is_offered() -> None:
    age, income, *_rest = editable(STAFF).features
    members = {field.member for field in age.fields}
    assert {"nullable", "allow_unknown"} & members == set()
    assert "dtype" not in {field.member for field in income.fields}
    image = editable(PICTURE, is_draft=False).image
    assert image is not None
    assert "scale" not in {field.member for field in image.fields}


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("age", "protected"),
        ("Age", "protected"),
        ("AGE", "protected"),
        ("date_naissance", "protected"),
        ("MaritalStatus", "protected"),
        ("statut_marital", "protected"),
        ("page", ""),
        ("average_wage", ""),
        ("zipCode", "proxy"),
        ("last name", "personal"),
        ("x0", ""),
    ],
)
def test_suggestion_by_a_name(name: str, mark: str) -> None:
    assert sensitivity.suggested(name) == mark
    item = {"name": name, "dtype": "number"}
    assert editable({"task": "x", "inputs": {"features": [item]}}).features[0].suggestion == mark
    assert editable({"task": "x", "inputs": {"features": [item | {"sensitive": "proxy"}]}}).features[0].suggestion == ""
