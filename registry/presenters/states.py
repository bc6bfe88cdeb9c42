"""In what state a model, a version or a delivery is: a word, and the tone that pages colour it with."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from registry.models import Delivery, LedgerEntry, ModelVersion

Words = str | Promise


@dataclass(frozen=True)
class State:
    """`tone`: good, stop, wait, error or quiet."""

    word: Words
    tone: str


ANSWERS = State(_("answers"), "good")
SUSPENDED = State(_("suspended"), "stop")
NOBODY = State(_("no version in charge"), "wait")
CANDIDATE = State(_("a candidate waits"), "wait")
DRAFT = State(_("a draft waits for its description"), "wait")
LAST_REJECTED = State(_("last import rejected"), "error")
REQUEST = State(_("a request waits for approval"), "wait")
IMPORTING = State(_("importing"), "quiet")
HUB_ERROR = State(_("Hub error"), "error")

_VERSION = {
    ModelVersion.Status.IMPORTING: IMPORTING,
    ModelVersion.Status.READY: State(_("ready"), "quiet"),
    ModelVersion.Status.REJECTED: State(_("rejected"), "error"),
}
IN_CHARGE = State(_("in charge"), "good")
DRAFT_VERSION = State(_("draft"), "wait")

OUTCOMES = {
    Delivery.Outcome.WAITING: State(_("waiting"), "quiet"),
    Delivery.Outcome.IMPORTED: State(_("imported"), "good"),
    Delivery.Outcome.KNOWN: State(_("nothing new"), "quiet"),
    Delivery.Outcome.REJECTED: State(_("rejected"), "error"),
    Delivery.Outcome.IGNORED: State(_("ignored"), "quiet"),
    Delivery.Outcome.FAILED: State(_("failed"), "error"),
}
DELIVERY_KINDS: dict[str, Words] = {
    Delivery.Kind.WEBHOOK: _("webhook"),
    Delivery.Kind.POLL: _("poll"),
    Delivery.Kind.BUTTON: _("button"),
    Delivery.Kind.COMMAND: _("command"),
}
RUNTIMES: dict[str, Words] = {
    "onnx": _("ONNX, in the server"),
    "isolated": _("the original, in an isolated process"),
}
TASKS: dict[str, Words] = {
    "tabular-classification": _("classification"),
    "tabular-regression": _("estimate of a number"),
    "image-classification": _("classification of pictures"),
}


def of_model(entry: LedgerEntry | None) -> State:
    """Whether the model answers, by its latest ledger entry."""
    if entry is None:
        return NOBODY
    return ANSWERS if entry.answers else SUSPENDED


def of_version(version: ModelVersion, entry: LedgerEntry | None) -> list[State]:
    """What a version is, beside the model's latest ledger entry."""
    found = [_VERSION[ModelVersion.Status(version.status)]]
    if entry is not None and entry.to_version_id == version.pk:
        found = [IN_CHARGE if entry.answers else SUSPENDED]
    return [*found, DRAFT_VERSION] if version.is_draft and version.status == ModelVersion.Status.READY else found


def of_delivery(delivery: Delivery) -> State:
    """What came of it."""
    return OUTCOMES[Delivery.Outcome(delivery.outcome)]
