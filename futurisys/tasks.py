"""Celery's doors into the accounts."""

from typing import Any

from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone

from futurisys.accounts import mails, tokens


@shared_task
def mail_reset(*, email: str, language: str, host: str, secure: bool, **_kwargs: Any) -> None:
    """Write to whoever has this address."""
    mails.write(email=email, language=language, host=host, secure=secure)


@shared_task
def forget_expired(**_kwargs: Any) -> None:
    """Every hour: tokens and sessions that open nothing any more."""
    at = timezone.now()
    tokens.forget_expired(at=at)
    Session.objects.filter(expire_date__lt=at).delete()
