"""What the check of a file found, summed over chunks and said as something to mend; no sentence repeats a value."""

from typing import Any

from django.utils import translation

from predictions.batches import findings
from predictions.batches.check_page import spread_chart
from predictions.batches.findings import Found, Spread
from registry.signature import Feature, Signature

INCOME = Feature(
    name="income",
    dtype="number",
    label={"en": "Monthly income", "fr": "Revenu mensuel"},
    min=0,
    train_range=(1000, 3000),
)
GENDER = Feature(
    name="gender",
    dtype="category",
    label="Gender",
    categories=({"value": "F", "label": "Woman"}, {"value": "M", "label": "Man"}),
)
SIGNATURE = Signature(task="tabular-classification", features=(INCOME, GENDER))


def error(field: str = "income", code: str = "not_a_number", **more: Any) -> dict[str, Any]:
    return {"field": field, "code": code, "count": 1, "lines": [2], "examples": ["abc"]} | more


def said(found: Found, decimal: str = "point") -> findings.Repair:
    (repair,) = findings.repairs([found], SIGNATURE, decimal)
    return repair


def test_chunks_are_summed_by_field_and_code() -> None:
    parts = [
        {"errors": [error(count=3, lines=[2, 3, 4]), error("gender", "unknown_category")]},
        {"errors": [error(count=9, lines=list(range(5002, 5011)), examples=["abc", "x", "y", "z"])]},
    ]
    first, second = findings.summed(parts).errors
    assert (first.name, first.code, first.count) == ("income", "not_a_number", 12)
    assert first.lines == [2, 3, 4, *range(5002, 5009)]
    assert first.examples == ["abc", "x", "y"]
    assert second.count == 1


def test_pictures_and_warned_rows_are_summed() -> None:
    part = {"columns": {"income": {"bins": [1, 2], "below": 1, "above": 0}}, "warned": 4}
    found = findings.summed([part, part, {}])
    assert (found.spreads["income"], found.warned) == (Spread([2, 4], 2, 0), 8)


def test_an_error_says_what_is_wrong_and_what_to_do() -> None:
    repair = said(Found("income", "not_a_number", 312, list(range(2, 12)), ["3 000 €"]))
    assert repair.wrong == "“Monthly income” is not a number"
    assert repair.advice == "Enter a number, without its unit."
    assert repair.rows == "Rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and others, 312 in all."
    assert repair.examples == ["3 000 €"]


def test_the_sentences_are_in_the_readers_language() -> None:
    with translation.override("fr"):
        assert "saisissez au moins 0" in said(Found("income", "out_of_bounds", 1, [2], ["-1"])).advice


def test_bounds_are_named() -> None:
    assert said(Found("income", "out_of_bounds", 1, [2], ["-1"])).advice == "Enter “Monthly income” of at least 0."


def test_a_choice_names_its_values() -> None:
    repair = said(Found("gender", "unknown_category", 1, [2], ["Z"]))
    assert (repair.advice, repair.allowed) == ("Choose one of the values of “Gender”.", "Woman, Man")


def test_a_missing_value_needs_no_example() -> None:
    assert said(Found("income", "missing", 2, [2, 3])).advice == "Enter a value for “Monthly income”."


def test_a_number_that_could_mean_two_is_said_so() -> None:
    repair = said(Found("income", "ambiguous_number", 1, [2], ["1.234"]), decimal="comma")
    assert "could mean thousands or decimals" in repair.advice


def test_a_row_that_is_wrong_itself() -> None:
    repair = said(Found("", "ragged_long", 2, [2, 3]))
    assert repair.wrong == "The row has more cells than there are headings."
    assert said(Found("", "of tomorrow", 1, [2])).wrong == "The row cannot be used."


def test_warnings_say_what_the_model_saw() -> None:
    (doubt,) = findings.doubts([Found("income", "out_of_range", 3, [2, 3, 4], ["9000"])], SIGNATURE)
    assert doubt.wrong == "“Monthly income” is outside of what the model saw"
    assert doubt.advice == "The model saw “Monthly income” from 1000 to 3000. Outside it guesses."


def test_a_field_that_is_gone_since_is_left_out() -> None:
    assert findings.doubts([Found("old", "out_of_range", 1, [2])], SIGNATURE) == []


def test_what_lies_outside_has_bars_of_its_own() -> None:
    chart = spread_chart(INCOME, Spread([1] * 19 + [0], below=5, above=2))
    assert [bar.is_outside for bar in chart.bars] == [True, *[False] * 20, True]
    assert [chart.bars[0].column.title, chart.bars[-1].column.amount] == ["below 1000", "2"]
    assert (chart.outside, len(chart.columns)) == (7, 21)
