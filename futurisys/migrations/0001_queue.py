"""The default broker: pgmq's SQL and the one queue, in the same database."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from pgmq.install import get_embedded_install_sql

# Each worker declares its queue when it connects. Creating needs ownership, which the application's role lacks; the
# function checks the queue's name itself.
AS_OWNER = """
ALTER FUNCTION pgmq.create(text) SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION pgmq.create(text) FROM PUBLIC;
SELECT pgmq.create('futurisys');
"""


def install(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT to_regprocedure('pgmq.create(text)') IS NULL")
        if cursor.fetchone() == (True,):
            cursor.execute(get_embedded_install_sql())
        cursor.execute(AS_OWNER)


def remove(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schema_editor.execute("DROP SCHEMA pgmq CASCADE")


class Migration(migrations.Migration):
    initial = True
    operations = [migrations.RunPython(install, remove)]
