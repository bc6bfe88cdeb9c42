from argparse import ArgumentParser
from time import monotonic, sleep
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from registry import actions, clock, discovery
from registry.exceptions import RegistryError
from registry.models import LEASE, Delivery, ModelVersion, RegisteredModel

POLL_SECONDS = 0.5


class Command(BaseCommand):
    help = "Ask the Hub for the head of each tracked model and import what is new. Serving does not notice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help="Models to sync; all of them when none is named.")
        parser.add_argument("--commit", default="", help="Import this commit (40 hex digits) of the one model named.")

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

    def _sync(self, model: RegisteredModel, commit: str) -> bool:
        try:
            delivery = discovery.note(model=model, kind=Delivery.Kind.COMMAND, commit=commit)
        except RegistryError as error:
            self.stderr.write(f"{model}: {error}")
            return False
        delivery = discovery.sync(delivery, at=clock.now(), progress=self._progress)
        if delivery.version and delivery.outcome == Delivery.Outcome.WAITING:
            self._wait(delivery, delivery.version)
        return self._report(delivery)

    def _wait(self, delivery: Delivery, version: ModelVersion) -> None:
        """Until the process that imports the version has ended that; when it was killed, import in its place."""
        self._progress(f"{version}: another process is importing it, which is waited for")
        until = monotonic() + 2 * LEASE.total_seconds()  # of the other one's, and of ours
        while delivery.outcome == Delivery.Outcome.WAITING and monotonic() < until:
            sleep(POLL_SECONDS)
            actions.import_version(version=version, at=clock.now(), progress=self._progress)
            discovery.settle(version)
            delivery.refresh_from_db()

    def _progress(self, message: str) -> None:
        self.stdout.write(f"  {message} ...")

    def _report(self, delivery: Delivery) -> bool:
        version = delivery.version
        if version is None:
            self.stderr.write(f"{delivery.model}: {delivery.text}")
            return False
        if delivery.outcome == Delivery.Outcome.WAITING:
            self.stderr.write(f"{version}: another process is still importing it.")
            return False
        if version.status == ModelVersion.Status.REJECTED:
            self.stderr.write(f"{version} ({version.commit[:8]}) rejected: {version.reason}")
            return False
        what = "imported" if delivery.outcome == Delivery.Outcome.IMPORTED else "unchanged"
        state = "a draft" if version.is_draft else version.status
        self.stdout.write(f"{version} ({version.commit[:8]}) {what}: {state}, runtime {version.runtime}.")
        for text in (version.reason, delivery.text, _next_step(version)):
            if text:
                self.stdout.write(f"  {text}")
        return True


def _next_step(version: ModelVersion) -> str:
    """What a draft needs before it can be promoted."""
    if not version.is_draft:
        return ""
    page = f"/registry/{version.model}/versions/{version.number}/signature"
    command = f"confirm_signature {version.model} --number {version.number} --by USERNAME"
    return f"Look at the inferred signature on the page {page} or with “{command} --show”, then confirm it there."
