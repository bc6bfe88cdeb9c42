"""Where an answer leads: what of it goes into which other operation. Clients and tests follow these links."""

from typing import Any


def _link(operation: str, description: str, **parameters: str) -> dict[str, Any]:
    said = {name: f"$response.body#/{place}" for name, place in parameters.items()}
    return {"operationId": operation, "parameters": said, "description": description}


def _of_answer(place: str) -> dict[str, Any]:
    return {
        "record": _link("predictions.read", "What was stored.", id=place),
        "decision": _link("predictions.decide", "Say what was decided.", id=place),
        "outcome": _link("predictions.report_outcome", "Say what happened.", id=place),
    }


_FIRST = _of_answer("predictions/0/id")
_BATCH = {
    "state": _link("batches.read", "How far it is.", id="id"),
    "run": _link("batches.run", "Run it, if it waits for that.", id="id"),
    "cancel": _link("batches.cancel", "Stop it.", id="id"),
    "results": _link("batches.results", "The answers, as soon as there are some.", id="id"),
    "rejected": _link("batches.rejected", "The rows that could not be answered.", id="id"),
}
_MODEL = {
    "model": _link("models.read", "What is known about it.", model="results/0/name"),
    "schema": _link("models.schema", "Which fields it takes.", model="results/0/name"),
    "ledger": _link("models.ledger", "Who put it in charge.", model="results/0/name"),
}
# (operation, status) -> its links
LINKS: dict[tuple[str, str], dict[str, Any]] = {
    ("predictions.predict", "200"): _FIRST,
    ("models.predict", "200"): _FIRST,
    ("records.predict", "200"): _FIRST,
    ("predictions.list", "200"): _of_answer("results/0/id"),
    ("batches.create", "202"): _BATCH,
    ("batches.create", "200"): _BATCH,
    ("batches.list", "200"): {"state": _link("batches.read", "One of them.", id="results/0/id")},
    ("models.list", "200"): _MODEL,
}
