"""How a model learns of new versions: somebody says "look at the Hub", the Hub is asked, and what came of it is kept.

Webhook, poll, button and command each make a Delivery. The row is the truth: a message that is lost or doubled, or a
worker that dies, changes nothing. What a webhook says is only a reason to ask.
"""

import logging
import threading
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F, Q, QuerySet, Value
from django.utils import timezone
from django.utils.translation import gettext as _

from registry import automation
from registry.actions import Progress, endpoint_of, import_version, next_number, silent
from registry.exceptions import RegistryError
from registry.hub_events import HubEvent
from registry.hub_files import COMMIT, RepoHead, fingerprint
from registry.models import QUIET, Delivery, ModelVersion, RegisteredModel

logger = logging.getLogger(__name__)

Kind = Delivery.Kind
Outcome = Delivery.Outcome
Status = ModelVersion.Status

RESOLVE_SECONDS = 60.0
SEND_SECONDS = 0.5
GIVE_UP = timedelta(days=1)
POLL_DAYS = 7  # of the polls that say something new; the others replace each other
UNTRACKED_A_DAY = 100  # webhooks about repositories nobody tracks that are kept
NAMING = (Kind.BUTTON, Kind.COMMAND)  # their commit was asked for by name; that of a webhook is only what it said


# -- somebody says that the Hub should be asked


def announce(*, model: RegisteredModel, kind: Delivery.Kind, commit: str = "") -> Delivery:
    """Ask the worker to follow a model's head, or a commit named by its full id. Raises RegistryError for no commit."""
    with transaction.atomic():
        delivery = note(model=model, kind=kind, commit=commit)
        transaction.on_commit(lambda: _ask_worker(delivery))
    return delivery


def note(*, model: RegisteredModel, kind: Delivery.Kind, commit: str = "") -> Delivery:
    """A delivery that the caller will `sync` itself. Raises RegistryError for what is no commit."""
    if commit and not COMMIT.fullmatch(commit):
        text = _("“%(commit)s” is no commit: its 40 hexadecimal digits are needed.")
        raise RegistryError(text % {"commit": commit[:80]})
    named = {"ref": "" if commit else model.tracked_ref, "commit": commit, "repo_id": model.repo_id}
    return Delivery.objects.create(model=model, kind=kind, **named)


def receive(*, event: HubEvent, endpoints: Collection[str]) -> list[Delivery]:
    """Keep what a webhook of one of these Hubs said, a delivery for each model it is about; the worker asks the Hub.

    Models are found by the Hub's own id of the repository and by its name. Empty when it is about no model and
    enough such webhooks were kept today.
    """
    found = Q(repo_key=event.repo_key) | Q(repo_id=event.repo_id)
    with transaction.atomic():
        models = RegisteredModel.objects.filter(found, endpoint__in=endpoints).order_by("name")
        deliveries = [_received(event, model) for model in models] or _untracked(event)
        for delivery in deliveries:
            if delivery.outcome == Outcome.WAITING:
                transaction.on_commit(lambda delivery=delivery: _ask_worker(delivery))  # type: ignore[misc]
    return deliveries


def _received(event: HubEvent, model: RegisteredModel | None, why: str = "") -> Delivery:
    tracked = model.tracked_ref if model else ""
    ref = event.ref_of(tracked) or next(iter(event.refs), None)
    why = why or event.why_ignored(tracked)
    return Delivery.objects.create(
        kind=Kind.WEBHOOK,
        model=model,
        repo_id=event.repo_id,
        event=event.name,
        ref=ref.ref[:255] if ref else "",
        commit=ref.commit if ref else event.commit,
        outcome=Outcome.IGNORED if why else Outcome.WAITING,
        text=why,
        finished_at=timezone.now() if why else None,
    )


def _untracked(event: HubEvent) -> list[Delivery]:
    """A webhook of a whole organisation tells of much that concerns nobody: what is kept of it has a limit."""
    kept = Delivery.objects.filter(model=None).order_by("-id").values_list("created_at", flat=True)
    if any(at > timezone.now() - timedelta(days=1) for at in kept[UNTRACKED_A_DAY - 1 : UNTRACKED_A_DAY]):
        return []
    return [_received(event, None, f"No model tracks {event.repo_id}.")]


def _ask_worker(delivery: Delivery, **how: object) -> None:
    """Send the hint. A broker that is away loses nothing: the sweeper finds the row.

    In a thread of its own, because a broker that is away is tried for 6 s (measured), and a webhook waits here.
    """
    thread = threading.Thread(target=_send, args=(delivery.pk, how), name="hint", daemon=True)
    thread.start()
    thread.join(SEND_SECONDS)


def _send(delivery_id: int, how: dict[str, object]) -> None:
    try:  # by name: the task's module is a door
        current_app.send_task("registry.tasks.sync_model", kwargs={"delivery_id": delivery_id}, retry=False, **how)
    except Exception:
        logger.exception("broker unavailable", extra={"delivery": delivery_id})


# -- the Hub is asked


def sync(delivery: Delivery, *, at: datetime, progress: Progress = silent) -> Delivery:
    """Follow a delivery and import in this process what is new; the delivery, with what came of it.

    It is still waiting when another process is importing that version.
    """
    version, new = follow(delivery)
    if version is not None and new:
        import_version(version=version, at=at, progress=progress)
        settle(version)
    delivery.refresh_from_db()
    return delivery


def follow(delivery: Delivery) -> tuple[ModelVersion | None, bool]:
    """Ask the Hub for the tracked head, or the commit named; the version, and whether it has to be imported.

    One question answers every delivery of the model that waits for its head. The same commit, or a commit whose
    model files are unchanged, makes no new version. A Hub that fails is said in the delivery, and on the model when
    it was asked for the head; then, and when the delivery waits no more, there is no version.
    """
    asked, model = _waiting_with(delivery), delivery.model
    if model is None or not asked:
        return None, False
    named = delivery.commit if delivery.kind in NAMING else ""
    try:
        head = _head(model, named)
        said = _recognise(model, head)
        _note_sync(model, "", named)
    except RegistryError as error:
        _note_sync(model, str(error), named)
        _finish(asked, Outcome.FAILED, f"{error} {_still_serving(model)}".strip())
        return None, False
    with transaction.atomic():
        RegisteredModel.objects.select_for_update().get(pk=model.pk)
        # Asking again after a rejection is what a person, or a push, may want; a poll would do so for ever.
        version = _version_of(model, head, again=any(each.kind != Kind.POLL for each in asked))
    if version.status == Status.IMPORTING:
        _waiting(asked).update(version=version, text=said)
        return version, True
    outcome, text = _known(version, head)
    _finish(asked, outcome, f"{said} {text}".strip(), version)
    return version, False


def settle(version: ModelVersion) -> None:
    """Once an import has ended: say so in every delivery that waits for it, and consider promoting by itself."""
    version.refresh_from_db()
    if version.status == Status.IMPORTING:
        return
    with transaction.atomic():
        waiting = list(version.deliveries.filter(outcome=Outcome.WAITING).select_for_update().order_by("pk"))
        if not waiting:
            return  # somebody else has settled it
        outcome, text = _imported(version)
        if outcome == Outcome.IMPORTED:
            text = f"{text} {_considered(version)}".strip()
        for delivery in waiting:
            _finish([delivery], outcome, f"{delivery.text} {text}".strip(), version)


def _waiting(deliveries: Iterable[Delivery]) -> "QuerySet[Delivery]":
    return Delivery.objects.filter(pk__in=[each.pk for each in deliveries], outcome=Outcome.WAITING)


def _waiting_with(delivery: Delivery) -> list[Delivery]:
    """The delivery and those that the same question answers; none when it waits no more."""
    found = Delivery.objects.filter(model_id=delivery.model_id, outcome=Outcome.WAITING, version=None)
    if delivery.kind in NAMING and delivery.commit:
        found = found.filter(pk=delivery.pk)
    else:
        found = found.exclude(kind__in=NAMING, commit__gt="")
    deliveries = list(found.order_by("pk"))
    return deliveries if delivery in deliveries else []


def _head(model: RegisteredModel, commit: str) -> RepoHead:
    from registry import hub  # brings the Hub's client, which a web process need not carry

    return hub.resolve(
        endpoint=endpoint_of(model),
        repo_id=model.repo_id,
        revision=commit or model.tracked_ref,
        token=settings.HUB_TOKENS.get(model.endpoint) or None,
        budget_seconds=min(RESOLVE_SECONDS, settings.HUB_BUDGET_SECONDS),
    )


def _recognise(model: RegisteredModel, head: RepoHead) -> str:
    """Learn the repository's key at the first sync, and its new name when it was renamed, which is said.

    Raises RegistryError for another repository under the name: whoever may take a name that became free must not
    decide what is served.
    """
    if model.repo_key and head.repo_key not in (None, model.repo_key):
        raise RegistryError(
            f"Another repository has the name {head.repo_id} on {endpoint_of(model)} now; the one that was tracked is "
            "gone. Nothing was imported: track it anew if that is wanted (track_model)."
        )
    tracked = RegisteredModel.objects.filter(pk=model.pk, repo_id=model.repo_id, repo_key=model.repo_key)
    former, model.repo_id, model.repo_key = model.repo_id, head.repo_id, model.repo_key or head.repo_key or ""
    tracked.update(repo_id=model.repo_id, repo_key=model.repo_key)  # unless it was tracked anew meanwhile
    return "" if former == model.repo_id else f"{former} is called {model.repo_id} now."


def _note_sync(model: RegisteredModel, error: str, named: str) -> None:
    if not named:
        RegisteredModel.objects.filter(pk=model.pk).update(synced_at=timezone.now(), sync_error=error)


def _version_of(model: RegisteredModel, head: RepoHead, *, again: bool) -> ModelVersion:
    """The version of a resolved commit, a new one if need be. `again`: try a rejected one once more."""
    files = fingerprint(head)
    known = model.versions.filter(commit=head.commit).order_by("-number").first()
    if known is None and files:
        known = model.versions.ready().filter(report__remote_files=files).order_by("-number").first()
    if known is None:
        report = {"remote_files": files}
        return ModelVersion.objects.create(model=model, number=next_number(model), commit=head.commit, report=report)
    if known.status == Status.REJECTED and (again or known.report.get("temporary")):
        known.status, known.reason, known.attempts, known.leased_until = Status.IMPORTING, "", 0, None
        known.save(update_fields=["status", "reason", "attempts", "leased_until"])
    return known


# -- what came of it, in sentences


def _known(version: ModelVersion, head: RepoHead) -> tuple[Delivery.Outcome, str]:
    name = f"version {version.number} ({version.commit[:8]})"
    if version.status == Status.REJECTED:
        return Outcome.REJECTED, f"Nothing new: {name} was rejected. {version.reason}"
    if version.commit != head.commit:
        return Outcome.KNOWN, f"Nothing new: the model files of {head.commit[:8]} are those of {name}."
    return Outcome.KNOWN, f"Nothing new: {name} is its commit."


def _imported(version: ModelVersion) -> tuple[Delivery.Outcome, str]:
    name = f"Version {version.number} ({version.commit[:8]})"
    if version.status == Status.REJECTED:
        return Outcome.REJECTED, f"{name} was rejected. {version.reason}"
    if version.is_draft:
        return Outcome.IMPORTED, f"{name} is imported; its signature was inferred and has to be confirmed."
    return Outcome.IMPORTED, f"{name} is ready."


def _still_serving(model: RegisteredModel) -> str:
    return "What was imported goes on serving." if model.ledger.exists() else ""


def _considered(version: ModelVersion) -> str:
    """What came of the wish to promote by itself. An error of ours there must not hide that the import went well."""
    try:
        with transaction.atomic():
            return automation.consider(version)
    except Exception:
        logger.exception("automatic promotion failed", extra={"version": str(version)})
        return "Not promoted by itself: that stopped on an error of its own; the worker's log has it."


def _finish(asked: list[Delivery], outcome: Outcome, text: str, version: ModelVersion | None = None) -> None:
    _waiting(asked).update(outcome=outcome, text=text, version=version, finished_at=timezone.now())
    for poll in asked:
        if poll.kind == Kind.POLL:
            _replace_the_same(poll)


def _replace_the_same(poll: Delivery) -> None:
    """A poll that says what the poll before said takes its place: a quiet Hub, or a dead one, piles nothing up."""
    earlier = Delivery.objects.filter(model_id=poll.model_id, kind=Kind.POLL, pk__lt=poll.pk)
    before = earlier.exclude(outcome=Outcome.WAITING).order_by("-pk").first()
    poll.refresh_from_db()
    if before and (before.outcome, before.text, before.version_id) == (poll.outcome, poll.text, poll.version_id):
        before.delete()


# -- every minute


def poll(*, at: datetime) -> list[Delivery]:
    """Announce a poll of each model whose time has come; one that waits for an answer is not polled again."""
    interval = ExpressionWrapper(F("poll_minutes") * Value(timedelta(minutes=1)), output_field=DurationField())
    due = Q(synced_at=None) | Q(synced_at__lte=Value(at) - interval)
    models = RegisteredModel.objects.filter(due, poll_minutes__gt=0).order_by("pk")
    return [delivery for model in models if (delivery := _poll(model))]


def _poll(model: RegisteredModel) -> Delivery | None:
    with transaction.atomic():  # locked: two beats at once make one poll; whoever has the row is at work on it
        if not RegisteredModel.objects.select_for_update(skip_locked=True).filter(pk=model.pk).exists():
            return None
        if model.deliveries.filter(outcome=Outcome.WAITING).exists():
            return None
        return announce(model=model, kind=Kind.POLL)


def take_up_again(*, at: datetime) -> None:
    """Ask the worker again for deliveries whose message or worker was lost; after a day, say that it was in vain."""
    waiting = Delivery.objects.filter(outcome=Outcome.WAITING).select_related("version").order_by("pk")
    in_vain = "Nobody could follow this for a day; see the worker's log."
    waiting.filter(version=None, created_at__lt=at - GIVE_UP).update(
        outcome=Outcome.FAILED, text=in_vain, finished_at=at
    )
    asked = set()
    for delivery in waiting.filter(created_at__lt=at - QUIET):
        if delivery.version is not None:
            settle(delivery.version)
            continue
        question = (delivery.model_id, delivery.commit if delivery.kind in NAMING else "")
        if question not in asked:  # a message that waits longer than the next sweep is one too many
            _ask_worker(delivery, expires=60)
        asked.add(question)


def forget(*, at: datetime) -> None:
    """Delete finished deliveries that are too old to be looked at: DELIVERY_DAYS, polls after a week."""
    finished = Delivery.objects.exclude(outcome=Outcome.WAITING)
    finished.filter(created_at__lt=at - timedelta(days=settings.DELIVERY_DAYS)).delete()
    finished.filter(kind=Kind.POLL, created_at__lt=at - timedelta(days=min(POLL_DAYS, settings.DELIVERY_DAYS))).delete()
