"""Moments as callers write them."""

import re
from datetime import UTC, datetime

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def moment(text: str) -> datetime:
    """With its zone: without one, what is found would depend on where the server stands. Raises ValueError."""
    written = text.strip().replace(" ", "+").upper()  # a "+" in an address means a space
    try:
        found = parse_datetime(written) if _MOMENT.fullmatch(written) else None
    except ValueError:
        found = None
    if found is None:
        raise ValueError(_("Send a moment with its zone, like 2026-03-03T10:00:00Z."))
    try:  # PostgreSQL takes no zone beyond 15:59
        return found.astimezone(UTC)
    except OverflowError:  # the first and the last day there are
        return EARLIEST if found.year == 1 else LATEST
