from django.db import migrations

from governance.ledger.protection import frozen_columns

TABLES = ("correction", "annotation", "override", "textreview", "metduty")

ONCE_ENDED = migrations.RunSQL(
    """
    CREATE FUNCTION assay_refuse_second_end() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'this statement has ended; make a new one' USING ERRCODE = 'integrity_constraint_violation';
    END $$;
    """
    + "".join(
        f"""
    CREATE TRIGGER once_ended BEFORE UPDATE ON licensing_{table}
        FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION assay_refuse_second_end();
    """
        for table in TABLES
    ),
    "".join(f"DROP TRIGGER once_ended ON licensing_{table};" for table in TABLES)
    + "DROP FUNCTION assay_refuse_second_end();",
)


class Migration(migrations.Migration):
    dependencies = [("licensing", "0001_initial"), ("ledger", "0002_protect_rows")]

    operations = [
        *(frozen_columns(f"licensing_{table}", but=["ended_at", "ended_by_id", "ended_reason"]) for table in TABLES),
        ONCE_ENDED,
    ]
