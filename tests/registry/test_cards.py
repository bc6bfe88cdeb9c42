"""A card is somebody else's text: what of it a page shows, and what never."""

import re
import time

import pytest

from registry import cards
from registry.cards import Picture, render

PETALS = Picture("images/petals.png", "/registry/iris/versions/1/files/images/petals.png", 500, 400)


def tags(html: str) -> set[str]:
    return set(re.findall(r"<([a-z0-9]+)", html))


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "[click](javascript:alert(1))",
        "[click](JaVaScRiPt&colon;alert(1))",
        "[click](vbscript:x) [click](data:text/html,x) [click](//evil.example/x)",
        "![x](javascript:alert(1)) ![x](data:image/svg+xml,<svg onload=alert(1)>)",
        "<javascript:alert(1)>",
        '[x](https://ok.example/"onmouseover="alert(1))',
        '![x" onerror="alert(1)](images/petals.png "t\\" onerror=alert(1)")',
        "<svg><style><img src=x onerror=alert(1)></style></svg>",
        "<a href='javascript:alert(1)'>x</a>",
        "[a]: javascript:alert(1)\n\n[a]",
        "| a |\n|---|\n| <iframe src=//evil.example> |",
        "```\n</code><script>alert(1)</script>\n```",
        '<div style="position:fixed" class="card" id="main">x</div>',
        "<form action=/logout method=post><button>x</button></form>",
    ],
)
def test_nothing_of_it_can_act(text: str) -> None:
    html = render(text, pictures=[PETALS])
    assert tags(html) <= cards.TAGS
    attributes = set(re.findall(r"\s([a-z-]+)=\"", re.sub(r'"[^"]*"', '""', html)))
    assert attributes <= {"href", "rel", "src", "alt", "loading", "width", "height", "class", "scope"} | {
        *("role", "tabindex", "aria-label")
    }
    for href in re.findall(r'(?:href|src)="([^"]*)"', html):
        assert href.startswith(("https://ok.example/", "/registry/iris/versions/1/files/")), href


def test_links_lead_to_the_web_alone_and_say_nothing_of_us() -> None:
    html = render("[one](https://one.example/a?b=1&c=2) [two](train.py) [three](#limits) <mailto:a@b.example>")
    assert html == (
        '<p><a href="https://one.example/a?b=1&amp;c=2" rel="noopener nofollow">one</a> two three '
        "mailto:a@b.example</p>\n"
    )


def test_pictures_are_the_versions_own() -> None:
    html = render("![Petals](./images/petals.png?raw=true) ![Petals](/images/petals.png)", pictures=[PETALS])
    picture = f'<img src="{PETALS.address}" alt="Petals" loading="lazy" width="500" height="400">'
    assert html == f"<p>{picture} Petals</p>\n"


def test_pictures_of_others_become_a_link() -> None:
    html = render("![A badge](https://evil.example/pixel.png) [![x](https://b.example/b.svg)](https://c.example)")
    assert "<img" not in html
    assert '<a href="https://evil.example/pixel.png" rel="noopener nofollow">A badge</a>' in html
    assert '<a href="https://c.example" rel="noopener nofollow">x</a>' in html


def test_headings_fit_below_those_of_the_page() -> None:
    html = render("# Iris\n\n## A\n\n##### B\n\n### C\n\n# D\n", title="iris")
    assert re.findall(r"<(h\d)>(\w)", html) == [("h3", "A"), ("h4", "B"), ("h4", "C"), ("h3", "D")]
    assert "Iris" not in html


def test_front_matter_and_comments_are_left_out() -> None:
    assert render("---\nlicense: mit\n---\n<!-- a note -->\n\nText") == "<p>Text</p>\n"


def test_tables_scroll_by_themselves_and_have_no_style() -> None:
    html = render("| a | b |\n|---|--:|\n| 1 | 2 |\n")
    assert '<div class="scroll" aria-label="Table" role="group" tabindex="0"><table>' in html
    assert '<td class="number">2</td>' in html
    assert "style" not in html


@pytest.mark.parametrize("text", ["![" * 50_000, "[" * 100_000, "<a " * 30_000, "> - " * 25_000, "*a **b " * 15_000])
def test_a_card_made_to_be_slow_is_not(text: str) -> None:
    begun = time.perf_counter()
    render(text)
    assert time.perf_counter() - begun < 8  # about one second on the machine this was written on
