"""What the headers of a call say, and those of its answer."""

import re

from django.utils.translation import gettext as _
from rest_framework.request import Request

from predictions.actions import Answer
from registry.api.base import wrong

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def idempotency_key(request: Request) -> str | None:
    """The Idempotency-Key header, bare or quoted. Raises InvalidInput for what is no key."""
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return None
    key = header[1:-1] if len(header) >= 2 and header[0] == header[-1] == '"' else header
    if not re.fullmatch(r"[\x21-\x7e]{1,255}", key):
        message = _("The Idempotency-Key must have 1 to 255 visible ASCII characters.")
        raise wrong("Idempotency-Key", "invalid", message)
    return key


def trace_id(request: Request) -> str:
    """The trace id of a W3C traceparent header; empty when there is none or it is malformed."""
    found = _TRACEPARENT.fullmatch(request.headers.get("traceparent", ""))
    return found[1] if found else ""


def of_answer(request: Request, answer: Answer) -> dict[str, str]:
    """The headers of an answer: whether it is a replay, and the trace that it belongs to."""
    headers = {"Idempotent-Replayed": "true"} if answer.replayed else {}
    if trace_id(request):
        headers["traceparent"] = request.headers["traceparent"]
    return headers
