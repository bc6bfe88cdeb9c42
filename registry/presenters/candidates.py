"""A version that may be put in charge beside the one that is: everything the promotion page compares."""

from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from registry import promotions, serving, signature_diff, text_diff
from registry.models import LedgerEntry, ModelVersion, PromotionRequest
from registry.presenters import person, title_of
from registry.presenters.candidate_facts import (
    FACTS,
    MeasuredPair,
    Pair,
    differences,
    latency_of,
    measured,
    metric_pair,
    metrics_by_name,
    packages_of,
    stored_bytes,
)
from registry.signature_diff import Change


class Candidate:
    """A version, and the ledger entry it is compared with: the model's latest, or the one a requester looked at."""

    def __init__(self, version: ModelVersion, last: LedgerEntry | None) -> None:
        self.version, self.last, self.model = version, last, version.model
        self.champion = last.to_version if last else None

    # --- what may be done ------------------------------------------------------------------------------

    @property
    def is_ready(self) -> bool:
        """Whether there is a signature to compare."""
        return self.version.status == ModelVersion.Status.READY

    @property
    def is_champion(self) -> bool:
        return self.champion == self.version

    @property
    def is_suspended(self) -> bool:
        """Whether a promotion would also let the model answer again."""
        return self.last is not None and not self.last.answers

    @property
    def is_rollback(self) -> bool:
        return self.champion is not None and self.version.number < self.champion.number

    @property
    def seen(self) -> int:
        """The number of the ledger's entry that this is compared with, 0 before the first."""
        return self.last.number if self.last else 0

    @property
    def needs_two(self) -> bool:
        return self.model.approval == "two"

    @property
    def title(self) -> str:
        """The model's title."""
        return title_of(self.version)

    @property
    def happened(self) -> str:
        """The ledger's entry as a sentence; empty before the first."""
        return what_happened(self.last) if self.last else ""

    @cached_property
    def was_in_charge(self) -> bool:
        """Nothing blocks the way back to it: it answered before."""
        return self.version.ledger_entries.exists()

    @cached_property
    def waiting(self) -> PromotionRequest | None:
        """The open request for this version, where two people are needed."""
        found = self.version.promotion_requests.filter(status=PromotionRequest.Status.OPEN)
        return found.select_related("requested_by").first()

    @property
    def waiting_for(self) -> str:
        """Who asked for it."""
        return person(self.waiting.requested_by) if self.waiting else ""

    @cached_property
    def blocks(self) -> list[str]:
        """Why callers of today would be hurt; empty when that is nobody's obstacle."""
        return promotions.blocks(self.last, self.version) if self.is_ready else []

    @property
    def can_be_asked_for(self) -> bool:
        """Whether a button makes sense, whoever looks."""
        draft = self.version.is_draft or not self.is_ready
        return not (draft or self.is_champion or self.waiting or self.blocks)

    # --- what callers notice ---------------------------------------------------------------------------

    @cached_property
    def changes(self) -> list[Change]:
        """The differences between both signatures, those that break first, then the threshold."""
        if self.champion is None or not self.is_ready:
            return []
        found = signature_diff.diff(serving.signature_of(self.champion), serving.signature_of(self.version))
        return sorted(found, key=lambda change: (not change.breaks, not _is_threshold(change)))

    @property
    def breaking(self) -> list[Change]:
        """The changes that would hurt callers, also where they do not block."""
        return [change for change in self.changes if change.breaks]

    @property
    def other_answers(self) -> str:
        """What a change of the threshold means, which breaks no call; "" where it stays."""
        for change in filter(_is_threshold, self.changes):
            text = _("The threshold changes from %(before)s to %(after)s: the same person may get another answer.")
            return text % {"before": change.before, "after": change.after}
        return ""

    @property
    def changed(self) -> list[tuple[Change, str, SafeString]]:
        """The changes with their field's label, "" where it has none, and its name."""
        titles: dict[str, str] = {}
        for version in (self.champion, self.version) if self.changes else ():
            features = serving.signature_of(version).features if version else ()
            titles |= {feature.name: feature.title for feature in features if feature.title != feature.name}
        return [(change, titles.get(change.field, ""), _breakable(change.field)) for change in self.changes]

    # --- numbers ---------------------------------------------------------------------------------------

    @cached_property
    def metrics(self) -> list[MeasuredPair]:
        """The metrics of both manifests, paired by name, split and slice; the candidate's order."""
        after, before = metrics_by_name(self.version), metrics_by_name(self.champion)
        names = dict.fromkeys([*after, *before])
        return [metric_pair(name, before.get(name), after.get(name)) for name in names]

    @property
    def is_measured_apart(self) -> bool:
        """Whether any pair was not measured on as many rows of the same split, so that its difference says less."""
        both = self.champion is not None
        return both and any(pair.note or not (pair.before and pair.after) for pair in self.metrics)

    @cached_property
    def latencies(self) -> list[MeasuredPair]:
        """The time of one row, as the import measured it; empty when it did not measure the candidate's."""
        after, before = latency_of(self.version), latency_of(self.champion)
        if after is None:
            return []
        return [measured(_("One answer"), before, after, max(after, before or 0), unit="\u202fms")]

    @cached_property
    def runs(self) -> list[Pair]:
        """How both run, what they were checked on, and where they come from."""
        facts = [
            Pair(_(title), text(self.champion) if self.champion else "", text(self.version)) for title, text in FACTS
        ]
        return [facts[0], self._size(), *facts[1:]]

    def _size(self) -> Pair:
        both = [version for version in (self.champion, self.version) if version]
        counted = all(isinstance(version.report.get("size"), int) for version in both)
        found = [filesizeformat(version.report["size"] if counted else stored_bytes(version)) for version in both]
        return Pair(_("Size"), found[0] if self.champion else "", found[-1])

    @cached_property
    def packages(self) -> list[Pair]:
        """Packages whose versions differ; all of them for a first version."""
        return differences(packages_of(self.champion), packages_of(self.version), alone=self.champion is None)

    @cached_property
    def provenance(self) -> list[Pair]:
        """What the manifests say differently of data and training; all of it for a first version."""
        before, after = ((v.metadata.get("provenance") or {}) if v else {} for v in (self.champion, self.version))
        return differences(before, after, alone=self.champion is None)

    @cached_property
    def card(self) -> list[text_diff.Line]:
        """What changed in the card; empty for a first version, which has nothing to be compared with."""
        if self.champion is None:
            return []
        return text_diff.changes(*(str(v.metadata.get("card") or "") for v in (self.champion, self.version)))


def _is_threshold(change: Change) -> bool:
    return not change.field and change.what == _("threshold")


def _breakable(name: str) -> SafeString:
    """A column's name that a narrow cell breaks after an underscore."""
    return mark_safe(conditional_escape(name).replace("_", "_<wbr>"))  # noqa: S308 - escaped just now


def what_happened(entry: LedgerEntry) -> str:
    """An entry of the ledger as a sentence: who did what, and when."""
    moment = date_format(timezone.localtime(entry.created_at), "j F Y, H:i:s e")
    words = {"who": person(entry.by), "number": entry.to_version.number, "moment": moment}
    return _HAPPENED[LedgerEntry.Kind(entry.kind)]() % words


# Functions, for the language of the page is known when they are called.
_HAPPENED = {
    LedgerEntry.Kind.PROMOTE: lambda: _("%(who)s put version %(number)d in charge on %(moment)s."),
    LedgerEntry.Kind.ROLLBACK: lambda: _("%(who)s went back to version %(number)d on %(moment)s."),
    LedgerEntry.Kind.SUSPEND: lambda: _("%(who)s suspended the model on %(moment)s."),
    LedgerEntry.Kind.RESUME: lambda: _("%(who)s let the model answer again on %(moment)s."),
}
