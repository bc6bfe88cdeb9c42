"""Many answers of one model over a stretch of time, and what became of them: copies of some that the product made.

The model is attrition, in two versions: the second one answers from the middle of the stretch on. Django must be set up.
"""

import csv
from datetime import datetime
from pathlib import Path

import psycopg
from django.contrib.auth.models import User

from benchmarks import filling, filling_facts
from predictions import actions
from predictions.activity import number_at
from predictions.models import Source
from registry import serving

MODEL = "attrition"
ASKED = 400  # employees of whom the others are copies
SOURCES = (Source.RECORDS, Source.API, Source.FORM)

TEMPLATE = """
CREATE TEMP TABLE template AS
SELECT row_number() OVER (PARTITION BY version_id ORDER BY id) - 1 AS place, dense_rank() OVER (ORDER BY version_id) AS number,
    {kept}
FROM predictions_prediction AS prediction WHERE id >= %(asked)s AND version_id IN
    (SELECT id FROM registry_modelversion WHERE model_id = (SELECT id FROM registry_registeredmodel WHERE name = %(model)s))
"""
# A number begins with its millisecond, as a UUIDv7 does; "far" makes neighbours differ.
ANSWERS = """
INSERT INTO predictions_prediction (id, request_id, created_at, row, user_id, key, {kept})
SELECT made.id, made.id, moment, 0, %(by)s, '', {kept}
FROM (
    SELECT *, (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '7' || substr(tail, 1, 3) || '8'
        || substr(tail, 4, 15))::uuid AS id
    FROM (
        SELECT number, hashint8(number)::bigint & 2147483647 AS far, md5(number::text) AS tail,
            %(begin)s + (%(end)s - %(begin)s) * ((number - %(first)s)::float8 / (%(last)s::int - %(first)s + 1)) AS moment
        FROM generate_series(%(first)s::int, %(last)s::int) AS number
    ) AS made
) AS made
JOIN template ON template.place = far %% (SELECT count(*) FROM template WHERE number = 1)
    AND template.number = CASE WHEN moment < %(middle)s THEN 1 ELSE 2 END
"""


def versions(folder: Path) -> None:
    """Two versions of the model, both of which were in charge."""
    filling.models(folder, names=[MODEL])
    _asked(folder / MODEL / "test_set.csv")
    card = folder / MODEL / "README.md"
    card.write_text(card.read_text(encoding="utf-8") + "\nNow in its second version.\n", encoding="utf-8")
    filling.published(MODEL, folder)
    serving.expire()
    _asked(folder / MODEL / "test_set.csv")


def _asked(people: Path) -> None:
    with people.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[:ASKED]
    features = [feature.name for feature in serving.champion(MODEL).signature.features]
    by = User.objects.get(username="business")
    for part, source in enumerate(SOURCES):
        told = rows[part :: len(SOURCES)]
        columns = {name: [row[name] for row in told] for name in features}
        actions.predict(model=MODEL, columns=columns, rows=len(told), source=source, by=by)


def answers(database: str, first: int, last: int, *, begin: datetime, end: datetime) -> None:
    """As many as from the one number to the other, evenly over a stretch that ends before the product was asked.

    With decisions about and outcomes of those that have none yet.
    """
    by = User.objects.get(username="business").pk
    values = {"first": first, "last": last, "begin": begin, "end": end, "middle": begin + (end - begin) / 2, "by": by}
    with psycopg.connect(database) as connection:
        kept = ", ".join(filling.ANSWERED)
        connection.execute(TEMPLATE.format(kept=kept), {"asked": number_at(end), "model": MODEL})
        connection.execute(ANSWERS.format(kept=kept), values)
        for statement in (filling_facts.DECISIONS, filling_facts.OUTCOMES):
            connection.execute(statement + " ON CONFLICT DO NOTHING", {"by": by})
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
