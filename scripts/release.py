"""Cut a release: the newest section of CHANGELOG.md becomes the annotated tag vX.Y.Z, with its text as the message.

    scripts/release --dry-run        say what would be done
    scripts/release                  make the tag; pushing it is up to you, and starts images.yml and space.yml
    scripts/release --check v1.2.0   only: is this the tag that the CHANGELOG is about? (images.yml asks)

The section begins with `## 1.2.0 - 2026-11-30`. Needs git and Python, nothing else.
"""

import argparse
import datetime
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HEAD = re.compile(r"^## (?P<title>.+)$", re.MULTILINE)
TITLE = re.compile(r"(?P<version>\d+\.\d+\.\d+) - (?P<date>\d{4}-\d{2}-\d{2})")
VERSION = re.compile(r"^## (\d+)\.(\d+)\.(\d+)", re.MULTILINE)


class Refused(Exception):
    """Why there can be no release, as a sentence."""


@dataclass(frozen=True)
class Release:
    """The newest section of the CHANGELOG."""

    version: str
    date: datetime.date
    notes: str

    @property
    def tag(self) -> str:
        """What the commit is called."""
        return f"v{self.version}"

    @property
    def message(self) -> str:
        """What the tag says."""
        return f"Futurisys {self.version}\n\n{self.notes}\n"


def read(text: str) -> Release:
    """The release that a CHANGELOG is about. Raises Refused."""
    heads = list(HEAD.finditer(text))
    if not heads:
        raise Refused("CHANGELOG.md has no section: begin one with `## 1.2.0 - 2026-11-30`.")
    title = heads[0]["title"].strip()
    found = TITLE.fullmatch(title)
    if not found:
        raise Refused(f"The newest section of CHANGELOG.md, “{title}”, has to read like “1.2.0 - 2026-11-30”.")
    try:
        date = datetime.date.fromisoformat(found["date"])
    except ValueError:
        raise Refused(f"{found['date']} is no date.") from None
    if date > datetime.datetime.now(datetime.UTC).date():
        raise Refused(f"The section of {found['version']} is dated {date}, which is not yet.")
    notes = text[heads[0].end() : heads[1].start() if len(heads) > 1 else None].strip()
    if not re.search(r"^- \S", notes, re.MULTILINE):
        raise Refused(f"The section of {found['version']} has no entry: say in lines with “- ” what changed.")
    versions = [tuple(map(int, numbers)) for numbers in VERSION.findall(text)]
    if len(versions) > 1 and versions[0] <= versions[1]:
        raise Refused(f"{found['version']} is not above the section before it.")
    return Release(found["version"], date, notes)


def git(*command: str, given: str | None = None) -> str:
    """What git says. Raises Refused with its own words."""
    done = subprocess.run(["git", *command], input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(f"git {command[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def refuse_unready(release: Release) -> None:
    """A tag is of what is committed, and is made once."""
    if changed := git("status", "--porcelain"):
        raise Refused(f"Commit or put away what is changed first:\n{changed}")
    if git("tag", "--list", release.tag):
        raise Refused(f"{release.tag} was released already: begin a new section in CHANGELOG.md.")


def refuse_another(tag: str, release: Release) -> None:
    """An image says which version it is: its tag has to say the same."""
    if tag != release.tag:
        raise Refused(f"The tag is {tag}, and CHANGELOG.md is about {release.tag}.")


def main() -> None:
    """Cut the release, or say why not."""
    parser = argparse.ArgumentParser(description="Cut a release from CHANGELOG.md.")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done")
    parser.add_argument("--check", metavar="TAG", help="only compare this tag with CHANGELOG.md")
    options = parser.parse_args()
    try:
        release = read(Path("CHANGELOG.md").read_text("utf-8"))
        if options.check is not None:
            refuse_another(options.check, release)
            print(f"{release.tag} is what CHANGELOG.md is about.")  # noqa: T201
            return
        refuse_unready(release)
        print(release.message)  # noqa: T201
        if options.dry_run:
            print(f"Nothing was done. Without --dry-run, this becomes the tag {release.tag}.")  # noqa: T201
            return
        git("tag", "--annotate", "--cleanup=whitespace", "--file=-", release.tag, given=release.message)
    except (Refused, OSError) as refused:
        sys.exit(str(refused))
    print(f"Tagged. To publish it: git push origin {release.tag}")  # noqa: T201


if __name__ == "__main__":
    main()
