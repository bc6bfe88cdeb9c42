"""Write docs/openapi.json from the code."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from futurisys import openapi


class Command(BaseCommand):
    help = "Write docs/openapi.json, which /api/v1/schema serves. Commit it with the change that made it differ."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = openapi.text()
        except RuntimeError as error:
            raise CommandError(str(error)) from error
        openapi.FILE.write_text(text, "utf-8")
        self.stdout.write(f"Wrote {openapi.FILE.name}: {len(text):,} characters.")
