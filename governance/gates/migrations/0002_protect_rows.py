from django.db import migrations

from governance.ledger.protection import frozen_columns

ONCE_ENDED = migrations.RunSQL(
    """
    CREATE FUNCTION assay_refuse_revival() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'this approval has ended; grant a new one' USING ERRCODE = 'integrity_constraint_violation';
    END $$;
    CREATE TRIGGER once_ended BEFORE UPDATE ON gates_approval
        FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION assay_refuse_revival();
    """,
    "DROP TRIGGER once_ended ON gates_approval; DROP FUNCTION assay_refuse_revival();",
)


class Migration(migrations.Migration):
    dependencies = [("gates", "0001_initial"), ("ledger", "0002_protect_rows")]

    operations = [
        frozen_columns(
            "gates_approval",
            but=["conditions", "next_boundary", "ended_at", "ended_reason", "ended_by_id"],
        ),
        ONCE_ENDED,
    ]
