"""Values in their intervals, and two bars beside each other."""

import math

import pytest

from registry import charts
from tests.registry.drawings import Tree, drawn, share


def one(value, low=None, high=None, **more):
    return charts.ranges([charts.Range("Sales", value, low, high, **more)], say=share).rows[0]


# Values in their intervals


def test_a_value_lies_where_it_belongs_and_its_interval_around_it():
    row = one(0.5, 0.25, 0.75)
    assert (row.mark_x, row.x, row.width, row.span) == ("50.00%", "25.00%", "50.00%", "25% to 75%")


def test_another_axis_is_another_place():
    chart = charts.ranges([charts.Range("Error", -5, -10, 0)], low=-10, high=10, say=str, level=0)
    assert (chart.rows[0].mark_x, chart.rows[0].x, chart.level_x) == ("25.00%", "0.00%", "50.00%")
    assert chart.ticks == ["-10", "0.0", "10"]


@pytest.mark.parametrize(("value", "place"), [(-3, "0.00%"), (7, "100.00%")])
def test_what_lies_outside_stands_at_the_edge_and_is_told(value, place):
    row = one(value)
    assert row.mark_x == place
    assert row.amount == share(value)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_an_interval_without_width_is_seen_and_stays_inside(value):
    row = one(value, value, value)
    assert row.width == "0.60%"
    assert float(row.x.rstrip("%")) + 0.6 <= 100


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_a_row_without_a_value_says_why(value):
    chart = charts.ranges([charts.Range("Law", value, 0, 1, "7 outcomes", "needs 20, has 7")], say=share)
    page = drawn("ranges", chart)
    assert '<span class="ranges__note muted">needs 20, has 7</span>' in page
    assert "ranges__span" not in page


def test_a_value_without_an_interval_has_none():
    assert (one(0.5).width, one(0.5, 0.2).width, one(0.5).span) == ("", "", "")


def test_an_axis_without_length_is_drawn():
    chart = charts.ranges([charts.Range("a", 3, 3, 3)], low=3, high=3, say=str, level=3)
    assert chart.rows[0].mark_x == chart.level_x == "0.00%"


def test_a_level_outside_is_only_told():
    chart = charts.ranges([charts.Range("a", 0.5, 0, 1)], say=share, level=2)
    assert (chart.level, chart.level_x) == ("200%", "")


def test_the_picture_of_a_row_says_all_of_it():
    page = drawn("ranges", charts.ranges([charts.Range("Sales", 0.5, 0.25, 0.75, "212 outcomes")], say=share))
    assert ">Sales: 50%, 25% to 75%, 212 outcomes</title>" in page


@pytest.mark.parametrize(
    ("values", "summary"),
    [
        ([0.5, 0.25, None], "Lowest 25% (1), highest 50% (0)."),
        ([0.5], "50%: 0."),
        ([None], "No numbers yet."),
    ],
)
def test_the_finding_of_ranges_is_a_sentence(values, summary):
    rows = [charts.Range(str(place), value, None, None) for place, value in enumerate(values)]
    assert charts.ranges(rows, say=share).summary == summary


# Two bars beside each other


def test_the_widest_bar_is_as_wide_as_the_picture():
    rows = charts.paired([charts.Pair("a", 0.1, 0.4), charts.Pair("b", 0.2, 0)], "then", "now").rows
    assert [(row.first_width, row.second_width) for row in rows] == [("25.00%", "100.00%"), ("50.00%", "")]
    assert [(row.first, row.second) for row in rows] == [("10%", "40%"), ("20%", "0%")]


def test_a_rare_share_is_seen():
    row = charts.paired([charts.Pair("a", 0.00001, 1)], "then", "now").rows[0]
    assert (row.first_width, row.first) == ("0.60%", "<\u00a00.1%")


@pytest.mark.parametrize("share_", [0.0, -1.0, math.nan])
def test_shares_of_nothing_have_no_bars(share_):
    chart = charts.paired([charts.Pair("a", share_, share_)], "then", "now")
    assert (chart.rows[0].first_width, chart.summary) == ("", "No difference.")
    assert "bar__fill" not in drawn("paired", chart).split('class="twins"')[1]


def test_the_largest_difference_is_the_finding():
    chart = charts.paired([charts.Pair("young", 0.5, 0.4), charts.Pair("old", 0.1, 0.4)], "training", "now")
    assert chart.summary == "Largest difference: old, training 10%, now 40%."
    assert chart.rows[1].difference == "+30.0 points"


def test_the_first_bar_has_a_pattern():
    page = Tree(drawn("paired", id="age"))
    firsts = [attrs for attrs in page.all("rect") if attrs["class"] == "pair__first"]
    assert {attrs["fill"] for attrs in firsts} == {"url(#age-hatch)"}
    assert page.all("pattern")[0]["id"] == "age-hatch"
