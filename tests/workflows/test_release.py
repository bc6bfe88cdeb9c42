"""The script that cuts a release, in a git repository of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.worlds import ROOT

GOOD = """# Changelog

What changed.

## 1.2.0 - 2026-11-20

Models
- A candidate comes by itself.
# not a heading for git

## 1.1.0 - 2026-10-01
- Before.
"""


class House:
    """A git repository with a CHANGELOG and the script."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "scripts").mkdir(parents=True)
        for name in ("release", "release.py"):
            shutil.copy2(ROOT / "scripts" / name, folder / "scripts" / name)
        self.git("init", "--quiet", "--initial-branch", "main")
        self.commit(GOOD)

    def run(self, *command: str | Path) -> "subprocess.CompletedProcess[str]":
        who = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "HOME": str(self.folder)}
        for role in ("AUTHOR", "COMMITTER"):
            who |= {f"GIT_{role}_NAME": "Somebody", f"GIT_{role}_EMAIL": "somebody@example.org"}
        environment = {"PATH": os.environ["PATH"], "PYTHON": sys.executable} | who
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=30
        )

    def git(self, *command: str) -> str:
        done = self.run("git", *command)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def commit(self, changelog: str) -> None:
        (self.folder / "CHANGELOG.md").write_text(changelog)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Change something")

    def release(self, *options: str) -> "subprocess.CompletedProcess[str]":
        return self.run("scripts/release", *options)

    def tags(self) -> list[str]:
        return self.git("tag", "--list").split()


@pytest.fixture
def house(tmp_path: Path) -> House:
    if not shutil.which("git"):
        pytest.skip("Install git to see this one.")
    return House(tmp_path / "house")


def test_the_newest_section_becomes_an_annotated_tag(house: House) -> None:
    done = house.release()
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("Tagged. To publish it: git push origin v1.2.0\n")
    assert house.tags() == ["v1.2.0"]
    assert house.git("cat-file", "-t", "v1.2.0") == "tag\n"
    notes = "Models\n- A candidate comes by itself.\n# not a heading for git\n"
    assert house.git("tag", "--list", "--format=%(contents)", "v1.2.0") == f"Futurisys 1.2.0\n\n{notes}\n"


def test_a_dry_run_says_the_notes_and_does_nothing(house: House) -> None:
    done = house.release("--dry-run")
    assert (done.returncode, house.tags()) == (0, [])
    assert "A candidate comes by itself." in done.stdout
    assert "Before." not in done.stdout


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (" - 2026-11-20", "", "The newest section of CHANGELOG.md, “1.2.0”, has to read like “1.2.0 - 2026-11-30”."),
        ("1.2.0 - 2026-11-20", "Unreleased", "“Unreleased”, has to read like"),
        ("2026-11-20", "2026-02-30", "2026-02-30 is no date."),
        ("2026-11-20", "2999-01-01", "The section of 1.2.0 is dated 2999-01-01, which is not yet."),
        ("- A candidate comes by itself.\n", "", "The section of 1.2.0 has no entry"),
        ("1.2.0 -", "1.1.0 -", "1.1.0 is not above the section before it."),
        ("1.2.0 -", "1.0.10 -", "1.0.10 is not above the section before it."),
        ("\n## ", "\n", "CHANGELOG.md has no section"),
    ],
)
def test_a_changelog_that_is_not_ready_is_refused(house: House, old: str, new: str, sentence: str) -> None:
    house.commit(GOOD.replace(old, new))
    done = house.release()
    assert (done.returncode, house.tags()) == (1, [])
    assert sentence in done.stderr


def test_what_is_not_committed_is_no_release(house: House) -> None:
    (house.folder / "new.py").write_text("")
    done = house.release()
    assert (done.returncode, house.tags()) == (1, [])
    assert done.stderr == "Commit or put away what is changed first:\n?? new.py\n"


def test_a_version_is_released_once(house: House) -> None:
    house.git("tag", "v1.2.0")
    done = house.release("--dry-run")
    assert (done.returncode, done.stderr.startswith("v1.2.0 was released already")) == (1, True)


def test_an_image_is_made_only_of_the_tag_that_the_changelog_is_about(house: House) -> None:
    assert house.release("--check", "v1.2.0").returncode == 0
    done = house.release("--check", "v1.3.0")
    assert (done.returncode, done.stderr) == (1, "The tag is v1.3.0, and CHANGELOG.md is about v1.2.0.\n")
