"""Mails about alerts: a row for each step and person is the truth, and whatever sends it may come late or twice.

A mail server that is away loses nothing: a row is tried again, five times in all. Should a worker die between sending
and noting it, the mail goes out twice, with the same Message-ID.
"""

import smtplib
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from predictions.models import AlertEvent, AlertMail, AlertSubscriber
from predictions.monitoring.alerts import sentences
from predictions.monitoring.alerts.stories import Story, title_of_model
from registry.models import RegisteredModel

Status = AlertMail.Status
RIGHT = "predictions.view_monitoring"
WAITS = (1, 5, 30, 120)  # minutes after each attempt that failed
ATTEMPTS = len(WAITS) + 1
LEASE = timedelta(minutes=3)  # longer than a mail server is waited for
LONGEST_SUBJECT = 180

# Why a mail was not sent, as it is stored. What the server said is not: it may repeat addresses and passwords.
UNREACHABLE, LOGIN, REFUSED, BROKEN, NOBODY = "unreachable", "login", "refused", "broken", "nobody"


def are_sent() -> bool:
    """Whether mails go out: in production only through a server."""
    return bool(settings.EMAIL_HOST) or not settings.PRODUCTION


def may_get(user: User) -> bool:
    """Whether this person can be told by mail."""
    return bool(user.is_active and user.email and user.has_perm(RIGHT))


def note(event: AlertEvent, model: RegisteredModel) -> None:
    """A mail to each subscriber of the model, to be sent soon. In the transaction of the step that it is about."""
    if not are_sent():
        return
    told = AlertSubscriber.objects.filter(model=model).select_related("user").order_by("pk")
    people = [one.user for one in told if may_get(one.user)]
    AlertMail.objects.bulk_create([AlertMail(event=event, user=user) for user in people])


def send_next(at: datetime) -> bool:
    """Send one mail that waits; False when none does, or the server is away and the next one had better wait too."""
    mail = _take(at)
    if mail is None:
        return False
    problem = _sent(mail)
    _settle(mail, problem, at)
    return problem != UNREACHABLE


def _take(at: datetime) -> AlertMail | None:
    """Lease a mail whose turn has come. Nobody reads that it is over before that it began."""
    free = Q(leased_until=None) | Q(leased_until__lte=at)
    with transaction.atomic():
        row = (
            AlertMail.objects.filter(free, status=Status.WAITING)
            .exclude(Exists(_before()))
            .order_by("id")
            .select_for_update(skip_locked=True)
            .first()
        )
        if row is None:
            return None
        row.attempts += 1
        row.leased_until = at + LEASE
        row.save(update_fields=["attempts", "leased_until"])
    return AlertMail.objects.select_related("user__preferences", "event__by", "event__alert__rule__model").get(
        pk=row.pk
    )


def _before() -> QuerySet[AlertMail]:
    """Mails to the same person about an earlier step of the same alert that still wait."""
    same = {"user": OuterRef("user"), "event__alert": OuterRef("event__alert")}
    return AlertMail.objects.filter(status=Status.WAITING, id__lt=OuterRef("id"), **same)


def _sent(mail: AlertMail) -> str:
    """Send it; why that failed, empty when it did not."""
    if mail.attempts > ATTEMPTS:  # workers died over it
        return BROKEN
    if not may_get(mail.user):
        return NOBODY
    try:
        with get_connection() as server:  # without “with”, Django leaves it open when the login fails
            server.send_messages([message(mail)])
    except smtplib.SMTPAuthenticationError:
        return LOGIN
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        return f"{REFUSED} {_code(error)}"
    except (smtplib.SMTPServerDisconnected, smtplib.SMTPConnectError, OSError) as error:
        # smtplib's own errors are OSErrors too: what is left of them was said by a server that is there.
        is_away = not isinstance(error, smtplib.SMTPException) or isinstance(error, smtplib.SMTPConnectError)
        return UNREACHABLE if is_away else BROKEN
    return ""


def _code(error: smtplib.SMTPException) -> int:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next(iter(error.recipients.values()))[0]
    return int(getattr(error, "smtp_code", 0))


def _settle(mail: AlertMail, problem: str, at: datetime) -> None:
    mine = AlertMail.objects.filter(pk=mail.pk, status=Status.WAITING, attempts=mail.attempts)
    if not problem:
        mine.update(status=Status.SENT, problem="", leased_until=None, finished_at=at)
    elif mail.attempts >= ATTEMPTS or problem == NOBODY:
        mine.update(status=Status.FAILED, problem=problem, leased_until=None, finished_at=at)
    else:
        mine.update(problem=problem, leased_until=at + timedelta(minutes=WAITS[mail.attempts - 1]))


def problem_of(mail: AlertMail) -> str:
    """Why it was not sent (yet), as a sentence in the reader's language; empty when nothing went wrong."""
    reason, _space, code = mail.problem.partition(" ")
    told = {
        UNREACHABLE: _("The mail server could not be reached."),
        LOGIN: _("The mail server refused the product’s own login: EMAIL_HOST_USER and EMAIL_HOST_PASSWORD."),
        REFUSED: _("The mail server refused the mail: %(code)s.") % {"code": code},
        BROKEN: _("The mail server broke off before it had taken the mail."),
        NOBODY: _("This person has no address, no right or no account any more."),
    }
    return told.get(reason, "")


# --- what stands in it --------------------------------------------------------------------------------------


def message(mail: AlertMail) -> EmailMessage:
    """The mail in the language of its reader."""
    kept = getattr(mail.user, "preferences", None)
    with translation.override(kept.language if kept else settings.LANGUAGE_CODE):
        alert = mail.event.alert
        context = {
            "story": Story(alert, title_of_model(alert.rule.model)),
            "event": mail.event,
            "value": sentences.measured(alert.rule.kind, mail.event.value),
            "user": mail.user,
            "url": _site(reverse("alert", args=[alert.pk])),
            "rules_url": _site(reverse("monitoring-rules", args=[alert.rule.model.name])),
        }
        subject = " ".join(render_to_string("monitoring/alerts/mail_subject.html", context).split())
        body = "\n".join(_lines(render_to_string("monitoring/alerts/mail.html", context)))
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(" >") or "localhost"
    headers = {"Message-ID": f"<alert-{mail.event_id}-{mail.user_id}@{domain}>", "Auto-Submitted": "auto-generated"}
    return EmailMessage(subject[:LONGEST_SUBJECT], body, to=[mail.user.email], headers=headers)


def _lines(text: str) -> Iterator[str]:
    """Without the empty lines that conditions of the template leave."""
    was_empty = True
    for line in text.strip().splitlines():
        if line.strip() or not was_empty:
            yield line.rstrip()
        was_empty = not line.strip()


def _site(path: str) -> str:
    return f"{settings.SITE_URL}{path}"
