"""Stored answers, decisions and outcomes as JSON: flat, every member always there, null where there is nothing."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db.models import Prefetch

from predictions import masking
from predictions.api.answers import explanation, outputs, warnings
from predictions.models import Decision, Outcome, Prediction
from registry import serving
from registry.models import ModelVersion

OTHERS = "predictions.view_prediction"
NOTHING = dict.fromkeys(("label", "score", "probabilities", "threshold", "value"))
_Fact = TypeVar("_Fact", Decision, Outcome)


@dataclass(frozen=True)
class Known:
    """The decision and the outcome that count for one answer."""

    decision: Decision | None = None
    outcome: Outcome | None = None


def known_of(numbers: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, Known]:
    """Of each answer, in two queries. An outcome that was withdrawn counts as none."""
    wanted = list(numbers)
    decisions = Decision.objects.latest_only().filter(prediction__in=wanted).select_related("by")
    outcomes = Outcome.objects.latest_only().filter(prediction__in=wanted, is_withdrawn=False).select_related("by")
    decided = {found.prediction_id: found for found in decisions}
    happened = {found.prediction_id: found for found in outcomes}
    return {number: Known(decided.get(number), happened.get(number)) for number in wanted}


def rows(numbers: list[uuid.UUID], user: User) -> list[dict[str, Any]]:
    """These answers as one person may see them, in this order; as many queries for one as for many."""
    instead = Prefetch("fallback_from", ModelVersion.objects.only("number"))
    found = Prediction.objects.for_list().prefetch_related("user", "ledger_entry", instead)
    answers, known = found.in_bulk(numbers), known_of(numbers)
    return [answer_row(answers[number], known[number], user) for number in numbers]


def visible_answer(number: uuid.UUID, user: User) -> Prediction | None:
    """An answer that this person may see: their own, or any with the right to."""
    found = Prediction.objects.for_page().select_related("fallback_from").filter(pk=number).first()
    return found if found and (found.user_id == user.pk or user.has_perm(OTHERS)) else None


def answer_row(answer: Prediction, known: Known, user: User) -> dict[str, Any]:
    """A line of the list."""
    signature = serving.signature_of(answer.version)
    return {
        "id": answer.pk,
        "request_id": answer.request_id,
        "row": answer.row,
        "model": answer.version.model.name,
        "version": answer.version.number,
        "commit": answer.version.commit,
        "ledger_entry": answer.ledger_entry and answer.ledger_entry.number,
        "fallback_from": answer.fallback_from and answer.fallback_from.number,
        "created_at": answer.created_at,
        "user": answer.user.get_username(),
        "source": answer.source,
        "record": answer.record and answer.record.key,
        "dataset": answer.record and answer.record.dataset.name,
        "key": answer.key or (answer.record.key if answer.record else None),
        "batch": answer.batch_id,
        **NOTHING,
        **outputs(answer.outputs, signature.class_names),
        "warnings": warnings(answer, masking.hidden_in_answer(answer, signature, user)),
        "trace_id": answer.trace_id or None,
        "decision": known.decision and decision_body(known.decision),
        "outcome": known.outcome and outcome_body(known.outcome),
    }


def whole_answer(answer: Prediction, user: User) -> dict[str, Any]:
    """Everything about one answer: the line of the list, what was asked, why, and all that people made of it."""
    signature = serving.signature_of(answer.version)
    hidden = masking.hidden_in_answer(answer, signature, user)
    decisions = list(answer.decisions.select_related("by").order_by("id"))
    outcomes = list(answer.outcomes.select_related("by").order_by("id"))
    decision, outcome = _counting(decisions), _counting(outcomes)
    known = Known(decision, None if outcome and outcome.is_withdrawn else outcome)
    return {
        **answer_row(answer, known, user),
        "inputs": {name: None if name in hidden else value for name, value in answer.inputs.items()},
        "hidden": sorted(hidden & answer.inputs.keys()),
        "explanation": explanation(answer, hidden),
        "decisions": [decision_body(decision) for decision in decisions],
        "outcomes": [outcome_body(outcome) for outcome in outcomes],
    }


def decision_body(decision: Decision) -> dict[str, Any]:
    """What a person made of an answer."""
    return {
        "id": decision.pk,
        "prediction": decision.prediction_id,
        "verdict": decision.verdict,
        "reason": decision.reason,
        "comment": decision.comment,
        "by": decision.by.get_username(),
        "created_at": decision.created_at,
        "replaces": decision.replaces_id,
    }


def outcome_body(outcome: Outcome) -> dict[str, Any]:
    """What really happened."""
    return {
        "id": outcome.pk,
        "prediction": outcome.prediction_id,
        "label": outcome.label or None,
        "value": outcome.value,
        "withdrawn": outcome.is_withdrawn,
        "observed_date": outcome.observed_date,
        "origin": outcome.origin,
        "comment": outcome.comment,
        "by": outcome.by.get_username(),
        "created_at": outcome.created_at,
        "replaces": outcome.replaces_id,
    }


def _counting(chain: Sequence[_Fact]) -> _Fact | None:
    """The one that none of the others replaces."""
    replaced = {fact.replaces_id for fact in chain}
    return next((fact for fact in chain if fact.pk not in replaced), None)
