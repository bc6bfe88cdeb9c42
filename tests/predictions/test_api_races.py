"""Fifty callers send one idempotency key at once: one record, everyone else a replay or 409.

The long form is benchmarks/api_races.py.
"""

from pathlib import Path

import pytest
from django.contrib.auth.models import User

from benchmarks import api_races
from benchmarks.web import Web
from registry.models import ModelVersion

SEED = 20_261_123


@pytest.mark.django_db(transaction=True)
def test_one_record_however_many_ask_at_once(
    iris: ModelVersion, analyst: User, token, web_environment, owner_address: str, tmp_path: Path
) -> None:
    print(f"seed {SEED}")
    key = token(analyst).removeprefix("Token ")
    with Web(web_environment, tmp_path) as web:
        found = api_races.race(web.address, key, owner_address, rounds=10, seed=SEED)
    assert (found["wrong"], found["deadlocks"]) == (0, 0), (found, web.tail())
    assert (found["calls"], found["records"], found["answers"]["new"]) == (500, 10, 10)
