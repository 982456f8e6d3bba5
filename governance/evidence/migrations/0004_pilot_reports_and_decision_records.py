import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0005_licence_texts"),
        ("evidence", "0003_attachment_roles"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DecisionRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "approach",
                    models.CharField(
                        choices=[("as_is", "Taken as it is"), ("adapter", "Adapter"), ("fine_tune", "Fine-tuned")],
                        max_length=10,
                    ),
                ),
                ("measured_errors", models.TextField()),
                ("reason", models.TextField()),
                ("decided_at", models.DateTimeField()),
                (
                    "decided_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "use_case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decision_records",
                        to="catalog.usecase",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["use_case", "-decided_at", "-id"], name="decision_record_newest")],
            },
        ),
        migrations.CreateModel(
            name="PilotReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("started_on", models.DateField()),
                ("ended_on", models.DateField()),
                ("requests", models.PositiveBigIntegerField()),
                ("complaints", models.PositiveBigIntegerField()),
                ("drift", models.FloatField(blank=True, null=True)),
                ("cost_per_1000", models.FloatField(blank=True, null=True)),
                ("rollback_drill_on", models.DateField(blank=True, null=True)),
                ("signed_at", models.DateTimeField()),
                (
                    "signed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "upload",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="evidence.upload"
                    ),
                ),
                (
                    "use_case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="pilot_reports", to="catalog.usecase"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="pilot_reports", to="catalog.version"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["version", "use_case", "-signed_at", "-id"], name="pilot_newest")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ended_on__gte", models.F("started_on"))), name="pilot_ends_after_start"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("complaints__lte", models.F("requests"))),
                        name="pilot_complaints_of_requests",
                    ),
                ],
            },
        ),
    ]
