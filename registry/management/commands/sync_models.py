from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from registry import actions
from registry.exceptions import RegistryError
from registry.hub import HubError
from registry.models import ModelVersion, RegisteredModel


class Command(BaseCommand):
    help = "Ask the Hub for the head of each tracked model and import what is new. Serving does not notice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help="Models to sync; all of them when none is named.")
        parser.add_argument("--commit", help="Import this commit (40 hex digits) of the one model named.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["commit"] and len(options["names"]) != 1:
            raise CommandError("Name the one model that --commit belongs to.")
        try:
            names = options["names"]
            models = [actions.get_model(name) for name in names] or list(RegisteredModel.objects.order_by("name"))
        except RegistryError as error:
            raise CommandError(str(error)) from error
        failed = [model.name for model in models if not self._sync(model, options["commit"])]
        if failed:
            raise CommandError(f"Not served: {', '.join(failed)}. What served before goes on serving.")

    def _sync(self, model: RegisteredModel, commit: str | None) -> bool:
        try:
            version, new = actions.discover(model=model, commit=commit)
            if new and not actions.import_version(version=version, at=timezone.now(), progress=self._progress):
                self.stdout.write(f"{version}: another process is importing it.")
                return True
        except (HubError, RegistryError) as error:
            self.stderr.write(f"{model}: {error}")
            return False
        version.refresh_from_db()
        return self._report(version, new=new)

    def _progress(self, message: str) -> None:
        self.stdout.write(f"  {message} ...")

    def _report(self, version: ModelVersion, *, new: bool) -> bool:
        if version.status == ModelVersion.Status.REJECTED:
            self.stderr.write(f"{version} ({version.commit[:8]}) rejected: {version.reason}")
            return False
        what = "imported" if new else "unchanged"
        self.stdout.write(f"{version} ({version.commit[:8]}) {what}: {version.status}, runtime {version.runtime}.")
        if version.reason:
            self.stdout.write(f"  {version.reason}")
        return True
