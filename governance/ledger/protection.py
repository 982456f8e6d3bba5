"""Migration operations that make rows unchangeable in the database itself.

A trigger refuses whoever tries, the owner and superusers included; the application's role is denied the right
as well (``config.database.roles`` finds the tables by the names of these triggers).
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import migrations

IMMUTABLE = "immutable_rows"
FROZEN = "frozen_columns"

FUNCTION = migrations.RunSQL(
    """
    CREATE FUNCTION assay_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% on % is refused: its rows are kept as they were written', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END $$;
    CREATE FUNCTION assay_refuse_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        open_columns text[] := TG_ARGV[0]::text[];
    BEGIN
        IF (to_jsonb(NEW) - open_columns) IS DISTINCT FROM (to_jsonb(OLD) - open_columns) THEN
            RAISE EXCEPTION 'UPDATE on % is refused: only % may change', TG_TABLE_NAME, TG_ARGV[0]
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$;
    """,
    "DROP FUNCTION assay_refuse_change(); DROP FUNCTION assay_refuse_frozen();",
)


def immutable_rows(table: str) -> migrations.RunSQL:
    """Rows of ``table`` can be added and read, never changed or removed."""
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER {IMMUTABLE} BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION assay_refuse_change();
        CREATE TRIGGER {IMMUTABLE}_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION assay_refuse_change();
        """,
        f"DROP TRIGGER {IMMUTABLE} ON {table}; DROP TRIGGER {IMMUTABLE}_truncate ON {table};",
    )


def frozen_columns(table: str, *, but: Sequence[str]) -> migrations.RunSQL:
    """Rows of ``table`` are never removed, and only the columns ``but`` of them may change."""
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER {FROZEN} BEFORE UPDATE ON {table}
            FOR EACH ROW EXECUTE FUNCTION assay_refuse_frozen('{{{",".join(but)}}}');
        CREATE TRIGGER {FROZEN}_delete BEFORE DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION assay_refuse_change();
        CREATE TRIGGER {FROZEN}_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION assay_refuse_change();
        """,
        "".join(f"DROP TRIGGER {name} ON {table};" for name in (FROZEN, f"{FROZEN}_delete", f"{FROZEN}_truncate")),
    )
