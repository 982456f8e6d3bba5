from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0003_import_requests")]

    operations = [
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["key", "id"], name="entry_by_name"),
        ),
    ]
