"""A small world behind every operation, and callers of each role."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from futurisys import openapi
from predictions import actions
from predictions.models import Dataset, Record, Source
from registry import actions as registry_actions
from registry.models import ModelVersion
from tests.api.attack import WEBHOOK_SECRET, Report, attack
from tests.worlds import IRIS, member

SEED = 20261121
# The server of tests keeps nothing through a power cut, so it is never ready; and /metrics is open to this machine.
ELSEWHERE = ("health.read", "health.ready", "v2.ready", "metrics.read")


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    """What /api/v1/schema serves."""
    found: dict[str, Any] = json.loads(openapi.FILE.read_text("utf-8"))
    return found


@pytest.fixture
def known(
    live_server: Any, iris: ModelVersion, promoted: Callable[..., ModelVersion], stranger: User, administrator: User
) -> dict[str, list[str]]:
    """What is there: two models, a set of records, somebody else's answer."""
    promoted("digits")
    registry_actions.make_default(iris.model)
    flowers = Dataset.objects.create(
        name="flowers",
        title="Flowers",
        model=iris.model,
        key_column="flower",
        columns=[{"name": name, "kind": "number" if name in IRIS else "text"} for name in ("flower", *IRIS)],
        updated_by=administrator,
    )
    for number in range(3):
        Record.objects.create(dataset=flowers, key=f"F-{number}", data={"flower": f"F-{number}", **IRIS})
    names = {"model": ["iris"], "number": ["1"], "dataset": ["flowers"], "key": ["F-0", "F-1"]}
    return names | {"id": [_asked(stranger)]}


def _asked(person: User) -> str:
    """The id of an answer of theirs."""
    columns = {name: [value] for name, value in IRIS.items()}
    answer = actions.predict(model="iris", columns=columns, rows=1, source=Source.API, by=person)
    return str(answer.predictions[0].pk)


@pytest.fixture
def attacked(
    document: dict[str, Any],
    known: dict[str, list[str]],
    token: Callable[[User], str],
    live_server: Any,
    settings: Any,
) -> Callable[..., Report]:
    """`attacked(role, examples=3)`: the report on everything that a person of this role may send."""

    def by(role: str | None, *, examples: int, **how: Any) -> Report:
        settings.HUB_WEBHOOK_SECRETS = {"huggingface": WEBHOOK_SECRET}
        # No share of calls: what is over it is 429 whatever was sent, and says nothing of the rest.
        settings.API_CALLS_PER_MINUTE = dict.fromkeys(settings.API_CALLS_PER_MINUTE, 0)
        authorization = None
        if role is not None:
            person = member("attacker", role)
            if person.has_perm("predictions.add_prediction"):
                known["id"].append(_asked(person))
            authorization = token(person)
        seen = {"authorization": authorization, "known": known, "server": live_server.url}
        return attack(document, **seen, seed=SEED, examples=examples, without=ELSEWHERE, **how)

    return by
