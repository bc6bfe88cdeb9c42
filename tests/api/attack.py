"""Schemathesis on the served document, against a server on loopback: what it sends, and what it finds wrong.

The document leaves a row's fields open, since each model has its own, and says of a file that it is bytes. So whatever asks
a model gets a good row of iris where a row has its place, and a file is a good one: what a request is then refused for is
what was made wrong with it. What a model makes of its own fields is the business of other tests (docs/adr/0019).
"""

import random
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import schemathesis
from django.utils import timezone
from PIL import Image, ImageDraw
from schemathesis.config import SchemathesisConfig
from schemathesis.config._checks import NEGATIVE_DATA_REJECTION_EXPECTED_STATUSES as REFUSED
from schemathesis.config._checks import POSITIVE_DATA_ACCEPTANCE_EXPECTED_STATUSES as ACCEPTED
from schemathesis.engine import events, from_schema
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER

from tests.worlds import IRIS

MULTIPART = "multipart/form-data"
Known = Mapping[str, list[str]]  # what each part of an address may hold
INFER = {"inputs": [{"name": name, "shape": [1], "datatype": "FP64", "data": [value]} for name, value in IRIS.items()]}
ROWS = (",".join(IRIS) + "\n" + ",".join(map(str, IRIS.values())) + "\n").encode()


def _picture() -> bytes:
    file = BytesIO()
    drawing = Image.new("L", (40, 40), "white")
    ImageDraw.Draw(drawing).line([(20, 5), (20, 35)], fill="black", width=5)
    drawing.save(file, "PNG")
    return file.getvalue()


PICTURE = _picture()
WEBHOOK_SECRET = "a-secret-of-the-hub-0"


@dataclass
class Report:
    """What came of it: how many requests by operation and by kind, and what was found."""

    seed: int
    operations: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    found: dict[tuple[str, str, str], str] = field(default_factory=dict)

    @property
    def cases(self) -> int:
        """All requests."""
        return self.operations.total()

    def __str__(self) -> str:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.kinds.items()))
        statuses = ", ".join(f"{count}x {status}" for status, count in sorted(self.statuses.items()))
        return f"seed {self.seed}: {self.cases} cases of {len(self.operations)} operations ({kinds}); {statuses}"


def attack(
    document: dict[str, Any],
    *,
    server: str,
    authorization: str | None,
    known: Known,
    seed: int,
    examples: int,
    coverage: bool = True,
    without: Collection[str] = (),
) -> Report:
    """Everything that Schemathesis does, with so many examples an operation; `coverage`: with every limit of every value."""
    schema = schemathesis.openapi.from_dict(
        document, config=_configured(server, authorization, seed, examples, coverage)
    )
    for name in without:
        schema = schema.exclude(operation_id=name)
    report = Report(seed)
    hook = _prepared(known, seed)
    schemathesis.hook("before_call")(hook)
    try:
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                _note(report, event)
            elif isinstance(event, events.NonFatalError | events.FatalError):
                error = getattr(event, "value", None) or getattr(event, "exception", None)
                report.found["schemathesis", getattr(event, "label", ""), type(error).__name__] = repr(error)[:2000]
    finally:
        GLOBAL_HOOK_DISPATCHER.unregister(hook)
    return report


def _configured(server: str, authorization: str | None, seed: int, examples: int, coverage: bool) -> SchemathesisConfig:
    settings: dict[str, Any] = {
        "base-url": server,
        "seed": seed,
        "continue-on-failure": True,
        "workers": 1,
        # A NUL is no character that a text may hold here, which JSON Schema cannot say.
        "generation": {"max-examples": examples, "allow-x00": False, "no-shrink": True, "database": "none"},
        # What was not kept of a file, and what is too long in bytes, no schema can say.
        "checks": {
            "negative_data_rejection": {"expected-statuses": [*REFUSED, "413"]},
            "positive_data_acceptance": {"expected-statuses": [*ACCEPTED, "410", "413"]},
        },
        "phases": {"coverage": {"enabled": coverage}, "stateful": {"max-steps": 6}},
        "auth": {"openapi": {"webhook": {"api_key": WEBHOOK_SECRET}}},
    }
    if authorization:
        settings["auth"]["openapi"]["token"] = {"api_key": authorization}
    return SchemathesisConfig.from_dict(settings)


def _prepared(known: Known, seed: int) -> Any:
    """What every request gets before it is sent: names of what is there, in all places that were not made wrong."""
    choices = random.Random(seed)

    mine = known["id"][-1]

    def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
        wrong = _wrong(case)
        if wrong is None:
            return
        for name in case.path_parameters or {}:
            if name in known and "PATH" not in wrong and choices.random() < 0.8:
                case.path_parameters[name] = choices.choice(known[name])
        if isinstance(case.query, dict) and "QUERY" not in wrong:
            _answerable(case.query, takes_model="model" in case.operation.query)
        if case.headers and "Idempotency-Key" in case.headers and "HEADER" not in wrong:
            case.headers["Idempotency-Key"] = f"key-{choices.getrandbits(64):x}"
        if "BODY" not in wrong and isinstance(case.body, dict):
            if case.media_type == MULTIPART:
                kwargs |= _good_form(case)
            else:
                _good(case, mine, choices)

    return before_call


def _wrong(case: Any) -> set[str] | None:
    """The places that were made wrong; None when one was, and nobody knows which."""
    if case.meta is None:
        return None
    places = {place.name for place, info in case.meta.components.items() if info.mode.is_negative}
    return None if case.meta.generation.mode.is_negative and not places else places


def _answerable(query: dict[str, Any], *, takes_model: bool) -> None:
    """What no schema can say of a parameter: which cursor was given out, which day has passed, which two go together."""
    query.pop("cursor", None)
    if "at" in query:
        query["at"] = "2026-01-02T03:04:05Z"
    if "dataset" in query or "record" in query:
        query |= {"dataset": "flowers", "record": "F-0"}
    if "version" in query and takes_model:
        query["model"] = "iris"


def _good(case: Any, mine: str, choices: random.Random) -> None:
    """A row that the model can answer, where there is a row; a name that is there, where there is a name."""
    path = case.operation.path
    if case.path_parameters and case.path_parameters.get("model") == "digits":
        case.path_parameters["model"] = "iris"
    if path == "/predict":
        case.body = dict(IRIS)
    elif path.endswith("/infer"):
        case.body = dict(INFER)
    elif path.endswith("/records/predict"):
        case.body["keys"] = ["F-0", "F-1", "F-2"][: len(case.body["keys"])]
    elif path.endswith("/predict"):
        _good_question(case.body, choices)
        if "model" in (case.path_parameters or {}) and "model" in case.body:
            case.body["model"] = case.path_parameters["model"]
    elif path.endswith(("/outcome", "/outcomes", "/decisions")):
        many = next((name for name in ("outcomes", "decisions") if name in case.body), "")
        if many:
            del case.body[many][1:]  # two that differ about one answer contradict each other
        for body in case.body[many] if many else [case.body]:
            _good_outcome(body, mine)


def _good_question(body: dict[str, Any], choices: random.Random) -> None:
    inputs = body.get("inputs")
    if isinstance(inputs, dict):
        body["inputs"] = dict(IRIS)
    elif isinstance(inputs, list):
        body["inputs"] = [dict(IRIS) for _row in inputs]
    if "model" in body and choices.random() < 0.8:
        body["model"] = "iris"
    if body.get("version"):
        body["version"] = 1


def _good_outcome(body: dict[str, Any], mine: str) -> None:
    """Which labels a model has, which days are possible and which answers there are is known to the server alone."""
    if {"label", "value", "withdrawn"} & body.keys():
        body.pop("value", None)
        body.pop("withdrawn", None)
        body |= {"label": "setosa", "observed_date": str(timezone.localdate())}
    if {"prediction", "key"} & body.keys():
        for name in ("key", "dataset", "model"):
            body.pop(name, None)
        body["prediction"] = mine


def _good_form(case: Any) -> dict[str, Any]:
    """A picture, or a file of rows, of which the document can only say that they are bytes."""
    texts = {name: value for name, value in case.body.items() if name in {"explain", "partial", "start"}}
    if not case.operation.path.endswith("/predict"):
        return {"files": {"file": ("flowers.csv", ROWS, "text/csv")}, "data": texts | {"model": "iris"}}
    if case.path_parameters and case.path_parameters.get("model") == "iris":
        case.path_parameters["model"] = "digits"
    return {"files": {"image": ("one.png", PICTURE, "image/png")}, "data": texts}


def _note(report: Report, event: events.ScenarioFinished) -> None:
    for key, interaction in event.recorder.interactions.items():
        case = event.recorder.cases[key].value
        report.operations[case.operation.label] += 1
        report.kinds[f"{event.phase.value} {case.meta.generation.mode.value if case.meta else 'other'}"] += 1
        if interaction.response is not None:
            report.statuses[interaction.response.status_code] += 1
    for label, check, said, sent in _failures(event):
        report.found.setdefault((label, check, said.splitlines()[0][:100]), f"{said}\n{sent}")


def _failures(event: events.ScenarioFinished) -> Iterator[tuple[str, str, str, str]]:
    for key, checks in event.recorder.checks.items():
        for check in checks:
            if check.failure_info is not None:
                case = event.recorder.cases[key].value
                interaction = event.recorder.interactions.get(key)
                response = interaction.response if interaction else None
                request = interaction.request if interaction else None
                body = (request.body or b"")[:600] if request else b""
                came = f"{response.status_code} {(response.content or b'')[:600]!r}" if response else "nothing"
                headers = {k: v for k, v in request.headers.items() if k != "Authorization"} if request else {}
                sent = f"  {case.method} {request.uri if request else ''} {headers}\n  {body!r}\n  -> {came}"
                yield case.operation.label, check.name, check.failure_info.failure.message or "-", sent
