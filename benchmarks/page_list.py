"""Which pages are measured, each for the readers to whom it costs most. Django must be set up and the tables filled."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.admin import site
from django.urls import reverse

from benchmarks.filling import CALLS, DATASET, PEOPLE
from predictions.listing.lists import PAGE
from predictions.models import Prediction, Record

MIDDLE = 2  # the page before the middle of a list is a deep one


@dataclass(frozen=True)
class Page:
    """A page and its reader; `sent` is what a form sends."""

    name: str
    reader: str
    address: str
    sent: dict[str, Any] | None = None


def pages() -> Iterator[Page]:
    """All of them."""
    yield from (Page("home", reader, reverse("home")) for reader in PEOPLE)
    yield from _asking()
    yield from _tables()
    yield from _records()
    yield from _answers()
    yield from _history()
    yield from (Page(name, "manager", reverse(name, args=args)) for name, args in _REGISTRY)
    yield from _others()
    yield from _admin()


def _asking() -> Iterator[Page]:
    form = reverse("predict", args=["attrition"])
    record, answer = Record.objects.order_by("-pk")[0], _answers_of("attrition").exclude(explanation=None)[0]
    yield Page("models to ask", "business", reverse("predict-choose"))
    yield Page("form", "business", form)
    yield Page("form from a record", "business", f"{form}?record={record.pk}")
    yield Page("form from an answer", "business", f"{form}?from={answer.pk}")
    yield Page("form of the other model", "business", reverse("predict", args=["iris"]))


def _tables() -> Iterator[Page]:
    address = reverse("records", args=[DATASET])
    middle = Record.objects.order_by("pk")[Record.objects.count() // MIDDLE].pk
    key = Record.objects.get(pk=middle).key
    looks = {
        "": {},
        "deep": {"after": middle},
        "sorted by a number": {"sort": "age"},
        "sorted by a number, down, deep": {"sort": "revenu_mensuel", "order": "desc", "after": middle},
        "sorted by choices": {"sort": "poste"},
        "sorted by key, down": {"sort": "id_employee", "order": "desc"},
        "filtered by choices": {"is.departement": "Consulting"},
        "filtered to few": {"is.poste": "Manager", "from.revenu_mensuel": 19_000, "from.age": 55},
        "filtered and sorted": {"is.departement": "Consulting", "sort": "age"},
        "searched": {"q": key},
        "searched for what is rare": {"q": "no such word"},
        "searched, filtered, sorted, deep": {"q": "1", "from.age": 30, "sort": "age", "after": middle},
    }
    yield Page("sets of records", "business", reverse("datasets"))
    yield Page("import", "business", reverse("records-import"))
    for name, query in looks.items():
        yield Page(f"records {name}".strip(), "decider", f"{address}?{urlencode(query)}")
    yield Page("records", "business", address)


def _records() -> Iterator[Page]:
    ticked = list(Record.objects.order_by("pk").values_list("pk", flat=True)[:PAGE])
    ask = reverse("records-ask", args=[DATASET])
    yield Page("a record", "business", reverse("records-show", args=[DATASET, ticked[0]]))
    yield Page("a record", "decider", reverse("records-show", args=[DATASET, ticked[-1]]))
    yield Page("ask about ticked records", "business", f"{ask}?{urlencode({'record': ticked}, doseq=True)}")
    query = urlencode({"is.departement": "Consulting", "from.revenu_mensuel": 19_000})
    yield Page("ask about all matching records", "decider", f"{ask}?{urlencode({'all': 1, 'query': query})}")


def _answers() -> Iterator[Page]:
    history, mine = reverse("history"), Prediction.objects.filter(user__username="business").order_by("-id")
    deep = mine.values_list("id", flat=True)[mine.count() // MIDDLE]
    explained = _answers_of("attrition").exclude(explanation=None).filter(user__username="business")[0]
    yield Page("my answers", "business", history)
    yield Page("my answers", "newcomer", history)
    yield Page("my answers, deep", "business", f"{history}?before={deep}")
    for reader in ("business", "decider"):
        yield Page("an answer, explained", reader, reverse("record", args=[explained.pk]))
    for rows in CALLS:
        address = reverse("answers", args=[_call(min(rows, Record.objects.count()))])
        yield Page(f"{rows} answers of a call", "decider", address)
        yield Page(f"{rows} answers of a call, a later page", "decider", f"{address}?page=10")
        yield Page(f"{rows} answers of a call, with a warning", "decider", f"{address}?warned=1")


def _history() -> Iterator[Page]:
    address, person = reverse("history-search"), reverse("history-person")
    keyed = list(Prediction.objects.exclude(key="").defer("inputs", "outputs", "explanation").order_by("-id")[:1001])[
        -1
    ]
    middle = Prediction.objects.order_by("id").values_list("id", flat=True)[Prediction.objects.count() // MIDDLE]
    explained = [answer.pk for answer in _answers_of("attrition").exclude(explanation=None)[:2]]
    looks = {
        "": {},
        "deep": {"before": middle},
        "by key": {"q": keyed.key},
        "of a model": {"model": "iris"},
        "of a class": {"answer": "leaves"},
        "of a month": {"from": "2026-01-01", "to": "2026-01-31"},
        "to be decided": {"decision": "waiting"},
        "disagreed, deep": {"decision": "disagree", "before": middle},
        "with an outcome": {"outcome": "known"},
        "due": {"outcome": "due"},
        "by four filters": {"model": "attrition", "answer": "leaves", "source": "records", "decision": "agree"},
    }
    for name, query in looks.items():
        for reader in ("decider", "business"):
            yield Page(f"history {name}".strip(), reader, f"{address}?{urlencode(query)}")
    yield Page("history of a person", "decider", f"{address}?{urlencode({'by': 'business'})}")
    yield Page("two answers", "decider", reverse("history-compare", query={"a": explained[1], "b": explained[0]}))
    yield Page("the story of a record", "decider", f"{person}?{urlencode({'key': keyed.key})}")
    yield Page("the story of a record", "business", f"{person}?{urlencode({'key': keyed.key, 'dataset': DATASET})}")


def _call(rows: int) -> UUID:
    """The number of the call that has so many rows."""
    asked = Prediction.objects.filter(user__username="decider", row=rows - 1).values_list("request_id", flat=True)
    return next(number for number in asked if Prediction.objects.of_call(number).count() == rows)


def _answers_of(model: str) -> Any:
    return Prediction.objects.filter(version__model__name=model).order_by("-id")


_REGISTRY: list[tuple[str, list[Any]]] = [
    ("registry", []),
    ("registry-deliveries", []),
    ("registry-requests", []),
    ("registry-model", ["attrition"]),
    ("registry-settings", ["attrition"]),
    ("registry-stop", ["attrition"]),
    ("registry-version", ["attrition", 1]),
    ("registry-promote", ["attrition", 1]),
    ("registry-signature", ["attrition", 1]),
]


def _others() -> Iterator[Page]:
    yield Page("account", "business", reverse("account"))
    yield Page("API tokens", "business", reverse("account-tokens"))
    yield Page("ledger, JSON", "auditor", reverse("api-ledger", args=["attrition"]))
    yield Page("models, JSON", "auditor", reverse("api-models"))
    yield from (Page("answers, JSON", reader, reverse("api-predictions")) for reader in ("decider", "business"))
    yield Page("answers of a model, JSON", "decider", f"{reverse('api-predictions')}?model=attrition&page_size=200")


def _admin() -> Iterator[Page]:
    answer, deep = _answers_of("attrition")[0], _answers_of("attrition")[1000].pk
    listed = reverse("admin:predictions_prediction_changelist")
    looks = {
        "": {},
        "deep": {"before": deep},
        "searched": {"q": answer.pk},
        "of a model": {"model": "attrition"},
        "of a person": {"user": "newcomer"},
    }
    yield Page("admin", "admin", reverse("admin:index"))
    for name, query in looks.items():
        yield Page(f"admin: answers {name}".strip(), "auditor", f"{listed}?{urlencode(query)}")
    yield Page("admin: an answer", "auditor", reverse("admin:predictions_prediction_change", args=[answer.pk]))
    for model in site._registry:
        if model is not Prediction:
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
            yield Page(f"admin: {model._meta.verbose_name_plural}", "admin", reverse(name))
