"""`manage.py record_example_case`: one employee of the demo whose whole story is on record, and others that wait."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from predictions import actions, asking
from predictions.decisions import verbs as decisions
from predictions.models import Decision, Outcome, Record, Source
from predictions.outcomes import verbs as outcomes
from registry import oversight, serving

ASKED = 4  # records: one is decided about, the others wait
DAYS = 365
REASON, COMMENT = Decision.Reason.MISSING_CONTEXT, "Agreed last week to lead the new team in Lyon."


class Command(BaseCommand):
    help = "Ask about records of the demo, decide about one, and say what became of it; through the verbs of the pages."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dataset", required=True, help="Name of the set of records; it has a model of two classes."
        )
        parser.add_argument("--asked-by", required=True)
        parser.add_argument("--decided-by", required=True)
        parser.add_argument("--by", required=True, help="Who marks the model as high risk.")

    def handle(self, *args: Any, **options: Any) -> None:
        records = list(Record.objects.select_related("dataset__model").filter(dataset__name=options["dataset"])[:ASKED])
        if not records or records[0].dataset.model is None:
            raise CommandError(f"The set “{options['dataset']}” has no records, or no model: import it with --model.")
        asks, decides, by = (User.objects.get(username=options[name]) for name in ("asked_by", "decided_by", "by"))
        model = records[0].dataset.model
        rules = {**vars(oversight.rules_of(model)), "is_high_risk": True, "outcome_days": DAYS}
        oversight.oversee(model=model, rules=oversight.Rules(**rules), by=by)
        serving.expire()
        first, *_others = [self._ask(record, asks) for record in records]
        self._tell(first, decides=decides, reports=asks)
        self.stdout.write(f"{len(records)} answers; the story of {first.key} is in answer {first.pk}.")

    def _ask(self, record: Record, by: User) -> Any:
        signature = serving.champion(record.dataset.model.name).signature  # type: ignore[union-attr]
        answer = actions.predict(
            model=record.dataset.model.name,  # type: ignore[union-attr]
            columns=asking.columns(signature, [record]),
            rows=1,
            source=Source.FORM,
            by=by,
            explain=True,
            records=[record.pk],
            cases=[record.key],
        )
        return answer.predictions[0]

    def _tell(self, answer: Any, *, decides: User, reports: User) -> None:
        """Expected otherwise, decided against the answer, and proven right."""
        signature = serving.signature_of(answer.version)
        other = next(name for name in signature.class_names if name != answer.label)
        decisions.estimate(prediction=answer, by=decides, label=other)
        decisions.decide(
            prediction=answer, by=decides, verdict=Decision.Verdict.DISAGREE, reason=REASON, comment=COMMENT
        )
        today = timezone.localdate()
        outcomes.record_outcome(
            prediction=answer, by=reports, origin=Outcome.Origin.HAND, label=other, observed_date=today
        )
