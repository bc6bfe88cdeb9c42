"""The ledger refuses changes, and a ready version stays as it is."""

from django.db import migrations

from registry.facts import REFUSE, protect

# Ready means somebody may have been answered by it: commit, signature and files must be found again for ever.
FREEZE = """
CREATE FUNCTION futurisys_freeze_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status = 'ready' THEN
        RAISE EXCEPTION 'version % is ready and cannot be changed', OLD.id USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER ready_version BEFORE UPDATE OR DELETE ON registry_modelversion
    FOR EACH ROW EXECUTE FUNCTION futurisys_freeze_version();
CREATE FUNCTION futurisys_freeze_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM registry_modelversion WHERE id = OLD.version_id AND status = 'ready') THEN
        RAISE EXCEPTION 'a file of a ready version cannot be changed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER ready_file BEFORE UPDATE OR DELETE ON registry_versionfile
    FOR EACH ROW EXECUTE FUNCTION futurisys_freeze_file();
"""
THAW = """
DROP TRIGGER ready_file ON registry_versionfile;
DROP FUNCTION futurisys_freeze_file();
DROP TRIGGER ready_version ON registry_modelversion;
DROP FUNCTION futurisys_freeze_version();
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]
    operations = [
        migrations.RunSQL(REFUSE, "DROP FUNCTION futurisys_refuse_change()"),
        protect("registry_ledgerentry"),
        migrations.RunSQL(FREEZE, THAW),
    ]
