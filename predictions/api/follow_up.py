"""What a human did and what really happened, as JSON: one at a time, or many."""

import uuid
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from predictions.api import many_rows, told
from predictions.api.follow_up_shapes import (
    DecisionRowSerializer,
    DecisionSerializer,
    DecisionsSerializer,
    KeptRowsSerializer,
    OutcomeRowSerializer,
    OutcomeSerializer,
    OutcomesSerializer,
)
from predictions.api.history import found
from predictions.api.history_shapes import DECISION, OUTCOME, DecisionBodySerializer, OutcomeBodySerializer
from predictions.decisions import many as decisions
from predictions.decisions import verbs as decision_verbs
from predictions.exceptions import InvalidInput
from predictions.models import Outcome
from predictions.outcomes import many as outcomes
from predictions.outcomes import verbs as outcome_verbs
from predictions.outcomes.words import Said
from registry.api.base import ApiView
from registry.api.documents import REPLAYED, described, example
from registry.rights import demand

_DECIDED, _HAPPENED = "decided_meanwhile", "reported_meanwhile"  # as one of them alone is called
_REPLAY = (
    "The same said again by the same person stores nothing: 200 with `Idempotent-Replayed: true` and what is there. "
)
_CORRECT = "When another one counts already: 409 with its number in `errors`; name it in `replaces` to correct it."
_SENT: dict[str, Any] = {
    "verdict": "disagree",
    "reason": "missing_context",
    "comment": "A promotion is agreed from May on.",
}
_REPORTED: dict[str, Any] = {"label": "stays", "observed_date": "2027-02-10"}
_KEPT = {
    "results": [{"row": 0, "prediction": DECISION["prediction"], "id": DECISION["id"], "replayed": False}],
    "errors": [],
}
_PROBLEMS = (400, 404, 406, 409, 413, 415)
_PROBLEMS_OF_MANY = (400, 406, 409, 413, 415)


class _Writing(ApiView):
    throttle_scope = "write"
    shape: ClassVar[type[serializers.Serializer]]

    def said(self, request: Request) -> dict[str, Any]:
        """What a body says. Raises InvalidInput."""
        try:
            return dict(self.shape().run_validation(request.data))
        except serializers.ValidationError as error:
            names = ("row", "field", "code", "message")
            wrong = [dict(zip(names, (None, *one), strict=True)) for one in many_rows.shape_errors(error)]
            raise InvalidInput(wrong) from error

    @staticmethod
    def overtaken(request: Request, code: str, message: str) -> Response:
        """409 with what to do."""
        error = {"row": None, "field": "replaces", "code": code, "message": message}
        return many_rows.overtaken(request, code, [error])

    @staticmethod
    def stored(body: dict[str, Any], *, is_new: bool) -> Response:
        """201, or 200 for what was there before."""
        if is_new:
            return Response(body, status=201)
        return Response(body, headers={"Idempotent-Replayed": "true"})


class DecisionView(_Writing):
    """POST /api/v1/predictions/{id}/decision."""

    shape = DecisionSerializer

    @described(
        "predictions.decide",
        tag="Follow-up",
        summary="Say what a human decided about an answer",
        description=f"For decision makers. {_REPLAY}{_CORRECT} Not every reason goes with every verdict.",
        request=DecisionSerializer,
        answers={201: DecisionBodySerializer, 200: DecisionBodySerializer},
        parameters=[REPLAYED],
        examples=[
            example("Against the answer", _SENT),
            example("A correction", {"verdict": "agree", "reason": "fits", "replaces": DECISION["id"]}),
            example("Stored", DECISION, status=201),
        ],
        problems=_PROBLEMS,
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Store a decision."""
        by: Any = request.user
        answer = found(pk, by)
        demand(by, decision_verbs.DECIDE)
        said = self.said(request)
        try:
            replaces = decision_verbs.seen(answer, said.pop("replaces", None))
            made, is_new = decision_verbs.decided(prediction=answer, by=by, replaces=replaces, **said)
        except decision_verbs.DecidedMeanwhile:
            return self.overtaken(request, _DECIDED, decisions.overtaken(decision_verbs.latest(answer)))
        return self.stored(told.decision_body(made), is_new=is_new)


class OutcomeView(_Writing):
    """POST /api/v1/predictions/{id}/outcome."""

    shape = OutcomeSerializer

    @described(
        "predictions.report_outcome",
        tag="Follow-up",
        summary="Say what really happened after an answer",
        description=f"A class of the model as `label`, or a `value` where it answers values. {_REPLAY}{_CORRECT} "
        "The number of a withdrawal belongs there too, to report again after it.",
        request=OutcomeSerializer,
        answers={201: OutcomeBodySerializer, 200: OutcomeBodySerializer},
        parameters=[REPLAYED],
        examples=[
            example("A class", _REPORTED),
            example("A value", {"value": 212500, "observed_date": "2027-02-10", "comment": "The notary's deed."}),
            example("Taken back", {"withdrawn": True, "replaces": OUTCOME["id"]}),
            example("Stored", OUTCOME, status=201),
        ],
        problems=_PROBLEMS,
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Store an outcome."""
        by: Any = request.user
        demand(by, outcome_verbs.RIGHT)
        answer = found(pk, by)
        said = self.said(request)
        number = said.pop("replaces", None)
        replaces = Outcome.objects.filter(pk=number, prediction=answer).first() if number else None
        if number and replaces is None:
            return self._overtaken(request, answer)
        try:
            made, is_new = outcome_verbs.recorded(
                prediction=answer, by=by, origin=Outcome.Origin.API, replaces=replaces, **said
            )
        except outcome_verbs.Meanwhile:
            return self._overtaken(request, answer)
        return self.stored(told.outcome_body(made), is_new=is_new)

    def _overtaken(self, request: Request, answer: Any) -> Response:
        latest = outcome_verbs.latest_of(answer)
        return self.overtaken(request, _HAPPENED, _why(latest))


class DecisionsView(_Writing):
    """POST /api/v1/decisions."""

    @described(
        "decisions.create",
        tag="Follow-up",
        summary="Say what humans decided about many answers",
        description="Up to 1000 rows, by the rules of one decision. All are stored or none; with `partial` the good rows, and "
        "`errors` names the others. Send the same again after a lost answer: what is there is not stored twice.",
        request=DecisionsSerializer,
        answers={201: KeptRowsSerializer, 200: KeptRowsSerializer},
        parameters=[REPLAYED],
        examples=[
            example("One row", {"decisions": [{"prediction": DECISION["prediction"], **_SENT}]}),
            example("Stored", _KEPT, status=201),
        ],
        problems=_PROBLEMS_OF_MANY,
    )
    def post(self, request: Request) -> Response:
        """Store the decisions."""
        by: Any = request.user
        demand(by, decision_verbs.DECIDE)
        rows, partial = many_rows.rows_of(request, "decisions")
        said, bad = many_rows.shaped(rows, DecisionRowSerializer())
        if bad and not partial:
            return many_rows.told(request, [], bad, partial=False, conflict=_DECIDED)
        wishes = {row: decisions.Wish(**one) for row, one in said.items()}
        kept, wrong = decisions.decide_many(wishes, by=by, partial=partial)
        return many_rows.told(request, kept, [*bad, *wrong], partial=partial, conflict=_DECIDED)


class OutcomesView(_Writing):
    """POST /api/v1/outcomes."""

    @described(
        "outcomes.create",
        tag="Follow-up",
        summary="Say what really happened after many answers",
        description="Up to 1000 rows, by the rules of one outcome. A row names its answer by `prediction`, or by `key`: the "
        "latest answer of that `model`, or of the model of that `dataset`, on the day or before. All are stored or none; "
        "with `partial` the good rows, and `errors` names the others. Send the same again after a lost answer: what is "
        "there is not stored twice.",
        request=OutcomesSerializer,
        answers={201: KeptRowsSerializer, 200: KeptRowsSerializer},
        parameters=[REPLAYED],
        examples=[
            example("By number", {"outcomes": [{"prediction": OUTCOME["prediction"], **_REPORTED}]}),
            example("By key", {"outcomes": [{"key": "742", "dataset": "employees", **_REPORTED}], "partial": True}),
            example("Stored", _KEPT, status=201),
        ],
        problems=_PROBLEMS_OF_MANY,
    )
    def post(self, request: Request) -> Response:
        """Store the outcomes."""
        by: Any = request.user
        demand(by, outcome_verbs.RIGHT)
        rows, partial = many_rows.rows_of(request, "outcomes")
        said, bad = many_rows.shaped(rows, OutcomeRowSerializer())
        if bad and not partial:
            return many_rows.told(request, [], bad, partial=False, conflict=_HAPPENED)
        kept, wrong = outcomes.report_many({row: _told(one) for row, one in said.items()}, by=by, partial=partial)
        return many_rows.told(request, kept, [*bad, *wrong], partial=partial, conflict=_HAPPENED)


def _why(latest: Outcome | None) -> str:
    return outcomes.overtaken(latest.pk, is_withdrawn=latest.is_withdrawn) if latest else outcomes.overtaken(None)


def _told(said: dict[str, Any]) -> outcomes.Told:
    more = {name: said[name] for name in ("prediction", "key", "model", "dataset", "replaces") if name in said}
    what = Said(said.get("label", ""), said.get("value"))
    return outcomes.Told(said=what, observed=said["observed_date"], **more)
