"""Outcomes of many answers at once, as programs report them: by the rules of one, found as the rows of a file are."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, OperationalError, transaction
from django.utils.translation import gettext as _

from predictions.models import Dataset, Outcome
from predictions.outcomes import matching, sentences
from predictions.outcomes.matching import Found
from predictions.outcomes.verbs import RIGHT, Meanwhile, impossible, meanwhile, refuse_to_wait
from predictions.outcomes.words import Said
from predictions.outcomes.writing import Report, write
from predictions.rows import Kept, Wrong, contradictions
from registry import serving
from registry.models import ModelVersion, RegisteredModel
from registry.rights import demand
from registry.signature import Signature

TRIES = 3


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a program says of one answer: by its number, or by the key of a case and the model or set it is of."""

    said: Said
    observed: date
    prediction: UUID | None = None
    key: str = ""
    model: str = ""
    dataset: str = ""
    replaces: UUID | None = None


def report_many(told: Mapping[int, Told], *, by: User, partial: bool) -> tuple[list[Kept], list[Wrong]]:
    """Report what became of many answers: all of it, or nothing when a row is wrong; with `partial` the good rows.

    `told`: by the row in which each was said. What is there already is kept once. Raises NotAllowed, and Meanwhile when
    others report about the same answers all the while.
    """
    demand(by, RIGHT)
    for _try in range(TRIES):
        try:
            return _report(told, by, partial=partial)
        except IntegrityError:  # somebody else was first: look at what is there now
            continue
        except OperationalError as error:
            refuse_to_wait(error)
            raise
    raise Meanwhile(meanwhile())


@dataclass
class _Sorted:
    """What the rows come to. `known`: answers of which the same is there already, with the number of that outcome."""

    wrong: list[Wrong]
    known: dict[UUID, UUID] = field(default_factory=dict)
    fresh: dict[UUID, Report] = field(default_factory=dict)
    rows: dict[UUID, list[int]] = field(default_factory=lambda: defaultdict(list))


def _report(told: Mapping[int, Told], by: User, *, partial: bool) -> tuple[list[Kept], list[Wrong]]:
    meant, wrong = _meant(told, by)
    found = _sorted(meant, wrong, by)
    if found.wrong and not partial:
        return [], sorted(found.wrong)
    numbers = found.known
    if found.fresh:
        with transaction.atomic():
            numbers = numbers | write(list(found.fresh.values()), by=by, origin=Outcome.Origin.API.value)
    kept = [
        Kept(row, answer, numbers[answer], is_new=answer in found.fresh and row == rows[0])
        for answer, rows in found.rows.items()
        for row in rows
    ]
    return sorted(kept), sorted(found.wrong)


def _meant(told: Mapping[int, Told], by: User) -> tuple[dict[int, Report], list[Wrong]]:
    """Which answer each row is about: its number says so, or its key, the day and the model."""
    meant, wrong = {}, []
    keyed: dict[tuple[RegisteredModel, Dataset | None], list[tuple[int, Told]]] = defaultdict(list)
    places = _Places([row for row in told.values() if row.prediction is None], by)
    for row, said in told.items():
        if said.prediction is not None:
            meant[row] = Report(said.prediction, said.said, said.observed, said.replaces)
        elif refused := places.refused(row, said):
            wrong.append(refused)
        else:
            keyed[places.of(said)].append((row, said))
    for (model, dataset), rows in keyed.items():
        keys = [(said.key, said.observed) for _row, said in rows]
        found = matching.by_key(keys, model=model, dataset=dataset, user=by)
        for place, ((row, said), number) in enumerate(zip(rows, found.numbers, strict=True)):
            if number is None or place in found.several:
                code = "several_sets" if number else "late_key" if place in found.late else "unknown_key"
                wrong.append(_wrong(row, "dataset" if number else "key", code))
            else:
                meant[row] = Report(number, said.said, said.observed, said.replaces)
    return meant, wrong


class _Places:
    """The models and sets of records that rows with keys name, looked up at once."""

    def __init__(self, told: list[Told], by: User) -> None:
        self._models: dict[str, RegisteredModel] = {}
        self._sets: dict[str, Dataset] = {}
        if sets := {said.dataset for said in told if said.dataset}:
            found = Dataset.objects.visible_to(by).filter(name__in=sets).select_related("model")
            self._sets = {dataset.name: dataset for dataset in found}
        if models := {said.model for said in told if said.model}:
            self._models = {model.name: model for model in RegisteredModel.objects.filter(name__in=models)}

    def refused(self, row: int, said: Told) -> Wrong | None:
        """Why it is not clear of whose answers a row speaks; None when it is."""
        if said.dataset and said.dataset not in self._sets:
            return Wrong(row, "dataset", "unknown_dataset", _("There is no set of records of this name."))
        if said.model and said.model not in self._models:
            return Wrong(row, "model", "unknown_model", _("There is no model of this name."))
        return None if self._model(said) else _wrong(row, "model", "no_model")

    def of(self, said: Told) -> tuple[RegisteredModel, Dataset | None]:
        """The model and the set of a row that is not refused."""
        return self._model(said), self._sets.get(said.dataset)  # type: ignore[return-value]  # it is not refused

    def _model(self, said: Told) -> RegisteredModel | None:
        """As the row says, or else the one that the set is asked about with."""
        if said.model:
            return self._models[said.model]
        return self._sets[said.dataset].model if said.dataset else None


def _sorted(meant: Mapping[int, Report], wrong: list[Wrong], by: User) -> _Sorted:
    """Into what is new, what is there already, and what cannot be."""
    found = _Sorted([*wrong, *contradictions(meant)])
    refused = {one.row for one in found.wrong}
    answers = matching.by_number({report.prediction for report in meant.values()}, user=by)
    signatures = _signatures({answer.version for answer in answers.values()})
    for row, report in meant.items():
        answer = answers.get(report.prediction)
        if row in refused:
            continue
        if answer is None:
            found.wrong.append(_wrong(row, "prediction", "unknown_number"))
        elif problems := impossible(signatures[answer.version], report.said, report.observed, answer.answered):
            found.wrong += [Wrong(row, name, "invalid", text) for name, text in problems.items()]
        elif _is_known(answer, report):
            found.known[answer.number] = answer.known.number  # type: ignore[union-attr]  # it is known
            found.rows[answer.number].append(row)
        elif report.replaces != (known := answer.known.number if answer.known else None):
            text = overtaken(known, is_withdrawn=answer.known is not None and answer.known.is_withdrawn)
            found.wrong.append(Wrong(row, "replaces", "reported_meanwhile", text, is_conflict=True))
        else:
            found.fresh[answer.number] = report
            found.rows[answer.number].append(row)
    return found


def _is_known(answer: Found, report: Report) -> bool:
    known = answer.known
    if known is None or known.is_withdrawn:
        return False
    return (Said(known.label, known.value), known.observed) == (report.said, report.observed)


def overtaken(number: UUID | None, *, is_withdrawn: bool = False) -> str:
    """Why an outcome was refused that replaces something else than `number`, the latest one, and how to go on.

    After a withdrawal nothing is reported by itself: what comes late would bring back what was taken back.
    """
    if number is None:
        return _("No outcome of this answer was reported yet: leave “replaces” out.")
    text = _("There is an outcome already, %(number)s. Look at it, and name it in “replaces” to correct it.")
    if is_withdrawn:
        text = _("The outcome was withdrawn, by %(number)s. Name that number in “replaces” to report another one.")
    return text % {"number": number}


def _signatures(versions: set[int]) -> dict[int, Signature]:
    found = ModelVersion.objects.defer("report", "metadata").in_bulk(list(versions))
    return {pk: serving.signature_of(version) for pk, version in found.items()}


def _wrong(row: int, name: str, code: str) -> Wrong:
    return Wrong(row, name, code, sentences.why(code))
