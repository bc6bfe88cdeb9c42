"""The pictures of docs/, taken of what `make run` shows: `make pictures`.

It starts in a folder of its own, with the synthetic company. Somebody asks about a list and about one person, a
candidate arrives, half a year of answers is loaded, and then each page below is opened as it is listed.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Error, Page, sync_playwright  # noqa: E402

from benchmarks import switch  # noqa: E402
from benchmarks.instance import Instance  # noqa: E402
from benchmarks.load import BadRun  # noqa: E402
from benchmarks.services import HOST  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
LARGEST = 250_000  # bytes
WIDTHS = {"light": 1440, "dark": 1440, "phone": 390}
SEND = ".send button"


@dataclass(frozen=True)
class Picture:
    """A page as `who` sees it. `height`: of the part that is shown; `then`: what is done on the page before.

    `part`: a CSS selector, where only what it finds is shown, however high that is.
    """

    page: str
    path: str
    language: str
    look: str
    height: int
    who: str = "business"
    then: Callable[[Page], None] | None = None
    part: str = ""

    @property
    def name(self) -> str:
        return f"{self.page}-{self.language}-{self.look}.png"


def pictures(one: str, about: str, many: str, candidate: str) -> Iterator[Picture]:
    """What is shown, given the paths of an answer, of the form about that record, of a list's answers, of a promotion."""
    table = "/records/employees/"
    yield Picture("home", "/", "en", "light", 1120)
    yield Picture("home", "/", "fr", "phone", 1000)
    yield Picture("records", table, "en", "light", 860)
    yield Picture("records", table, "fr", "dark", 860)
    yield Picture("form", about, "en", "light", 1000, then=type_what_was_never_seen)
    yield Picture("form", about, "fr", "phone", 1000)
    yield Picture("answer", one, "en", "light", 1180, who="decider")
    yield Picture("answer", one, "fr", "dark", 1180, who="decider")
    yield Picture("answer", one, "fr", "phone", 1250)
    yield Picture("answers", many, "en", "light", 1100)
    yield Picture("promotion", candidate, "en", "light", 1100, who="admin")
    yield Picture("model", "/registry/attrition/", "en", "light", 1100, who="manager")
    yield Picture("model", "/registry/attrition/", "fr", "dark", 1100, who="manager")


def of_monitoring(until: date) -> Iterator[Picture]:
    """The pages about half a year of the demo's history, which ends with that day."""
    half_a_year = f"?from={until - timedelta(days=182)}&to={until}"
    model = "/monitoring/models/attrition-history/"
    yield Picture("monitoring", "/monitoring/", "en", "light", 900, who="manager")
    yield Picture("glance", model + half_a_year, "en", "light", 780, who="decider")
    yield Picture("glance", model + half_a_year, "fr", "dark", 780, who="decider")
    yield Picture("glance", model + half_a_year, "fr", "phone", 1100, who="decider")
    for name in ("used", "fast", "changing", "right", "followed"):
        yield Picture(
            name, model + half_a_year, "en", "light", 900, who="decider", part=f"section[aria-labelledby={name}]"
        )
    yield Picture("right", model + half_a_year, "fr", "dark", 900, who="decider", part="section[aria-labelledby=right]")
    yield Picture("quality", f"{model}quality/{half_a_year}", "en", "light", 1100, who="decider")


def type_what_was_never_seen(page: Page) -> None:
    """More years than anybody had; the page asks before it goes on."""
    page.locator("[name=x-annees_dans_l_entreprise]").fill("38")
    page.locator(SEND).click()
    page.locator(".unseen").wait_for()


class Studio:
    """A browser for each person, language and look."""

    def __init__(self, browser: Browser, instance: Instance) -> None:
        self.browser, self.instance = browser, instance
        self.address = f"http://{HOST}:{instance.port}"
        self.cookies: dict[str, list[dict[str, str]]] = {}

    def page(self, who: str, language: str = "en", look: str = "light", height: int = 900) -> Page:
        """A new page, on which that person is logged in."""
        context = self.browser.new_context(
            base_url=self.address,
            viewport={"width": WIDTHS[look], "height": height},
            color_scheme="dark" if look == "dark" else "light",
            reduced_motion="reduce",
            locale="fr-FR" if language == "fr" else "en-GB",
        )
        page = context.new_page()
        if who in self.cookies:
            context.add_cookies(self.cookies[who])  # type: ignore[arg-type]  # as they were given
        else:
            switch.Person(page, self.address).log_in(who, self.instance.password(who))
            self.cookies[who] = [dict(one) for one in context.cookies() if one["name"] != "django_language"]  # type: ignore[arg-type]
        context.add_cookies([{"name": "django_language", "value": language, "url": self.address}])
        return page

    def ask(self) -> tuple[str, str, str]:
        """Ask about everybody in sales, then about one of them: the answer, its form, the list's answers."""
        page = self.page("business")
        page.goto("/records/employees/?is.departement=Commercial")
        page.locator("#all").check()
        page.locator(".askbar button").click()
        page.locator("[name=confirm]").click()
        page.wait_for_url("**/answers/**")
        many = page.url.removeprefix(self.address)
        page.goto(f"{many}?answer=stays")
        for _page in range(2):  # to scores that were seen often enough to say how many of 100
            page.locator("a[rel=next]").click()
        page.locator("tbody a[href*='record=']").last.click()
        about = page.url.removeprefix(self.address)
        page.locator(SEND).click()
        page.wait_for_url("**/history/**")
        one = page.url.removeprefix(self.address)
        page.context.close()
        return one, about, many

    def take(self, picture: Picture) -> Path:
        """The file. Raises BadRun when it is larger than a page of documentation should load."""
        page = self.page(picture.who, picture.language, picture.look, picture.height)
        page.goto(picture.path)
        if picture.then:
            picture.then(page)
        page.evaluate("scrollTo(0, 0)")
        file = PICTURES / picture.name
        (page.locator(picture.part) if picture.part else page).screenshot(path=file)
        page.context.close()
        if file.stat().st_size > LARGEST:
            raise BadRun(f"{file.name} has {file.stat().st_size} bytes, more than {LARGEST}.")
        return file


def main() -> int:
    """The exit code."""
    begun = time.monotonic()

    def say(what: str) -> None:
        print(f"[{time.monotonic() - begun:6.1f} s] {what}", file=sys.stderr, flush=True)  # noqa: T201

    if switch.CHROMIUM is None:
        say("Pictures are taken with Chromium: install it (on Debian and Ubuntu: apt-get install chromium).")
        return 1
    try:
        take_all(say)
    except (BadRun, Error) as error:
        say(str(error))
        return 1
    return 0


def take_all(say: Callable[[str], None]) -> None:
    """Start, ask, take every picture, and delete those that are taken no more."""
    with ExitStack() as stack:
        instance = Instance(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="futurisys-pictures-"))))
        stack.callback(instance.stop)
        say("make run, for the first time in a new folder")
        instance.start()
        chromium = stack.enter_context(sync_playwright()).chromium
        browser = chromium.launch(executable_path=switch.CHROMIUM, args=["--no-sandbox", "--hide-scrollbars"])
        say("publishing a candidate, asking about people in sales")
        switch.publish_a_change(instance)
        number, _runtime = switch.wait_for_candidate(instance, instance.database())
        studio = Studio(browser, instance)
        wanted = list(pictures(*studio.ask(), candidate=f"/registry/{switch.MODEL}/versions/{number}/promote"))
        PICTURES.mkdir(exist_ok=True)
        take_some(studio, wanted, say)
        say("loading half a year of answers")  # now: pages before do not speak of it
        instance.manage("load_demo_history")
        later = list(of_monitoring(date.today() - timedelta(days=1)))  # noqa: DTZ011  the days of this machine
        take_some(studio, later, say)
        for file in {*PICTURES.glob("*.png")} - {PICTURES / picture.name for picture in (*wanted, *later)}:
            file.unlink()
        browser.close()


def take_some(studio: Studio, wanted: list[Picture], say: Callable[[str], None]) -> None:
    """Take these, and say how large each is."""
    for picture in wanted:
        file = studio.take(picture)
        say(f"{file.name}, {file.stat().st_size // 1000} kB")


if __name__ == "__main__":
    sys.exit(main())
