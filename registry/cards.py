"""A model's card, README.md, as HTML that is safe to show: it was written by whoever publishes the model.

Markdown without its raw HTML, links to http(s) alone, pictures of the version's own files alone, and headings that fit
below those of the page. What comes out passes a sanitizer with a short list of tags, so that a mistake here is no hole.
"""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote, urlsplit

import nh3
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.token import Token

# Parsing takes up to 30 microseconds a character when the text was made to be slow.
LONGEST = 40_000
FIRST_HEADING = 3
LAST_HEADING = 6
FRONT_MATTER = re.compile(r"\A\ufeff?---\s*\n.*?\n---\s*(?:\n|\Z)", re.DOTALL)

TAGS = {
    *("h3", "h4", "h5", "h6", "p", "blockquote", "pre", "hr", "div", "ul", "ol", "li"),
    *("a", "br", "code", "em", "strong", "s", "img"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt", "loading", "width", "height"}, "ol": {"start"}, "th": {"scope"}}
CLASSES = {"div": {"scroll"}, "td": {"number"}, "th": {"number"}}
GROUP = {"div": {"role": {"group"}, "tabindex": {"0"}}}


@dataclass(frozen=True)
class Picture:
    """A file of the version that may be shown: its path in the repository, its address here, its size in pixels."""

    path: str
    address: str
    width: int = 0
    height: int = 0


def render(text: str, *, title: str = "", pictures: Sequence[Picture] = ()) -> SafeString:
    """Markdown as HTML, with these pictures.

    Headings begin at h3. A first heading that only repeats `title` is left out, and what is beyond 40 000 characters.
    """
    return mark_safe(_html(text, title.casefold(), tuple(pictures), get_language() or ""))  # noqa: S308  # nh3 made it


@lru_cache(maxsize=64)
def _html(text: str, title: str, pictures: tuple[Picture, ...], _language: str) -> str:
    tokens = _parser().parse(FRONT_MATTER.sub("", text, count=1)[:LONGEST])
    tokens = _without_title(tokens, title)
    _shift_headings(tokens)
    _align_by_class(tokens)
    known = {picture.path: picture for picture in pictures}
    for token in tokens:
        if token.type == "inline":
            token.children = list(_safe_inline(token.children or [], known))
    html = str(_parser().renderer.render(tokens, _parser().options, {}))
    # The label is ours, so it is added to what was cleaned.
    return _CLEANER.clean(html).replace('<div class="scroll"', f'<div class="scroll" aria-label="{_("Table")}"')


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    # Raw HTML is told apart from text, so that it can be left out instead of being shown as text.
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    for rule in ("html_block", "html_inline"):
        parser.add_render_rule(rule, lambda *_args: "")
    parser.add_render_rule("table_open", lambda *_args: '<div class="scroll" role="group" tabindex="0"><table>')
    parser.add_render_rule("table_close", lambda *_args: "</table></div>")
    return parser


_CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes=ATTRIBUTES,
    tag_attribute_values=GROUP,
    allowed_classes=CLASSES,
    url_schemes={"http", "https"},
    link_rel="noopener nofollow",
)


def _without_title(tokens: list[Token], title: str) -> list[Token]:
    """The page has the model's title above the card already."""
    if len(tokens) > 2 and tokens[0].tag == "h1" and tokens[1].content.strip().casefold() == title:
        return tokens[3:]
    return tokens


def _shift_headings(tokens: list[Token]) -> None:
    """Nest headings below the page's own, without gaps: somebody may begin with ## and go on with ####."""
    above: list[str] = []
    for token in tokens:
        if token.type not in {"heading_open", "heading_close"}:
            continue
        if token.type == "heading_open":
            above = [*(tag for tag in above if tag < token.tag), token.tag]
        token.tag = f"h{min(FIRST_HEADING + len(above) - 1, LAST_HEADING)}"


def _align_by_class(tokens: list[Token]) -> None:
    """A style attribute is not allowed here, in a table as anywhere."""
    for token in tokens:
        if token.type in {"th_open", "td_open"}:
            right = "right" in str(token.attrs.pop("style", ""))
            if right:
                token.attrs["class"] = "number"
            if token.type == "th_open":
                token.attrs["scope"] = "col"


def _safe_inline(children: list[Token], pictures: dict[str, Picture]) -> Iterator[Token]:
    """Links and pictures that may stay; of the others, their text."""
    kept: list[bool] = []
    for token in children:
        if token.type == "link_open":
            kept.append(_is_web(str(token.attrs.get("href", ""))))
            if kept[-1]:
                yield token
        elif token.type == "link_close":
            if kept.pop():
                yield token
        elif token.type == "image":
            yield from _picture(token, pictures, in_link=any(kept))
        else:
            yield token


def _picture(token: Token, pictures: dict[str, Picture], *, in_link: bool) -> Iterator[Token]:
    source = str(token.attrs.get("src", ""))
    if picture := pictures.get(_path(source)):
        token.attrs = {"src": picture.address, "alt": "", "loading": "lazy"}
        if picture.width and picture.height:
            token.attrs |= {"width": picture.width, "height": picture.height}
        yield token
        return
    text = Token("text", "", 0, content=token.content or _("picture"))
    if in_link or not _is_web(source):
        yield text
    else:  # asking another server for it would tell that server who reads here
        yield Token("link_open", "a", 1, attrs={"href": source})
        yield text
        yield Token("link_close", "a", -1)


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def _path(address: str) -> str:
    """The file of the repository that a relative address means; "" for any other address."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
        return ""
    return posixpath.normpath(unquote(parts.path))
