"""How somebody uses a page: with a mouse, with the keyboard alone, or on a phone. A journey is told once for all."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.utils import translation
from playwright.sync_api import Download, Locator, Page, expect

from registry.texts import figure

# A link or button that another element lies upon cannot be seen where the Tab key leads to.
IS_COVERED = """element => {
  const box = element.getBoundingClientRect();
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return !top || !(top.contains(element) || element.contains(top));
}"""
PHONE = {"width": 320, "height": 640}
WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


class Mouse:
    """Clicks, and types into what was clicked."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, wanted: Locator) -> None:
        """A link or a button."""
        wanted.click()

    def enter(self, field: Locator, text: str) -> None:
        """Instead of what the field holds."""
        field.fill(text)

    def tick(self, box: Locator) -> None:
        box.check()

    def mark(self, radio: Locator) -> None:
        """One of several that exclude each other."""
        radio.check()

    def choose(self, field: Locator, file: Path) -> None:
        field.set_input_files(file)

    def pick(self, field: Locator, option: str) -> None:
        """One of a list that opens."""
        field.select_option(label=option)

    def date(self, field: Locator, day: date) -> None:
        """A day, into the browser's own calendar."""
        field.fill(day.isoformat())

    def arrive(self, title: str | re.Pattern[str]) -> None:
        """The page of this title is here."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(title)


class Phone(Mouse):
    """As narrow as phones are; no page may be wider."""

    def arrive(self, title: str | re.Pattern[str]) -> None:
        super().arrive(title)
        assert not self.page.evaluate(WIDER), self.page.url


class Keyboard(Mouse):
    """Tab, Enter, the space bar, and what is typed."""

    def __init__(self, page: Page, tab_to: Callable[[Locator], None]) -> None:
        super().__init__(page)
        self.tab_to = tab_to

    def reach(self, wanted: Locator) -> None:
        """Tab to it; it can be seen then."""
        self.tab_to(wanted)
        assert not wanted.evaluate(IS_COVERED), f"Something lies upon {wanted}."

    def press(self, wanted: Locator) -> None:
        self.reach(wanted)
        self.page.keyboard.press("Enter")

    def enter(self, field: Locator, text: str) -> None:
        self.reach(field)
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.type(text)

    def tick(self, box: Locator) -> None:
        self.reach(box)
        self.page.keyboard.press("Space")
        expect(box).to_be_checked()

    def mark(self, radio: Locator) -> None:
        group = radio.get_attribute("name")
        self.reach(self.page.locator(f"[name={group}]:visible").first)  # the Tab key stops once in a group
        self.page.keyboard.press("Space")
        for _ in range(20):
            if radio.is_checked():
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"The arrow keys do not lead to {radio}.")

    def choose(self, field: Locator, file: Path) -> None:
        with self.page.expect_file_chooser() as chooser:
            self.reach(field)
            self.page.keyboard.press("Enter")
        chooser.value.set_files(file)

    def pick(self, field: Locator, option: str) -> None:
        self.reach(field)
        self.page.keyboard.type(option)
        expect(field.locator("option:checked")).to_have_text(option)

    def date(self, field: Locator, day: date) -> None:
        self.reach(field)
        for order in ("%d%m%Y", "%m%d%Y"):  # in which order a browser asks depends on the machine
            self.page.keyboard.type(day.strftime(order))
            if field.input_value() == day.isoformat():
                return
            for _ in range(2):
                self.page.keyboard.press("ArrowLeft")
        raise AssertionError(f"{day} cannot be typed.")


@dataclass
class Somebody:
    """Who began at the login: how they use pages, the language they read, and whether their browser runs scripts."""

    hands: Mouse
    page: Page
    language: str
    runs_scripts: bool

    def word(self, english: str, **values: object) -> str:
        """What pages say in English, in the language that this person reads; numbers as they are written there."""
        with translation.override(self.language):
            written = {
                name: figure(value, grouped=True) if isinstance(value, int) else value for name, value in values.items()
            }
            text = translation.gettext(english)
            return text % written if values else text

    def press(self, role: str, name: str, *, within: Locator | None = None, **how: bool) -> None:
        """The first link or button that is called so."""
        self.hands.press((within or self.page).get_by_role(role, name=name, **how).first)  # type: ignore[arg-type]

    def unfold(self, title: str) -> None:
        """Open what is folded under this title."""
        self.hands.press(self.page.locator("summary").filter(has_text=title))

    def says(self, text: str | re.Pattern[str]) -> None:
        """The page does, somewhere."""
        expect(self.page.locator("main")).to_contain_text(text)

    def fetch(self, link: str) -> str:
        """The text of the file behind a link."""
        with self.page.expect_download() as loading:
            self.press("link", link)
        file: Download = loading.value
        return file.path().read_text("utf-8-sig")
