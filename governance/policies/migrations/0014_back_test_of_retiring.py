from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("policies", "0013_overrides_and_rejudging"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="backtest",
            name="retires",
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name="backtest",
            name="sha256",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AlterField(
            model_name="backtest",
            name="text",
            field=models.TextField(blank=True),
        ),
        migrations.AddConstraint(
            model_name="backtest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("retires", True), ("sha256", ""), ("text", "")),
                    models.Q(("retires", False), ("sha256__gt", ""), ("text__gt", "")),
                    _connector="OR",
                ),
                name="back_test_of_a_text_or_of_retiring",
            ),
        ),
    ]
