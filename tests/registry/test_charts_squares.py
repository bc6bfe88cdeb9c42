"""Pictures of a hundred squares, and of two numbers against each other."""

import random

import pytest

from registry import charts
from registry.charts.hundred import TINY, of_hundred, said
from tests.registry.drawings import Tree, drawn

# Of a hundred


@pytest.mark.parametrize(
    ("counts", "parts"),
    [
        ([1, 1, 1], [34, 33, 33]),
        ([112, 41, 63, 790], [11, 4, 6, 79]),
        ([0, 0], [0, 0]),
        ([], []),
        ([7, 0], [100, 0]),
        ([-5, 5], [0, 100]),
        ([10**18, 1], [100, 0]),
    ],
)
def test_the_largest_remainders_get_what_is_left(counts, parts):
    assert of_hundred(counts) == parts


@pytest.mark.parametrize("least", [0, 1])
def test_parts_add_up_to_a_hundred_and_are_near_their_shares(least):
    random.seed(7)
    for _try in range(200):
        counts = [random.choice([0, 1, 5, 90, 10_000]) for _ in range(random.randint(1, 12))]
        parts = of_hundred(counts, least=least)
        if not sum(counts):
            assert parts == [0] * len(counts)
            continue
        assert sum(parts) == 100
        assert all(part >= least for part, count in zip(parts, counts, strict=True) if count)
        assert all(part == 0 for part, count in zip(parts, counts, strict=True) if not count)
        if not least:
            assert all(abs(part - 100 * count / sum(counts)) < 1 for part, count in zip(parts, counts, strict=True))


def test_of_more_than_a_hundred_groups_the_first_have_a_square():
    assert of_hundred([1] * 150, least=1) == [1] * 100 + [0] * 50


def test_what_exists_is_never_told_as_nothing():
    assert [said(0, 0, 9), said(0, 1, 999), said(100, 9, 9), said(100, 999, 1000), said(7, 7, 100)] == [
        "0",
        "<\u00a01",
        "100",
        ">\u00a099",
        "7",
    ]


# Answers and what happened


def test_rows_are_answers_and_columns_what_happened():
    chart = charts.hundred({("a", "b"): 25, ("b", "b"): 75}, titles={"a": "leaves", "b": "stays"})
    assert [row.title for row in chart.rows] == chart.columns == ["leaves", "stays"]
    assert [[group.amount for group in row.groups] for row in chart.rows] == [["0", "25"], ["0", "75"]]
    assert [[group.is_right for group in row.groups] for row in chart.rows] == [[True, False], [False, True]]


def test_every_one_of_a_hundred_has_a_square():
    chart = charts.hundred({("a", "a"): 412, ("a", "b"): 288, ("b", "a"): 299, ("b", "b"): 1})
    groups = [group for row in chart.rows for group in row.groups]
    assert sum(group.squares.count("M") for group in groups if group.squares != TINY) == 100
    assert [group.squares for group in groups][3] == TINY
    assert groups[3].amount == "<\u00a01"


def test_what_is_wrong_is_struck_through():
    groups = [group for row in charts.hundred({("a", "a"): 1, ("a", "b"): 1}).rows for group in row.groups]
    assert [group.strokes.count("M") for group in groups] == [0, 50, 0, 0]


def test_drawings_are_as_high_as_the_fullest_of_their_row():
    chart = charts.hundred({("a", "a"): 75, ("b", "b"): 25})
    assert [row.height for row in chart.rows] == [78, 28]


def test_five_classes_are_a_shaded_table():
    counts = {(str(one), str(other)): (90 if one == other else 0) for one in range(5) for other in range(5)}
    chart = charts.hundred(counts | {("0", "1"): 10, ("1", "0"): 90}, urls={("0", "1"): "/01/"})
    assert not chart.is_drawn
    assert [group.shade for group in chart.rows[0].groups] == [4, 1, 0, 0, 0]
    assert [group.shade for group in chart.rows[1].groups][:2] == [3, 3]
    page = drawn("confusion", chart)
    assert "hundred__squares" not in page
    assert '<td class="number shade shade--1"><a href="/01/">10' in page


def test_four_classes_are_drawn():
    assert charts.hundred({(name, name): 1 for name in "abcd"}).is_drawn


@pytest.mark.parametrize(
    ("counts", "summary"),
    [
        (
            {("a", "a"): 3, ("a", "b"): 1},
            "Right in 75 of 100. The most frequent mistake: the answer was “a”, and “b” happened, 25 of 100.",
        ),
        ({("a", "a"): 3}, "Right in 100 of 100."),
        (
            {("a", "a"): 9_999, ("b", "a"): 1},
            "Right in >\u00a099 of 100. The most frequent mistake: the answer was “b”, and “a” happened, <\u00a01 of 100.",
        ),
        ({("a", "b"): 0}, "No cases yet."),
        ({}, "No cases yet."),
    ],
)
def test_the_finding_of_a_hundred_is_a_sentence(counts, summary):
    assert charts.hundred(counts).summary == summary


def test_real_counts_stand_beside_and_link_to_their_cases():
    chart = charts.hundred({("a", "a"): 12_345, ("a", "b"): 1}, urls={("a", "a"): "/aa/", ("b", "b"): "/bb/"})
    page = drawn("confusion", chart)
    assert '<a href="/aa/">12\u202f345 cases<span class="sr"> – a, a</span></a>' in page
    assert "1 case<" in page
    assert "/bb/" not in page  # nothing is there


# Shares


def test_a_hundred_squares_in_groups():
    chart = charts.shares([charts.Part("same", 94, "same"), charts.Part("up", 4, "up"), charts.Part("down", 2, "down")])
    assert [part.squares.count("M") for part in chart.parts] == [94, 4, 2]
    assert chart.parts[1].squares.startswith("M140 40h8")  # the 95th: fifth row, fifteenth place
    assert chart.summary == "Of 100: 94 same, 4 up, 2 down."


def test_the_smallest_group_has_a_square_and_is_told_as_less_than_one():
    chart = charts.shares(
        [charts.Part("same", 99_990, "same"), charts.Part("up", 10, "up"), charts.Part("x", 0, "other")]
    )
    assert [part.squares.count("M") for part in chart.parts] == [99, 1, 0]
    assert [part.amount for part in chart.parts] == [">\u00a099", "<\u00a01", "0"]
    assert [part.count for part in chart.parts] == ["99\u202f990", "10", "0"]


def test_the_tones_differ_in_shape():
    chart = charts.shares([charts.Part(tone, 1, tone) for tone in ("same", "up", "down", "other")])
    assert len({part.sample for part in chart.parts}) == 4


@pytest.mark.parametrize("parts", [[], [charts.Part("same", 0, "same")]])
def test_shares_of_nothing_are_said(parts):
    chart = charts.shares(parts)
    assert (chart.summary, chart.total) == ("Nothing to compare yet.", "0")


# Reliability


def test_a_point_lies_at_what_was_said_and_what_came_true():
    point = charts.reliability([charts.Seen(0.25, 0.75, 0.5, 1.0, 9)]).points[0]
    assert (point.x, point.y, point.high_y, point.low_y) == ("25.00%", "25.00%", "0.00%", "50.00%")
    assert (point.said, point.seen, point.span, point.count) == ("25%", "75%", "50% to 100%", "9")


def test_points_are_as_large_as_their_counts_and_the_smallest_is_seen():
    points = charts.reliability(
        [charts.Seen(0.1, 0.1, 0, 1, 1000), charts.Seen(0.2, 0.2, 0, 1, 250), charts.Seen(0.9, 0.9, 0, 1, 1)]
    ).points
    assert [point.radius for point in points] == ["3.4", "1.7", "1.4"]
    assert [point.bar_height for point in points] == ["100.00%", "25.00%", "6.00%"]


def test_points_of_nothing_are_left_out_and_the_rest_in_order():
    points = [
        charts.Seen(0.9, 1, 0, 1, 1),
        charts.Seen(0.5, float("nan"), 0, 1, 4),
        charts.Seen(0.3, 0, 0, 1, 0),
        charts.Seen(0.1, 0, 0, 1, 2),
    ]
    assert [point.said for point in charts.reliability(points).points] == ["10%", "90%"]


@pytest.mark.parametrize("said_", [0.0, 1.0, 1.5])
def test_bars_of_the_ends_stay_in_the_frame(said_):
    point = charts.reliability([charts.Seen(said_, said_, 0, 1, 3)]).points[0]
    assert 0 <= float(point.bar_x.rstrip("%")) <= 96.4
    assert 0 <= float(point.y.rstrip("%")) <= 100


def test_the_finding_of_reliability_is_a_sentence():
    chart = charts.reliability([charts.Seen(0.2, 0.25, 0.1, 0.4, 30), charts.Seen(0.8, 0.5, 0.4, 0.6, 12)])
    assert chart.summary == (
        "For 1 of 2 points the diagonal lies within the interval. "
        "Furthest from it: 80% were said and 50% came true, of 12."
    )


# Scatter


def test_a_cell_lies_in_its_bin_from_below():
    chart = charts.scatter({(0, 0): 4, (3, 1): 4}, bins=4, x_title="one", y_title="two", threshold=0.5)
    assert chart.same == "M0.00 75.00h25.00v25.00h-25.00z"
    assert chart.moved == "M75.00 50.00h25.00v25.00h-25.00z"
    assert (chart.threshold_x, chart.threshold_y) == ("50.00%", "50.00%")


def test_an_area_is_a_count_and_the_smallest_is_seen():
    chart = charts.scatter({(0, 1): 400, (1, 0): 100, (2, 1): 1}, bins=10, x_title="", y_title="", threshold=None)
    assert [part.split("v")[0] for part in chart.moved.split("h")[1::2]] == ["10.00", "5.00", "2.20"]


def test_the_ten_largest_moves_are_listed():
    cells = {(0, place): place for place in range(1, 15)} | {(5, 5): 999}
    chart = charts.scatter(cells, bins=20, x_title="", y_title="", threshold=None)
    assert [row.count for row in chart.rows] == [str(count) for count in range(14, 4, -1)]
    assert (chart.rows[0].x, chart.rows[0].y) == ("0% to 5%", "70% to 75%")


def test_what_lies_beyond_the_grid_or_counts_nothing_is_left_out():
    chart = charts.scatter({(-1, 0): 5, (0, 9): 5, (1, 0): 0}, bins=9, x_title="", y_title="", threshold=None)
    assert (chart.total, chart.moved, chart.summary) == ("0", "", "No cases yet.")


def test_the_finding_of_a_scatter_is_a_sentence():
    chart = charts.scatter({(0, 0): 5, (0, 1): 3, (1, 0): 2}, bins=2, x_title="", y_title="", threshold=None)
    assert chart.summary == "Of 10 cases, 5 lie on the diagonal, 3 above it and 2 below it."
    assert "Of 10 cases" in Tree(drawn("scatter", chart)).text
