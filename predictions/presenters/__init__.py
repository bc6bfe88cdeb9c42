"""What pages show of an answer: display logic that would be more than an {% if %} in a template."""

from predictions.presenters.answer import Probability, RecordPage
from predictions.presenters.factors import Factor
from predictions.presenters.lists import Row, rows
from predictions.presenters.values import shown_output, shown_value, source_of

__all__ = ["Factor", "Probability", "RecordPage", "Row", "rows", "shown_output", "shown_value", "source_of"]
