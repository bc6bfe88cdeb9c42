"""What somebody sent after the session had ended: kept while they log in again, and given to nobody else.

The form carries a mark, signed by this server, that says who opened it: without one nothing is kept, and another person
who logs in at the same computer does not get it.
"""

from typing import Any

from django.contrib.auth.models import User
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest
from django.utils import timezone

from predictions.typed import PREFIX

FIELD = "asker"
SECONDS = 3600
LONGEST = 100_000  # characters of all values together
_KEY = "draft"
_KEPT = ("record", "answer", "idempotency_key")
_signer = Signer(salt="predictions.drafts")


def mark(user: Any, model: str) -> str:
    """Who opened the form of which model, for its hidden field."""
    return _signer.sign_object([user.pk, model])


def keep(request: HttpRequest, model: str) -> None:
    """Remember the texts of a form whose sender is not logged in, for an hour. Files are not kept."""
    try:
        user, opened = _signer.unsign_object(request.POST.get(FIELD, ""))
    except (BadSignature, ValueError):
        return
    values = {name: value for name, value in request.POST.items() if name.startswith(PREFIX) or name in _KEPT}
    if opened != model or sum(len(name) + len(str(value)) for name, value in values.items()) > LONGEST:
        return
    request.session[_KEY] = {"user": user, "model": model, "at": _now(), "values": values}
    request.session.set_expiry(SECONDS)


def is_kept(request: HttpRequest) -> bool:
    """Whether this browser has sent a form that waits for its sender."""
    draft = request.session.get(_KEY)
    return draft is not None and _now() - draft["at"] <= SECONDS


def take(request: HttpRequest, model: str, user: User) -> dict[str, str] | None:
    """What this person had typed into this model's form, once; None when there is nothing."""
    draft = request.session.get(_KEY)
    if not draft:
        return None
    if request.session.get("_session_expiry") == SECONDS:  # ours: being logged in lasts as long as it always does
        request.session.set_expiry(None)
    is_over = draft["user"] != user.pk or _now() - draft["at"] > SECONDS
    if is_over or draft["model"] == model:
        del request.session[_KEY]
    values: dict[str, str] = draft["values"]
    return values if draft["model"] == model and not is_over else None


def _now() -> float:
    return timezone.now().timestamp()
