import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from governance.ledger.protection import immutable_rows


class Migration(migrations.Migration):
    dependencies = [
        ("audits", "0004_answers_of_services"),
        ("catalog", "0007_tier_proposals"),
        ("evidence", "0007_stress_cases"),
        ("ledger", "0002_protect_rows"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="KeptTrial",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("note", models.CharField(blank=True, max_length=500)),
                ("kept_at", models.DateTimeField()),
                (
                    "kept_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="kept_trial", to="audits.run"
                    ),
                ),
                (
                    "use_case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="kept_trials",
                        to="catalog.usecase",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="kept_trials",
                        to="catalog.version",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["version", "use_case", "-kept_at", "-id"], name="kept_trial_newest")],
            },
        ),
        immutable_rows("evidence_kepttrial"),
    ]
