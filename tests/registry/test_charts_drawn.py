"""Every picture of monitoring, in both languages: well-formed, named, in words, under the strict policy, and on a phone."""

import re

import pytest
from django.utils import translation

from registry import charts
from tests.registry.drawings import PICTURES, Tree, drawn

GEOMETRY = ["x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "rx", "width", "height"]
NAMES = pytest.mark.parametrize("name", PICTURES)
LANGUAGES = pytest.mark.parametrize("language", ["en", "fr"])
NOTHING = {
    "over_time": charts.over_time([], form="bars", say=str),
    "heat": charts.heat([], []),
    "ranges": charts.ranges([], say=str),
    "paired": charts.paired([], "then", "now"),
    "confusion": charts.hundred({}),
    "shares": charts.shares([]),
    "reliability": charts.reliability([]),
    "scatter": charts.scatter({}, bins=10, x_title="", y_title="", threshold=None),
}


@NAMES
@LANGUAGES
def test_it_is_well_formed_and_no_locale_gets_into_its_geometry(name, language):
    with translation.override(language):
        tree = Tree(drawn(name))
    found = [attrs[key] for _tag, attrs in tree.tags for key in GEOMETRY if attrs.get(key) is not None]
    assert found
    assert [value for value in found if not re.fullmatch(r"-?\d+(\.\d+)?(%|em)?", value or "")] == []
    assert [d for attrs in tree.all("path") if not re.fullmatch(r"[MLVhvlmz0-9 .\-]*", d := attrs["d"] or "")] == []


@NAMES
@LANGUAGES
def test_it_has_a_name_and_its_table(name, language):
    with translation.override(language):
        tree = Tree(drawn(name, id="mine"))
    ids = {attrs["id"] for _tag, attrs in tree.tags if "id" in attrs}
    pictures = [attrs for attrs in tree.all("svg") if attrs.get("role") == "img"]
    assert pictures
    assert all(set((picture.get("aria-labelledby") or "").split()) <= ids for picture in pictures)
    assert tree.all("details")[0]["class"] == "no-print"
    assert [attrs["scope"] for attrs in tree.all("th")].count("row") >= 1
    assert len(tree.all("title")) >= len(pictures)


@NAMES
def test_what_is_no_picture_is_hidden_from_those_who_listen(name):
    depth, bare = 0, []
    for closing, attributes in re.findall(r"<(/?)svg([^>]*)>", drawn(name)):
        if not closing and not depth and "role" not in attributes and "aria-hidden" not in attributes:
            bare.append(attributes)
        depth += -1 if closing else 1
    assert bare == [attributes for attributes in bare if 'class="ends__middle"' in attributes]  # its row is hidden


@NAMES
def test_it_obeys_the_policy(name):
    tree = Tree(drawn(name))
    assert not any("style" in attrs for _tag, attrs in tree.tags)
    assert not tree.all("style")
    assert not tree.all("script")


@NAMES
def test_what_people_wrote_is_text(name):
    page = drawn(name, PICTURES[name]("<b>&\"'"), title="<i>", note="<u>", first="<s>", second="<em>", span="<q>")
    assert not re.search(r"<(b|i|u|s|em|q)>", page)
    assert "<b>&\"'" in Tree(page).text or name == "reliability"


@NAMES
def test_two_on_a_page_have_ids_of_their_own(name):
    pages = [Tree(drawn(name, id=one)) for one in ("one", "two")]
    first, second = ({attrs["id"] for _tag, attrs in page.tags if "id" in attrs} for page in pages)
    assert not first & second
    assert len(first) == len([1 for _tag, attrs in pages[0].tags if "id" in attrs])


@NAMES
@LANGUAGES
def test_nothing_to_show_is_said(name, language):
    with translation.override(language):
        tree = Tree(drawn(name, NOTHING[name]))
        assert any((attrs.get("class") or "") == "chart__none" for attrs in tree.all("p"))
        assert not tree.all("svg")


@pytest.mark.parametrize(
    ("name", "urls"),
    [
        ("over_time", ["/v2/", "/day/"]),
        ("heat", ["/age/"]),
        ("ranges", ["/sales/"]),
        ("confusion", ["/aa/"]),
    ],
)
def test_its_links_are_not_in_the_drawing(name, urls):
    page = drawn(name)
    assert [attrs["href"] for attrs in Tree(page).all("a")] == urls
    assert not re.search(r"<svg[^>]*>(?:(?!</svg>).)*<a ", page, re.DOTALL)


def test_its_words_are_french_in_french():
    with translation.override("fr"):
        pages = "".join(drawn(name) for name in PICTURES)
    assert "Voir le tableau" in pages
    assert "forte dérive" in pages
    assert not re.findall(r"As a table|What happened|strong drift|of 100|No number|% interval|Cases|Threshold", pages)
