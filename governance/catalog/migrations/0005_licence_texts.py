import django.db.models.deletion
from django.db import migrations, models

from governance.ledger.protection import immutable_rows


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0004_entries_by_name"),
        ("ledger", "0002_protect_rows"),
    ]

    operations = [
        migrations.AddField(
            model_name="card",
            name="shows",
            field=models.JSONField(null=True),
        ),
        migrations.CreateModel(
            name="LicenceText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("path", models.CharField(max_length=1000)),
                ("fingerprint", models.CharField(max_length=64)),
                ("copyright", models.JSONField(default=list)),
                ("raw", models.BinaryField()),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="licence_texts", to="catalog.version"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["fingerprint"], name="licence_text_by_words")],
                "constraints": [models.UniqueConstraint(fields=("version", "path"), name="licence_text_once")],
            },
        ),
        immutable_rows("catalog_licencetext"),
    ]
