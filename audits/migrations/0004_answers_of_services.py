from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audits", "0003_findings_by_code_alone")]

    operations = [
        migrations.AlterField(
            model_name="run",
            name="origin",
            field=models.CharField(
                choices=[
                    ("observed", "observed: our worker read these bytes"),
                    ("declared", "declared: a person uploaded it"),
                    ("endpoint", "endpoint: a service answered; what stands behind it was not seen"),
                ],
                max_length=8,
            ),
        ),
    ]
