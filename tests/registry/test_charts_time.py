"""Pictures over time: where a value lies, what interrupts it, what happened meanwhile."""

import math

import pytest

from registry import charts
from registry.charts.axes import axis, ends, round_up
from registry.charts.marks import flagged
from registry.texts import figure
from tests.registry.drawings import Tree, bars, days, drawn, line, share

# The axis


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([], (0, 1)),
        ([0, 0], (0, 1)),
        ([1], (0, 1)),
        ([3], (0, 2, 4)),
        ([52, 7], (0, 30, 60)),
        ([1_074], (0, 600, 1200)),
        ([0.31], (0, 0.2, 0.4)),
        ([0.0002], (0, 0.0001, 0.0002)),
        ([3.5e12], (0, 2e12, 4e12)),
        ([-3, 8], (-8, 0, 8)),
        ([-4, -1], (-4, -2, 0)),
    ],
)
def test_an_axis_has_two_or_three_round_numbers_and_room_for_all(values, ticks):
    found = axis(values)
    assert found.ticks == pytest.approx(ticks)
    assert all(found.low <= value <= found.high for value in values)


def test_an_axis_ends_where_it_is_told():
    assert axis([0.8], top=1.0).ticks == (0, 0.5, 1)
    assert axis([0.8], bottom=0.5, top=1.0).ticks == (0.5, 0.75, 1)


def test_an_axis_goes_below_its_beginning_rather_than_hide_a_value():
    assert axis([0.3, 0.9], bottom=0.5, top=1.0).low == 0


def test_what_is_no_number_of_things_is_not_split():
    assert round_up(0.5, whole=True) == 1
    assert round_up(1.2, whole=True) == 2
    assert round_up(1.2) == 1.5


@pytest.mark.parametrize("number", [1, 2, 3])
def test_few_titles_are_all_there(number):
    assert ends([str(place) for place in range(number)]).few == [str(place) for place in range(number)]


def test_of_many_titles_there_are_three_where_their_columns_are():
    found = ends([str(place) for place in range(9)])
    assert (found.first, found.middle, found.middle_x, found.last) == ("0", "4", "50.00%", "8")


def test_long_titles_leave_the_middle_one_out_on_a_phone():
    assert not ends([f"{day} May" for day in range(1, 31)]).is_long
    assert ends([f"{day} September" for day in range(1, 31)]).is_long


# Bars


def test_a_bar_stands_in_the_middle_of_its_column_and_is_as_high_as_its_amount():
    # Ten columns: the third is from 20 to 30, and the bar fills 8 of it. 30 of 60 is half of the height.
    assert "M21.00 100.00V50.00h8.00V100.00z" in bars(0, 0, 30, 60, 0, 0, 0, 0, 0, 0).bars


def test_none_and_zero_have_no_bar():
    assert bars(0, None, 4).bars.count("M") == 1


def test_days_of_nothing_are_still_bars_in_the_key():
    page = drawn("over_time", bars(0, 0))
    assert page.count("time__bars") == 1
    assert "plot__line" not in page


def test_one_bar_is_no_wall():
    assert bars(5).bars == "M44.00 100.00V16.67h12.00V100.00z"


def test_a_rare_one_is_seen():
    assert "V98.50" in bars(1, 100_000).bars


def test_a_bar_below_zero_hangs():
    chart = bars(-4, 4)
    assert chart.base_y == "50.00%"
    assert "M19.00 50.00V100.00h12.00V50.00z" in chart.bars


def test_a_year_stays_small():
    page = drawn("over_time", bars(*range(366)))
    drawing, table = page.split("<details")
    assert len(drawing) < 20_000
    assert table.count("<tr>") == 367


# Lines


def test_a_line_is_interrupted_where_there_is_no_number():
    chart = line(0, 10, None, 10, 0, top=10)
    assert chart.curve == "M10.00 100.00L30.00 0.00M70.00 0.00L90.00 100.00"
    assert [(gap.x, gap.width) for gap in chart.gaps] == [("40.00%", "20.00%")]


def test_neighbouring_gaps_are_one_stretch():
    assert [gap.width for gap in line(None, None, 1, None).gaps] == ["50.00%", "25.00%"]


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_a_gap(broken):
    chart = line(1, broken, 1)
    assert len(chart.gaps) == 1
    assert chart.rows[1].amount == ""


def test_a_point_alone_is_a_dot():
    chart = line(5, top=10)
    assert (chart.dots, chart.gaps) == ("M50.00 50.00h0", [])
    assert "L" not in chart.curve


def test_of_many_points_only_the_last_has_a_dot():
    assert line(*range(1, 32)).dots.count("M") == 31
    assert line(*range(1, 33)).dots.count("M") == 1


def test_a_point_alone_among_many_has_a_dot():
    assert line(*[1] * 40, None, 2, None, *[1] * 40).dots.count("M") == 2


def test_a_band_goes_there_along_its_highs_and_back_along_its_lows():
    points = [charts.Point("a", 5, 2, 8), charts.Point("b", 5, 4, 6)]
    chart = charts.over_time(points, form="line", say=figure, top=10)
    assert chart.band == "M25.00 20.00L75.00 40.00L75.00 60.00L25.00 80.00z"
    assert (chart.whiskers, chart.has_spans) == ("", True)
    assert chart.rows[0].span == "2 to 8"


def test_a_band_of_one_point_is_a_whisker():
    points = [charts.Point("a", 5, 2, 8), charts.Point("b", 5), charts.Point("c", None, 1, 9)]
    chart = charts.over_time(points, form="line", say=figure, top=10)
    assert (chart.band, chart.whiskers) == ("", "M16.67 20.00V80.00")


def test_bars_have_whiskers():
    points = [charts.Point("a", 5, 2, 8), charts.Point("b", 5, 4, 6)]
    assert charts.over_time(points, form="bars", say=figure, top=10).whiskers == "M25.00 20.00V80.00M75.00 40.00V60.00"


def test_a_value_beyond_the_top_stays_in_the_frame():
    assert line(5, 20, top=10).curve == "M25.00 50.00L75.00 0.00"


# Levels, gaps and words


def test_a_level_lies_at_its_height_and_makes_room_for_itself():
    chart = line(1, 2, level=8)
    assert (chart.level, chart.level_y) == ("8", "0.00%")


def test_a_level_outside_the_frame_is_only_told():
    chart = line(0.5, level=2, top=1.0)
    assert (chart.level, chart.level_y) == ("2", "")


def test_a_reason_that_is_the_same_everywhere_is_in_the_key():
    points = [charts.Point("a", 1), *[charts.Point("b", None, note="needs 20, has 7")] * 2]
    assert charts.over_time(points, form="line", say=figure).gap_note == "No number: needs 20, has 7"
    points.append(charts.Point("c", None, note="needs 20, has 8"))
    chart = charts.over_time(points, form="line", say=figure)
    assert chart.gap_note == "No number"
    assert [row.note for row in chart.rows][-1] == "needs 20, has 8"


def test_no_number_at_all_says_why():
    points = [charts.Point(str(day), None, note=f"needs 200, has {day}") for day in range(3)]
    chart = charts.over_time(points, form="line", say=share)
    assert chart.nothing == "No numbers yet: needs 200, has 2."
    assert 'class="time__area"' not in drawn("over_time", chart)


@pytest.mark.parametrize(
    ("amounts", "summary"),
    [
        ([4, 9, 7], "Lowest 4 (1 March), highest 9 (2 March), last 7 (3 March)."),
        ([4, 4], "Always 4, from 1 March to 2 March."),
        ([0, 0], "Always 0, from 1 March to 2 March."),
        ([4], "4 (1 March)."),
        ([4, None], "4 (1 March). Without a number: 1 of 2."),
        ([None], "No numbers yet."),
        ([], "No numbers yet."),
    ],
)
def test_the_finding_is_a_sentence(amounts, summary):
    assert line(*amounts).summary == summary


def test_whoever_knows_the_finding_better_says_it():
    chart = bars(1, 2, summary="Twice as many.", marks=[charts.Mark(0.5, "Version 2")])
    assert chart.summary == "Twice as many. 1: Version 2."


# Marks


def test_marks_are_numbered_from_the_left():
    found = flagged([charts.Mark(0.7, "later"), charts.Mark(0.2, "sooner", "/v1/")])
    assert [(post.number, post.title, post.x) for post in found.posts] == [
        ("1", "sooner", "20.00%"),
        ("2", "later", "70.00%"),
    ]
    assert [flag.y for flag in found.flags] == [10, 10]
    assert found.height == 20


def test_marks_too_close_stand_under_each_other():
    found = flagged([charts.Mark(0.50, "a"), charts.Mark(0.52, "b"), charts.Mark(0.54, "c"), charts.Mark(0.8, "d")])
    assert [(flag.label, flag.y) for flag in found.flags] == [("1", 10), ("2", 30), ("3", 50), ("4", 10)]
    assert found.height == 60


def test_more_than_three_lanes_share_a_flag():
    found = flagged([charts.Mark(0.50 + number / 100, str(number)) for number in range(6)])
    assert [flag.label for flag in found.flags] == ["1", "2", "3–6"]
    assert (found.flags[-1].from_x, found.flags[-1].x, found.flags[-1].to_x) == ("52.00%", "53.50%", "55.00%")
    assert len(found.posts) == 6


@pytest.mark.parametrize("at", [-0.1, 1.1, math.nan])
def test_a_mark_outside_of_the_time_shown_is_left_out(at):
    assert flagged([charts.Mark(at, "elsewhere")]).posts == []


def test_a_mark_is_a_line_in_the_picture_and_a_link_in_the_key():
    page = drawn("over_time", bars(1, 2, marks=[charts.Mark(0.25, "Version 2 from 3 March", "/v2/")]))
    assert '<a href="/v2/">Version 2 from 3 March</a>' in page
    lines = [one for one in Tree(page).all("line") if one.get("class") == "post" and one["x1"] == "25.00%"]
    assert len(lines) == 2


def test_a_point_with_an_address_is_a_link_in_the_table():
    points = [*days(1), charts.Point("2 March", 3, url="/day/2/")]
    page = drawn("over_time", charts.over_time(points, form="bars", say=figure), second="Answers")
    assert '<th scope="row"><a href="/day/2/">2 March</a></th><td class="number">3</td>' in page
    assert '<th scope="col" class="number">Answers</th>' in page
