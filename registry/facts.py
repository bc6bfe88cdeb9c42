"""Facts are rows that are inserted: what a fact stores besides its payload, and the SQL that refuses changes.

The database refuses UPDATE, DELETE and TRUNCATE twice: the application's role has no such right (futurisys/roles.py
grants by `Fact`), and a trigger without a bypass stops every other role (see `protect`).
"""

import hashlib
import os
from collections.abc import Iterable
from typing import Any

import orjson
import uuid_utils.compat
from django.db import migrations, models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

REFUSE = """
CREATE OR REPLACE FUNCTION futurisys_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % holds facts: rows are inserted, never changed or removed', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$
"""
# The row trigger never fires on TRUNCATE, so a statement trigger stands beside it.
PROTECT = """
CREATE TRIGGER fact_row BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION futurisys_refuse_change();
CREATE TRIGGER fact_table BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION futurisys_refuse_change();
"""
UNPROTECT = "DROP TRIGGER fact_row ON {table}; DROP TRIGGER fact_table ON {table};"


class ClockTimestamp(Now):
    """The database's clock at the moment of the INSERT, not of the transaction's or statement's start."""

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="CLOCK_TIMESTAMP()", **extra)


class Fact(models.Model):
    """A row that is inserted once. `digest` is SHA-256 of `salt` and the canonical payload, for later proofs."""

    id = models.UUIDField(_("record number"), primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    salt = models.BinaryField(_("salt"), max_length=16)
    digest = models.BinaryField(_("digest"), max_length=32)
    created_at = models.DateTimeField(_("recorded"), db_default=ClockTimestamp(), editable=False)

    class Meta:
        abstract = True


def canonical(payload: Any) -> bytes:
    """The one byte form of a JSON value: sorted keys, no spaces, UTF-8. Raises TypeError for what JSON lacks."""
    return orjson.dumps(payload, option=orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)


def seal(payload: Any) -> dict[str, bytes]:
    """A fresh 16-byte `salt` and the 32-byte `digest` of salt and payload, as keyword arguments of a Fact."""
    salt = os.urandom(16)
    return {"salt": salt, "digest": hashlib.sha256(salt + canonical(payload)).digest()}


def seals(payloads: Iterable[Any], count: int) -> tuple[list[bytes], list[bytes]]:
    """The same of many: their salts and their digests."""
    noise = os.urandom(16 * count)
    salts = [noise[start : start + 16] for start in range(0, 16 * count, 16)]
    digests = [
        hashlib.sha256(salt + canonical(payload)).digest() for salt, payload in zip(salts, payloads, strict=True)
    ]
    return salts, digests


def protect(*tables: str) -> migrations.RunSQL:
    """The migration operation that makes the database refuse changes to these tables."""
    return migrations.RunSQL(
        "".join(PROTECT.format(table=table) for table in tables),
        "".join(UNPROTECT.format(table=table) for table in tables),
    )
