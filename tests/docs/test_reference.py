"""The generated pages of the reference say what the code says, and nothing is missing in them."""

import re
from pathlib import Path

import pytest
from django.db import connections

from scripts.docs import commands_page, database_page, settings_table, write_pages
from tests.worlds import ROOT

SQL = """
SELECT relname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
WHERE tgname = 'fact_row' AND NOT relispartition
"""


def test_no_page_is_stale() -> None:
    assert list(write_pages.stale()) == [], "run `make docs`, and commit docs/reference"


def test_a_page_that_somebody_changed_is_named(tmp_path: Path) -> None:
    for page in write_pages.REFERENCE.glob("*.md"):
        (tmp_path / page.name).write_text(page.read_text("utf-8"), "utf-8")
    settings = tmp_path / "settings.md"
    settings.write_text(settings.read_text("utf-8").replace("`CONTACT`", "`CONTACTS`"), "utf-8")
    (tmp_path / "api.md").unlink()
    assert sorted(write_pages.stale(tmp_path)) == ["api.md", "settings.md"]


def test_every_setting_of_the_code_is_a_row() -> None:
    text = (ROOT / "futurisys" / "settings.py").read_text("utf-8")
    read = set(re.findall(r"\benv\.\w+\(\s*\"([A-Z_]+)\"", text))
    assert len(read) > 50
    rows = {row.name: row for row in settings_table.rows()}
    assert read <= rows.keys()
    assert (rows["SESSION_HOURS"].type, rows["SESSION_HOURS"].default) == ("whole number, 1 to 720", "12")
    assert (rows["LOG_LEVEL"].default, rows["EMAIL_USE_TLS"].type) == ("`INFO`", "yes or no")
    assert rows["WEB_WORKERS"].default == "2"  # of scripts/serve


def test_a_setting_without_a_meaning_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = settings_table.MEANINGS.read_text("utf-8")
    without = re.sub(r"^TIME_ZONE = .*\n", "", told, flags=re.MULTILINE)
    (tmp_path / "settings.toml").write_text(without, "utf-8")
    monkeypatch.setattr(settings_table, "MEANINGS", tmp_path / "settings.toml")
    with pytest.raises(settings_table.Undocumented, match=r"No meaning .*: TIME_ZONE\.$"):
        settings_table.rows()
    (tmp_path / "settings.toml").write_text(told + 'GONE = "Nobody reads it."\n', "utf-8")
    with pytest.raises(settings_table.Undocumented, match=r"no code any more.*: GONE\.$"):
        settings_table.rows()


def test_every_command_and_target_is_there() -> None:
    text = (write_pages.REFERENCE / "commands.md").read_text("utf-8")
    files = [*ROOT.glob("*/management/commands/*.py")]
    names = {path.stem for path in files if path.stem != "__init__"}
    assert len(names) > 15
    assert names == commands_page.commands().keys()
    assert names == set(re.findall(r"^### (\w+)$", text, re.MULTILINE))
    assert "| `make docs` |" in text


@pytest.mark.django_db(databases=["default", "owner"])
def test_append_only_tables_are_those_that_the_database_protects() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(SQL)
        protected = {name for (name,) in cursor.fetchall()}
    text = database_page.page()
    assert set(re.findall(r"^\| \[`(\w+)`\].*\| append-only \|$", text, re.MULTILINE)) == protected
    assert "predictions_prediction" in protected
