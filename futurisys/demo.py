"""The demo of `make run`: its settings file, and what the first start trains, publishes, promotes and imports."""

import contextlib
import io
import os
import secrets
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from django.apps import apps
from django.core.management import call_command
from django.utils.translation import gettext_noop

from futurisys.supervisor import Child, Supervisor

# The quick ones first; one default per kind of input.
EXAMPLES: dict[str, list[str]] = {"iris": [], "digits": ["--default"], "attrition": ["--default"]}
RECORDS = gettext_noop("Employees")  # stored in English, said in the language of who reads it
HISTORY = "Load a demo history"  # the button of templates/monitoring/includes/demo.html
gettext_noop("Employee")  # what the key column `id_employee` is called
# Where libraries would write into the home folder or /tmp.
FOLDERS = {"HF_HOME": "huggingface", "MPLCONFIGDIR": "matplotlib", "TMPDIR": "tmp"}
Step = Callable[[str], AbstractContextManager[None]]


def environment(var: Path) -> dict[str, str]:
    """Variables that keep every cache and temporary file under `var`, for this process and its children."""
    folders = {name: str(var / folder) for name, folder in FOLDERS.items()}
    return folders | {
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_VERBOSITY": "error",
        "ORT_DISABLE_TELEMETRY": "1",
        "PYTHONUNBUFFERED": "1",
    }


def write_settings(path: Path, hub: str) -> bool:
    """Write the file that settings.py reads, so that `manage.py` in another terminal means this instance.

    Secrets that are in it are kept. Returns whether it changed.
    """
    found = _read(path)
    wanted = {
        "FUTURISYS_ENV": "demo",
        "SECRET_KEY": found.get("SECRET_KEY") or secrets.token_urlsafe(60),
        "FUTURISYS_LOOPBACK_TOKEN": found.get("FUTURISYS_LOOPBACK_TOKEN") or secrets.token_urlsafe(24),
        "FUTURISYS_LOOPBACK_WEBHOOK_SECRET": found.get("FUTURISYS_LOOPBACK_WEBHOOK_SECRET")
        or secrets.token_urlsafe(24),
        "FUTURISYS_LOOPBACK_HUB": hub,
    }
    if wanted == found:
        return False
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{name}={shlex.quote(value)}\n" for name, value in wanted.items())
    new.rename(path)
    return True


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    lines = (line.partition("=") for line in path.read_text().splitlines())
    return {name: "".join(shlex.split(value)) for name, _, value in lines}


class FirstStart:
    """Train the examples, put them in charge through a Hub, as any model gets there, and load the records to ask about.

    An interrupted one is resumed: a trained example is not trained again, one in charge is left alone.
    """

    def __init__(self, supervisor: Supervisor, var: Path, step: Step) -> None:
        self.supervisor, self.step = supervisor, step
        self.folder, self.log = var / "examples", var / "log" / "first-start.log"
        self.employees = self.folder / "employees.csv"
        self.training: dict[str, Child] = {}

    def train(self) -> None:
        """Begin to train, in the background, what was not trained before."""
        self.folder.mkdir(exist_ok=True)
        for name in EXAMPLES:
            if not (self.folder / name).exists():
                out = self.folder / f"{name}.part"
                shutil.rmtree(out, ignore_errors=True)
                command = [sys.executable, f"examples/{name}/train.py", "--out", str(out), *self._data(name)]
                self.training[name] = self.supervisor.start(f"train-{name}", command)

    def _data(self, name: str) -> list[str]:
        if name != "attrition":
            return []
        folder = os.environ.get("FUTURISYS_ATTRITION_DATA")
        return ["--people", str(self.employees), *(["--data", folder] if folder else [])]

    def promote(self) -> None:
        """Publish, track, import and promote every example that nobody put in charge yet."""
        ledger = apps.get_model("registry", "LedgerEntry").objects
        for name, options in EXAMPLES.items():
            if name in self.training:
                with self.step(f"train {name}"):
                    self.supervisor.finish(self.training[name])
                    (self.folder / f"{name}.part").rename(self.folder / name)
            if not ledger.filter(model__name=name).exists():
                with self.step(f"publish, import and promote {name}"), self._quietly():
                    self._put_in_charge(name, options)
        if not apps.get_model("predictions", "Dataset").objects.exists():
            with self.step("import the employees"), self._quietly():
                self._import_employees()
        if not apps.get_model("predictions", "Decision").objects.exists():
            with self.step("record what became of an employee"), self._quietly():
                self._record_case()

    def _record_case(self) -> None:
        """One answer that was decided about and whose outcome is known, and some that wait for a decision."""
        people = ["--asked-by", "business", "--decided-by", "decider", "--by", "admin"]
        call_command("record_example_case", "--dataset", "employees", *people)

    def _import_employees(self) -> None:
        """Everybody in the company; of a model that was trained by an earlier release, the people of its test set."""
        file = self.employees if self.employees.exists() else self.folder / "attrition" / "test_set.csv"
        into = ["--dataset", "employees", "--title", RECORDS, "--key", "id_employee"]
        call_command("import_records", str(file), *into, "--model", "attrition", "--example", "--by", "admin")

    def _put_in_charge(self, name: str, options: list[str]) -> None:
        place = ["--repo", f"demo/{name}", "--endpoint", "loopback"]
        # Unchecked: the import is the same check.
        call_command("publish_model", str(self.folder / name), *place, "--no-check")
        call_command("track_model", name, *place, *options)
        # Nobody else imports here: what is marked so was interrupted.
        versions = apps.get_model("registry", "ModelVersion").objects
        versions.filter(model__name=name, status="importing").update(leased_until=None, attempts=0)
        call_command("sync_models", name)
        call_command("promote", name, "--reason", "First version of the demo.", "--by", "admin")

    @contextlib.contextmanager
    def _quietly(self) -> Iterator[None]:
        """What the commands say goes to a file: here a step is a line."""
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said):
                yield
        finally:
            with self.log.open("a") as file:
                file.write(said.getvalue())
