import datetime

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

from governance.ledger.protection import frozen_columns

# What was proposed is confirmed or refused as it was proposed; what was confirmed may be revoked, and nothing else.
STEPS = migrations.RunSQL(
    """
    CREATE FUNCTION assay_override_steps() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        decided text[] := '{state,edition,decided_by_id,decided_at,decision_reason}';
        revoked text[] := '{state,edition,revoked_by_id,revoked_at,revoked_reason}';
        allowed text[];
    BEGIN
        CASE OLD.state || ' to ' || NEW.state
            WHEN 'proposed to active' THEN allowed := decided;
            WHEN 'proposed to rejected' THEN allowed := decided;
            WHEN 'active to revoked' THEN allowed := revoked;
            ELSE
                RAISE EXCEPTION 'an override does not go from % to %; propose a new one', OLD.state, NEW.state
                    USING ERRCODE = 'integrity_constraint_violation';
        END CASE;
        IF (to_jsonb(NEW) - allowed) IS DISTINCT FROM (to_jsonb(OLD) - allowed) THEN
            RAISE EXCEPTION 'only % of an override may change from % to %', allowed, OLD.state, NEW.state
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE FUNCTION assay_override_proposed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'an override begins as a proposal' USING ERRCODE = 'integrity_constraint_violation';
    END $$;
    CREATE TRIGGER override_steps BEFORE UPDATE ON policies_adminoverride
        FOR EACH ROW EXECUTE FUNCTION assay_override_steps();
    CREATE TRIGGER override_proposed BEFORE INSERT ON policies_adminoverride
        FOR EACH ROW WHEN (NEW.state <> 'proposed') EXECUTE FUNCTION assay_override_proposed();
    """,
    "DROP TRIGGER override_steps ON policies_adminoverride; DROP TRIGGER override_proposed ON policies_adminoverride;"
    "DROP FUNCTION assay_override_steps(); DROP FUNCTION assay_override_proposed();",
)
MUTABLE = (
    "state",
    "edition",
    "decided_by_id",
    "decided_at",
    "decision_reason",
    "revoked_by_id",
    "revoked_at",
    "revoked_reason",
)


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0007_tier_proposals"),
        ("ledger", "0002_protect_rows"),
        ("policies", "0011_waivers_and_back_tests"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AdminOverride",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "stage",
                    models.CharField(
                        choices=[("prototype", "Prototype"), ("pilot", "Pilot"), ("production", "Production")],
                        max_length=12,
                    ),
                ),
                (
                    "tier",
                    models.CharField(
                        choices=[
                            ("minimal", "Minimal"),
                            ("limited", "Limited"),
                            ("high", "High"),
                            ("critical", "Critical"),
                        ],
                        max_length=8,
                    ),
                ),
                ("submission", models.BigIntegerField()),
                ("items", models.JSONField()),
                ("reason", models.TextField()),
                ("expires_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "Proposed"),
                            ("active", "In force"),
                            ("rejected", "Rejected"),
                            ("revoked", "Revoked"),
                        ],
                        default="proposed",
                        max_length=12,
                    ),
                ),
                ("edition", models.PositiveIntegerField(default=1)),
                ("proposed_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("decision_reason", models.TextField(blank=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_reason", models.TextField(blank=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "revoked_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "use_case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="overrides", to="catalog.usecase"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="overrides", to="catalog.version"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["version", "use_case", "stage"], name="override_of_a_version"),
                    models.Index(fields=["-proposed_at", "-id"], name="override_newest_first"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("expires_at__gt", models.F("proposed_at")),
                            (
                                "expires_at__lte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("proposed_at"), "+", models.Value(datetime.timedelta(days=7))
                                ),
                            ),
                        ),
                        name="override_ends_within_days",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("decided_at", None),
                                ("decided_by", None),
                                ("revoked_at", None),
                                ("revoked_by", None),
                                ("state", "proposed"),
                            ),
                            models.Q(
                                ("decided_at__isnull", False),
                                ("decided_by__isnull", False),
                                ("revoked_at", None),
                                ("revoked_by", None),
                                ("state__in", ["active", "rejected"]),
                            ),
                            models.Q(
                                ("decided_at__isnull", False),
                                ("decided_by__isnull", False),
                                ("revoked_at__isnull", False),
                                ("revoked_by__isnull", False),
                                ("revoked_reason__gt", ""),
                                ("state", "revoked"),
                            ),
                            _connector="OR",
                        ),
                        name="override_state_is_told",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["proposed", "rejected"]),
                            models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="override_by_two_people",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["proposed", "rejected"]),
                            ("decided_at__lt", models.F("expires_at")),
                            _connector="OR",
                        ),
                        name="override_confirmed_before_its_end",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason__gt", ""), models.Q(("items", []), _negated=True)),
                        name="override_says_what_and_why",
                    ),
                ],
            },
        ),
        frozen_columns("policies_adminoverride", but=MUTABLE),
        STEPS,
    ]
