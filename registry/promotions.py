"""Who is put in charge, by whom and why: requests, approvals, the ledger, and the stop button.

Every verb locks the model's row, so that two people who act at once are told apart. What somebody asked for stays in
PromotionRequest whatever came of it; only what took effect is in the ledger.
"""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from registry import serving, signature_diff
from registry.exceptions import NotAllowed, NotPromotable, Superseded
from registry.facts import seal
from registry.models import LedgerEntry, ModelVersion, PromotionRequest, RegisteredModel
from registry.rights import demand

Status = PromotionRequest.Status
Kind = LedgerEntry.Kind


def latest(model: RegisteredModel) -> LedgerEntry | None:
    """The entry that is the model's state; None before the first promotion."""
    return model.ledger.select_related("to_version__model", "by", "approved_by").order_by("-number").first()


def champion_at(model: RegisteredModel, instant: datetime) -> LedgerEntry | None:
    """The entry in force at an instant; None before the first one. `entry.answers` is False while suspended.

    Entries are ordered by number: their times are those of the database's clock, which may be set back. Web processes
    keep the latest entry for up to CHAMPION_CACHE_SECONDS, so an answer of that second may name the entry before; the
    record itself always says under which it was given.
    """
    entries = model.ledger.filter(created_at__lte=instant).select_related("to_version__model", "by", "approved_by")
    return entries.order_by("-number").first()


# --- asking for a version --------------------------------------------------------------------------------


def request(
    *, model: RegisteredModel, version: ModelVersion, by: User, reason: str, seen: int | None = None
) -> PromotionRequest:
    """Ask that a version be put in charge; where one person is enough it is, at once.

    An earlier version is a rollback. A suspended model answers again, so that takes the right to resume as well.
    `seen`: the number of the ledger entry that the candidate was compared with, 0 for none; None takes the state as it
    is. Raises NotAllowed, NotPromotable, and Superseded when somebody else was faster: then the request is kept,
    without effect.
    """
    demand(by, "registry.promote_model")
    _demand_reason(reason, _("Say why: a promotion needs a reason."))
    if version.model_id != model.pk:
        raise NotPromotable(_("%(version)s is no version of %(model)s.") % {"version": version, "model": model})
    with transaction.atomic():
        model, last = _locked(model)
        version.refresh_from_db()
        wanted = PromotionRequest(
            model=model, version=version, requested_by=by, reason=reason.strip(), seen_entry=_entry(model, last, seen)
        )
        if wanted.seen_entry == last:
            _ask(wanted, last)
        else:
            _close(wanted, Status.SUPERSEDED)
    if wanted.status == Status.SUPERSEDED:
        raise Superseded(_what_happened(last))
    serving.expire()
    return wanted


def _ask(wanted: PromotionRequest, last: LedgerEntry | None) -> None:
    _check_promotable(wanted.version, last)
    if last is not None and not last.answers:
        demand(wanted.requested_by, "registry.stop_model")
    if wanted.model.approval == RegisteredModel.Approval.ONE:
        _take_effect(wanted, last)
    elif wanted.version.promotion_requests.filter(status=Status.OPEN).exists():
        text = _("Somebody has asked for %(version)s already: it waits for a second person.")
        raise NotPromotable(text % {"version": wanted.version})
    else:
        wanted.save()


def approve(*, wanted: PromotionRequest, by: User, reason: str = "") -> PromotionRequest:
    """Let an open request take effect. Raises NotAllowed (also for the requester), NotPromotable.

    What is open was compared with the state that still is: every entry of the ledger closes what waits.
    """
    demand(by, "registry.approve_promotion")
    with transaction.atomic():
        wanted, last = _locked_request(wanted)
        if wanted.requested_by_id == by.pk:
            raise NotAllowed(_("Two people are needed: somebody else than the requester approves."))
        _check_promotable(wanted.version, last)
        wanted.decided_by, wanted.decision_reason = by, reason.strip()
        _take_effect(wanted, last)
    serving.expire()
    return wanted


def decline(*, wanted: PromotionRequest, by: User, reason: str) -> PromotionRequest:
    """Refuse an open request, with a reason. Raises NotAllowed, NotPromotable."""
    demand(by, "registry.approve_promotion")
    _demand_reason(reason, _("Say why: who asked will read it."))
    return _end(wanted, Status.DECLINED, by, reason)


def withdraw(*, wanted: PromotionRequest, by: User) -> PromotionRequest:
    """Take one's own open request back. Raises NotAllowed, NotPromotable."""
    if wanted.requested_by_id != by.pk:
        raise NotAllowed(_("Only who asked may withdraw a request; others decline it."))
    return _end(wanted, Status.WITHDRAWN, by, "")


def _end(wanted: PromotionRequest, status: Status, by: User, reason: str) -> PromotionRequest:
    with transaction.atomic():
        wanted, _last = _locked_request(wanted)
        wanted.decided_by, wanted.decision_reason = by, reason.strip()
        _close(wanted, status)
    return wanted


def _locked(model: RegisteredModel) -> tuple[RegisteredModel, LedgerEntry | None]:
    model = RegisteredModel.objects.select_for_update().get(pk=model.pk)
    return model, latest(model)


def _locked_request(wanted: PromotionRequest) -> tuple[PromotionRequest, LedgerEntry | None]:
    model, last = _locked(RegisteredModel(pk=wanted.model_id))
    wanted = PromotionRequest.objects.select_related("version__model", "requested_by").get(pk=wanted.pk)
    wanted.model = model
    if wanted.status != Status.OPEN:
        raise NotPromotable(_("This request is %(status)s already.") % {"status": wanted.get_status_display()})
    return wanted, last


def _entry(model: RegisteredModel, last: LedgerEntry | None, seen: int | None) -> LedgerEntry | None:
    if seen is None or seen == (last.number if last else 0):
        return last
    return model.ledger.filter(number=seen).first()


def _check_promotable(version: ModelVersion, last: LedgerEntry | None) -> None:
    names = {"version": version, "status": version.get_status_display()}
    if version.status != ModelVersion.Status.READY:
        raise NotPromotable(_("%(version)s is %(status)s: only a ready version can be promoted.") % names)
    if version.is_draft:
        raise NotPromotable(_("The signature of %(version)s was inferred: confirm it first.") % names)
    if last is not None and last.to_version_id == version.pk:
        suspended = last.kind == Kind.SUSPEND
        text = _("%(version)s is suspended: resume it.") if suspended else _("%(version)s is in charge already.")
        raise NotPromotable(text % names)
    if found := blocks(last, version):
        advice = _("Track the repository under another name to serve it beside the champion.")
        raise NotPromotable(" ".join([*found, advice]))


def blocks(last: LedgerEntry | None, version: ModelVersion) -> list[str]:
    """What callers of today would run into, in sentences. Nothing blocks the way back to an earlier champion."""
    if last is None or version.ledger_entries.exists():
        return []
    return signature_diff.breaking(serving.signature_of(last.to_version), serving.signature_of(version))


def _demand_reason(reason: str, sentence: str) -> None:
    if not reason.strip():
        raise NotPromotable(sentence)


def _take_effect(wanted: PromotionRequest, last: LedgerEntry | None) -> None:
    kind = Kind.PROMOTE
    if last is not None and wanted.version.number < last.to_version.number:
        kind = Kind.ROLLBACK
    wanted.entry = _write(
        wanted.model,
        kind,
        last,
        wanted.version,
        by=wanted.requested_by,
        approved_by=wanted.decided_by,
        reason=wanted.reason,
    )
    _close(wanted, Status.EFFECTIVE)
    _supersede_open(wanted.model)


def _supersede_open(model: RegisteredModel) -> None:
    """What waits was compared with a state that is no more."""
    waiting = PromotionRequest.objects.filter(model=model, status=Status.OPEN)
    waiting.update(status=Status.SUPERSEDED, decided_at=timezone.now())


def _close(wanted: PromotionRequest, status: Status) -> None:
    wanted.status, wanted.decided_at = status, timezone.now()
    wanted.save()


def _what_happened(last: LedgerEntry | None) -> str:
    if last is None:
        return _("The model has changed since you looked at it. Look again.")
    text = _(
        "%(who)s was faster: %(what)s of version %(number)s at %(when)s UTC. Your request is kept, without effect. "
        "Look again."
    )
    return text % {
        "who": last.by.get_username(),
        "what": last.get_kind_display().lower(),
        "number": last.to_version.number,
        "when": f"{last.created_at:%Y-%m-%d %H:%M:%S}",
    }


# --- stop and go ----------------------------------------------------------------------------------------


def suspend(*, model: RegisteredModel, by: User, reason: str) -> LedgerEntry:
    """Stop a model from answering. Raises NotAllowed, NotPromotable when it has no champion or is suspended."""
    return _switch(model, Kind.SUSPEND, by, reason)


def resume(*, model: RegisteredModel, by: User, reason: str) -> LedgerEntry:
    """Let a suspended model answer again with the version it had. Raises NotAllowed, NotPromotable."""
    return _switch(model, Kind.RESUME, by, reason)


def _switch(model: RegisteredModel, kind: Kind, by: User, reason: str) -> LedgerEntry:
    demand(by, "registry.stop_model")
    with transaction.atomic():
        model, last = _locked(model)
        if last is None:
            raise NotPromotable(_("%(model)s has no champion.") % {"model": model})
        if (last.kind == Kind.SUSPEND) == (kind == Kind.SUSPEND):
            already, free = _("%(model)s is already suspended."), _("%(model)s is not suspended.")
            raise NotPromotable((already if kind == Kind.SUSPEND else free) % {"model": model})
        _demand_reason(reason, _("Say why: the ledger needs a reason."))
        entry = _write(model, kind, last, last.to_version, by=by, approved_by=None, reason=reason)
        _supersede_open(model)
    serving.expire()
    return entry


def _write(model: RegisteredModel, kind: Kind, last: LedgerEntry | None, to: ModelVersion, **told: Any) -> LedgerEntry:
    entry = unsaved(model, kind, last, to, **told)
    entry.save(force_insert=True)
    return entry


def unsaved(
    model: RegisteredModel,
    kind: Kind,
    last: LedgerEntry | None,
    to: ModelVersion,
    *,
    by: User,
    approved_by: User | None,
    reason: str,
) -> LedgerEntry:
    """The entry after `last` in the ledger of a model, with its digest."""
    before = last.to_version if last else None
    number = last.number + 1 if last else 1
    people = [by.pk, approved_by and approved_by.pk]
    return LedgerEntry(
        model=model,
        number=number,
        kind=kind,
        from_version=before,
        to_version=to,
        by=by,
        approved_by=approved_by,
        reason=reason.strip(),
        **seal([model.name, number, str(kind), before and before.commit, to.commit, to.number, people, reason.strip()]),
    )
