"""Write the generated pages of docs/reference; with --check only say which are not as the code has it.

Run it from the folder of the repository: `python -m scripts.docs.write_pages`. It needs no database.
"""

import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

REFERENCE = Path(__file__).resolve().parent.parent.parent / "docs" / "reference"

SETTINGS = """# Settings

<!-- Written by `make docs` from the code and scripts/docs/settings.toml. -->

Environment variables. A malformed value stops the start with a sentence that names it. `make run` writes some of them to
`var/demo.env`, so that `manage.py` in a second terminal speaks to the same instance; real variables win.

"""


@cache
def pages() -> dict[str, str]:
    """The text of each generated page, by the name of its file."""
    from django.utils import translation

    from scripts.docs import api_page, commands_page, database_page, settings_table

    with translation.override("en"):
        return {
            "settings.md": SETTINGS + settings_table.markdown_by_section(),
            "commands.md": commands_page.page(),
            "api.md": api_page.page(),
            "database.md": database_page.page(),
        }


def stale(folder: Path = REFERENCE) -> dict[str, str]:
    """The pages that are not in `folder` as the code has them: what they ought to be."""
    there = {path.name: path.read_text("utf-8") for path in folder.glob("*.md")}
    return {name: text for name, text in pages().items() if there.get(name) != text}


def main(arguments: list[str], say: Callable[[str], object] = print) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "futurisys.settings")
    import django

    django.setup()
    found = stale()
    for name, text in found.items():
        if "--check" in arguments:
            say(f"docs/reference/{name} is not as the code has it: run `make docs`, and commit it.")
        else:
            (REFERENCE / name).write_text(text, "utf-8")
            say(f"wrote docs/reference/{name}")
    return 1 if found and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
