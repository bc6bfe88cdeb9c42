"""Pictures say what they show, never lose a number, and no locale gets into their geometry."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from registry import charts

WHEN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
PICTURES = {
    "histogram": charts.histogram([1, 5, 0, 2], 0, 1, here=0.3, percent=True, threshold=0.5),
    "icons": charts.icons(23),
    "line": charts.line([1, 2, 3], [0.1, 0.4, 0.2], x_low=0, x_high=4, here=(2, 0.4), band=(1, 3), threshold=0.3),
    "sparkline": charts.sparkline([0, 3, 1], ["Monday", "Tuesday", "Wednesday"]),
}


def drawn(name, **more):
    return render_to_string(f"charts/{name}.html", {"chart": PICTURES[name], "title": "What it shows", **more})


# Every picture


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_has_a_title_a_description_and_a_table(name):
    page = drawn(name, id="mine")
    assert 'aria-labelledby="mine-title mine-desc"' in page
    assert re.search(r'<desc id="mine-desc">\S', page)
    assert '<figcaption class="' in page
    assert "<details" in page
    assert '<th scope="row">' in page


@pytest.mark.parametrize("name", PICTURES)
def test_a_locale_with_a_decimal_comma_never_reaches_the_geometry(name):
    with translation.override("fr"):
        page = drawn(name)
    geometry = re.findall(r' (?:x|y|x1|x2|y1|y2|cx|cy|width|height)="([^"]*)"', page)
    assert geometry
    assert all(re.fullmatch(r"-?\d+(\.\d+)?%?", value) for value in geometry)


@pytest.mark.parametrize("name", PICTURES)
def test_a_title_is_text(name):
    page = render_to_string(f"charts/{name}.html", {"chart": PICTURES[name], "title": "<b>", "filled": "<i>"})
    assert "<b>" not in page
    assert "<i>" not in page


# Histogram


def test_the_bar_of_the_case_is_marked():
    chart = PICTURES["histogram"]
    assert [column.is_here for column in chart.columns] == [False, True, False, False]
    assert (chart.here, chart.here_x, chart.threshold_x) == ("30%", "30.00%", "50.00%")


@pytest.mark.parametrize(("here", "place"), [(-5, 0), (0, 0), (1, 3), (9, 3)])
def test_a_case_outside_the_range_stands_at_its_edge(here, place):
    columns = charts.histogram([1, 1, 1, 1], 0, 1, here=here).columns
    assert [column.is_here for column in columns].index(True) == place


def test_the_highest_bar_fills_the_height_and_a_rare_one_is_seen():
    columns = charts.histogram([100_000, 1, 0], 0, 3).columns
    assert [column.height for column in columns] == ["100.00%", "2.00%", "0.00%"]
    assert columns[0].amount == "100\u202f000"


@pytest.mark.parametrize("counts", [[], [0, 0]])
def test_nothing_counted_is_said(counts):
    assert charts.histogram(counts, 0, 1, here=0.5).summary == "No cases yet."


def test_a_range_of_one_value_is_drawn():
    assert charts.histogram([4], 7, 7, here=7).columns[0].is_here


# People


@pytest.mark.parametrize(("count", "filled"), [(0, 0), (23, 23), (100, 100), (140, 100), (-3, 0)])
def test_the_filled_people_come_first(count, filled):
    icons = charts.icons(count).icons
    assert [icon.is_filled for icon in icons] == [True] * filled + [False] * (100 - filled)


def test_a_hundred_people_stand_in_ten_rows_of_ten():
    icons = charts.icons(1)
    assert len({icon.x for icon in icons.icons}) == len({icon.y for icon in icons.icons}) == 10
    assert (icons.width, icons.height) == (200, 200)


def test_what_the_people_mean_is_written():
    page = drawn("icons", filled="leave within a year", rest="stay")
    assert "<strong>23</strong> leave within a year" in page
    assert "<strong>77</strong> stay" in page


# Curves


def test_a_curve_runs_from_left_to_right_whatever_the_order():
    chart = charts.line([3, 1], [0.5, 1.0], x_low=1, x_high=3)
    assert chart.points == "0.00,0.00 100.00,50.00"


def test_what_is_no_number_is_left_out():
    chart = charts.line([1, 2, float("inf")], [0.5, float("nan"), 0.1], x_low=1, x_high=3)
    assert chart.rows == [("1", "50%")]


def test_a_curve_stays_in_its_frame():
    chart = charts.line([0, 99], [-1, 7], x_low=1, x_high=3, here=(50, 5), band=(-10, 2))
    assert chart.points == "0.00,100.00 100.00,0.00"
    assert (chart.here_x, chart.here_y, chart.band_x, chart.band_width) == ("100.00%", "0.00%", "0.00%", "50.00%")


def test_a_curve_says_where_it_is_lowest_and_highest():
    chart = charts.line([1, 2, 3], [5, 9, 7], x_low=1, x_high=3, y_high=10, percent=False, unit="years")
    assert chart.summary == "From 5 at 1 years to 9 at 2 years."


def test_a_curve_without_points_says_so():
    assert charts.line([], [], x_low=0, x_high=1).summary == "No points yet."


# Days and moments


def test_the_last_day_is_marked_and_every_day_is_in_the_table():
    chart = PICTURES["sparkline"]
    assert [column.is_here for column in chart.columns] == [False, False, True]
    assert "Tuesday</th><td" in drawn("sparkline")
    assert (chart.total, chart.last) == ("4", "1")


def test_days_without_anything_are_flat():
    assert {column.height for column in charts.sparkline([0] * 30).columns} == {"0.00%"}


def test_moments_keep_their_order_and_say_a_long_wait():
    days = (0, 1, 9)
    events = [charts.TimelineEvent(WHEN + timedelta(days=day), f"day {day}") for day in days]
    moments = charts.timeline(events).moments
    assert [moment.event.title for moment in moments] == ["day 0", "day 1", "day 9"]
    assert [moment.gap for moment in moments] == ["", "8 days", ""]


def test_a_moment_links_to_its_page_and_its_mark_has_a_shape():
    events = [charts.TimelineEvent(WHEN, "Promoted", "by Alice", "/x/", "up"), charts.TimelineEvent(WHEN, "Asked")]
    page = render_to_string("charts/timeline.html", {"chart": charts.timeline(events), "title": "Story"})
    assert '<a href="/x/">Promoted</a>' in page
    assert "by Alice" in page
    assert len(set(re.findall(r'<path d="([^"]+)"', page))) == 2
