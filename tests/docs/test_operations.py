"""docs/operations.md names everything that there is to operate, and nothing else. What there is comes from the code."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands
from prometheus_client import CollectorRegistry

from futurisys.metrics import collected
from predictions.models import AlertRule
from scripts.docs import commands_page, settings_table
from tests.worlds import ROOT

PAGE = ROOT / "docs" / "operations.md"
_NAME = re.compile(r"`([^`]+)`")


def named(heading: str, page: Path = PAGE) -> list[str]:
    """What the first column of the table below a heading names."""
    section = page.read_text("utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("|")]
    return [name for row in rows for name in _NAME.findall(row)]


def is_exactly(heading: str, wanted: set[str]) -> None:
    found = named(heading)
    assert len(found) == len(set(found)), "something is named twice"
    assert not wanted - set(found), f"missing below “{heading}” of docs/operations.md"
    assert not set(found) - wanted, f"below “{heading}” of docs/operations.md, and there is no such thing"


def test_every_setting_is_named() -> None:
    is_exactly("Settings", set(settings_table.reads()))


@pytest.mark.django_db
def test_every_metric_is_named() -> None:
    is_exactly("Metrics", metrics(collected()))


def metrics(registry: CollectorRegistry) -> set[str]:
    """As Prometheus calls them."""
    return {f"{one.name}_total" if one.type == "counter" else one.name for one in registry.collect()}


def test_every_kind_of_alert_is_named() -> None:
    is_exactly("Alerts", {kind.value for kind in AlertRule.Kind})


def test_every_command_is_named() -> None:
    is_exactly("Commands", set(commands_page.commands()))


def test_every_task_of_beat_is_named() -> None:
    is_exactly("Tasks of beat", {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()})


def test_every_target_of_make_is_named() -> None:
    is_exactly("Targets of make", set(commands_page.targets()))


@pytest.mark.parametrize("name", ["operations.md", "backup.md", "upgrade.md"])
def test_commands_and_files_that_the_pages_name_exist(name: str) -> None:
    text = (ROOT / "docs" / name).read_text("utf-8")
    called = set(re.findall(r"manage\.py ([a-z_]+)", text))
    files = set(re.findall(r"`((?:scripts|tests|futurisys)/[\w/.]+)(?: [a-z]+)?`", text))
    assert called | files
    assert called <= set(get_commands())
    assert not [path for path in files if not (ROOT / path).exists()]
