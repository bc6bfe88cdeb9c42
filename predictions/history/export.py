"""All answers of a search as a file, in the words of the pages, however many there are."""

import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Prefetch
from django.utils import translation
from django.utils.translation import gettext as _

from predictions import masking
from predictions.history.search import stretches
from predictions.history.states import Became, became, shown_outcome
from predictions.history.wanted import Wanted
from predictions.models import Decision, Prediction, Record, Source
from predictions.spreadsheets import Lines, safe
from registry import serving
from registry.models import ModelVersion
from registry.presenters import person, title_of
from registry.signature import Feature, Signature

AT_ONCE = 500
NO_FIELDS = Signature(task="tabular-classification")


class HistoryFile:
    """The lines of the file: one for each answer; of one model, then the fields that it was made from.

    A field that is sensitive in any version is left out for who may not see it, whoever typed it. Lines are made when
    the request is over, in the language of its reader.
    """

    def __init__(self, wanted: Wanted, model: str, user: User | AnonymousUser) -> None:
        self.wanted, self.user, self.language = wanted, user, translation.get_language() or "en"
        signatures = _signatures(model, wanted.versions) if model else []
        hidden = frozenset().union(*(masking.hidden(signature, user) for signature in signatures))
        features = [feature for feature in _features(signatures) if feature.name not in hidden]
        self.lines_of = Lines(signatures[0] if signatures else NO_FIELDS, features)
        self.has_fields = bool(features)
        self._titles: dict[int, dict[str, str]] = {}
        self.headings = [
            _("Number of the answer"),
            _("Asked (UTC)"),
            _("Model"),
            _("Version"),
            _("Key of the record"),
            _("Answer"),
            _("Score"),
            _("Through"),
            _("Asked by"),
            _("Warnings"),
            _("Decision"),
            _("Reason"),
            _("Comment"),
            _("Decided by"),
            _("Decided on (UTC)"),
            _("Real outcome"),
            _("Observed on"),
        ]

    def lines(self) -> Iterator[str]:
        """Text, some hundred lines at a time, newest answer first."""
        yield self.lines_of.first(self.headings)
        for numbers in stretches(self.wanted):
            for start in range(0, len(numbers), AT_ONCE):
                # Not around the yield: the language would leak into what else this thread does.
                with translation.override(self.language):
                    block = "".join(self._block(numbers[start : start + AT_ONCE]))
                yield block

    def _block(self, numbers: Sequence[uuid.UUID]) -> Iterator[str]:
        found = Prediction.objects.filter(pk__in=numbers).order_by("-pk").defer("explanation", "salt", "digest")
        if not self.has_fields:
            found = found.defer("inputs", "explanation", "salt", "digest")
        keys = Prefetch("record", Record.objects.only("key"))
        states = became(numbers)
        for answer in found.with_versions().prefetch_related("user", keys):
            cells = [*_answered(answer, self.lines_of), self._warned(answer)]
            cells += _became(answer, states[answer.pk], self.lines_of)
            yield self.lines_of.line(cells, answer.inputs if self.has_fields else {})

    def _warned(self, answer: Prediction) -> str:
        """Which fields hold what the model never saw; of one that is hidden, that there is one."""
        if not answer.warnings:
            return ""
        if answer.version_id not in self._titles:
            signature = serving.signature_of(answer.version)
            titles = {feature.name: feature.title for feature in signature.features}
            titles |= dict.fromkeys(masking.hidden(signature, self.user), _("a field that you may not see"))
            self._titles[answer.version_id] = titles
        known = self._titles[answer.version_id]
        fields: list[Any] = [warning["field"] for warning in answer.warnings]
        return safe(", ".join(dict.fromkeys(known.get(name, name) for name in fields)))


def _signatures(model: str, versions: Sequence[int] | None) -> list[Signature]:
    """Of each version that may have answered, the newest first."""
    found = ModelVersion.objects.ready().filter(model__name=model, pk__in=versions or ()).select_related("model")
    return [serving.signature_of(version) for version in found.order_by("-number")]


def _features(signatures: Sequence[Signature]) -> list[Feature]:
    """Each field once, as the newest version describes it."""
    found: dict[str, Feature] = {}
    for signature in signatures:
        for feature in signature.features:
            found.setdefault(feature.name, feature)
    return list(found.values())


def _answered(answer: Prediction, lines: Lines) -> list[str]:
    signature = serving.signature_of(answer.version)
    score = lines.number(answer.score, "")  # all of its digits
    key = answer.key or (answer.record.key if answer.record else "")
    label = score if signature.is_regression else safe(signature.class_title(answer.label))
    return [
        str(answer.pk),
        f"{answer.created_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        safe(title_of(answer.version)),
        str(answer.version.number),
        safe(key),
        label,
        score,
        str(Source(answer.source).label),
        safe(person(answer.user)),
    ]


def _became(answer: Prediction, state: Became, lines: Lines) -> list[str]:
    decision, outcome = state.decision, state.outcome
    decided = [str(_("to be decided")) if state.is_undecided else "", "", "", "", ""]
    if decision is not None:
        decided = [
            str(decision.get_verdict_display()),
            str(Decision.Reason(decision.reason).label),
            safe(decision.comment),
            safe(person(decision.by)),
            f"{decision.created_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        ]
    if outcome is None:
        return [*decided, "", ""]
    happened = lines.number(outcome.value, "") if outcome.value is not None else shown_outcome(answer, outcome)
    return [*decided, happened if outcome.value is not None else safe(happened), outcome.observed_date.isoformat()]
