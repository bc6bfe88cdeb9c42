"""Which version answers now: the latest ledger entry, kept for at most a second in each process.

A version whose child takes time to start is started when its entry is first seen; for as long as that takes, 10 s at
most, the entry before it goes on answering, and the records say so. A suspension waits for nothing.
"""

import threading
import time
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from registry import runtimes
from registry.exceptions import ModelSuspended, UnknownModel
from registry.models import LedgerEntry, ModelVersion, RegisteredModel
from registry.runtimes.base import RuntimeFailed
from registry.signature import Signature

WARM_SECONDS = 10.0  # for which the entry before may go on answering
WARM_LOOK = 0.1  # seconds between looks at a child that is starting


@dataclass(frozen=True)
class Serving:
    """A version that may answer, and the ledger entry that says so (None when a caller named the version)."""

    version: ModelVersion
    signature: Signature
    entry: LedgerEntry | None

    @property
    def model(self) -> RegisteredModel:
        return self.version.model


@dataclass(frozen=True)
class _Suspension:
    """What is known of a suspended model; the refusal itself is made in the language of who asks."""

    since: datetime


class _Warming:
    """A new entry whose version is being started in this process."""

    def __init__(self, entry: LedgerEntry, event: threading.Event) -> None:
        self.entry, self.event = entry, event
        self.until = time.monotonic() + WARM_SECONDS

    @property
    def is_over(self) -> bool:
        return self.event.is_set() or time.monotonic() > self.until


_lock = threading.Lock()
_champions: dict[str, tuple[float, Serving | _Suspension]] = {}
_warming: dict[str, _Warming] = {}
_signatures: dict[int, Signature] = {}


def champion(name: str) -> Serving:
    """The version of the model's latest ledger entry. Raises UnknownModel, ModelSuspended."""
    known = _champions.get(name)
    if known is None or known[0] < time.monotonic():
        latest = _look_up(name)
        found = _warmed(name, latest, before=known[1] if known else None)
        wait = settings.CHAMPION_CACHE_SECONDS if found is latest else WARM_LOOK
        known = (time.monotonic() + wait, found)
        with _lock:
            _champions[name] = known
    if isinstance(known[1], _Suspension):
        values = {"name": name, "when": f"{known[1].since:%Y-%m-%d %H:%M}"}
        raise ModelSuspended(_("The model “%(name)s” is suspended since %(when)s UTC.") % values)
    return known[1]


def _warmed(name: str, latest: Serving | _Suspension, *, before: Serving | _Suspension | None) -> Serving | _Suspension:
    """The latest state of a model, or the one before it while the latest one's version starts.

    Not locked: reading a version's files takes time, and the suspension of another model must not wait for it.
    """
    if isinstance(latest, _Suspension) or not isinstance(before, Serving):
        return latest
    if latest.entry is None or not _follows(before, latest.entry) or before.version.pk == latest.version.pk:
        return latest
    warming = _warming.get(name)
    if warming is None or warming.entry.pk != latest.entry.pk:
        warming = _begun(latest.version, latest.entry)
        if warming is None:
            return latest
        with _lock:
            _warming[name] = warming
    return latest if warming.is_over else before


def _follows(before: Serving, entry: LedgerEntry) -> bool:
    """Whether the entry was written just now, and nothing between the two: neither another version nor a suspension.

    Who has not looked for long must not be answered under an old entry.
    """
    age = abs((timezone.now() - entry.created_at).total_seconds())
    return before.entry is not None and entry.number == before.entry.number + 1 and age < WARM_SECONDS


def _begun(version: ModelVersion, entry: LedgerEntry) -> _Warming | None:
    """None when there is nothing to wait for, also because it cannot start: the waist deals with that."""
    try:
        event = runtimes.warmed(version)
    except RuntimeFailed:
        return None
    return None if event is None else _Warming(entry, event)


def _look_up(name: str) -> Serving | _Suspension:
    entry = LedgerEntry.objects.filter(model__name=name).select_related("to_version__model").order_by("-number").first()
    if entry is None:
        raise UnknownModel(_("No model named “%(name)s” has been promoted.") % {"name": name[:80]})
    if entry.kind == LedgerEntry.Kind.SUSPEND:
        return _Suspension(since=entry.created_at)
    return Serving(entry.to_version, signature_of(entry.to_version), entry)


def in_charge(name: str) -> tuple[ModelVersion, bool]:
    """The version that answers, or would if its model were not suspended, and whether it is. Raises UnknownModel."""
    try:
        return champion(name).version, False
    except ModelSuspended:
        entries = LedgerEntry.objects.filter(model__name=name).select_related("to_version__model")
        return entries.latest("number").to_version, True


def version(name: str, number: int) -> Serving:
    """A ready version by its number, unless its signature is a draft. Raises UnknownModel, ModelSuspended."""
    champion(name)
    ready = ModelVersion.objects.ready().filter(is_draft=False).select_related("model")
    found = ready.filter(model__name=name, number=number).first()
    if found is None:
        text = _("The model “%(name)s” has no ready version %(number)s.")
        raise UnknownModel(text % {"name": name, "number": number})
    return Serving(found, signature_of(found), None)


def pinned(found: ModelVersion, entry: LedgerEntry | None) -> Serving:
    """A version that was chosen before, under the entry of then, while the model answers. Raises ModelSuspended."""
    champion(found.model.name)
    return Serving(found, signature_of(found), entry)


def previous(serving: Serving) -> Serving | None:
    """The champion before this one, when it takes the same inputs and gives the same outputs."""
    entry = serving.entry
    if entry is None:
        return None
    # Not entry.from_version: after a suspension and a resumption that is this version itself.
    earlier = LedgerEntry.objects.filter(model=entry.model_id, number__lt=entry.number).exclude(
        to_version=serving.version
    )
    last = earlier.select_related("to_version__model").order_by("-number").first()
    if last is None:
        return None
    other = Serving(last.to_version, signature_of(last.to_version), entry)
    return other if other.signature == serving.signature else None


def default_name(kind: str) -> str:
    """The name of the default model of an input kind. Raises UnknownModel."""
    name = RegisteredModel.objects.filter(is_default=True, input_kind=kind).values_list("name", flat=True).first()
    if name is None:
        texts = {
            RegisteredModel.InputKind.TABULAR: _("There is no default tabular model: name one."),
            RegisteredModel.InputKind.IMAGE: _("There is no default image model: name one."),
        }
        raise UnknownModel(texts[RegisteredModel.InputKind(kind)])
    return name


def promoted_names() -> list[str]:
    """Models that have a champion, by name, suspended ones included."""
    return list(
        RegisteredModel.objects.filter(ledger__isnull=False).distinct().order_by("name").values_list("name", flat=True)
    )


def signature_of(found: ModelVersion) -> Signature:
    """The parsed signature of a ready version; parsed once, since ready versions never change."""
    signature = _signatures.get(found.pk)
    if signature is None:
        signature = _signatures[found.pk] = found.parsed_signature()
    return signature


def expire() -> None:
    """Look at the ledger again at the next question: after a promotion in the same process."""
    with _lock:
        for name, (_until, known) in list(_champions.items()):
            _champions[name] = (0.0, known)


def forget() -> None:
    """Drop all that this process remembers: between tests, where rows vanish."""
    with _lock:
        _champions.clear()
        _warming.clear()
        _signatures.clear()
