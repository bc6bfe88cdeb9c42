"""Strips of squares: a shape for each state, words for each row, and small enough for thirty fields."""

import pytest

from registry import charts
from registry.charts.heat import SIGNS, words
from tests.registry.drawings import Tree, drawn, strip

DAYS = [f"{number} July" for number in range(1, 31)]
STATES = list(words())


def summary(*states):
    return charts.heat([strip(*states)], DAYS[: len(states)]).rows[0].summary


def test_every_state_is_told_apart_without_colour():
    # Empty and plain have no sign: of those two, only one has a ground.
    assert {state for state in STATES if state not in SIGNS} == {"none", "steady"}
    row = charts.heat([strip(*STATES)], STATES).rows[0]
    assert [state for state, _ground in row.grounds] == ["few", "steady", "slight", "drift", "strong"]
    signs = [sample.sign for sample in charts.heat([strip(*STATES)], STATES).key if sample.sign]
    assert len(set(signs)) == len(signs) == 4


def test_squares_lie_in_their_columns():
    chart = charts.heat([strip(*["steady"] * 30, "drift", "drift")], [str(day) for day in range(32)])
    assert chart.width == 320
    grounds = dict(chart.rows[0].grounds)
    assert grounds == {"steady": "M0 5h300", "drift": "M300 5h20"}
    assert dict(chart.rows[0].signs)["drift"].startswith("M301 8")


def test_the_signs_of_few_squares_are_in_their_middle():
    chart = charts.heat([strip("few", "few")], ["a", "b"])
    assert dict(chart.rows[0].signs)["few"] == "M52 5h0M157 5h0"
    assert chart.width == 210


def test_a_short_row_has_had_no_answers_since_and_a_long_one_is_cut():
    rows = charts.heat([strip("steady"), strip(*["steady"] * 5)], ["a", "b", "c"]).rows
    assert [[cell.text for cell in row.cells] for row in rows] == [["steady", "no answers"], ["steady"]]
    assert [sum(cell.span for cell in row.cells) for row in rows] == [3, 3]


def test_neighbours_that_say_the_same_are_one_cell_of_the_table():
    squares = [
        charts.Square("steady", "", "0.02"),
        charts.Square("steady", "", "0.02"),
        charts.Square("drift", "", "0.4"),
    ]
    chart = charts.heat([charts.HeatRow("Age", squares)], ["a", "b", "c"])
    assert [(cell.span, cell.text) for cell in chart.rows[0].cells] == [(2, "steady 0.02"), (1, "drift 0.4")]
    assert '<td colspan="2">steady 0.02</td><td>drift 0.4</td>' in drawn("heat", chart)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (["steady"] * 9, "Steady all along; enough answers in 9 of 9."),
        (["few", "steady", "none"], "Steady all along; enough answers in 1 of 3."),
        (["none"] * 3, "No answers yet."),
        (["none", "few"], "Not enough answers yet."),
        (
            ["steady"] * 4 + ["drift"] * 2,
            "At the end: drift, since 5 July. Changed: 2 of 6 with enough answers.",
        ),
        (["steady", "slight"], "At the end: slight change, since 2 July. Changed: 1 of 2 with enough answers."),
        (["drift", "steady"], "At the end: steady, since 2 July. Changed: 1 of 2 with enough answers."),
        (["strong"] * 2, "At the end: strong drift, since 1 July. Changed: 2 of 2 with enough answers."),
        (
            ["steady", "few", "drift", "none"],
            "At the end: drift, since 3 July. Changed: 1 of 2 with enough answers.",
        ),
    ],
)
def test_a_row_says_how_it_is_and_since_when(states, expected):
    assert summary(*states) == expected


def test_a_row_is_one_picture_with_its_words():
    page = drawn("heat", charts.heat([strip("drift", title="Age"), strip("steady", title="Sex")], ["1 July"]))
    pictures = [attrs for attrs in Tree(page).all("svg") if attrs.get("role") == "img"]
    assert len(pictures) == 2
    assert "<title>Age: At the end: drift, since 1 July." in page


def test_thirty_fields_of_sixty_two_days_stay_under_100_kb():
    states = [STATES[day // 3 % 6] for day in range(62)]
    row = [
        charts.Square(state, "", "" if state in {"none", "few"} else f"0.{day:03}") for day, state in enumerate(states)
    ]
    chart = charts.heat(
        [
            charts.HeatRow(f"Field number {number}", row, f"/monitoring/attrition/field_{number}/")
            for number in range(30)
        ],
        [f"{day} September" for day in range(62)],
        [charts.Mark(0.5, "Version 2")],
    )
    assert len(drawn("heat", chart).encode()) < 100_000


def test_only_a_wide_strip_scrolls_and_can_be_reached_by_keyboard():
    boxes = [
        Tree(drawn("heat", charts.heat([strip("steady")], [str(day) for day in range(number)]))).all("div")[0]
        for number in (31, 32)
    ]
    assert [box.get("tabindex") for box in boxes] == [None, "0"]
    assert boxes[1]["aria-label"] == "What it shows"


def test_the_key_has_the_states_that_there_are():
    chart = charts.heat([strip("steady", "strong", "none")], ["a", "b", "c"])
    assert [sample.word for sample in chart.key] == ["no answers", "steady", "strong drift"]


def test_marks_go_through_every_strip():
    chart = charts.heat([strip("steady"), strip("steady")], ["a"], [charts.Mark(0.25, "Version 2", "/v2/")])
    page = drawn("heat", chart)
    tree = Tree(page)
    posts = [one["y1"] for one in tree.all("line") if one.get("class") == "post" and one["x1"] == "25.00%"]
    assert posts == ["-9", "10"]  # written once for all strips, and below the flag
    assert [one["href"] for one in tree.all("use")] == ["#heat-fence", "#heat-frame"] * 2
    assert "1: Version 2." in page
