"""How somebody uses a page: with a mouse, with the keyboard alone, or on a phone. A journey is told once for all."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

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

    def choose(self, field: Locator, file: Path) -> None:
        field.set_input_files(file)

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

    def choose(self, field: Locator, file: Path) -> None:
        with self.page.expect_file_chooser() as chooser:
            self.reach(field)
            self.page.keyboard.press("Enter")
        chooser.value.set_files(file)
