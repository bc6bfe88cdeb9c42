"""What people made of the answers of a filled instance: decisions, outcomes, and what is still awaited."""

import psycopg
from django.contrib.auth.models import User

# As in benchmarks/filling.py: PostgreSQL has uuidv7() from 18 on.
NUMBER = """(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
    || substr(md5(id::text), 1, 3) || '8' || substr(md5(id::text), 4, 15))::uuid"""
# One answer of ten was decided about, of two classes; one of five turned out; a few wait.
DECISIONS = f"""
INSERT INTO predictions_decision (id, salt, digest, created_at, prediction_id, by_id, verdict, reason, comment)
SELECT {NUMBER}, '', '', created_at + interval '1 day', id, %(by)s,
    (ARRAY['agree', 'agree', 'agree', 'agree', 'disagree', 'need_more'])[1 + far / 10 %% 6], 'fits', ''
FROM (SELECT id, created_at, label, hashint4(hashtext(id::text)) & 2147483647 AS far FROM predictions_prediction) AS answer
WHERE far %% 10 = 0 AND label <> ''
"""
OUTCOMES = f"""
INSERT INTO predictions_outcome
    (id, salt, digest, created_at, prediction_id, by_id, label, is_withdrawn, observed_date, origin, comment)
SELECT {NUMBER}, '', '', created_at + interval '90 days', id, %(by)s, label, false, created_at::date + 90, 'file', ''
FROM (SELECT id, created_at, label, hashint4(hashtext(id::text)) & 2147483647 AS far FROM predictions_prediction) AS answer
WHERE far %% 5 = 1 AND label <> '' AND created_at < now() - interval '90 days'
"""
AWAITED = """
INSERT INTO predictions_awaited (prediction_id, kind, model_id, user_id, due_date)
SELECT answer.id, kind, version.model_id, answer.user_id, answer.created_at::date + days
FROM (SELECT *, hashint4(hashtext(id::text)) & 2147483647 AS far FROM predictions_prediction) AS answer
JOIN registry_modelversion AS version ON version.id = answer.version_id
JOIN (VALUES ('decision', 0, 100), ('outcome', 90, 20)) AS wait (kind, days, of_them) ON far %% of_them = 3
WHERE label <> ''
"""


def facts(database: str) -> None:
    """All of them, by the database alone."""
    by = User.objects.get(username="decider").pk
    with psycopg.connect(database) as connection:
        for statement in (DECISIONS, OUTCOMES, AWAITED):
            connection.execute(statement, {"by": by})
