"""A file of what is due, to be filled in and sent back: written as the reader's spreadsheet takes it."""

from collections.abc import Iterator
from datetime import date

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from predictions import model_cards
from predictions.imports.csv_files import MAX_ROWS
from predictions.outcomes import due
from predictions.outcomes.files import HEADINGS
from predictions.spreadsheets import Lines, safe
from registry.signature import Signature

CHUNK = 500


class Template:
    """Its lines. All words are looked up here, as the lines are made when the request is over."""

    def __init__(self, user: User) -> None:
        self.lines_of = Lines(Signature(task=""), [])
        self.headings = [
            str(HEADINGS["number"]),
            str(HEADINGS["key"]),
            _("Model"),
            _("Answered on"),
            str(HEADINGS["outcome"]),
            str(HEADINGS["observed"]),
        ]
        self.titles = {card.name: card.title for card in model_cards.model_cards()}
        # As spreadsheets of the language write days; of the others, each one reads the first.
        self.day = "%d/%m/%Y" if (get_language() or "").startswith("fr") else "%Y-%m-%d"
        # No more than a file may have that comes back.
        self.found = due.awaited(user).order_by("due_date", "prediction")[:MAX_ROWS]

    def lines(self) -> Iterator[str]:
        """Text, line by line, what waits longest first."""
        names = ("prediction_id", "prediction__key", "prediction__record__key", "model__name", "prediction__created_at")
        yield self.lines_of.first(self.headings)
        for number, key, record, model, moment in self.found.values_list(*names).iterator(chunk_size=CHUNK):
            told = [str(number), safe(key or record or ""), safe(self.titles.get(model, model))]
            yield self.lines_of.line([*told, self._written(timezone.localdate(moment)), "", ""], {})

    def _written(self, day: date) -> str:
        return f"{day:{self.day}}"
