from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("policies", "0003_waivers"),
        ("policies", "0010_effective_and_back_tests"),
    ]

    operations = []
