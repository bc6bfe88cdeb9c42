"""How a template shows what a worker stored in English."""

from django import template
from django.utils.safestring import SafeString

from registry import automation, said
from registry.models import LedgerEntry

register = template.Library()


@register.filter(name="said")
def in_language(text: str) -> SafeString:
    """A stored sentence in the reader's language; marked as English where that is not known."""
    return said.in_language(text or "").html


@register.filter
def ledger_reason(entry: LedgerEntry) -> str:
    """Why an entry was written: the robot's reason like other stored sentences, a person's as it was typed."""
    return in_language(entry.reason) if entry.by.get_username() == automation.ROBOT else entry.reason
