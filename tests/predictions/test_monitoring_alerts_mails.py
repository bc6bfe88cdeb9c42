"""Mails about alerts, through a server that takes, refuses or drops them: nothing is lost, nothing is told twice."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from futurisys.accounts import preferences
from predictions import tasks
from predictions.models import Alert, AlertMail, AlertSubscriber
from predictions.monitoring.alerts import mails, verbs
from registry import clock
from registry.models import ModelVersion
from tests.predictions.alerting import Kind, failing, fired, in_hour, only, told
from tests.predictions.mail_server import DROPS, NO_LOGIN, REFUSES, SECRET, TAKES, MailServer, running
from tests.worlds import ROOT, member


@pytest.fixture
def server(settings) -> Iterator[MailServer]:
    settings.SITE_URL = "https://futurisys.example"
    with running(settings) as found:
        yield found


@pytest.fixture
def manager(iris: ModelVersion) -> User:
    return told(iris, first_name="Ada")


@pytest.fixture
def alert(server: MailServer, iris: ModelVersion, manager: User) -> Alert:
    """An alert that fires, of which one mail has to be sent."""
    return fired(iris)


def send(after: float = 0) -> None:
    """All that can be sent so many minutes from now."""
    at = timezone.now() + timedelta(minutes=after)
    for _ in range(50):
        if not mails.send_next(at):
            return


def row() -> AlertMail:
    return AlertMail.objects.get()


def body(mail: EmailMessage) -> str:
    return mail.get_content()


def test_it_says_what_is_wrong_and_where_to_look(server: MailServer, alert: Alert) -> None:
    send()
    (mail,) = server.mails
    assert (mail["To"], mail["Subject"]) == ("manager@example.org", "Alert – Iris: Questions without an answer")
    text = body(mail)
    assert "Hello Ada," in text
    assert "10% of 100 questions got no answer in the two hours from" in text
    assert "Fires at: more than 5%" in text
    assert f"https://futurisys.example/monitoring/alerts/{alert.pk}/" in text
    assert "https://futurisys.example/monitoring/models/iris/alerts/" in text
    assert "\n\n\n" not in text
    assert mail["Auto-Submitted"] == "auto-generated"
    assert (row().status, row().attempts, row().problem) == ("sent", 1, "")
    send(after=600)
    assert len(server.mails) == 1


def test_it_speaks_the_language_of_its_reader(server: MailServer, manager: User, iris: ModelVersion) -> None:
    preferences.keep(user=manager, language="fr", theme="auto")
    told(iris, "auditor", "auditor")
    fired(iris)
    send()
    first, second = server.mails
    assert first["Subject"].startswith("Alerte – Iris")
    assert "Bonjour Ada," in body(first)
    assert second["Subject"].startswith("Alert – Iris")


def test_the_end_is_told_with_who_ended_it(server: MailServer, alert: Alert, manager: User, iris: ModelVersion) -> None:
    wanted = {"errors": verbs.Setting(False, 0.05, 0)}
    verbs.change_rules(model=iris.model, wanted=wanted, by=manager, at=timezone.now())
    send()
    assert [mail["Subject"][:4] for mail in server.mails] == ["Aler", "Over"]
    assert "Ada changed the rule or switched it off." in body(server.mails[1])
    assert "It had fired because of this: 10% of 100 questions" in body(server.mails[1])


def test_a_subject_is_one_line(server: MailServer, alert: Alert, iris: ModelVersion) -> None:
    subject = mails.message(AlertMail.objects.select_related("user", "event__alert__rule__model").get()).subject
    assert "\n" not in subject
    assert len(subject) <= mails.LONGEST_SUBJECT


@pytest.mark.parametrize(("mood", "problem"), [(REFUSES, "refused 550"), (DROPS, "broken"), (NO_LOGIN, "login")])
def test_what_a_server_refuses_is_tried_again(
    server: MailServer, alert: Alert, settings, caplog, mood: str, problem: str
) -> None:
    server.mood = mood
    if mood == NO_LOGIN:
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "futurisys", SECRET
    send()
    assert (row().status, row().attempts, row().problem) == ("waiting", 1, problem)
    assert mails.problem_of(row())
    assert SECRET not in row().problem + mails.problem_of(row()) + caplog.text
    server.mood, settings.EMAIL_HOST_USER = TAKES, ""
    send()
    assert server.mails == []  # its time has not come
    send(after=1.1)
    assert (row().status, row().attempts, len(server.mails)) == ("sent", 2, 1)


def test_after_five_attempts_it_is_given_up(server: MailServer, alert: Alert) -> None:
    server.mood, minute, attempts = REFUSES, 0.0, []
    for minute in range(400):
        send(after=minute)
        if row().attempts > len(attempts):
            attempts.append(minute)
    assert attempts == [0, 1, 6, 36, 156]
    assert (row().status, row().attempts, row().problem) == ("failed", 5, "refused 550")
    assert mails.problem_of(row()) == "The mail server refused the mail: 550."


def test_a_server_that_is_away_holds_up_all_and_loses_none(
    server: MailServer, iris: ModelVersion, manager: User, settings
) -> None:
    told(iris, "auditor", "auditor")
    fired(iris)
    settings.EMAIL_PORT = 1  # nobody listens there
    send()
    assert sorted(AlertMail.objects.values_list("attempts", "problem")) == [(0, ""), (1, "unreachable")]
    settings.EMAIL_PORT = server.port
    send(after=1.1)
    assert {*AlertMail.objects.values_list("status", flat=True)} == {"sent"}
    assert len(server.mails) == 2


def test_nobody_reads_that_it_is_over_before_that_it_began(
    server: MailServer, alert: Alert, iris: ModelVersion
) -> None:
    server.mood = REFUSES
    send()
    failing(iris, failures=0)
    verbs.watch(timezone.now())
    server.mood = TAKES
    send()
    assert server.mails == []
    send(after=1.1)
    assert [mail["Subject"][:4] for mail in server.mails] == ["Aler", "Over"]


@pytest.mark.parametrize("change", [{"is_active": False}, {"email": ""}])
def test_who_left_meanwhile_is_not_written_to(server: MailServer, alert: Alert, manager: User, change: dict) -> None:
    User.objects.filter(pk=manager.pk).update(**change)
    send()
    assert (row().status, row().problem, server.mails) == ("failed", "nobody", [])


def test_a_worker_that_died_over_it_is_followed_by_another(server: MailServer, alert: Alert) -> None:
    assert mails._take(timezone.now())
    send()
    assert server.mails == []  # it is leased
    send(after=3.1)
    assert (row().status, row().attempts, len(server.mails)) == ("sent", 2, 1)


def test_a_host_whose_clock_is_wrong_sends_nothing_twice(
    server: MailServer, alert: Alert, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mails._take(clock.now())
    wrong = timezone.now() + timedelta(hours=1)
    monkeypatch.setattr(timezone, "now", lambda: wrong)
    tasks.mail_alerts()
    assert server.mails == []


def test_who_comes_back_late_changes_nothing_of_what_another_does(server: MailServer, alert: Alert) -> None:
    now = timezone.now()
    late, other = mails._take(now), mails._take(now + timedelta(minutes=4))
    assert late
    assert other
    mails._settle(late, "broken", now + timedelta(minutes=5))
    assert (row().problem, row().leased_until) == ("", other.leased_until)


def test_one_that_kills_every_worker_is_given_up(server: MailServer, alert: Alert) -> None:
    for attempt in range(5):
        assert mails._take(timezone.now() + timedelta(hours=attempt))
    send(after=600)
    assert (row().status, row().problem, server.mails) == ("failed", "broken", [])


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_many_workers_send_each_once(server: MailServer, iris: ModelVersion) -> None:
    for number in range(8):
        user = member(f"u{number}", "auditor", email=f"u{number}@example.org")
        AlertSubscriber.objects.create(model=iris.model, user=user)
    in_hour(iris, timezone.now(), answers=90, failures=10)
    only(iris, Kind.ERRORS, for_minutes=0)
    verbs.watch(timezone.now())

    def work() -> None:
        send()
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(mail["To"] for mail in server.mails) == [f"u{number}@example.org" for number in range(8)]
    assert {*AlertMail.objects.values_list("status", "attempts")} == {("sent", 1)}
    assert len({mail["Message-ID"] for mail in server.mails}) == 8


# Where its links lead


PRODUCTION = {
    "FUTURISYS_ENV": "production",
    "SECRET_KEY": "x" * 60,
    "DATABASE_URL": "postgresql://app:x@127.0.0.1:5432/futurisys",
    "DATABASE_OWNER_URL": "postgresql://owner:x@127.0.0.1:5432/futurisys",
}


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"PORT": "8123"}, "http://127.0.0.1:8123"),
        ({"SITE_URL": "https://hr.example:8443/"}, "https://hr.example:8443"),
        (PRODUCTION | {"ALLOWED_HOSTS": ".example,hr.example"}, "https://hr.example"),
        (PRODUCTION | {"ALLOWED_HOSTS": "*"}, ""),
        (PRODUCTION | {"ALLOWED_HOSTS": "*", "EMAIL_HOST": "mail.example", "DEFAULT_FROM_EMAIL": "a@b.c"},
         "SITE_URL is not set: mails about alerts need the address of this site for their links."),
        ({"SITE_URL": "hr.example"}, "SITE_URL must look like https://futurisys.example."),
    ],
)  # fmt: skip
def test_links_begin_with_the_address_of_the_site(told: dict[str, str], said: str) -> None:
    code = "import futurisys.settings as settings; print(settings.SITE_URL)"
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")} | told
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert said in (done.stdout.strip() if done.returncode == 0 else done.stderr)
    assert bool(done.returncode) == said.startswith("SITE_URL")
