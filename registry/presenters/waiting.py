"""What waits for a person in the registry: a line with a link each, as far as their rights go."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Max, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from registry import said
from registry.models import LedgerEntry, ModelVersion, PromotionRequest, RegisteredModel
from registry.presenters import model_title, person, states
from registry.presenters.states import State
from registry.signature import text_in

RECENT = timedelta(days=14)
REJECTED_SHOWN = 5


@dataclass(frozen=True)
class ModelInBrief:
    """A model in a line. `ready`, `candidate` and `draft`: the newest numbers of such versions, 0 when there is none."""

    pk: int
    name: str
    title: str
    description: str
    is_image: bool
    champion: int | None
    is_suspended: bool
    ready: int
    candidate: int
    draft: int


@dataclass(frozen=True)
class Task:
    """Something that somebody has to do; `quote` is a text of another author, in `language` where that is known."""

    state: State
    title: str
    text: str
    url: str
    verb: str
    quote: str = ""
    language: str = ""


def models_in_brief() -> list[ModelInBrief]:
    """Every tracked model by name, in one query."""
    latest = LedgerEntry.objects.filter(model=OuterRef("pk")).order_by("-number")
    ready = Q(versions__status=ModelVersion.Status.READY)
    never = ready & Q(versions__ledger_entries=None)
    found = RegisteredModel.objects.order_by("name").annotate(
        newest_ready=Max("versions__number", filter=ready & Q(versions__is_draft=False)),
        newest_candidate=Max("versions__number", filter=never & Q(versions__is_draft=False)),
        newest_draft=Max("versions__number", filter=never & Q(versions__is_draft=True)),
        **{
            name: Subquery(latest.values(path)[:1])
            for name, path in {
                "entry_kind": "kind",
                "champion": "to_version__number",
                "called": "to_version__metadata__name",
                "about": "to_version__metadata__description",
            }.items()
        },
    )
    return [_brief(model) for model in found]


def _brief(model: Any) -> ModelInBrief:
    return ModelInBrief(
        pk=model.pk,
        name=model.name,
        title=model_title(text_in(model.called) or model.name),
        description=text_in(model.about),
        is_image=model.input_kind == RegisteredModel.InputKind.IMAGE,
        champion=model.champion,
        is_suspended=model.entry_kind == LedgerEntry.Kind.SUSPEND,
        ready=model.newest_ready or 0,
        candidate=model.newest_candidate or 0,
        draft=model.newest_draft or 0,
    )


def tasks_of(user: User | AnonymousUser, models: Sequence[ModelInBrief], *, now: datetime) -> list[Task]:
    """What this person can do something about, the most urgent first; two queries at most."""
    asked = _open_requests() if user.has_perm("registry.approve_promotion") or _manages(user) else []
    titles = {model.pk: model.title for model in models}
    found = list(_suspended(user, models))
    if user.has_perm("registry.approve_promotion"):
        found += [_request(wanted, titles[wanted.model_id]) for wanted in asked if wanted.requested_by_id != user.pk]
    if _manages(user):
        taken = {wanted.model_id for wanted in asked}
        found += [task for model in models for task in _versions(user, model, is_asked=model.pk in taken)]
    if user.has_perm("registry.sync_model"):
        found += _rejected(models, since=now - RECENT)
    return found


def _manages(user: User | AnonymousUser) -> bool:
    return any(user.has_perm(f"registry.{verb}") for verb in ("promote_model", "describe_version", "oversee_model"))


def _open_requests() -> list[PromotionRequest]:
    waiting = PromotionRequest.objects.filter(status=PromotionRequest.Status.OPEN)
    waiting = waiting.select_related("model", "version", "requested_by").defer(
        "version__signature", "version__metadata", "version__report"
    )
    return list(waiting.order_by("created_at")[:50])


def _suspended(user: User | AnonymousUser, models: Sequence[ModelInBrief]) -> Iterator[Task]:
    may_resume = user.has_perm("registry.stop_model")
    if not (may_resume or _manages(user)):
        return
    for model in models:
        if model.is_suspended:
            yield Task(
                states.SUSPENDED,
                _("%(model)s is suspended") % {"model": model.title},
                _("It answers no questions until somebody lets it answer again."),
                reverse("registry-stop" if may_resume else "registry-model", args=[model.name]),
                _("Decide whether it answers again") if may_resume else _("Look at the model"),
            )


def _request(wanted: PromotionRequest, model: str) -> Task:
    words = {"model": model, "number": wanted.version.number}
    return Task(
        states.REQUEST,
        _("%(model)s: version %(number)s waits for a second person") % words,
        _("%(who)s asks that it be put in charge:") % {"who": person(wanted.requested_by)},
        reverse("registry-request", args=[wanted.pk]),
        _("Look at the request"),
        wanted.reason,
    )


def _versions(user: User | AnonymousUser, model: ModelInBrief, *, is_asked: bool) -> Iterator[Task]:
    """A candidate or a draft that is newer than what is in charge, or that nothing is."""
    champion, words = model.champion or 0, {"model": model.title}
    if model.candidate > champion and not is_asked and user.has_perm("registry.promote_model"):
        yield Task(
            states.CANDIDATE,
            _("%(model)s: version %(number)s is ready") % {**words, "number": model.candidate},
            _("Compare it with the version in charge and decide.")
            if champion
            else _("Look at what it was tried on, and decide."),
            reverse("registry-promote", args=[model.name, model.candidate]),
            _("Compare and promote"),
        )
    if model.draft > max(champion, model.ready) and user.has_perm("registry.describe_version"):
        yield Task(
            states.DRAFT,
            _("%(model)s: version %(number)s waits for its description") % {**words, "number": model.draft},
            _("What it takes and gives was guessed from its file."),
            reverse("registry-signature", args=[model.name, model.draft]),
            _("Describe it"),
        )
    if model.champion is None and not (model.candidate or model.draft) and user.has_perm("registry.oversee_model"):
        yield Task(
            states.NOBODY,
            _("%(model)s has no version in charge") % words,
            _("It answers no questions until a version was imported and promoted."),
            reverse("registry-model", args=[model.name]),
            _("Look at the model"),
        )


def _rejected(models: Sequence[ModelInBrief], *, since: datetime) -> list[Task]:
    """Imports that failed lately, and that no later version made good."""
    ready = {model.pk: max(model.ready, model.draft) for model in models}
    titles = {model.pk: model.title for model in models}
    versions = ModelVersion.objects.filter(status=ModelVersion.Status.REJECTED, created_at__gte=since)
    newest = versions.order_by("-created_at").only("number", "reason", "model__name").select_related("model")
    return [
        Task(
            states.LAST_REJECTED,
            _("%(model)s: version %(number)s was rejected")
            % {"model": titles[version.model_id], "number": version.number},
            _("The import gave this reason:"),
            reverse("registry-version", args=[version.model.name, version.number]),
            _("Look at it"),
            reason.text,
            reason.language,
        )
        for version, reason in (
            (each, said.in_language(each.reason.splitlines()[0])) for each in newest[:REJECTED_SHOWN]
        )
        if version.number > ready.get(version.model_id, 0)
    ]
