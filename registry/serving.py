"""Which version answers now: the latest ledger entry, kept for at most a second in each process."""

import threading
import time
from dataclasses import dataclass

from django.conf import settings

from registry.exceptions import ModelSuspended, UnknownModel
from registry.models import LedgerEntry, ModelVersion, RegisteredModel
from registry.signature import Signature


@dataclass(frozen=True)
class Serving:
    """A version that may answer, and the ledger entry that says so (None when a caller named the version)."""

    version: ModelVersion
    signature: Signature
    entry: LedgerEntry | None

    @property
    def model(self) -> RegisteredModel:
        return self.version.model


_lock = threading.Lock()
_champions: dict[str, tuple[float, Serving | ModelSuspended]] = {}
_signatures: dict[int, Signature] = {}


def champion(name: str) -> Serving:
    """The version of the model's latest ledger entry. Raises UnknownModel, ModelSuspended."""
    known = _champions.get(name)
    if known is None or known[0] < time.monotonic():
        known = (time.monotonic() + settings.CHAMPION_CACHE_SECONDS, _look_up(name))
        with _lock:
            _champions[name] = known
    if isinstance(known[1], ModelSuspended):
        raise known[1]
    return known[1]


def _look_up(name: str) -> Serving | ModelSuspended:
    entry = LedgerEntry.objects.filter(model__name=name).select_related("to_version__model").order_by("-number").first()
    if entry is None:
        raise UnknownModel(f"No model named “{name[:80]}” has been promoted.")
    if entry.kind == LedgerEntry.Kind.SUSPEND:
        return ModelSuspended(f"The model “{name}” is suspended since {entry.created_at:%Y-%m-%d %H:%M} UTC.")
    return Serving(entry.to_version, signature_of(entry.to_version), entry)


def version(name: str, number: int) -> Serving:
    """A ready version by its number, unless its signature is a draft. Raises UnknownModel, ModelSuspended."""
    champion(name)
    ready = ModelVersion.objects.ready().filter(is_draft=False).select_related("model")
    found = ready.filter(model__name=name, number=number).first()
    if found is None:
        raise UnknownModel(f"The model “{name}” has no ready version {number}.")
    return Serving(found, signature_of(found), None)


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
        raise UnknownModel(f"There is no default {kind} model: name one.")
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


def forget() -> None:
    """Drop what this process remembers: after a promotion in the same process, and between tests."""
    with _lock:
        _champions.clear()
        _signatures.clear()
