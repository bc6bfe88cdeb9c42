"""What MkDocs does for this site besides its own: a hook, named by mkdocs.yml.

Pages are written for a reader on a code host, where links lead to any file of the repository. The site holds some of
these (OUTSIDE) as pages; a link to another file becomes its path, as text. A link to nothing stays, and fails the build.
"""

import copy
import re
from pathlib import Path
from posixpath import dirname, normpath, relpath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent.parent
# Files that are no pages of docs/, and where the site has them.
OUTSIDE = {
    "README.md": "project/overview.md",
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "examples/README.md": "project/examples.md",
    "static/img/mark.svg": "pictures/mark.svg",
}
INSIDE = {page: path for path, page in OUTSIDE.items()}
LINK = re.compile(r"(?P<before>!?)\[(?P<text>[^\]]*)\]\((?P<path>[^)\s#]+)(?P<anchor>#[^)\s]*)?\)")
FENCE = re.compile(r"^\s*(```|~~~)")
ITEM = re.compile(r"^(?:[-*]|\d+\.) ")


def on_config(config: MkDocsConfig) -> None:
    """`adr/*.md` in the nav stands for all of them."""
    config.nav = _expanded(config.nav or [], Path(config.docs_dir))


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Take the pages of OUTSIDE in."""
    for path, page in OUTSIDE.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links as the site has them, and lists as code hosts read them."""
    here = page.file.src_uri
    return for_site(markdown, here, INSIDE.get(here, f"docs/{here}"))


def on_page_context(context: dict[str, Any], *, page: Page, config: MkDocsConfig, nav: Any) -> dict[str, Any]:
    """French pages say that they are French, and so does what the theme puts around them."""
    if page.file.src_uri.startswith("fr/"):
        french = copy.copy(config)
        french.theme = copy.deepcopy(config.theme)
        french.theme["language"] = "fr"
        context["config"] = french
    return context


def on_post_page(output: str, *, page: Page, config: MkDocsConfig) -> str:
    """The theme's search is a dialog without a name."""
    name = "Recherche" if page.file.src_uri.startswith("fr/") else "Search"
    return output.replace(' role="dialog"', f' role="dialog" aria-label="{name}"')


def for_site(markdown: str, page: str, source: str) -> str:
    """The text of `source`, a path of the repository, as it stands on `page` of the site."""
    lines: list[str] = []
    is_code, is_list = False, False
    for line in markdown.splitlines():
        if FENCE.match(line):
            is_code = not is_code
        elif not is_code:
            # Python-Markdown knows a list by the empty line above it.
            if ITEM.match(line) and not is_list and lines and lines[-1]:
                lines.append("")
            is_list = bool(line) and (is_list or bool(ITEM.match(line)))
            line = LINK.sub(lambda link: _link(link, page, source), line)  # noqa: PLW2901
        lines.append(line)
    return "\n".join(lines) + "\n"


def _link(link: re.Match[str], page: str, source: str) -> str:
    path, anchor = link["path"], link["anchor"] or ""
    if ":" in path or path.startswith("/"):
        return link[0]
    target = normpath(f"{dirname(source)}/{path}".lstrip("/"))
    if target in OUTSIDE:
        at = OUTSIDE[target]
    elif target.startswith("docs/"):
        at = target.removeprefix("docs/")
    elif (ROOT / target).exists():
        return _named(link["text"], target)
    else:
        return link[0]
    return f"{link['before']}[{link['text']}]({relpath(at, dirname(page) or '.')}{anchor})"


def _named(text: str, path: str) -> str:
    """What a link to a file that is no page becomes."""
    plain = text.strip("`").rstrip("/")
    return f"`{path}`" if path.endswith(plain) else f"{text} (`{path}`)"


def _expanded(items: list[Any], docs: Path) -> list[Any]:
    found: list[Any] = []
    for item in items:
        title, value = next(iter(item.items())) if isinstance(item, dict) else (None, item)
        if isinstance(value, list):
            found.append({title: _expanded(value, docs)})
        elif "*" in value:  # the page about all of them first
            paths = sorted(docs.glob(value), key=lambda path: (path.name != "README.md", path.name))
            found.append({title: [path.relative_to(docs).as_posix() for path in paths]})
        else:
            found.append(item)
    return found
