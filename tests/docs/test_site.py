"""The site builds strictly, needs nothing from elsewhere, and says so when a link leads nowhere."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.worlds import ROOT

# What a browser loads by itself, and where its address stands.
LOADED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "audio": "src",
    "video": "src",
    "object": "data",
}
LINKS = {"stylesheet", "icon", "preconnect", "prefetch", "preload", "dns-prefetch", "manifest", "modulepreload"}
ELSEWHERE = re.compile(r"^(https?:)?//")
IN_CSS = re.compile(r"url\(\s*[\"']?(?:https?:)?//|@import\s+[\"'](?:https?:)?//")

# A narrow space before : ; ! ? and a space within « », none of which breaks; ’ for an apostrophe.
BADLY_SET = re.compile(r"(?<![\u202f\d])(?=:)|(?<!\u202f)(?=[;!?])(?!!\[)|«(?!\u00a0)|(?<!\u00a0)»|\w'\w")


def build(folder: Path, config: Path = ROOT / "mkdocs.yml") -> subprocess.CompletedProcess[str]:
    """What `make docs` runs, into a folder of the test's own."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", config, "--site-dir", folder]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90, check=False)


def built(folder: Path) -> None:
    """Build the site into a folder, without a warning."""
    done = build(folder)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    assert "INFO" in done.stderr


@pytest.fixture(scope="module")
def site(only_once: Callable[..., Path]) -> Path:
    """The folder with the built site."""
    return only_once("docs-site", built)


class Assets(HTMLParser):
    """Addresses that a browser loads for a page, and the language that the page says it is in."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.language = ""
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = given.get("lang", "")
        if tag in LOADED:
            self.addresses += [given.get(LOADED[tag], ""), *given.get("srcset", "").split(",")]
        if tag == "link" and LINKS & set(given.get("rel", "").split()):
            self.addresses.append(given.get("href", ""))


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = [*site.rglob("*.html")]
    assert len(pages) > 70
    loaded = {address.strip() for page in pages for address in Assets(page).addresses}
    assert any(address.endswith(".css") for address in loaded)
    assert [address for address in loaded if ELSEWHERE.match(address)] == []
    assert [sheet.name for sheet in site.rglob("*.css") if IN_CSS.search(sheet.read_text("utf-8"))] == []


def test_what_a_page_loads_is_there(site: Path) -> None:
    for page in site.rglob("*.html"):
        if page.name == "404.html":  # served from anywhere, so its addresses begin with /
            continue
        for address in filter(None, Assets(page).addresses):
            if not address.startswith("data:"):
                assert (page.parent / address.partition("?")[0]).resolve().is_file(), f"{page.name}: {address}"


def test_files_beside_docs_are_pages(site: Path) -> None:
    overview = (site / "project" / "overview.html").read_text("utf-8")
    assert 'href="../tour.html"' in overview  # docs/tour.md of README.md
    assert 'src="../pictures/records-en-light.png"' in overview
    assert "<code>LICENSE</code>" in overview or "(<code>LICENSE</code>)" in overview  # no page, so no link
    assert "One waist" in (site / "adr" / "index.html").read_text("utf-8")


def test_french_pages_are_french_all_over(site: Path) -> None:
    pages = [*(site / "fr").glob("*.html")]
    assert len(pages) >= 8
    assert {Assets(page).language for page in pages} == {"fr"}
    assert all("Rechercher" in page.read_text("utf-8") for page in pages)
    assert Assets(site / "index.html").language == "en"


def test_french_is_set_as_the_product_sets_it() -> None:
    for page in (ROOT / "docs" / "fr").glob("*.md"):
        for number, line in enumerate(page.read_text("utf-8").splitlines(), start=1):
            text = re.sub(r"`[^`]*`|\]\([^)]*\)|^\|-.*", "", line)
            assert not BADLY_SET.search(text), f"{page.name}:{number}: {line}"


@pytest.mark.parametrize("text", ["quoi ?", "quoi\u00a0?", "quoi;", "ceci : cela", "« mot »", "«\u00a0mot»", "l'un"])
def test_what_is_badly_set_is_seen(text: str) -> None:
    assert BADLY_SET.search(text)


def test_what_leads_nowhere_fails_the_build(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.md").write_text("# Here\n[a](nothing.md) [b](other.md#nowhere) [c](/other.md) [d](../nothing.txt)\n")
    (docs / "other.md").write_text("# There\n")
    (docs / "forgotten.md").write_text("# In no navigation\n")
    config = tmp_path / "mkdocs.yml"
    hook = ROOT / "scripts" / "docs" / "hook.py"
    config.write_text(
        f"INHERIT: {ROOT / 'mkdocs.yml'}\ndocs_dir: {docs}\nhooks: [{hook}]\nextra_css: []\n"
        "nav: [index.md, other.md, project/overview.md, project/changelog.md, project/examples.md,"
        " project/contributing.md, project/security.md]\n"
    )
    done = build(tmp_path / "site", config)
    assert done.returncode == 1
    for said in (
        "'index.md' contains a link 'nothing.md', but the target is not found",
        "'index.md' contains a link 'other.md#nowhere', but the doc 'other.md' does not contain an anchor",
        "'index.md' contains an absolute link '/other.md'",
        "'index.md' contains a link '../nothing.txt', but the target is not found",
        "- forgotten.md",
    ):
        assert said in done.stderr
