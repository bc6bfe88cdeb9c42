"""`manage.py load_demo_history`: half a year of the attrition example, for a look at the monitoring pages."""

import subprocess
import time
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from predictions.demo_history import loading
from predictions.demo_history.users import Users
from predictions.demo_history.versions import NAME, Failed
from registry.exceptions import RegistryError


class Command(BaseCommand):
    help = "Load six months of made-up answers into the demo; a second time goes on, or says that it is there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=_several, help="How many days until yesterday; 183 when left out.")
        parser.add_argument("--a-day", type=_several, help="Questions of a working day; about 200 when left out.")
        parser.add_argument("--asked-by", default="business")
        parser.add_argument("--decided-by", default="decider")
        parser.add_argument("--by", default="admin", help="Who puts the versions in charge.")

    def handle(self, *args: Any, **options: Any) -> None:
        self.started = time.monotonic()
        try:
            users = Users.called(options["asked_by"], options["decided_by"], options["by"])
            loaded = loading.load(users=users, say=self._say, days=options["days"], a_day=options["a_day"])
        except (Failed, RegistryError, subprocess.SubprocessError) as error:
            raise CommandError(str(error)) from error
        if not loaded.new:
            self.stdout.write(f"The history was there already: /monitoring/models/{NAME}/")
            return
        self._say(f"loaded {loaded.new} answers of {loaded.plan.days} days: /monitoring/models/{NAME}/")

    def _say(self, text: str) -> None:
        self.stdout.write(f"[{time.monotonic() - self.started:5.1f} s] {text}")
        self.stdout.flush()


def _several(text: str) -> int:
    """A whole number from 10: of fewer days, or questions a day, nothing could be seen."""
    if not text.isascii() or not text.isdecimal() or not 10 <= int(text) <= 1000:
        raise ArgumentTypeError("must be a whole number from 10 to 1000")
    return int(text)
