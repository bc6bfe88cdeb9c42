"""Mails with a way to a new password. The worker writes them, so that no page answers later for an address it knows."""

import logging
import threading

from celery import current_app
from django.conf import settings
from django.contrib.auth.forms import PasswordResetForm
from django.db import transaction
from django.utils import translation

logger = logging.getLogger(__name__)
TASK = "futurisys.tasks.mail_reset"
PATIENCE_SECONDS = 1.0


def are_sent() -> bool:
    """Whether somebody can get a mail: in production only through a server."""
    return bool(settings.EMAIL_HOST) or not settings.PRODUCTION


def are_files() -> bool:
    """Whether mails are files on this machine."""
    return not settings.EMAIL_HOST


def ask(*, email: str, language: str, host: str, secure: bool) -> None:
    """Ask the worker for a mail; a broker that is away is in the log, and keeps nobody waiting."""
    asked = {"email": email, "language": language, "host": host, "secure": secure}
    transaction.on_commit(lambda: _ask_worker(asked))


def write(*, email: str, language: str, host: str, secure: bool) -> None:
    """The mail to whoever has that address and a password; nothing when nobody has."""
    form = PasswordResetForm({"email": email})
    with translation.override(language):
        if form.is_valid():
            form.save(
                domain_override=host,
                use_https=secure,
                subject_template_name="registration/reset_subject.html",
                email_template_name="registration/reset_mail.html",
            )


def _ask_worker(asked: dict[str, object]) -> None:
    thread = threading.Thread(target=_send, args=(asked,), name="mail", daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)


def _send(asked: dict[str, object]) -> None:
    try:  # by name: the task's module is a door
        current_app.send_task(TASK, kwargs=asked, retry=False)
    except Exception:
        logger.exception("broker unavailable")
